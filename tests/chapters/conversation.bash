# conversation.bash - what chapters have in common, so that their .bats files
# need only name it.
#
#   server_*   03, 04 and 05 hold the very same conversation
#   client_*   01, 03 and 04 take turns; most holds for 05 as well
#   turns_*    what only a client can do that takes turns
#
# shellcheck disable=SC2154 # helpers.bash sets host, port, log, out and others

# -------------------------------------------------------------------- server

server_greets_before_the_client_speaks() {
    start_server
    talk expect "$GREETING\n" silence 50
    assert_events 'peer connected' 'peer left'
}

server_answers_each_line_in_order() {
    start_server
    talk greeted send 'one\n' answered one send 'two\n' answered two \
        send 'three\n' answered three
    assert_events 'peer connected' 'peer says: one' 'peer says: two' \
        'peer says: three' 'peer left'
}

server_takes_an_empty_line_for_a_message() {
    start_server
    talk greeted send '\n\na\n\n' answered '' answered '' answered a \
        answered '' silence 50
}

server_answers_many_lines_of_one_segment() {
    start_server
    talk greeted send "$(numbered 300 '')" \
        expect "$(numbered 300 "$ANSWER")" silence 50
}

server_joins_what_comes_byte_by_byte() {
    start_server
    talk greeted drip 'hello, world\r\n' answered 'hello, world' \
        drip 'quit\n' expect 'quit\n' end
    assert_events 'peer connected' 'peer says: hello, world' \
        'peer says: quit' 'peer left'
}

server_drops_the_carriage_return_of_a_line_end() {
    start_server
    talk greeted send 'telnet\r\n\r\ntwo\r\r\na\rb\n' answered telnet \
        answered '' answered 'two\r' answered 'a\rb'
}

server_takes_1024_bytes() {
    local full
    full=$(repeat 1024 x)
    start_server
    talk greeted send "$full\n$full\r\n" answered "$full" answered "$full" \
        send "$full" shut answered "$full" end
}

server_ends_after_1025_bytes() {
    start_server
    talk greeted send "one\ntwo\n$(repeat 1025 x)\nthree\n" answered one \
        answered two expect "error: $TOO_LONG\n" end
    assert_events 'peer connected' 'peer says: one' 'peer says: two' \
        "peer lost: $TOO_LONG"
    still_serves
}

server_does_not_wait_for_the_end_of_a_line_too_long() {
    start_server
    talk greeted repeat 1026 x expect "error: $TOO_LONG\n" end
    still_serves
}

server_counts_a_carriage_return_without_line_feed() {
    start_server
    talk greeted send "$(repeat 1024 x)\r" shut expect "error: $TOO_LONG\n" end
    talk greeted send "$(repeat 1024 x)\rx\n" expect "error: $TOO_LONG\n" end
}

# A reset would overtake the error line; the peer goes on sending meanwhile.
server_delivers_the_error_to_a_client_that_still_sends() {
    start_server
    talk greeted repeat 300000 x shut expect "error: $TOO_LONG\n" end
    still_serves
}

server_takes_a_last_line_without_end() {
    start_server
    talk greeted send 'one\ntwo\r' shut answered one answered 'two\r' end
    assert_events 'peer connected' 'peer says: one' 'peer says: two\x0d' \
        'peer left'
}

server_takes_quit_without_line_end() {
    start_server
    talk greeted send 'quit' shut expect 'quit\n' end
}

server_passes_all_bytes_unchanged() {
    local bytes
    bytes=$(printf '\\x%02x' {0..9} {11..255})
    start_server
    talk greeted send "$bytes\n" answered "$bytes"
    talk greeted send 'a\0b\n\0\n' answered 'a\0b' answered '\0'
}

