#!/usr/bin/env bats
# 05-select.bats - one thread, woken by the kernel. The bodies of most tests are
# in conversation.bash: chapters 03 and 04 hold the same conversation.
#
# shellcheck disable=SC2154 # helpers.bash sets host, port, log, out and others

# What takes five seconds passes while the other tests run. What fails here
# shows in the test that looks at it.
setup_file() {
    load ../lib/helpers
    use_chapter 05-select
    log=$TMP/patient.log
    start_server || :
    export patient_log=$log patient_pid=$server_pid
    talk greeted send 'hello\n' answered hello || :
}

teardown_file() {
    kill "$patient_pid" || : # it may have failed to start
}

setup() {
    load ../lib/helpers
    load conversation
    use_chapter 05-select
}

teardown() {
    stop_everything
}

@test "a client is greeted before it has spoken" {
    server_greets_before_the_client_speaks
}

@test "each line is answered, in order" {
    server_answers_each_line_in_order
}

@test "an empty line is a message" {
    server_takes_an_empty_line_for_a_message
}

@test "many lines that come at once are answered one by one" {
    server_answers_many_lines_of_one_segment
}

@test "a line that comes byte by byte is one message" {
    server_joins_what_comes_byte_by_byte
}

@test "the carriage return of a line end is dropped, any other is kept" {
    server_drops_the_carriage_return_of_a_line_end
}

@test "1024 bytes are a message, whatever the line's end" {
    server_takes_1024_bytes
}

@test "before a line of 1025 bytes all is answered, then comes the error, then the end" {
    server_ends_after_1025_bytes
}

@test "a line that is too long is refused before it ends" {
    server_does_not_wait_for_the_end_of_a_line_too_long
}

@test "a carriage return that ends no line counts as a byte" {
    server_counts_a_carriage_return_without_line_feed
}

@test "the error reaches a client that goes on sending" {
    server_delivers_the_error_to_a_client_that_still_sends
}

@test "a last line without its end is a message and keeps its carriage return" {
    server_takes_a_last_line_without_end
}

@test "a last quit without its line end is a quit" {
    server_takes_quit_without_line_end
}

@test "all bytes pass unchanged, NUL and invalid UTF-8 among them" {
    server_passes_all_bytes_unchanged
}

@test "the log shows control bytes as hex, and Chinese as it is" {
    server_logs_control_bytes_as_hex
}

@test "the log tells date, time, address and port of a message" {
    server_logs_date_and_time_and_address
}

@test "quit is answered with quit and ends that conversation alone" {
    server_ends_one_conversation_at_quit
}

@test "quit from telnet, with a carriage return, is a quit" {
    server_knows_quit_with_a_carriage_return
}

@test "nothing but exactly quit is a quit" {
    server_takes_nothing_but_quit_for_quit
}

@test "what comes behind quit is discarded" {
    server_discards_what_comes_behind_quit
}

@test "the last answers reach a client that goes on sending behind quit" {
    server_delivers_quit_to_a_client_that_still_sends
}

@test "a client that does not close after quit is closed soon" {
    server_closes_after_quit_even_if_the_client_does_not
}

@test "a client that half-closes gets all its answers" {
    server_answers_all_after_a_half_close
}

@test "a reset in mid-message ends that client alone" {
    server_survives_a_reset_in_mid_message
}

@test "a reset with unread answers ends that client alone" {
    server_survives_a_reset_with_unread_answers
}

@test "a client that half-closes and leaves while it is answered harms nobody" {
    server_survives_a_client_that_leaves_while_answered
}

@test "a client that resets at once harms nobody" {
    server_survives_a_reset_at_once
}

@test "half a line of one client never shows up in another's" {
    server_keeps_partial_lines_apart
}

@test "a silent client holds up nobody" {
    server_serves_others_beside_a_silent_client
}

@test "a client that reads late gets a mebibyte of lines answered, in order" {
    server_answers_a_late_reader_completely
}

