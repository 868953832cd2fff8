#!/usr/bin/env bats
# regressions.bats - what once went wrong, and nobody had thought of it: odd
# inputs and outputs, rare failures of the system, readers that are too slow.
#
# shellcheck disable=SC2030,SC2031,SC2154 # helpers.bash sets them, in each test

setup() {
    load ../lib/helpers
    load conversation
    load ../lib/each
    use_chapter 03-threaded
}

teardown() {
    stop_everything
}

# ------------------------------------------------------------------- the log

# read_slowly: bash reads a pipe byte by byte, so that the pipe is always full
read_slowly() {
    local LC_ALL=C line
    while IFS= read -r line; do
        printf '%s\n' "$line"
    done <"$TMP/pipe" >"$log"
}

# A write to a pipe is whole up to 512 bytes (POSIX) or 4096 (Linux). Where it
# is longer and the pipe is full, another thread's gets in between.
@test "03: on a pipe that is read slowly no line of the log is torn" {
    local LIMIT=60 i clients='' line
    # shellcheck disable=SC1003 # a backslash for peer
    line=$(repeat 1024 _ | sed 's/_/\\x1b/g')
    mkfifo "$TMP/pipe"
    read_slowly 3>&- 4>&- &
    started="$started $!"
    "${server_command[@]}" 0 >"$TMP/pipe" 2>&1 </dev/null 3>&- 4>&- &
    server_pid=$!
    started="$started $server_pid"
    find_port "$log" "$server_pid"
    for i in 1 2 3 4 5 6 7 8; do
        "$PEER" talk "$host" "$port" repeat 40 "$line\n" shut recv-all \
            >"$TMP/talk.$i" 2>"$TMP/talk.$i.log" 3>&- 4>&- &
        clients="$clients $!"
    done
    started="$started $clients"
    wait_for_log ' left$' 8
    grep -Ev '^[-0-9]+ [:0-9]+ [.0-9]+:[0-9]+ (connected|left|says: (\\x1b)+\.\.\. \(1024 bytes\))$|^listening' \
        "$log" >"$TMP/torn" || :
    assert_equal 'torn lines' 0 "$(($(wc -l <"$TMP/torn")))"
    assert_equal 'messages' 320 "$(grep -c ' says: ' "$log")"
}

# ----------------------------------------------------------------- the keyboard

# The other program left a terminal or a pipe so; and then the input comes late.
waits_for_late_input() {
    client_command=("$stage" nonblocking "${client_command[@]}")
    start_peer send "$GREETING\n" expect 'late\n' send 'quit\n' recv-all
    hold_input
    start_client
    wait_for_file "$out" "^server: $GREETING\$"
    sleep 0.5 # it is late
    type_line late
    finish_client
    assert_equal "$chapter: exit status" 0 "$status"
    assert_equal "$chapter: errors" '' "$(cat "$err")"
    finish_peer
}

@test "every client waits for its input, even if that is non-blocking" {
    build_stage
    each_client waits_for_late_input
}

reads_a_directory() {
    start_peer send "$GREETING\n" end
    bounded "${client_command[@]}" 127.0.0.1 "$port" <"$TMP"
    assert_equal "$chapter: exit status" 1 "$status"
    assert_matches "$chapter: errors" \
        '^client: cannot read standard input: .+ \([0-9]+\)$' "$err"
    finish_peer
}

@test "every client says why it cannot read its input, and fails" {
    ! is_windows "${client_command[@]}" ||
        skip 'a program for Windows cannot be given a directory as input'
    each_client reads_a_directory
}

@test "05: a server that cannot read its keyboard says so and serves on" {
    use_chapter 05-select
    ! is_windows "${server_command[@]}" ||
        skip 'a program for Windows cannot be given a directory as input'
    use_input "$TMP"
    start_server
    wait_for_log '^server: cannot read standard input: .+ \([0-9]+\)$'
    still_serves
}

# What is typed at the shell is not for a program in the background. One that
# reads it all the same would be stopped.
@test "05: in the background of a terminal it serves on without an operator" {
    use_chapter 05-select
    build_stage
    run "$stage" background true </dev/null
    [[ $output != 'stage: posix_openpt:'* ]] ||
        skip "no terminal can be made here: $output"
    server_command=("$stage" background "${server_command[@]}")
    hold_input
    start_server
    still_serves
    type_line date
    type_line ls
    wait_for_log '^server: cannot read standard input: .+ \([0-9]+\)$'
    still_serves
}

# ------------------------------------------------------------------ the output

prints_to_nobody() {
    start_peer send "$GREETING\n" end
    # shellcheck disable=SC2016 # for the inner shell
    bounded sh -c 'exec "$@" >&-' sh "${client_command[@]}" 127.0.0.1 "$port" \
        </dev/null
    assert_equal "$chapter: exit status" 1 "$status"
    assert_equal "$chapter: errors" \
        'client: cannot write to standard output' "$(cat "$err")"
    finish_peer
}

