#!/usr/bin/env bash
# lab-selftest.sh - the graders graded: solutions get full marks, starters less
# than half, and each known wrong answer loses the part that the first line of
# its file names, and no other. Called by make selftest.
#
#   N     only this lab
#   JOBS  how many grades at a time
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

JOBS=${JOBS:-3} # mostly they wait
LABS=(01-blocking/lab 02-loop-server/lab 03-threaded/lab 04-nonblocking/lab
    05-select/lab 05-select/lab/bonus)

# A lab's number is its chapter's, but for the bonus.
number() {
    case $1 in
    */bonus) echo bonus ;;
    *) echo "${1%%-*}" ;;
    esac
}

# All that is to be graded: a lab's directory and a file of it, one a line
tasks() {
    local lab file
    for lab in "${LABS[@]}"; do
        [ -f "$lab/grade.bats" ] || continue
        case ${N:-$(number "$lab")} in
        "$(number "$lab")" | "${lab%%/*}") ;;
        *) continue ;;
        esac
        for file in "$lab"/solution/server.c "$lab"/starter.c \
            "$lab"/wrong/*.patch "$lab"/wrong/*.c; do
            [ ! -f "$file" ] || echo "$lab $file"
        done
    done
}

# grade_task LAB FILE: one line that says whether the grader did its work
grade_task() {
    local lab=$1 file=$2 source=$2 dir expected='' lost got most verdict=ok
    dir=$(mktemp -d "${TMPDIR:-/tmp}/selftest.XXXXXX") || exit 1
    # shellcheck disable=SC2064 # now, while dir is known
    trap "rm -rf '$dir'" EXIT
    case $file in
    *.patch)
        cp "$lab/solution/server.c" "$dir/server.c"
        source=$dir/server.c
        patch -s "$source" "$file" || exit 1
        ;;
    esac
    env -u P -u REPORT N="$(number "$lab")" LAB="$source" FROM="$PWD" \
        bash tests/lab.sh grade >"$dir/table" 2>&1
    # "  1   10/10  what": the parts that got nothing
    lost=$(sed -n 's|^ *\([0-9]*\) *0/10 .*|\1|p' "$dir/table" | xargs)
    read -r got most < <(sed -n 's|^lab .*: \([0-9]*\)/\([0-9]*\)$|\1 \2|p' \
        "$dir/table")
    case $file in
    *solution*) [ "${got:-0}" -eq "${most:--1}" ] || verdict=WRONG ;;
    *starter*) [ $((${got:-99} * 2)) -lt "${most:-0}" ] || verdict=WRONG ;;
    *)
        expected=$(sed -n '1s/.*part \([0-9]*\):.*/\1/p' "$file")
        [ "$lost" = "$expected" ] || verdict=WRONG
        ;;
    esac
    printf '%-5s %-46s %5s %s%s\n' "$verdict" "$file" \
        "${got:-?}/${most:-?}" "${lost:+loses $lost}" \
        "${expected:+, should lose $expected}"
    if [ "$verdict" != ok ]; then
        sed 's/^/    /' "$dir/table"
        exit 1
    fi
}

if [ "${1-}" = --one ]; then
    grade_task "$2" "$3"
    exit
fi
if [ ! -d 01-blocking/lab/solution ]; then
    echo 'selftest: this copy has no solutions to test the graders with' >&2
    exit 2
fi
command -v patch >/dev/null || {
    echo 'selftest: patch is missing' >&2
    exit 1
}
unset MAKEFLAGS MFLAGS MAKELEVEL
tasks | xargs -P "$JOBS" -L 1 bash tests/lab-selftest.sh --one || exit 1
for lab in "${LABS[@]}"; do
    if [ -f "$lab/starter.c" ] && ! cmp -s "$lab/starter.c" "$lab/server.c"; then
        echo "selftest: $lab/server.c is not the starter" >&2
        exit 1
    fi
done
echo 'selftest: all graders do their work'
