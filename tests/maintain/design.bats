#!/usr/bin/env bats
# design.bats - what a reader finds in the programs' files: the calls that the
# lesson is about, small functions, and no difference between systems.

# shellcheck disable=SC2154 # helpers.bash sets them

setup() {
    load ../lib/helpers
    cd "$ROOT" || return
    programs=$(echo 0[1-5]-*/server.c 0[1-5]-*/client.c)
    assert_equal 'programs' 10 "$(echo "$programs" | wc -w | tr -d ' ')"
}

# code FILE...: without comments and what is included, and with "" for every
# string; all lines stay
code() {
    awk '{
        line = $0
        sub(/^ *# *include .*/, "", line)
        gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
        if (inside) {
            if (!sub(/^.*\*\//, "", line))
                line = ""
            else
                inside = 0
        }
        gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, "", line)
        if (sub(/\/\*.*$/, "", line))
            inside = 1
        print line
    }' "$@"
}

# assert_calls FILE CALL...: each stands in it, perhaps as net_CALL
assert_calls() {
    local file=$1 call
    shift
    code "$file" >"$TMP/code"
    for call in "$@"; do
        grep -Eq "(^|[^a-zA-Z_])(net_)?$call\(" "$TMP/code" ||
            fail "$file does not show $call"
    done
}

# assert_at_most FILE LINES
assert_at_most() {
    local lines
    lines=$(($(wc -l <"$1")))
    [ "$lines" -le "$2" ] || fail "$1 has $lines lines, not at most $2"
}

# functions FILE...: "FILE NAME LINES" for each, from its first line to its }
functions() {
    awk '
        /^[a-zA-Z]/ && !/^(struct|enum|union|typedef|static const|static struct [a-z_]+ {)/ {
            first = FNR
            signature = $0
        }
        /^{/ && first { open = 1 }
        /^}/ && open {
            name = signature
            sub(/\(.*/, "", name)
            sub(/.*[ *]/, "", name)
            print FILENAME, name, FNR - first + 1
            open = first = 0
        }' "$@"
}

# nothing_matches WHAT FILE...: nothing of the code matches the pattern
nothing_matches() {
    local what=$1 pattern=$2 file
    shift 2
    for file in "$@"; do
        code "$file" | grep -nE -e "$pattern" | sed "s:^:$file\::" || :
    done >"$TMP/found"
    [ ! -s "$TMP/found" ] || fail "$what:
$(cat "$TMP/found")"
}

@test "each program shows the calls that its lesson is about" {
    local chapter
    assert_calls 01-blocking/server.c getaddrinfo socket setsockopt bind \
        listen accept recv send shutdown close
    assert_calls 01-blocking/client.c getaddrinfo socket connect recv send \
        shutdown close
    for chapter in 02-loop-server 03-threaded 04-nonblocking 05-select; do
        assert_calls "$chapter/server.c" accept recv send shutdown close
        assert_calls "$chapter/client.c" 'connect(_start)?' recv send \
            shutdown close
    done
    assert_calls 03-threaded/server.c thread lock_take lock_release
    assert_calls 05-select/server.c select FD_ZERO FD_SET FD_ISSET
    assert_calls 05-select/client.c select FD_ZERO FD_SET FD_ISSET
}

@test "04 says what would block means after recv and after send" {
    local file
    for file in 04-nonblocking/server.c 04-nonblocking/client.c; do
        [ "$(code "$file" | grep -c 'net_would_block(')" -ge 2 ] ||
            fail "$file does not say it for both"
    done
}

@test "no program is longer than its lesson allows" {
    assert_at_most 01-blocking/server.c 170
    assert_at_most 02-loop-server/server.c 120
    assert_at_most 03-threaded/server.c 130
    assert_at_most 04-nonblocking/server.c 245
    assert_at_most 05-select/server.c 280
    local client
    for client in 0[1-5]-*/client.c; do
        assert_at_most "$client" 130
    done
}

@test "what a Linux reader of 03 must read besides has at most 1,200 lines" {
    cat common/net.h common/net_posix.h common/lines.h common/talk.h \
        common/args.h >"$TMP/besides"
    assert_at_most "$TMP/besides" 1200
}

@test "main has at most 30 lines and any other function 40" {
    # shellcheck disable=SC2086 # several names
    functions $programs common/[a-bd-z]*.h common/c[a-qs-z]*.h \
        >"$TMP/functions"
    assert_equal 'functions called main' 10 "$(grep -c ' main ' "$TMP/functions")"
    [ "$(($(wc -l <"$TMP/functions")))" -gt 150 ] || fail 'that is not all'
    awk '$3 > ($2 == "main" ? 30 : 40)' "$TMP/functions" >"$TMP/long"
    assert_file 'functions that are too long' '' "$TMP/long"
}

@test "no program asks for which system it is compiled" {
    # shellcheck disable=SC2086 # several names
    nothing_matches 'conditions for the preprocessor' '^[[:blank:]]*#[[:blank:]]*(if|elif|else)' \
        $programs
}

@test "no macro has the name of a call of the system" {
    # shellcheck disable=SC2086 # several names
    nothing_matches 'macros' \
        '#[[:blank:]]*define (accept|bind|close|connect|listen|poll|read|recv|select|send|shutdown|socket|write)\>' \
        $programs common/*.h
}

@test "what is printed is not cast to void" {
    # shellcheck disable=SC2086 # several names
    nothing_matches '(void) before prints' \
        '\(void\) *(v?f?s?n?printf|f?puts|f?putc|putchar)\(' \
        $programs common/*.h
}

@test "no variable is called like a call of the system" {
    # Not: a call, a member of a struct, or where connect.h declares one
    sed '/^    net_socket socket; /d' common/connect.h >"$TMP/connect.h"
    # shellcheck disable=SC2086 # several names
    nothing_matches 'variables' \
        '(^|[^a-zA-Z0-9_.>])(accept|bind|close|connect|listen|poll|read|recv|select|send|shutdown|socket|write) *([^a-zA-Z0-9_( ]|$)' \
        $programs common/[abd-z]*.h "$TMP/connect.h"
}
