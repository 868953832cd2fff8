#!/usr/bin/env bats
# grade.bats - lab 01, Count: make grade N=01

load ../grade.bash

# count NAME: a server of its own for each scenario, since it serves one client
count() {
    # shellcheck disable=SC2034 # grade.bash: its end explains nothing
    ends=yes
    hold_keyboard # who reads it waits for ever
    start_server
    check "$1"
}

@test "[10] part 1: 0 bytes, a few, and 10 MiB are counted right" {
    part 1 '01-blocking/README.md, "Read it"; recv(2); net_recv in net.h'
    count nothing
    count few
    count large
    count larger
}

@test "[10] part 2: dripping and merging clients are counted right" {
    part 2 '01-blocking/README.md, "recv gave me half a message"; the head of lines.h'
    count drip
    count merge
}

@test "[10] part 3: the answer reaches a client that half-closed" {
    part 3 '01-blocking/README.md, "Read it", 5 and 6; "good-bye" in net.h; shutdown(2)'
    count half-close
    expect_exit 0 'having answered its one client, it closes and ends'
    expect_log ' left$' 'a client that ended in good order has left'
}

@test "[10] part 4: a reset is a loss, not an end: lost, exit 1, no count" {
    part 4 '01-blocking/README.md, "Read it", 5; log_lost in talk.h; recv(2)'
    count reset
    local cause='-1 is not 0: what recv returns has three cases'
    expect_exit 1 "$cause"
    expect_log ' lost: .*reset' "$cause"
    expect_no_log ' left$' "$cause"
    expect_no_log '[0-9] bytes' "$cause"
}
