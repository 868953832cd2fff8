#!/usr/bin/env bash
# lab.sh - the labs' commands, called by make.mk. What they take comes in
# the environment, as make puts it there:
#
#   N       the lab: 01 to 05, bonus; grade: none for all
#   P       a part of it
#   LAB     grade: the program to grade, a .c file or its directory
#   REPORT  grade: junit or tap instead of the table
#   SEED    grade: repeats the random texts of an earlier grade
#   DIR     handout: where the copy goes; class: the submissions, see class.sh
#   JOBS    selftest: how many grades at a time
#   WHOLE   selftest: not empty: all parts of wrong answers, too
#   SANDBOX grade: must (or nothing is graded) or no; unset: for LAB, where it
#           works: see sandbox.sh
#
# Exit status: 0 done (grade: full marks), 1 not, 2 wrong usage.
set -uo pipefail
start=$PWD
unset CDPATH # or cd might go elsewhere
cd -P -- "$(dirname "${BASH_SOURCE[0]}")/../.." >/dev/null || exit 1
# shellcheck source=/dev/null # nap.bash is for bats, too
source tests/lib/nap.bash
source tests/labs/sandbox.sh
source tests/labs/class.sh

LABS='01 02 03 04 05 bonus'
# Names that only the headers of before had: see earlier-headers.h
EARLIER='net_server_setup|net_send_all|net_watch|net_finish_start|serve_accept'
EARLIER+='|serve_refuse|lines_receive|lines_wait|lines_send|lines_unsent'
EARLIER+='|net_thread_result|LINE_FAILED|NET_SHUT_BOTH|log_unbuffered'
# What grade.bash says of a program that has met one
LIMITS='it (used|printed) more than [0-9]+ (s of processor time|MiB)'
COMPILE=${COMPILE:-cc -std=c11 -O2 -g -Wall -Wextra -pthread}
LDLIBS=${LDLIBS-}
COMPILE_TENTHS=${COMPILE_TENTHS:-500} # it may wait, and the machine be busy
COMPILE_SECONDS=20   # of processor time, for each program of the compiler
COMPILE_KIB=1048576  # of addresses, likewise; where the system can limit them
PROGRAM_KIB=65536    # what it may write
ROOM_KIB=16384       # for programs and logs, before anything is graded
SOURCE_BYTES=1048576 # of a submission: those of the labs have some 20,000
SHOWN_LINES=100      # of what the compiler says
GRADE_TENTHS=3000    # of one lab: a safety net, each wait has its own limit

work=''  # a temporary directory
NAP=''   # a FIFO in it, for nap
child='' # the process group that runs

complain() {
    printf 'lab: %s\n' "$*" >&2
}

usage() {
    complain "$@"
    exit 2
}

# not_graded WHY...: what cannot be graded has no points, which is not 0 points
not_graded() {
    complain "$@"
    [ -z "${n-}" ] || echo "lab $n: not graded"
    exit 1
}

clean_up() {
    local running
    trap - EXIT
    unnap
    if [ -n "$child" ]; then
        kill -KILL -- "-$child" 2>/dev/null
        wait "$child" 2>/dev/null
    fi
    [ -n "$work" ] || return
    for running in "$work"/results/running*; do
        [ ! -s "$running" ] || kill -KILL -- "-$(cat "$running")" 2>/dev/null
    done
    sweep_marked
    rm -rf "$work"
}

# Ends what a graded program has left behind: it carries the mark in its
# environment, whatever group or session it has moved to. What forks on is
# stopped first, until there is nobody new.
sweep_marked() {
    local pids before='' round
    [ -d /proc/self ] || return 0
    unset LAB_MARK # else grep finds itself
    for ((round = 0; round < 50; round++)); do
        pids=$(grep -lF "LAB_MARK=$work" /proc/[0-9]*/environ 2>/dev/null |
            sed 's|^/proc/\([0-9]*\)/.*|\1|')
        [ -n "$pids" ] || return 0
        # Words
        # shellcheck disable=SC2086
        if [ "$pids" = "$before" ]; then
            kill -KILL $pids 2>/dev/null
        else
            kill -STOP $pids 2>/dev/null
        fi
        before=$pids
    done
}

