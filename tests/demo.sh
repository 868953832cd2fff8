#!/bin/sh
# demo.sh - all five servers in conversation with their own clients, who say
# the lines of sentences.txt.
#
#   make demo
#
# Shows what each side saw and checks it byte by byte: exit 0 only if every
# conversation came out right.
set -eu
cd "$(dirname "$0")/.."

sentences=tests/sentences.txt
total=$(($(wc -l <"$sentences"))) # without the blanks of some wc
greeting='Connect succeed. Please send a message to me'
deadline=$(($(date +%s) + 15)) # for everything: no wait lasts beyond it

dir=$(mktemp -d "${TMPDIR:-/tmp}/demo.XXXXXX")
running='' # pids of what this script has started
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

cleanup() {
    # shellcheck disable=SC2086 # a list of pids
    [ -z "$running" ] || kill -KILL $running 2>/dev/null || :
    wait 2>/dev/null
    rm -rf "$dir"
}

fail() {
    printf '\ndemo: %s: %s\n' "$chapter" "$*" >&2
    exit 1
}

# wait_until WHAT COMMAND...: asks again and again whether COMMAND is true
wait_until() {
    awaited=$1
    shift
    until "$@"; do
        [ "$(date +%s)" -lt "$deadline" ] || fail "waited in vain: $awaited"
        # POSIX sleep knows whole seconds only
        sleep 0.02 2>/dev/null || sleep 1
    done
}

ended() {
    ! kill -0 "$1" 2>/dev/null
}

# in_log N PATTERN: at least N lines of the server's log match
in_log() {
    [ "$(grep -c "$2" "$dir/server")" -ge "$1" ]
}

