#!/usr/bin/env bats
# view.bats - what the live view shows is so, and it leaves the terminal as it
# was. Frames are taken as text, when the test says so.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # helpers.bash uses and sets them

load ../lib/helpers
load ../lib/each

setup() {
    use_chapter 03-threaded
    watch=$ROOT/tests/watch/watch
    frame=$TMP/frame.log # so that a failure shows it
    [ -x "$watch" ] || skip 'only Linux tells what a thread waits in'
}

teardown() {
    stop_everything
}

# view CHAPTER [MS]: the server is watched; its frame is taken after so long, or
# by take_frame
view() {
    : >"$log"
    "$watch" --title "$1" --after "${2:-3600000}" --log "$log" -- \
        "$ROOT/$1/server" 0 >"$frame" 2>"$TMP/errors.log" \
        <"${input:-/dev/null}" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- &
    server_pid=$!
    started="$started $server_pid"
    find_port "$log" "$server_pid"
    # It has no line end
    read -r watched _ <"/proc/$server_pid/task/$server_pid/children" || :
}

# take_frame: when all of the server's threads sleep
take_frame() {
    wait_for 'the server sleeps' sleeps "$watched"
    kill -USR1 "$server_pid"
    finish_frame
}

finish_frame() {
    status=0
    wait_for 'the watcher ends' has_ended "$server_pid"
    wait "$server_pid" || status=$?
    assert_equal "the watcher's exit status" 0 "$status"
    has_ended "$watched" || fail 'the server is still there'
    run awk 'length > 80' "$frame"
    assert_equal 'lines that are too long' '' "$output"
    assert_equal 'lines' 24 "$(grep -c '' "$frame")"
}

# sleeps PID
sleeps() {
    local file stat
    for file in /proc/"$1"/task/*/stat; do
        { read -r stat <"$file"; } 2>/dev/null || continue
        [[ $stat == *') S '* ]] || return 1
    done
}

# at_rest: the log has not grown since this was asked the last time
at_rest() {
    local was=$size
    size=$(wc -c <"$log")
    [ "$size" = "$was" ]
}

# connect_5, connect_6: a client that says nothing, at this descriptor
connect_5() {
    exec 5<>"/dev/tcp/127.0.0.1/$port"
}

connect_6() {
    exec 6<>"/dev/tcp/127.0.0.1/$port"
}

# ------------------------------------------------------------- what is waited in

@test "view: 01 reads from the keyboard, and a second client queues" {
    hold_input
    view 01-blocking
    connect_5
    wait_for_log ' connected$'
    connect_6
    echo hello >&5
    wait_for_log ' says: hello$'
    wait_for_log '^waiting in .*' 3
    take_frame
    assert_matches 'the head' \
        "^01-blocking  127.0.0.1:$port  threads 1 .* clients 2  queue 1$" \
        "$frame"
    assert_matches 'the thread' '^main +read from the keyboard ' "$frame"
    assert_matches 'client 2' '^2 .* in the queue +0 +0$' "$frame"
    assert_matches 'the log' ' says: hello$' "$frame"
}

@test "view: 01's operator answers through the view" {
    hold_input
    view 01-blocking
    start_talk greeted send 'hello\n' expect 'well\n' shut end
    wait_for_log ' says: hello$'
    type_line well
    finish_talk
}

@test "view: 02 waits for the first client, and the second one queues" {
    view 02-loop-server
    connect_5
    wait_for_log ' connected$'
    connect_6
    take_frame
    assert_matches 'the head' ' clients 2  queue 1$' "$frame"
    assert_matches 'the thread' '^main +recv from client 1 ' "$frame"
    assert_matches 'client 1' '^1 .* established +0 +0$' "$frame"
    assert_matches 'client 2' '^2 .* in the queue +0 +0$' "$frame"
}

@test "view: 03 is stuck in send to a client that does not read" {
    view 03-threaded
    connect_5
    wait_for_log ' connected$'
    start_talk greeted fill 1000000 wait
    wait_for_file "$TMP/talk2.log" '^filled: '
    size=''
    wait_for 'the log is at rest' at_rest
    take_frame
    # Of two who come between two looks the view cannot tell who was the first
    local unread
    unread=$(sed -En 's/^([12]) .* established .* [1-9][0-9]{5,}$/\1/p' \
        "$frame")
    assert_equal 'clients that do not read' 1 "${#unread}"
    assert_matches 'main' '^main +accept ' "$frame"
    assert_matches 'a thread' "^thread 1 +recv from client $((3 - unread)) " \
        "$frame"
    assert_matches 'the other' "^thread 2 +send to client $unread " "$frame"
}

@test "view: 04 naps while nobody speaks" {
    view 04-nonblocking 2000
    connect_5
    finish_frame
    assert_matches 'the lane' '^main .* [z*]*z[z*]*$' "$frame"
    assert_matches 'client 1' '^1 .* established +0 +0$' "$frame"
}

@test "view: 05 sleeps in select, and its operator speaks to all" {
    hold_input
    view 05-select
    start_talk greeted expect 'to all\n' wait
    wait_for_log ' connected$'
    type_line 'to all'
    go_on
    finish_talk
    wait_for_log ' left$'
    take_frame
    assert_matches 'the thread' '^main +select ' "$frame"
    assert_matches 'the head' ' clients 0  queue 0$' "$frame"
}

@test "view: more than fit are counted" {
    view 03-threaded
    "$ROOT/tests/crowd/crowd" --clients 60 --silent 60 --stay 3600000 \
        --limit 3600000 --quiet "$port" >"$TMP/crowd.log" 2>&1 3>&- 4>&- &
    started="$started $!"
    wait_for_log ' connected$' 60
    take_frame
    assert_matches 'the head' ' threads 61 .* clients 60 ' "$frame"
    shown=$(grep -c '^thread [0-9]' "$frame")
    assert_matches 'the others' "^and $((60 - shown)) more, .*recv" "$frame"
    shown=$(grep -cE '^[0-9]+ +127\.' "$frame")
    assert_matches 'the others' "^and $((60 - shown)) more +0 +0$" "$frame"
}

# --------------------------------------------------------------------- bad input

@test "view: a server that ends is told with its last words" {
    bounded "$watch" -- sh -c 'echo these are the last words; exit 3'
    assert_equal 'exit status' 1 "$status"
    assert_matches 'the end' '^watch: the server has ended: exit status 3$' \
        "$err"
    assert_matches 'its words' '^  these are the last words$' "$err"
    bounded "$watch" -- sh -c 'kill -SEGV $$'
    assert_equal 'exit status' 1 "$status"
    assert_matches 'the end' ' has ended: signal 11, Segmentation fault$' "$err"
    bounded "$watch" -- "$TMP/no/such/server"
    assert_equal 'exit status' 1 "$status"
    assert_matches 'its words' '^  cannot start .*: No such file' "$err"
}

@test "view: without /proc it says what it needs" {
    mkdir "$TMP/proc"
    bounded "$watch" --proc "$TMP/proc" -- "$ROOT/03-threaded/server" 0
    assert_equal 'exit status' 1 "$status"
    assert_matches 'errors' '^watch: .*/syscall cannot be read: No such' "$err"
    assert_matches 'what it needs' 'it needs Linux with /proc' "$err"
}