@test "every client fails if its output was closed before it began" {
    ! is_windows "${client_command[@]}" || skip 'this is about POSIX'
    each_client prints_to_nobody
}

# Without a buffer each printf fails, not only the last flush.
@test "the crowd ends if its output cannot be written" {
    [ -c /dev/full ] || skip 'there is no /dev/full here'
    needs stdbuf
    start_server
    # shellcheck disable=SC2016 # for the inner shell
    bounded sh -c 'exec "$@" >/dev/full' sh stdbuf -o0 "$ROOT/tests/crowd/crowd" \
        "$port" </dev/null
    assert_equal "the crowd's exit status" 1 "$status"
}

@test "05: a greeting that comes byte by byte is followed by one prompt" {
    use_chapter 05-select
    start_peer drip "$GREETING\n" expect 'quit\n' send 'quit\n' recv-all
    hold_input
    prompted_quit 3>&- 4>&- 8>&- &
    started="$started $!"
    on_a_terminal "${client_command[@]}" 127.0.0.1 "$port" <"$input"
    tr -d '\r' <"$out" | sed -n '/^connected/,/message> /p' >"$TMP/begin"
    assert_equal 'what the terminal shows up to the prompt' \
        "connected to 127.0.0.1:$port
server: $GREETING
message> " "$(sed 's/^\(message> \).*/\1/' "$TMP/begin")"
    assert_equal 'prompts' 1 "$(grep -o 'message> ' "$out" | grep -c '')"
}

# A file that may not grow any more raises a signal.
@test "03, 04, 05: a log that may not grow any more does not end the server" {
    local name text
    text=$(repeat 1000 x)
    for name in 03-threaded 04-nonblocking 05-select; do
        use_chapter "$name"
        ! is_windows "${server_command[@]}" || skip 'this is about POSIX'
        # shellcheck disable=SC2016 # for the inner shell
        server_command=(sh -c 'ulimit -f 1; exec "$@"' sh "${server_command[@]}")
        start_server
        talk greeted repeat 5 "$text\n" shut recv-all
        still_serves
        stop_server
    done
}

prints_too_much() {
    start_peer send "$GREETING\n" end
    # shellcheck disable=SC2016 # for the inner shell
    bounded sh -c 'ulimit -f 0; exec "$@" 2>/dev/null' sh \
        "${client_command[@]}" 127.0.0.1 "$port" </dev/null
    assert_equal "$chapter: exit status" 1 "$status"
    finish_peer
}

@test "every client fails if its output may not grow any more" {
    ! is_windows "${client_command[@]}" || skip 'this is about POSIX'
    each_client prints_too_much
}

# ----------------------------------------------------------- failures of calls

fails_for_a_prohibited_route() {
    preload unwilling.c
    UNWILLING='connect 13 ...' bounded "${client_command[@]}" 127.0.0.1 80 \
        </dev/null
    assert_equal "$chapter: exit status" 1 "$status"
    assert_equal "$chapter: errors" \
        'client: connect 127.0.0.1:80: Permission denied (13)' "$(cat "$err")"
}

@test "no client blames a port if the route is prohibited" {
    each_client fails_for_a_prohibited_route
}

fails_without_descriptors() {
    preload unwilling.c
    UNWILLING='socket 24 ...' bounded "${client_command[@]}" 127.0.0.1 "$port" \
        </dev/null
    assert_equal "$chapter: exit status" 1 "$status"
    assert_equal "$chapter: errors" \
        "client: socket 127.0.0.1:$port: Too many open files (24)" \
        "$(cat "$err")"
}

@test "without descriptors every client says that it has no socket" {
    port=65000
    each_client fails_without_descriptors
}

serves_after_failed_accepts() {
    [ "$chapter" != 01-blocking ] || hold_input
    preload unwilling.c
    # EINTR EPROTO ENOPROTOOPT EOPNOTSUPP ENETDOWN ENETUNREACH ECONNABORTED
    # EHOSTDOWN EHOSTUNREACH of Linux, in accept(2)
    server_command=(env UNWILLING='accept 4 71 92 95 100 101 103 112 113'
        "${server_command[@]}")
    start_server
    talk greeted send 'hello\n'
    wait_for_log ' says: hello$'
    ! grep 'cannot accept' "$log" || fail "$chapter: what failed was not accept"
}

@test "a newcomer whose connection fails in the queue harms no server" {
    [ "$(uname -s)" = Linux ] || skip 'the codes are those of Linux'
    each_server serves_after_failed_accepts
}

# A port where nobody listens: another one for each client, since those that
# have met themselves keep it for a while.
meets_itself() {
    start_server
    stop_server
    local free=$port
    preload oneself.c
    bounded "${client_command[@]}" 127.0.0.1 "$free" </dev/null
    assert_equal "$chapter: exit status" 1 "$status"
    assert_matches "$chapter: errors" \
        "^client: connect 127\.0\.0\.1:$free: .*refused.* \([0-9]+\)\$" "$err"
    assert_file "$chapter: output" '' "$out"
}