server_logs_control_bytes_as_hex() {
    start_server
    talk greeted send 'a\0b\x1b[31m\x7f\t\n' answered 'a\0b\x1b[31m\x7f\t' \
        send '\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0\n' \
        answered '\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0' \
        send '\xe4\xbd\xa0\xe5\xa5\xbd\n' answered '\xe4\xbd\xa0\xe5\xa5\xbd'
    assert_events 'peer connected' 'peer says: a\x00b\x1b[31m\x7f\x09' \
        "$(printf 'peer says: %s\xc2\xa0' '\xc2\x80\xc2\x9b\xc2\x9f')" \
        'peer says: 你好' 'peer left'
}

server_ends_one_conversation_at_quit() {
    start_server
    talk greeted open greeted send 'quit\n' expect 'quit\n' end \
        use 1 send 'and me?\n' answered 'and me?'
    assert_events 'peer connected' 'peer connected' 'peer says: quit' \
        'peer left' 'peer says: and me?' 'peer left'
}

server_knows_quit_with_a_carriage_return() {
    start_server
    talk greeted send 'quit\r\n' expect 'quit\n' end
}

server_takes_nothing_but_quit_for_quit() {
    start_server
    talk greeted send 'QUIT\nquit \n quit\nxquit\nquitx\nqui\nquit\0\n' \
        answered QUIT answered 'quit ' answered ' quit' answered xquit \
        answered quitx answered qui answered 'quit\0' silence 50
}

server_discards_what_comes_behind_quit() {
    start_server
    talk greeted send 'one\nquit\ntwo\n' answered one expect 'quit\n' end
    assert_events 'peer connected' 'peer says: one' 'peer says: quit' \
        'peer left'
}

# Closed with unread input, the server's socket would send a reset, and that
# destroys the answers: the peer reads late.
server_delivers_quit_to_a_client_that_still_sends() {
    start_server
    talk greeted send 'one\nquit\n' repeat 300000 x sleep 50 shut \
        answered one expect 'quit\n' end
    still_serves
}

server_closes_after_quit_even_if_the_client_does_not() {
    start_server
    talk greeted send 'quit\n' expect 'quit\n' end gone
}

server_answers_all_after_a_half_close() {
    start_server
    talk greeted send "$(numbered 300 '')" shut \
        expect "$(numbered 300 "$ANSWER")" end
    wait_for_log ' left$'
}

server_survives_a_reset_in_mid_message() {
    start_server
    talk greeted open greeted open greeted send 'half a mess' reset \
        use 1 send 'first\n' answered first use 2 send 'second\n' \
        answered second
    wait_for_loss
    wait_for_log ' left$' 2
    still_serves
}

# By the second send at the latest the server writes to a broken connection.
server_survives_a_reset_with_unread_answers() {
    start_server
    talk greeted repeat 5000 'again\n' reset
    wait_for_log ' lost: .+ \([0-9]+\)$'
    still_serves
}

# Behind a half-close, a reset makes the next send raise SIGPIPE.
server_survives_a_client_that_leaves_while_answered() {
    start_server
    talk greeted repeat 50000 '\n' shut close
    wait_for_log ' (left|lost: .+ \([0-9]+\))$'
    still_serves
}

server_survives_a_reset_at_once() {
    start_server
    talk reset
    talk reset
    still_serves
}

server_keeps_partial_lines_apart() {
    start_server
    # The second takes over the first's descriptor and its place in memory.
    talk greeted send 'left over' reset
    wait_for_loss
    talk greeted send 'mine\n' answered mine
    talk greeted send 'al' open greeted send 'be' use 1 send 'pha\n' \
        answered alpha use 2 send 'ta\n' answered beta
}

server_serves_others_beside_a_silent_client() {
    start_server
    talk open greeted send 'a\n' answered a open greeted send 'b\n' \
        answered b use 2 send 'c\n' answered c use 1 greeted
}

server_answers_a_late_reader_completely() {
    start_server
    talk greeted fill 170000 drain 170000
    { echo "$GREETING"; seq 170000 | sed "s/^/$ANSWER/"; } >"$TMP/expected"
    cmp "$TMP/expected" "$TMP/talk" || fail 'answers are missing or mixed up'
    still_serves
}

