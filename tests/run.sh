#!/bin/sh
# run.sh - runs test files side by side: most tests wait for something.
#
#   sh tests/run.sh FILE...      from the root; JOBS at a time, default 4
#
# Prints one TAP report, file by file, the numbers made consecutive, and at the
# end what failed once more. bats -j does the same, but needs GNU parallel.
set -eu

jobs=${JOBS:-4}
dir=$(mktemp -d "${TMPDIR:-/tmp}/tests.XXXXXX")
running=''
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# shellcheck disable=SC2317 # the trap calls it
cleanup() {
    # shellcheck disable=SC2086 # a list of pids
    [ -z "$running" ] || kill $running 2>/dev/null || :
    wait
    rm -rf "$dir"
}

# worker FILE...: runs each of the files that nobody has taken yet
worker() {
    for file in "$@"; do
        name=$(basename "$file")
        # mkdir: of several who try, one succeeds
        mkdir "$dir/$name" 2>/dev/null || continue
        status=0
        bats --tap --setup-suite-file tests/setup_suite.bash "$file" \
            >"$dir/$name/tap" 2>&1 </dev/null || status=$?
        echo "$status" >"$dir/$name/status"
    done
}

n=0
while [ "$n" -lt "$jobs" ]; do
    worker "$@" &
    running="$running $!"
    n=$((n + 1))
done
wait
running=''

for file in "$@"; do
    echo "# $file"
    grep -v '^1\.\.' "$dir/$(basename "$file")/tap" || :
done | awk '
    /^ok /     { sub(/^ok [0-9]+/, "ok " ++tests) }
    /^not ok / { sub(/^not ok [0-9]+/, "not ok " ++tests); bad = bad "\n" $0 }
    { print }
    END {
        print "1.." tests
        if (bad != "") print "# failed:" bad
    }'

failed=0
for file in "$@"; do
    [ "$(cat "$dir/$(basename "$file")/status")" -eq 0 ] || failed=1
done
exit "$failed"
