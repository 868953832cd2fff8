#!/usr/bin/env bats
# thirty.bats - a class hands in.

# shellcheck disable=SC2154 # labs.bash sets submission

load labs

@test "thirty submissions in a row leave no process and no file behind" {
    local kind points
    find . -type f | sort >"$BATS_TEST_TMPDIR/before"
    for _ in {1..6}; do
        for kind in good starter broken hanging forking; do
            points=0
            case $kind in
            good)
                cp tests/labs/01/solution.c "$submission"
                points=10
                ;;
            starter) N=01 bash tests/labs/lab.sh starter >"$submission" ;;
            broken) echo 'int main(void) {' >"$submission" ;;
            hanging) submit 'for (;;) pause();' ;;
            forking) submit 'fork(); setsid(); fork(); for (;;) pause();' ;;
            esac
            grade N=01 P=4 LAB="$submission"
            says "lab 01, part 4: $points/10"
        done
    done
    find . -type f | sort | diff "$BATS_TEST_TMPDIR/before" -
}
