# helpers.bash - starts and stops the programs under test, and says what was
# expected and what came instead. Loaded by every .bats file.
#
#   SERVER, CLIENT   test these instead of a chapter's own programs; may hold
#                    several words: SERVER='python3 server.py'. A word that
#                    names a file of the chapter stands for that file.
#
# Written for bats 1.8 and bash 3.2 (macOS). What a test starts in the
# background gets 3>&- 4>&-, since bats waits for whoever has its descriptors,
# and 7>&- 8>&-, since they hold the inputs below: an input ends when the last
# one who could write to it is gone.
#
# shellcheck disable=SC2154 # host, port, log, server: server.sh

bats_require_minimum_version 1.8.0

# Without $(...), here as in all that every test does: each is a process.
cd "${BASH_SOURCE%/*}/../.." || return
ROOT=$PWD
cd "$OLDPWD" || return
PEER=$ROOT/tests/peer
TMP=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR} # of a test, or of setup_file

# The protocol's texts, spelled out anew, as in peer.c.
GREETING='Connect succeed. Please send a message to me'
export ANSWER='Message received - '
export TOO_LONG='line longer than 1024 bytes'

started='' # pids of what runs in the background

# The one limit, in seconds, for whatever a test waits for, here and in peer.c.
# It is there for what would never come. How soon something comes is no verdict,
# since a busy machine decides that.
export LIMIT=${LIMIT:-60}

# shellcheck disable=SC2034 # for nap
NAP=$BATS_RUN_TMPDIR/nap
# shellcheck source=tests/lib/nap.bash
source "$ROOT/tests/lib/nap.bash"
# shellcheck source=/dev/null # checked as sh
source "$ROOT/tests/lib/server.sh"

# ------------------------------------------------------------------- set-up

# use_chapter NAME: whose server and client are meant from now on
use_chapter() {
    chapter=$1
    read_command "${SERVER:-server}"
    server_command=("${command[@]}")
    read_command "${CLIENT:-client}"
    client_command=("${command[@]}")
    log=$TMP/server.log
}

# read_command WORDS: into the array $command; none has a blank inside
read_command() {
    local i
    read -r -a command <<<"$1"
    for ((i = 0; i < ${#command[@]}; i++)); do
        [ ! -f "$ROOT/$chapter/${command[i]}" ] ||
            command[i]=$ROOT/$chapter/${command[i]}
    done
}

# is_windows COMMAND...: a program for Windows, there or under wine?
is_windows() {
    case "$* $OSTYPE" in
    *.exe\ * | *msys* | *cygwin*) ;;
    *) return 1 ;;
    esac
}

# on_wine COMMAND...: wine is not in all things like Windows
on_wine() {
    [ "$1" = wine ]
}

# wine kills a program that needs more than 15 ms to end, and nobody learns
# with which status it ended.
skip_if_wine_killed() {
    if [ "$1" -eq 137 ] && { on_wine "${server_command[@]}" ||
        on_wine "${client_command[@]}"; }; then
        skip 'wine killed a program that was just ending'
    fi
}

# skip_on_wine COMMAND...: a test of resets. wine itself takes the error off
# the socket, and the program sees an end of the stream.
skip_on_wine() {
    ! on_wine "$@" || skip 'wine tells a reset as the end of the stream'
}

# wait_for_loss: the log tells of a client that was reset
wait_for_loss() {
    if on_wine "${server_command[@]}"; then
        wait_for_log ' (left|lost: .+ \([0-9]+\))$' # as above
    else
        wait_for_log ' lost: .+ \([0-9]+\)$'
    fi
}

# let_server_end: 01's ends when its client has left. Killed meanwhile, a build
# with sanitizers would complain that it cannot look for leaks.
let_server_end() {
    local end=$((SECONDS + 2)) trace=''
    [ "$chapter" = 01-blocking ] && [ -n "${SANITIZED-}" ] || return 0
    file_has "$log" ' connected$' || return 0
    hush
    until has_ended "$server_pid" || [ "$SECONDS" -ge "$end" ]; do
        nap 0.02
    done
    unhush
}

# For teardown: whatever a test has left behind ends now.
stop_everything() {
    local pid
    unnap
    let_server_end
    for pid in $started; do
        kill -KILL "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
    started=''
}

# ------------------------------------------------------------------ verdicts

# fail WHAT...: ends the test, with all that may explain it
fail() {
    local file pid
    printf '%s\n' "$*"
    for pid in $started; do # and what those do that still run, on Linux
        [ ! -r "/proc/$pid/stat" ] || printf -- '--- process %s: %s in %s\n' \
            "$pid" "$(sed 's/^[^(]*\(.*) .\) .*/\1/' "/proc/$pid/stat")" \
            "$(cat "/proc/$pid/wchan" 2>/dev/null)"
    done
    for file in "$TMP"/*.log; do
        if [ -s "$file" ]; then
            printf -- '--- the end of %s:\n' "${file##*/}"
            tail -n 12 "$file" | cut -c 1-200
        fi
    done
    return 1
}

