#!/usr/bin/env bats
# watch.bats - what the watcher sees of a server is what the server does, it
# costs little, and it leaves nothing behind.

# shellcheck disable=SC2034,SC2154 # helpers.bash uses and sets them

load ../lib/helpers
load ../lib/each

setup() {
    use_chapter 03-threaded
    watch=$ROOT/tests/watch/watch
    [ -x "$watch" ] || skip 'only Linux tells what a thread waits in'
}

teardown() {
    stop_everything
}

# record CHAPTER [WORD...]: its server is watched, behind these words
record() {
    local name=$1
    shift
    log=$TMP/server.log
    server_command=("$watch" --record "$TMP/$name.lanes" -- "$@"
        "$ROOT/$name/server")
    start_server
    server_of "$TMP/$name.lanes"
}

# server_of RECORD: the server's own pid
server_of() {
    wait_for_file "$1" '^server '
    watched=$(sed -n 's/^server //p' "$1")
}

# play NAME OPTION...: the crowd, its rows beside the lanes of this name
play() {
    local name=$1
    shift
    bounded "$ROOT/tests/crowd/crowd" --late 0 --limit "${LIMIT}000" --quiet \
        --rows "$TMP/$name.rows" --title "$name" "$@" "$port"
    assert_equal "the crowd's exit status" 0 "$status"
}

draw() {
    bounded "$ROOT/tests/watch/timeline" "$@"
    assert_equal "draw's exit status" 0 "$status"
}

@test "watch: it knows what /proc says" {
    bounded "$ROOT/tests/watch/parse"
    [ "$status" -eq 0 ] || fail "$(grep -A 2 '^not ok' "$out")"
}

# ------------------------------------------------------------------- records
#
# How wide a piece of a lane is, and so how much of its name fits, depends on how
# long the clients took: only the call and the client's number are looked for.

@test "watch: 02 waits for one client after another" {
    record 02-loop-server
    play 02-loop-server --rules 02 --think 300
    stop_server
    draw lanes "$TMP/02-loop-server"
    assert_matches 'the lane' \
        '^  server +[_*]*recv.* 1[_*].*recv.* 2[_*].*recv.* 3[_*]' "$out"
    draw shares "$TMP/02-loop-server"
    assert_matches 'the time' '^02-loop-server .* ([5-9][0-9]|100) % ' "$out"
}

@test "watch: 03 waits in accept, and in a thread for each client" {
    record 03-threaded
    play 03-threaded --think 300
    stop_server
    draw lanes "$TMP/03-threaded"
    assert_matches 'main' '^  main +[_*]*accept[_*]' "$out"
    assert_matches 'a thread' '^  thread 1 +[_*]*recv.* [123][_*]' "$out"
    run grep -c '^  thread [123] .*recv' "$out"
    assert_equal 'threads' 3 "$output"
}

@test "watch: 04 naps, and most of its questions find nothing" {
    record 04-nonblocking
    play 04-nonblocking --think 1000
    stop_server
    draw lanes "$TMP/04-nonblocking"
    assert_matches 'the lane' '^  server +[z*]*naps .*z\?z' "$out"
    local nothing rounds
    read -r nothing rounds < <(sed -n \
        's/^ *naps: \(.*\) of \(.*\) rounds found nothing$/\1 \2/p' \
        "$out")
    [ "$nothing" -gt 4 ] && [ "$rounds" -gt "$nothing" ] || fail "$(cat "$out")"
}

@test "watch: 05 sleeps in one select" {
    record 05-select
    play 05-select --think 300
    stop_server
    draw lanes "$TMP/05-select"
    assert_matches 'the lane' '^  server +[_*]*select[_*]' "$out"
    run awk 'length > 79' "$out"
    assert_equal 'lines that do not fit' '' "$output"
}

# stretches_of_strace: "KIND FROM TO" of those calls that took over 50 ms
stretches_of_strace() {
    awk '{ sub(/^[0-9]+ +/, "") }
        was != "" && $1 - at > 0.05 { printf "%s %.6f %.6f\n", was, at, $1 }
        { at = $1; was = ""
          if ($2 ~ /^accept/) was = "accept"
          if ($2 ~ /^recvfrom/) was = "recv" }' "$1"
}

# agree RECORD STRACE: each of strace's stretches begins and ends where one of
# the record does, within 5 ms of the two samples between which it changed
agree() {
    stretches_of_strace "$2" >"$TMP/stretches"
    [ "$(grep -c '^recv' "$TMP/stretches")" -eq 3 ] || return
    awk 'FNR == NR && $1 == "clock" { apart = $3 - $2 }
        FNR == NR && $1 == "in" {
            kind[++n] = $5
            from[n] = ($3 + apart) / 1e6 - 0.005
            to[n] = ($4 + apart) / 1e6 + 0.005
        }
        FNR == NR { next }
        {
            found = 0
            for (i = 1; i < n; i++)
                if (kind[i] == $1 && from[i] <= $2 && $2 <= to[i] &&
                    from[i + 1] <= $3 && $3 <= to[i + 1])
                    found = 1
            # a moment of work may lie between
            for (i = 1; i + 1 < n; i++)
                if (kind[i] == $1 && from[i] <= $2 && $2 <= to[i] &&
                    kind[i + 1] == "work" &&
                    from[i + 1] <= $3 && $3 <= to[i + 1])
                    found = 1
            missing += !found
        }
        END { exit missing > 0 }' "$1" "$TMP/stretches"
}

