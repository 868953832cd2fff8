#!/usr/bin/env bats
# 03-threaded.bats - a thread per client. The bodies of the tests are
# in conversation.bash: chapters 04 and 05 hold the same conversation.
#
# shellcheck disable=SC2154 # helpers.bash sets host, port, log, out and others

setup() {
    load ../lib/helpers
    load conversation
    use_chapter 03-threaded
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

@test "at the end of its input the client waits for the last answer" {
    turns_finish_at_the_end_of_input
}

@test "without input the client leaves, and that is no failure" {
    turns_leave_when_there_is_no_input
}
