#!/bin/sh
# portable.sh - the tests with other compilers, C libraries and machines; the
# last thing it prints is a table.
#
#   make portable
#   sh tests/portable.sh musl s390x    these rows only
#
#   PORTABLE_OPTIONAL=1    a compiler that is missing is no failure
#
# Each row builds in a copy of the tree, with warnings as errors. A foreign
# machine is emulated (qemu-user): there the checks of the headers and one
# conversation per chapter run, which shows whether the order of the bytes in
# a number matters. The peer they talk to is a program of this machine.
set -eu
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- gcc clang i686 musl s390x

ROW_LIMIT=900 # seconds that one row may take

# A caller's make must not talk into ours, nor decide what is tested.
unset MAKEFLAGS MFLAGS MAKELEVEL N SERVER CLIENT BATSFLAGS \
    CC CFLAGS CPPFLAGS LDFLAGS LDLIBS EXE PTHREAD

dir=$(mktemp -d "${TMPDIR:-/tmp}/portable.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

failed=0

# row NAME WHAT PACKAGES RUNNER COMPILER FLAG...: a line of the table
row() {
    name=$1 what=$2 packages=$3 runner=$4
    shift 4
    start=$(date +%s)
    log=$dir/$name.log
    result=ok
    if ! can_build "$@"; then
        result="missing: $packages"
        [ "${PORTABLE_OPTIONAL-}" = 1 ] || failed=1
    else
        echo "--- $name: $what"
        copy_tree "$dir/$name"
        if [ -z "$runner" ]; then
            test_here "$@" >"$log" 2>&1 || result=FAILED
        else
            test_emulated "$@" >"$log" 2>&1 || result=FAILED
        fi
        [ "$result" = ok ] || {
            grep -v '^ok' "$log" | tail -n 100
            failed=1
        }
        rm -rf "${dir:?}/$name"
    fi
    skipped=$(count '^ok [0-9].* # skip')
    passed=$(($(count '^ok [0-9]') - skipped))
    bad=$(count '^not ok [0-9]')
    printf '%-6s %-30s %5d %6d %6d %7d %7d  %s\n' "$name" "$what" \
        $((passed + bad)) "$passed" "$bad" "$skipped" \
        $(($(date +%s) - start)) "$result" >>"$dir/table"
}

count() {
    if [ -e "$log" ]; then
        grep -Ec "$1" "$log" || :
    else
        echo 0
    fi
}

# can_build COMPILER FLAG...: a program, and can this machine run it?
can_build() {
    echo '#include <pthread.h>
int main(void) { return 0; }' >"$dir/try.c"
    # shellcheck disable=SC2086 # no runner is no word
    "$@" "$dir/try.c" -o "$dir/try" 2>"$dir/try.log" && $runner "$dir/try"
}

copy_tree() {
    mkdir "$1"
    tar -cf - --exclude=./.git . | tar -xf - -C "$1"
    make -s -C "$1" clean
}

# Both of these are joined by &&: set -e does not hold in them, since the caller
# asks for their exit status.

# test_here COMPILER FLAG...: all tests of the programs. bats has make build
# them once more, and that finds these settings in the environment.
test_here() {
    compiler=$1
    shift
    (
        cd "$dir/$name"
        export CC="$compiler" CFLAGS='-O2 -g -Werror' LDFLAGS="$*"
        make all tests/peer tests/framing &&
            timeout "$ROW_LIMIT" bats tests/0?-*.bats tests/abuse.bats \
                tests/common.bats
    )
}

# test_emulated COMPILER FLAG...: what is told at the top
test_emulated() {
    compiler=$1
    shift
    (
        cd "$dir/$name"
        make CC="$compiler" CFLAGS='-O2 -g -Werror' LDFLAGS="$*" \
            EXE=".$name" all "tests/framing.$name" &&
            timeout "$ROW_LIMIT" "$runner" "tests/framing.$name" &&
            SERVER="$runner server.$name" CLIENT="$runner client.$name" \
                timeout "$ROW_LIMIT" bats -f "$conversations" tests/0?-*.bats
        # The names are not the chapters' own: setup_suite makes those
    )
}
conversations='prints the conversation and nothing else'
conversations="$conversations|and the client prints nothing else"
conversations="$conversations|shows the greeting, sends one line"

for wanted in "$@"; do
    case $wanted in
    gcc)
        row gcc "gcc" gcc '' gcc
        ;;
    clang)
        row clang "clang" clang '' clang
        ;;
    i686)
        row i686 '32 bits, gcc, static' \
            'gcc-i686-linux-gnu libc6-dev-i386-cross' '' \
            i686-linux-gnu-gcc -static
        ;;
    musl)
        # Its FD_SET and FD_ISSET mix int and unsigned long by themselves
        row musl 'the C library musl' musl-tools '' \
            musl-gcc -Wno-sign-conversion
        ;;
    s390x)
        row s390x 'big-endian, gcc, static, qemu' \
            'gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user' \
            qemu-s390x s390x-linux-gnu-gcc -static
        ;;
    *)
        echo "portable.sh: rows are gcc, clang, i686, musl and s390x" >&2
        exit 2
        ;;
    esac
done

printf '\n%-6s %-30s %5s %6s %6s %7s %7s\n' row what run passed failed \
    skipped seconds
cat "$dir/table"
exit "$failed"
