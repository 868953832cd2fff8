#!/usr/bin/env bats
# commands.bats - the labs' commands: what they say, to a slip too, and what they
# keep. Played in a copy, so that nobody's work is touched. That the graders
# grade right is make selftest's.

bats_require_minimum_version 1.8.0

setup_file() {
    export TREE=$BATS_FILE_TMPDIR/tree
    # -O0: compiled sooner
    export COMPILE='cc -std=c11 -O0 -pthread' LDLIBS=''
    mkdir "$TREE"
    cd "$BATS_TEST_DIRNAME/../.." || return
    cp -Rp Makefile LICENSE README.md .github common tests 0?-* "$TREE"
    cd "$TREE" || return
    rm -f 0?-*/lab/.hints 0?-*/lab/server* 0?-*/lab/bonus/server*
    # All that an instructor's machine might have set
    unset N P LAB REPORT SEED DIR OUT JOBS AGAIN FROM MAKEFLAGS MFLAGS MAKELEVEL
    export SANDBOX=no
    rm -f tests/labs/*/check
    for n in 01 02; do
        $COMPILE "tests/labs/$n/check.c" -o "tests/labs/$n/check"
    done
}

setup() {
    unset MAKEFLAGS MFLAGS MAKELEVEL
    cd "$TREE" || return
}

# Each test finds the labs as a fresh clone has them
teardown() {
    rm -f "$TREE"/0?-*/lab/server* "$TREE"/0?-*/lab/.hints
}

