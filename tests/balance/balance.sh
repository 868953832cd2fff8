#!/bin/sh
# balance.sh - several of chapter 05's servers behind one HAProxy: who gets
# whom, and who is lost when a server is. 05-select/BALANCE.md tells the story.
#
#   make balance                a crowd comes, and one server is killed
#   make balance TRY=address    whose address does the server's log show?
#   make balance TRY=room       a chat room on several servers: your lab 05's
#   make balance TRY=stopped    a server is stopped, and not dead
#
#   SERVERS=5      so many, 2 to 20; default 3
#   LAB=FILE       TRY=room: another room's server
#   PORT=65432     where the balancer listens; default: any free port
#   HAPROXY=FILE   another haproxy
#
# The crowd (tests/crowd/crowd.c) checks what the clients hear. Exit 0 only if
# none was lost but those of the server that this script has ended.
set -eu
unset CDPATH
cd "$(dirname "$0")/../.."
. tests/lib/server.sh
PATH=$PATH:/usr/local/sbin:/usr/sbin # where haproxy is, for users as well

servers=${SERVERS:-3}
lab=${LAB:-05-select/lab/server}
haproxy=${HAPROXY:-haproxy}
crowd=tests/crowd/crowd
client=05-select/client
each=30 # clients for a server
few=3   # and where that is enough
deadline=$(($(date +%s) + 60)) # for everything: no wait lasts beyond it

usage() {
    echo 'usage: make balance [TRY=address|room|stopped] [SERVERS=2 to 20]' \
        '[LAB=FILE] [PORT=1 to 65535]' >&2
    exit 2
}

# is_number TEXT LEAST MOST
is_number() {
    case $1 in
    '' | *[!0-9]* | ??????*) return 1 ;;
    esac
    [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]
}

fail() {
    printf 'balance: %s\n' "$*" >&2
    exit 1
}

is_number "$servers" 2 20 || usage
[ -z "${PORT-}" ] || is_number "$PORT" 1 65535 || usage
case ${TRY-} in '' | address | room | stopped) ;; *) usage ;; esac
command -v "$haproxy" >/dev/null || fail "there is no $haproxy;" \
    'it is the package haproxy: apt-get install haproxy (dnf, apk, brew ...)'
[ "${TRY-}" != room ] || [ -x "$lab" ] ||
    fail "there is no program $lab: the room is lab 05's, see make lab N=05"

# --- Start and end ------------------------------------------------------------

dir=$(mktemp -d "${TMPDIR:-/tmp}/balance.XXXXXX")
running='' # pids of what this script has started
. tests/lib/script.sh

# KILL, since a stopped process would not hear anything else
cleanup() {
    # shellcheck disable=SC2086 # a list of pids
    [ -z "$running" ] || kill -KILL $running 2>/dev/null || :
    wait 2>/dev/null || :
    rm -rf "$dir"
}

# in_file N PATTERN FILE...: at least N lines of them match
in_file() {
    wanted=$1
    shift
    [ "$(count "$@")" -ge "$wanted" ]
}

# count PATTERN FILE...: the lines that match, in all of them
count() {
    pattern=$1
    shift
    cat "$@" | grep -cE -e "$pattern" || :
}

# --- Servers and balancers ----------------------------------------------------

# start_server NAME PORT: writes NAME.log, NAME.port and NAME.pid
start_server() {
    launch /dev/null "$dir/$1.log" "$program" "$2"
    running="$running $server"
    wait_until "$1 listens" listens_or_ended
    [ -n "$port" ] || fail "$1 does not start: $(cat "$log")"
    echo "$port" >"$dir/$1.port"
    echo "$server" >"$dir/$1.pid"
}

start_servers() {
    program=${1:-05-select/server}
    names='' n=0
    while [ "$((n += 1))" -le "$servers" ]; do
        names="$names server-$n"
        start_server "server-$n" 0
    done
}

# signal NAME SIGNAL
signal() {
    kill "-$2" "$(cat "$dir/$1.pid")"
}

# end PID: once it is gone its port is free, and its id may be somebody else's
end() {
    kill -KILL "$1"
    wait "$1" 2>/dev/null || :
    others=''
    for pid in $running; do
        [ "$pid" = "$1" ] || others="$others $pid"
    done
    running=$others
}

