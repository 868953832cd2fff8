#!/usr/bin/env bats
# windows.bats - what is particular to Windows programs: the console that they
# must leave as it was, and a keyboard that cannot be had. Run under wine by
# windows.sh (make test-windows), which has built the programs.

# shellcheck disable=SC2034,SC2154 # for helpers.bash, or from it

setup_file() {
    load ../../lib/helpers
    export WINDOWS=$BATS_FILE_TMPDIR
    local cc=${WINDOWS_CC:-x86_64-w64-mingw32-gcc} here=$BATS_TEST_DIRNAME
    "$cc" "$here/console.c" -o "$WINDOWS/console.exe" -lws2_32
    "$cc" -DNO_CONNECT -include "$here/nopair.h" "$ROOT/05-select/server.c" \
        -o "$WINDOWS/server.exe" -lws2_32
    for chapter in 03-threaded 05-select; do
        "$cc" -include "$here/nopair.h" "$ROOT/$chapter/client.c" \
            -o "$WINDOWS/client-$chapter.exe" -lws2_32
    done
}

setup() {
    load ../../lib/helpers
    use_chapter 05-select
}

teardown() {
    stop_everything
}

# leaves_console END PROGRAM...: see console.c. A pseudo-terminal is a console
# to wine.
leaves_console() {
    in_terminal wine "$WINDOWS/console.exe" "$TMP/result" "$@" </dev/null
    assert_equal 'the console' 'changed, put back' \
        "$(tr -d '\r' <"$TMP/result")"
}

@test "a server that is interrupted puts the console's code page back" {
    leaves_console break "$ROOT/05-select/server.exe" 0
}

@test "the crowd puts the console's mode back when it is interrupted" {
    leaves_console break "$ROOT/tests/crowd/crowd.exe" --clients 3 --limit 20000 PORT
}

@test "the crowd puts the console's mode back at its end" {
    leaves_console end "$ROOT/tests/crowd/crowd.exe" --clients 3 --limit 3000 PORT
}

@test "05: a server that has no keyboard says so and serves on" {
    server_command=(wine "$WINDOWS/server.exe")
    start_server
    wait_for_log '^standard input cannot be read'
    talk greeted send 'hello\n' answered hello send 'quit\n' expect 'quit\n' end
    talk greeted send 'again\n' answered again
}

@test "a client that has no keyboard says so and ends" {
    start_peer send "$GREETING\n" recv-all
    bounded wine "$WINDOWS/client-03-threaded.exe" "$host" "$port" </dev/null
    assert_equal "03: the client's exit status" 1 "$status"
    assert_matches "03: the client's errors" '^standard input cannot be' "$err"
    start_peer send "$GREETING\n" recv-all
    bounded wine "$WINDOWS/client-05-select.exe" "$host" "$port" </dev/null
    assert_equal "05: the client's exit status" 1 "$status"
    assert_matches "05: the client's errors" '^standard input cannot be' "$err"
    tr -d '\r' <"$out" >"$TMP/lines"
    assert_matches '05: the output' "^server: $GREETING\$" "$TMP/lines"
}
