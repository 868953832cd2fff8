#!/bin/sh
# lessons.sh - fills in what the READMEs take from the sources: the hunks of
# the diffs between two chapters, and parts of files. See lessons.bash for the
# marks that say where.
#
#   make lessons                  every README, in place
#   lessons.sh --print FILE       one, to standard output
#   lessons.sh --hunks FROM TO    all hunks between two files
set -eu
unset CDPATH # or cd might go elsewhere
cd "$(dirname "$0")/../.."

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
    [ -z "$inside" ] || complain "no end of the last $inside"
}

# hunk PATTERN FROM TO: a fenced block of the first hunk in which a line that
# was added or taken away matches the awk pattern
hunk() {
    for path in "$2" "$3"; do
        [ -f "$path" ] || complain "no such file: $path"
    done
    found=$(hunks "$2" "$3" | awk -v pattern="$1" '
        function flush() {
            if (matched)
                printf "%s", text
            done = matched
        }
        /^@@/ {
            flush()
            if (done)
                exit
            text = ""
        }
        { text = text $0 "\n" }
        /^[-+]/ && $0 ~ pattern { matched = 1 }
        END { if (!done) flush() }')
    [ -n "$found" ] || complain "no hunk of $2 $3 matches $1"
    echo '```diff'
    printf '%s\n' "$found"
    echo '```'
}

# part FILE FROM TO: a fenced block of the lines from one pattern to another
part() {
    found=$(awk -v from="$2" -v to="$3" '
        $0 ~ from { on = 1 }
        on { print }
        on && $0 ~ to { exit }' "$1")
    [ -n "$found" ] || complain "nothing in $1 matches $2"
    # A reader takes in a piece of code at a time. The root page has the mains.
    case $file in
    README.md) ;;
    *)
        [ "$(printf '%s\n' "$found" | wc -l)" -le 15 ] ||
            complain "$1 from $2 to $3 has more than 15 lines"
        ;;
    esac
    case $1 in
    *.py) echo '```python' ;;
    *) echo '```c' ;;
    esac
    printf '%s\n' "$found"
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
