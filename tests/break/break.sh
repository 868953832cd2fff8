#!/bin/sh
# break.sh - a famous mistake and what comes of it. Builds a chapter as it is,
# and once more with a patch from its break/ directory, in a temporary
# directory, lets both live through the same experiment, and shows what each of
# them did.
#
#   make break N=02                     the mistakes of a chapter
#   make break N=02 CASE=no-reuseaddr   one of them
#   make break-all                      all, without words (N=02: a chapter's)
#
# Exit status: 0 the difference has shown, 1 it has not, 2 wrong usage.
set -eu
cd "$(dirname "$0")/../.."
. tests/break/patches.sh

ANSWER='Message received - '
LIMIT=8 # seconds that anything may take before it is said to hang

dir=''
running='' # pids of what runs in the background
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

cleanup() {
    stop_everything
    [ -z "$dir" ] || rm -rf "$dir"
}

stop_everything() {
    exec 7>&- 8>&-
    for pid in $running; do
        kill -KILL "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
    running=''
}

die() {
    printf 'break: %s\n' "$*" >&2
    exit 1
}

# --- Tools of the experiments ------------------------------------------------
#
# An experiment is a function try_NAME. It runs twice: $where is the directory
# of the right programs, then that of the broken ones. On standard output it
# says what happened, without ports and times, in the same words whenever the
# same happened; numbers that differ anyway stand in (parentheses). If it says
# the same of both, the difference has not shown.

# start_server [COMMAND...]: on a free port of 127.0.0.1, its operator at the
# keyboard if there is one; behind COMMAND if there is one
start_server() {
    start_server_on 0 127.0.0.1 "$@" || die "the server ends: $(cat "$log")"
}

# start_server_on PORT ADDRESS [COMMAND...]: fails if the server ends
start_server_on() {
    port=$1
    host=$2
    shift 2
    input=/dev/null
    [ ! -p "$dir/keyboard" ] || input=$dir/keyboard
    log=$dir/log
    : >"$log"
    "$@" "$where/server" "$port" "$host" <"$input" >"$log" 2>&1 7>&- 8>&- &
    server=$!
    running="$running $server"
    wait_until listens_or_ended || die 'the server does not begin to listen'
    port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$log")
    [ -n "$port" ]
}

listens_or_ended() {
    grep -q '^listening on' "$log" || ended "$server"
}

stop_server() {
    kill "$server" 2>/dev/null || :
    wait "$server" 2>/dev/null || :
}

ended() {
    ! kill -0 "$1" 2>/dev/null
}

# wait_until COMMAND...: asks again and again, for a while, whether it succeeds
wait_until() {
    until_then=$(($(date +%s) + LIMIT))
    until "$@"; do
        [ "$(date +%s)" -le "$until_then" ] || return 1
        pause
    done
}

pause() {
    # POSIX sleep knows whole seconds only
    sleep 0.02 2>/dev/null || sleep 1
}

# in_file FILE PATTERN [COUNT]: so many lines of it match
in_file() {
    [ -e "$1" ] && [ "$(grep -c -e "$2" "$1")" -ge "${3:-1}" ]
}

# logged PATTERN [COUNT]: waits until so many lines of the log match, or the
# server has ended; says nothing
logged() {
    wait_until logged_or_ended "$@" || :
}

logged_or_ended() {
    in_file "$log" "$@" || ended "$server"
}

# settle FILE: waits until nothing more is written to it
settle() {
    size=-1
    until [ "$size" = "$(wc -c <"$1")" ]; do
        size=$(wc -c <"$1")
        sleep 1
    done
}

# show TITLE: and below it standard input
show() {
    echo "$1:"
    awk '{ print "  " $0 } END { if (NR == 0) print "  (nothing)" }'
}

# events: the server's log without dates and addresses, and what it complained
events() {
    sed -n -e '/^listening on/d' -e '/^waiting in/d' \
        -e 's/127\.0\.0\.1:[0-9]*:* //' \
        -e 's/^[0-9-]* [0-9][0-9]:[0-9:]* //' -e p "$log"
}