# lab COMMAND [VARIABLE=VALUE...]
lab() {
    local command=$1
    shift
    run env "$@" bash tests/labs/lab.sh "$command" 3>&-
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

# Nothing was printed
assert_none() {
    [ "$status" -eq 1 ] && return
    echo "expected none, and there is: $output"
    return 1
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
    for n in 01 02 03 04 05 bonus; do
        dir=$(echo "$n"-*/lab)
        [ "$n" != bonus ] || dir=05-select/lab/bonus
        parts=$(grep -c '^@test "\[10\] part' "tests/labs/$n/grade.bats")
        [ "$parts" -eq "$(grep -c '^@test' "tests/labs/$n/grade.bats")" ]
        [ "$parts" -eq "$(grep -c '^| [0-9] | 10 |' "$dir/README.md")" ]
        [ "$parts" -eq "$(grep -c '^## Part' "$dir/hints.md")" ]
        [ $((3 * parts)) -eq "$(grep -c '^### [123]\. ' "$dir/hints.md")" ]
    done
}

@test "every section that a failed part sends its reader to is there" {
    grep -hoE "'[^ ']*README\.md, \"[^\"]*\"" tests/labs/*/grade.bats |
        tr -d "'\"" >"$BATS_TEST_TMPDIR/pointers"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/pointers")" -ge 15 ]
    while read -r file section; do
        echo "$file $section"
        grep -q "^##* .*$section" "${file%,}"
    done <"$BATS_TEST_TMPDIR/pointers"
}

@test "every function that a failed part or a lab page names is there" {
    # In a header, or in the chapters' servers
    cat common/*.h tests/lib/*.h tests/labs/labpeer.h 0?-*/server.c \
        >"$BATS_TEST_TMPDIR/sources"
    cat 0?-*/lab/*.md 0?-*/lab/bonus/*.md tests/labs/*/grade.bats \
        tests/labs/*/check.c | grep -oE '(net|lines?|log|talk|args)_[a-z_]+' |
        sort -u >"$BATS_TEST_TMPDIR/names"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/names")" -ge 20 ]
    while read -r name; do
        echo "$name"
        grep -qw "$name" "$BATS_TEST_TMPDIR/sources"
    done <"$BATS_TEST_TMPDIR/names"
}

@test "before make lab there is nothing to grade, and that is no 0" {
    lab grade N=03
    expect 1 'there is no file' '03-threaded/lab/server.c' 'make lab N=03' \
        'lab 03: not graded'
    [[ $output != *0/* ]] || return 1
}

@test "a grade of all labs says which are not begun" {
    lab grade
    expect 1 'lab 03: 0/40, not begun: make lab N=03' 'all labs: 0/200'
}

@test "make lab makes the file from the chapter's server, and never twice" {
    lab lab N=03
    expect 0 '# Room' 'built:       03-threaded/lab/server'
    sed -n '/^static/,$p' 03-threaded/server.c >"$BATS_TEST_TMPDIR/chapter"
    sed -n '/^static/,$p' 03-threaded/lab/server.c | cmp - "$BATS_TEST_TMPDIR/chapter"
    head -n 2 03-threaded/lab/server.c | grep -q 'make grade N=03'
    echo '/* mine */' >>03-threaded/lab/server.c
    lab lab N=03
    [ "$(tail -n 1 03-threaded/lab/server.c)" = '/* mine */' ]
}

@test "every lab's starter compiles where make lab puts it" {
    for n in 01 02 03 04 05 bonus; do
        lab lab N="$n" COMPILE='cc -std=c11 -Wall -Wextra -Werror -pthread'
        expect 0 'built:'
    done
}

@test "reset puts the starter back and keeps every file that it replaces" {
    lab reset N=01
    expect 0 'is the starter again'
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
    grep -q 'Lab 01: count what one client sends' 01-blocking/lab/server.c
}

@test "make lab shows the task, builds the file and names the next steps" {
    run make lab N=02
    expect 0 '# Patience' 'built:       02-loop-server/lab/server' \
        'make grade N=02' 'make hint N=02 P=1'
    [ -x 02-loop-server/lab/server ]
}

@test "in a chapter the lab is the chapter's own" {
    run make -C 03-threaded hint P=4
    expect 0 '1. What goes wrong' 'for a member that does not read'
}

@test "a submission that does not compile says so, in the compiler's words" {
    broken 'return nothing;'
    lab grade N=01 LAB="$submission"
    expect 1 'it does not compile' "'nothing' undeclared" 'lab 01: 0/40' ||
        expect 1 'it does not compile' 'nothing' 'lab 01: 0/40'
}

@test "a submission that is not there is named, and has no points" {
    lab grade N=01 LAB=/nowhere/server.c
    expect 1 'there is no file /nowhere/server.c' 'lab 01: not graded'
    [[ $output != */40* ]] || return 1
}

@test "a file that was begun with the headers as they were compiles" {
    cp tests/labs/grading/earlier.c.in "$BATS_TEST_TMPDIR/server.c"
    lab grade N=02 P=4 LAB="$BATS_TEST_TMPDIR"
    expect 1 'lab 02, part 4: 0/10' 'the first line says so'
}

@test "warnings are shown in whatever language the compiler speaks" {
    broken 'int unused;' 'return 0;'
    # shellcheck disable=SC2016 # for the script that is printed
    printf '%s\n' '#!/bin/sh' \
        'if [ "${LC_ALL-}" = C ]; then exec cc -Wall "$@"; fi' \
        'echo "server.c:4:5: Warnung: unbenutzte Variable" >&2' \
        'exec cc -w "$@"' >"$BATS_TEST_TMPDIR/gcc"
    chmod +x "$BATS_TEST_TMPDIR/gcc"
    lab grade N=01 P=1 LAB="$submission" COMPILE="$BATS_TEST_TMPDIR/gcc" \
        LC_ALL=de_DE.UTF-8
    expect 1 'warnings cost no points'
}

@test "a server that ends at once is told apart from one that is wrong" {
    broken 'puts("good morning");' 'return 3;'
    lab grade N=01 P=1 LAB="$submission"
    expect 1 'the server ended at once: good morning' 'exit status 3' \
        'lab 01, part 1: 0/10'
}

@test "with a bats that is too old nothing is graded" {
    mkdir "$BATS_TEST_TMPDIR/old"
    printf '%s\n' '#!/bin/sh' 'echo Bats 1.2.1' >"$BATS_TEST_TMPDIR/old/bats"
    chmod +x "$BATS_TEST_TMPDIR/old/bats"
    lab lab N=01
    lab grade N=01 PATH="$BATS_TEST_TMPDIR/old:$PATH"
    expect 1 'Bats 1.2.1 is too old, 1.8 is needed' 'lab 01: not graded'
    [[ $output != */40* ]] || return 1
}

@test "where no program can be run, nothing is graded" {
    noexec=$BATS_TEST_TMPDIR/noexec
    mkdir "$noexec"
    mount="mount -t tmpfs -o noexec none '$noexec'"
    unshare -rm sh -c "$mount" 2>/dev/null ||
        skip 'needs unshare, and the right to mount a directory noexec'
    lab lab N=01
    run unshare -rm sh -c "$mount && TMPDIR='$noexec' N=01 bash tests/labs/lab.sh grade"
    echo "$output"
    expect 1 "no program can be run in $noexec" 'lab 01: not graded'
    [[ $output != */40* ]] || return 1
}

@test "a failed part says what was seen and expected, why, and how to repeat" {
    lab lab N=01
    lab grade N=01 P=2 SEED=7
    expect 1 'seen      ' 'expected  ' 'cause     every byte' \
        'read      01-blocking/README.md' 'repeat    make grade N=01 P=2' 'SEED=7'
}

@test "a report is bats' own, with the points in the names" {
    lab lab N=01
    lab grade N=01 P=4 REPORT=tap
    expect 1 '1..1' 'not ok 1 [10] part 4'
    lab grade N=01 P=4 REPORT=junit
    expect 1 '<testsuite' 'name="[10] part 4'
}

@test "a handout has no answers, and all else works in it" {
    dir=$BATS_TEST_TMPDIR/handout
    lab handout DIR="$dir"
    expect 0 'a copy for students'
    [ -z "$(find "$dir" -name solution.c -o -name wrong -o -name right \
        -o -name 'requirements.*' -o -name .git -o -path '*/lab/server*')" ]
    # Nor does any file hold a line that only a solution has
    cat tests/labs/*/solution.c | grep -E '.{40}' | sort -u >"$BATS_TEST_TMPDIR/lines"
    cat 0?-*/*.c tests/labs/*/starter.c 0?-*/*.md 0?-*/lab/*.md 0?-*/lab/bonus/*.md common/*.h |
        grep -vxFf - "$BATS_TEST_TMPDIR/lines" >"$BATS_TEST_TMPDIR/answers"
    [ -s "$BATS_TEST_TMPDIR/answers" ]
    run grep -rxFf "$BATS_TEST_TMPDIR/answers" "$dir"
    assert_none
    [ -f "$dir/04-nonblocking/server.c" ]
    cd "$dir"
    cp "$TREE/tests/labs/01/check" tests/labs/01/check
    lab lab N=01
    expect 0 'built:'
    lab grade N=01 P=4
    expect 1 'lab 01, part 4: 0/10'
    lab hint N=05 P=1
    expect 0 '1. What goes wrong'
    lab selftest
    expect 2 'no solutions'
}

@test "a handout's first page is the student's, and leads everywhere" {
    dir=$BATS_TEST_TMPDIR/handout
    lab handout DIR="$dir"
    cd "$dir"
    run head -n 30 README.md
    expect 0 'make lab N=01' 'make grade N=01' 'make hint N=01 P=2' \
        'sh common/setup.sh' '01-blocking/lab/README.md' 'hours'
    [ ! -e tests/labs/README.md ]
    run grep -i instructor ./*.md
    assert_none
    for page in README.md TUTORIAL.md 05-select/README.md; do
        grep -oE '\]\([^)#:]+' "$page" | sed 's/^](//' | while read -r link; do
            echo "$page: $link"
            [ -e "$(dirname "$page")/$link" ] || exit 1
        done
    done
}

@test "a handout holds only what is the tutorial's" {
    mkdir grades "$TREE/submissions"
    echo secret | tee grades/x "$TREE/submissions/x" \
        tests/labs/01/solution.c~ tests/labs/01/solution >/dev/null
    lab handout DIR="$BATS_TEST_TMPDIR/handout"
    rm -r grades submissions tests/labs/01/solution.c~ tests/labs/01/solution
    run grep -rl secret "$BATS_TEST_TMPDIR/handout" --include=x --include='solution*'
    assert_none
}

@test "a handout never overwrites, nor copies itself into itself" {
    lab handout
    expect 2 'where to?'
    lab handout DIR="$BATS_TEST_TMPDIR"
    expect 2 'is there already'
    lab handout DIR=handed-out
    expect 2 'inside this copy'
    lab handout DIR="$TREE/../${TREE##*/}/handed-out"
    expect 2 'inside this copy'
    ln -s "$TREE/tests" "$BATS_TEST_TMPDIR/link"
    lab handout DIR="$BATS_TEST_TMPDIR/link/handed-out/deeper"
    expect 2 'inside this copy'
    lab handout DIR="$BATS_TEST_TMPDIR/new/../x"
    expect 2 'there is no ..'
    [ -z "$(find "$TREE" -name handed-out -o -name deeper)" ]
    [ ! -e "$BATS_TEST_TMPDIR/new" ]
}

