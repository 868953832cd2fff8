#!/usr/bin/env bash
# selftest.sh - the graders graded: solutions, and right answers in other
# styles, get full marks, starters less than half, and each known wrong answer
# loses the part that the first line of its file names, and, if all its parts
# are graded, no other. That line is
#
#     part 3 (words): what is wrong
#     part 3 with 1 4 (words): what is wrong, and parts 1 and 4 need it, too
#     part 3 mostly (words): a race, which shows in one of five tries at least
#
# and the words are some that the cause in the table must contain, so that the
# cause is the true one: that it is for nine of ten. A wrong answer that has all
# points is graded once more, since a busy machine hides things, too; but no
# more than one in a hundred of them may need that. Called by make selftest.
#
#   N      only this lab
#   JOBS   how many grades at a time
#   WHOLE  not empty: all parts of the wrong answers, too, not only those that
#          they must lose: four times as long
#   RIGHT  not empty: no wrong answers at all
set -uo pipefail
unset CDPATH # or cd might go elsewhere
cd -P -- "$(dirname "${BASH_SOURCE[0]}")/../.." >/dev/null || exit 1

JOBS=${JOBS:-8} # mostly they wait
LABS='01 02 03 04 05 bonus'

# All that is to be graded: a lab and a file of it, one a line. The labs take
# turns, since some mostly wait and others work.
tasks() {
    all_tasks | awk '{ print before[$1]++, $0 }' | sort -n -s -k 1,1 |
        cut -d ' ' -f 2-
}

all_tasks() {
    local lab file
    for lab in $LABS; do
        case ${N:-$lab} in
        "$lab" | "${lab#0}" | "$lab"-*) ;;
        *) continue ;;
        esac
        for file in "tests/labs/$lab"/{solution.c,right/*.*,wrong/*.*}; do
            case ${RIGHT:+yes}$file in yes*/wrong/*) continue ;; esac
            [ ! -f "$file" ] || echo "$lab $file"
        done
        echo "$lab tests/labs/$lab/starter"
    done
}

# cause_of PART TABLE: what the table says why the part failed, on one line
cause_of() {
    awk -v part="part $1:" '
        /^[^ ]/ { inside = index($0, part) == 1 }
        /^  [^ ]/ { cause = $1 == "cause" }
        inside && cause { sub(/^ *(cause)? */, ""); text = text " " $0 }
        END { print substr(text, 2) }' "$2"
}

# grade_task LAB FILE: one line that says whether the grader did its work
grade_task() {
    local lab=$1 file=$2 source=$2 part='' words='' lost got most dir line
    local verdict=ok note='' with='' tries=2 played=0 again='' other only
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
        if ! patch -s -F 0 "$source" "$file" >"$dir/patch"; then
            echo "WRONG $file does not apply: $(tail -n 1 "$dir/patch")"
            exit 1
        fi
        ;;
    *)
        # Another lab's answer, which the sandbox does not show to an #include
        other=$(sed -n 's|^#include "../../\(0.*\)"$|tests/labs/\1|p' "$file")
        if [ -n "$other" ]; then
            source=$dir/server.c
            cp "$other" "$source"
        fi
        ;;
    esac
    case $file in
    */wrong/*)
        line=$(head -n 1 "$file")
        part=${line#*part }
        part=${part%%[ :]*}
        case $line in *"part $part mostly "*) tries=5 ;; esac
        with=$(sed -n 's/.*part [0-9].* with \([0-9 ]*\) (.*/\1/p' <<<"$line")
        words=$(sed -n 's/.*part [0-9 a-z]* (\([^)]*\)): .*/\1/p' <<<"$line")
        ;;
    esac
    only=$part
    [ -z "${WHOLE-}" ] || only=''
    while [ "$tries" -gt 0 ]; do
        env -u P -u REPORT ${only:+P="$only"} N="$lab" LAB="$source" \
            FROM="$PWD" bash tests/labs/lab.sh grade >"$dir/table" 2>&1
        # "  1   10/10  what": the parts that got nothing
        lost=$(sed -n 's|^ *\([0-9]*\) *0/10 .*|\1|p' "$dir/table" | xargs)
        played=$((played + 1))
        case " $lost " in *" $part "*) break ;; esac
        case $file in
        */wrong/*) tries=$((tries - 1)) ;;
        *) tries=0 ;; # what is right is so each time
        esac
    done
    read -r got most < <(sed -n 's|^lab .*: \([0-9]*\)/\([0-9]*\)$|\1 \2|p' \
        "$dir/table")
    case $file in
    */starter) [ $((${got:-99} * 2)) -lt "${most:-0}" ] || verdict=WRONG ;;
    */wrong/*)
        note=", should lose $part${with:+, may lose $with}"
        case $line in *"part $part mostly "*) played=1 ;; esac
        [ "$played" -eq 1 ] || again=', at the second try'
        for other in $lost; do
            case " $part $with " in *" $other "*) ;; *) verdict=WRONG ;; esac
        done
        case " $lost " in *" $part "*) ;; *) verdict=WRONG ;; esac
        if [ "$verdict" = WRONG ]; then
            : # whatever the cause
        elif [ -z "$words" ] ||
            ! cause_of "$part" "$dir/table" | grep -qiF -e "$words"; then
            verdict=other # than the true cause
            note=", for: $(cause_of "$part" "$dir/table"); should say: ${words:-(no words)}"
        fi
        ;;
    *) [ "${got:-0}" -eq "${most:--1}" ] || verdict=WRONG ;;
    esac
    printf '%-5s %-40s %5s %s%s\n' "$verdict" "$file" \
        "${got:-?}/${most:-?}" "${lost:+loses $lost}" "$note$again"
    if [ "$verdict" = WRONG ]; then
        sed 's/^/    /' "$dir/table"
        exit 1
    fi
}

# summary STATUS: what all of it has come to
summary() {
    local status=$1 all named again
    all=$(grep -Ec '^(ok|other) .*/wrong/' "$results")
    named=$(grep -c '^ok .*/wrong/' "$results")
    if [ "$named" -lt "$all" ]; then
        echo 'another cause is named than the true one:'
        sed -n 's/^other /  /p' "$results" | sort
    fi
    echo "the cause that is named is the true one for $named of $all," \
        "$(grep -c '^WRONG' "$results") of $(grep -Ec '^(ok|other|WRONG) ' \
            "$results") grades are wrong, $SECONDS s"
    again=$(grep -c '^o.* at the second try' "$results")
    if [ "$again" -gt 0 ]; then
        echo "wrong answers that were found at the second try: $again"
        sed -n 's/^o.* \(tests[^ ]*\) .* at the second try.*/  \1/p' "$results"
    fi
    if [ $((again * 100)) -gt "$((all + 99))" ]; then
        echo 'selftest: too many of them' >&2
        status=1
    fi
    if [ $((named * 10)) -lt $((all * 9)) ]; then
        echo 'selftest: too few of the causes are true' >&2
        status=1
    fi
    [ "$status" -ne 0 ] || echo 'selftest: all graders do their work'
    return "$status"
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
results=$(mktemp "${TMPDIR:-/tmp}/selftest.XXXXXX") || exit 1
trap 'rm -f "$results"' EXIT
status=0
tasks | xargs -P "$JOBS" -L 1 bash tests/labs/selftest.sh --one |
    tee "$results" || status=1
summary "$status"