# keyboard [LINE]...: the operator's keyboard, where nobody types anything else
keyboard() {
    mkfifo "$dir/keyboard"
    exec 7<>"$dir/keyboard"
    [ "$#" -eq 0 ] || printf '%s\n' "$@" >&7
}

# talk STEP...: the misbehaving peer as a client, see tests/peer --help. What
# it received is in $dir/talk. Fails if a step fails.
talk() {
    "$peer" talk "$host" "$port" "$@" </dev/null \
        >"$dir/talk" 2>"$dir/talk.err" 7>&- 8>&-
}

# start_talk STEP...: in the background; its step `wait` waits for go_on. What
# it received is in $dir/talk2.
start_talk() {
    mkfifo "$dir/cue"
    exec 8<>"$dir/cue"
    : >"$dir/talk2"
    "$peer" talk "$host" "$port" "$@" <"$dir/cue" \
        >"$dir/talk2" 2>"$dir/talk2.err" 7>&- 8>&- &
    talker=$!
    running="$running $talker"
}

go_on() {
    echo >&8
}

# silent_client: one that is greeted, and says nothing before go_on
silent_client() {
    start_talk greeted wait "$@"
    wait_until in_file "$dir/talk2" '^Connect' ||
        die 'the first client is not greeted'
}

# received: what talk received behind the greeting
received() {
    sed 1d "$dir/talk" | escape
}

# escape: so that one sees it: \r, and a dot for any other control byte
escape() {
    tr '\000\r' '.\001' | awk '{ gsub("\001", "\\r"); print }'
}

# is_greeted WHO: says whether that client is greeted now
is_greeted() {
    if talk silence 2000; then
        echo "$1 is connected, and not greeted"
    elif grep -q refused "$dir/talk.err"; then
        echo "$1 is refused: nobody listens any more"
    else
        echo "$1 is greeted"
    fi
}

# is_answered WHO: says whether that client is greeted and answered now
is_answered() {
    if talk greeted send 'hello\n' silence 2000; then
        echo "$1 is greeted; to its hello comes no answer"
    elif grep -q refused "$dir/talk.err"; then
        echo "$1 is refused: nobody listens any more"
    elif grep -q 'something to receive' "$dir/talk.err"; then
        echo "$1 is greeted and answered"
    else
        echo "$1 is not greeted"
    fi
}

# is_alive: says whether the server still runs, and how it ended if not
is_alive() {
    if ! ended "$server"; then
        echo 'the server is running'
        return
    fi
    status=0
    wait "$server" 2>/dev/null || status=$?
    if [ "$status" -eq 0 ]; then
        echo 'the server has ended, all well'
    elif [ "$status" -gt 128 ]; then
        echo "the server is gone, killed by signal $((status - 128))"
    else
        echo "the server is gone, its exit status is $status"
    fi
}

# run_client LINES: its whole input, for printf %b. What it printed is in
# $dir/out.
run_client() {
    printf '%b' "$1" >"$dir/input"
    "$where/client" "$host" "$port" <"$dir/input" >"$dir/out" 2>&1 7>&- 8>&- &
    client=$!
    running="$running $client"
    wait_until ended "$client" || echo 'the client waits, and does not end'
}

# printed: what the client printed, without ports
printed() {
    sed 's/:[0-9][0-9]*\(: .*\)*$/\1/' "$dir/out"
}

# how_busy: says how much of a processor the server uses, for a second. Beside
# other programs one that never sleeps may get little of it.
how_busy() {
    before=$(used_ms)
    [ -n "$before" ] || die 'this system does not tell how busy a program is'
    awake=$(awake_ms)
    sleep 1
    used=$((($(used_ms) - before) / 10))
    awake=$(($(awake_ms) - awake))
    if [ "$used" -lt 10 ] && [ "$awake" -lt 900 ]; then
        echo "it uses next to nothing of a processor ($used %)"
    else
        echo "it uses as much of a processor as it can get ($used %)"
    fi
}