@test "a handout goes beside the copy, and holds nobody's work" {
    mkdir "$BATS_TEST_TMPDIR/course"
    cp -Rp "$TREE" "$BATS_TEST_TMPDIR/course/clone"
    cd "$BATS_TEST_TMPDIR/course/clone"
    lab lab N=01
    lab handout DIR=../labs
    expect 0 "a copy for students: $BATS_TEST_TMPDIR/course/labs"
    [ -f ../labs/01-blocking/lab/README.md ]
    [ ! -e ../labs/01-blocking/lab/server.c ]
}

@test "the labs work in any directory, whatever its name" {
    dir="$BATS_TEST_TMPDIR/my dir, it's 03-mine"
    mkdir "$dir"
    cp -Rp "$TREE/." "$dir"
    run make -C "$dir/01-blocking" lab
    expect 0 '# Count' 'built:       01-blocking/lab/server'
    # In which cd would find another such directory
    mkdir -p "$BATS_TEST_TMPDIR/other/tests/labs"
    export CDPATH="$BATS_TEST_TMPDIR/other"
    run make -C "$dir/01-blocking" grade P=4
    expect 2 'lab 01, part 4: 0/10'
}

@test "in a chapter make test runs the chapter's tests" {
    run make -C 02-loop-server test T='no such test'
    expect 2 'no test of chapter 02 has "no such test" in its name'
}