@test "a client that meets itself was refused" {
    each_client meets_itself
}

@test "05: server and client say so if select cannot watch their socket" {
    use_chapter 05-select
    build_stage
    bounded "$stage" descriptors 1100 "${server_command[@]}" 0 </dev/null
    assert_equal "the server's exit status" 1 "$status"
    assert_matches "the server's errors" '^server: select cannot watch' "$err"
    start_peer recv-all
    bounded "$stage" descriptors 1100 "${client_command[@]}" 127.0.0.1 "$port" \
        </dev/null
    assert_equal "the client's exit status" 1 "$status"
    assert_matches "the client's errors" '^client: select cannot watch' "$err"
}

# ------------------------------------------------------------- slow readers

# descriptors: of the server
descriptors() {
    set -- "/proc/$server_pid/fd/"*
    echo $#
}

has_descriptors() {
    [ "$(descriptors)" -eq "$1" ]
}

# switches: how often a thread of the server has gone to sleep
switches() {
    awk '/^voluntary/ { n += $2 } END { print n }' \
        "/proc/$server_pid/task/"*/status
}

# Their last word waits for room in the kernel's buffers. They stay connected,
# and read nothing.
@test "03, 04, 05: clients that never read their last word are closed" {
    needs_proc
    local before
    for chapter in 03-threaded 04-nonblocking 05-select; do
        use_chapter "$chapter"
        preload full.c
        start_server
        before=$(descriptors)
        start_talk send 'quit\n' open repeat 1025 x wait
        wait_for_log ' left$'
        wait_for_log " lost: $TOO_LONG\$"
        wait_for "$chapter closes both" has_descriptors "$before"
        if [ "$chapter" = 05-select ]; then
            before=$(switches)
            sleep 2 # this is measured
            before=$(($(switches) - before))
            [ "$before" -lt 5 ] || fail "it woke up $before times in 2 s"
        fi
        go_on
        finish_talk
        stop_server
    done
}

# Each line sent to each client would be 600,000 sends, and meanwhile nobody is
# answered.
@test "05: two thousand pasted lines leave in few sends" {
    use_chapter 05-select
    preload tally.c
    # shellcheck disable=SC2034 # wait_for looks at it
    local LIMIT=60 sends lines
    lines=$(numbered 2000 'line ')
    hold_input
    start_server
    mkfifo "$TMP/held"
    exec 9<>"$TMP/held"
    "$PEER" hold "$host" "$port" 300 <"$TMP/held" >"$TMP/hold" \
        2>"$TMP/hold.log" 3>&- 4>&- 7>&- 8>&- 9>&- &
    started="$started $!"
    wait_for_file "$TMP/hold.log" '^holding: 300 greeted'
    start_talk greeted expect "$lines" expect 'quit\n' end
    wait_for_log ' connected$' 301
    printf '%b' "$lines" >"$TMP/paste"
    echo quit >>"$TMP/paste"
    cat "$TMP/paste" >&7
    finish_talk
    assert_server_ends 0
    exec 9>&-
    sends=$(sed -n 's/^sends: //p' "$log")
    [ "$sends" -ge $((301 * 2)) ] || fail "only $sends sends to 301 clients"
    [ "$sends" -le $((301 * 40)) ] || fail "$sends sends to 301 clients"
}

# ----------------------------------------------------------------- one's own

# A newcomer that is lost while it is greeted is closed once: closed twice, it
# would take the next newcomer with it, who has the same number.
@test "03, 04, 05: a newcomer that is lost at once takes nobody with it" {
    local name
    for name in 03-threaded 04-nonblocking 05-select; do
        use_chapter "$name"
        start_server
        kill -STOP "$server_pid" # so that it finds both at once
        talk reset
        start_talk fill 1 greeted answered 1 wait send 'more\n' answered more
        wait_for_file "$TMP/talk2.log" '^filled: 1 '
        kill -CONT "$server_pid"
        wait_for_log ' says: 1$'
        still_serves
        go_on
        finish_talk
        stop_server
    done
}

# The first hint of lab 01 says so
@test "the misbehaving peer repeats a byte to a whole mebibyte, and no further" {
    use_chapter 02-loop-server
    start_server
    # That the server cuts it off is not the question
    bounded "$PEER" talk "$host" "$port" repeat 1048576 '\xff'
    ! file_has "$err" 'that is more than' || fail 'a mebibyte is too much'
    bounded "$PEER" talk "$host" "$port" repeat 1048577 '\xff'
    assert_equal 'the status' 1 "$status"
    assert_complains 'peer: step 1, repeat: that is more than 1048576 bytes'
}