# free_port: HAProxy must be told a port. The one that the kernel gives to a
# server is free once that has ended; if somebody takes it before HAProxy does,
# HAProxy says so.
free_port() {
    launch /dev/null "$dir/nobody.log" 05-select/server 0
    running="$running $server"
    wait_until 'a free port' listens_or_ended
    end "$server"
}

# configure KIND: the chapter's configuration, with the ports of this run. KIND
# is greeting (as it is), connect (a check is content if the server accepts),
# none (no check), or proxy (none, and the PROXY protocol).
configure() {
    case $1 in
    greeting) without='^$' options='' ;;
    connect) without='^ *(option )?tcp-check' options='' ;;
    none) without='tcp-check|default-server' options='' ;;
    proxy) without='tcp-check|default-server' options=' send-proxy' ;;
    esac
    sed -E -e "/$without/d" -e '/^ *server /d' \
        -e "s/127\.0\.0\.1:65432/127.0.0.1:$port/" 05-select/balance.cfg
    for name in $names; do
        echo "    server $name 127.0.0.1:$(cat "$dir/$name.port")$options"
    done
}

# start_balancer KIND [PORT]: writes KIND.log, KIND.port and KIND.pid
start_balancer() {
    port=${2-}
    [ -n "$port" ] || free_port
    configure "$1" >"$dir/$1.cfg"
    echo "$port" >"$dir/$1.port"
    launch /dev/null "$dir/$1.log" "$haproxy" -db -f "$dir/$1.cfg"
    running="$running $server"
    echo "$server" >"$dir/$1.pid"
    wait_until "haproxy ($1) takes us to a server" serves_or_ended "$1"
    ! ended "$server" || fail "haproxy has not started:
$(cat "$log")"
}

# Somebody else may listen there: HAProxy's own log has to tell of our visit.
serves_or_ended() {
    ended "$server" && return
    visit "$1" || : # what it hears is not what matters
    in_file 1 '^[0-9]' "$dir/$1.log"
}

# visit KIND: one newcomer, greeted and gone; fails if it was not greeted
visit() {
    "$crowd" --clients 1 --quiet --limit 2000 "$(cat "$dir/$1.port")" \
        2>/dev/null
}

# come NAME KIND OPTION...: a crowd comes, in the background
come() {
    name=$1
    port=$(cat "$dir/$2.port")
    shift 2
    "$crowd" --quiet --totals "$dir/$name.totals" "$@" "$port" \
        >/dev/null 2>"$dir/$name.faults" &
    running="$running $!"
    echo "$!" >"$dir/$name.pid"
}

# left NAME: waits for the end of that crowd
left() {
    wait "$(cat "$dir/$1.pid")" || :
    [ -s "$dir/$1.totals" ] ||
        fail "the crowd has failed: $(cat "$dir/$1.faults")"
}

# total NAME WHAT: a number from a crowd's summary
total() {
    sed -n "s/^$2 //p" "$dir/$1.totals"
}

