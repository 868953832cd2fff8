# grade.bash - what the labs' graders share. lab.sh, which builds what is
# graded and makes the table, sets:
#
#   LAB_N         the lab: 01 to 05, bonus
#   LAB_BUILT     the directory of the programs to be graded
#   LAB_SERVER    one of them; LAB_PROBLEM: why there is none
#   LAB_TSAN      the same with ThreadSanitizer, if the compiler has it
#   LAB_SETARCH   a command that the sanitizer needs in front, or nothing
#   LAB_CHECK     the lab's check, a program
#   LAB_ROOM      lab 03's check
#   LAB_RESULTS   a directory: part-N holds what the table says of part N
#   LAB_MARK      stands in the environment of all that is started; lab.sh ends
#                 whoever is left with it
#   LAB_SEED      where the nonces come from
#
# shellcheck disable=SC2154 # host, port, log, server: lib/server.sh

bats_require_minimum_version 1.8.0

# shellcheck disable=SC2034 # for nap
NAP=$BATS_RUN_TMPDIR/nap
# shellcheck source=tests/lib/nap.bash
source "${BASH_SOURCE%/*}/../lib/nap.bash"
# shellcheck source=/dev/null # checked as sh
source "${BASH_SOURCE%/*}/sandbox.sh"
# shellcheck source=/dev/null # checked as sh
source "${BASH_SOURCE%/*}/../lib/server.sh"

LOG_KIB=65536      # a server that prints more is stopped by the system
MEMORY_KIB=8388608 # of addresses, and
DATA_KIB=2097152   # what may be written there; unless a sanitizer needs them
CPU_SECONDS=60     # all that one server may use
START_SECONDS=10   # how long it may take until it listens
EXIT_TENTHS=60     # and to end, once it should
CHECK_TENTHS=900   # a check ends by itself; a safety net

# part N READ: this test is part N of the lab; READ is where to look it up
part() {
    if [ -z "${LAB_RESULTS-}" ]; then
        echo 'graders are run by make: make grade N=01'
        return 1
    fi
    result=$LAB_RESULTS/part-$1
    printf 'read\t%s\n' "$2" >"$result"
    row='' # of scenarios: the only one
    server=''
    process='' # of the server: in the sandbox it is not the one that we wait for
    ends='' # yes: the server ends by itself, so that its end explains nothing
}

teardown() {
    unnap
    stop_server
}

# say_wrong SEEN EXPECTED CAUSE: the verdict; returns 1
say_wrong() {
    note_flood
    printf 'seen\t%s\nexpected\t%s\ncause\t%s\n' "$1" "$2" "$3" |
        tee -a "$result"
    show_log
    return 1
}

# note_flood: a log that may not grow any more is the first cause. The signal
# that says so ends only those who do not ignore it, as net.h does.
note_flood() {
    if [ -f "${log-}" ] && [ "$(wc -c <"$log")" -ge $((LOG_KIB * 1024)) ]; then
        printf 'cause\tit printed more than %s MiB\n' $((LOG_KIB / 1024)) \
            >>"$result"
    fi
}

# The end of the server's log, control bytes shown: the last line for the
# table, more for bats' own reports
show_log() {
    if [ -n "${log-}" ] && [ -s "$log" ]; then
        printf 'log\t%s\n' "$(last_words 1)" >>"$result"
        echo 'the last lines of its log:'
        last_words 8
    fi
}

last_words() {
    tail -c 4096 "$log" | tail -n "$1" | cut -c 1-200 | LC_ALL=C tr -d \
        '\000-\011\013-\037\177'
}

# hold_keyboard: from now on standard input is one at which nobody types
hold_keyboard() {
    keyboard=$BATS_TEST_TMPDIR/keyboard
    [ -p "$keyboard" ] || mkfifo "$keyboard"
    exec 7<>"$keyboard"
}

