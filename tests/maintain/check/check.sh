#!/bin/sh
# check.sh - the whole suite once more, on builds that notice what a plain one
# survives, and what takes longer than `make test` should.
#
#   make check                or some of it: CHECKS="thread valgrind" make check
#   CHECKS=labs make check    what is handed in for the labs, and their solutions
#
# Each build is made in a copy of the tree. CC is respected.
set -eu
unset CDPATH # or cd might go elsewhere
cd "$(dirname "$0")/../../.."

checks=${CHECKS:-cost address thread fortify valgrind}
keep='-g -fno-omit-frame-pointer -fno-sanitize-recover=all'
table=''
failed=0

dir=$(mktemp -d "${TMPDIR:-/tmp}/check.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

programs='tests/chapters/0*.bats tests/chapters/every-chapter.bats tests/chapters/abuse.bats tests/crowd/crowd.bats
    tests/headers/headers.bats tests/chapters/regressions.bats'

# in_copy CFLAGS TESTS...: builds a copy in this way, and runs these there
in_copy() {
    rm -rf "$dir/tree"
    mkdir "$dir/tree"
    tar -cf - --exclude=./.git . | tar -xf - -C "$dir/tree"
    make -s -C "$dir/tree" clean
    flags=$1
    shift
    # What make hands on to make does not concern the copy
    (
        unset MAKEFLAGS MFLAGS MAKELEVEL
        cd "$dir/tree"
        export CFLAGS="$flags"
        make -s test-programs
        $without_aslr bash tests/lib/run.sh "$@"
    )
}

# sanitized FLAGS TESTS...: a report fails the check even if no test noticed
sanitized() {
    mkdir -p "$dir/reports"
    rm -f "$dir/reports"/*
    export SANITIZED=yes
    export ASAN_OPTIONS="log_path=$dir/reports/asan"
    export UBSAN_OPTIONS="print_stacktrace=1:log_path=$dir/reports/ubsan"
    export TSAN_OPTIONS="log_path=$dir/reports/tsan"
    status=0
    # shellcheck disable=SC2086 # several words
    in_copy "-O1 $keep $1" $2 || status=$?
    for report in "$dir/reports"/*; do
        if [ -f "$report" ]; then
            cat "$report"
            status=1
        fi
    done
    unset SANITIZED
    return "$status"
}

check_cost() {
    in_copy '-O2 -g' tests/maintain/check/cost.bats
}

check_address() {
    sanitized -fsanitize=address,undefined "$programs tests/maintain/check/cost.bats"
}

# Only chapter 03 has threads
check_thread() {
    sanitized -fsanitize=thread 'tests/chapters/03-threaded.bats'
}

check_fortify() {
    # shellcheck disable=SC2086 # several words
    in_copy '-O2 -D_FORTIFY_SOURCE=2' $programs
}

check_valgrind() {
    in_copy '-O1 -g' tests/maintain/check/valgrind.bats
}

check_labs() {
    in_copy '-O2 -g' tests/labs/grading/*.bats
}

# ThreadSanitizer cannot place its memory where newer kernels randomize
# addresses by more bits than it knows
without_aslr=''
if setarch -R true 2>/dev/null; then
    without_aslr='setarch -R'
fi

for check in $checks; do
    echo "--- $check"
    result=ok
    start=$(date +%s)
    # `set -e` does not work inside a condition: the steps are one command each
    "check_$check" || result=FAILED
    [ "$result" = ok ] || failed=$((failed + 1))
    table="$table$(printf '\n%-10s %-8s %4d s' "$check" "$result" \
        $(($(date +%s) - start)))"
done
printf '%s\n' "$table"
[ "$failed" -eq 0 ]
