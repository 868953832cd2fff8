#!/usr/bin/env bats
# What a server keeps of 3,000 clients that came and went, and what it costs
# while nobody says anything. Slower than `make test` should be: make check.
#
#   CHAPTERS   instead of those below, to try one server: CHAPTERS=03-threaded

# shellcheck disable=SC2030,SC2031,SC2154 # helpers.bash sets them

load ../../lib/helpers

read -r -a CONCURRENT <<<"${CHAPTERS:-03-threaded 04-nonblocking 05-select}"
read -r -a ALL <<<"${CHAPTERS:-02-loop-server ${CONCURRENT[*]}}"

setup() {
    needs_proc
    use_chapter "${ALL[0]}"
}

teardown() {
    stop_everything
}

# descriptors_and_threads: "D T"
descriptors_and_threads() {
    set -- "/proc/$server_pid/fd/"*
    echo "$# $(proc_field Threads)"
}

same_as_before() {
    [ "$(descriptors_and_threads)" = "$1" ]
}

# churn N: so many clients, one after another
churn() {
    local reply="${ANSWER}hello\n"
    [ "$chapter" != 02-loop-server ] || reply=''
    "$PEER" churn "$host" "$port" "$1" "$reply" \
        >"$TMP/churn" 2>"$TMP/churn.log" 3>&- 4>&- ||
        fail 'not everyone was served'
}

@test "3,000 clients that came and went leave nothing behind" {
    local name before memory
    for name in "${ALL[@]}"; do
        use_chapter "$name"
        start_server
        before=$(descriptors_and_threads)
        churn 300 # whatever is kept for the next time is there from now on
        wait_for "$name: descriptors and threads: $before" \
            same_as_before "$before"
        memory=$(proc_field VmRSS)
        churn 3000
        wait_for "$name: descriptors and threads: $before" \
            same_as_before "$before"
        # A sanitizer keeps what was freed, to catch who still uses it
        [ -n "${SANITIZED-}" ] ||
            assert_under "kB more memory for $name, which" 256 \
                "$(($(proc_field VmRSS) - memory))"
        stop_server
    done
}

# Main counts those who come, a thread each those who leave. Where a count is
# lost, the server believes after some thousand visits that it is full.
@test "03: a server that thousands have visited and left is not full" {
    [ "${CHAPTERS:-03-threaded}" = 03-threaded ] ||
        skip "only $CHAPTERS is tested"
    use_chapter 03-threaded
    start_server
    local rounds
    for ((rounds = 0; rounds < 32; rounds++)); do
        bounded "$ROOT/tests/crowd/crowd" --clients 500 --late 0 --quiet "$port"
        assert_equal "the crowd's exit status" 0 "$status"
    done
    still_serves
}

@test "five silent clients cost no CPU time, and in 04 under 5 %" {
    [ -z "${SANITIZED-}" ] || skip 'a sanitizer costs time of its own'
    local name limit many awake naps
    for name in "${ALL[@]}"; do
        use_chapter "$name"
        start_server
        many=5 limit=20 # ms: what comes in the last instant costs a tick
        [ "$name" != 04-nonblocking ] || limit=100
        [ "$name" != 02-loop-server ] || many=1
        rm -f "$TMP/held"
        mkfifo "$TMP/held"
        exec 7<>"$TMP/held"
        "$PEER" hold "$host" "$port" "$many" <"$TMP/held" \
            >"$TMP/hold" 2>"$TMP/hold.log" 3>&- 4>&- 7>&- &
        started="$started $!"
        wait_for_file "$TMP/hold.log" '^holding: '
        awake=$(awake_ms "$server_pid")
        naps=$(proc_field voluntary_ctxt_switches)
        assert_under "CPU ms of $name in 2 s, which" "$limit" "$(cpu_ms 2)"
        # One that yields its turns uses little beside others, but never sleeps.
        # One that sleeps waits, beside others, for its turn after each nap.
        awake=$(($(awake_ms "$server_pid") - awake))
        naps=$(($(proc_field voluntary_ctxt_switches) - naps))
        [ "$naps" -ge 5 ] ||
            assert_under "ms for which $name was awake in 2 s, which" 1800 \
                "$awake"
        exec 7>&-
        stop_server
    done
}

# watched OPTION...: 03's server with a few clients, seen by tests/watch/watch;
# into $ms what a second of looking takes
watched() {
    local before now watch=$ROOT/tests/watch/watch
    [ -x "$watch" ] || skip 'only Linux tells what a thread waits in'
    : >"$TMP/watched.log"
    # shellcheck disable=SC2016 # for that sh
    "$watch" "$@" -- sh -c 'exec "$1" 0 >"$2"' sh "$ROOT/03-threaded/server" \
        "$TMP/watched.log" >"$TMP/frame" 2>&1 </dev/null 3>&- 4>&- &
    server_pid=$!
    started="$started $server_pid"
    find_port "$TMP/watched.log" "$server_pid"
    "$ROOT/tests/crowd/crowd" --clients 5 --silent 5 --stay 60000 \
        --limit 60000 --quiet "$port" >"$TMP/crowd.log" 2>&1 3>&- 4>&- &
    started="$started $!"
    wait_for_file "$TMP/watched.log" ' connected$' 5
    read -r before _ <"/proc/$server_pid/schedstat"
    nap 3
    read -r now _ <"/proc/$server_pid/schedstat"
    ms=$(((now - before) / 3000000))
    stop_server
}

# Asked for a server's connections, the kernel walks over all that are in
# TIME-WAIT on the machine: 1.5 ms in a second of the view for each thousand. The
# other tests leave some ten thousand.
@test "to watch a server costs under 2 % of a processor, for a picture 10 %" {
    local over
    [ -z "${SANITIZED-}" ] || skip 'a sanitizer costs time of its own'
    [ -z "${CHAPTERS-}" ] || skip "only $CHAPTERS is tested"
    watched --after 3600000
    over=$(sed -n 's/^TCP:.* tw \([0-9]*\) .*/\1/p' /proc/net/sockstat)
    assert_under 'a second of the live view' $((20 + over * 3 / 1000)) "$ms"
    watched --record "$TMP/lanes"
    assert_under 'a second of a record' 100 "$ms"
}

@test "05: half a million lines through the client come back whole" {
    [ -z "${CHAPTERS-}" ] || skip "only $CHAPTERS is tested"
    use_chapter 05-select
    start_server
    seq 500000 >"$TMP/lines"
    bounded "${client_command[@]}" "$host" "$port" <"$TMP/lines"
    assert_equal "the client's exit status" 0 "$status"
    sed "1,2d; s/^server: $ANSWER//" "$out" | cmp - "$TMP/lines" ||
        fail 'not all lines came back'
}