# start_server [PROGRAM]: waits until it listens; sets server, port and log
start_server() {
    local program=${1-$LAB_SERVER}
    if [ -n "${LAB_PROBLEM-}" ]; then
        say_wrong "$LAB_PROBLEM" 'a program' 'see above: nothing was graded'
        return 1
    fi
    stop_server
    # A process group of its own: it ends as a whole
    set -m
    launch "${keyboard:-/dev/null}" "$BATS_TEST_TMPDIR/server.log" \
        limited "$program" 0
    set +m
    # In case this shell is killed
    echo "$server" >"$LAB_RESULTS/running$row"
    local end=$((SECONDS + START_SECONDS + 1)) # the first one may be short
    until listens && [ "$host" = 127.0.0.1 ]; do
        if ! kill -0 "$server" 2>/dev/null; then
            local words
            words=$(last_words 1)
            say_wrong "the server ended at once: ${words:-it printed nothing}" \
                'listening on 127.0.0.1:PORT' \
                "$(how_it_ended); run it by hand, with 0 for a port"
            return 1
        fi
        if [ "$SECONDS" -ge "$end" ]; then
            say_wrong "no such line after $START_SECONDS s" \
                'listening on 127.0.0.1:PORT, in its output' \
                'it hangs before that, or printed without a flush'
            return 1
        fi
        nap 0.1
    done
    process=$server
    [ "${SANDBOX-}" != inside ] || process=$(inner_process "$server") ||
        process=$server # it has ended meanwhile
}

# limited PROGRAM ARGUMENT...: with an end to what it may use
limited() {
    ulimit -c 0
    ulimit -t "$CPU_SECONDS"
    ulimit -f "$LOG_KIB"
    case "$1 ${LAB_COMPILE-}" in
    *tsan* | *-fsanitize*)
        export TSAN_OPTIONS=${TSAN_OPTIONS-}:hard_rss_limit_mb=$((DATA_KIB / 1024))
        ;;
    *)
        ulimit -v "$MEMORY_KIB"
        ulimit -d "$DATA_KIB" 2>/dev/null || :
        ;;
    esac
    limit_processes
    [ -z "${FEW_DESCRIPTORS-}" ] || ulimit -n "$FEW_DESCRIPTORS"
    # It is not to know which texts come, nor where its results are
    unset LAB_SEED LAB_RESULTS
    # LAB_SETARCH is a command in words, or nothing
    # shellcheck disable=SC2086
    confined --ro-bind "$LAB_BUILT" ${LAB_SETARCH-} "$@"
}

# has_ended: the server has, or does so within half a second
has_ended() {
    local tenths=0
    while kill -0 "$server" 2>/dev/null; do
        [ "$tenths" -lt 5 ] || return 1
        nap 0.1
        tenths=$((tenths + 1))
    done
}

# How the server ended, if it did
how_it_ended() {
    local status=0
    wait "$server" 2>/dev/null || status=$?
    in_words "$status"
}

# in_words STATUS
in_words() {
    case $1 in
    132 | 134 | 136 | 138 | 139) echo "it crashed (signal $(($1 - 128)))" ;;
    152) echo "it used more than $CPU_SECONDS s of processor time" ;;
    153) echo "it printed more than $((LOG_KIB / 1024)) MiB" ;;
    *) echo "exit status $1" ;;
    esac
}

# All of it: its group. Children that have left the group carry LAB_MARK, and
# end with the grade.
stop_server() {
    [ -n "${server-}" ] || return 0
    kill -KILL -- "-$server" 2>/dev/null || true
    kill -KILL "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=''
    rm -f "$LAB_RESULTS/running$row"
}

# descriptors N: so many for the server and for the check, or no grade
descriptors() {
    [ "$(ulimit -S -n)" = unlimited ] || [ "$(ulimit -S -n)" -ge "$1" ] ||
        ulimit -S -n "$1" 2>/dev/null ||
        skip "needs $1 descriptors: ulimit -n says $(ulimit -H -n)"
}

# play_each NAME...: each against a server of its own
play_each() {
    local name
    for name in "$@"; do
        start_server
        check "$name"
    done
}

# play_rows ROW...: each row is some names in one word. Rows are played side by
# side, since a scenario waits most of its time. The verdict is that of the
# first row that fails, not of the quickest one: so it is the same each time.
play_rows() {
    local names pid number=0 pids=()
    for names in "$@"; do
        number=$((number + 1))
        play_row "$number" "$names" 3>&- 4>&- &
        pids+=("$!")
    done
    number=0
    while [ "${#pids[@]}" -gt 0 ]; do
        number=$((number + 1))
        wait "${pids[0]}" || break
        pids=("${pids[@]:1}")
    done
    [ "${#pids[@]}" -gt 0 ] || return 0
    for pid in "${pids[@]:1}"; do
        kill "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
    cat "$BATS_TEST_TMPDIR/row-$number/output"
    cat "$BATS_TEST_TMPDIR/row-$number/result" >>"$result"
    return 1
}

