# shellcheck shell=sh disable=SC2154 # see tools.sh
# The experiments of chapter 01: see tools.sh, and the patches in 01-blocking/break.

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