# assert_equal WHAT EXPECTED ACTUAL
assert_equal() {
    [ "$2" = "$3" ] || fail "$1
  expected: $2
  actual:   $3"
}

# assert_file WHAT EXPECTED FILE: byte by byte; EXPECTED as for printf %b
assert_file() {
    same_text "$2" "$3" && return
    printf '%b' "$2" >"$TMP/expected"
    cmp -s "$TMP/expected" "$3" || fail "$1
  expected:
$(od -c "$TMP/expected" | tail -n 20)
  actual:
$(od -c "$3" | tail -n 20)"
}

# same_text EXPECTED FILE: whether they are surely the same; bash knows no NUL
same_text() {
    local expected text=''
    case $1 in *\\0* | *\\x0*) return 1 ;; esac
    printf -v expected '%b' "$1"
    ! IFS= read -r -d '' text <"$2" && [ "$text" = "$expected" ]
}

# assert_matches WHAT PATTERN FILE: a line of the file matches (grep -E)
assert_matches() {
    local found=yes trace=''
    hush
    file_has "$3" "$2" || found=''
    unhush
    [ -n "$found" ] || fail "$1
  expected a line that matches: $2
  actual:
$(cat "$3")"
}

# assert_under WHAT LIMIT_MS MS
assert_under() {
    [ "$3" -lt "$2" ] || fail "$1 took $3 ms, not under $2 ms"
}

# ------------------------------------------------------------------- waiting

# wait_for WHAT COMMAND...: asks again and again whether COMMAND succeeds
wait_for() {
    local what=$1 end=$((SECONDS + LIMIT)) trace=''
    shift
    hush
    until "$@"; do
        if [ "$SECONDS" -ge "$end" ]; then
            unhush
            fail "waited in vain: $what"
            return 1
        fi
        nap 0.02
    done
    unhush
}

# hush: before each command, bats notes where the test is, which takes thirty
# times as long as a command of bash's own. What runs between this and unhush
# does so unnoted. Both need a variable $trace of their caller.
hush() {
    trap -p DEBUG >"$TMP/trace"
    IFS= read -r -d '' trace <"$TMP/trace" || :
    trap - DEBUG
}

unhush() {
    eval "$trace"
}

# file_has FILE PATTERN [COUNT]: at least COUNT lines match (as for grep -E)
file_has() {
    local line missing=${3:-1}
    [ -e "$1" ] || return 1
    while IFS= read -r line || [ -n "$line" ]; do
        if [[ $line =~ $2 ]] && [ $((missing -= 1)) -le 0 ]; then
            return 0
        fi
    done <"$1"
    return 1
}

# read_file FILE: into $text, without the line ends at its end
read_file() {
    text=''
    IFS= read -r -d '' text <"$1" || :
    while [ "$text" != "${text%$'\n'}" ]; do
        text=${text%$'\n'}
    done
}

# wait_for_log PATTERN [COUNT]
wait_for_log() {
    wait_for "the server's log matches '$1'${2:+ $2 times}" \
        file_has "$log" "$@"
}

# wait_for_file FILE PATTERN [COUNT]
wait_for_file() {
    wait_for "${1##*/} matches '$2'${3:+ $3 times}" file_has "$@"
}

