#!/usr/bin/env bats
# grade.bats - lab 03, Room: make grade N=03

load ../grade.bash

@test "[10] part 1: lines go to all others, whole, under 50 talkers" {
    part 1 'the task, "Lines"; 03-threaded/README.md, "Read it"'
    play_rows 'fan-out bursts chorus endings talkers' threads
}

@test "[10] part 2: names, joins, leaves and /who, while 50 come and go" {
    part 2 '03-threaded/README.md, "Read it"; the task, "Names"'
    # For 500 members, who may have a second thread and a pipe each
    # shellcheck disable=SC2034 # sandbox.sh has it
    PROCESSES=1100
    ulimit -S -n 1600 2>/dev/null || :
    play_each names one-name heirs come-and-go hall visitors chatter
}

@test "[10] part 3: clean under a thread sanitizer" {
    part 3 '03-threaded/README.md, "One number that all threads change"; net_lock in net.h'
    tsan noise
}

@test "[10] part 4: a member that does not read delays nobody, and is dropped" {
    part 4 'the task, "A member that does not read"; lab hints, part 4'
    play_rows 'slow-reader asker eager two-slow no-delay' \
        'goodbyes nothing-stays non-reader'
}

# tsan NAME: under the sanitizer the scenario passes, nothing is reported, and
# the server goes on
tsan() {
    local report='(WARNING|ERROR|FATAL): [A-Za-z]*Sanitizer|runtime error: '
    local ended=''
    if [ -n "$LAB_PROBLEM" ]; then
        start_server
    fi
    [ -n "$LAB_TSAN" ] || skip 'this compiler has no thread sanitizer here'
    export TSAN_OPTIONS=halt_on_error=0:report_signal_unsafe=0
    start_server "$LAB_TSAN"
    check "$1"
    # It waits a moment, in which a report may still come
    ! has_ended || ended=$(how_it_ended)
    # shellcheck disable=SC2154 # grade.bash sets it
    if grep -Eq "$report" "$log"; then
        say_wrong "$({
            grep '^SUMMARY: ' "$log"
            grep -E "$report" "$log"
        } | head -n 1)" 'no report of the sanitizer' \
            'two threads touch the same variable, and no lock keeps them apart; or it crashed: its log says where'
        return 1
    fi
    if [ -n "$ended" ]; then
        say_wrong "the server has ended: $ended" 'a server that goes on' \
            'something in it ends the whole process: exit, abort, a signal'
        return 1
    fi
}
