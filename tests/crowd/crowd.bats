#!/usr/bin/env bats
# crowd.bats - the crowd finds what is wrong with a server, says which client
# saw it, and shows what is right.

# shellcheck disable=SC2154 # helpers.bash sets out, err and status

load ../lib/helpers
load ../lib/each

setup() {
    use_chapter 03-threaded
    echo hello >"$TMP/say"
}

teardown() {
    stop_everything
}

# serve CHAPTER: its own server, whatever SERVER names
serve() {
    # shellcheck disable=SC2034 # for start_server
    server_command=("$ROOT/$1/server")
    start_server
}

# crowd OPTION...: against what was started last. On a busy machine no answer
# is late.
crowd() {
    # shellcheck disable=SC2153 # helpers.bash sets LIMIT
    bounded "$ROOT/tests/crowd/crowd" --late 0 --limit "${LIMIT}000" "$@" "$port"
}

# one_says_hello OPTION...: a single client with a line that we know
one_says_hello() {
    crowd --clients 1 --say "$TMP/say" "$@"
}

assert_status() {
    assert_equal "the crowd's exit status" "$1" "$status"
}

# assert_fault TEXT: the only one, on standard error
assert_fault() {
    assert_status 1
    assert_equal "the crowd's errors" "crowd: $1" "$(cat "$err")"
}

# one_misses TEXT STEP...: against a peer that plays these, the one client
# misses that. On a busy machine it takes a while until it gets so far.
one_misses() {
    local text=$1 limit=300 fault
    shift
    while :; do
        start_peer "$@"
        one_says_hello --limit "$limit"
        fault="$text within $((limit / 1000)).$((limit % 1000 / 100)) s"
        [ "$(<"$err")" != "crowd: $fault" ] || break
        limit=$((4 * limit))
        [ "$limit" -lt $((1000 * LIMIT)) ] || break
        stop_everything
    done
    assert_fault "$fault"
}

# totals NAME: of --totals $TMP/totals
totals() {
    sed -n "s/^$1 //p" "$TMP/totals"
}

# ------------------------------------------------------------ broken servers

@test "crowd: a wrong answer is shown next to the right one" {
    start_peer send "$GREETING\n" expect 'hello\n' \
        send "${ANSWER}hellO\n" wait
    one_says_hello
    assert_fault "client 1: the answer to line 1 is wrong at byte 24: \
expected \"${ANSWER}hello\", seen \"${ANSWER}hellO\""
}

@test "crowd: a wrong byte far inside a long line is found" {
    local full
    full=$(repeat 1000 x)
    echo "$full" >"$TMP/say"
    start_peer send "$GREETING\n" expect "$full\n" \
        send "$ANSWER${full%?}y\n" wait
    one_says_hello
    assert_status 1
    assert_matches 'the fault' 'line 1 is wrong at byte 1019: ' "$err"
    assert_matches 'the fault' 'expected "\.\.\.x+", seen "\.\.\.x+y"$' "$err"
}

@test "crowd: an answer to somebody else's line is wrong" {
    start_peer send "$GREETING\n" send "$GREETING\n"
    one_says_hello
    assert_status 1
    assert_matches 'the fault' 'seen "Connect succeed' "$err"
}

@test "crowd: a CRLF for a line end is wrong" {
    start_peer send "$GREETING\n" expect 'hello\n' \
        send "${ANSWER}hello\r\n" wait
    one_says_hello
    assert_status 1
    assert_matches 'the fault' 'at byte 25: .*seen ".*hello\\x0d"$' "$err"
}

@test "crowd: what nobody asked for is a fault" {
    start_peer send "$GREETING\n" expect 'hello\n' \
        send "${ANSWER}hello\n" send 'by the way\n' wait
    one_says_hello
    assert_fault 'client 1: nothing more was expected, seen "by the way"'
}

@test "crowd: a late answer is a fault, and how late it was is said" {
    start_peer send "$GREETING\n" expect 'hello\n' sleep 300 \
        send "${ANSWER}hello\n" wait
    one_says_hello --late 100
    assert_status 1
    assert_matches 'the fault' \
        '^crowd: client 1: the answer to line 1 is late: it took [0-9]+ ms$' \
        "$err"
}

@test "crowd: an answer that never comes is missed when the time is up" {
    one_misses 'client 1: no answer to line 1' \
        send "$GREETING\n" expect 'hello\n' wait
}

@test "crowd: half an answer is no answer" {
    start_peer send "$GREETING\n" expect 'hello\n' \
        send "${ANSWER}hello" close
    one_says_hello
    assert_fault 'client 1: no answer to line 1: the server closed the '\
'connection'
}

