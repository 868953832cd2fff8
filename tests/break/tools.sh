# shellcheck shell=sh disable=SC2034,SC2154 # shared with break.sh
# tools.sh - what the experiments are made of. Sourced by break.sh.
#
# An experiment is a function try_NAME. It runs twice: $where is the directory
# of the right programs, then that of the broken ones. On standard output it
# says what happened, without ports and times, in the same words whenever the
# same happened; numbers that differ anyway stand in (parentheses). If it says
# the same of both, the difference has not shown.

ANSWER='Message received - '
LIMIT=8 # seconds that anything may take before it is said to hang

dir=''
running='' # pids of what runs in the background
. tests/lib/script.sh

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
    launch "$input" "$dir/log" "$@" "$where/server" "$port" "$host"
    running="$running $server"
    wait_until listens_or_ended || die 'the server does not begin to listen'
    [ -n "$port" ]
}

stop_server() {
    kill "$server" 2>/dev/null || :
    wait "$server" 2>/dev/null || :
}

# wait_until COMMAND...: asks again and again, for a while, whether it succeeds
wait_until() {
    until_then=$(($(date +%s) + LIMIT))
    until "$@"; do
        [ "$(date +%s)" -le "$until_then" ] || return 1
        pause 0.02
    done
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

# used_kib: the memory that the server uses
used_kib() {
    if [ -r "/proc/$server/status" ]; then
        awk '/^VmRSS:/ { print $2 }' "/proc/$server/status"
    else
        ps -o rss= -p "$server" || die 'this system does not tell memory'
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