@test "view: what a server prints cannot move the cursor" {
    bounded "$watch" --after 600 -- sh -c \
        'printf "a\033[2Jb\302\233c\n"; exec sleep 60'
    assert_equal 'exit status' 0 "$status"
    assert_matches 'the log' '^a\?\[2Jb\?\?c$' "$out"
}

@test "view: wrong usage is told apart" {
    local words
    for words in '' '--nonsense x' '--after 0 true' '--every x true'; do
        # shellcheck disable=SC2086 # several words
        bounded "$watch" $words
        assert_equal "watch $words" 2 "$status"
        assert_matches "watch $words" 'see watch --help$' "$err"
    done
    bounded "$watch" --help
    assert_equal 'exit status' 0 "$status"
    assert_matches 'help' '^usage: watch ' "$out"
}

# ---------------------------------------------------------------- on a terminal

# on_terminal KIND: in the background, on a terminal of this TERM; $input types
on_terminal() {
    needs script
    hold_input
    : >"$log"
    TERM=$1 script -qec "stty -a >'$TMP/before'
        '$watch' --log '$log' -- '$ROOT/05-select/server' 0
        echo \"status \$?\"; stty -a >'$TMP/after'" /dev/null \
        <"$input" >"$TMP/screen" 2>&1 3>&- 4>&- 7>&- 8>&- &
    server_pid=$!
    started="$started $server_pid"
    find_port "$log" "$server_pid"
    wait_for_file "$TMP/screen" 'select'
}

@test "view: Ctrl-C ends both, and leaves the terminal as it was" {
    on_terminal xterm
    printf '\003' >&7
    wait_for 'the terminal is left' has_ended "$server_pid"
    assert_matches 'the end' 'status 0' "$TMP/screen"
    cmp "$TMP/before" "$TMP/after" || fail 'the terminal has changed'
    assert_matches 'its own screen is left' $'\033\\[\\?1049l' "$TMP/screen"
    run "$PEER" talk 127.0.0.1 "$port" greeted
    [ "$status" -ne 0 ] || fail 'the server is still there'
}

@test "view: a dumb terminal gets no escape sequences" {
    on_terminal dumb
    printf '\003' >&7
    wait_for 'the terminal is left' has_ended "$server_pid"
    run grep -c $'\033' "$TMP/screen"
    assert_equal 'lines with escape sequences' 0 "$output"
}
