#!/bin/sh
# demo.sh - the same three clients against all five servers: who waits for
# whom, and what it costs.
#
#   make demo
#   make pictures   draw the same as NN-*/timeline.svg, and as one picture
#
# Each client says one line of sentences.txt, after some thought. Below
# them stand the server's threads, and what they waited in meanwhile, which Linux
# tells of a child (tests/watch). The crowd (tests/crowd/crowd.c) checks byte by
# byte what the clients hear, this script what the servers hear: exit 0 only if
# all of it was right.
set -eu
unset CDPATH # or cd might go elsewhere
cd "$(dirname "$0")/../.."
. tests/lib/server.sh

pictures=${1-} # --pictures, or nothing
crowd=tests/crowd/crowd
draw=tests/watch/timeline
watch=tests/watch/watch # only Linux has it
sentences=tests/crowd/sentences.txt
clients=3
think=1000  # ms, client 1
apart=400   # ms: client 2 thinks so much less, client 3 so much more
page=tests/crowd/timelines.svg # all five
width=3200  # ms, a timeline: all five in the same scale
many=100    # silent clients, to see what memory one takes
idle_time=1 # seconds
deadline=$(($(date +%s) + 30)) # for everything: no wait lasts beyond it

dir=$(mktemp -d "${TMPDIR:-/tmp}/demo.XXXXXX")
running='' # pids of what this script has started
. tests/lib/script.sh

cleanup() {
    stop_all
    rm -rf "$dir"
}

stop_all() {
    # shellcheck disable=SC2086 # a list of pids
    [ -z "$running" ] || kill -KILL $running 2>/dev/null || :
    wait 2>/dev/null
    running=''
}

fail() {
    printf '\ndemo: %s: %s\n' "$chapter" "$*" >&2
    exit 1
}

# in_log N PATTERN: at least N lines of the server's log match
in_log() {
    [ "$(grep -c "$2" "$dir/$chapter.log")" -ge "$1" ]
}


# start_server [WATCHER...]: 01 needs an operator, at a keyboard whose input does
# not end
start_server() {
    operator=/dev/null
    if [ "$chapter" = 01-blocking ]; then
        operator=$dir/operator
        rm -f "$operator"
        mkfifo "$operator"
        # For reading as well, or this would wait for a reader
        exec 3<>"$operator"
    fi
    launch "$operator" "$dir/$chapter.log" "$@" "$chapter/server" 0
    running="$running $server"
    started=$server
    wait_until 'the server listens' listens_or_ended
    [ -n "$port" ] || fail "no server: $(cat "$log")"
}

# start_watched_server: what it does is written down, where Linux tells it
start_watched_server() {
    [ -x "$watch" ] || {
        start_server
        return
    }
    start_server "$watch" --record "$dir/$chapter.lanes" --
    wait_until 'its record begins' server_known_or_watcher_gone
}

server_known_or_watcher_gone() {
    server=$(sed -n 's/^server //p' "$dir/$chapter.lanes")
    [ -n "$server" ] || ended "$started"
}

# show_lanes: when the server has ended
show_lanes() {
    unseen=$(blind)
    [ -n "$unseen" ] || "$draw" lanes "$dir/$chapter" ||
        fail 'its lanes cannot be drawn'
}

# blind: why the chapter's lanes cannot be seen, if so
blind() {
    if [ -s "$dir/$chapter.lanes" ]; then
        sed -n 's/^blind //p' "$dir/$chapter.lanes"
    else
        echo 'only Linux tells it'
    fi
}

# --- What Linux tells of a process; elsewhere there is no /proc ---------------

# sample PID FILE: notes how long each of its threads has run so far, in ns
sample() {
    for thread in /proc/"$1"/task/*/schedstat; do
        if { read -r ns _ <"$thread"; } 2>/dev/null; then
            echo "$thread $ns" >>"$2"
        fi
    done
}

# cpu_ms FILE: what all threads took, from such notes
cpu_ms() {
    [ -s "$1" ] || return 0
    awk '$2 > ns[$1] { ns[$1] = $2 }
        END { for (t in ns) sum += ns[t]; printf "%.1f", sum / 1e6 }' "$1"
}

# threads PID
threads() {
    sed -n 's/^Threads:[^0-9]*//p' "/proc/$1/status" 2>/dev/null || :
}

