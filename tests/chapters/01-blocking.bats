#!/usr/bin/env bats
# 01-blocking.bats - one client, turn by turn with the operator, who is a FIFO
# that stays open. What its client shares with others is in conversation.bash.
#
# shellcheck disable=SC2154 # helpers.bash sets host, port, log, out and others

setup() {
    load ../lib/helpers
    load conversation
    use_chapter 01-blocking
}

teardown() {
    stop_everything
}

# operator_types LINE...: ahead of time; the server reads a line at its turn
operator_types() {
    local line
    hold_input
    for line in "$@"; do
        type_line "$line"
    done
}

@test "the server says in which call it waits, and says it before it waits" {
    hold_input
    start_server
    wait_for_log '^waiting in accept'
    start_talk greeted wait send 'hello\n' expect 'answer\n'
    wait_for_log '^waiting in recv'
    go_on
    wait_for_log '^waiting in read'
    type_line answer
    finish_talk
    assert_server_ends 0
    assert_equal 'the calls it waited in' 'accept recv read recv' \
        "$(sed -n 's/^waiting in \([a-z]*\).*/\1/p' "$log" | xargs)"
}

@test "a client is greeted, and each line is answered by the operator's next" {
    operator_types one two
    start_server
    talk greeted send 'first\n' expect 'one\n' send 'second\n' expect 'two\n'
    assert_server_ends 0
    assert_events 'peer connected' 'peer says: first' 'peer says: second' \
        'peer left'
}

@test "the client speaks first: a line typed early waits for its turn" {
    operator_types early
    start_server
    talk greeted silence 100 send 'now\n' expect 'early\n' silence 100
}

@test "lines that come at once are answered in turn" {
    operator_types 1 2 3
    start_server
    talk greeted send 'a\nb\nc\n' expect '1\n2\n3\n'
    assert_server_ends 0
    assert_events 'peer connected' 'peer says: a' 'peer says: b' \
        'peer says: c' 'peer left'
}

@test "lines that come at once and fill more than one recv are answered in turn" {
    local long
    long=$(repeat 900 x)
    operator_types 1 2 3
    start_server
    talk greeted send "$long\n$long\n$long\n" expect '1\n2\n3\n'
    assert_server_ends 0
}

@test "empty lines are messages in both directions" {
    operator_types '' x
    start_server
    talk greeted send '\n\n' expect '\nx\n'
}

@test "a line that comes byte by byte, with a carriage return, is one message" {
    operator_types answer
    start_server
    talk greeted drip 'hello\r\n' expect 'answer\n'
    assert_events 'peer connected' 'peer says: hello' 'peer left'
}

@test "all bytes pass from the operator, the log shows control bytes as hex" {
    operator_types '\x01\x1b[31m\xff\0\xc2\x9b'
    start_server
    talk greeted send 'a\0\x1b\xc2\x9b\n' expect '\x01\x1b[31m\xff\0\xc2\x9b\n'
    assert_events 'peer connected' 'peer says: a\x00\x1b\xc2\x9b' 'peer left'
}

@test "the client's quit is answered with quit and ends the server well" {
    operator_types 'not asked'
    start_server
    talk greeted send 'quit\nmore\n' expect 'quit\n' end
    assert_server_ends 0
    assert_events 'peer connected' 'peer says: quit' 'peer left'
}

@test "nothing but exactly quit is a quit" {
    operator_types QUIT 'quit ' quitx
    start_server
    talk greeted send 'Quit\n quit\nxquit\n' expect 'QUIT\nquit \nquitx\n' \
        silence 50
}

@test "the operator's quit is sent and ends both" {
    operator_types quit
    start_server
    talk greeted send 'hello\nmore\n' expect 'quit\n' end
    assert_server_ends 0
    assert_events 'peer connected' 'peer says: hello' 'peer left'
}

@test "the server ends well when its client leaves" {
    operator_types answer
    start_server
    talk greeted
    assert_server_ends 0
    assert_events 'peer connected' 'peer left'
}

@test "a last line without its end is answered, then the server ends well" {
    operator_types answer
    start_server
    talk greeted send 'last\r' shut expect 'answer\n' end
    assert_server_ends 0
    assert_events 'peer connected' 'peer says: last\x0d' 'peer left'
}

@test "the server ends well at its turn when the operator's input has ended" {
    start_server # </dev/null
    talk greeted silence 100 send 'hello\n' end
    assert_server_ends 0
    assert_events 'peer connected' 'peer says: hello' 'peer left'
}