# awake_ms: for so long the server used a processor or waited for one, or 0
# where the system does not tell
awake_ms() {
    cat "/proc/$server"/task/*/schedstat 2>/dev/null |
        awk '{ ns += $1 + $2 } END { printf "%d\n", ns / 1e6 }'
}

# used_ms: the processor time that the server has used
used_ms() {
    if [ -r "/proc/$server/stat" ]; then
        # The second field, a name in brackets, may hold blanks
        sed 's/^.*) //' "/proc/$server/stat" |
            awk -v hz="$(getconf CLK_TCK)" \
                '{ printf "%d\n", ($12 + $13) * 1000 / hz }'
    else
        ps -o time= -p "$server" 2>/dev/null | awk -F: '
            { for (i = 1; i <= NF; i++) s = s * 60 + $i }
            END { if (NR) printf "%d\n", s * 1000 }'
    fi
}

# with_descriptors N COMMAND...: runs it with no more than N
with_descriptors() {
    # Not in POSIX, but in every sh
    # shellcheck disable=SC3045
    ulimit -n "$1" || exit
    shift
    exec "$@"
}

# --- 01 ------------------------------------------------------------------------

try_stale_bytes() {
    keyboard ok ok
    start_server
    talk greeted send 'my password is tulip-42\n' expect 'ok\n' \
        send 'hi\n' expect 'ok\n' || :
    events | show 'it prints'
}

try_stray_nul() {
    keyboard hello
    start_server
    run_client 'hi\n'
    printed | show 'the client prints'
}

try_pieces() {
    keyboard ok ok ok ok ok ok ok ok
    start_server
    talk greeted drip 'hello\n' sleep 300 send 'a\nb\n' sleep 300 shut \
        recv-all || :
    events | grep says | show 'it prints'
}

try_leak() {
    keyboard hello 'the code of the safe is 4711'
    start_server
    talk greeted send 'hi\n' sleep 300 shut recv-all || :
    bytes=$(($(sed 1d "$dir/talk" | wc -c)))
    echo "behind the greeting the client receives $bytes bytes,"
    received | cut -c 1-60 | show 'of which the first are'
}

try_families() {
    keyboard
    family 127.0.0.1 ::1
    family ::1 127.0.0.1
}

# family ADDRESS OTHER: a server on ADDRESS, and who finds it
family() {
    echo hello >&7
    if ! start_server_on 0 "$1"; then
        sed -n 's/^server: .*: \(.*\)/'"a server on $1 cannot start: \1/p" \
            "$log"
        return
    fi
    for host in "$2" "$1"; do
        run_client 'hi\n'
        if in_file "$dir/out" '^server: hello'; then
            echo "a server on $1, a client of $host: answered"
        else
            sed -n 's/^client: .*: \(.*\)/\1/p' "$dir/out" |
                sed "s/^/a server on $1, a client of $host: /"
        fi
    done
}

try_overrun() {
    start_server
    talk greeted repeat 3000 x sleep 300 shut recv-all || :
    wait_until ended "$server" || :
    events | sed -n -e '/lost: line/p' \
        -e 's/^.*\(ERROR: Addr.*\) on address.*/\1/p' \
        -e 's/.* in \(receive\) .*/  in \1/p' | sed 4q | show 'it prints'
    received | show 'behind the greeting the client receives'
    is_alive
}

# --- 02 ------------------------------------------------------------------------

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

# --- 03 ------------------------------------------------------------------------

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

