#!/bin/sh
# portable.sh - other compilers, standards, C libraries, machines and systems;
# the last thing it prints is a table.
#
#   make portable
#   sh tests/maintain/portable.sh musl s390x    these rows only
#
#   PORTABLE_OPTIONAL=1    a compiler that is missing is no failure
#
# Each row builds all programs, the tests' too, in a copy of the tree, with
# warnings as errors. What runs then, its last column says:
#   tests     all tests of the programs
#   talks     the checks of the headers and one conversation per chapter
#   headers   the checks of the headers
#   nothing   the programs of a system that this machine cannot run
#
# A foreign machine is emulated (qemu-user): its talks show whether the order
# of the bytes in a number matters. The peer they talk to is a program of this
# machine.
#
# The compiler for macOS and Windows is `zig cc`: clang, and the headers of many
# systems. It is no package of Debian's, so its rows are skipped where no `zig`
# is on the PATH. .ci/run has a way to install it.
set -eu
unset CDPATH # or cd might go elsewhere
cd "$(dirname "$0")/../.."

[ $# -gt 0 ] ||
    set -- gcc clang clang-19 c17 c23 i686 musl s390x macos windows

ROW_LIMIT=900 # seconds that one row may take

# A caller's make must not talk into ours, nor decide what is tested.
unset MAKEFLAGS MFLAGS MAKELEVEL N SERVER CLIENT \
    CC CFLAGS CPPFLAGS LDFLAGS LDLIBS EXE PTHREAD WARNINGS

dir=$(mktemp -d "${TMPDIR:-/tmp}/portable.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# zig keeps what it has compiled: with us, it starts from nothing
export ZIG_GLOBAL_CACHE_DIR="$dir/zig" ZIG_LOCAL_CACHE_DIR="$dir/zig"

failed=0
runner='' # what runs a program of a foreign machine

# row NAME WHAT RUNS PACKAGES COMPILER FLAG...: a line of the table
row() {
    name=$1 what=$2 runs=$3 packages=$4 compiler=$5
    shift 5
    start=$(date +%s)
    log=$dir/$name.log
    result=ok
    if ! can_build "$@"; then
        result="missing: $packages"
        [ "${PORTABLE_OPTIONAL-}" = 1 ] || failed=1
    else
        echo "--- $name: $what"
        copy_tree "$dir/$name"
        (cd "$dir/$name" && try_row "$@") >"$log" 2>&1 || result=FAILED
        [ "$result" = ok ] || {
            grep -v '^ok' "$log" | tail -n 100
            failed=1
        }
        rm -rf "${dir:?}/$name"
    fi
    end_row
}

end_row() {
    skipped=$(count '^ok [0-9].* # skip')
    passed=$(($(count '^ok [0-9]') - skipped))
    bad=$(count '^not ok [0-9]')
    printf '%-14s %-29s %-7s %4d %6d %6d %7d %7d  %s\n' "$name" "$what" \
        "$runs" $((passed + bad)) "$passed" "$bad" "$skipped" \
        $(($(date +%s) - start)) "$result" >>"$dir/table"
}

# zig_row NAME WHAT FLAG...: the same for a system whose programs cannot run
zig_row() {
    if command -v zig >/dev/null; then
        zig_name=$1 zig_what=$2
        shift 2
        row "$zig_name" "$zig_what" nothing zig 'zig cc' "$@"
    else
        name=$1 what=$2 runs=nothing log=/dev/null start=$(date +%s)
        result='skipped: no zig on the PATH'
        end_row
    fi
}

count() {
    if [ -e "$log" ]; then
        grep -Ec "$1" "$log" || :
    else
        echo 0
    fi
}

# can_build FLAG...: a program, and can this machine run it?
can_build() {
    if [ "$runs" = nothing ]; then
        echo '#include <stdio.h>' >"$dir/try.c"
    else
        echo '#include <pthread.h>' >"$dir/try.c"
    fi
    echo 'int main(void) { return 0; }' >>"$dir/try.c"
    # shellcheck disable=SC2086 # a compiler may be two words, no runner is none
    $compiler "$@" "$dir/try.c" -o "$dir/try" 2>"$dir/try.log" &&
        { [ "$runs" = nothing ] || $runner "$dir/try"; }
}

copy_tree() {
    mkdir "$1"
    tar -cf - --exclude=./.git . | tar -xf - -C "$1"
    make -s -C "$1" clean
}

# try_row FLAG...: builds, and runs what the row runs. Joined by &&: set -e does
# not hold here, since the caller asks for the exit status.
try_row() {
    case $runs in
    tests)
        (
            # bats has make build once more: it finds these settings, too
            export CC="$compiler" CFLAGS='-O2 -g -Werror' LDFLAGS="$*"
            set -- tests/chapters/0?-*.bats tests/chapters/abuse.bats tests/chapters/every-chapter.bats \
                tests/headers/headers.bats
            # These preload shims, which a static program ignores, and expect
            # this C library's words
            case $name in
            gcc | clang) set -- "$@" tests/chapters/regressions.bats ;;
            esac
            make -j2 test-programs && timeout "$ROW_LIMIT" bats "$@"
        )
        ;;
    talks)
        # Not the names of the chapters' own: setup_suite makes those
        build "$@" && check_headers &&
            SERVER="$runner server.$name" CLIENT="$runner client.$name" \
                timeout "$ROW_LIMIT" bats -f "$conversations" tests/chapters/0?-*.bats
        ;;
    headers)
        build "$@" && check_headers
        ;;
    nothing)
        build "$@"
        ;;
    esac
}

