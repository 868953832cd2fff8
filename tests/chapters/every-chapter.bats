#!/usr/bin/env bats
# every-chapter.bats - what holds for every chapter: the command line of each server
# and client, the addresses they take, and how they start.
#
# A test loops over all chapters, or tests SERVER or CLIENT alone if given.
#
# shellcheck disable=SC2154 # helpers.bash sets host, port, log, out and others
# shellcheck disable=SC2030,SC2031 # it takes a test for a subshell

setup() {
    load ../lib/helpers
    load ../lib/each
    use_chapter 03-threaded
}

teardown() {
    stop_everything
}

# run_server ARGUMENT...: to its end. Sets $status, $out, $err.
run_server() {
    bounded "${server_command[@]}" "$@" </dev/null
}

# try_client ARGUMENT...: the same, with nothing to say
try_client() {
    bounded "${client_command[@]}" "$@" </dev/null
}

# assert_failed STATUS PATTERN [PATTERN]: nothing on standard output, and on
# standard error a first line and another one that match
assert_failed() {
    assert_equal "$chapter: exit status" "$1" "$status"
    assert_file "$chapter: standard output" '' "$out"
    local first
    IFS= read -r first <"$err"
    echo "$first" >"$TMP/first"
    assert_matches "$chapter: first error" "$2" "$TMP/first"
    assert_matches "$chapter: errors" "${3:-.}" "$err"
}

# ----------------------------------------------------------- the command line

asks_server_for_help() {
    local option
    for option in -h --help; do
        run_server "$option"
        assert_equal "$chapter: exit status of server $option" 0 "$status"
        assert_matches "$chapter: help" 'usage: .*server \[PORT \[ADDRESS\]\]' \
            "$out"
        assert_file "$chapter: errors" '' "$err"
    done
    run_server 0 127.0.0.1 --help
    assert_equal "$chapter: exit status of server ... --help" 0 "$status"
}

@test "every server explains its usage on request" {
    each_server asks_server_for_help
}

asks_client_for_help() {
    local option
    for option in -h --help; do
        try_client "$option"
        assert_equal "$chapter: exit status of client $option" 0 "$status"
        assert_matches "$chapter: help" 'usage: .*client \[ADDRESS \[PORT\]\]' \
            "$out"
        assert_file "$chapter: errors" '' "$err"
    done
}

@test "every client explains its usage on request" {
    each_client asks_client_for_help
}

BAD_PORTS="x -1 65536 12x +1 0x50 1.0 99999999999999999999"

gives_server_bad_ports() {
    local bad
    for bad in $BAD_PORTS '' ' 80' '80 '; do
        run_server "$bad"
        assert_failed 2 '^server: .*port' '^usage: '
    done
}

@test "every server refuses what is no port" {
    each_server gives_server_bad_ports
}

gives_client_bad_ports() {
    local bad
    for bad in $BAD_PORTS 0 '' ' 80' '80 '; do
        try_client 127.0.0.1 "$bad"
        assert_failed 2 '^client: .*port' '^usage: '
    done
}

@test "every client refuses what is no port, and port 0" {
    each_client gives_client_bad_ports
}

gives_server_too_much() {
    run_server 0 127.0.0.1 more
    assert_failed 2 '^server: too many arguments' '^usage: '
    run_server --unknown
    assert_failed 2 '^server: ' '^usage: '
}

@test "every server refuses too many arguments and unknown options" {
    each_server gives_server_too_much
}

gives_client_too_much() {
    try_client 127.0.0.1 1 more
    assert_failed 2 '^client: too many arguments' '^usage: '
    try_client --unknown
    assert_failed 2 '^client: ' '^usage: '
}

@test "every client refuses too many arguments and unknown options" {
    each_client gives_client_too_much
}

# An empty label is in no name, so nobody's name server is asked.
NO_NAME='no..such..host'

gives_server_no_name() {
    run_server 0 "$NO_NAME"
    assert_failed 1 '^server: resolve no\.\.such\.\.host: .+'
}