make_work() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/lab.XXXXXX") || exit 1
    # shellcheck disable=SC2034 # for nap
    NAP=$work/nap
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# need_place: a directory can be full, or mounted so that no program in it may
# be run; neither is the submission's fault
need_place() {
    head -c "$((ROOM_KIB * 1024))" /dev/zero >"$work/try" 2>/dev/null ||
        not_graded "there is no room for $((ROOM_KIB / 1024)) MiB in" \
            "${TMPDIR:-/tmp}: say TMPDIR= and another directory"
    printf '#!/bin/sh\n' >"$work/try"
    chmod +x "$work/try"
    if ! "$work/try" 2>/dev/null; then
        not_graded "no program can be run in ${TMPDIR:-/tmp}" \
            '(mounted noexec?): say TMPDIR= and another directory'
    fi
}

# --- Which lab ---------------------------------------------------------------

# find_lab N: sets n, lab, where the task and the student's file are, and own,
# where what we grade it with is; ends the program if there is none
find_lab() {
    n=$1
    case $n in
    [1-5]) n=0$n ;;
    0[1-5]-*) n=${n%%-*} ;;
    esac
    lab=''
    case $n in
    0[1-5]) lab=$(printf '%s' "$n"-*/lab) ;;
    bonus) lab=05-select/lab/bonus ;;
    '') usage "which lab? say N=${LABS// /, N=}" ;;
    esac
    own=tests/labs/$n
    [ -f "$own/grade.bats" ] || usage "there is no lab '$1': $LABS"
}

title() {
    sed -n '1s/^# //p' "$lab/README.md"
}

# find_part: P is one of the lab's parts
find_part() {
    case ${P-} in
    '') usage "which part? say P=1 to P=$(parts)" ;;
    *[!0-9]* | 0*) usage "there is no part '$P' in lab $n: 1 to $(parts)" ;;
    esac
    [ "$P" -le "$(parts)" ] ||
        usage "there is no part $P in lab $n: 1 to $(parts)"
}

parts() {
    grep -c '^@test' "$own/grade.bats"
}

# need_own_lab: the student's files are in the lab's directory
need_own_lab() {
    [ -w "$lab" ] && return
    complain "$lab cannot be written to, and there your files would be:" \
        'make a copy of your own (git clone, or cp -R)'
    exit 1
}

# --- Commands ----------------------------------------------------------------

