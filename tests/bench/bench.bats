#!/usr/bin/env bats
# bench.bats - what the benchmark measures against answers right, and its
# tables and its chart are the same in every country.

# shellcheck disable=SC2154 # helpers.bash sets out, err, status and output

load ../lib/helpers

setup_file() {
    # Its path is the root's, whatever chapter's directory bats stands in
    make -s -C "$ROOT" bench-programs 3>&-
}

setup() {
    use_chapter 03-threaded
}

teardown() {
    stop_everything
}

# loop NAME: starts a bare loop
loop() {
    # shellcheck disable=SC2034 # for start_server
    server_command=("$ROOT/tests/bench/$1")
    start_server
}

# crowd OPTION...: all of it has to be right
crowd() {
    bounded "$ROOT/tests/crowd/crowd" --quiet "$@" "$port"
    assert_equal "the crowd's errors" '' "$(cat "$err")"
    assert_equal "the crowd's exit status" 0 "$status"
}

@test "bench: the bare loops answer a hundred clients" {
    local name
    for name in threads polling select epoll; do
        [ -x "$ROOT/tests/bench/$name" ] || continue # epoll is Linux's
        loop "$name"
        crowd --clients 100 --lines 20
        crowd --clients 10 --silent 9
        stop_server
    done
}

@test "bench: the bare loop of visits takes one after another" {
    loop visits
    crowd --rules 02 --clients 20
}

# in_german COMMAND...: where a half is 0,5
in_german() {
    env LC_ALL=de_DE.UTF-8 ${LOCPATH+LOCPATH="$LOCPATH"} "$@"
}

half_in_german() {
    in_german awk 'BEGIN { printf "%.1f", 1 / 2 }'
}

@test "bench: numbers have a point where a half is 0,5" {
    if [ "$(half_in_german)" != 0,5 ]; then
        LOCPATH=$TMP/locales
        mkdir "$LOCPATH"
        localedef -i de_DE -f UTF-8 "$LOCPATH/de_DE.UTF-8" >/dev/null 2>&1 || :
        [ "$(half_in_german)" = 0,5 ] || skip 'no awk here knows a comma'
    fi
    cat >"$TMP/raw.csv" <<'END'
round,what,server,clients,silent,per_second,p50_us,p99_us,server_cpu_us,server_busy_percent,crowd_busy_percent,all_greeted_ms,kib_per_client
1,talk,04,500,0,1000.5,10,20,5.25,90,91,12.5,
1,talk,polling,500,0,1999.5,10,20,5.75,90,91,11.5,
1,alone,04,1,900,1000.5,10,20,5.25,90,91,12.5,6.5
1,alone,polling,1,900,1999.5,10,20,5.75,90,91,11.5,0.5
1,rest,04,0,5,,,,,0.75,,,
END
    OUT=$TMP/bench
    export OUT
    bounded in_german sh "$ROOT/tests/bench/bench.sh" "$TMP/raw.csv"
    assert_equal 'the exit status' 0 "$status"
    assert_matches 'a ratio' '^04-nonblocking +500 +1000 +0\.50 ' "$out"
    assert_matches 'the CSV' \
        '^talk,04-nonblocking,500,0,1000\.5,10,20,5\.25,90,91,12\.5,,0\.5' \
        "$OUT/bench.csv"
    run awk -F, 'NF != 14' "$OUT/bench.csv"
    assert_equal 'torn rows' '' "$output"
    run grep '[0-9],' "$OUT/chart.svg"
    assert_equal 'commas in the chart' '' "$output"
}
