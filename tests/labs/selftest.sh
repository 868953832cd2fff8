#!/usr/bin/env bash
# selftest.sh - the graders graded: solutions get full marks, starters less
# than half, and each known wrong answer loses the part that the first line of
# its file names, and no other. Called by make selftest.
#
#   N     only this lab
#   JOBS  how many grades at a time
set -uo pipefail
cd -P -- "$(dirname "${BASH_SOURCE[0]}")/../.." >/dev/null || exit 1

JOBS=${JOBS:-3} # mostly they wait
LABS='01 02 03 04 05 bonus'

# All that is to be graded: a lab and a file of it, one a line
tasks() {
    local lab file
    for lab in $LABS; do
        case ${N:-$lab} in
        "$lab" | "${lab#0}" | "$lab"-*) ;;
        *) continue ;;
        esac
        for file in "tests/labs/$lab"/{solution.c,wrong/*.patch,wrong/*.c}; do
            [ ! -f "$file" ] || echo "$lab $file"
        done
        echo "$lab tests/labs/$lab/starter"
    done
}

# grade_task LAB FILE: one line that says whether the grader did its work
grade_task() {
    local lab=$1 file=$2 source=$2 dir expected='' lost got most verdict=ok
    dir=$(mktemp -d "${TMPDIR:-/tmp}/selftest.XXXXXX") || exit 1
    # shellcheck disable=SC2064 # now, while dir is known
    trap "rm -rf '$dir'" EXIT
    case $file in
    */starter)
        source=$dir/server.c
        N=$lab bash tests/labs/lab.sh starter >"$source" || exit 1
        ;;
    *.patch)
        source=$dir/server.c
        cp "tests/labs/$lab/solution.c" "$source"
        patch -s "$source" "$file" || exit 1
        ;;
    esac
    env -u P -u REPORT N="$lab" LAB="$source" FROM="$PWD" \
        bash tests/labs/lab.sh grade >"$dir/table" 2>&1
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
    printf '%-5s %-40s %5s %s%s\n' "$verdict" "$file" \
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
if [ ! -f tests/labs/01/solution.c ]; then
    echo 'selftest: this copy has no solutions to test the graders with' >&2
    exit 2
fi
command -v patch >/dev/null || {
    echo 'selftest: patch is missing' >&2
    exit 1
}
unset MAKEFLAGS MFLAGS MAKELEVEL
tasks | xargs -P "$JOBS" -L 1 bash tests/labs/selftest.sh --one || exit 1
echo 'selftest: all graders do their work'
