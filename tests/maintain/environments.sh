#!/bin/sh
# environments.sh - what a reader does first, done in odd places: each clone
# must behave like the plain one. Called by make environments.
#
#   make environments                  all, some minutes
#   make environments CASE=locale      one of them, and the plain one
#
#   plain      as it is, to compare with
#   locale     numbers have a comma, and awk is mawk
#   cdpath     CDPATH is exported, and cd finds other directories in it
#   path       the clone lies in "my dir/o'brien"
#   autocrlf   cloned as Git for Windows does
#   no-ipv6    a network of IPv4 alone (root only)
#   read-only  built by root, who has made lab 03, used by somebody else who may
#              write nothing in it (root only)
#
# What is compared: each command's exit status, and of what it prints all that
# does not differ from run to run. In a read-only tree `make lab`
# cannot work: it must say so.
set -eu
cd "$(dirname "$0")/../.."
unset MAKEFLAGS MFLAGS MAKELEVEL N P LAB REPORT SEED SERVER CLIENT CDPATH
# shellcheck disable=SC2046 # names
unset $(git rev-parse --local-env-vars)

CASES='locale cdpath path autocrlf no-ipv6 read-only'
NOBODY=65534

dir=$(mktemp -d "${TMPDIR:-/tmp}/environments.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# What is cloned: the tree as it stands, committed or not
make_source() {
    mkdir "$dir/from"
    tar -cf - --exclude=./.git . | tar -xf - -C "$dir/from"
    (
        cd "$dir/from"
        make -s clean
        git init -q
        git add .
        git -c user.name=a -c user.email=a@example.com commit -q -m a
    )
}

# --- The environments ---------------------------------------------------------

# enter CASE: clones for it and goes there; variables are set for what follows.
# `in_case COMMAND...` then runs a command in it.
enter() {
    tree=$dir/$1
    options=''
    case $1 in
    path) tree="$dir/my dir/o'brien" ;;
    autocrlf) options='-c core.autocrlf=true' ;;
    esac
    mkdir -p "${tree%/*}"
    # shellcheck disable=SC2086 # two words
    git clone -q $options "$dir/from" "$tree"
    cd "$tree"
    case $1 in
    locale | cdpath | read-only) "enter_$(echo "$1" | tr -d -)" ;;
    esac
}

enter_locale() {
    mkdir "$dir/locales" "$dir/bin"
    localedef -i de_DE -f UTF-8 "$dir/locales/de_DE.UTF-8" >/dev/null 2>&1 || :
    ln -s "$(command -v mawk)" "$dir/bin/awk"
    export LOCPATH="$dir/locales" LC_ALL=de_DE.UTF-8 PATH="$dir/bin:$PATH"
    half=$(bash -c 'printf %.1f 0,5' 2>/dev/null || :)
    [ "$half" = 0,5 ] || give_up 'there is no locale de_DE.UTF-8 (package locales)'
}

enter_cdpath() {
    mkdir -p "$dir/decoy/tests/labs" "$dir/decoy/common"
    for name in 0?-*; do
        mkdir -p "$dir/decoy/$name"
    done
    export CDPATH="$dir/decoy"
}

enter_readonly() {
    make -s test-programs tests/labs/01/check tests/labs/02/check \
        tests/labs/03/check tests/labs/04/check >/dev/null
    make -s lab N=03 >/dev/null
    chmod -R a+rX,a-w .
    chmod a+rx "$dir"
    mkdir -m 1777 "$dir/tmp"
    export TMPDIR="$dir/tmp" HOME=/nonexistent
}

in_case() {
    case $case in
    no-ipv6)
        # shellcheck disable=SC2016 # for the inner shell
        unshare -n sh -c 'ip link set lo up
            echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
            exec "$@"' sh "$@"
        ;;
    read-only)
        setpriv --reuid "$NOBODY" --regid "$NOBODY" --clear-groups "$@"
        ;;
    *) "$@" ;;
    esac
}

