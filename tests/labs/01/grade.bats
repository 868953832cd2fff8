#!/usr/bin/env bats
# grade.bats - lab 01, Count: make grade N=01

load ../grade.bash

# A line of the log, up to what has happened
WHO='^[0-9]{4}(-[0-9]{2}){2} [0-9]{2}(:[0-9]{2}){2} 127\.0\.0\.1:[0-9]+'

# count NAME: a server of its own for each scenario, since it serves one client
count() {
    # shellcheck disable=SC2034 # grade.bash: its end explains nothing
    ends=yes
    start_server
    check "$1"
}

# lose NAME: count, and then it ends as after a loss
lose() {
    count "$1"
    expect_exit 1 'after a loss the exit status 1 is due, and no next client'
    expect_no_log ' left$' \
        '-1 is not 0: what recv returns has three cases, and only 0 is left'
    expect_log "$WHO lost: .* \\([0-9]+\\)\$" 'who is lost, and the reason'
    expect_no_count
}

# Beside the lines of the chapter there is none with a number that could be one
# shellcheck disable=SC2154 # grade.bash sets log
expect_no_count() {
    local line
    line=$(grep -Ev "^listening on |^waiting in |$WHO (connected|lost)" "$log" |
        grep -E '[0-9]{2}' | head -n 1)
    [ -z "$line" ] || say_wrong "$line" 'lost, and nothing of what has come' \
        'nobody can say how much was sent, so no count is logged'
}

@test "[10] part 1: 0 bytes, a few, and 10 MiB are counted right" {
    part 1 '01-blocking/README.md, "Read it"; recv(2); net_recv in net.h'
    hold_keyboard # who reads it waits for ever
    count nothing
    count one
    count few
    count bytes
    count large
    count larger
}

@test "[10] part 2: dripping and merging clients are counted right" {
    part 2 '01-blocking/README.md, "recv gave me half a message"; the head of lines.h'
    hold_keyboard
    count drip
    count merge
    count asleep
}

@test "[10] part 3: the answer reaches a client that half-closed" {
    part 3 '01-blocking/README.md, "Read it", 5 and 6; "good-bye" in net.h; shutdown(2)'
    count brief # with standard input at its end
    hold_keyboard
    echo typed >&7
    count half-close
    expect_exit 0 'after its one client it ends, with exit status 0'
    expect_log "$WHO left\$" 'a client that ended in good order has left'
    local typed=''
    read -r -t 1 -u 7 typed || :
    [ "$typed" = typed ] ||
        say_wrong 'what was typed is gone' 'what was typed is still there' \
            'the server reads standard input'
}

@test "[10] part 4: a reset is a loss, not an end: lost, exit 1, no count" {
    part 4 '01-blocking/README.md, "Read it", 5; log_lost in talk.h; recv(2)'
    hold_keyboard
    lose reset
    lose reset-soon
    lose reset-unread
    lose reset-queued
    lose unanswered
}
