# shellcheck shell=sh disable=SC2034,SC2120,SC2119 # for who sources it
# server.sh - starts a server and finds its port, for the tests, the graders,
# the experiments, the demo and the benchmark. How long to wait, and what to say
# if it does not listen, is theirs.

# launch INPUT LOG COMMAND...: in the background. Sets $log, and $server to its
# process. Descriptors from 3 on are closed: bats and the readers of our FIFOs
# wait for whoever has them.
launch() {
    from=$1
    log=$2
    shift 2
    : >"$log" # else the port of an earlier one could be read
    "$@" <"$from" >"$log" 2>&1 3>&- 4>&- 7>&- 8>&- &
    server=$!
}

# listens [LOG]: sets $host and $port from its line; fails if there is none yet.
# Everybody waits for this: it is quick, and needs no other program.
listens() {
    while IFS= read -r said; do
        case $said in
        'listening on '*:[0-9]*)
            port=${said##*:}
            host=${said#listening on }
            host=${host%:*}
            host=${host#[}
            host=${host%]}
            return 0
            ;;
        esac
    done <"${1:-$log}"
    return 1
}

# listens_or_ended: $port stays empty if the server has ended
listens_or_ended() {
    port=''
    listens || ! kill -0 "$server" 2>/dev/null
}
