#!/usr/bin/env bats
# grade.bats - lab 04, Counting house: make grade N=04

load ../grade.bash

@test "[10] part 1: counts are right and in order, pipelined ones too" {
    part 1 '04-nonblocking/README.md, "Read it"; the task, "The protocol"'
    play_each exact pieces at-once endings farthest crowd
}

@test "[10] part 2: another client is answered within 100 ms meanwhile" {
    part 2 '04-nonblocking/README.md, "The idea"; converse in the chapter'
    play_each meanwhile stuck late brim alone
}

@test "[10] part 3: counts, however many at once or behind each other, cost under 2 MiB" {
    part 3 '04-nonblocking/README.md, "Read it"; lines_room in lines.h'
    play_each fifty flood again badly
}

@test "[10] part 4: a client that leaves in mid-count costs nothing later" {
    part 4 '04-nonblocking/README.md, "Watch it"; lose in the chapter'
    # Who goes on using what was freed is to be seen (mallopt(3))
    export MALLOC_PERTURB_=173
    play_each leavers
}
