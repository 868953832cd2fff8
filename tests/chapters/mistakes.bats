#!/usr/bin/env bats
# mistakes.bats - famous mistakes that no other test would notice: see the
# patches in the chapters' break/ directories, and make mutants.

setup() {
    load ../lib/helpers
    load ../lib/each
}

teardown() {
    stop_everything
}

# Where the queue is short, the kernel does not answer the third one.
@test "02: fifteen clients connect while the first is being served" {
    use_chapter 02-loop-server
    start_server
    talk greeted open open open open open open open open open open open open \
        open open open use 1 send 'one\n' end
}

# Half-closed and then reset, a connection is broken at the first send.
@test "02: a greeting to a client that is gone already does not kill the server" {
    use_chapter 02-loop-server
    start_server
    talk greeted open shut reset use 1 send 'one\n' end
    talk greeted send 'two\n' end
    wait_for_log ' says: two$'
}

@test "02: interrupted calls are made again" {
    use_chapter 02-loop-server
    preload eintr.c
    start_server
    talk greeted send 'one\n' end
    talk greeted send 'two\n' end
    assert_events 'peer connected' 'peer says: one' 'peer left' \
        'peer connected' 'peer says: two' 'peer left'
}

@test "01: interrupted calls are made again" {
    use_chapter 01-blocking
    preload eintr.c
    hold_input
    start_server
    start_talk greeted send 'hello\n' expect 'well\n' shut end
    type_line well
    finish_talk
    assert_server_ends 0
}

# Forty clients and their threads have something for the log all the time.
@test "03: however many threads write, the log's lines stay whole" {
    use_chapter 03-threaded
    start_server
    # shellcheck disable=SC2154 # start_server sets it
    bounded "$ROOT/tests/crowd/crowd" --clients 40 --lines 100 --late 0 \
        --limit $((1000 * LIMIT)) --quiet "$port"
    assert_equal "the crowd's exit status" 0 "$status"
    wait_for_log ' left$' 40
    local whole='^[-0-9]+ [:0-9]+ [.0-9]+:[0-9]+ (connected|left|says: [0-9, a-z]+)$'
    # shellcheck disable=SC2154 # start_server sets it
    run grep -Evc "^listening on|$whole" "$log"
    assert_equal 'lines of the log that are not whole' 0 "$output"
    assert_equal 'lines of the log' 4081 "$(($(wc -l <"$log")))"
}

# A line end with a send of its own would wait 40 ms for the acknowledgement of
# its text, wherever each line is said after the answer to the last.
@test "03: an answer leaves in one send, with its line end" {
    use_chapter 03-threaded
    preload tally.c
    start_server
    talk greeted send 'one\n' answered one send 'two\n' answered two \
        send 'quit\n' expect 'quit\n' end
    stop_server
    assert_equal 'sends: greeting, two answers, quit' 4 \
        "$(sed -n 's/^sends: //p' "$log")"
}

# Many answers wait, some are cut; behind the last line no input comes that
# could wake the server, and no end-of-stream.
@test "04, 05: what the kernel does not take at once is sent later, and nothing is lost" {
    local name answers
    answers=$(printf '%.0s'"$ANSWER"'hello\\n' {1..300})
    for name in 04-nonblocking 05-select; do
        use_chapter "$name"
        preload stingy.c
        start_server
        talk greeted repeat 300 'hello\n' expect "$answers" silence 50
        stop_server
    done
}

@test "04: clients are served while nobody types at the server" {
    use_chapter 04-nonblocking
    hold_input
    start_server
    still_serves
}

# A server that takes recv's 0 for a message finds one in every round, and logs
# it: it is ended before its log is read.
@test "04: no message comes from a client that has left" {
    use_chapter 04-nonblocking
    start_server
    talk greeted send 'hello\n' answered hello
    wait_for_log ' (left|says: )$'
    stop_server
    # shellcheck disable=SC2154 # start_server sets it
    assert_equal 'messages' 1 "$(grep -c ' says: ' "$log")"
    assert_equal 'clients that left' 1 "$(grep -c ' left$' "$log")"
}

@test "05: lines pasted at once all reach the clients at once" {
    use_chapter 05-select
    hold_input
    start_server
    start_talk greeted expect 'one\ntwo\nthree\n'
    wait_for_file "$TMP/talk2" "$GREETING"
    printf 'one\ntwo\nthree\n' >"$TMP/paste"
    cat "$TMP/paste" >&7 # in one piece; printf might write line by line
    finish_talk
}