has_ended() {
    ! kill -0 "$1" 2>/dev/null
}

# bounded COMMAND...: runs it with this function's standard input, and takes
# what it prints into $out and $err, its exit status into $status. No
# timeout(1), which macOS lacks: while the program lives it holds the other end
# of a FIFO, and reading from that one has a limit.
bounded() {
    local start=$SECONDS
    out=$TMP/out err=$TMP/err.log
    [ -p "$TMP/alive" ] || mkfifo "$TMP/alive"
    "$@" >"$out" 2>"$err" 9>"$TMP/alive" 3>&- 4>&- 7>&- 8>&- <&0 &
    local pid=$!
    started="$started $pid"
    read -r -t "$LIMIT" <"$TMP/alive" || : # end of file: it has ended
    if [ $((SECONDS - start)) -ge "$LIMIT" ] && ! has_ended "$pid"; then
        kill -KILL "$pid"
        fail "still runs after $LIMIT s: $*"
        return 1
    fi
    status=0
    wait "$pid" || status=$?
    skip_if_wine_killed "$status"
}

# -------------------------------------------------------------------- inputs

# hold_input: a FIFO that stays open like a keyboard nobody types at, in
# $input. Server or client read from it; type_line types, end_input is Ctrl-D.
hold_input() {
    input=$TMP/input
    [ -p "$input" ] || mkfifo "$input"
    exec 7<>"$input" # for reading as well, or this would wait for a reader
}

# use_input FILE: instead of a held one
use_input() {
    input=$1
}

# type_line TEXT: as for printf %b, the line's end is added
type_line() {
    printf '%b\n' "$1" >&7
}

end_input() {
    exec 7>&-
}

# -------------------------------------------------------------------- server

# start_server [PORT [ADDRESS]]: on a free port unless told otherwise, with
# $input as its operator if hold_input was called. Sets $server_pid, $host,
# $port.
start_server() {
    [ "$#" -gt 0 ] || set -- 0
    launch "${input:-/dev/null}" "$log" "${server_command[@]}" "$@"
    server_pid=$server
    started="$started $server_pid"
    find_port "$log" "$server"
}

# find_port LOG PID: where the program listens, into $host and $port
find_port() {
    local log=$1 server=$2
    wait_for "${log##*/} says where it listens" listens_or_ended
    [ -n "$port" ] || fail 'it does not listen'
}

# seconds_between FROM PATTERN: from a date and time, or from the first line of
# the log that matches a pattern, to the first line that matches the other one
seconds_between() {
    local from to
    from=$(seconds_at "$1")
    to=$(seconds_at "$2")
    echo $(((to - from + 86400) % 86400)) # midnight may lie between
}

seconds_at() {
    local line=$1
    if [[ $line != ????-??-??\ ??:??:?? ]]; then
        while IFS= read -r line; do
            [[ ! $line =~ $1 ]] || break
        done <"$log"
    fi
    line=${line:11:8}
    # 10# since 08 and 09 would be taken for octal numbers
    echo $((10#${line:0:2} * 3600 + 10#${line:3:2} * 60 + 10#${line:6}))
}

# stop_server: from outside, as Ctrl-C would
stop_server() {
    has_ended "$server_pid" && fail 'the server has ended by itself'
    kill "$server_pid"
    wait_for 'the server ends when killed' has_ended "$server_pid"
    wait "$server_pid" 2>/dev/null || :
}

# assert_server_ends STATUS: by itself
assert_server_ends() {
    local actual=0
    wait_for 'the server ends' has_ended "$server_pid"
    wait "$server_pid" || actual=$?
    skip_if_wine_killed "$actual"
    assert_equal "the server's exit status" "$1" "$actual"
}

# read_events: into the array $events, the server's log without what differs
# from run to run: a date and a time become nothing, a client's address becomes
# "peer". Left out are the lines that come by the clock, and 01's and the first.
read_events() {
    local line d='[0-9]'
    local when="$d$d$d$d-$d$d-$d$d $d$d:$d$d:$d$d"
    events=()
    while IFS= read -r line || [ -n "$line" ]; do
        # shellcheck disable=SC2295 # a pattern
        case $line in
        'listening on '* | 'waiting in '*) continue ;;
        $when' polled '* | $when' quiet '*) continue ;;
        $when\ 127.0.0.1:*) line="peer ${line#$when 127.0.0.1:$d* }" ;;
        $when\ \[::1]:*) line="peer ${line#$when \[::1]:$d* }" ;;
        esac
        events+=("$line")
    done <"$log"
}