used_kib() {
    if [ -r "/proc/$server/status" ]; then
        awk '/^VmRSS:/ { print $2 }' "/proc/$server/status"
    else
        ps -o rss= -p "$server" || die 'this system does not tell memory'
    fi
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

# --- 04 ------------------------------------------------------------------------

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

# --- 05 ------------------------------------------------------------------------

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
    host=127.0.0.1
    log=$dir/log
    "$peer" serve expect 'hi\n' sleep 500 send 'Connect succeed.\n' \
        send "${ANSWER}hi\\n" end </dev/null >"$dir/talk2" 2>"$log" \
        7>&- 8>&- &
    server=$!
    running="$running $server"
    wait_until listens_or_ended || die 'the peer does not begin to listen'
    port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$log")
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

# --- Showing the difference ----------------------------------------------------

# paragraph TITLE FILE FIELD
paragraph() {
    printf '\n%s\n' "$1"
    field "$2" "$3" | sed 's/^/  /'
}

# build WHERE PROGRAM...: in the tree $dir/WHERE
build() {
    tree=$dir/$1
    shift
    make -s -C "$tree" "CFLAGS=$cflags" "$@" >"$dir/make" 2>&1 || {
        cat "$dir/make" >&2
        die "cannot build it here with CFLAGS='$cflags'"
    }
}

# prepare PATCH: both trees and their programs
prepare() {
    chapter=${1%%/*}
    cflags=$(field "$1" Build:)
    cflags=${cflags:--O1 -g}
    copy_tree "$dir/right"
    cp -R "$dir/right" "$dir/broken"
    apply_patch "$1" "$dir/broken" || die "the patch no longer fits: $1"
    build right "$chapter/server" "$chapter/client" tests/peer tests/crowd/crowd
    build broken "$chapter/server" "$chapter/client"
    peer=$dir/right/tests/peer
}

# observe WHERE EXPERIMENT: what it says goes to $dir/WHERE.txt
observe() {
    where=$dir/$1/$chapter
    "$2" >"$dir/$1.txt"
    stop_everything
    rm -f "$dir/keyboard" "$dir/cue" "$dir"/client* "$dir"/talk*
}

# differs: what was said of the two
differs() {
    for text in right broken; do
        sed 's/([^)]*)//g' "$dir/$text.txt" >"$dir/$text.said"
    done
    ! cmp -s "$dir/right.said" "$dir/broken.said"
}

# At a terminal nobody sees the answer before having had time for a guess.
let_predict() {
    if [ -t 0 ] && [ -t 1 ]; then
        printf '\nWrite it down, then press Enter. '
        read -r _ || echo # end-of-file will do, too
    fi
}

show_case() {
    name=$(basename "$1" .patch)
    printf '%s: %s\n' "${1%%/*}" "$name"
    paragraph 'What it changes' "$1" 'What it changes:'
    sed -n '/^--- /,$s/^\([-+]\)/    \1/p' "$1" |
        grep -v -e '    --- ' -e '    +++ '
    paragraph 'What do you predict?' "$1" 'What do you predict?'
    let_predict
    printf '\n(building both, and trying ...)\n'
    prepare "$1"
    experiment=$(field "$1" Experiment:)
    observe right "$experiment"
    printf '\nThe right one\n'
    sed 's/^/  | /' "$dir/right.txt"
    observe broken "$experiment"
    printf '\nThe broken one\n'
    sed 's/^/  | /' "$dir/broken.txt"
    paragraph 'What happens' "$1" 'What happens:'
    paragraph 'Why' "$1" 'Why:'
    paragraph 'Caught by' "$1" 'Caught by:'
}

list_cases() {
    for patch in $1; do
        printf '%-26s %s\n' "$(basename "$patch" .patch)" \
            "$(field "$patch" 'What it changes:' | tr '\n' ' ')"
    done
}

# try_all PATCHES: a line each
try_all() {
    hidden=0
    for patch in $1; do
        begun=$(date +%s)
        result='no difference'
        if sh tests/break/break.sh "${patch%%-*}" "$(basename "$patch" .patch)" \
            </dev/null >"$dir/shown" 2>&1; then
            result=shown
        else
            cat "$dir/shown"
            hidden=$((hidden + 1))
        fi
        printf '%-13s %3d s  %s\n' "$result" $(($(date +%s) - begun)) "$patch"
    done
    [ "$hidden" -eq 0 ]
}

if [ "${1-}" = --all ]; then
    patches=$(find_patches "${2-}" "${3-}") || exit
    dir=$(mktemp -d "${TMPDIR:-/tmp}/break.XXXXXX")
    try_all "$patches"
elif [ -z "${1-}" ]; then
    echo 'break: which chapter? make break N=02, or N=01 to N=05' >&2
    exit 2
elif [ -z "${2-}" ]; then
    patches=$(find_patches "$1" '') || exit
    list_cases "$patches"
    printf '\nTry one: make break N=%s CASE=%s\n' "$1" \
        "$(basename "${patches%%.patch*}")"
else
    patch=$(find_patches "$1" "$2") || exit
    dir=$(mktemp -d "${TMPDIR:-/tmp}/break.XXXXXX")
    show_case "$patch"
    if ! differs; then
        printf '\nThis time no difference has shown. Try again.\n'
        exit 1
    fi
fi
