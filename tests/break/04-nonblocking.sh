# shellcheck shell=sh disable=SC2154 # see tools.sh
# The experiments of chapter 04: see tools.sh, and the patches in 04-nonblocking/break.

try_thinker() {
    start_server
    talk greeted sleep 500 send 'hello\n' answered hello || :
    events | show 'it prints'
}

try_leaver() {
    start_server
    talk greeted send 'hello\n' answered hello || :
    sleep 1
    events | show 'a second after the client has left, it has printed'
}

# A log without end: the server is stopped as soon as that shows.
try_empty_messages() {
    start_server
    talk greeted send 'hello\n' answered hello || :
    wait_until left_or_endless || :
    stop_server
    events | sed 5q | show 'the first lines that it prints, five at most'
    empty=$(grep -c ' says: $' "$log" || :)
    if [ "$empty" -gt 100 ]; then
        echo "in a moment it has printed very many empty messages ($empty)"
    else
        echo "it has printed $((empty)) empty messages"
    fi
}

left_or_endless() {
    in_file "$log" ' left$' || in_file "$log" ' says: $' 1000
}

try_idle() {
    start_server
    silent_client open greeted open greeted
    how_busy
}

try_descriptors() {
    start_server with_descriptors 32
    "$peer" churn "$host" "$port" 40 "${ANSWER}hello\n" >"$dir/churn" 2>&1 \
        7>&- 8>&- &
    running="$running $!"
    wait_until forty_or_failed || :
    echo "it serves $(grep -c ' left$' "$log") of 40 clients"
    events | grep accept || :
}

forty_or_failed() {
    in_file "$log" ' left$' 40 || in_file "$log" 'cannot accept'
}

# A client that reads only when the server takes no more. How much that is
# depends on the system's buffers: a fixed number of lines might fit into them.
try_flood() {
    start_server
    start_talk fill 100000000 drain 1
    wait_until in_file "$dir/talk2.err" '^filled' || :
    wait_until ended "$talker" || :
    sed 1d "$dir/talk2" | awk -v answer="$ANSWER" '
        $0 ~ "^" answer "[0-9]+$" {
            number = substr($0, length(answer) + 1)
            holes += number != last + 1
            last = number
            next
        }
        { wrong++; if (wrong <= 3) shown = shown "\n  " $0 }
        END {
            print holes || wrong ? "some answers are missing or torn" \
                : "every line is answered, in order", "(" last " lines)"
            if (wrong) print "lines that are no answer:" shown
        }'
}

try_keyboard() {
    keyboard
    start_server
    is_greeted 'a client'
}
