#!/usr/bin/env bats
# balance.bats - make balance says what is wrong, in haproxy's words where it
# is haproxy's fault, and leaves nothing behind. What it shows is checked where
# the lesson shows it (make lessons-all), and by itself.

# shellcheck disable=SC2154 # helpers.bash sets out, err and status

load ../lib/helpers

setup() {
    use_chapter 05-select
    ! is_windows "${server_command[@]}" || skip 'HAProxy is not for Windows'
    export TMPDIR=$TMP/here
    mkdir "$TMPDIR"
    PATH=$PATH:/usr/local/sbin:/usr/sbin
}

teardown() {
    stop_everything
}

needs_haproxy() {
    command -v haproxy >/dev/null || skip 'haproxy is missing'
}

# balance VARIABLE=VALUE...: runs it with these
balance() {
    bounded env "$@" sh "$ROOT/tests/balance/balance.sh"
}

# assert_nothing_left: no file, and no process, all of which have our TMPDIR
assert_nothing_left() {
    assert_equal 'files left' '' "$(ls "$TMPDIR")"
    [ -r /proc/self/environ ] || return 0
    assert_equal 'processes left' '' "$(others)"
}

# Bats' own have it too, by now: those are no servers, crowds or balancers
others() {
    local each name
    for each in /proc/[0-9]*; do
        { read -r name <"$each/comm"; } 2>/dev/null || continue
        case $name in
        server | haproxy | crowd | client | sleep)
            ! grep -qsF "TMPDIR=$TMPDIR" "$each/environ" || echo "$name"
            ;;
        esac
    done
}

@test "balance: a wrong value gets the usage, and exit 2" {
    local value
    for value in SERVERS=0 SERVERS=1 SERVERS=x SERVERS=1000 SERVERS=-3 \
        SERVERS=3x SERVERS=99999999999999999999 PORT=0 PORT=65536 TRY=x; do
        balance "$value"
        assert_equal "$value: the exit status" 2 "$status"
        assert_matches "$value: errors" '^usage: make balance ' "$err"
        assert_equal "$value: the output" '' "$(cat "$out")"
    done
    assert_nothing_left
}

@test "balance: without haproxy it says how to get it" {
    balance HAPROXY=no-such-haproxy
    assert_equal 'the exit status' 1 "$status"
    assert_matches 'errors' 'package haproxy: apt-get install haproxy' "$err"
}

@test "balance: without a lab 05 it says where the room comes from" {
    needs_haproxy
    balance TRY=room LAB="$TMP/no-such-lab"
    assert_equal 'the exit status' 1 "$status"
    assert_matches 'errors' 'make lab N=05' "$err"
}

@test "balance: a port that is taken is said in haproxy's own words" {
    needs_haproxy
    start_server
    balance PORT="$port" TRY=address
    assert_equal 'the exit status' 1 "$status"
    assert_matches 'errors' "cannot bind socket .*:$port" "$err"
    stop_everything # ours
    assert_nothing_left
}

@test "balance: a configuration that haproxy refuses, likewise" {
    printf '%s\n' '#!/bin/sh' 'echo "unknown keyword: tcp-check" >&2' \
        'exit 1' >"$TMP/old-haproxy"
    chmod +x "$TMP/old-haproxy"
    balance HAPROXY="$TMP/old-haproxy"
    assert_equal 'the exit status' 1 "$status"
    assert_matches 'errors' '^unknown keyword: tcp-check' "$err"
    assert_nothing_left
}

# crowd_is_there: in the middle of the run
crowd_is_there() {
    [ -n "$(find "$TMPDIR" -name first.pid)" ]
}

@test "balance: Ctrl-C in the middle ends all, exit 130" {
    needs_haproxy
    # With job control it is a process group, and not deaf to SIGINT
    set -m
    sh "$ROOT/tests/balance/balance.sh" >"$TMP/out" 2>"$TMP/err.log" \
        </dev/null 3>&- 4>&- 7>&- 8>&- &
    local pid=$! result=0
    set +m
    started="$started $pid"
    wait_for 'the crowd comes' crowd_is_there
    kill -INT -- "-$pid"
    wait "$pid" || result=$?
    assert_equal 'the exit status' 130 "$result"
    assert_nothing_left
}

@test "balance: PROXY names the client that the balancer's address hides" {
    needs_haproxy
    balance TRY=address SERVERS=2
    assert_equal 'the exit status' 0 "$status"
    local came
    came=$(sed -n 's/^  the balancer: *\([0-9.:]*\) came.*/\1/p' "$out" |
        tail -n 1)
    assert_matches 'the line' \
        "says: PROXY TCP4 ${came%:*} 127\.0\.0\.1 ${came##*:} [0-9]+\$" "$out"
    assert_nothing_left
}
