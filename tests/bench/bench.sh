#!/bin/sh
# bench.sh - what the five models cost, against bare loops that do the same
# calls and nothing else. tests/bench/README.md says what the numbers mean.
#
#   make bench            about two minutes
#   QUICK=1 make bench    ten seconds: a glance, no measurement
#
# Prints tables; writes them as CSV, with a chart, to tests/bench/out.
set -eu
cd "$(dirname "$0")/../.."

if [ -n "${QUICK-}" ]; then
    rounds=1 span=150 sizes='1 100 500' silent='0 900'
else
    rounds=7 span=350 sizes='1 10 100 500' silent='0 100 300 900'
fi
deadline=$(($(date +%s) + 175)) # for everything

crowd=common/crowd
out=tests/bench/out
dir=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
ticks=$(getconf CLK_TCK)
server='' # pids of what this script has started
holder=''
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

cleanup() {
    stop
    rm -rf "$dir"
}

stop() {
    for pid in $holder $server; do
        kill -KILL "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
    server='' holder=''
}

fail() {
    printf '\nbench: %s\n' "$*" >&2
    exit 1
}

# wait_until WHAT COMMAND...
wait_until() {
    awaited=$1
    shift
    until "$@"; do
        [ "$(date +%s)" -lt "$deadline" ] || fail "waited in vain: $awaited"
        sleep 0.02 2>/dev/null || sleep 1 # POSIX knows whole seconds only
    done
}

# --- The servers --------------------------------------------------------------

# program NAME: a chapter's number, or a bare loop
program() {
    case $1 in
    0*) echo "$1"-*/server ;;
    *) echo "tests/bench/$1" ;;
    esac
}

# answers N: what 01's operator types, one line for each of the client's
answers() {
    yes well | head -n "$1"
}

# start NAME [INPUT]: prints to a file, as a server would in earnest
start() {
    name=$1
    : >"$dir/log"
    $(program "$1") 0 <"${2:-/dev/null}" >"$dir/log" 2>&1 &
    server=$!
    wait_until "$1 listens" knows_port
}

knows_port() {
    port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$dir/log")
    kill -0 "$server" 2>/dev/null || fail "$name: $(cat "$dir/log")"
    [ -n "$port" ]
}

# cpu_ms: what the server has taken so far, all threads; nothing without /proc
cpu_ms() {
    [ -r "/proc/$server/stat" ] || return 0
    # The name in the second field is the only one with a parenthesis
    sed 's/.*) //' "/proc/$server/stat" |
        awk -v ticks="$ticks" '{ print ($12 + $13) * 1000 / ticks }'
}

# memory: in KiB, what is the server's own and in memory
memory() {
    sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$server/status" \
        2>/dev/null || :
}

# --- One measurement ----------------------------------------------------------

# measure WHAT CLIENTS SILENT OPTIONS...: a line for raw.csv
measure() {
    what=$1 clients=$2 idle=$3
    shift 3
    before=$(cpu_ms)
    "$crowd" --clients "$clients" --quiet --late 0 --limit 20000 \
        --totals "$dir/totals" "$@" "$port" 2>"$dir/complaints" ||
        fail "$name: $(cat "$dir/complaints")"
    after=$(cpu_ms)
    awk -v before="$before" -v after="$after" -v memory="${each-}" \
        -v start="$round,$what,$name,$clients,$idle" '
        { v[$1] = $2 }
        END {
            ms = v["done"] / v["rate"] * 1000
            if (after != "") {
                cpu = sprintf("%.2f", (after - before) * 1000 / v["done"])
                busy = sprintf("%.0f", (after - before) / ms * 100)
            }
            printf "%s,%s,%s,%s,%s,%s,%.0f,%s,%s\n", start, v["rate"],
                v["p50_us"], v["p99_us"], cpu, busy, v["cpu_ms"] / ms * 100,
                v["all_greeted_ms"], memory
        }' "$dir/totals" >>"$dir/raw.csv"
}

talkers() {
    echo 03 threads 04 05
    for name in epoll uv; do
        if [ -x "tests/bench/$name" ]; then
            echo "$name"
        fi
    done
}

# Who is compared stands next to each other in time: the machine's mood changes.
talk() {
    for size in $sizes; do
        for name in $(talkers); do
            start "$name"
            measure talk "$size" 0 --for "$span"
            stop
        done
        progress
    done
}

visit() {
    for size in $sizes; do
        [ "$size" -le 100 ] || continue # the rest only stands in the queue
        for name in 02 visits; do
            start "$name"
            measure visit "$size" 0 --rules 02 --for "$span"
            stop
        done
    done
    progress
}

# 01 ends with its client, so its processor time cannot be asked for.
take_turns() {
    lines=$((span * 20))
    answers "$lines" >"$dir/answers"
    echo well >"$dir/well"
    start 01 "$dir/answers"
    measure talk 1 0 --rules 01 --lines "$lines" --answers "$dir/well"
    stop
}

# One talks, so many keep silent: a crowd of their own holds them.
keep_silent() {
    for name in $(talkers); do
        [ "$name" != uv ] || continue
        for size in $silent; do
            start "$name"
            each=''
            base=$(memory)
            if [ "$size" -gt 0 ]; then
                "$crowd" --clients "$size" --silent "$size" --stay 600000 \
                    --limit 600000 --quiet --totals /dev/null "$port" &
                holder=$!
                wait_until 'all are greeted' all_greeted "$size"
                sleep 0.1 2>/dev/null || sleep 1 # 04 has gone to sleep
                [ -z "$base" ] || each=$(awk -v a="$base" -v b="$(memory)" \
                    -v n="$size" 'BEGIN { printf "%.1f", (b - a) / n }')
            fi
            measure silent 1 "$size" --for "$span"
            stop
        done
        progress
    done
}

# all_greeted N: a bare loop prints nothing, but Linux shows its sockets
all_greeted() {
    case $name in
    0*) [ "$(grep -c ' connected$' "$dir/log")" -ge "$1" ] ;;
    *)
        count=0
        for file in "/proc/$server/fd"/*; do
            [ ! -e "$file" ] || count=$((count + 1))
        done
        [ "$count" -ge "$1" ] || [ ! -d "/proc/$server" ]
        ;;
    esac
}

progress() {
    if [ -t 2 ]; then
        printf '\r%s s ' "$(($(date +%s) - began))" >&2
    fi
}

# --- All of it ----------------------------------------------------------------

for file in "$crowd" 0[1-5]-*/server tests/bench/threads tests/bench/visits; do
    [ -x "$file" ] || fail "no $file: run make bench"
done
began=$(date +%s)
round=1
: >"$dir/raw.csv"
while [ "$round" -le "$rounds" ]; do
    each=''
    talk
    visit
    take_turns
    if [ "$round" -le 3 ]; then
        keep_silent
    fi
    round=$((round + 1))
done
if [ -t 2 ]; then
    printf '\r         \r' >&2
fi

mkdir -p "$out"
{
    echo 'round,what,server,clients,silent,per_second,p50_us,p99_us,' \
        'server_cpu_us,server_busy_percent,crowd_busy_percent,' \
        'all_greeted_ms,kib_per_client' | tr -d ' '
    cat "$dir/raw.csv"
} >"$out/raw.csv"
awk -f tests/bench/tables.awk -v csv="$out/bench.csv" "$out/raw.csv"
awk -f tests/bench/chart.awk "$out/bench.csv" >"$out/chart.svg"
printf '\n%s s; %s/bench.csv, raw.csv and chart.svg hold it all\n' \
    "$(($(date +%s) - began))" "$out"
