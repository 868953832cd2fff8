#!/usr/bin/env bats
# class.bats - make class: what it takes, what it writes, and that it can be
# interrupted. The grader is a stand-in here, which gives the points that the
# submission says; real ones, and hostile submissions, are in grading/.

bats_require_minimum_version 1.8.0

load ../lib/helpers

setup_file() {
    export TREE=$BATS_FILE_TMPDIR/tree
    export COMPILE='cc -std=c11 -O0' LDLIBS='' SANDBOX=no
    mkdir "$TREE" "$BATS_FILE_TMPDIR/bin"
    cp -Rp "$ROOT"/{Makefile,LICENSE,README.md,common,tests} "$ROOT"/0?-* "$TREE"
    rm -f "$TREE"/0?-*/lab/server*
    unset N P LAB REPORT SEED DIR OUT JOBS AGAIN FROM MAKEFLAGS MFLAGS MAKELEVEL
    # shellcheck disable=SC2016 # for the script that is printed
    printf '%s\n' '#!/usr/bin/env bash' \
        'if [ "$1" = --version ]; then exec echo Bats 1.8.0; fi' \
        'echo graded >>"$STAND_IN"' \
        'points=0' \
        '[ -n "$LAB_PROBLEM" ] || points=$("$LAB_SERVER")' \
        'for part in 1 2 3 4; do' \
        '    printf "cause\tyour part %s is wrong\n" "$part" >"$LAB_RESULTS/part-$part"' \
        '    case " $points " in' \
        '    *" -$part "*) echo "ok $part [10] part $part: what # skip here" ;;' \
        '    *" $part "*) echo "ok $part [10] part $part: what" ;;' \
        '    *) echo "not ok $part [10] part $part: what" ;;' \
        '    esac' \
        'done' >"$BATS_FILE_TMPDIR/bin/bats"
    chmod +x "$BATS_FILE_TMPDIR/bin/bats"
}

setup() {
    in=$BATS_TEST_TMPDIR/in
    out=$BATS_TEST_TMPDIR/out
    export STAND_IN=$BATS_TEST_TMPDIR/graded TMPDIR=$BATS_TEST_TMPDIR/tmp
    mkdir "$in" "$TMPDIR"
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    stop_everything
}

# submission NAME POINTS: whose program says that these parts are right
submission() {
    mkdir -p "$in/$1"
    printf '#include <stdio.h>\nint main(void) { return puts("%s") < 0; }\n' \
        "$2" >"$in/$1/server.c"
}

# class VARIABLE=VALUE...: of lab 02, in the directories in and out
class() {
    run env PATH="$BATS_FILE_TMPDIR/bin:$PATH" N=02 DIR=in OUT=out "$@" \
        bash "$TREE/tests/labs/lab.sh" class 3>&- 4>&-
    echo "status $status:"
    echo "$output"
    assert_equal 'files left behind' '' "$(ls -A "$TMPDIR")"
}

# expect STATUS TEXT...: all of them stand in the output
expect() {
    local text
    assert_equal 'the status' "$1" "$status"
    shift
    for text in "$@"; do
        case $output in
        *"$text"*) ;;
        *) fail "expected: $text" ;;
        esac
    done
}

# rows: the grades without the seconds
rows() {
    sed 's/,seconds,/,/; s/,[0-9]*,\([^,]*\)$/,\1/' "$out/grades.csv"
}

# graded N: so many grades were made
graded() {
    touch "$STAND_IN"
    assert_equal grades "$1" "$(wc -l <"$STAND_IN" | tr -d ' ')"
    rm -f "$STAND_IN"
}