# starter: what the student begins with: a file of ours, or the chapter's server
# with another head; either with the path of the headers that is right there
starter() {
    local from=${lab%%/*}/server.c up=../../
    [ "$n" != bonus ] || up=../../../
    if [ -f "$own/starter.c" ]; then
        cat "$own/starter.c"
    else
        printf '%s\n' \
            "/* Lab $n: $(title). The task is in README.md, beside this file;" \
            " * \`make grade N=$n\` says how far you are." ' *' \
            " * So far it is the server of chapter ${from%%-*}." ' */'
        sed '1,/^ \*\/$/d' "$from"
    fi | sed "s|^#include \"[./]*/common/|#include \"${up}common/|"
}

# make_starter: puts it where the student's file is; one that is there stays
make_starter() {
    [ ! -e "$lab/server.c" ] || return 0
    starter >"$lab/server.c.new" || exit 1
    mv "$lab/server.c.new" "$lab/server.c" || exit 1
}

do_lab() {
    local status=0
    find_lab "${N-}"
    need_own_lab
    make_starter
    cat "$lab/README.md"
    printf '\n'
    rm -f "$lab/server" # so that an older one is not taken for this one
    echo "yours:       $lab/server.c"
    make_work
    if build "$lab/server.c" "$lab/server"; then
        echo "built:       $lab/server: try it, then again make lab N=$n"
    else
        status=1
        echo "built:       no, $problem: see above"
    fi
    echo "score:       make grade N=$n"
    echo "a hint:      make hint N=$n P=1"
    echo "start over:  make reset N=$n (yours is kept)"
    return "$status"
}

# build SOURCE PROGRAM: compiles, and shows what the compiler says, which stays
# in $work/compiler. If it cannot be done, returns 1, and problem says why.
build() {
    local lines
    problem=''
    : >"$work/compiler"
    if [ "$(wc -c <"$1")" -gt "$SOURCE_BYTES" ]; then
        echo "$1 has more than $SOURCE_BYTES bytes" >"$work/compiler"
        problem='it does not compile: SIZE limit'
    elif ! compile "$1" "$2" >"$work/compiler" 2>&1; then
        problem="it does not compile$(limit_met)"
    fi
    head -n "$SHOWN_LINES" "$work/compiler" | cut -c 1-500 >&2
    lines=$(wc -l <"$work/compiler")
    [ "$lines" -le "$SHOWN_LINES" ] ||
        complain "$((lines - SHOWN_LINES)) more lines of the compiler's"
    [ -z "$problem" ]
}

# limit_met: which one, in the words of compilers and of the shell
limit_met() {
    local said=$work/compiler
    if [ -e "$work/late" ] || grep -q 'CPU time limit' "$said"; then
        echo ': TIME limit'
    elif grep -Eiq 'file size limit|file too large' "$said"; then
        echo ': SIZE limit'
    elif grep -Eiq 'out of memory|memory exhausted|allocate memory|bad_alloc' \
        "$said"; then
        echo ': MEMORY limit'
    fi
}

# compile SOURCE PROGRAM [FLAG...]: as a chapter's program, wherever SOURCE is:
# "../../common/net.h" is found, and so is a solution's "../../../common/net.h".
# A file that was begun with the headers as they were gets their names, too.
compile() {
    local source=$1 program=$2
    shift 2
    if grep -Eqw "$EARLIER" "$source" 2>/dev/null; then
        set -- "$@" -include "$PWD/tests/labs/earlier-headers.h"
    fi
    # In one language, so that a report is the same for everyone. COMPILE and
    # LDLIBS are commands in words.
    # shellcheck disable=SC2086
    LC_ALL=C bounded "$COMPILE_TENTHS" limited "${program%/*}" $COMPILE "$@" \
        -I"$PWD/$lab" -I"$PWD/$lab/.." -I"$PWD/$own" "$source" -o "$program" \
        $LDLIBS
}

# limited DIR COMMAND...: a source of one line can make the compiler take all
# memory (#include "/dev/zero") or write a program of gigabytes (an array)
limited() {
    local dir=$1
    shift
    # macOS cannot limit addresses
    {
        ulimit -S -c 0
        ulimit -S -t "$COMPILE_SECONDS"
        ulimit -S -f "$PROGRAM_KIB"
        ulimit -S -v "$COMPILE_KIB"
    } 2>/dev/null
    confined --bind "$dir" "$@"
}

# bounded TENTHS COMMAND...: in a process group of its own, ended by force
# after so many tenths of a second; then there is a file `late`
bounded() {
    local limit=$1 tenths=0 status=0
    shift
    rm -f "$work/late"
    set -m
    "$@" </dev/null &
    child=$!
    set +m
    while kill -0 "$child" 2>/dev/null; do
        if [ "$tenths" -ge "$limit" ]; then
            : >"$work/late"
            kill -KILL -- "-$child" 2>/dev/null
        fi
        nap 0.1
        tenths=$((tenths + 1))
    done
    wait "$child" || status=$?
    child=''
    return "$status"
}

# One step further each time; the file remembers how far each part has come
do_hint() {
    local state step=0
    find_lab "${N-}"
    find_part
    need_own_lab
    state=$lab/.hints
    [ ! -f "$state" ] || step=$(grep -c "^$P\$" "$state")
    if [ "$step" -ge 3 ]; then
        step=2
        echo "That was the last hint for part $P; here it is again. All of"
        echo "them: $lab/hints.md"
        echo
    else
        echo "$P" >>"$state"
    fi
    hint "$P" $((step + 1))
}

# hint PART STEP
hint() {
    awk -v part="## Part $1" -v step="### $2" '
        /^## / { inside = index($0, part) == 1 }
        /^### / { shown = inside && index($0, step) == 1 }
        /^## / { shown = 0 }
        shown { sub(/^### /, ""); print }' "$lab/hints.md"
}

do_reset() {
    local copy=1
    find_lab "${N-}"
    need_own_lab
    if starter | cmp -s - "$lab/server.c"; then
        echo "$lab/server.c is the starter already"
        return
    fi
    if [ -e "$lab/server.c" ]; then
        while [ -e "$lab/server.c.$copy" ]; do
            copy=$((copy + 1))
        done
        mv "$lab/server.c" "$lab/server.c.$copy" || exit 1
        echo "yours is kept as $lab/server.c.$copy"
    fi
    make_starter
    echo "$lab/server.c is the starter again"
}

# --- Grading -----------------------------------------------------------------

do_grade() {
    case ${REPORT-} in
    '' | junit | tap | class) ;; # class: class.sh's, rows and the table
    *) usage "there is no report '$REPORT': junit, tap, or none for the table" ;;
    esac
    if [ -z "${N-}" ]; then
        [ -z "${LAB-}${P-}" ] ||
            usage "which lab? LAB= and P= need N=${LABS// /, N=}"
        [ -z "${REPORT-}" ] || usage 'a report is of one lab: say N=01'
        need_bats
        grade_all
        return
    fi
    find_lab "$N"
    [ -z "${P-}" ] || find_part
    need_bats
    grade_one
}

need_bats() {
    local version
    if ! version=$(bats --version 2>/dev/null); then
        not_graded 'bats is missing: run sh common/setup.sh'
    fi
    case ${version#* } in
    0.* | 1.[0-7] | 1.[0-7].*)
        not_graded "$version is too old, 1.8 is needed:" \
            'see https://bats-core.readthedocs.io for a newer one'
        ;;
    esac
}

grade_all() {
    local sum=0 most=0 extra=0 one ungraded=''
    make_work
    need_place
    for one in $LABS; do
        find_lab "$one"
        if [ ! -e "$lab/server.c" ]; then
            echo "lab $n: 0/$(($(parts) * 10)), not begun: make lab N=$n" >"$work/all"
            cat "$work/all"
        else
            N=$one bash tests/labs/lab.sh grade | tee "$work/all"
        fi
        one=$(sed -n 's|^lab .*: \([0-9]*\)/\([0-9]*\).*|\1 \2|p' "$work/all")
        if [ -z "$one" ]; then
            ungraded="$ungraded, lab $n not graded"
        elif [ "$n" = bonus ]; then
            extra=${one% *}
        else
            sum=$((sum + ${one% *}))
            most=$((most + ${one#* }))
        fi
        echo
    done
    if [ "$extra" -gt 0 ]; then
        echo "all labs: $sum/$most, and $extra for the bonus$ungraded"
    else
        echo "all labs: $sum/$most$ungraded"
    fi
    [ -z "$ungraded" ] && [ "$sum" -eq "$most" ]
}

# Grades $LAB, or the student's file, as the lab n in the directory lab
grade_one() {
    local source=$lab/server.c status=0
    if [ -n "${LAB-}" ]; then
        case $LAB in
        /*) source=$LAB ;;
        *) source=${FROM:-$start}/$LAB ;;
        esac
        [ ! -d "$source" ] || source=${source%/}/server.c
    fi
    [ "${SANDBOX-}" != inside ] || source=/submission/server.c
    if [ ! -f "$source" ]; then
        [ -n "${LAB-}" ] || complain "make lab N=$n makes the file that is graded"
        not_graded "there is no file $source"
    fi
    enter_sandbox "$source"
    make_work
    need_place
    export LAB_N=$n LAB_SEED=${SEED:-$RANDOM$RANDOM} LAB_MARK=$work
    export LAB_RESULTS=$work/results LAB_COMPILE=$COMPILE
    export LAB_BUILT=$work/built LAB_SERVER=$work/built/server
    export LAB_CHECK=$PWD/$own/check LAB_ROOM=$PWD/tests/labs/03/check
    export LAB_PROBLEM='' LAB_TSAN='' LAB_SETARCH='' TMPDIR=$work
    [ -x "$LAB_CHECK" ] || LAB_CHECK=$LAB_ROOM
    mkdir "$LAB_RESULTS" "$LAB_BUILT"
    build_submission "$source"
    case ${REPORT-} in
    '' | class)
        run_bats --formatter tap >"$work/tap" 2>"$work/bats.err" || status=$?
        [ -z "${REPORT-}" ] || rows
        table
        ;;
    *)
        run_bats --formatter "$REPORT" || status=$?
        ;;
    esac
    [ "$status" -eq 0 ]
}

# enter_sandbox SOURCE: goes on inside, where that is wanted and works: what
# strangers have written is graded there, a student's own file is not
enter_sandbox() {
    local problem
    case ${SANDBOX-} in
    inside | no) return ;;
    must) ;;
    '') [ -n "${LAB-}" ] || return 0 ;;
    *) usage "there is no SANDBOX=$SANDBOX: must, no, or none" ;;
    esac
    if problem=$(sandbox_problem); then
        in_sandbox "$1" bash tests/labs/lab.sh grade
    fi
    [ "${SANDBOX-}" != must ] || not_graded "no sandbox: $problem"
    complain "no sandbox, only limits: $problem"
}

# The sandbox's trial: says so if a program can be run in there
do_inside() {
    lab=''
    confined --ro-bind "$PWD/common" echo inside
}

# build_submission SOURCE: sets LAB_PROBLEM if that cannot be done
build_submission() {
    if ! build "$1" "$LAB_SERVER"; then
        LAB_PROBLEM=$problem
        return
    fi
    if [ -s "$work/compiler" ]; then
        complain 'warnings cost no points, and are often right'
    fi
    # For the parts that are graded
    if sed -n "/part ${P:-.}: /,/^}/p" "$own/grade.bats" | grep -q '^ *tsan '; then
        build_with_tsan "$1"
    fi
}

# always_works COMMAND...: where addresses are random, once is chance
always_works() {
    local i
    for ((i = 0; i < 5; i++)); do
        bounded 100 "$@" >/dev/null 2>&1 || return
    done
}

# A ThreadSanitizer build, if the compiler has one that works here: it cannot
# place its memory where newer kernels randomize addresses by more bits than
# it knows, unless that is switched off.
build_with_tsan() {
    local try=$LAB_BUILT/try
    echo 'int main(void) { return 0; }' >"$try.c"
    compile "$try.c" "$try" -fsanitize=thread >/dev/null 2>&1 || return
    if always_works confined --ro-bind "$LAB_BUILT" "$try"; then
        LAB_SETARCH=''
    elif always_works confined --ro-bind "$LAB_BUILT" setarch -R "$try"; then
        LAB_SETARCH='setarch -R'
    else
        return
    fi
    compile "$1" "$LAB_SERVER-tsan" -fsanitize=thread >/dev/null 2>&1 || return
    LAB_TSAN=$LAB_SERVER-tsan
}

run_bats() {
    local name
    # Neither a make nor a bats that called us is to talk into this one; a bats
    # that is called by another one needs its BATS_ROOT
    unset MAKEFLAGS MFLAGS MAKELEVEL
    for name in "${!BATS_@}"; do
        [ "$name" = BATS_ROOT ] || unset "$name"
    done
    bounded "$GRADE_TENTHS" bats "$@" ${P:+--filter "part $P:"} \
        "$own/grade.bats"
}

# --- The table ---------------------------------------------------------------

table() {
    local line part points name mark got=0 most=0 ungraded=0 rows=0 expected=1
    printf 'lab %s, %s\n\n' "$n" "$(title)"
    if [ -n "$LAB_PROBLEM" ]; then
        printf '  %s\n\n' "$LAB_PROBLEM"
    fi
    printf '  part  points  what\n'
    while read -r line; do
        parse "$line" || continue
        rows=$((rows + 1))
        most=$((most + points))
        mark=0
        case $line in
        *'# skip'*) ungraded=$((ungraded + points)) ;;
        ok*)
            mark=$points
            got=$((got + points))
            ;;
        esac
        printf '  %4s  %3s/%-3s %s\n' "$part" "$mark" "$points" "$name"
    done <"$work/tap"
    [ -n "${P-}" ] || expected=$(parts)
    if [ "$rows" -lt "$expected" ]; then
        complain "the grader itself failed, after $rows of $expected parts:"
        cat "$work/tap" "$work/bats.err" >&2
        most=$((expected * 10))
        status=1
    fi
    [ -n "$LAB_PROBLEM" ] || details
    if [ "$ungraded" -gt 0 ]; then
        printf '\n%s points could not be graded on this machine.\n' "$ungraded"
        status=1
    fi
    if [ -n "${P-}" ]; then
        printf '\nlab %s, part %s: %s/%s\n' "$n" "$P" "$got" "$most"
    else
        printf '\nlab %s: %s/%s\n' "$n" "$got" "$most"
    fi
}

# quoted TEXT: as a shell takes it
quoted() {
    case $1 in
    *[\ \"\'\$\`\\\&\;\(\)\<\>\|\*\?\[\#\~]*)
        printf "'%s'" "${1//\'/\'\\\'\'}"
        ;;
    *) printf '%s' "$1" ;;
    esac
}

# rows: for class.sh: a word, the part, and what is to be said of it, and then
# an empty line
rows() {
    local line part points name mark limit
    if [ -n "$LAB_PROBLEM" ]; then
        printf 'problem\t%s\n' "${LAB_PROBLEM#it }"
    fi
    while read -r line; do
        parse "$line" || continue
        mark=0
        case $line in
        *'# skip'*) mark=- ;;
        ok*) mark=$points ;;
        esac
        printf 'part\t%s\t%s\n' "$part" "$mark"
        if [ "$mark" = 0 ] && [ -z "$LAB_PROBLEM" ]; then
            printf 'cause\t%s\t%s\n' "$part" \
                "$(first_of cause | tr '\t' ' ')"
            limit=$(grep -Eo "$LIMITS" "$LAB_RESULTS/part-$part" | head -n 1)
            [ -z "$limit" ] || printf 'limit\t%s\t%s\n' "$part" "$limit"
        fi
    done <"$work/tap"
    if [ -e "$work/late" ]; then # the parts that it did not come to
        printf 'problem\tended by a limit: TIME\n'
        part=${part:-0}
        while [ "$part" -lt "$(parts)" ]; do
            part=$((part + 1))
            printf 'part\t%s\t0\n' "$part"
        done
    fi
    echo
}

# parse LINE: "ok 1 [10] part 1: what # in 2 s" into points, part and name
parse() {
    case $1 in
    'ok '*'[10] part '* | 'not ok '*'[10] part '*) ;;
    *) return 1 ;;
    esac
    points=10
    part=${1#*'[10] part '}
    name=${part#*: }
    name=${name%% # *}
    part=${part%%:*}
}

# For each part that failed: seen, expected, cause, log, read, repeat
details() {
    local line part points name
    while read -r line; do
        case $line in
        'ok '*'# skip'*)
            parse "$line" || continue
            printf '\npart %s: not graded: %s\n' "$part" "${line#*\# skip }"
            ;;
        'not ok '*)
            parse "$line" || continue
            printf '\npart %s: %s\n' "$part" "$name"
            for key in seen expected cause log read; do
                detail "$key"
            done
            printf '  %-9s make grade N=%s P=%s%s\n' 'repeat' "$n" "$part" \
                "${LAB:+ LAB=$(quoted "$LAB")} SEED=$LAB_SEED"
            ;;
        esac
    done <"$work/tap"
}

# first_of KEY: its first line in the part's result
first_of() {
    sed -n "s/^$1	//p" "$LAB_RESULTS/part-$part" 2>/dev/null | head -n 1
}

# detail KEY
detail() {
    local text
    text=$(first_of "$1")
    [ "$1$text" != log ] || return 0 # it has printed nothing
    [ -n "$text" ] || text='(the grader could not tell)'
    printf '%s\n' "$text" | fold -s -w 66 |
        sed "s/ *\$//; 1s/^/  $(printf '%-10s' "$1")/; 2,\$s/^/            /"
}

# --- Handout and selftest ----------------------------------------------------

# real_place PATH: without links and .., though its end need not exist yet
real_place() {
    local dir=$1 rest=''
    while [ ! -d "$dir" ]; do
        rest=/$(basename "$dir")$rest
        dir=$(dirname "$dir")
    done
    dir=$(cd -P -- "$dir" >/dev/null && pwd) || exit 1
    printf '%s%s\n' "${dir%/}" "$rest"
}

# What is not for students: answers and what shows them, nobody's work, and
# what editors leave behind
NO_ANSWERS=(.git 'labs/*/solution*' 'labs/*/wrong' 'labs/*/right'
    'labs/*/requirements.md' labs/requirements.* labs/grading labs/README.md
    labs/handout.md 'lab/server*' 'lab/bonus/server*' .hints
    '*~' '.*.sw?' '*.orig' '*.rej' '*.o')

# What students get: everything but the answers
do_handout() {
    local dir=${DIR-} page ours=(Makefile common tests 0?-*)
    [ -n "$dir" ] || usage 'where to? say DIR=/path/to/a/new/directory'
    case $dir in
    /*) ;;
    *) dir=${FROM:-$start}/$dir ;;
    esac
    [ ! -e "$dir" ] || usage "$dir is there already: name a new directory"
    dir=$(real_place "$dir")
    case $dir/ in
    */../*) usage "$dir: behind a new directory there is no .." ;;
    "$PWD"/*) usage "$dir is inside this copy: name a directory outside" ;;
    esac
    mkdir -p "$dir" || exit 1
    # Of this copy only what is the tutorial's, whatever else lies here
    for page in .ci .github .clang-format .editorconfig .gitattributes \
        .gitignore LICENSE README.md; do
        [ ! -e "$page" ] || ours+=("$page")
    done
    tar -cf - "${NO_ANSWERS[@]/#/--exclude=}" "${ours[@]}" |
        tar -xf - -C "$dir" || exit 1
    (
        unset MAKEFLAGS MFLAGS MAKELEVEL
        make -s -C "$dir" clean
    ) || exit 1
    # First of all a student sees a page for students
    sed '/^### As an instructor/,/^## /{/^## /!d;}' README.md >"$dir/TUTORIAL.md" &&
        cp tests/labs/handout.md "$dir/README.md" || exit 1
    for page in "$dir"/0?-*/*.md; do
        sed 's|(\.\./README\.md#|(../TUTORIAL.md#|g' "$page" >"$dir/page" &&
            mv "$dir/page" "$page" || exit 1
    done
    echo "a copy for students: $dir"
}

do_selftest() {
    exec bash tests/labs/selftest.sh
}

# What a student begins with, for the selftest
do_starter() {
    find_lab "${N-}"
    starter
}

case ${1-} in
lab | hint | reset | grade | handout | selftest | starter | inside | \
    class) "do_$1" ;;
*) usage 'usage: lab.sh lab | grade | hint | reset | class | handout | selftest' ;;
esac