port_known_or_server_gone() {
    port=$(sed -n 's/^listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$dir/server")
    [ -n "$port" ] || ended "$server"
}

# start_server INPUT
start_server() {
    "$chapter/server" 0 <"$1" >"$dir/server" 2>&1 &
    server=$!
    running="$running $server"
}

find_port() {
    wait_until 'the server listens' port_known_or_server_gone
    [ -n "$port" ] || fail "no server: $(cat "$dir/server")"
}

# start_client N INPUT
start_client() {
    "$chapter/client" 127.0.0.1 "$port" <"$2" >"$dir/client$1" 2>&1 &
    echo $! >"$dir/pid$1"
    running="$running $!"
}

is_connected() {
    grep -q '^connected to ' "$dir/client$1"
}

is_greeted_or_gone() {
    grep -q "^server: $greeting" "$dir/client$1" || ended "$(cat "$dir/pid$1")"
}

# client_ends N: having done all it should
client_ends() {
    pid=$(cat "$dir/pid$1")
    wait_until "client $1 ends" ended "$pid"
    wait "$pid" || fail "client $1: exit $?: $(tail -n 1 "$dir/client$1")"
}

stop_server() {
    ended "$server" && fail 'the server has ended by itself'
    kill "$server"
    wait_until 'the server ends when told to' ended "$server"
    wait "$server" 2>/dev/null || : # 143: killed
}

show() {
    # The date would not fit: eighty columns
    sed "s/^[0-9]\{4\}-[0-9][0-9]-[0-9][0-9] //; s/^/  $1 | /" "$2"
}

# same WHO EXPECTED SEEN
same() {
    diff "$2" "$3" >"$dir/diff" ||
        fail "$1: expected (<) and seen (>) differ:
$(cat "$dir/diff")"
}

# check_client N PREFIX: its answers were the lines of standard input, each
# behind PREFIX
check_client() {
    {
        echo "connected to 127.0.0.1:$port"
        echo "server: $greeting"
        sed "s/^/server: $2/"
    } >"$dir/expected"
    same "client $1" "$dir/expected" "$dir/client$1"
}

# check_server: it heard the lines of standard input, in this order
check_server() {
    cat >"$dir/expected"
    sed -n 's/^.* says: //p' "$dir/server" >"$dir/heard"
    same server "$dir/expected" "$dir/heard"
}

title() {
    chapter=$1
    running=''
    rm -f "$dir"/*
    # So that nobody looks into a file before its program has opened it
    touch "$dir/server" "$dir/client1" "$dir/client2" "$dir/client3"
    printf '\n%s: %s\n\n' "$1" "$2"
    for program in server client; do
        [ -x "$chapter/$program" ] || fail "no $program: run make first"
    done
}

# Client and operator take turns: odd lines, even lines.
talk_in_turns() {
    sed -n 'p;n' "$sentences" >"$dir/odd"
    sed -n 'n;p' "$sentences" >"$dir/even"

    # A FIFO held open, as a keyboard is: the operator's input does not end
    mkfifo "$dir/operator"
    start_server "$dir/operator"
    exec 3>"$dir/operator"
    cat "$dir/even" >&3
    find_port
    start_client 1 "$dir/odd"
    client_ends 1
    wait_until 'the server ends with its client' ended "$server"
    exec 3>&-

    show 'client 1' "$dir/client1"
    echo
    show 'server  ' "$dir/server"
    wait "$server" || fail "server: exit $?"
    check_client 1 '' <"$dir/even"
    check_server <"$dir/odd"
}

# One line each. The first client is served and says nothing until the other
# two stand in the queue: they must wait for it.
talk_one_after_another() {
    start_server /dev/null
    find_port
    mkfifo "$dir/input1"
    hesitate >"$dir/input1" &
    running="$running $!"
    sed -n 2p "$sentences" >"$dir/input2"
    sed -n 3p "$sentences" >"$dir/input3"
    start_client 1 "$dir/input1"
    wait_until 'client 1 is greeted' is_greeted_or_gone 1
    start_client 2 "$dir/input2"
    wait_until 'client 2 connects' is_connected 2
    start_client 3 "$dir/input3"
    end_conversations

    for n in 1 2 3; do
        check_client "$n" '' </dev/null
    done
    sed 3q "$sentences" | check_server
}

hesitate() {
    wait_until 'client 3 connects' is_connected 3
    sed 1q "$sentences"
}

# Three clients at once, who take the sentences in turns.
talk_all_together() {
    start_server /dev/null
    find_port
    for n in 1 2 3; do
        mkfifo "$dir/input$n"
        speak "$n" >"$dir/input$n" &
        running="$running $!"
        start_client "$n" "$dir/input$n"
        wait_until "client $n is greeted" is_greeted_or_gone "$n"
    done
    end_conversations

    for n in 1 2 3; do
        awk -v n="$n" 'NR % 3 == n % 3' "$sentences" |
            check_client "$n" 'Message received - '
    done
    check_server <"$sentences"
}

# speak N: every third sentence from the Nth on, each when the sentence before
# it, whoever said it, has reached the server
speak() {
    number=$1
    wait_until 'all three have connected' in_log 3 ' connected$'
    while [ "$number" -le "$total" ]; do
        wait_until "turn of line $number" in_log $((number - 1)) ' says: '
        sed -n "${number}p" "$sentences"
        number=$((number + 3))
    done
}

end_conversations() {
    for n in 1 2 3; do
        client_ends "$n"
    done
    wait_until 'all three have left' in_log 3 ' left$'
    stop_server
    for n in 1 2 3; do
        show "client $n" "$dir/client$n"
        echo
    done
    show 'server  ' "$dir/server"
}

title 01-blocking 'one client, turn by turn with the operator'
talk_in_turns
title 02-loop-server 'one client after another, one line each'
talk_one_after_another
title 03-threaded 'a thread per client'
talk_all_together
title 04-nonblocking 'one thread, asking everyone in turn'
talk_all_together
title 05-select 'one thread, woken by the kernel'
talk_all_together

printf '\nAll five came out right, byte by byte.\n'
