#!/usr/bin/env bats
# solutions.bats - the labs' solutions keep the chapters' rules, too.

# shellcheck disable=SC2154 # helpers.bash sets them

load labs

@test "the solutions are right with address and undefined sanitizers, too" {
    local n
    export COMPILE='cc -std=c11 -O1 -g -pthread -fsanitize=address,undefined'
    COMPILE+=' -fno-sanitize-recover=all'
    # Nothing of what was freed is kept back: graders look at memory, too
    export ASAN_OPTIONS=quarantine_size_mb=0:thread_local_quarantine_size_kb=0
    for n in 01 02 03 04 05 bonus; do
        grade N="$n" LAB="tests/labs/$n/solution.c" FROM="$TREE"
        # Lab 03's third part is another sanitizer's, two do not go together
        if [ "$n" = 03 ]; then
            says 'part 3: not graded' 'lab 03: 30/40'
        else
            assert_equal "the grade's status for lab $n" 0 "$status"
        fi
    done
}

# use_solution CHAPTER [LAB]: the server under test, with sanitizers
use_solution() {
    local lab=${2:-${1%%-*}}
    use_chapter "$1"
    # shellcheck disable=SC2034 # start_server runs it
    server_command=("$TMP/solution")
    cc -std=c11 -O1 -g -pthread -fsanitize=address,undefined \
        -fno-sanitize-recover=all "tests/labs/$lab/solution.c" \
        -o "$TMP/solution"
}

# A chat room, which does not answer lines, but knows who is there
room_serves() {
    talk greeted send '/who\n' until 'here: ' send 'quit\n' until 'quit\n' end
}

@test "no member can take a chat room down" {
    local lab flood
    for lab in '03-threaded 03' '05-select 05' '05-select bonus'; do
        # shellcheck disable=SC2086 # two words
        use_solution $lab
        start_server
        talk reset
        talk greeted reset
        talk greeted send 'half a mess' sleep 20 reset
        talk greeted repeat 500 '/who\n' sleep 20 reset
        talk greeted repeat 500 '/who\n' sleep 20 close
        talk greeted repeat 16000 "$(repeat 64 x)" \
            until "error: $TOO_LONG\n" shut recv-all
        talk greeted send '\0\x1b[2J\r\n/name \0\n/name \xff\n' \
            until 'error: bad name\nerror: bad name\n' close
        talk shut greeted end
        room_serves
        start_talk greeted wait # and reads no more
        wait_for_file "$TMP/talk2" "$GREETING"
        flood=()
        for _ in 1 2 3 4 5 6 7 8; do # of a mebibyte: more than kernels keep
            flood+=(repeat 1000 "$(repeat 1000 x)\n")
        done
        talk greeted "${flood[@]}" send '/who\n' until 'here: ' close
        wait_for_log ' lost: does not read$'
        go_on
        finish_talk
        room_serves
        stop_server
    done
}

# Those that hold their chapter's conversation take their chapter's abuse
@test "what chapters 02 and 04 stand, their labs' solutions stand" {
    local names='reset at once|mid-message|mebibyte without|without a word'
    names+='|restarted'
    local name
    for name in 02-loop-server 04-nonblocking; do
        use_solution "$name"
        [ "$name" = 02-loop-server ] || names=.
        run abuse "$name" "$names"
        echo "$output"
        assert_equal "the abuse's status for $name" 0 "$status"
    done
}

# abuse CHAPTER NAMES: a bats of its own, which must not take this one's variables
abuse() (
    export SERVER=$TMP/solution CHAPTERS=$1 SANITIZED=yes
    for name in "${!BATS_@}"; do
        [ "$name" = BATS_ROOT ] || unset "$name"
    done
    bats -f "$2" tests/chapters/abuse.bats 3>&- 4>&-
)