# needs CASE: ends a case that cannot be played here
needs() {
    case $1 in
    no-ipv6 | read-only)
        [ "$(id -u)" -eq 0 ] || give_up 'only root can make it'
        ;;
    esac
    case $1 in
    no-ipv6) need_programs unshare ip ;;
    read-only) need_programs setpriv ;;
    locale) need_programs mawk localedef ;;
    esac
}

need_programs() {
    for program in "$@"; do
        command -v "$program" >/dev/null || give_up "there is no $program here"
    done
}

give_up() {
    echo "skipped: $*" >"$dir/$case.skipped"
    exit 0
}

# --- What is done in each -------------------------------------------------------

# step NAME COMMAND...: keeps all that it prints, and the exit status
step() {
    name=$1
    shift
    status=0
    in_case "$@" >"$out/$name" 2>&1 </dev/null || status=$?
    echo "$name: exit status $status" >>"$out/summary"
    "essence_of_$name" <"$out/$name" >>"$out/summary"
}

play() {
    case=$1
    needs "$case"
    out=$dir/$case.out
    mkdir "$out"
    enter "$case"
    step demo make demo
    step test make test N=03
    case $case in
    read-only) say_read_only ;;
    *) step lab make lab N=03 ;;
    esac
    step grade make grade N=03
    step break make break N=03 CASE=telnet
}

# A table with times: who was served, of how many
essence_of_demo() {
    sed -n 's/^\(0[1-5]-[a-z-]*  *[0-9]* of [0-9]*\) .*/\1/p'
}

# A skipped test stands for one that passes: another place may lack something
essence_of_test() {
    sed -n -e 's/ # skip.*//' -e 's/ in [0-9]*ms$//' -e '/^ok /p' -e '/^not ok /p' |
        sed 's/^\(.*ok\) [0-9]* /\1 /' | LC_ALL=C sort
}

essence_of_lab() {
    sed 's/^/lab: /'
}

essence_of_grade() {
    grep -E '^ *[0-9]+ +[0-9]+/[0-9]+ |^lab 03' || :
}

# Between the bars, without the client's port, and times
essence_of_break() {
    sed -n 's/^  | //p' | sed -e 's/([^)]*)//g' -e 's/[0-9:-]* [0-9:]* //' \
        -e 's/127\.0\.0\.1:[0-9]*/PEER/g'
}

# A lab cannot be begun there. Then the plain one's lines stand for it.
say_read_only() {
    status=0
    in_case make lab N=03 >"$out/lab" 2>&1 </dev/null || status=$?
    if [ "$status" -ne 0 ] && grep -q 'cannot be written to' "$out/lab"; then
        grep '^lab: ' "$dir/plain.out/summary" >>"$out/summary"
    else
        echo 'make lab does not say that it cannot write' >>"$out/summary"
    fi
}

# --- Comparing ------------------------------------------------------------------

compare() {
    if [ -e "$dir/$1.skipped" ]; then
        printf '%-10s %s\n' "$1" "$(cat "$dir/$1.skipped")"
    elif [ ! -e "$dir/$1.out/summary" ]; then
        printf '%-10s failed before it began\n' "$1"
        bad=yes
    elif diff "$dir/plain.out/summary" "$dir/$1.out/summary" >"$dir/diff"; then
        printf '%-10s as in the plain one\n' "$1"
    else
        printf '%-10s DIFFERS from the plain one (<):\n' "$1"
        cat "$dir/diff"
        bad=yes
    fi
}

make_source
bad=''
(play plain)
sed 's/^/    /' "$dir/plain.out/summary" | grep 'exit status'
grep -q '^not ok' "$dir/plain.out/summary" && bad=yes
for environment in ${CASE:-$CASES}; do
    # A shell of its own, so that what it sets is gone afterwards
    (play "$environment") || :
    compare "$environment"
    [ ! -e "$dir/$environment" ] || chmod -R u+w "$dir/$environment"
done
[ -z "$bad" ]