# Where others need the processor, strace itself is late now and then.
@test "watch: its lanes agree with strace within 5 ms" {
    needs strace
    strace -o "$TMP/probe" true 2>"$TMP/strace.log" ||
        skip 'strace is not allowed here'
    local good=''
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
        record 02-loop-server strace -D -f -ttt -o "$TMP/strace"
        play 02-loop-server --rules 02 --think 200
        stop_server
        if agree "$TMP/02-loop-server.lanes" "$TMP/strace"; then
            good=yes
            break
        fi
    done
    [ -n "$good" ] || fail "strace's stretches:
$(cat "$TMP/stretches")
the record:
$(grep -E '^(clock|in)' "$TMP/02-loop-server.lanes")"
}

@test "watch: the server's exit status is the watcher's" {
    bounded "$watch" --record "$TMP/lanes" -- sh -c 'exit 7'
    assert_equal 'exit status' 7 "$status"
    bounded "$watch" --record "$TMP/lanes" -- sh -c 'kill -SEGV $$'
    assert_equal 'exit status' 139 "$status"
    bounded "$watch" --record "$TMP/lanes" -- "$TMP/no/such/server"
    assert_equal 'exit status' 127 "$status"
    assert_matches 'errors' 'cannot start .*No such file' "$err"
}

@test "watch: whoever ends the watcher ends the server" {
    local signal
    for signal in TERM INT KILL; do
        record 03-threaded
        kill "-$signal" "$server_pid"
        wait_for "the watcher ends by $signal" has_ended "$server_pid"
        wait_for 'the server is gone' has_ended "$watched"
    done
}

@test "watch: where nothing is to be seen, the server runs all the same" {
    mkdir "$TMP/proc"
    server_command=("$watch" --proc "$TMP/proc" --record "$TMP/x.lanes" --
        "$ROOT/03-threaded/server")
    start_server
    play x
    stop_server
    assert_matches 'the record' '^blind .*No such file' "$TMP/x.lanes"
    draw lanes "$TMP/x"
    assert_matches 'the lanes' 'not to be seen here: .*No such file' "$out"
    draw shares "$TMP/x"
    assert_matches 'the shares' '^x +-' "$out"
}

# ------------------------------------------------------------------ pictures

# two_rows: a crowd of two clients, and a server that was watched
two_rows() {
    printf '%s\n' 'start 1000000' 'whole 2000000' 'title a < b & c' \
        'client 0 4001 done at 1.0 s' 'mark 0 0 1' 'mark 0 10 2' \
        'mark 0 1000000 3' 'mark 0 1000100 0' \
        'client 1 4002 never served' 'mark 1 0 1' 'mark 1 1000000 4' \
        >"$TMP/x.rows"
    printf '%s\n' 'clock 900000 900000' 'server 1' \
        'in 0 900000 900000 accept 0 accept' \
        'in 0 1000000 1002000 recv 4001 recv' \
        'woke 0 1998000 2000000 1 50000 0' \
        'in 0 1998000 2000000 nap 0 nap' 'end 3000000' >"$TMP/x.lanes"
}

@test "draw: each row of the picture says in words what it shows" {
    two_rows
    draw svg 'd < e' "$TMP/x"
    assert_matches 'the title' '>d &lt; e</title>' "$out"
    assert_matches 'the description' \
        'a &lt; b &amp; c\. Client 1: done at 1.0 s\. Client 2: never served\. '\
'The server: recv from client 1 until 1\.0 s, naps until 2\.0 s' "$out"
    assert_matches 'a row' '>client 2</text>' "$out"
    assert_matches 'a lane' '>recv from client 1</text>' "$out"
    # Every element that is opened is closed
    assert_equal 'open elements' "$(grep -o '<[a-z]' "$out" | grep -c '')" \
        "$(grep -oE '</[a-z]|/>' "$out" | grep -c '')"
}

@test "draw: the picture of all is XML to a parser, and fits the first screen" {
    needs python3
    two_rows
    draw svg all "$TMP/x" "$TMP/x"
    run python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' \
        "$out"
    assert_equal "the parser's exit status" 0 "$status"
    local wide high
    read -r wide high < <(sed -n \
        's/^<svg .* width="\([0-9]*\)" height="\([0-9]*\)" .*/\1 \2/p' \
        "$ROOT/tests/crowd/timelines.svg")
    assert_under 'the picture, at a width of 600,' 641 $((high * 600 / wide))
}

@test "draw: without lanes there are the clients" {
    two_rows
    rm "$TMP/x.lanes"
    draw svg all "$TMP/x"
    assert_matches 'a row' '>client 2</text>' "$out"
    run grep -c '>server</text>' "$out"
    assert_equal 'lanes' 0 "$output"
}