# cut_in_log CHARACTER: what the log shows of 1024 of them, so that date, time,
# 127.0.0.1 and a port of five digits fit into 512 bytes as well
cut_in_log() {
    printf '%s... (1024 bytes)' "$(repeat 453 "$1")"
}

# assert_events LINE...: these are the log's, in this order, in the end
assert_events() {
    local events end=$((SECONDS + LIMIT)) trace=''
    hush
    until log_tells "$@"; do
        if [ "$SECONDS" -ge "$end" ]; then
            unhush
            assert_equal "the server's log" "$(printf '%s\n' "$@")" \
                "$(printf '%s\n' "${events[@]}")"
            return 1
        fi
        nap 0.02
    done
    unhush
}

# log_tells LINE...: whether these are the events
log_tells() {
    local event
    read_events
    [ "${#events[@]}" -eq "$#" ] || return
    for event in ${events[@]+"${events[@]}"}; do
        [ "$event" = "$1" ] || return
        shift
    done
}

# ---------------------------------------------------------------------- peer

# hold_cue: what a peer in the background waits for in its step `wait`
hold_cue() {
    [ -p "$TMP/cue" ] || mkfifo "$TMP/cue"
    exec 8<>"$TMP/cue"
    : >"$TMP/talk2" # or a last one's words would be taken for this one's
    : >"$TMP/talk2.log"
}

# go_on: that peer need not wait any longer
go_on() {
    echo >&8
}

# talk STEP...: the misbehaving peer as a client; it bounds itself
talk() {
    if ! "$PEER" talk "$host" "$port" "$@" \
        >"$TMP/talk" 2>"$TMP/talk.log" 3>&- 4>&- 7>&- 8>&-; then
        fail "peer talk $(printf '%.60s ' "$@")"
    fi
}

# start_talk STEP...: the same in the background
start_talk() {
    hold_cue
    : >"$TMP/talk2.log"
    "$PEER" talk "$host" "$port" "$@" <"$TMP/cue" \
        >"$TMP/talk2" 2>"$TMP/talk2.log" 3>&- 4>&- 7>&- 8>&- &
    talk_pid=$!
    started="$started $talk_pid"
}

finish_talk() {
    local actual=0
    wait "$talk_pid" || actual=$? # every step has its limit
    assert_equal "the background peer's exit status" 0 "$actual"
}

# still_serves: a fresh client is answered as ever
still_serves() {
    talk greeted send 'still there?\n' answered 'still there?' shut end
}

# ------------------------------------------------------------ peer as server

# start_peer STEP...: a server that plays a script with its first client
start_peer() {
    hold_cue
    : >"$TMP/serve.log" # what an earlier one said is not meant
    "$PEER" serve "$@" <"$TMP/cue" >"$TMP/serve" 2>"$TMP/serve.log" \
        3>&- 4>&- 7>&- 8>&- &
    peer_pid=$!
    started="$started $peer_pid"
    find_port "$TMP/serve.log" "$peer_pid"
}

# finish_peer: and all its steps went well
finish_peer() {
    local actual=0
    wait "$peer_pid" || actual=$? # every step has its limit
    assert_equal "the serving peer's exit status" 0 "$actual"
}

# -------------------------------------------------------------------- client

# run_client INPUT: the client under test with this (as for printf %b) on a
# pipe as standard input, to its end. Sets $status, $out, $err.
run_client() {
    bounded "${client_command[@]}" "$host" "$port" < <(printf '%b' "$1")
}

# start_client: in the background, at the input of hold_input
start_client() {
    out=$TMP/out err=$TMP/err.log
    : >"$out"
    : >"$err"
    "${client_command[@]}" "$host" "$port" <"$input" >"$out" 2>"$err" \
        3>&- 4>&- 7>&- 8>&- &
    client_pid=$!
    started="$started $client_pid"
}

