#!/bin/sh
# lessons.sh - fills in what the READMEs take from the sources: the hunks of
# the diffs between two chapters, and parts of files. See lessons.bash for the
# marks that say where.
#
#   make lessons                  every README, in place
#   lessons.sh --print FILE       one, to standard output
#   lessons.sh --hunks FROM TO    all hunks between two files
set -eu
cd "$(dirname "$0")/.."

# hunks FROM TO: the changes with one line around them, cut after each closing
# brace of a function or a type, so that there is about one hunk for each
hunks() {
    diff -U1 "$1" "$2" | awk '
        function flush() {
            if (changed)
                printf "@@ -%d,%d +%d,%d @@\n%s", old, olds, new, news, text
            old += olds
            new += news
            olds = news = changed = 0
            text = ""
        }
        NR <= 2 { next }
        /^@@/ {
            flush()
            split($2, from, ",")
            split($3, to, ",")
            old = -from[1]
            new = to[1] + 0
            next
        }
        {
            text = text $0 "\n"
            olds += !/^\+/
            news += !/^-/
            changed += !/^ /
        }
        /^[-+ ]}( [a-z_]*)?;?$/ { flush() }
        END { flush() }'
}

# fill FILE: prints it with what stands between the marks brought up to date
fill() {
    inside=''
    last='' # pair of files, number of its hunks, and the last one shown
    while IFS= read -r text; do
        case $text in
        '<!-- hunk '* | '<!-- file '*)
            printf '%s\n' "$text"
            # shellcheck disable=SC2086 # its words
            set -- $text
            shift
            inside=$1
            [ ! -f "$2" ] || [ "$1" = hunk ] || part "$2" "$3" "$4"
            [ "$1" != hunk ] || hunk "$2" "$3" "$4"
            ;;
        '<!-- end hunk -->' | '<!-- end file -->')
            printf '%s\n' "$text"
            inside=''
            ;;
        *)
            [ -n "$inside" ] || printf '%s\n' "$text"
            ;;
        esac
    done <"$file"
    finish_pair
    [ -z "$inside" ] || complain "no end of the last $inside"
}

# hunk N FROM TO: prints one, or those from N to M if it is N-M, as a fenced
# block
hunk() {
    if [ "$last" != "$2 $3" ]; then
        finish_pair
        last="$2 $3"
        shown=0
        for path in "$2" "$3"; do
            [ -f "$path" ] || complain "no such file: $path"
        done
        count=$(hunks "$2" "$3" | grep -c '^@@') || :
    fi
    [ "${1%-*}" = "$((shown + 1))" ] ||
        complain "hunk $1 of $2 $3 stands where $((shown + 1)) is due"
    echo '```diff'
    hunks "$2" "$3" | awk -v from="${1%-*}" -v to="${1#*-}" '
        /^@@/ { at++ }
        at >= from && at <= to'
    echo '```'
    shown=${1#*-}
}

finish_pair() {
    [ -z "$last" ] || [ "$shown" = "$count" ] ||
        complain "$shown hunks of $last are shown, there are $count"
}

# part FILE FROM TO: a fenced block of the lines from one pattern to another
part() {
    echo '```c'
    awk -v from="$2" -v to="$3" '
        $0 ~ from { on = 1 }
        on { print }
        on && $0 ~ to { exit }' "$1"
    echo '```'
}

complain() {
    echo "$file: $*" >&2
    exit 1
}

case ${1-} in
--hunks)
    hunks "$2" "$3"
    ;;
--print)
    file=$2
    fill
    ;;
*)
    for file in README.md 0?-*/README.md common/README.md; do
        [ -f "$file" ] || continue
        grep -Eq '^<!-- (hunk|file) ' "$file" || continue
        new=$(mktemp "${TMPDIR:-/tmp}/lessons.XXXXXX")
        if fill >"$new"; then
            cmp -s "$new" "$file" || {
                cat "$new" >"$file"
                echo "brought up to date: $file"
            }
            rm -f "$new"
        else
            rm -f "$new"
            exit 1
        fi
    done
    ;;
esac