@test "submissions are graded in a loop, each by its path from anywhere" {
    mkdir -p "$BATS_TEST_TMPDIR/in/ann" "$BATS_TEST_TMPDIR/in/bob"
    N=01 bash tests/labs/lab.sh starter >"$BATS_TEST_TMPDIR/in/ann/server.c"
    echo 'int main(void) {' >"$BATS_TEST_TMPDIR/in/bob/server.c"
    cd "$BATS_TEST_TMPDIR"
    for file in in/*/server.c; do
        printf '%s ' "$file"
        N=01 P=4 LAB=$file FROM=$PWD bash "$TREE/tests/labs/lab.sh" grade 2>/dev/null |
            tail -n 1
    done >scores
    cat scores
    [ "$(sed -n 1p scores)" = 'in/ann/server.c lab 01, part 4: 0/10' ]
    [ "$(sed -n 2p scores)" = 'in/bob/server.c lab 01, part 4: 0/10' ]
}

@test "a grader that is cut short gives no full marks for what it has done" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    # shellcheck disable=SC2016 # for the script that is printed
    printf '%s\n' '#!/bin/sh' \
        'if [ "$1" = --version ]; then exec echo Bats 1.8.0; fi' 'echo 1..4' \
        'echo "ok 1 [10] part 1: 0 bytes, a few, and 10 MiB are counted"' \
        >"$BATS_TEST_TMPDIR/bin/bats"
    chmod +x "$BATS_TEST_TMPDIR/bin/bats"
    lab lab N=01
    lab grade N=01 "PATH=$BATS_TEST_TMPDIR/bin:$PATH"
    expect 1 'the grader itself failed, after 1 of 4 parts' 'lab 01: 10/40'
}