@test "a reset ends the server with a failure" {
    skip_on_wine "${server_command[@]}"
    hold_input
    start_server
    talk greeted send 'half a mess' reset
    assert_server_ends 1
    assert_events 'peer connected' \
        "$(grep -Eo 'lost: .+ \([0-9]+\)$' "$log" | sed 's/^/peer /')"
}

# The first answer is refused with a reset, the second would raise SIGPIPE.
@test "answers to a client that has gone do not kill the server" {
    hold_input
    start_server
    talk greeted send 'hello\nhello\n' close
    wait_for_log ' says: hello'
    type_line 'too late'
    type_line 'far too late'
    assert_server_ends 1
}

@test "before a line of 1025 bytes all is answered, then comes the error, then the end" {
    local full
    full=$(repeat 1024 x)
    operator_types one "$full"
    start_server
    talk greeted send "hello\n$full\r\n${full}x\nmore\n" \
        expect "one\n$full\nerror: $TOO_LONG\n" end
    wait_for 'the server ends' has_ended "$server_pid"
    assert_events 'peer connected' 'peer says: hello' "peer says: $(cut_in_log x)" \
        "peer lost: $TOO_LONG"
}

@test "the operator's line of 1025 bytes is refused, the next one is the answer" {
    operator_types "$(repeat 1025 x)" short
    start_server
    talk greeted send 'hello\n' expect 'short\n'
    wait_for_log "^server: $TOO_LONG, not sent\$"
}

@test "the last answer reaches a client that goes on sending" {
    operator_types one
    start_server
    talk greeted send 'hello\nquit\n' repeat 300000 x sleep 50 shut \
        expect 'one\nquit\n' end
    assert_server_ends 0
}

@test "a second client waits unserved, and is reset when the server ends" {
    operator_types answer
    start_server
    talk greeted open silence 100 use 1 send 'hello\n' expect 'answer\n' \
        send 'quit\n' expect 'quit\n' end close use 2 gone
    assert_server_ends 0
}

@test "nc can talk to the server" {
    operator_types 'hello, nc'
    nc_talks 'hello\nquit\n' "$GREETING\nhello, nc\nquit\n"
}

@test "a Python socket can talk to the server" {
    operator_types 'hello, Python'
    python_talks 'hello\nquit\n' "$GREETING\nhello, Python\nquit\n"
}

@test "client and operator take turns, and the client prints nothing else" {
    operator_types one '' '你好'
    start_server
    run_client 'a\n\nb\n'
    assert_client 0 'server: one' 'server: ' 'server: 你好'
    assert_complains ''
    assert_server_ends 0
    assert_events 'peer connected' 'peer says: a' 'peer says: ' \
        'peer says: b' 'peer left'
}

@test "the client ends well with the operator's quit" {
    operator_types quit
    start_server
    run_client 'a\nb\n'
    assert_client 0 'server: quit'
    assert_server_ends 0
}

@test "the client refuses a line of 1025 bytes and goes on" {
    operator_types one
    start_server
    run_client "$(repeat 1025 x)\na\n"
    assert_client 0 'server: one'
    assert_complains "client: $TOO_LONG, not sent"
}

@test "the client sends a line of 1024 bytes, the last one without end" {
    local full
    full=$(repeat 1024 x)
    operator_types one
    start_server
    run_client "$full"
    assert_client 0 'server: one'
    assert_events 'peer connected' "peer says: $(cut_in_log x)" 'peer left'
}

@test "the client sends nothing behind quit" {
    client_sends_nothing_behind_quit
}

@test "the client ends well when the server says quit unasked" {
    client_ends_with_an_unasked_quit
}

@test "the client says that the server has left, and fails" {
    client_notices_that_the_server_left
}

@test "the client notices a server that leaves before its greeting" {
    client_notices_that_the_server_left_before_greeting
}

@test "the client says that the connection was reset, and fails" {
    client_notices_a_reset
}

@test "the client shows why a full server refuses it" {
    client_shows_why_it_is_refused
}

@test "the client shows a server's control bytes as hex" {
    client_shows_control_bytes_as_hex
}

@test "the client joins a line that comes byte by byte" {
    client_joins_what_comes_byte_by_byte
}

@test "the client shows a server's last line without end" {
    client_shows_a_last_line_without_end
}

@test "the client gives up on an endless line" {
    client_does_not_hang_on_an_endless_line
}

@test "the client shows what has come before it waits" {
    client_shows_what_has_come_before_it_waits
}

@test "at the end of its input the client waits for the last answer" {
    turns_finish_at_the_end_of_input
}

@test "without input the client leaves, and that is no failure" {
    turns_leave_when_there_is_no_input
}

@test "the client fails if its output cannot be written" {
    client_says_that_it_cannot_print
}

@test "the client prompts on a terminal" {
    client_prompts_on_a_terminal
}