@test "900 clients at once are greeted and answered" {
    server_serves_900_at_once
}

@test "nc can talk to the server" {
    nc_talks 'hello\nquit\n' "$GREETING\n${ANSWER}hello\nquit\n"
}

@test "a Python socket can talk to the server" {
    python_talks 'hello\nquit\n' "$GREETING\n${ANSWER}hello\nquit\n"
}

@test "what the operator types goes to every client as it is" {
    hold_input
    start_server
    start_talk greeted open greeted expect 'good news\n\n\xff\0\n' \
        use 1 expect 'good news\n\n\xff\0\n' send 'thanks\n' answered thanks
    wait_for_log ' connected$' 2
    type_line 'good news\n\n\xff\0'
    finish_talk
}

@test "five thousand lines from the operator reach every client, in order" {
    local lines
    lines=$(numbered 5000 '')
    hold_input
    start_server
    start_talk greeted open greeted use 1 expect "$lines" use 2 expect "$lines"
    wait_for_log ' connected$' 2
    seq 5000 >&7
    finish_talk
}

@test "the operator's quit goes to every client and ends the server" {
    hold_input
    start_server
    start_talk greeted open greeted expect 'quit\n' end use 1 expect 'quit\n' \
        end
    wait_for_log ' connected$' 2
    type_line quit
    finish_talk
    assert_server_ends 0
}

@test "when the operator's input ends the server goes on" {
    hold_input
    start_server
    start_talk greeted expect 'typed\n' expect 'last\n' send 'still here\n' \
        answered 'still here'
    wait_for_log ' connected$'
    printf 'typed\nlast' >&7
    end_input
    finish_talk
    still_serves
}

@test "the operator's line of 1025 bytes is refused, the next one is sent" {
    hold_input
    start_server
    local full
    full=$(repeat 1024 x)
    start_talk greeted expect "$full\n" expect 'short\n'
    wait_for_log ' connected$'
    type_line "$full"
    type_line "x$full"
    type_line short
    finish_talk
    wait_for_log "^server: $TOO_LONG, not sent\$"
}

# The first client has filled all buffers, the second is there to tell when
# the operator's line has been taken.
@test "the operator's line never gets inside an answer" {
    hold_input
    start_server
    start_talk greeted open greeted use 1 fill 2000000 \
        use 2 expect 'NEWS\n' use 1 drain 0
    wait_for_file "$TMP/talk2.log" '^filled'
    type_line NEWS
    finish_talk
    assert_equal 'NEWS received' 2 "$(grep -c '^NEWS$' "$TMP/talk2")"
    grep -v "^NEWS\$\|^$GREETING\$" "$TMP/talk2" >"$TMP/answers"
    seq "$(grep -c '' "$TMP/answers")" | sed "s/^/$ANSWER/" >"$TMP/expected"
    cmp "$TMP/expected" "$TMP/answers" || fail 'answers are mixed up'
}

# The first client fills all buffers; the operator's lines, two megabytes, are
# more than the kernel may still take for it. The second one tells that others
# are served meanwhile, the third that all lines come through.
@test "a client that leaves no room for the operator's lines is dropped after 2 s" {
    hold_input
    start_server
    start_talk greeted open greeted open greeted use 1 fill 2000000 \
        use 2 until '1' send 'served?\nquit\n' until 'quit\n' recv-all \
        use 3 until '0002000\n'
    wait_for_file "$TMP/talk2.log" '^filled'
    local began=$SECONDS
    # Not by way of descriptor 7: it would not notice the server's end
    seq -f '%01000.0f' 2000 >"$input" 3>&- 4>&- 7>&- 8>&- &
    started="$started $!"
    finish_talk
    [ $((SECONDS - began)) -ge 2 ] || fail 'it was dropped too early'
    wait_for_log ' lost: does not read$'
    grep -E ' says: served\?| lost: ' "$log" >"$TMP/order"
    assert_matches 'what came before the drop' 'served' "$TMP/order"
    head -n 1 "$TMP/order" >"$TMP/first"
    assert_matches 'what came first' 'served' "$TMP/first"
    sed '1,/^quit$/d' "$TMP/talk2" >"$TMP/third"
    seq -f '%01000.0f' 2000 >"$TMP/expected"
    cmp "$TMP/expected" "$TMP/third" || fail 'lines are missing or mixed up'
    still_serves
}

