#!/usr/bin/env bats
# grade.bats - the bonus, Room on poll: make grade N=bonus

load ../grade.bash

@test "[10] part 1: 2,000 members at once, and each of them hears the last" {
    part 1 '05-select/README.md, "Next"; poll(2); net_poll in net.h'
    descriptors 2100
    play_each multitude
}

@test "[10] part 2: it still is lab 05's room" {
    part 2 'lab 05, its task and its hints; poll(2), "revents"'
    play_each fan-out endings names come-and-go one-thread slow-reader non-reader
}