@test "every server says that a name does not resolve" {
    each_server gives_server_no_name
}

gives_client_no_name() {
    try_client "$NO_NAME" 80
    assert_failed 1 '^client: resolve no\.\.such\.\.host: .+'
}

@test "every client says that a name does not resolve" {
    each_client gives_client_no_name
}

# 192.0.2.1 is reserved for documentation: it is no machine's own.
gives_server_foreign_address() {
    run_server 0 192.0.2.1
    assert_failed 1 '^server: bind 192\.0\.2\.1:0: .+ \([0-9]+\)$' '^hint: .+'
}

@test "every server says that an address is not this machine's" {
    each_server gives_server_foreign_address
}

takes_port_twice() {
    start_server
    run_server "$port"
    assert_failed 1 "^server: bind 127\.0\.0\.1:$port: .+ \([0-9]+\)\$" \
        "^hint: .*try: \./server [0-9]+\$"
}

@test "every server says that a port is taken, and suggests another" {
    each_server takes_port_twice
}

# as_nobody COMMAND...: without root's rights
as_nobody() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    else
        setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
    fi
}

takes_reserved_port() {
    # Nobody may look into the directory the programs are in
    cp "${server_command[0]}" "$box/server"
    bounded as_nobody "$box/server" "$reserved" </dev/null
    assert_failed 1 \
        "^server: bind 127\.0\.0\.1:$reserved: .+ \([0-9]+\)\$" '^hint: .+'
}

@test "every server says that it has no permission for a reserved port" {
    [ -z "${SERVER:-}" ] || skip 'SERVER may not run as somebody else'
    [ "$(id -u)" -ne 0 ] || needs setpriv
    reserved=1
    local first=/proc/sys/net/ipv4/ip_unprivileged_port_start
    [ -r "$first" ] && [ "$(cat "$first")" -gt "$reserved" ] ||
        skip 'no port is known to be reserved here'
    box=$(mktemp -d /tmp/reserved.XXXXXX)
    chmod 755 "$box"
    local verdict=0
    (each_server takes_reserved_port) || verdict=1
    rm -rf "$box"
    [ "$verdict" -eq 0 ]
}

finds_nobody() {
    try_client 127.0.0.1 "$free"
    assert_failed 1 "^client: connect 127\.0\.0\.1:$free: .+ \([0-9]+\)\$"
}

@test "every client says that nobody listens" {
    start_server
    free=$port
    stop_server
    each_client finds_nobody
}

# ------------------------------------------------------------------ addresses

# Somebody else may have the port: then the error names it.
knows_server_default() {
    : >"$log"
    "${server_command[@]}" >"$log" 2>&1 </dev/null 3>&- 4>&- &
    local pid=$!
    started="$started $pid"
    wait_for_log '^(listening on|server: bind) 127\.0\.0\.1:65432(:|$)'
    file_has "$log" '^listening' || wait_for 'it ends' has_ended "$pid"
}

@test "every server's default is port 65432 of this machine alone" {
    each_server knows_server_default
}

# And somebody may listen there, and need not be a server of ours.
knows_client_default() {
    : >"$log"
    "${client_command[@]}" >"$log" 2>&1 </dev/null 3>&- 4>&- &
    local pid=$!
    started="$started $pid"
    wait_for_log '^(connected to|client: connect) 127\.0\.0\.1:65432(:|$)'
    file_has "$log" '^connected' || wait_for 'it ends' has_ended "$pid"
}

@test "every client's default is port 65432 of this machine" {
    each_client knows_client_default
}

listens_at_ipv6() {
    start_server 0 ::1
    assert_equal "$chapter: listening on" "[::1]:$port" \
        "$(sed -n 's/^listening on //p' "$log")"
    talk greeted
    wait_for_log ' \[::1\]:[1-9][0-9]* connected$'
}

listens_at_localhost() {
    start_server 0 localhost
    talk greeted
    wait_for_log ' (127\.0\.0\.1|\[::1\]):[1-9][0-9]* connected$'
}