@test "05: the operator's lines stand whole between answers that are sent in pieces" {
    use_chapter 05-select
    preload stingy.c
    hold_input
    start_server
    start_talk greeted wait repeat 100 'hello!\n' say sent recv-all
    wait_for_file "$TMP/talk2" "$GREETING"
    # shellcheck disable=SC2154 # start_server sets it
    kill -STOP "$server_pid" # so that it finds both at once
    go_on
    printf '%.0sgood news\n' {1..1000} >"$TMP/paste"
    cat "$TMP/paste" >&7
    wait_for_file "$TMP/talk2.log" '^sent$'
    kill -CONT "$server_pid"
    wait_for_file "$TMP/talk2" '^good news$' 1000
    wait_for_file "$TMP/talk2" "^${ANSWER}hello!\$" 100
    assert_equal 'lines in all' 1101 "$(($(wc -l <"$TMP/talk2")))"
}

# The newest client comes first: it is lost, the other one gets the line.
@test "05: a client that is lost while the operator's line goes out ends alone" {
    use_chapter 05-select
    preload unlucky.c
    hold_input
    start_server
    start_talk greeted open greeted use 1 expect 'unlucky line\n' \
        send 'me too?\n' answered 'me too?'
    wait_for_log ' connected$' 2
    type_line 'unlucky line'
    finish_talk
    assert_events 'peer connected' 'peer connected' \
        'peer lost: Connection reset by peer (104)' 'peer says: me too?' \
        'peer left'
    still_serves
}

# A server that sleeps between two rounds answers once a round.
@test "05: five answers, one after the other, take no five seconds" {
    use_chapter 05-select
    start_server
    local slept
    start_talk greeted open greeted use 1 send '1\n' answered 1 send '2\n' \
        answered 2 send '3\n' answered 3 send '4\n' answered 4 \
        send '5\n' answered 5 say 'all five' wait
    wait_for_file "$TMP/talk2.log" '^all five$'
    # shellcheck disable=SC2154 # start_talk sets it
    slept=$((1000 * $(seconds_between ' says: 1$' ' says: 5$') - \
        $(awake_ms "$server_pid") - $(awake_ms "$talk_pid")))
    go_on
    finish_talk
    assert_under 'what they slept' 3000 "$slept"
}

@test "05: without an operator the server rests" {
    needs_proc
    use_chapter 05-select
    use_input /dev/null
    start_server
    still_serves
    server_rests
}

# There is room to send to each of them all the time.
@test "05: while its clients are silent the server rests" {
    needs_proc
    use_chapter 05-select
    start_server
    start_talk greeted open greeted say here wait
    wait_for_file "$TMP/talk2.log" '^here$'
    server_rests
    go_on
    finish_talk
}

# Some systems count the time limit of select down.
@test "05: after its first quiet 5 s the server still rests" {
    needs_proc
    use_chapter 05-select
    hold_input
    start_server
    wait_for_log ' quiet for 5 s$'
    server_rests
}

# prediction_made: Enter is pressed when the question is there, and nothing else
prediction_made() {
    wait_for_file "$TMP/out" 'press Enter'
    cp "$TMP/out" "$TMP/asked"
    type_line ''
}

@test "make break shows what happens when the reader has predicted" {
    needs_terminal
    command -v patch >/dev/null || needs git
    hold_input
    prediction_made 3>&- 4>&- 8>&- &
    started="$started $!"
    # shellcheck disable=SC2154 # hold_input and bounded set them
    in_terminal sh "$ROOT/tests/break/break.sh" 01 stale-bytes <"$input"
    assert_equal 'the exit status of make break' 0 "$status"
    # shellcheck disable=SC2154
    assert_matches 'make break' '^The broken one' "$out"
    assert_matches 'before Enter' '^What do you predict' "$TMP/asked"
    ! grep -q '^(building' "$TMP/asked" || fail 'it does not wait'
}

# A bare system has no patch(1), but whoever cloned has git.
@test "a patch is applied by git where there is nothing else, and only as it is" {
    needs git
    local bin=$TMP/bin tool
    mkdir "$bin" "$TMP/tree"
    for tool in sh git; do
        ln -s "$(command -v "$tool")" "$bin/$tool"
    done
    cp -R "$ROOT/01-blocking" "$TMP/tree"
    # shellcheck disable=SC2016 # for the inner shell
    run env PATH="$bin" sh -c '. "$1"; apply_patch "$2" "$3"' sh \
        "$ROOT/tests/break/patches.sh" \
        "$ROOT/01-blocking/break/stale-bytes.patch" "$TMP/tree"
    assert_equal 'the exit status' 0 "$status"
    if cmp -s "$ROOT/01-blocking/server.c" "$TMP/tree/01-blocking/server.c"; then
        fail 'the patch changed nothing'
    fi
    # shellcheck disable=SC2016 # for the inner shell
    run env PATH="$bin" sh -c '. "$1"; apply_patch "$2" "$3"' sh \
        "$ROOT/tests/break/patches.sh" \
        "$ROOT/01-blocking/break/stale-bytes.patch" "$TMP/tree"
    assert_equal 'the exit status, a second time' 1 "$status"
}