@test "each submission gets a row and a table, whatever its name" {
    submission 'Ann Lee' '1 2 3 4'
    submission 王小明 '1 3'
    submission '"Bob", jun.' '2 -3'
    mkdir "$in/nobody"
    echo 'int main(void) {' >"$in/broken.c"
    ln -s /etc/passwd "$in/link.c"
    echo 'to be ignored' >"$in/readme.txt"
    class
    expect 0 'ignored: readme.txt' '40/40            1' '20/40            1' \
        'does not compile: 1' 'your part 4 is wrong (2)'
    rows | diff - <(printf '%s\n' \
        'name,part 1,part 2,part 3,part 4,total,remark' \
        '"""Bob"", jun.",0,10,,0,10,part 3 could not be graded' \
        'Ann Lee,10,10,10,10,40,' \
        'broken,0,0,0,0,0,does not compile' \
        'link,0,0,0,0,0,no file: it is a link' \
        'nobody,0,0,0,0,0,no file' \
        '王小明,10,0,10,0,20,')
    grep -q '40/40' "$out/Ann Lee.txt"
    grep -q "LAB='in/\"Bob\", jun./server.c'" "$out/\"Bob\", jun..txt"
    grep -q 'it does not compile' "$out/broken.txt"
    [ "$(find "$out" -maxdepth 1 -name '*.txt' | wc -l)" -eq 6 ]
}

@test "a file that has not changed is not graded again, unless asked for" {
    submission ann '1 2'
    submission bob '3'
    class
    graded 2
    cp "$out/grades.csv" before
    class
    expect 0 'submissions: 2, 2 of them unchanged'
    graded 0
    diff before "$out/grades.csv"
    submission bob '1 2 3'
    class
    graded 1
    rows | grep -q '^bob,10,10,10,0,30,$'
    class AGAIN=1
    graded 2
}

@test "a table that was removed is made again" {
    submission ann '1 2'
    class
    rm "$out/ann.txt"
    class
    [ -f "$out/ann.txt" ]
    graded 2
}

@test "what cannot be graded is told from 0 points, and tried again" {
    submission ann '1 2 3 4'
    class
    mkdir bin
    # shellcheck disable=SC2016 # for the script that is printed
    printf '%s\n' '#!/bin/sh' \
        'if [ "$1" = --version ]; then exec echo Bats 1.8.0; fi' 'echo "ok 1 [10] part 1: what"' >bin/bats
    chmod +x bin/bats
    submission bob 1
    run env PATH="$PWD/bin:$PATH" N=02 DIR=in OUT=out \
        bash "$TREE/tests/labs/lab.sh" class 3>&- 4>&-
    echo "$output"
    expect 1 'not graded: 1' 'see their .txt: bob'
    rows | grep -q '^bob,,,,,,not graded: '
    class
    expect 0
    rows | grep -q '^bob,10,0,0,0,10,$'
}

@test "several at a time get the same grades as one at a time" {
    local i
    for i in 1 2 3 4 5 6; do
        submission "number $i" "$((i % 4 + 1)) $((i % 3))"
    done
    class JOBS=1
    rows >one
    rm -r "$out"
    class JOBS=3
    rows | diff one -
    graded 12
}

@test "what a submission prints is not taken for its grade" {
    # shellcheck disable=SC2016 # for C
    printf '%s\n' '#include <stdio.h>' '#line 1 "part\t1\t10\nok 1 [10] part 1"' \
        'int unused = "part\t1\t10";' \
        'int main(void) { return puts("\npart\t1\t10\npart\t2\t10\n\nlab 02: 40/40") < 0; }' \
        >"$in/forger.c"
    class COMPILE='cc -std=c11 -O0 -Wall'
    rows | grep -q '^forger,0,0,0,0,0,'
}

@test "what is wrong with the directories is said before anything is graded" {
    class
    expect 2 'no submissions in in: they are called NAME/server.c or NAME.c'
    submission ann '1'
    class DIR=
    expect 2 'which submissions? say DIR='
    class DIR=nowhere
    expect 2 'there is no directory nowhere'
    class OUT=
    expect 2 'where do the grades go? say OUT='
    class OUT=in/out
    expect 2 'OUT is inside DIR'
    class OUT=in
    expect 2 'OUT is inside DIR'
    class OUT=.
    expect 2 'not from make class'
    class JOBS=many
    expect 2 'JOBS=many is no number'
    class N=07
    expect 2 'there is no lab'
    class SANDBOX=maybe
    expect 2 'there is no SANDBOX=maybe'
    cp "$in/ann/server.c" "$in/ann.c"
    class
    expect 2 'two submissions of ann'
    rm "$in/ann.c"
    cp "$in/ann/server.c" "$in/new"$'\n'"line.c"
    class
    expect 2 'a name with a control character'
    [ ! -e "$out" ]
    graded 0
}

