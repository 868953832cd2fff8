#!/usr/bin/env bats
# grade.bats - lab 03, Room: make grade N=03

load ../../tests/grade.bash

@test "[10] part 1: lines go to all others, whole, under 50 talkers" {
    part 1 '03-threaded/README.md, "The idea"; net_lock in net.h'
    play_each fan-out talkers threads
}

@test "[10] part 2: names, joins, leaves and /who, while 50 come and go" {
    part 2 '03-threaded/README.md, "Read it"; the task, "Names"'
    play_each names come-and-go
}

@test "[10] part 3: clean under a thread sanitizer" {
    part 3 '03-threaded/README.md, "Break it"; net_lock in net.h'
    tsan noise
}

@test "[10] part 4: a member that does not read delays nobody, and is dropped" {
    part 4 'the task, "A member that does not read"; lab hints, part 4'
    play_each non-reader
}

# tsan NAME: under the sanitizer the scenario passes, and nothing is reported
tsan() {
    if [ -n "$LAB_PROBLEM" ]; then
        start_server
    fi
    [ -n "$LAB_TSAN" ] || skip 'this compiler has no thread sanitizer here'
    export TSAN_OPTIONS=halt_on_error=0:report_signal_unsafe=0
    start_server "$LAB_TSAN"
    check "$1"
    sleep 0.5 # a report may still be on its way
    # shellcheck disable=SC2154 # grade.bash sets it
    if grep -q 'WARNING: ThreadSanitizer' "$log"; then
        say_wrong "$(grep '^SUMMARY: ThreadSanitizer' "$log" | head -n 1)" \
            'no report of the sanitizer' \
            'two threads touch the same variable, and no lock keeps them apart'
        return 1
    fi
}
