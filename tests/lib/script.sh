# shellcheck shell=sh disable=SC2119,SC2120,SC2154 # for who sources it
# script.sh - for the scripts that start programs: all of them end with the
# script, however it ends, and no wait is without a limit. Sourced in the root;
# the script has functions of its own, cleanup and fail.

trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

# pause [SECONDS]: POSIX sleep knows whole ones only
pause() {
    sleep "${1:-0.02}" 2>/dev/null || sleep 1
}

ended() {
    ! kill -0 "$1" 2>/dev/null
}

# wait_until WHAT COMMAND...: asks again and again whether COMMAND is true, but
# not beyond $deadline, in seconds since 1970
wait_until() {
    awaited=$1
    shift
    until "$@"; do
        [ "$(date +%s)" -lt "$deadline" ] || fail "waited in vain: $awaited"
        pause
    done
}
