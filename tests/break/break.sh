#!/bin/sh
# break.sh - a famous mistake and what comes of it. Builds a chapter as it is,
# and once more with a patch from its break/ directory, in a temporary
# directory, lets both live through the same experiment, and shows what each of
# them did.
#
#   make break N=02                     the mistakes of a chapter
#   make break N=02 CASE=no-reuseaddr   one of them
#   make break-all                      all, without words (N=02: a chapter's)
#
# Exit status: 0 the difference has shown, 1 it has not, 2 wrong usage.
set -eu
unset CDPATH # or cd might go elsewhere
cd "$(dirname "$0")/../.."
. tests/break/patches.sh
. tests/break/tools.sh
. tests/lib/server.sh
for experiments in tests/break/0?-*.sh; do
    # shellcheck source=/dev/null # each is checked by itself
    . "./$experiments"
done

# paragraph TITLE FILE FIELD
paragraph() {
    printf '\n%s\n' "$1"
    field "$2" "$3" | sed 's/^/  /'
}

# build WHERE PROGRAM...: in the tree $dir/WHERE
build() {
    tree=$dir/$1
    shift
    make -s -C "$tree" "CFLAGS=$cflags" "$@" >"$dir/make" 2>&1 || {
        cat "$dir/make" >&2
        die "cannot build it here with CFLAGS='$cflags'"
    }
}

# prepare PATCH: both trees and their programs
prepare() {
    chapter=${1%%/*}
    cflags=$(field "$1" Build:)
    cflags=${cflags:--O1 -g}
    copy_tree "$dir/right"
    cp -R "$dir/right" "$dir/broken"
    apply_patch "$1" "$dir/broken" || die "the patch no longer fits: $1"
    build right "$chapter/server" "$chapter/client" tests/peer tests/crowd/crowd
    build broken "$chapter/server" "$chapter/client"
    peer=$dir/right/tests/peer
}

# observe WHERE EXPERIMENT: what it says goes to $dir/WHERE.txt
observe() {
    where=$dir/$1/$chapter
    "$2" >"$dir/$1.txt"
    stop_everything
    rm -f "$dir/keyboard" "$dir/cue" "$dir"/client* "$dir"/talk*
}

# differs: what was said of the two
differs() {
    for text in right broken; do
        sed 's/([^)]*)//g' "$dir/$text.txt" >"$dir/$text.said"
    done
    ! cmp -s "$dir/right.said" "$dir/broken.said"
}

# At a terminal nobody sees the answer before having had time for a guess.
let_predict() {
    if [ -t 0 ] && [ -t 1 ]; then
        printf '\nWrite it down, then press Enter. '
        read -r _ || echo # end-of-file will do, too
    fi
}

show_case() {
    name=$(basename "$1" .patch)
    printf '%s: %s\n' "${1%%/*}" "$name"
    paragraph 'What it changes' "$1" 'What it changes:'
    sed -n '/^--- /,$s/^\([-+]\)/    \1/p' "$1" |
        grep -v -e '    --- ' -e '    +++ '
    paragraph 'What do you predict?' "$1" 'What do you predict?'
    let_predict
    printf '\n(building both, and trying ...)\n'
    prepare "$1"
    experiment=$(field "$1" Experiment:)
    observe right "$experiment"
    printf '\nThe right one\n'
    sed 's/^/  | /' "$dir/right.txt"
    observe broken "$experiment"
    printf '\nThe broken one\n'
    sed 's/^/  | /' "$dir/broken.txt"
    paragraph 'What happens' "$1" 'What happens:'
    paragraph 'Why' "$1" 'Why:'
    paragraph 'Caught by' "$1" 'Caught by:'
}

list_cases() {
    for patch in $1; do
        printf '%-26s %s\n' "$(basename "$patch" .patch)" \
            "$(field "$patch" 'What it changes:' | tr '\n' ' ')"
    done
}

# try_all PATCHES: a line each
try_all() {
    hidden=0
    for patch in $1; do
        begun=$(date +%s)
        result='no difference'
        if sh tests/break/break.sh "${patch%%-*}" "$(basename "$patch" .patch)" \
            </dev/null >"$dir/shown" 2>&1; then
            result=shown
        else
            cat "$dir/shown"
            hidden=$((hidden + 1))
        fi
        printf '%-13s %3d s  %s\n' "$result" $(($(date +%s) - begun)) "$patch"
    done
    [ "$hidden" -eq 0 ]
}

if [ "${1-}" = --all ]; then
    patches=$(find_patches "${2-}" "${3-}") || exit
    need_patch
    dir=$(mktemp -d "${TMPDIR:-/tmp}/break.XXXXXX")
    try_all "$patches"
elif [ -z "${1-}" ]; then
    echo 'break: which chapter? make break N=02, or N=01 to N=05' >&2
    exit 2
elif [ -z "${2-}" ]; then
    patches=$(find_patches "$1" '') || exit
    list_cases "$patches"
    printf '\nTry one: make break N=%s CASE=%s\n' "$1" \
        "$(basename "${patches%%.patch*}")"
else
    patch=$(find_patches "$1" "$2") || exit
    need_patch
    dir=$(mktemp -d "${TMPDIR:-/tmp}/break.XXXXXX")
    show_case "$patch"
    if ! differs; then
        printf '\nThis time no difference has shown. Try again.\n'
        exit 1
    fi
fi
