#!/bin/sh
# bench.sh - what the five models cost, against bare loops that make the same
# calls and do nothing else. tests/bench/README.md says what the numbers mean.
#
#   make bench                      about three minutes
#   QUICK=1 make bench              ten seconds: a glance, no measurement
#   sh tests/bench/bench.sh FILE    the tables of an earlier run's raw.csv
#
# Prints tables; writes them as CSV, with a chart, to tests/bench/out (or $OUT).
set -eu
unset CDPATH
LC_ALL=C # numbers have a point, whatever the reader's language has
export LC_ALL

if [ -n "${QUICK-}" ]; then
    rounds=1 span=150 sizes='1 100 500' visitors='1 100' silent=900
else
    rounds=7 span=350 sizes='1 100 500' visitors='1 10 100' silent='300 900'
fi
few=5 # silent clients of the servers whose rest is measured

bench=$(cd "$(dirname "$0")" && pwd)
out=${OUT:-$bench/out}
crowd=tests/crowd/crowd

# --- Tables and chart ---------------------------------------------------------

# draw RAW: all that is shown comes from this file
draw() {
    mkdir -p "$out"
    awk -f "$bench/tables.awk" -v csv="$out/bench.csv" "$1"
    awk -f "$bench/chart.awk" "$out/bench.csv" >"$out/chart.svg"
}

if [ $# -gt 0 ]; then
    draw "$1"
    exit
fi

# --- Start and end ------------------------------------------------------------

cd "$bench/../.."
. tests/lib/server.sh
deadline=$(($(date +%s) + 600)) # for everything
dir=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
ticks=$(getconf CLK_TCK)
server='' # the pid of what is measured
others='' # and of what else this script has started
. tests/lib/script.sh

cleanup() {
    stop
    rm -rf "$dir"
}

stop() {
    for pid in $others $server; do
        kill -KILL "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
    server='' others=''
}

fail() {
    printf '\nbench: %s\n' "$*" >&2
    exit 1
}

progress() {
    if [ -t 2 ]; then
        printf '\r%s s ' "$(($(date +%s) - began))" >&2
    fi
}

# --- The servers --------------------------------------------------------------

# program NAME: a chapter's number, or a bare loop
program() {
    case $1 in
    0*) echo "$1"-*/server ;;
    *) echo "tests/bench/$1" ;;
    esac
}

# start NAME [INPUT]: prints to a file, as a server would in earnest
start() {
    name=$1
    launch "${2:-/dev/null}" "$dir/$1.log" "$(program "$1")" 0
    wait_until "$1 listens" listens_or_ended
    [ -n "$port" ] || fail "$name: $(cat "$log")"
}

# hold N: a crowd of its own keeps N silent clients connected
hold() {
    "$crowd" --clients "$1" --silent "$1" --stay 600000 --limit 600000 \
        --rules "$(rules)" --late 0 --quiet "$port" &
    others="$! $others" # its end comes before its server's
    wait_until 'all are greeted' all_greeted "$1"
    pause 0.1 # those who doze off have done so
}

rules() {
    case $name in
    01 | 02) echo "$name" ;;
    *) echo 03 ;;
    esac
}

# all_greeted N: 01 and 02 greet one of them. A bare loop prints nothing, but
# Linux shows its sockets; elsewhere a second must be enough.
all_greeted() {
    case $name in
    01 | 02) grep -q ' connected$' "$log" ;;
    0*) [ "$(grep -c ' connected$' "$log")" -ge "$1" ] ;;
    *)
        [ -d "/proc/$server/fd" ] || sleep 1
        [ ! -d "/proc/$server/fd" ] ||
            # Its standard files and the listener come on top
            [ "$(find "/proc/$server/fd" -type l | wc -l)" -ge $(($1 + 4)) ]
        ;;
    esac
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

# compare NAME...: those that can run here, a model beside its bare loop: the
# machine's mood changes. Every second round goes the other way round.
compare() {
    order=''
    for name in "$@"; do
        [ -x "$(program "$name")" ] || continue
        if [ $((round % 2)) -eq 1 ]; then
            order="$order $name"
        else
            order="$name $order"
        fi
    done
    echo "$order"
}

talk() {
    for size in $sizes; do
        for name in $(compare 03 threads 04 polling 05 select epoll); do
            start "$name"
            measure talk "$size" 0 --for "$span"
            stop
        done
        progress
    done
}

# One talks, so many keep silent.
talk_alone() {
    for size in $silent; do
        for name in $(compare 03 threads 04 polling 05 select epoll); do
            start "$name"
            base=$(memory)
            hold "$size"
            each=''
            [ -z "$base" ] || each=$(awk -v a="$base" -v b="$(memory)" \
                -v n="$size" 'BEGIN { printf "%.1f", (b - a) / n }')
            measure alone 1 "$size" --for "$span"
            each=''
            stop
        done
        progress
    done
}

visit() {
    for size in $visitors; do
        for name in $(compare 02 visits); do
            start "$name"
            measure visit "$size" 0 --rules 02 --for "$span"
            stop
        done
    done
    progress
}

# 01's operator answers from a file. 01 ends with its client, so its processor
# time cannot be asked for.
take_turns() {
    lines=$((span * 20))
    yes well | head -n "$lines" >"$dir/answers"
    echo well >"$dir/well"
    start 01 "$dir/answers"
    measure talk 1 0 --rules 01 --lines "$lines" --answers "$dir/well"
    stop
}

# --- Nobody talks -------------------------------------------------------------

# All of them rest at the same time, so that it takes a second, not seven.
rest() {
    [ -r /proc/self/schedstat ] || return 0 # finer than cpu_ms
    : >"$dir/pids"
    for name in 01 02 03 04 polling 05 select; do
        start "$name"
        echo "$name $server" >>"$dir/pids"
        others="$others $server"
        hold "$few"
    done
    awake >"$dir/before"
    sleep 1
    awake >"$dir/after"
    awk -v round="$round" -v few="$few" '
        NR == FNR { ns[$1] = $2; next }
        { printf "%s,rest,%s,0,%s,,,,,%.2f,,,\n", round, $1, few,
            ($2 - ns[$1]) / 1e7 }' "$dir/before" "$dir/after" >>"$dir/raw.csv"
    stop
}

# awake: the nanoseconds for which each of them has run so far, all threads
awake() {
    while read -r name pid; do
        cat "/proc/$pid/task"/*/schedstat |
            awk -v name="$name" '{ ns += $1 } END { printf "%s %.0f\n", name, ns }'
    done <"$dir/pids"
}

# --- All of it ----------------------------------------------------------------

for name in 01 02 03 04 05 visits threads polling select; do
    [ -x "$(program "$name")" ] || fail "no $(program "$name"): run make bench"
done
began=$(date +%s)
echo 'round,what,server,clients,silent,per_second,p50_us,p99_us,'\
'server_cpu_us,server_busy_percent,crowd_busy_percent,all_greeted_ms,'\
'kib_per_client' >"$dir/raw.csv"
round=1
while [ "$round" -le "$rounds" ]; do
    talk
    talk_alone
    visit
    take_turns
    rest
    round=$((round + 1))
done
if [ -t 2 ]; then
    printf '\r         \r' >&2
fi
draw "$dir/raw.csv"
cp "$dir/raw.csv" "$out/raw.csv"
printf '\n%s s; %s/bench.csv, raw.csv and chart.svg hold it all\n' \
    "$(($(date +%s) - began))" "$out"
