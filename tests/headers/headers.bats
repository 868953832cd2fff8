#!/usr/bin/env bats
# headers.bats - the headers in common/, by the programs in tests/headers/.
# What a chapter needs of them is checked by the chapters' own tests.
#
# shellcheck disable=SC2154 # helpers.bash sets out, err and status

setup() {
    load ../lib/helpers
}

teardown() {
    stop_everything
}

# all_good PROGRAM: runs its checks
all_good() {
    local LIMIT=60
    bounded "$ROOT/tests/headers/$1" </dev/null
    if [ "$status" -ne 0 ]; then
        grep -a -A 2 '^not ok' "$out" || :
        fail "tests/headers/$1: exit status $status"
    fi
    assert_matches 'the checks' '^1\.\.[1-9][0-9]*$' "$out"
}

@test "lines.h cuts a stream into the same lines in whatever pieces it comes" {
    all_good lines
}

@test "lines.h ends a program that puts in, adds or drops too much" {
    local how
    ulimit -c 0 # no core file
    for how in put-too-much add-too-much add-five-lines drop-too-much; do
        bounded "$ROOT/tests/headers/lines" "$how" </dev/null
        [ "$status" -ne 0 ] || fail "it survives $how"
        assert_matches "$how" 'ssertion.*(size|sent) <=' "$err"
    done
}

@test "lines.h includes no header of sockets and calls no function of the system" {
    local calls
    grep '^ *# *include' "$ROOT/common/lines.h" >"$TMP/includes"
    assert_file 'what lines.h includes' \
        '#include <assert.h>\n#include <stdbool.h>\n#include <stddef.h>\n#include <string.h>\n' \
        "$TMP/includes"
    # Calls, without comments, of what is not its own
    calls=$(sed -e 's:/\*.*\*/::' -e '/\/\*/,/\*\//d' "$ROOT/common/lines.h" |
        grep -oE '[a-z_]+\(' | grep -v '^lines\?_' | sort -u | tr '\n' ' ')
    assert_equal 'what lines.h calls' \
        'assert( memchr( memcmp( memcpy( memmove( strlen( ' \
        "$calls"
}

@test "talk.h shows and answers as the protocol says" {
    all_good talk
}

# what_is_logged FILE: every line has date and time, and what is cut says so
what_is_logged() {
    LC_ALL=C awk '
        length >= 512 { bad("longer than 512 bytes with its end") }
        !/^[0-9-]+ [0-9:]+ / { bad("without date and time") }
        / says: / {
            says = $0
            sub(/^.* says: /, "", says)
            around = length - length(says) + 1 # with the end of the line
            if (says ~ /\.\.\. \([0-9]+ bytes\)$/) {
                cut++
                if (length < 490)
                    bad("cut too early")
                size = says
                sub(/^.*\.\.\. \(/, "", size)
                if (size + 0 < says_limit(says, around))
                    bad("cut although it fits")
            } else
                whole++
            # what stands before the cut is whole characters
            sub(/\.\.\. \([0-9]+ bytes\)$/, "", says)
            if (says ~ /^\\/ && says !~ /^(\\x1b)+$/)
                bad("cut inside a control byte")
            if (says ~ /\303/ && says !~ /^(\303\251)+\303?$/)
                bad("not what was said")
            if (says ~ /\303$/ && $0 ~ /bytes\)$/)
                bad("cut inside a character")
        }
        function says_limit(says, around) {
            return says ~ /^\\/ ? (511 - around) / 4 : 511 - around
        }
        function bad(what) {
            if (!wrong++)
                print "line " NR ", " what ": " $0
        }
        END {
            print NR + 0, "lines,", whole + 0, "whole,", cut + 0, "cut,",
                wrong + 0, "wrong"
            exit wrong > 0 || !whole || !cut
        }' "$1" >"$TMP/verdict" || fail "$(cat "$TMP/verdict")"
}

@test "no line of the log is longer than 512 bytes, whatever the name and message" {
    # shellcheck disable=SC2034 # bounded looks at it
    local LIMIT=60 mode
    for mode in log at-once; do
        bounded "$ROOT/tests/headers/talk" "$mode" </dev/null
        assert_equal 'the exit status' 0 "$status"
        what_is_logged "$out"
    done
}

@test "net.h, args.h and connect.h keep their contracts" {
    all_good net
}

# A macro that a program defines first must not change a text: GNU's
# strerror_r is another function than that of POSIX.
@test "an error has its text whatever feature macros a program defines" {
    [ -z "${CLIENT-}" ] || skip 'this looks at the programs in C'
    use_chapter 03-threaded
    start_server
    stop_server # now nobody listens there
    local define
    for define in _GNU_SOURCE _DEFAULT_SOURCE _POSIX_C_SOURCE=200809L \
        _XOPEN_SOURCE=700; do
        # shellcheck disable=SC2086 # may hold several words
        bounded ${CC:-cc} -std=c11 "-D$define" -pthread \
            "$ROOT/03-threaded/client.c" -o "$TMP/client" </dev/null
        assert_equal "the compiler's exit status with $define" 0 "$status"
        bounded "$TMP/client" "$host" "$port" </dev/null
        assert_matches "the client's errors with $define" \
            "^client: connect 127\.0\.0\.1:$port: Connection refused \([0-9]+\)\$" \
            "$err"
    done
}