@test "crowd: a reset before the answer is told with its reason" {
    start_peer send "$GREETING\n" expect 'hello\n' reset
    one_says_hello
    assert_status 1
    assert_matches 'the fault' 'no answer to line 1: the server is gone: ' \
        "$err"
}

@test "crowd: a missing greeting is a fault" {
    one_misses 'client 1: no greeting' wait
}

@test "crowd: a server that does not close in the end is at fault" {
    one_misses 'client 1: no end-of-stream' send "$GREETING\n" \
        expect 'hello\n' send "${ANSWER}hello\n" wait
}

@test "crowd: without a server every client says so" {
    serve 03-threaded
    stop_server
    crowd
    assert_status 1
    assert_equal 'complaints' 3 "$(grep -c 'connect 127.0.0.1' "$err")"
}

# As long as the first one talks, poll always has something to tell.
@test "crowd: a refused connect is noticed while others talk" {
    build_shim deaf-poll.c "$ROOT/tests/crowd/crowd"
    serve 03-threaded
    bounded env LD_PRELOAD="$shim" "$ROOT/tests/crowd/crowd" --clients 2 \
        --lines 100000000 --late 0 --limit 3000 "$port"
    assert_matches 'the fault' \
        '^crowd: client 2: connect 127\.0\.0\.1:[0-9]+: .*refused' "$err"
}

@test "crowd: a full server's refusal is not called wrong, but is no success" {
    start_peer send 'error: server is full\n' shut wait
    one_says_hello --totals "$TMP/totals"
    assert_status 1
    assert_equal 'errors' '' "$(cat "$err")"
    assert_equal 'refused' 1 "$(totals refused)"
    assert_matches 'the row' '^  client 1  .*x.* refused$' "$out"
}

@test "crowd: of a hundred faults ten are written out" {
    serve 03-threaded
    stop_server
    crowd --clients 100 --totals "$TMP/totals"
    assert_equal 'lines' 11 "$(grep -c '' "$err")"
    assert_equal 'faults' 100 "$(totals faults)"
}

# -------------------------------------------------------- the chapters' rules

@test "crowd: chapters 03, 04 and 05 answer a hundred clients" {
    local name
    repeat 1024 x >"$TMP/say"
    for name in 03-threaded 04-nonblocking 05-select; do
        serve "$name"
        crowd --clients 100 --lines 20 --say "$TMP/say" --quiet \
            --totals "$TMP/totals"
        assert_equal "$name: errors" '' "$(cat "$err")"
        assert_status 0
        assert_equal "$name: answers" 2000 "$(totals answers)"
        stop_server
    done
}

@test "crowd: chapter 02 serves one after another" {
    serve 02-loop-server
    crowd --rules 02 --think 150
    assert_status 0
    assert_equal 'errors' '' "$(cat "$err")"
    # Each thinks for 0.15 s; a row ends with "done at 0.31 s"
    run awk '/ done at / { if ($(NF - 1) < ended + 0.14) exit 1
        ended = $(NF - 1); rows++ } END { exit rows != 3 }' "$out"
    assert_equal 'order' 0 "$status"
}

@test "crowd: chapter 02 serves who comes again and again" {
    local served=0 ms
    # How many that are in a time is the machine's affair
    for ms in 200 800 3200 12800; do
        serve 02-loop-server
        crowd --rules 02 --clients 5 --for "$ms" --quiet --totals "$TMP/totals"
        assert_status 0
        served=$(totals served)
        [ "$served" -le 5 ] || break
        stop_server
    done
    [ "$served" -gt 5 ] || fail "served: $served"
    wait_for_log ' left$' "$served"
}

@test "crowd: chapter 01 serves one, with the operator's lines" {
    hold_input
    serve 01-blocking
    printf 'well\n好\n' >"$TMP/typed"
    type_line 'well\n好'
    crowd --rules 01 --lines 2 --answers "$TMP/typed" --totals "$TMP/totals"
    assert_equal 'errors' '' "$(cat "$err")"
    assert_status 0
    assert_equal 'served' 1 "$(totals served)"
    assert_equal 'left waiting' 2 "$(grep -c 'never served$' "$out")"
}

@test "crowd: chapter 01's operator typed something else" {
    hold_input
    serve 01-blocking
    echo well >"$TMP/typed"
    type_line 'ill'
    crowd --rules 01 --clients 1 --answers "$TMP/typed"
    assert_fault 'client 1: the answer to line 1 is wrong at byte 1: '\
'expected "well", seen "ill"'
}

