#!/usr/bin/env bash
# run.sh - runs test files side by side: most tests wait for something. Called
# by make test, from the root.
#
#   bash tests/lib/run.sh [FILE...]   all of them, unless told which
#
#   N=03      those of a chapter: its own, and what its server is put through
#             together with the others' (chapters/abuse.bats)
#   T=reset   only the tests whose name has this word
#   JOBS=4    so many files at a time
#
# Prints one TAP report: each file's results as soon as it ends, the numbers
# made consecutive, and at the end what failed once more. Who interrupts it has
# the results so far, of the files under way, too. bats -j runs tests side by
# side as well, but needs GNU parallel.
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@" # if by sh
set -eu

# In the background of a script Ctrl-C is ignored, and what the tests start would
# inherit that, for good: no shell can take it back. env can, where it is GNU's.
if [ -n "$(trap -p INT)" ] && env --default-signal=INT true 2>/dev/null; then
    exec env --default-signal=INT bash "$0" "$@"
fi

# choose: the files, into $files
choose() {
    local chapter
    if [ -z "${N-}" ]; then
        # The labs first: their longest file takes half of the whole run
        files=(tests/{labs,lessons,chapters,crowd,watch,headers}/*.bats
            tests/{bench,balance,maintain}/*.bats)
        return
    fi
    for chapter in 0?-*; do
        case $chapter in
        "$N" | "$N"-* | "0$N"-*)
            files=("tests/chapters/$chapter.bats")
            # 01 serves one client, and ends with it
            [ "$chapter" = 01-blocking ] || files+=(tests/chapters/abuse.bats)
            export CHAPTERS="$chapter"
            return
            ;;
        esac
    done
    echo "there is no chapter N=$N; chapters are N=01 to N=05" >&2
    exit 2
}

files=("$@")
[ "$#" -gt 0 ] || choose
filter=()
if [ -n "${T-}" ]; then
    # A word, of which bats must not take a part for a pattern
    filter=(-f "$(printf '%s\n' "$T" | sed 's/[][\.*^$+?(){}|/]/\\&/g')")
    found=()
    for file in "${files[@]}"; do
        if grep '^@test ' "$file" | grep -qF -e "$T"; then
            found+=("$file")
        fi
    done
    if [ "${#found[@]}" -eq 0 ]; then
        echo "no test${N:+ of chapter $N} has \"$T\" in its name" >&2
        exit 1
    fi
    files=("${found[@]}")
fi

jobs=${JOBS:-5}
dir=$(mktemp -d "${TMPDIR:-/tmp}/tests.XXXXXX")
running=() # a process group for each worker
tests=0    # printed so far
failed=''  # the lines of those that failed
status=0
left=${#files[@]}
export TMPDIR="$dir" # what a bats leaves that is killed goes, too
trap cleanup EXIT
trap 'interrupted 130' INT
trap 'interrupted 143' TERM

# shellcheck disable=SC2317 # the traps call these two
cleanup() {
    local worker
    for worker in ${running[@]+"${running[@]}"}; do
        kill -TERM -- "-$worker" 2>/dev/null || :
    done
    wait 2>/dev/null || :
    # A bats that is ending writes on for a while
    for ((n = 0; n < 20; n++)); do
        ! rm -rf "$dir" 2>/dev/null || return 0
        sleep 1
    done
    echo "run.sh: cannot remove $dir" >&2
}

# interrupted STATUS: shows what the files under way have come to
# shellcheck disable=SC2317
interrupted() {
    local file
    trap '' INT TERM
    for file in "$dir"/*/tap; do
        [ ! -e "$file" ] || [ -e "${file%/tap}/printed" ] || show "${file%/tap}"
    done
    echo "# interrupted after $tests tests"
    status=$1
    exit "$status"
}

# worker FILE...: runs each of the files that nobody has taken yet, and tells
# of its end
worker() {
    local file at result
    for file in "$@"; do
        at=$dir/${file##*/}
        # mkdir: of several who try, one succeeds
        mkdir "$at" 2>/dev/null || continue
        printf '%s\n' "$file" >"$at/name"
        result=0
        bats --tap --setup-suite-file tests/lib/setup_suite.bash \
            ${filter[@]+"${filter[@]}"} "$file" \
            >"$at/tap" 2>&1 </dev/null 3>&- || result=$?
        echo "$result" >"$at/status"
        printf '%s\n' "$at" >&3
    done
}

# show DIRECTORY: the results of the file in it
show() {
    local line number
    : >"$1/printed"
    echo "# $(<"$1/name")"
    while IFS= read -r line; do
        case $line in
        1..*) continue ;;
        'ok '[0-9]* | 'not ok '[0-9]*)
            tests=$((tests + 1))
            number=${line#*ok }
            line="${line%%ok *}ok $tests ${number#* }"
            ;;
        esac
        case $line in 'not ok '*) failed="$failed
$line" ;; esac
        printf '%s\n' "$line"
    done <"$1/tap"
}

# With job control each worker leads a process group, which ends as a whole
mkfifo "$dir/ended"
exec 3<>"$dir/ended"
set -m
for ((n = 0; n < jobs; n++)); do
    worker "${files[@]}" &
    running+=("$!")
done
set +m
exec 4<"$dir/ended" 3>&- # it ends when the last worker has
while IFS= read -r at <&4; do
    show "$at"
    [ "$(<"$at/status")" = 0 ] || status=1
    left=$((left - 1))
done
[ "$left" -eq 0 ] || status=1
running=()
wait

echo "1..$tests"
[ -z "$failed" ] || echo "# failed:$failed"
exit "$status"
