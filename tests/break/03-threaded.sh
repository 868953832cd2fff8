# shellcheck shell=sh disable=SC2034,SC2154 # see tools.sh
# The experiments of chapter 03: see tools.sh, and the patches in 03-threaded/break.

try_crowd() {
    start_server
    "$peer" crowd "$host" "$port" 200 >"$dir/crowd" 2>&1 7>&- 8>&- &
    running="$running $!"
    logged ' connected$' 200
    served=$(sed -n 's/.* \([^ ]*\) connected$/\1/p' "$log" | sort -u | wc -l)
    echo "200 threads serve $((served)) different clients"
}

try_neighbour() {
    start_server
    silent_client send 'still there?\n' answered 'still there?'
    talk greeted send 'half a mess' sleep 100 reset || :
    logged ' lost: '
    go_on
    if wait "$talker"; then
        echo 'the second client is answered'
    else
        echo "the second client's connection is gone"
    fi
    is_alive
}

try_secret() {
    start_server
    talk greeted send 'my password is tulip-42 ' sleep 300 \
        open greeted send 'hello\n' sleep 300 shut recv-all || :
    sed -n '3,$p' "$dir/talk" | show 'the second client receives'
}

# The client reads late, so most answers still wait in the server's kernel
try_last_answer() {
    start_server
    more=$(awk 'BEGIN { for (i = 0; i < 5000; i++) printf "x" }')
    if talk greeted repeat 100000 'hello\n' send "quit\\n$more" sleep 500 \
        recv-all; then
        echo 'the client sees a proper end'
    else
        sed -n 's/.*: \(.*([0-9]*)\)$/the client sees: \1/p' "$dir/talk.err"
    fi
    answers=$(grep -c "^$ANSWER" "$dir/talk" || :)
    if [ "$answers" -eq 100000 ] && in_file "$dir/talk" '^quit$'; then
        echo 'it has received all 100000 answers, and quit'
    else
        echo "it has lost answers, and quit (received: $answers of 100000)"
    fi
}

# Two writes do not meet each time: a crowd comes again until they have
try_torn_log() {
    start_server
    whole='^[-0-9]+ [:0-9]+ [.0-9]+:[0-9]+ (connected|left|says: [0-9, a-z]+)$'
    rounds=0
    torn=0
    while [ "$rounds" -lt 5 ] && [ "$torn" -eq 0 ]; do
        "$dir/right/tests/crowd/crowd" --clients 40 --lines 100 --late 0 --quiet \
            "$port" >"$dir/crowd" 2>&1 7>&- 8>&- || die "$(cat "$dir/crowd")"
        rounds=$((rounds + 1))
        logged ' left$' $((40 * rounds))
        torn=$(sed 1d "$log" | grep -Evc "$whole" || :)
    done
    if [ "$torn" -eq 0 ]; then
        echo "each event is a line of its own ($((4080 * rounds)) events)"
    else
        echo "lines of the log are torn ($torn of them)"
        sed 1d "$log" | grep -Ev "$whole" | sed 3q | show 'three of them'
    fi
}

try_later_clients() {
    start_server
    answered=0
    for i in 1 2 3 4 5 6 7 8 9 10; do
        ! talk greeted send 'hello\n' answered hello send 'quit\n' \
            expect 'quit\n' end || answered=$((answered + 1))
    done
    if [ "$answered" -eq 10 ]; then
        echo 'all ten are answered'
    else
        echo "not all are answered ($answered of 10)"
    fi
}

try_second_client() {
    start_server
    silent_client
    is_greeted 'the second client'
}

try_memory() {
    start_server
    churn 100
    before=$(used_kib)
    churn 1000
    grown=$(($(used_kib) - before))
    if [ "$grown" -lt 1000 ]; then
        echo "after 1000 clients it uses as much memory as before (+$grown KiB)"
    else
        echo "after 1000 clients it uses more memory (+$grown KiB)"
    fi
}

# churn N: one client after another
churn() {
    "$peer" churn "$host" "$port" "$1" "${ANSWER}hello\n" 7>&- 8>&- ||
        die 'the clients are not served'
}

# Rounds of visits, and after each, when all have left, one more client
try_full() {
    start_server
    visits=0
    while [ "$visits" -lt 16000 ]; do
        "$dir/right/tests/crowd/crowd" --clients 500 --late 0 --rules 03 --quiet \
            "$port" >"$dir/crowd" 2>&1 7>&- 8>&- || :
        visits=$((visits + 500))
        talk greeted send 'quit\n' expect 'quit\n' end || break
    done
    echo "all clients have come, and have left again ($visits visits)"
    sed 1q "$dir/talk" | show 'the next client receives'
}

try_quite() {
    start_server
    talk greeted send 'quite right\n' sleep 100 shut recv-all || :
    received | show 'the client receives'
}

try_telnet() {
    start_server
    talk greeted send 'quit\r\n' sleep 100 shut recv-all || :
    received | show 'the client receives'
}

# Rounds of visits, until the server is gone or has survived them all
try_many_visits() {
    start_server
    visits=0
    while [ "$visits" -lt 4000 ] && ! ended "$server"; do
        "$dir/right/tests/crowd/crowd" --clients 500 --late 0 --rules 03 --quiet \
            "$port" >"$dir/crowd" 2>&1 7>&- 8>&- || :
        visits=$((visits + 500))
    done
    echo "clients have come and left again ($visits visits)"
    is_alive
}

# 40 ms are Linux's delay; others wait longer. A busy machine seldom takes 20 ms
# for half of the lines.
try_round_trips() {
    start_server
    "$dir/right/tests/crowd/crowd" --clients 1 --lines 100 --late 0 --rules 03 \
        --quiet --totals "$dir/totals" "$port" >"$dir/crowd" 2>&1 7>&- 8>&- ||
        die "$(cat "$dir/crowd")"
    echo 'a client says a hundred lines, each after the answer to the last'
    awk '$1 == "p50_us" {
        ms = $2 / 1000
        printf "half of the answers take %s than 20 ms (%.2f ms)\n", \
            ms < 20 ? "less" : "more", ms
    }' "$dir/totals"
}
