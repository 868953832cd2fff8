#!/usr/bin/env bats
# lab.bats - the labs' commands: what they say, to a slip too, and what they
# keep. Played in a copy, so that nobody's work is touched. That the graders
# grade right is make selftest's.

bats_require_minimum_version 1.8.0

setup_file() {
    export TREE=$BATS_FILE_TMPDIR/tree
    # -O0: compiled sooner
    export COMPILE='cc -std=c11 -O0 -pthread' LDLIBS=''
    mkdir "$TREE"
    cd "$BATS_TEST_DIRNAME/.." || return
    cp -Rp Makefile LICENSE README.md common tests 0?-* "$TREE"
    cd "$TREE" || return
    for starter in 0?-*/lab/starter.c 0?-*/lab/bonus/starter.c; do
        cp "$starter" "${starter%starter.c}server.c"
    done
    rm -f 0?-*/lab/.hints 0?-*/lab/server.c.*
    # All that an instructor's machine might have set
    unset N P LAB REPORT SEED DIR JOBS FROM MAKEFLAGS MFLAGS MAKELEVEL
    $COMPILE 01-blocking/lab/check.c -o 01-blocking/lab/check
}

setup() {
    unset MAKEFLAGS MFLAGS MAKELEVEL
    cd "$TREE" || return
}

# lab COMMAND [VARIABLE=VALUE...]
lab() {
    local command=$1
    shift
    run env "$@" bash tests/lab.sh "$command" 3>&-
    echo "status $status:"
    echo "$output"
}

# expect STATUS TEXT...: all of them stand in the output
expect() {
    [ "$status" -eq "$1" ] || return 1
    shift
    for text in "$@"; do
        case $output in
        *"$text"*) ;;
        *)
            echo "expected: $text"
            return 1
            ;;
        esac
    done
}

# broken BODY: a submission for lab 01 whose main does just that
broken() {
    mkdir -p "$BATS_TEST_TMPDIR/submission"
    submission=$BATS_TEST_TMPDIR/submission/server.c
    printf '%s\n' '#include "../../common/net.h"' '#include "../../common/lines.h"' \
        'int main(void)' '{' "$@" '}' >"$submission"
}

@test "a lab that does not exist is answered with those that do" {
    lab grade N=07
    expect 2 "there is no lab '07': 01 02 03 04 05 bonus"
    lab lab
    expect 2 'which lab? say N=01'
    lab reset N=../x
    expect 2 'there is no lab'
}

@test "a part that does not exist is answered with those that do" {
    lab hint N=03
    expect 2 'which part? say P=1 to P=4'
    lab hint N=bonus P=3
    expect 2 'there is no part 3 in lab bonus: 1 to 2'
    lab grade N=01 P=x
    expect 2 "there is no part 'x' in lab 01: 1 to 4"
}

@test "a grade of nothing in particular is refused in words" {
    lab grade LAB=x.c
    expect 2 'which lab? LAB= and P= need N='
    lab grade N=01 REPORT=xml
    expect 2 "there is no report 'xml'"
}

@test "hints come one step further each time, and then once more" {
    lab hint N=2 P=1
    expect 0 '1. What goes wrong'
    lab hint N=02 P=1
    expect 0 '2. Where to read'
    lab hint N=02 P=2
    expect 0 '1. What goes wrong'
    lab hint N=02 P=1
    expect 0 '3. The shape of the code'
    lab hint N=02 P=1
    expect 0 'the last hint' '3. The shape of the code' 'lab/hints.md'
}

@test "every part of every lab has points, three hints and a row in its task" {
    for dir in 0?-*/lab 0?-*/lab/bonus; do
        parts=$(grep -c '^@test "\[10\] part' "$dir/grade.bats")
        [ "$parts" -eq "$(grep -c '^@test' "$dir/grade.bats")" ]
        [ "$parts" -eq "$(grep -c '^| [0-9] | 10 |' "$dir/README.md")" ]
        [ "$parts" -eq "$(grep -c '^## Part' "$dir/hints.md")" ]
        [ $((3 * parts)) -eq "$(grep -c '^### [123]\. ' "$dir/hints.md")" ]
    done
}

@test "every section that a failed part sends its reader to is there" {
    grep -hoE "'[^ ']*README\.md, \"[^\"]*\"" 0?-*/lab/grade.bats \
        0?-*/lab/bonus/grade.bats | tr -d "'\"" >"$BATS_TEST_TMPDIR/pointers"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/pointers")" -ge 15 ]
    while read -r file section; do
        echo "$file $section"
        grep -q "^##* .*$section" "${file%,}"
    done <"$BATS_TEST_TMPDIR/pointers"
}