# memory PID: in KiB, what is its own and in memory
memory() {
    sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status" \
        2>/dev/null || :
}

# --- The same three clients, five times --------------------------------------

# total NAME: a number from the crowd's summary
total() {
    sed -n "s/^$1 //p" "$dir/$chapter.totals"
}

# play RULES OPTIONS...: the crowd plays, we look at the server meanwhile
play() {
    rules=$1
    shift
    colour=never
    if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]; then
        colour=always
    fi
    "$crowd" --rules "$rules" --clients "$clients" --say "$sentences" \
        --think "$think" --apart "$apart" --scale "$width" \
        --color "$colour" --bare --title "$chapter: $what" \
        --rows "$dir/$chapter.rows" --totals "$dir/$chapter.totals" \
        "$@" "$port" \
        >"$dir/timeline" 2>"$dir/complaints" &
    players=$!
    running="$running $players"
    most=''
    while ! ended "$players"; do
        sample "$server" "$dir/$chapter.cpu"
        now=$(threads "$server")
        if [ "${now:-0}" -gt "${most:-0}" ]; then
            most=$now
        fi
        pause 0.05
    done
    sample "$server" "$dir/$chapter.cpu"
    sed 1d "$dir/timeline" # its title stands there already
    wait "$players" || fail "not as it should be:
$(cat "$dir/complaints")"
    echo "${most:-–}" >"$dir/$chapter.threads"
}

# check_heard: the server heard the lines of standard input, in whatever order
check_heard() {
    sort >"$dir/expected"
    sed -n 's/^.* says: //p' "$dir/$chapter.log" | sort >"$dir/heard"
    diff "$dir/expected" "$dir/heard" >"$dir/diff" ||
        fail "server: expected (<) and heard (>) differ:
$(cat "$dir/diff")"
}

title() {
    chapter=$1
    what=$2
    for program in "$chapter/server" "$crowd" "$draw"; do
        [ -x "$program" ] || fail "no $program: run make first"
    done
    printf '\n%s: %s\n' "$chapter" "$what"
    start_watched_server
}

# The operator has an answer ready for the one client that will be served.
serve_one() {
    sed -n 2p "$sentences" >"$dir/answer"
    cat "$dir/answer" >&3
    play 01 --answers "$dir/answer"
    wait_until 'the server ends with its client' ended "$started"
    wait "$started" || fail "server: exit $?"
    exec 3>&-
    show_lanes
    sed 1q "$sentences" | check_heard
}

serve_all() {
    play "$1"
    wait_until 'all have left' in_log "$clients" ' left$'
    ended "$started" && fail 'the server has ended by itself'
    kill "$started"
    wait "$started" 2>/dev/null || :
    show_lanes
    stop_all
    sed 3q "$sentences" | check_heard
}

# --- What they cost while nobody speaks ---------------------------------------

# hold N: N silent clients come to stay
hold() {
    "$crowd" --clients "$1" --silent "$1" --stay 60000 --limit 60000 --quiet \
        "$port" 2>/dev/null &
    running="$running $!"
}

# All five at once: that takes one second, not five.
watch_idle() {
    for chapter in 0[1-5]-*; do
        start_server
        echo "$server $port" >"$dir/$chapter.idle"
        hold "$clients"
        seats=$clients
        case $chapter in 01-* | 02-*) seats=1 ;; esac
        wait_until 'the silent ones are greeted' in_log "$seats" ' connected$'
    done
    sleep "$idle_time" # what the first moments cost is over
    for moment in 1 2; do
        [ "$moment" = 1 ] || sleep "$idle_time"
        for chapter in 0[1-5]-*; do
            read -r server port <"$dir/$chapter.idle"
            sample "$server" "$dir/$chapter.idle$moment"
        done
    done
    for chapter in 0[3-5]-*; do
        read -r server port <"$dir/$chapter.idle"
        memory "$server" >"$dir/$chapter.memory1"
        hold "$many"
        wait_until 'many silent ones are greeted' \
            in_log $((clients + many)) ' connected$'
        memory "$server" >"$dir/$chapter.memory2"
    done
    stop_all
    exec 3>&-
}

