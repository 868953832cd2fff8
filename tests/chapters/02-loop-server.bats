#!/usr/bin/env bats
# 02-loop-server.bats - one client after another, one line each, no answer.
# What its client shares with others is in conversation.bash.
#
# shellcheck disable=SC2154 # helpers.bash sets host, port, log, out and others

setup() {
    load ../lib/helpers
    load conversation
    use_chapter 02-loop-server
}

teardown() {
    stop_everything
}

# Where others answer a fresh client, this server hears it and sends it away.
still_hears() {
    talk greeted send 'still there?\n' end
    wait_for_log ' says: still there\?$'
}

@test "a client is greeted before it has spoken, says one line, and that is all" {
    start_server
    talk greeted silence 50 send 'hello\n' end
    assert_events 'peer connected' 'peer says: hello' 'peer left'
}

@test "one client is served after another" {
    start_server
    talk greeted send 'one\n' end
    talk greeted send 'two\n' end
    talk greeted send 'three\n' end
    assert_events 'peer connected' 'peer says: one' 'peer left' \
        'peer connected' 'peer says: two' 'peer left' \
        'peer connected' 'peer says: three' 'peer left'
}

@test "a silent client holds up the next ones, who are served when it has gone" {
    start_server
    talk greeted open silence 100 open silence 100 use 1 send 'one\n' end \
        close use 2 greeted send 'two\n' end close use 3 greeted \
        send 'three\n' end
    assert_events 'peer connected' 'peer says: one' 'peer left' \
        'peer connected' 'peer says: two' 'peer left' \
        'peer connected' 'peer says: three' 'peer left'
}

@test "a client that does not close does not hold up the next for ever" {
    start_server
    talk greeted send 'one\n' end open greeted use 1 gone
}

@test "quit is a message like any other" {
    start_server
    talk greeted send 'quit\n' end
    assert_events 'peer connected' 'peer says: quit' 'peer left'
    still_hears
}

@test "an empty line is a message" {
    start_server
    talk greeted send '\n' end
    assert_events 'peer connected' 'peer says: ' 'peer left'
}

@test "what comes behind the one line is discarded, without a reset" {
    start_server
    talk greeted send 'one\ntwo\n' repeat 300000 x sleep 50 shut end
    assert_events 'peer connected' 'peer says: one' 'peer left'
    still_hears
}

@test "a line that comes byte by byte, with a carriage return, is one message" {
    start_server
    talk greeted drip 'hello, world\r\n' end
    assert_events 'peer connected' 'peer says: hello, world' 'peer left'
}

@test "a last line without its end is a message and keeps its carriage return" {
    start_server
    talk greeted send 'last\r' shut end
    assert_events 'peer connected' 'peer says: last\x0d' 'peer left'
}

@test "a client that leaves without a word has left" {
    start_server
    talk greeted shut end
    assert_events 'peer connected' 'peer left'
}

@test "the log shows control bytes as hex, and Chinese as it is" {
    start_server
    talk greeted send 'a\0\x1b[31m\x7f\xc2\x9b\xff\xe4\xbd\xa0\n' end
    assert_events 'peer connected' \
        "$(printf 'peer says: %s\xff你' 'a\x00\x1b[31m\x7f\xc2\x9b')" \
        'peer left'
}

@test "1024 bytes are a message" {
    local full
    full=$(repeat 1024 x)
    start_server
    talk greeted send "$full\r\n" end
    assert_events 'peer connected' "peer says: $(cut_in_log x)" 'peer left'
}

@test "a line of 1025 bytes is answered with the error, then comes the end" {
    start_server
    talk greeted send "$(repeat 1025 x)\nmore\n" expect "error: $TOO_LONG\n" end
    assert_events 'peer connected' "peer lost: $TOO_LONG"
    still_hears
}

@test "the error reaches a client that goes on sending" {
    start_server
    talk greeted repeat 300000 x sleep 50 shut expect "error: $TOO_LONG\n" end
    still_hears
}

@test "a reset ends that client alone" {
    start_server
    talk greeted send 'half a mess' reset
    wait_for_loss
    still_hears
}

@test "a client that resets while it waits in the queue harms nobody" {
    start_server
    talk greeted open reset open use 1 send 'one\n' end close use 3 greeted \
        send 'three\n' end
}

@test "half a line of one client never shows up in the next one's" {
    start_server
    talk greeted send 'left over' reset
    talk greeted send 'mine\n' end
    wait_for_log ' says: mine$'
}

@test "nc can talk to the server" {
    nc_talks 'hello\n' "$GREETING\n"
    wait_for_log ' says: hello$'
}

@test "a Python socket can talk to the server" {
    python_talks 'hello\n' "$GREETING\n"
    wait_for_log ' says: hello$'
}

@test "the client shows the greeting, sends one line and ends well" {
    start_server
    run_client 'hello\nmore\n'
    assert_client 0
    assert_complains ''
    assert_events 'peer connected' 'peer says: hello' 'peer left'
}

@test "the client sends a line without end" {
    start_server
    run_client 'hello'
    assert_client 0
    assert_events 'peer connected' 'peer says: hello' 'peer left'
}

@test "the client sends nothing behind its line, not even for quit" {
    start_peer send "$GREETING\n" expect 'quit\n' end
    run_client 'quit\nmore\n'
    assert_client 0
    finish_peer
}

@test "without input the client leaves, and that is no failure" {
    start_server
    run_client ''
    assert_client 0
    assert_complains ''
    assert_events 'peer connected' 'peer left'
}

@test "the client refuses a line of 1025 bytes and sends the next one" {
    start_server
    run_client "$(repeat 1025 x)\n$(repeat 1024 y)\n"
    assert_client 0
    assert_complains "client: $TOO_LONG, not sent"
    assert_events 'peer connected' "peer says: $(cut_in_log y)" 'peer left'
}

@test "the client waits for its greeting before it speaks" {
    start_peer silence 100 send "$GREETING\n" expect 'hello\n' end
    run_client 'hello\n'
    assert_client 0
    finish_peer
}

@test "the client says that the connection was reset, and fails" {
    skip_on_wine "${client_command[@]}"
    start_peer reset
    run_client 'hello\n'
    assert_equal "the client's exit status" 1 "$status"
    assert_matches "the client's errors" '^client: .+ \([0-9]+\)$' "$err"
}

@test "the client shows the greeting before it waits" {
    start_server
    hold_input
    start_client
    wait_for_file "$out" "^server: $GREETING\$"
    type_line hello
    finish_client
    assert_client 0
}

@test "the client notices a server that leaves before its greeting" {
    client_notices_that_the_server_left_before_greeting
}

@test "the client fails if its output cannot be written" {
    client_says_that_it_cannot_print
}

@test "the client prompts on a terminal" {
    client_prompts_on_a_terminal
}
