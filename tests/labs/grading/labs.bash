# labs.bash - for the checks of the labs: a copy of the tree, in which nobody's
# work is touched, and submissions to be graded there.
#
# shellcheck disable=SC2154 # bats sets status and output

bats_require_minimum_version 1.8.0

load ../../lib/helpers

setup_file() {
    export TREE=$BATS_FILE_TMPDIR/tree
    mkdir "$TREE"
    cp -Rp "$ROOT"/{Makefile,LICENSE,README.md,common,tests} "$ROOT"/0?-* "$TREE"
    unset N P LAB REPORT SEED DIR JOBS FROM MAKEFLAGS MFLAGS MAKELEVEL SERVER
    export SANDBOX=no # but where it is what is tested
    make -s -C "$TREE" all tests/peer
    for lab in 01 02 03 04; do
        make -s -C "$TREE" "tests/labs/$lab/check" >/dev/null
    done
}

setup() {
    # Whatever a grade leaves behind shows here
    export TMPDIR=$BATS_TEST_TMPDIR/tmp COMPILE='cc -std=c11 -O1 -g -pthread'
    mkdir "$TMPDIR"
    submission=$BATS_TEST_TMPDIR/server.c
    cd "$TREE" || return
}

teardown() {
    stop_everything
}

# grade VARIABLE=VALUE...: lab.sh has its own limit, after which no verdict comes
grade() {
    run env "$@" bash tests/labs/lab.sh grade 3>&- 4>&-
    echo "status $status:"
    echo "$output"
    nothing_left
}

nothing_left() {
    assert_equal 'files left behind' '' "$(ls -A "$TMPDIR")"
    [ ! -d /proc/self ] || assert_equal 'processes left behind' '' \
        "$(grep -lF "LAB_MARK=$TMPDIR" /proc/[0-9]*/environ 2>/dev/null)"
}

# says TEXT...: the grade did
says() {
    local text
    for text in "$@"; do
        case $output in
        *"$text"*) ;;
        *) fail "expected in the table: $text" ;;
        esac
    done
}

# submit BODY...: a server that listens, and then does just that
submit() {
    printf '%s\n' '#include "../../common/net.h"' \
        '#include "../../common/talk.h"' \
        'int main(void)' '{' \
        'struct net_endpoint at = {"127.0.0.1", "0"};' \
        'struct net_reason why;' \
        'if (net_start() != 0) return 1;' \
        'net_socket listener = net_listen(&at, &why);' \
        'printf("listening on %s\n", net_local_name(listener).text);' \
        'fflush(stdout);' "$@" '}' >"$submission"
}

# worsen LAB SED-SCRIPT: the solution of a lab, with a fault
worsen() {
    sed "$2" "tests/labs/$1/solution.c" >"$submission"
    ! cmp -s "$submission" "tests/labs/$1/solution.c" ||
        fail 'the solution has no such place'
}