server_serves_900_at_once() {
    local n=900
    # An fd_set of Windows holds 64, the listener and the keyboard among them
    [ "$chapter" != 05-select ] || ! is_windows "${server_command[@]}" || n=62
    start_server
    "$PEER" crowd "$host" "$port" "$n" >"$TMP/ms" 2>"$TMP/crowd.log" ||
        fail 'not all are greeted and answered'
    echo "# $chapter: $n clients greeted and answered in $(<"$TMP/ms") ms" >&3
    wait_for_log ' left$' "$n"
    still_serves
}

server_logs_date_and_time_and_address() {
    start_server
    talk greeted send 'hello\n' answered hello
    wait_for_log ' left$'
    assert_matches 'a log line' \
        '^[0-9-]{10} [0-9:]{8} 127\.0\.0\.1:[1-9][0-9]* says: hello$' "$log"
}

# -------------------------------------------------------------------- client

# Against the chapter's own server, or what SERVER says.

client_prints_the_conversation_and_nothing_else() {
    start_server
    run_client 'a\n\n你好\n'
    assert_client 0 "server: ${ANSWER}a" "server: $ANSWER" \
        "server: ${ANSWER}你好"
    assert_complains ''
    assert_events 'peer connected' 'peer says: a' 'peer says: ' \
        'peer says: 你好' 'peer left'
}

client_sends_a_last_line_without_end() {
    start_server
    run_client 'a\nb'
    assert_client 0 "server: ${ANSWER}a" "server: ${ANSWER}b"
}

client_takes_1024_bytes() {
    local full
    full=$(repeat 1024 x)
    start_server
    run_client "$full\nb\n"
    assert_client 0 "server: $ANSWER$full" "server: ${ANSWER}b"
    assert_complains ''
}

client_refuses_1025_bytes_and_goes_on() {
    start_server
    run_client "a\n$(repeat 1025 x)\nb\n$(repeat 5000 y)\nc\n"
    assert_client 0 "server: ${ANSWER}a" "server: ${ANSWER}b" \
        "server: ${ANSWER}c"
    assert_complains "client: $TOO_LONG, not sent
client: $TOO_LONG, not sent"
}

client_ends_with_quit() {
    start_server
    run_client 'a\nquit\nb\n'
    assert_client 0 "server: ${ANSWER}a" 'server: quit'
    assert_complains ''
    assert_events 'peer connected' 'peer says: a' 'peer says: quit' \
        'peer left'
}

# Against a peer as server.

client_sends_nothing_behind_quit() {
    start_peer send "$GREETING\n" expect 'quit\n' send 'quit\n' end
    run_client 'quit\nmore\n'
    assert_client 0 'server: quit'
    finish_peer
}

client_ends_with_an_unasked_quit() {
    start_peer send "$GREETING\n" expect 'hello\n' send 'quit\n' end
    hold_input
    start_client
    type_line hello
    finish_client
    assert_client 0 'server: quit'
    assert_complains ''
    finish_peer
}

client_notices_that_the_server_left() {
    start_peer send "$GREETING\n" expect 'hello\n' close
    hold_input
    start_client
    type_line hello
    finish_client
    assert_client 1
    assert_complains 'client: server closed the connection'
    finish_peer
}

client_notices_that_the_server_left_before_greeting() {
    start_peer close
    hold_input
    start_client
    finish_client
    assert_equal "the client's exit status" 1 "$status"
    assert_file "the client's output" "connected to 127.0.0.1:$port\n" "$out"
    assert_complains 'client: server closed the connection'
    finish_peer
}

client_notices_a_reset() {
    skip_on_wine "${client_command[@]}"
    start_peer send "$GREETING\n" expect 'hello\n' reset
    hold_input
    start_client
    type_line hello
    finish_client
    assert_client 1
    assert_matches "the client's errors" '^client: .+ \([0-9]+\)$' "$err"
    finish_peer
}

client_shows_why_it_is_refused() {
    start_peer send 'error: server is full\n' shut recv-all
    hold_input
    start_client
    type_line hello
    finish_client
    assert_equal "the client's exit status" 1 "$status"
    assert_file "the client's output" \
        "connected to 127.0.0.1:$port\nserver: error: server is full\n" "$out"
    assert_complains 'client: server closed the connection'
}