@test "reset puts the starter back and keeps every file that it replaces" {
    lab reset N=01
    expect 0 'is the starter already'
    echo first >01-blocking/lab/server.c
    lab reset N=01
    expect 0 'yours is kept as 01-blocking/lab/server.c.1'
    echo second >01-blocking/lab/server.c
    lab reset N=01
    expect 0 'server.c.2'
    [ "$(cat 01-blocking/lab/server.c.1)" = first ]
    [ "$(cat 01-blocking/lab/server.c.2)" = second ]
    cmp 01-blocking/lab/server.c 01-blocking/lab/starter.c
}

@test "make lab shows the task, builds the file and names the next steps" {
    run make lab N=02
    expect 0 '# Patience' 'built:       02-loop-server/lab/server' \
        'make grade N=02' 'make hint N=02 P=1'
    [ -x 02-loop-server/lab/server ]
}

@test "in a chapter the lab is the chapter's own" {
    run make -C 03-threaded hint P=4
    expect 0 '1. What goes wrong' 'with the lock held'
}

@test "a submission that does not compile says so, in the compiler's words" {
    broken 'return nothing;'
    lab grade N=01 LAB="$submission"
    expect 1 'it does not compile' "'nothing' undeclared" 'lab 01: 0/40' ||
        expect 1 'it does not compile' 'nothing' 'lab 01: 0/40'
}

@test "a submission that is not there is named" {
    lab grade N=01 LAB=/nowhere/server.c
    expect 1 'there is no file /nowhere/server.c' 'lab 01: 0/40'
}

@test "a server that ends at once is told apart from one that is wrong" {
    broken 'puts("good morning");' 'return 3;'
    lab grade N=01 P=1 LAB="$submission"
    expect 1 'the server ended at once: good morning' 'exit status 3' \
        'lab 01, part 1: 0/10'
}

@test "a failed part says what was seen and expected, why, and how to repeat" {
    lab grade N=01 P=2 SEED=7
    expect 1 'seen      "0 bytes' 'expected  "' 'cause     every byte' \
        'read      01-blocking/README.md' 'repeat    make grade N=01 P=2' 'SEED=7'
}

@test "a report is bats' own, with the points in the names" {
    lab grade N=01 P=4 REPORT=tap
    expect 1 '1..1' 'not ok 1 [10] part 4'
    lab grade N=01 P=4 REPORT=junit
    expect 1 '<testsuite' 'name="[10] part 4'
}

@test "a handout has no answers, and all else works in it" {
    dir=$BATS_TEST_TMPDIR/handout
    lab handout DIR="$dir"
    expect 0 'a copy for students'
    [ -z "$(find "$dir" -name solution -o -name wrong -o -name .git)" ]
    cd "$dir"
    cp "$TREE/01-blocking/lab/check" 01-blocking/lab/check
    touch 01-blocking/lab/check
    lab grade N=01 P=4
    expect 1 'lab 01, part 4: 0/10'
    lab hint N=05 P=1
    expect 0 '1. What goes wrong'
    lab selftest
    expect 2 'no solutions'
}

@test "a handout never overwrites, nor copies itself into itself" {
    lab handout
    expect 2 'where to?'
    lab handout DIR="$BATS_TEST_TMPDIR"
    expect 2 'is there already'
    lab handout DIR=out
    expect 2 'inside this copy'
}

@test "submissions are graded in a loop, each by its path from anywhere" {
    mkdir -p "$BATS_TEST_TMPDIR/in/ann" "$BATS_TEST_TMPDIR/in/bob"
    cp 01-blocking/lab/starter.c "$BATS_TEST_TMPDIR/in/ann/server.c"
    echo 'int main(void) {' >"$BATS_TEST_TMPDIR/in/bob/server.c"
    cd "$BATS_TEST_TMPDIR"
    for file in in/*/server.c; do
        printf '%s ' "$file"
        N=01 P=4 LAB=$file FROM=$PWD bash "$TREE/tests/lab.sh" grade 2>/dev/null |
            tail -n 1
    done >scores
    cat scores
    [ "$(sed -n 1p scores)" = 'in/ann/server.c lab 01, part 4: 0/10' ]
    [ "$(sed -n 2p scores)" = 'in/bob/server.c lab 01, part 4: 0/10' ]
}

@test "a grader that is cut short gives no full marks for what it has done" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '%s\n' '#!/bin/sh' 'echo 1..4' \
        'echo "ok 1 [10] part 1: 0 bytes, a few, and 10 MiB are counted"' \
        >"$BATS_TEST_TMPDIR/bin/bats"
    chmod +x "$BATS_TEST_TMPDIR/bin/bats"
    lab grade N=01 "PATH=$BATS_TEST_TMPDIR/bin:$PATH"
    expect 1 'the grader itself failed, after 1 of 4 parts' 'lab 01: 10/40'
}