build() {
    make -j2 CC="$compiler" CFLAGS='-O2 -g -Werror' LDFLAGS="$*" \
        EXE=".$name" test-programs
}

check_headers() {
    for header in lines talk net; do
        # shellcheck disable=SC2086 # no runner is no word
        timeout "$ROW_LIMIT" $runner "tests/headers/$header.$name" || return
    done
}

# standard COMPILER: the flag for C23, which was c2x until it was published
standard() {
    if "$1" -std=c23 -E -x c /dev/null >/dev/null 2>&1; then
        echo -std=c23
    else
        echo -std=c2x
    fi
}

conversations='prints the conversation and nothing else'
conversations="$conversations|and the client prints nothing else"
conversations="$conversations|shows the greeting, sends one line"

for wanted in "$@"; do
    case $wanted in
    gcc | clang)
        row "$wanted" "$wanted" tests "$wanted" "$wanted"
        ;;
    clang-19)
        row clang-19 'clang 19, for newer warnings' talks clang-19 clang-19
        ;;
    c17)
        for compiler in gcc clang clang-19; do
            row "c17-$compiler" "$compiler -std=c17" headers \
                "$compiler" "$compiler" -std=c17
        done
        ;;
    c23)
        for compiler in gcc clang clang-19; do
            flag=$(standard "$compiler")
            row "c23-$compiler" "$compiler $flag" headers \
                "$compiler" "$compiler" "$flag"
        done
        ;;
    i686)
        row i686 '32 bits, gcc, static' tests \
            'gcc-i686-linux-gnu libc6-dev-i386-cross' \
            i686-linux-gnu-gcc -static
        ;;
    musl)
        # Its FD_SET and FD_ISSET mix int and unsigned long by themselves
        row musl 'the C library musl' tests musl-tools \
            musl-gcc -Wno-sign-conversion
        ;;
    s390x)
        runner=qemu-s390x
        row s390x 'big-endian, gcc, static, qemu' talks \
            'gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user' \
            s390x-linux-gnu-gcc -static
        runner=''
        ;;
    macos)
        zig_row macos-arm64 'macOS on ARM, zig cc' -target aarch64-macos
        zig_row macos-x86_64 'macOS on Intel, zig cc' -target x86_64-macos
        ;;
    windows)
        # Compiled only: before it can link, zig builds Windows' C library,
        # which takes longer than all else here. `make test-windows` links.
        zig_row windows-x86_64 'Windows, 64 bits, zig cc -c' \
            -target x86_64-windows-gnu -c
        zig_row windows-x86 'Windows, 32 bits, zig cc -c' \
            -target x86-windows-gnu -c
        ;;
    *)
        echo "portable.sh: rows are gcc, clang, clang-19, c17, c23, i686," \
            "musl, s390x, macos and windows" >&2
        exit 2
        ;;
    esac
done

printf '\n%-14s %-29s %-7s %4s %6s %6s %7s %7s\n' row what runs run passed \
    failed skipped seconds
cat "$dir/table"
exit "$failed"