client_shows_control_bytes_as_hex() {
    start_peer send "$GREETING\n" expect 'hello\n' \
        send '\x1b[2J\0\x7f\xc2\x9b\r\n' recv-all
    run_client 'hello\n'
    # Each backslash doubled, since what is expected goes through %b
    assert_client 0 'server: \\x1b[2J\\x00\\x7f\\xc2\\x9b'
    finish_peer
}

client_joins_what_comes_byte_by_byte() {
    start_peer drip "$GREETING\n" expect 'hello\n' drip 'piece by piece\n' \
        recv-all
    run_client 'hello\n'
    assert_client 0 'server: piece by piece'
    finish_peer
}

client_shows_a_last_line_without_end() {
    start_peer send "$GREETING\n" expect 'hello\n' send 'cut' shut end
    run_client 'hello\n'
    assert_client 0 'server: cut'
    finish_peer
}

client_does_not_hang_on_an_endless_line() {
    start_peer send "$GREETING\n" expect 'hello\n' repeat 3000 x recv-all
    hold_input
    start_client
    type_line hello
    finish_client
    assert_client 1
    assert_matches "the client's errors" '^client: .*too long' "$err"
}

client_shows_what_has_come_before_it_waits() {
    start_peer send "$GREETING\n" expect 'hello\n' send 'well\n' recv-all
    hold_input
    start_client
    wait_for_file "$out" "^server: $GREETING\$"
    type_line hello
    wait_for_file "$out" '^server: well$'
    end_input
    finish_client
    assert_client 0 'server: well'
}

client_says_that_it_cannot_print() {
    [ -c /dev/full ] || skip 'there is no /dev/full here'
    start_server
    bounded sh -c 'exec "$@" >/dev/full' sh "${client_command[@]}" \
        "$host" "$port" < <(echo hello)
    assert_equal "the client's exit status" 1 "$status"
    assert_matches "the client's errors" \
        '^client: cannot write to standard output$' "$err"
}

# on_a_terminal COMMAND...: bounded, on a terminal of its own
on_a_terminal() {
    ! is_windows "${client_command[@]}" ||
        skip 'a program for Windows takes a console alone for a terminal'
    in_terminal "$@"
}

# prompted_quit: what somebody types who waits to be asked
prompted_quit() {
    wait_for_file "$TMP/out" '^message> '
    type_line quit
}

client_prompts_on_a_terminal() {
    start_server
    hold_input
    prompted_quit 3>&- 4>&- 8>&- &
    started="$started $!"
    on_a_terminal "${client_command[@]}" "$host" "$port" <"$input"
    assert_equal "the client's exit status" 0 "$status"
    assert_matches 'the terminal' '^message> ' "$out"
}

# Clients that take turns: after its input's end it still wants the answer.
turns_finish_at_the_end_of_input() {
    start_peer send "$GREETING\n" expect 'hello\n' sleep 100 send 'late\n' end
    run_client 'hello\n'
    assert_client 0 'server: late'
    finish_peer
}

turns_leave_when_there_is_no_input() {
    start_peer send "$GREETING\n" end
    run_client ''
    assert_client 0
    assert_complains ''
    finish_peer
}

# ---------------------------------------------------------- foreign programs

# nc_talks INPUT OUTPUT: as for printf %b; the server ends the conversation
nc_talks() {
    needs nc
    start_server
    bounded nc "$host" "$port" < <(printf '%b' "$1")
    assert_file 'what nc received' "$2" "$out"
}

# python_talks INPUT OUTPUT
python_talks() {
    needs python3
    start_server
    bounded python3 -c '
import socket, sys
server = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
server.sendall(sys.stdin.buffer.read())
while received := server.recv(4096):
    sys.stdout.buffer.write(received)
' "$host" "$port" < <(printf '%b' "$1")
    assert_file 'what Python received' "$2" "$out"
}
