# shellcheck shell=sh disable=SC2034,SC2154 # see tools.sh
# The experiments of chapter 05: see tools.sh, and the patches in 05-select/break.

try_hello() {
    keyboard
    start_server
    is_answered 'the first client'
}

try_close_wait() {
    start_server with_descriptors 32
    set -- greeted send 'hello\n' answered hello close
    for i in 2 3 4 5 6 7 8 9 10; do
        set -- "$@" open greeted send 'hello\n' answered hello close
    done
    (talk "$@" && talk "$@" && talk "$@" && talk "$@") &
    running="$running $!"
    wait_until forty_or_failed || :
    served=$(grep -c ' left$' "$log" || :)
    if [ "$served" -eq 40 ]; then
        echo 'it serves all of 40 clients'
    else
        echo "it does not serve all of 40 clients (but $served)"
    fi
    events | grep accept || :
    left=$(connections | grep -c "[:.]$port .*CLOSE.WAIT" || :)
    if [ "$left" -eq 0 ]; then
        echo 'it leaves no connection in CLOSE-WAIT'
    else
        echo "it leaves connections in CLOSE-WAIT ($left of them)"
    fi
}

# connections: this machine's, in the form of ss or of netstat, with the state
# behind both addresses
connections() {
    if command -v ss >/dev/null; then
        ss -tanH | awk '{ print $4, $5, $1 }'
    else
        netstat -an | awk '/^tcp/ { print $4, $5, $6 }'
    fi
}

try_slow_kernel() {
    build_shim "$PWD/tests/shims/stingy.c"
    start_server env LD_PRELOAD="$dir/shim.so"
    start_talk greeted repeat 300 'hello\n' recv-all
    settle "$dir/talk2"
    echo "$(grep -c "^$ANSWER" "$dir/talk2") of 300 lines are answered"
}

try_limit() {
    keyboard
    start_server
    sleep 6
    echo 'after six quiet seconds'
    how_busy
}

try_many() {
    start_server with_descriptors 2500
    (with_descriptors 2500 "$peer" hold "$host" "$port" 1100) </dev/null \
        >"$dir/hold" 2>&1 7>&- 8>&- || :
    sed -n 's/^holding: \(.*\) refused$/of 1100 clients \1 told that it is full/p' \
        "$dir/hold"
    sleep 1 # the server may yet look at its sets
    sed -n 's/.*\(\*\*\* .*terminated\).*/it prints: \1/p' "$log"
    is_alive
}

try_idle_leaver() {
    start_server
    talk greeted send 'hello\n' answered hello || :
    sleep 1
    events | show 'a second after the client has left, it has printed'
    how_busy
}

# The peer is the server: it takes the line before it says anything itself
try_echo_hi() {
    log=$dir/log
    "$peer" serve expect 'hi\n' sleep 500 send 'Connect succeed.\n' \
        send "${ANSWER}hi\\n" end </dev/null >"$dir/talk2" 2>"$log" \
        7>&- 8>&- &
    server=$!
    running="$running $server"
    wait_until listens_or_ended || die 'the peer does not begin to listen'
    run_client 'hi\n'
    printed | show 'echo hi | ./client prints'
}

try_broadcast() {
    build_shim "$PWD/tests/shims/stingy.c"
    keyboard
    start_server env LD_PRELOAD="$dir/shim.so"
    silent_client repeat 100 'hello!\n' recv-all
    kill -STOP "$server" # so that it finds both at once
    go_on
    awk 'BEGIN { for (i = 0; i < 1000; i++) print "good news" }' >"$dir/input"
    cat "$dir/input" >&7
    sleep 1 # until the client has sent its lines
    kill -CONT "$server"
    settle "$dir/talk2"
    whole=$(grep -c '^good news$' "$dir/talk2" || :)
    echo "$whole of 1000 lines \"good news\" arrive whole"
    sed 1d "$dir/talk2" | grep -v -e '^good news$' -e "^${ANSWER}hello!\$" |
        sed 3q | show 'lines that nobody has said'
}

try_unlucky() {
    build_shim "$PWD/tests/shims/unlucky.c"
    keyboard
    start_server env LD_PRELOAD="$dir/shim.so"
    start_talk greeted open greeted use 1 expect 'unlucky line\n' \
        send 'hello\n' answered hello
    logged ' connected$' 2
    echo 'unlucky line' >&7
    if wait "$talker"; then
        echo 'the other client gets the line, and is answered'
    else
        echo 'the other client is not answered'
    fi
    is_alive
    sed -n 's/^server: .*: \([^:]*\)$/it prints: \1/p' "$log"
}

try_pace() {
    start_server
    begun=$(date +%s)
    talk greeted send 'a\n' answered a send 'b\n' answered b \
        send 'c\n' answered c send 'd\n' answered d send 'e\n' answered e || :
    if [ $(($(date +%s) - begun)) -lt 4 ]; then
        echo 'five lines are answered at once'
    else
        echo "five lines take a second each ($(($(date +%s) - begun)) s)"
    fi
}

try_no_operator() {
    start_server
    how_busy
}

try_too_many() {
    start_server with_descriptors 32
    "$peer" hold "$host" "$port" 60 <"$dir/log" >"$dir/hold" 2>&1 7>&- 8>&- &
    running="$running $!"
    logged 'cannot accept'
    events | grep accept | sed 1q
    how_busy
}

try_paste() {
    keyboard
    start_server
    start_talk recv-all
    wait_until in_file "$dir/talk2" '^Connect' || die 'nobody is greeted'
    printf 'one\ntwo\nthree\n' >"$dir/input"
    cat "$dir/input" >&7 # in one piece; printf might write line by line
    sleep 1
    sed 1d "$dir/talk2" | show 'a second later the client has received'
}

try_non_reader() {
    start_server
    start_talk greeted fill 100000000 wait
    wait_until in_file "$dir/talk2.err" '^filled' || :
    settle "$log" # until the server cannot go on either
    is_greeted 'another client'
}
