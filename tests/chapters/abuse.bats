#!/usr/bin/env bats
# What badly behaved clients do, against every server it applies to. After each
# abuse a fresh client must be answered as ever. Chapters 01 and 02 cannot pass
# some of it: there a test states what happens instead.
#
#   CHAPTERS   instead of those below, to try one server: CHAPTERS=03-threaded

# shellcheck disable=SC2030,SC2031,SC2154 # helpers.bash sets them, in each test

load ../lib/helpers
load ../lib/each

LOOP=02-loop-server
read -r -a CONCURRENT <<<"${CHAPTERS:-03-threaded 04-nonblocking 05-select}"
read -r -a ALL <<<"${CHAPTERS:-$LOOP ${CONCURRENT[*]}}"

setup() {
    use_chapter "$LOOP"
}

teardown() {
    stop_everything
}

# against FUNCTION CHAPTER...: abuses each server, then a fresh client talks
against() {
    local abuse=$1 name
    shift
    for name in "$@"; do
        use_chapter "$name"
        start_server
        "$abuse"
        fresh_client
        stop_server
    done
}

fresh_client() {
    if [ "$chapter" = "$LOOP" ]; then
        talk greeted send 'still there?\n' end
        wait_for_log ' says: still there\?$'
    else
        still_serves
    fi
}

# ------------------------------------------------------------------ one alone

reset_at_once() {
    talk reset
    talk reset
    talk greeted reset
}

@test "a reset at once ends that client alone" {
    against reset_at_once "${ALL[@]}"
}

reset_in_mid_message() {
    talk greeted send 'hel' sleep 20 reset
    wait_for_loss
}

@test "a reset in mid-message ends that client alone and is logged as lost" {
    against reset_in_mid_message "${ALL[@]}"
}

reset_with_unread_answers() {
    talk repeat 500 'hello\n' sleep 20 reset
    wait_for_log ' (lost: .+ \([0-9]+\)|left)$'
}

@test "a reset with unread answers ends that client alone" {
    against reset_with_unread_answers "${CONCURRENT[@]}"
}

close_with_unread_answers() {
    talk repeat 500 'hello\n' sleep 20 close
    wait_for_log ' (lost: .+ \([0-9]+\)|left)$'
}

@test "a client that closes without reading its answers ends alone" {
    against close_with_unread_answers "${CONCURRENT[@]}"
}

mebibyte_without_end() {
    talk greeted repeat 16000 "$(repeat 64 x)" expect "error: $TOO_LONG\n" \
        shut recv-all
    wait_for_log " lost: $TOO_LONG$"
}

@test "a mebibyte without an end of line is refused, and the reason arrives" {
    against mebibyte_without_end "${ALL[@]}"
}

leave_without_a_word() {
    talk close
    talk greeted close
    talk shut greeted end
}

@test "clients that leave without a word end alone" {
    against leave_without_a_word "${ALL[@]}"
}

# ------------------------------------------------------------ several at once

silent_first() {
    start_talk greeted wait send 'at last\n' answered 'at last' close
    wait_for_file "$TMP/talk2" "$GREETING"
    fresh_client
    go_on
    finish_talk
}

@test "a silent client does not hold up the others" {
    against silent_first "${CONCURRENT[@]}"
}

@test "02: while a client is silent the next one waits, then it is served" {
    [ "${CHAPTERS:-$LOOP}" = "$LOOP" ] || skip "only $CHAPTERS is tested"
    start_server
    start_talk greeted wait send 'at last\n' end
    wait_for_file "$TMP/talk2" "$GREETING"
    "$PEER" talk "$host" "$port" silence 300 say unserved greeted \
        send 'me too\n' end >"$TMP/talk3" 2>"$TMP/talk3.log" 3>&- 4>&- 8>&- &
    local second=$! actual=0
    started="$started $second"
    wait_for_file "$TMP/talk3.log" '^unserved$'
    go_on
    finish_talk
    wait "$second" || actual=$?
    assert_equal "the second client's exit status" 0 "$actual"
    assert_events 'peer connected' 'peer says: at last' 'peer left' \
        'peer connected' 'peer says: me too' 'peer left'
}

@test "01: a second client waits, and is reset when the server ends" {
    [ -z "${CHAPTERS-}" ] || skip "only $CHAPTERS is tested"
    use_chapter 01-blocking
    hold_input
    start_server
    start_talk greeted wait send 'quit\n' expect 'quit\n' end
    wait_for_file "$TMP/talk2" "$GREETING"
    "$PEER" talk "$host" "$port" silence 300 say unserved gone \
        >"$TMP/talk3" 2>"$TMP/talk3.log" 3>&- 4>&- 7>&- 8>&- &
    local second=$! actual=0
    started="$started $second"
    wait_for_file "$TMP/talk3.log" '^unserved$'
    go_on
    finish_talk
    assert_server_ends 0
    wait "$second" || actual=$?
    assert_equal "the second client's exit status" 0 "$actual"
}

talkers_after_a_reset() {
    talk open open use 1 greeted use 2 greeted use 3 greeted use 1 \
        send 'one\n' answered one use 2 send 'tw' reset use 3 send 'three\n' \
        answered three use 1 send 'on' use 3 send 'e more\n' answered 'e more' \
        use 1 send 'e\n' answered one open greeted send 'four\n' answered four
}

@test "two talkers go on after a third one's reset, nobody gets its half line" {
    against talkers_after_a_reset "${CONCURRENT[@]}"
}

