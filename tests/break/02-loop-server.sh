# shellcheck shell=sh disable=SC2154 # see tools.sh
# The experiments of chapter 02: see tools.sh, and the patches in 02-loop-server/break.

try_restart() {
    start_server
    talk greeted send 'hello\n' end || :
    logged ' left$'
    stop_server
    echo 'it has served a client, and is stopped; then'
    if start_server_on "$port" "$host"; then
        echo 'it starts on the same port'
    else
        sed -n 's/.*: \(.*([0-9]*)\)$/it does not start: \1/p' "$log"
    fi
}

try_burst() {
    start_server
    silent_client
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 \
        25 26 27 28 29 30; do
        "$where/client" "$host" "$port" </dev/null >"$dir/client$i" 2>&1 \
            7>&- 8>&- &
        running="$running $!"
        # Of several that ask at the same moment one too many is told yes
        tenths=$((i > 5 ? 3 : 0))
        until [ "$tenths" -ge 3 ] || grep -qs '^connected' "$dir/client$i"; do
            pause 0.1
            tenths=$((tenths + 1))
        done
    done
    sleep 1
    connected=$(cat "$dir"/client* | grep -c '^connected' || :)
    echo "after a second $connected of 30 clients are connected"
}

try_early_leaver() {
    start_server
    silent_client
    talk shut reset # while it is in the queue
    go_on           # the silent one leaves
    logged ' left$'
    logged ' lost: '
    events | show 'it prints'
    is_alive
    is_greeted 'the next client'
}

try_interruptions() {
    build_shim "$PWD/tests/shims/eintr.c"
    start_server env LD_PRELOAD="$dir/shim.so"
    talk greeted send 'hello\n' shut recv-all || :
    logged ' l[eo][fs]t' # left, or lost
    events | show 'it prints'
    is_alive
}

# build_shim SOURCE: stands between the server and the system's calls
build_shim() {
    [ "$(uname)" = Linux ] || die 'this experiment needs Linux'
    "${CC:-cc}" -shared -fPIC "$1" -o "$dir/shim.so" -ldl
}

try_reset() {
    start_server
    talk greeted send 'half a mess' sleep 100 reset || :
    logged ' lost: '
    events | show 'it prints'
    is_alive
    is_greeted 'the next client'
}

try_log() {
    start_server
    talk greeted send 'one\n' end || :
    talk greeted send 'two\n' end || :
    sleep 1 # nothing more happens
    events | show 'the file holds'
}

try_queue() {
    start_server
    silent_client
    echo hello >"$dir/input"
    "$where/client" "$host" "$port" <"$dir/input" >"$dir/out" 2>&1 7>&- 8>&- &
    client=$!
    running="$running $client"
    sleep 2 # a client that thinks it is done stays a second for its good-bye
    if ended "$client"; then
        echo 'the second client has ended: all done, it thinks'
    else
        echo 'the second client waits for the greeting'
    fi
    stop_server
    status=0
    wait "$client" || status=$?
    echo "now the server is stopped; the client's exit status is $status"
    printed | show 'the client has printed'
    in_file "$log" hello || echo 'the server has never read the message'
}

try_accept_loop() {
    start_server
    if talk greeted send 'hel' sleep 300 send 'lo\n' silence 2000; then
        echo 'the client has said hello in two pieces, and nothing happens'
    else
        echo 'the client has said hello in two pieces, and the server ends it'
    fi
    events | show 'it prints'
    is_greeted 'the next client'
}