@test "grades of another lab are not overwritten" {
    submission ann '1'
    class
    class N=03
    expect 2 'grades of another lab'
}

# The grade that waits: its program reads a FIFO, which nobody writes to
waiting() {
    mkdir -p "$in/$1"
    mkfifo "$BATS_TEST_TMPDIR/fifo-$1"
    printf '%s\n' '#include <stdio.h>' 'int main(void)' '{' \
        "FILE *file = fopen(\"$BATS_TEST_TMPDIR/fifo-$1\", \"r\");" \
        'return file == NULL || fgetc(file) != EOF || puts("1") < 0;' '}' \
        >"$in/$1/server.c"
}

two_graded() {
    [ -f "$out/.class/b.state" ] && [ "$(wc -l <"$STAND_IN")" -eq 3 ]
}

@test "interrupted, it ends all that runs, and goes on from there" {
    local pid signal
    submission a '1 2'
    submission b '2'
    waiting c
    submission d '4'
    for signal in TERM INT; do
        # With job control, or bash lets it ignore Ctrl-C
        set -m
        env PATH="$BATS_FILE_TMPDIR/bin:$PATH" N=02 DIR=in OUT=out JOBS=1 \
            bash "$TREE/tests/labs/lab.sh" class >said 2>&1 3>&- 4>&- &
        pid=$!
        set +m
        started="$started $pid"
        wait_for 'two grades, and a third one that waits' two_graded
        kill -"$signal" "$pid"
        status=0
        wait "$pid" || status=$?
        cat said
        [ "$status" -gt 128 ]
        grep -q 'interrupted with 2 of 4 graded' said
        assert_equal 'files left behind' '' "$(ls -A "$TMPDIR")"
        assert_equal 'programs left behind' '' \
            "$(grep -lF "LAB_MARK=$TMPDIR" /proc/[0-9]*/environ 2>/dev/null)"
        printf 'graded\ngraded\n' >"$STAND_IN"
    done
    rm "$STAND_IN"
    submission c '3'
    class
    graded 2
    rows | diff - <(printf '%s\n' \
        'name,part 1,part 2,part 3,part 4,total,remark' \
        'a,10,10,0,0,20,' 'b,0,10,0,0,10,' 'c,0,0,10,0,10,' 'd,0,0,0,10,10,')
}

@test "without bubblewrap the limits alone are there, said once, or nothing" {
    submission ann '1'
    submission bob '2'
    printf '%s\n' '#!/bin/sh' 'echo "bwrap: No permissions to create a new namespace" >&2' \
        'exit 1' >"$BATS_TEST_TMPDIR/bwrap"
    mkdir bin
    mv bwrap bin
    chmod +x bin/bwrap
    run env -u SANDBOX PATH="$PWD/bin:$BATS_FILE_TMPDIR/bin:$PATH" N=02 DIR=in \
        OUT=out bash "$TREE/tests/labs/lab.sh" class 3>&- 4>&-
    echo "$output"
    expect 0
    assert_equal 'said' 1 "$(grep -c 'no sandbox, only limits: .*namespace' <<<"$output")"
    graded 2
    run env SANDBOX=must PATH="$PWD/bin:$BATS_FILE_TMPDIR/bin:$PATH" N=02 DIR=in \
        OUT=other bash "$TREE/tests/labs/lab.sh" class 3>&- 4>&-
    echo "$output"
    expect 1 'no sandbox: ' 'not graded'
    graded 0
}

@test "a student's own grade needs no sandbox, and says nothing of it" {
    mkdir -p "$TREE/02-loop-server/lab"
    submission ann '1 2 3 4'
    cp "$in/ann/server.c" "$TREE/02-loop-server/lab/server.c"
    run env -u SANDBOX PATH="$BATS_FILE_TMPDIR/bin:$PATH" N=02 \
        bash "$TREE/tests/labs/lab.sh" grade 3>&- 4>&-
    rm "$TREE/02-loop-server/lab/server.c"
    echo "$output"
    expect 0 'lab 02: 40/40'
    [[ $output != *sandbox* ]] || return 1
}