flood_without_reading() {
    local before
    start_talk greeted fill 100000000 wait
    wait_for_file "$TMP/talk2.log" '^filled: '
    before=$(proc_field RssAnon)
    # Who waits for the one that never reads, waits for ever
    "$PEER" crowd "$host" "$port" 3 >"$TMP/crowd" 2>"$TMP/crowd.log" \
        3>&- 4>&- 8>&- || fail 'others are not answered'
    # A sanitizer and wine have memory of their own in it
    [ -n "${SANITIZED-}" ] || on_wine "${server_command[@]}" ||
        assert_under 'kB more memory of its own, which' 1024 \
            "$(($(proc_field RssAnon) - before))"
    go_on
    finish_talk
}

@test "a client that floods and never reads costs no memory and delays nobody" {
    needs_proc
    against flood_without_reading "${CONCURRENT[@]}"
}

# If the kernel takes all lines and answers, nobody had to wait: more then.
read_late() {
    local n=170000 last=10000000
    ! is_windows "${server_command[@]}" || last=$n
    while talk greeted fill "$n" drain "$n" &&
        grep -q "^filled: $n lines\$" "$TMP/talk.log" &&
        [ "$n" -lt "$last" ]; do
        n=$((n * 9))
    done
    {
        echo "$GREETING"
        seq "$n" | sed "s/^/$ANSWER/"
    } >"$TMP/all"
    cmp "$TMP/all" "$TMP/talk" || fail 'not all answers came, in order'
}

@test "until all buffers are full nothing is lost to one who reads late" {
    against read_late "${CONCURRENT[@]}"
}

# ------------------------------------------------------------- the server ends

@test "a server can be restarted at once while clients are still connected" {
    local name first
    for name in "${ALL[@]}"; do
        use_chapter "$name"
        start_server
        first=$port
        start_talk greeted wait
        wait_for_file "$TMP/talk2" "$GREETING"
        stop_server
        start_server "$first"
        fresh_client
        go_on
        finish_talk
        stop_server
    done
}

# ------------------------------------------------- beyond what the system has

sixty_with_32_descriptors() {
    # They are not all greeted, and complain of it some time
    "$PEER" hold "$host" "$port" 60 </dev/null >"$TMP/hold" 2>&1 \
        3>&- 4>&- 7>&- 8>&- &
    local holder=$!
    started="$started $holder"
    wait_for_log ' cannot accept: .+ \([0-9]+\)$'
    server_rests
    kill "$holder"
    wait "$holder" 2>/dev/null || :
    assert_under "lines 'cannot accept', which" 40 \
        "$(grep -c ' cannot accept: ' "$log")"
}

@test "60 clients with 32 descriptors: no spinning, and all is well afterwards" {
    needs_proc
    ! is_windows "${server_command[@]}" ||
        skip 'Windows sets no limit to what a program may open'
    local name
    for name in "${CONCURRENT[@]}"; do
        use_chapter "$name"
        # shellcheck disable=SC2016 # for the inner shell
        server_command=(sh -c 'ulimit -n 32; exec "$@"' sh
            "${server_command[@]}")
        start_server
        sixty_with_32_descriptors
        still_serves
        stop_server
    done
}

# hold_many N: opens N connections to all servers' limits, and ends them again
hold_many() {
    : >"$TMP/nothing"
    "$PEER" hold "$host" "$port" "$1" <"$TMP/nothing" \
        >"$TMP/hold" 2>"$TMP/hold.log" 3>&- 4>&- ||
        fail "not all of $1 were greeted or refused"
}

beyond_fd_setsize() {
    hold_many 1100
    assert_matches 'all 1100' '^holding: [0-9]+ greeted, [0-9]+ refused$' \
        "$TMP/hold.log"
    if [ "$chapter" = 05-select ]; then
        wait_for_log ' refused: server is full$' 76
        local greeted='10[0-9][0-9]'
        # An fd_set of Windows holds 64, listener and keyboard among them
        ! is_windows "${server_command[@]}" || greeted=62
        assert_matches '1100 clients of select' \
            "^holding: $greeted greeted, [0-9]+ refused\$" "$TMP/hold.log"
        wait_for_log ' (left|lost: .+)$' 62 # there is room again
    else
        assert_matches 'all 1100' '^holding: 1100 greeted, 0 refused$' \
            "$TMP/hold.log"
    fi
}

@test "1,100 clients: select refuses politely what it cannot hold, and serves" {
    # A thread under wine needs some descriptors of its own
    ulimit -n 9000 2>/dev/null || ulimit -n 2500 2>/dev/null ||
        skip 'there are too few descriptors here'
    against beyond_fd_setsize "${CONCURRENT[@]}"
}

# ------------------------------------------------------- awkward system calls

@test "EINTR from every third call and one byte at a time change nothing" {
    [ -z "${SANITIZED-}" ] || skip 'a sanitizer insists on being loaded first'
    local name
    for name in "${CONCURRENT[@]}"; do
        use_chapter "$name"
        preload eintr.c
        start_server
        run_client 'hello\n\n你好\nquit\n'
        assert_client 0 "server: ${ANSWER}hello" "server: $ANSWER" \
            "server: ${ANSWER}你好" 'server: quit'
        talk greeted repeat 200 'many\n' shut recv-all
        assert_equal 'answers' 200 "$(grep -c "^${ANSWER}many$" "$TMP/talk")"
        stop_server
    done
}