# skip_without_ipv6: a machine may have none, then nothing can bind to ::1
skip_without_ipv6() {
    bounded "$PEER" talk ::1 1 </dev/null # where nobody listens
    [ "$status" -eq 0 ] || grep -q refused "$err" ||
        skip "there is no IPv6 here: $(cat "$err")"
}

@test "every server can listen on ::1" {
    skip_without_ipv6
    each_server listens_at_ipv6
}

# A chroot may lack /etc/hosts, and then nobody knows the name
skip_without_localhost() {
    ! command -v getent >/dev/null || getent hosts localhost >/dev/null ||
        skip 'the name localhost has no address here'
}

@test "every server can listen on localhost" {
    skip_without_localhost
    each_server listens_at_localhost
}

# A server of IPv6 alone, whatever the system's default is: 127.0.0.1 is free.
shares_port_with_ipv4() {
    start_server 0 ::
    bounded "$PEER" talk 127.0.0.1 "$port" greeted </dev/null
    assert_equal "$chapter: exit status of an IPv4 peer" 1 "$status"
}

@test "a server on every IPv6 address does not take IPv4" {
    skip_without_ipv6
    each_server shares_port_with_ipv4
}

connects_to_localhost() {
    start_peer send "$GREETING\n" recv-all
    try_client localhost "$port"
    assert_equal "$chapter: exit status" 0 "$status"
    assert_file "$chapter: output" \
        "connected to 127.0.0.1:$port\nserver: $GREETING\n" "$out"
    finish_peer
}

# There localhost may mean ::1 first, where nobody listens.
@test "every client tries all addresses of localhost" {
    skip_without_localhost
    each_client connects_to_localhost
}

connects_to_ipv6() {
    start_server 0 ::1
    try_client ::1 "$port"
    assert_matches "$chapter: output" "^connected to \[::1\]:$port\$" "$out"
    assert_matches "$chapter: output" "^server: $GREETING\$" "$out"
}

@test "every client can connect to ::1" {
    skip_without_ipv6
    each_client connects_to_ipv6
}

# ---------------------------------------------------------------- what is left

# The server that ends a conversation first keeps the port in TIME_WAIT.
restarts() {
    start_server
    local before=$port
    talk greeted send 'quit\n' recv-all
    kill "$server_pid" 2>/dev/null || : # 01's has ended
    wait_for 'the server ends' has_ended "$server_pid"
    start_server "$before"
    assert_equal "$chapter: port" "$before" "$port"
}

@test "every server can be restarted at once on its port" {
    each_server restarts
}

logs_local_time() {
    local before after
    before=$(date '+%Y-%m-%d %H:%M')
    start_server
    talk greeted
    wait_for_log ' connected$'
    after=$(date '+%Y-%m-%d %H:%M')
    assert_matches "$chapter: time" "^($before|$after):[0-6][0-9] " "$log"
}

@test "every server logs local time" {
    ! is_windows "${server_command[@]}" ||
        skip 'Windows takes its time zone from elsewhere'
    export TZ=Nowhere-5:17 # east of Greenwich, with odd minutes
    each_server logs_local_time
}

survives_closed_input() {
    : >"$log"
    "${server_command[@]}" 0 >"$log" 2>&1 <&- 3>&- 4>&- &
    server_pid=$!
    started="$started $server_pid"
    find_port "$log" "$server_pid"
    talk greeted
    wait_for_log ' left$'
}

starts_without_input() {
    start_peer send "$GREETING\n" end
    bounded sh -c 'exec "$@" <&-' sh "${client_command[@]}" 127.0.0.1 "$port" \
        </dev/null
    assert_equal "$chapter: exit status" 0 "$status"
    assert_file "$chapter: output" \
        "connected to 127.0.0.1:$port\nserver: $GREETING\n" "$out"
    finish_peer
}

@test "a client started without standard input does not take the server for it" {
    each_client starts_without_input
}

@test "a server started without standard input does not take a client for it" {
    each_server survives_closed_input
}
