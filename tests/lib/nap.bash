# nap.bash - a short pause between two questions, for the tests and the labs'
# graders. To start sleep(1) each time would cost a slow machine more than the
# question: bash waits by itself for a line in a FIFO that nobody writes to.
# Whoever sources this sets NAP to where that FIFO may be, if anywhere.

# unnap: for what runs at the end of a program. If a signal has ended it in a
# nap, bash's alarm still runs, and jumps back into the read that is no more:
# bash aborts. A read that ends at once takes the alarm away.
unnap() {
    read -r -t 1 _ </dev/null || :
}

nap_second=''

# nap SECONDS
nap() {
    # On a busy machine one wait in some ten thousand did not see that a child had
    # ended. Should its signal pass bash by, it stays a zombie, which kill -0 takes
    # for a process: the end of another child makes bash look at all of them.
    if [ "$nap_second" != "$SECONDS" ]; then
        nap_second=$SECONDS
        (:)
    fi
    # bash 3.2 (macOS) reads with whole seconds only
    if [ -n "$NAP" ] && [ "${BASH_VERSINFO[0]}" -ge 4 ]; then
        # Somebody else may just have made it
        [ -p "$NAP" ] || mkfifo "$NAP" 2>/dev/null || :
        # Opened for writing as well, or it would wait for a writer for ever
        read -r -t "$1" _ <>"$NAP" || :
    else
        sleep "$1" 2>/dev/null || sleep 1 # POSIX knows whole seconds
    fi
}
