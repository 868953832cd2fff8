#!/usr/bin/env bats
# grade.bats - the bonus, Room on poll: make grade N=bonus

load ../grade.bash
load ../03/room.bash

@test "[10] part 1: 2,200 members at once, and each of them hears the last" {
    part 1 '05-select/README.md, "Next"; poll(2); net_poll in net.h'
    descriptors 2300
    play_each multitude
    play_limited queue
}

@test "[10] part 2: it still is lab 05's room" {
    part 2 'lab 05, its task and its hints; poll(2), "revents"'
    one_thread_program
    play_rows 'fan-out bursts chorus endings names one-name heirs come-and-go
            visitors chatter guests one-thread at-rest slow-reader asker eager' \
        'no-delay flood goodbyes nothing-stays non-reader'
    play_typed keyboard
}
