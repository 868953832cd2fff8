#!/usr/bin/env bats
# A short conversation with each server under valgrind: no error, and nothing
# that is kept for every client that came.

# shellcheck disable=SC2034,SC2154 # helpers.bash sets and uses them

load ../../lib/helpers

setup() {
    needs valgrind
}

teardown() {
    stop_everything
}

# blocks_after CLIENTS: how many blocks of memory are in use at the end
blocks_after() {
    local i
    server_command=(valgrind --leak-check=full --error-exitcode=9
        # glibc keeps the stacks of threads that ended, for the next ones
        --errors-for-leak-kinds=definite "--log-file=$TMP/valgrind.log" "$ROOT/$chapter/server")
    start_server
    for ((i = 0; i < $1; i++)); do
        if [ "$chapter" = 02-loop-server ]; then
            talk greeted send 'hello\n' end
        else
            talk greeted send 'hello\n' answered hello send 'quit\n' \
                expect 'quit\n' end
        fi
        wait_for_log ' left$' "$((i + 1))"
    done
    stop_server
    assert_matches "valgrind's verdict" 'ERROR SUMMARY: 0 errors' \
        "$TMP/valgrind.log"
    blocks=$(sed -n 's/.*in use at exit: .* in \([0-9,]*\) blocks.*/\1/p' \
        "$TMP/valgrind.log")
}

leaves_nothing() {
    use_chapter "$1"
    blocks_after 1
    local after_one=$blocks
    blocks_after 8
    # One that is still closing, or a thread on its way out, is no leak
    assert_under "blocks more after eight clients than after one, which" 3 \
        "$((blocks - after_one))"
}

@test "01: no error under valgrind" {
    use_chapter 01-blocking
    server_command=(valgrind --leak-check=full --error-exitcode=9
        "${server_command[@]}")
    hold_input
    start_server
    type_line 'my answer'
    talk greeted send 'hello\n' expect 'my answer\n' send 'quit\n' \
        expect 'quit\n' end
    assert_server_ends 0
}

@test "02: no error under valgrind, and nothing kept" {
    leaves_nothing 02-loop-server
}

@test "03: no error under valgrind, and nothing kept" {
    leaves_nothing 03-threaded
}

@test "04: no error under valgrind, and nothing kept" {
    leaves_nothing 04-nonblocking
}

@test "05: no error under valgrind, and nothing kept" {
    leaves_nothing 05-select
}
