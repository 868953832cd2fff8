#!/usr/bin/env bash
# run.sh - runs test files side by side: most tests wait for something.
#
#   bash tests/run.sh FILE...    from the root; JOBS at a time, default 4
#
# Prints one TAP report: each file's results as soon as it ends, the numbers
# made consecutive, and at the end what failed once more. Who interrupts it has
# the results so far, of the files under way, too. bats -j runs tests side by
# side as well, but needs GNU parallel.
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@" # if by sh
set -eu

jobs=${JOBS:-4}
dir=$(mktemp -d "${TMPDIR:-/tmp}/tests.XXXXXX")
running=() # a process group for each worker
tests=0    # printed so far
failed=''  # the lines of those that failed
status=0
left=$#
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
    rm -rf "$dir"
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
        bats --tap --setup-suite-file tests/setup_suite.bash "$file" \
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
    worker "$@" &
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