@test "a server where nothing happens says so after 5 s, and rests" {
    log=$patient_log
    wait_for_log '^[0-9-]{10} [0-9:]{8} quiet for 5 s$'
    [ "$(seconds_between ' left$' ' quiet ')" -ge 4 ] ||
        fail 'it said so too early'
    if [ -r "/proc/$patient_pid/stat" ]; then
        local ticks
        cpu_ticks "$patient_pid"
        assert_under 'what it did meanwhile' 500 $((10 * ticks))
    fi
}

@test "the client prints the conversation and nothing else" {
    client_prints_the_conversation_and_nothing_else
}

@test "the client sends a last line without end" {
    client_sends_a_last_line_without_end
}

@test "the client sends a line of 1024 bytes and shows its answer" {
    client_takes_1024_bytes
}

@test "the client refuses a line of 1025 bytes and goes on" {
    client_refuses_1025_bytes_and_goes_on
}

@test "the client sends quit, shows the answer and ends well" {
    client_ends_with_quit
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

@test "the client fails if its output cannot be written" {
    client_says_that_it_cannot_print
}

@test "the client prompts on a terminal" {
    client_prompts_on_a_terminal
}

@test "at the end of its input the client half-closes and prints all that still comes" {
    start_peer send "$GREETING\n" expect 'hello\n' end sleep 50 \
        send 'late\n' drip 'later\n' close
    run_client 'hello\n'
    assert_client 0 'server: late' 'server: later'
    assert_complains ''
    finish_peer
}

@test "the client loses no answer to 20000 lines" {
    start_server
    bounded "${client_command[@]}" "$host" "$port" < <(seq 20000)
    assert_equal "the client's exit status" 0 "$status"
    {
        echo "connected to 127.0.0.1:$port"
        echo "server: $GREETING"
        seq 20000 | sed "s/^/server: $ANSWER/"
    } >"$TMP/expected"
    cmp "$TMP/expected" "$out" || fail 'answers are missing or mixed up'
    assert_complains ''
}

@test "the client shows what comes while nobody types" {
    start_peer send "$GREETING\n" wait send 'news\n' wait send 'quit\n' end
    hold_input
    start_client
    wait_for_file "$out" '^server: Connect'
    go_on
    wait_for_file "$out" '^server: news$'
    go_on
    finish_client
    assert_client 0 'server: news' 'server: quit'
}

@test "the client shows what comes while its own lines cannot be sent" {
    start_peer send "$GREETING\n" sleep 300 send 'news\n' wait recv-all
    seq 1000000 >"$TMP/many"
    use_input "$TMP/many"
    start_client
    wait_for_file "$out" '^server: news$'
    go_on
    finish_client
    finish_peer
    assert_client 0 'server: news'
    cmp "$TMP/many" "$TMP/serve" || fail 'lines are missing or mixed up'
}

@test "the client notices at once that the server has left" {
    start_peer send "$GREETING\n" wait close
    hold_input
    start_client
    wait_for_file "$out" '^server: Connect'
    go_on
    finish_client
    assert_client 1
    assert_complains 'client: server closed the connection'
}

@test "a reset after the end of its input is a failure for the client" {
    skip_on_wine "${client_command[@]}"
    start_peer send "$GREETING\n" expect 'hello\n' end reset
    run_client 'hello\n'
    assert_client 1
    assert_matches "the client's errors" '^client: .+ \([0-9]+\)$' "$err"
}