@test "crowd: silent clients hold up chapter 02, and nobody in chapter 03" {
    serve 03-threaded
    crowd --clients 4 --silent 2
    assert_status 0
    stop_server
    local ms greeted=''
    for ms in 300 1200 4800 19200; do # until the silent one is greeted
        serve 02-loop-server
        crowd --rules 02 --clients 4 --silent 1 --limit "$ms" \
            --totals "$TMP/totals"
        assert_status 1
        greeted=$(totals greeted)
        [ "$greeted" -lt 1 ] || break
        stop_server
    done
    assert_equal 'not greeted' 3 "$(grep -c 'no greeting within' "$err")"
}

# ------------------------------------------------------------------- outputs

@test "crowd: a timeline fits eighty columns, and shows who thinks" {
    serve 03-threaded
    crowd --think 50 --scale 100 --title 'a title'
    assert_status 0
    assert_matches 'the title' '^a title$' "$out"
    assert_matches 'a row' '^  client 3 +\.*-+#+ +done at [0-9]+\.[0-9]{2} s$' "$out"
    assert_matches 'the summary' '^3 of 3 served within .*, 0 faults$' "$out"
    run awk 'length > 79' "$out"
    assert_equal 'longer lines' '' "$output"
}

@test "crowd: the second may think less, and the third more" {
    local tries apart=1
    serve 03-threaded
    # 0.3, 0.1 and 0.5 s, but all at the same moment if the machine stalls
    for ((tries = 0; tries < 5 && apart; tries++)); do
        crowd --think 300 --apart 200
        assert_status 0
        ! awk '/ done at / { at[$2] = $(NF - 1) }
            END { exit !(at[2] + 0.05 < at[1] && at[1] + 0.05 < at[3]) }' \
            "$out" || apart=0
    done
    assert_equal 'apart' 0 "$apart"
    stop_server
    crowd --think 100 --apart 200
    assert_status 2
}

@test "crowd: colours are for terminals, unless asked for" {
    serve 03-threaded
    crowd
    run grep -c "$(printf '\033')" "$out"
    assert_equal 'lines with colour' 0 "$output"
    crowd --color always --bare
    run grep -c "$(printf '\033')" "$out"
    assert_equal 'lines with colour' 3 "$output"
}

@test "crowd: its rows are written for pictures, with each client's port" {
    serve 03-threaded
    crowd --quiet --title 'a < b' --rows "$TMP/rows"
    assert_status 0
    assert_matches 'the title' '^title a < b$' "$TMP/rows"
    run grep -cE '^client [012] [1-9][0-9]+ done at [0-9.]+ s$' "$TMP/rows"
    assert_equal 'clients' 3 "$output"
    run grep -cE '^mark [012] [0-9]+ 3$' "$TMP/rows"
    assert_equal 'served' 3 "$output"
}

@test "crowd: an output that cannot be written is a failure" {
    serve 03-threaded
    crowd --quiet --totals "$TMP/no/such/file"
    assert_fault "cannot write $TMP/no/such/file"
}

# Without a buffer, every single printf fails.
@test "crowd: a full disk ends it with a failure" {
    needs stdbuf
    [ -c /dev/full ] || skip 'there is no /dev/full here'
    serve 03-threaded
    # stdbuf preloads a library, and AddressSanitizer wants to be the first
    bounded sh -c 'exec "$@" >/dev/full' sh \
        env ASAN_OPTIONS=verify_asan_link_order=0 stdbuf -o0 "$ROOT/tests/crowd/crowd" "$port"
    assert_fault 'cannot write to standard output'
}

# ----------------------------------------------------------- the command line

@test "crowd: --help names every option and fits the screen" {
    port=''
    bounded "$ROOT/tests/crowd/crowd" --help
    assert_status 0
    assert_matches 'the help' '^usage: crowd ' "$out"
    [ "$(grep -c '^  --' "$out")" -ge 18 ] || fail "$(cat "$out")"
    run awk 'length > 79' "$out"
    assert_equal 'longer lines' '' "$output"
}

@test "crowd: wrong usage is told apart, with status 2" {
    local words
    for words in '' '--nonsense 1' '--clients 0 1' '--clients x 1' \
        '--clients' '--silent 4 1' '--rules 06 1' '--color blue 1' \
        '--rules 01 --for 5 1' '65536' '1 127.0.0.1 more'; do
        # shellcheck disable=SC2086 # several words
        bounded "$ROOT/tests/crowd/crowd" $words
        assert_equal "crowd $words" 2 "$status"
        assert_matches "crowd $words" '^crowd: .*see crowd --help$' "$err"
    done
}