# idle_share: percent of a processor
idle_share() {
    awk -v before="$(cpu_ms "$dir/$chapter.idle1")" \
        -v after="$(cpu_ms "$dir/$chapter.idle2")" -v s="$idle_time" \
        'BEGIN { if (after != "") printf "%.2f %%", (after - before) / s / 10 }'
}

memory_each() {
    [ -s "$dir/$chapter.memory2" ] || return 0
    awk -v before="$(cat "$dir/$chapter.memory1")" -v n="$many" \
        '{ printf "%.1f KiB", ($1 - before) / n }' "$dir/$chapter.memory2"
}

# cell WIDTH TEXT [UNIT]: – where there is nothing. Its three bytes are one
# column, which printf of some shells does not know.
cell() {
    if [ -z "$2" ] || [ "$2" = – ]; then
        printf "%$(($1 - 1))s–" ''
    else
        printf "%$1s" "$2${3-}"
    fi
}

print_table() {
    printf '\n%-16s%7s%11s%9s%10s%10s%14s\n' '' '' 'all served' '' \
        'CPU time' 'CPU time' 'memory for'
    printf '%-16s%7s%11s%9s%10s%10s%14s\n' '' served after threads \
        meanwhile 'if idle' 'one client'
    for chapter in 0[1-5]-*; do
        after=''
        if [ "$(total served)" -eq "$clients" ]; then
            after=$(total last_served_ms |
                awk '{ printf "%.2f s", $1 / 1000 }')
        fi
        printf '%-16s' "$chapter"
        cell 7 "$(total served) of $clients"
        cell 11 "$after"
        cell 9 "$(cat "$dir/$chapter.threads")"
        cell 10 "$(cpu_ms "$dir/$chapter.cpu")" ' ms'
        cell 10 "$(idle_share)"
        cell 14 "$(memory_each)"
        echo
    done
}

# print_shares: of the threads' time while the clients were there
print_shares() {
    set --
    for chapter in 0[1-5]-*; do
        set -- "$@" "$dir/$chapter"
    done
    [ -n "$unseen" ] || {
        echo
        "$draw" shares "$@"
    }
}

# draw_pictures: each chapter's, and all five for the first page
draw_pictures() {
    set --
    for chapter in 0[1-5]-*; do
        "$draw" svg "$(sed -n 's/^title //p' "$dir/$chapter.rows")" \
            "$dir/$chapter" >"$chapter/timeline.svg"
        set -- "$@" "$dir/$chapter"
    done
    "$draw" svg 'Three clients, five servers' "$@" >"$page"
}

echo "Three clients come at once, think for 1.0, 0.6 and 1.4 s, and say a line."
title 01-blocking 'one client, and then it ends'
serve_one
title 02-loop-server 'one client after another'
serve_all 02
title 03-threaded 'a thread for each client, asleep until that one speaks'
serve_all 03
title 04-nonblocking 'one thread, which naps and asks everyone in turn'
serve_all 04
title 05-select 'one thread, asleep until anyone speaks'
serve_all 05
printf '\n%12s%-15s%-15s%-15s%s\n' '' '0 s' '1 s' '2 s' '3 s'
printf '%12s%s\n' '' '. waiting   - thinking   # served   x refused'
if [ -z "$unseen" ]; then
    printf '%12s%s\n' '' '_ asleep in the call that is named   * at work'
    printf '%12s%s\n' '' 'z? naps, and questions between them'
else
    printf '\nWhat the servers wait in cannot be shown: %s.\n' "$unseen"
fi
if [ "$pictures" = --pictures ]; then
    draw_pictures
else
    watch_idle
    print_table
    print_shares
fi