# same WHAT EXPECTED ACTUAL
same() {
    [ "$2" -eq "$3" ] || fail "$1: expected $2, and it was $3
$(cat "$dir"/*.faults)"
}

# memory NAME: in KiB, what is its own and in memory; nothing without /proc
memory() {
    sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' \
        "/proc/$(cat "$dir/$1.pid")/status" 2>/dev/null || :
}

# note WHEN: the memory of all
note() {
    for name in $names greeting; do
        memory "$name" >"$dir/$name.$1"
    done
}

# --- A crowd, and a server that is killed -------------------------------------

try_crowd() {
    start_servers
    start_balancer greeting "${PORT-}"
    start_balancer none
    # It is these bystanders that make a dead server the emptiest one
    come bystanders none --clients $((servers * few)) --think 300 \
        --lines 1000 --limit 60000
    wait_until 'bystanders are there' say_line_1 $((servers * few))
    note before
    talks=$(count '^[0-9]' "$dir/greeting.log")
    clients=$((servers * each))
    come first greeting --clients "$clients" --think 500 --lines 10
    wait_until 'all have come' say_line_1 $((clients + servers * few))
    note after
    end "$(cat "$dir/server-2.pid")"
    tries=25
    while [ "$((tries -= 1))" -ge 0 ]; do
        ! visit greeting || talks=$((talks + 1))
        visit none || :
        pause 0.05
    done
    # The log of the first one tells who was there
    mv "$dir/server-2.log" "$dir/server-2.first.log"
    start_server server-2 "$(cat "$dir/server-2.port")"
    wait_until 'the balancer finds server-2 again' \
        in_file 1 'server-2 is UP' "$dir/greeting.log"
    come second greeting --clients "$each" --think 500 --lines 4
    left second
    left first
    wait_until 'the balancer has seen them off' \
        in_file $((clients + each + talks)) '^[0-9].* (--|.D)$' \
        "$dir/greeting.log"
    awk -v servers="$servers" -v clients="$clients" \
        -f tests/balance/picture.awk \
        "$dir/greeting.log" "$dir/none.log"
    same 'clients lost' "$each" "$(total first faults)"
    same 'clients served' $((clients - each)) "$(total first served)"
    same 'newcomers served' "$each" "$(total second served)"
    table
}

# say_line_1 N: so many have said their first line
say_line_1() {
    in_file "$1" ' says: client .*, line 1 ' "$dir"/server-*.log
}

# each_kib NAME COUNT: memory for one client
each_kib() {
    [ -s "$dir/$1.after" ] || return 0
    awk -v before="$(cat "$dir/$1.before")" -v n="$2" \
        '{ printf "%.1f KiB", ($1 - before) / n }' "$dir/$1.after"
}

# round_trips NAME KIND-OR-SERVER: one client, nobody else
round_trips() {
    come "$1" "$2" --clients 1 --lines 3000
    left "$1"
    same "$1: answers" 3000 "$(total "$1" answers)"
}

table() {
    round_trips direct server-1
    round_trips balanced none
    printf '\n%-12s%12s%18s\n' '' conversations 'memory for one'
    for name in $names greeting; do
        shown=$name size=$each
        had="^[0-9][^ ]* [0-9]* [^ ]* $name [^ ]* --"
        if [ "$name" = greeting ]; then
            shown=balancer size=$clients had='^[0-9].*--$'
        fi
        printf '%-12s%12s%18s\n' "$shown" \
            "$(count "$had" "$dir/greeting.log")" \
            "$(each_kib "$name" "$size")"
    done
    printf '\n  | a round trip (%s us direct, %s us through the balancer)\n' \
        "$(total direct p50_us)" "$(total balanced p50_us)"
}

# --- Whose address? -----------------------------------------------------------

try_address() {
    start_servers
    for kind in none proxy; do
        if [ "$kind" = none ]; then
            echo 'A client says hello.'
            start_balancer none "${PORT-}"
        else
            echo 'With send-proxy, another client does.'
            start_balancer proxy
        fi
        visits=$(count '^[0-9]' "$dir/$kind.log")
        echo hello | "$client" 127.0.0.1 "$(cat "$dir/$kind.port")" \
            >"$dir/$kind.out" 2>&1 || fail "client: $(cat "$dir/$kind.out")"
        wait_until 'the balancer tells of it' \
            in_file "$((visits + 1))" '^[0-9]' "$dir/$kind.log"
        grep '^[0-9]' "$dir/$kind.log" | tail -n 1 >"$dir/$kind.line"
        read -r _ _ from name to _ <"$dir/$kind.line"
        echo "  the balancer:   $from came, and goes on as $to"
        wait_until 'the server tells of its end' \
            in_file 1 " $to left" "$dir/$name.log"
        sed -n "s/^.* \($to .*\)/  its server:     \1/p" "$dir/$name.log"
        sed -n 's/^server: /  the client:     /p' "$dir/$kind.out"
    done
}

# --- One room on several servers ----------------------------------------------

# member N KIND-OR-SERVER: comes to stay, and asks for the name ann
member() {
    mkfifo "$dir/member-$1.in"
    : >"$dir/member-$1.out"
    port=$(cat "$dir/$2.port")
    "$client" 127.0.0.1 "$port" <"$dir/member-$1.in" \
        >"$dir/member-$1.out" 2>&1 3>&- 4>&- &
    running="$running $!"
    # Its input is open as long as this runs
    sleep 60 >"$dir/member-$1.in" &
    running="$running $!"
    wait_until "member $1 is greeted" in_file 1 Connect "$dir/member-$1.out"
    tell "$1" '/name ann'
    wait_until "member $1 is answered" \
        in_file 1 'you are ann|name taken' "$dir/member-$1.out"
}

tell() {
    echo "$2" >"$dir/member-$1.in"
}

# room KIND-OR-SERVER: one member more than there are servers; the last speaks
room() {
    rm -f "$dir"/member-*
    last=$((servers + 1))
    n=0
    while [ "$((n += 1))" -le "$last" ]; do
        member "$n" "$1"
    done
    tell "$last" 'hello'
    wait_until 'a server has heard it' \
        in_file 1 ' says: hello' "$dir"/server-*.log
    heard=0 named=0 n=0
    while [ "$((n += 1))" -le "$last" ]; do
        # What comes before this answer is all that was to come
        [ "$n" -eq "$last" ] || {
            tell "$n" /who
            wait_until "member $n is answered" \
                in_file 1 'here: ' "$dir/member-$n.out"
        }
        ! in_file 1 'you are ann' "$dir/member-$n.out" || named=$((named + 1))
        ! in_file 1 ': hello' "$dir/member-$n.out" || heard=$((heard + 1))
    done
    echo "  who get the name ann:            $named of $last"
    echo "  who hear the last one's hello:   $heard of the other $servers"
}

# No checks: each of them would join the room as a guest, and leave it.
try_room() {
    start_servers "$lab"
    start_balancer none "${PORT-}"
    echo "$((servers + 1)) members, all on one server:"
    room server-1
    end "$(cat "$dir/server-1.pid")"
    start_server server-1 "$(cat "$dir/server-1.port")"
    echo "$((servers + 1)) members, through the balancer on $servers servers:"
    room none
}

# --- Stopped, and not dead ----------------------------------------------------

try_stopped() {
    start_servers
    start_balancer greeting "${PORT-}"
    start_balancer connect
    start_balancer none
    kinds='greeting connect none'
    clients=$((servers * few))
    for kind in $kinds; do
        come "old-$kind" "$kind" --clients "$clients" --think 300 \
            --for 5000 --late 0
    done
    wait_until 'all have come' say_line_1 $((clients * 3))
    visit none # its line in the log dates what follows
    tail -n 1 "$dir/none.log" >"$dir/mark"
    signal server-2 STOP
    wait_until 'a balancer notices' in_file 1 'server-2 is DOWN' \
        "$dir/greeting.log"
    for kind in $kinds; do
        come "new-$kind" "$kind" --clients "$clients" --limit 1000
    done
    for kind in $kinds; do
        left "new-$kind"
    done
    signal server-2 CONT
    for kind in $kinds; do
        left "old-$kind"
    done
    printf '%-32s%10s%10s%10s\n' 'a check waits for' greeting accept 'no check'
    results "clients cut off, of $clients" old faults
    results "newcomers not answered, of $clients" new faults
    for kind in $kinds; do
        total "old-$kind" max_us
    done | awk '
        { waits = waits sprintf("%s%.1f s", NR > 1 ? ", " : "", $1 / 1e6) }
        END { print "  | longest waits for an answer (" waits ")" }'
    awk 'FNR == NR { stop = $1 + $2 / 1000; next }
        / D-$/ {
            printf "  | cut off after the stop (%.1f s)\n",
                $1 + $2 / 1000 - stop
            exit
        }' "$dir/mark" "$dir/greeting.log"
}

# results TEXT CROWD WHAT
results() {
    printf '%-32s' "$1"
    for kind in $kinds; do
        printf '%10s' "$(total "$2-$kind" "$3")"
    done
    echo
}

for program in 05-select/server "$client" "$crowd"; do
    [ -x "$program" ] || fail "no $program: run make first"
done
"try_${TRY:-crowd}"