# play_row NUMBER NAMES: in a process, with files and servers of its own
play_row() {
    row=-$1
    BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR/row$row
    mkdir "$BATS_TEST_TMPDIR"
    exec >"$BATS_TEST_TMPDIR/output" 2>&1
    result=$BATS_TEST_TMPDIR/result
    : >"$result"
    trap end_row EXIT
    # Words
    # shellcheck disable=SC2086
    play_each $2
}

# Its server ends, and the check that a row which is stopped may be in
end_row() {
    local pids
    pids=$(jobs -p)
    teardown
    # shellcheck disable=SC2086 # words
    [ -z "$pids" ] || kill -KILL $pids 2>/dev/null || :
}

# check NAME...: the scenarios of these names, all against this server
check() {
    local name
    for name in "$@"; do
        play "$LAB_CHECK" "$name" || return 1
    done
}

# play PROGRAM NAME: one scenario. What went wrong goes to the result, and so
# does the server's end if it is gone.
play() {
    local said=$BATS_TEST_TMPDIR/said status=0
    bounded "$CHECK_TENTHS" "$1" "$2" "$port" "$process" "$log" "$LAB_SEED" \
        >"$said" 2>&1 || status=$?
    [ "$status" -ne 0 ] || return 0
    if ! grep -q '^seen' "$said"; then
        printf 'seen\t%s\nexpected\t%s\ncause\t%s\n' \
            "the check $2 ended with status $status: $(tail -n 1 "$said")" \
            'a verdict' 'the grader: not your fault' >>"$said"
    fi
    note_flood
    # A check that finds nobody at the other end cannot know why
    if has_ended; then
        local how
        how=$(how_it_ended)
        [ -n "$ends" ] && [ "${how#exit status}" != "$how" ] ||
            printf 'cause\tthe server has ended: %s; its last words: %s\n' \
                "$how" "$(last_words 1)" >>"$result"
    fi
    tee -a "$result" <"$said"
    show_log
    return 1
}

# bounded TENTHS COMMAND...: ended by force after so many tenths of a second
bounded() {
    local limit=$1 tenths=0 pid
    shift
    "$@" 3>&- 4>&- &
    pid=$!
    # In a shell without bats' trap, which works at each command: that was a
    # third of what grading costs
    (
        trap - DEBUG
        while kill -0 "$pid" 2>/dev/null; do
            if [ "$tenths" -ge "$limit" ]; then
                kill -KILL "$pid" 2>/dev/null || true
            fi
            nap 0.1
            tenths=$((tenths + 1))
        done
    )
    wait "$pid"
}

# expect_exit STATUS CAUSE: the server ends by itself, and leaves nothing
expect_exit() {
    local tenths=0 status=0
    while kill -0 "$server" 2>/dev/null; do
        if [ "$tenths" -ge "$EXIT_TENTHS" ]; then
            say_wrong "it still runs $((EXIT_TENTHS / 10)) s later" \
                "the server ends, exit status $1" "$2"
            return 1
        fi
        nap 0.1
        tenths=$((tenths + 1))
    done
    wait "$server" 2>/dev/null || status=$?
    if [ "$status" -ne "$1" ]; then
        say_wrong "$(in_words "$status")" "exit status $1" "$2"
        return 1
    fi
    if kill -0 -- "-$process" 2>/dev/null; then
        say_wrong 'it has left a child running' 'one process, ended' \
            'a fork whose child nobody waits for'
        return 1
    fi
}

# expect_log PATTERN CAUSE: a line of the log matches the extended expression
expect_log() {
    if ! grep -Eq -- "$1" "$log"; then
        say_wrong "$(last_words 1)" "a line of the log with: $1" "$2"
        return 1
    fi
}

expect_no_log() {
    if grep -Eq -- "$1" "$log"; then
        say_wrong "$(grep -E -- "$1" "$log" | head -n 1 | cut -c 1-200)" \
            "no line of the log with: $1" "$2"
        return 1
    fi
}
