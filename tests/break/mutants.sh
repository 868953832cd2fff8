#!/bin/sh
# mutants.sh - are the tests worth anything? Applies each patch of the break/
# directories to a copy of the tree, and runs the test that the patch's header
# names: it must go red on the copy, and be green without the patch.
#
#   make mutants             all of them; also N=03, or N=03 CASE=NAME
#   make mutants JOBS=4      so many at a time, 3 unless told otherwise
#   make mutants VERBOSE=1   show what bats says of those that are killed, too
#
# Each line of the table says what became of a mutant:
#
#   killed      its test went red: good
#   SURVIVED    its test stayed green, so it does not test what it says
#   GREEN?      its test is red without the patch, too
#   SKIPPED     its test cannot run here
#   STALE       the patch no longer fits, does not compile, lacks a field of
#               its header, or names a test that does not exist
#
# Exit status: 0 all killed, 1 not all, 2 wrong usage.
set -eu
unset CDPATH # or cd might go elsewhere
cd "$(dirname "$0")/../.."
. tests/break/patches.sh

JOBS=${JOBS:-3} # a test of a broken server mostly waits
export LIMIT="${LIMIT:-20}" # seconds at most, see helpers.bash
patches=$(find_patches "${1-}" "${2-}") || exit
need_patch
command -v bats >/dev/null || {
    echo 'mutants: bats is missing: run sh common/setup.sh' >&2
    exit 1
}

dir=$(mktemp -d "${TMPDIR:-/tmp}/mutants.XXXXXX")
workers=''
. tests/lib/script.sh

cleanup() {
    # shellcheck disable=SC2086 # a list of pids
    [ -z "$workers" ] || kill $workers 2>/dev/null || :
    wait
    rm -rf "$dir"
}

# build TREE CFLAGS PROGRAM...: for the tests, who call make themselves,
# everything then looks as new as these; a patch must not get into the peer
build() {
    tree=$1
    flags=$2
    shift 2
    if [ -n "$flags" ]; then
        export CFLAGS="$flags"
    else
        unset CFLAGS
    fi
    make -s -C "$tree" "$@" || return
    touch "$tree"/0?-*/server "$tree"/0?-*/client "$tree/tests/peer" \
        "$tree"/tests/headers/lines "$tree"/tests/headers/net \
        "$tree"/tests/headers/talk
}

# test_file PATCH, test_name PATCH: from "Caught by: tests/FILE: NAME"
test_file() {
    caught_by "$1" | sed 's/^\([^:]*\): .*/\1/'
}

test_name() {
    caught_by "$1" | sed 's/^[^:]*: //'
}

caught_by() {
    field "$1" 'Caught by:' | tr '\n' ' ' | sed 's/ $//'
}

# one_test TREE FILE NAME: this one and no other. Prints ok, "not ok" or skip,
# and leaves what bats said in TREE.tap.
one_test() {
    escaped=$(printf '%s\n' "$3" | sed 's/[][\.*^$+?(){}|]/\\&/g')
    # A test that waits for something that never comes gives up by itself
    (cd "$1" && bats --tap -f "^$escaped\$" "$2") >"$1.tap" 2>&1 </dev/null ||
        :
    case $(grep -E '^(not )?ok ' "$1.tap") in
    'not ok 1 '*) echo 'not ok' ;;
    'ok 1 '*' # skip'*) echo skip ;;
    'ok 1 '*) echo ok ;;
    *) echo none ;;
    esac
}

# judge PATCH TREE: prints what became of it, and where that is bad why
judge() {
    missing=$(missing_fields "$1")
    if [ -n "$missing" ]; then
        echo "STALE: its header lacks $missing"
        return
    fi
    file=$(test_file "$1")
    name=$(test_name "$1")
    if ! grep -qxF "@test \"$name\" {" "$file" 2>/dev/null; then
        echo "STALE: there is no test \"$name\" in $file"
        return
    fi
    if ! grep -q "^$(field "$1" Experiment:)() {" tests/break/0?-*.sh; then
        echo 'STALE: its experiment does not exist'
        return
    fi
    cp -Rp "$dir/base" "$2"
    flags=$(field "$1" Build:)
    chapter=${1%%/*}
    # 01 is not among those that this variable chooses from
    case $chapter in
    01-*) unset CHAPTERS ;;
    *) export CHAPTERS="$chapter" ;;
    esac
    if ! build "$2" "$flags" "$chapter/server" "$chapter/client" \
        >"$2.tap" 2>&1; then
        echo 'STALE: it does not compile without the patch'
        return
    fi
    case $(one_test "$2" "$file" "$name") in
    ok) ;;
    skip)
        echo 'SKIPPED: its test cannot run here'
        return
        ;;
    *)
        echo 'GREEN?: its test is red without the patch, too'
        return
        ;;
    esac
    # In the second of the build, make would take the new source for the old
    if ! apply_patch "$1" "$2" >"$2.tap" 2>&1; then
        echo 'STALE: the patch no longer fits'
        return
    fi
    rm -f "$2/$chapter/server" "$2/$chapter/client"
    if ! build "$2" "$flags" "$chapter/server" "$chapter/client" \
        >"$2.tap" 2>&1; then
        echo 'STALE: it does not compile'
        return
    fi
    # On a busy machine a spinning server gets little to spin with, and two
    # threads that race may never meet: a second and a third look
    for _ in 1 2 3; do
        if [ "$(one_test "$2" "$file" "$name")" = 'not ok' ]; then
            echo killed
            return
        fi
    done
    echo 'SURVIVED: its test is green with the patch'
}

# work NUMBER: every JOBS-th patch, from this one on
work() {
    count=0
    for patch in $patches; do
        count=$((count + 1))
        [ $((count % JOBS)) -eq "$1" ] || continue
        begun=$(date +%s)
        tree=$dir/$count
        verdict=$(judge "$patch" "$tree")
        {
            printf '%-9s %3d s  %-45s %s\n' "${verdict%%:*}" \
                $(($(date +%s) - begun)) "$patch" "$(test_name "$patch")"
            [ "$verdict" = killed ] || printf '    %s\n' "${verdict#*: }"
            if [ "$verdict" != killed ] || [ -n "${VERBOSE-}" ]; then
                [ ! -e "$tree.tap" ] || sed 's/^/    | /' "$tree.tap"
            fi
        } >"$dir/said.$count"
        cat "$dir/said.$count" # in one piece
        rm -rf "$tree" "$tree.tap"
    done
}

copy_tree "$dir/base"
build "$dir/base" '' test-programs

job=0
while [ "$job" -lt "$JOBS" ]; do
    work "$job" &
    workers="$workers $!"
    job=$((job + 1))
done
for worker in $workers; do
    wait "$worker" || :
done
workers=''

total=$(echo "$patches" | wc -l)
killed=$(cat "$dir"/said.* | grep -c '^killed ' || :)
printf '%d of %d mutants killed\n' "$killed" "$total"
[ "$killed" -eq "$total" ]
