# room.bash - what the graders of the rooms in one thread, lab 05 and the bonus,
# do beyond play_each
#
# shellcheck disable=SC2154 # grade.bash sets server and others

# one_thread_program: threads and processes that live for a moment are seen in
# what the program calls
one_thread_program() {
    local calls
    [ -z "$LAB_PROBLEM" ] || start_server
    # A sanitizer calls what it likes
    case ${LAB_COMPILE-} in
    *-fsanitize*) return ;;
    esac
    command -v nm >/dev/null || return 0
    calls=$(nm -u "$LAB_SERVER" 2>/dev/null |
        sed -n 's/^.* _*\(pthread_create\|thrd_create\|v*fork\)\(@.*\)*$/\1/p' |
        head -n 1)
    [ -z "$calls" ] || say_wrong "the program calls $calls" \
        'one thread at all times' 'this chapter serves all in one thread, one that lives for a moment is one more'
}

# play_typed NAME: somebody has typed a line at the server
play_typed() {
    hold_keyboard
    start_server
    echo 'typed at the server' >&7
    check "$1"
}

# play_taken NAME: the server has some descriptors already, so that its sockets
# have higher numbers than there are sockets
play_taken() {
    local fd
    for ((fd = 60; fd < 110; fd++)); do
        eval "exec $fd</dev/null"
    done
    start_server
    for ((fd = 60; fd < 110; fd++)); do
        eval "exec $fd<&-"
    done
    check "$1"
}

# play_limited NAME: the server may have 30 descriptors
play_limited() {
    FEW_DESCRIPTORS=30 start_server
    check "$1"
}
