# shellcheck shell=sh disable=SC2154 # see tools.sh
# The experiments of chapter 01: see tools.sh, and the patches in 01-blocking/break.

try_stale_bytes() {
    keyboard ok ok
    start_server
    talk greeted send 'my password is tulip-42\n' expect 'ok\n' \
        send 'hi\n' expect 'ok\n' || :
    logged ' left$'
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

# A free port whose two bytes are different ones, and free the other way round,
# too: below 1024, where the high byte is under 4, only root may listen
try_swapped_port() {
    tries=0
    # Somebody else may take a free port before we do
    until find_swappable_port && start_server_on "$asked" 127.0.0.1; do
        tries=$((tries + 1))
        [ "$tries" -lt 10 ] || die "the server ends: $(cat "$log")"
    done
    if [ "$port" -eq "$asked" ]; then
        echo "it listens on the port that it was asked for ($asked)"
    elif [ "$port" -eq "$swapped" ]; then
        printf 'it listens on another port (not %d = 0x%04x, but %d = 0x%04x)\n' \
            "$asked" "$asked" "$port" "$port"
    fi
    port=$asked
    if talk greeted; then
        echo 'a client that comes to the port asked for is greeted'
    else
        sed -n 's/.*: \(.*([0-9]*)\)$/a client that comes to the port asked for: \1/p' \
            "$dir/talk.err"
    fi
}

# find_swappable_port: into $asked, one that is free, and so is $swapped
find_swappable_port() {
    swapped=0
    until [ "$swapped" -ge 1024 ] && [ "$swapped" -ne "$asked" ] &&
        start_server_on "$swapped" 127.0.0.1; do
        start_server
        stop_server
        asked=$port
        swapped=$((asked % 256 * 256 + asked / 256))
    done
    stop_server
}

# The one who knows no lengths says a line, and then very much without an end
try_length() {
    keyboard 'Hi there'
    start_server
    set -- repeat 500000 x repeat 500000 x
    set -- "$@" "$@" "$@" "$@" "$@"
    start_talk greeted send 'hello\n' sleep 500 "$@" "$@" wait
    wait_until ended_or_large || :
    settle "$log"
    events | show 'it prints'
    if ended "$server"; then
        echo 'the server has ended the conversation'
    else
        echo "the server keeps what has come, and waits ($(used_kib) KiB)"
    fi
}

ended_or_large() {
    ended "$server" || [ $(($(used_kib) + 0)) -gt 9000 ]
}

try_characters() {
    keyboard ok
    start_server
    talk greeted send '你好\n' expect 'ok\n' || :
    logged ' left$'
    events | halves | show 'it prints'
}

# halves: bytes that are no whole character of three bytes, as \xNN
halves() {
    LC_ALL=C awk '
        BEGIN { for (i = 128; i < 256; i++) code[sprintf("%c", i)] = i }
        {
            text = ""
            for (i = 1; i <= length($0); i++) {
                byte = substr($0, i, 1)
                two = (substr($0, i + 1, 1) in code) && (substr($0, i + 2, 1) in code)
                if (!(byte in code)) {
                    text = text byte
                } else if (code[byte] >= 224 && two) {
                    text = text substr($0, i, 3)
                    i += 2
                } else {
                    text = text sprintf("\\x%02x", code[byte])
                }
            }
            print text
        }'
}
