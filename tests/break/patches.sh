# shellcheck shell=sh
# patches.sh - what break.sh and mutants.sh know about the patches in the
# chapters' break/ directories. Sourced, in the root of the repository.
#
# A patch starts with a header in plain words, which patch(1) skips. A field
# starts at the beginning of a line; what is indented goes on with it:
#
#   What it changes: ...
#   What do you predict? ...
#   What happens: ...
#   Why: ...
#   Caught by: tests/FILE.bats: NAME OF THE TEST
#   Experiment: a function of tests/break/NN-chapter.sh
#   Build: CFLAGS, where the mistake shows only with them

# A caller's make must not talk into ours, nor decide what is tested.
unset MAKEFLAGS MFLAGS MAKELEVEL SERVER CLIENT

# field FILE NAME: prints the text of a field, a line each, without its name
field() {
    awk -v name="$2" '
        /^--- / { exit }
        index($0, name) == 1 {
            on = 1
            print substr($0, length(name) + 2)
            next
        }
        !/^ / { on = 0 }
        on { sub(/^ +/, ""); print }
    ' "$1"
}

# missing_fields FILE: prints the names of the fields that are not there
missing_fields() {
    for name in 'What it changes:' 'What do you predict?' 'What happens:' \
        'Why:' 'Caught by:' 'Experiment:'; do
        [ -n "$(field "$1" "$name")" ] || printf '"%s" ' "$name"
    done
}

# find_patches N CASE: prints the paths of the patches; an empty word stands
# for all. If there are none it says so on standard error, and returns 2.
find_patches() {
    case $1$2 in
    *[!a-z0-9-]*)
        echo "N is a chapter's number, CASE the name of a mistake" >&2
        return 2
        ;;
    esac
    found=''
    for patch in 0?-*/break/*.patch; do
        name=$(basename "$patch" .patch)
        if [ -f "$patch" ] && [ "${1:-${patch%%-*}}" = "${patch%%-*}" ] &&
            [ "${2:-$name}" = "$name" ]; then
            printf '%s\n' "$patch"
            found=yes
        fi
    done
    [ -n "$found" ] && return
    if [ -n "$2" ] && find_patches "$1" '' >/dev/null 2>&1; then
        echo "there is no CASE=$2${1:+ in chapter $1}; make break N=${1:-02}" \
            'lists what there is' >&2
    else
        echo "there is no chapter N=$1; chapters are N=01 to N=05" >&2
    fi
    return 2
}

# copy_tree TO: the sources of this tree, with nothing that was built
copy_tree() {
    mkdir "$1"
    cp -R Makefile common tests 0?-* "$1"
    chmod -R u+w "$1" # the tree may be somebody else's, and not to be written to
    make -s -C "$1" clean
}

# need_patch: ends the program if there is nothing that could apply one. A bare
# system may have git alone.
need_patch() {
    command -v patch >/dev/null || command -v git >/dev/null || {
        echo 'this needs the program patch: install the package of that name' >&2
        exit 1
    }
}

# apply_patch FILE TREE: exactly as it stands, or not at all; the lines may
# have moved up or down
apply_patch() {
    if command -v patch >/dev/null; then
        patch -p1 -F0 -s -f -d "$2" <"$1"
    else
        # As if it were in no repository, or git would look for that one's root
        (
            # shellcheck disable=SC2046 # names
            unset $(git rev-parse --local-env-vars)
            cd "$2" && GIT_CEILING_DIRECTORIES="${PWD%/*}" git apply
        ) <"$1"
    fi
}
