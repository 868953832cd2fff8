#!/usr/bin/env bats
# lessons.bats - the lessons are true: what they show is run and compared, and
# what they name is there. How to write one stands in lessons.bash.
#
#   bats tests/lessons/lessons.bats -f '^03'     one chapter's transcripts

load ../lib/helpers
load lessons

# Begins to play all lessons, at the same time: they mostly wait. Experiments
# (LESSONS=all) compile, and measure time: one after the other.
setup_file() {
    # The transcripts are played in a copy: a reader's clone, once built.
    export TREE=$BATS_FILE_TMPDIR/tree
    mkdir "$TREE"
    cd "$BATS_TEST_DIRNAME/../.." || return
    cp -Rp Makefile LICENSE README.md .github common tests 0?-* "$TREE"
    cd "$TREE" || return
    lessons_words common 0?-* tests >"$BATS_FILE_TMPDIR/words"
    lessons_targets >"$BATS_FILE_TMPDIR/targets"
    unset MAKEFLAGS MFLAGS MAKELEVEL SERVER CLIENT
    # The room behind the balancer is the reader's own. Students have no other.
    [ "${LESSONS-}" != all ] || [ ! -e tests/labs/05/solution.c ] ||
        "${CC:-cc}" -pthread tests/labs/05/solution.c \
            -o 05-select/lab/server || return
    local each
    for each in README.md 0?-*/README.md 05-select/BALANCE.md \
        common/README.md; do
        [ ! -e "$each" ] || begin_to_play "$each"
    done
}

# begin_to_play README: without bats' traps, which slow bash down or, with so
# many functions below each other, even break it
begin_to_play() {
    local scratch=$BATS_FILE_TMPDIR/played/$1
    mkdir -p "$scratch"
    (
        trap - DEBUG ERR
        set +e
        lessons_play "$1" "$TREE" "$scratch" >"$scratch/said" 2>&1
        echo $? >"$scratch/status"
    ) </dev/null >/dev/null 2>&1 3>&- 4>&- &
    echo $! >"$scratch/player"
    [ "${LESSONS-}" != all ] || wait
}

# Ends what a filter (-f) has left nobody to wait for. Their terminals notice.
teardown_file() {
    local file pid
    for file in "$BATS_FILE_TMPDIR"/played/*/player \
        "$BATS_FILE_TMPDIR"/played/*/*/player; do
        [ -e "$file" ] || continue
        read -r pid <"$file"
        kill -KILL "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
}

setup() {
    cd "$TREE" || return
    lessons=$(ls README.md 0?-*/README.md 05-select/BALANCE.md \
        common/README.md 2>/dev/null) || :
    texts=$lessons$'\n'$(ls 0?-*/lab/README.md tests/README.md \
        .github/CONTRIBUTING.md 2>/dev/null) || :
}

# played README: waits for the end of its play, in which each wait has its
# limit, and fails if it went wrong
played() {
    local scratch=$BATS_FILE_TMPDIR/played/$1 player status=''
    # shellcheck disable=SC2034 # of hush and unhush
    local trace=''
    read -r player <"$scratch/player"
    hush
    until has_ended "$player"; do
        nap 0.1
    done
    unhush
    read -r status <"$scratch/status" || :
    grep '^# ' "$scratch/said" >&3 || :
    [ "$status" = 0 ] || fail "$(cat "$scratch/said")"
}

# check FUNCTION FILE...: the function prints what is wrong with each file
check() {
    local each function=$1
    shift
    for each in "$@"; do
        "$function" "$each"
    done >"$TMP/complaints"
    [ ! -s "$TMP/complaints" ] || fail "$(cat "$TMP/complaints")"
}

@test "01-blocking: every transcript comes out as it stands there" {
    played 01-blocking/README.md
}

@test "02-loop-server: every transcript comes out as it stands there" {
    played 02-loop-server/README.md
}

@test "03-threaded: every transcript comes out as it stands there" {
    played 03-threaded/README.md
}

@test "04-nonblocking: every transcript comes out as it stands there" {
    played 04-nonblocking/README.md
}

@test "05-select: every transcript comes out as it stands there" {
    played 05-select/README.md
}

@test "05-select: the balancer's, too" {
    played 05-select/BALANCE.md
}

@test "README, common: every transcript comes out as it stands there" {
    played README.md
    [ ! -e common/README.md ] || played common/README.md
}

@test "all diffs and excerpts in the lessons are those of the sources" {
    local each
    for each in $lessons; do
        sh tests/lessons/lessons.sh --print "$each" >"$TMP/printed"
        diff -u "$each" "$TMP/printed" >"$TMP/difference" ||
            fail "$each is out of date, run: make lessons
$(head -n 20 "$TMP/difference")"
    done
}

@test "every link and every picture in the texts leads somewhere" {
    # shellcheck disable=SC2086 # one word for each file
    check lessons_bad_links $texts
}

@test "every file that the texts name is there" {
    # shellcheck disable=SC2086
    check lessons_bad_files $texts
}

@test "every function and constant that the lessons name exists" {
    # shellcheck disable=SC2086
    check lessons_bad_names $lessons
}

@test "every make command in the texts has a target, and every CASE a patch" {
    # shellcheck disable=SC2086
    check lessons_bad_targets $texts
}