# finish_client: waits for its end. Sets $status.
finish_client() {
    wait_for 'the client ends' has_ended "$client_pid"
    status=0
    wait "$client_pid" || status=$?
    skip_if_wine_killed "$status"
}

# assert_client STATUS LINE...: its exit status, and what it printed behind
# "connected to" and the greeting, byte by byte
assert_client() {
    local expected=''
    assert_equal "the client's exit status" "$1" "$status"
    shift
    [ "$#" -eq 0 ] || printf -v expected '%s\\n' "$@"
    assert_file "the client's output" \
        "connected to 127.0.0.1:$port\nserver: $GREETING\n$expected" "$out"
}

# assert_complains TEXT: all that the client said on standard error
assert_complains() {
    local text
    read_file "$err"
    assert_equal "the client's errors" "$1" "$text"
}

# -------------------------------------------------------------- what it costs

needs_proc() {
    [ -r /proc/self/status ] || skip 'there is no /proc here'
}

# proc_field NAME: of the server's /proc/PID/status, a number
proc_field() {
    local name value
    while read -r name value _; do
        [ "$name" != "$1:" ] || echo "$value"
    done <"/proc/$server_pid/status"
}

# cpu_ms SECONDS: the server's CPU time during that many
cpu_ms() {
    local ticks before
    cpu_ticks "$server_pid"
    before=$ticks
    sleep "$1" # this is measured
    cpu_ticks "$server_pid"
    echo $(((ticks - before) * 1000 / $(getconf CLK_TCK)))
}

# awake_ms PID: for so long its threads used a processor or waited for one, or
# 0 where the system does not tell
awake_ms() {
    cat "/proc/$1"/task/*/schedstat 2>/dev/null |
        awk '{ ns += $1 + $2 } END { printf "%d\n", ns / 1e6 }'
}

# cpu_ticks PID: the processor time that it has used, into $ticks
cpu_ticks() {
    local stat
    read -r stat <"/proc/$1/stat"
    # The second field, a name in brackets, may hold blanks
    read -r -a stat <<<"${stat##*) }"
    ticks=$((stat[11] + stat[12]))
}

# server_rests: how much of a core a spinning server gets depends on who else
# wants one, and so does a busy loop beside it
server_rests() {
    sh -c 'while :; do :; done' 3>&- 4>&- 7>&- &
    local loop=$! ticks before
    started="$started $loop"
    cpu_ticks "$server_pid"
    before=$ticks
    wait_for 'a busy loop gets half a second' has_used 50 "$loop"
    cpu_ticks "$server_pid"
    kill "$loop"
    [ $((ticks - before)) -lt 10 ] ||
        fail "it uses $(((ticks - before) * 2)) % of what a busy loop uses"
}

# has_used TICKS PID
has_used() {
    cpu_ticks "$2"
    [ "$ticks" -ge "$1" ]
}

# ---------------------------------------------------------------------- rest

# needs PROGRAM...: a test that cannot run says why
needs() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || skip "there is no $program here"
    done
}

# needs_terminal: one that script(1) makes; in a chroot there may be none
needs_terminal() {
    needs script
    script --version 2>/dev/null | grep -q util-linux ||
        skip 'this script(1) takes no command'
    script -qec : /dev/null </dev/null >"$TMP/script.txt" 2>&1 ||
        skip "no terminal can be made here: $(head -n 1 "$TMP/script.txt")"
}

# in_terminal COMMAND...: bounded, on a terminal of its own
in_terminal() {
    local words # script hands them to a shell
    needs_terminal
    printf -v words '%q ' "$@"
    bounded script -qec "$words" /dev/null
}

# numbered N PREFIX: the lines 1 to N behind a prefix, as for printf %b
numbered() {
    # shellcheck disable=SC2046 # each number is a word
    printf "${2//%/%%}%s\\\\n" $(seq "$1")
}

# repeat N CHARACTER
repeat() {
    local blanks
    printf -v blanks "%$1s" ''
    echo "${blanks// /$2}"
}
