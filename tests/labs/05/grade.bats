#!/usr/bin/env bats
# grade.bats - lab 05, Room, one thread: make grade N=05

load ../grade.bash
load ../03/room.bash

@test "[10] part 1: it is lab 03's room: lines, names, joins, leaves" {
    part 1 'lab 03, its task and its hints; 05-select/README.md, "Read it"'
    play_each fan-out bursts chorus endings talkers
    play_each names one-name heirs come-and-go hall visitors chatter guests
}

@test "[10] part 2: one thread, no children, and idle when nobody speaks" {
    part 2 '05-select/README.md, "The idea"; select(2)'
    one_thread_program
    play_each one-thread at-rest
    play_typed keyboard
}

@test "[10] part 3: a member that does not read delays nobody, and is dropped" {
    part 3 '05-select/README.md, "Watch it"; net_would_block in net.h'
    play_rows 'slow-reader asker eager two-slow no-delay flood' \
        'goodbyes nothing-stays non-reader'
}

@test "[10] part 4: beyond FD_SETSIZE members are refused politely" {
    part 4 '05-select/README.md, "Break it"; net_can_select in net.h'
    descriptors 1300
    play_taken crowded
    play_limited queue
}
