#!/usr/bin/env bats
# misuse.bats - what students hand in: programs that hang, spin, flood,
# fork or crash cost the points that they should, and end.

# shellcheck disable=SC2154 # labs.bash sets submission

load labs

@test "a server that hangs before it listens is given 10 s a part" {
    printf '#include <unistd.h>\nint main(void) { for (;;) pause(); }\n' \
        >"$submission"
    grade N=02 LAB="$submission"
    says 'no such line after 10 s' 'lab 02: 0/40'
}

@test "a server that listens and serves nobody costs all parts, no more" {
    submit 'for (;;) net_sleep(1000);'
    grade N=03 LAB="$submission"
    says 'nothing within 5.0 s' 'lab 03: 0/40'
}

@test "a server that spins is stopped" {
    submit 'for (volatile int i = 0;; i = 1) {}'
    grade N=01 LAB="$submission"
    says 'lab 01: 0/40'
}

@test "a flood of output is cut off, and named" {
    submit 'for (;;) puts("all work and no play makes a full disk");'
    grade N=01 P=1 LAB="$submission"
    says 'it printed more than 64 MiB' 'lab 01, part 1: 0/10'
}

@test "children that move to a session of their own do not outlive the grade" {
    submit 'if (fork() == 0) { setsid(); if (fork() == 0) for (;;) pause(); }' \
        'for (;;) pause();'
    grade N=01 P=4 LAB="$submission"
    says 'lab 01, part 4: 0/10'
}

@test "a server that forks for each client loses the parts that count threads" {
    submit 'signal(SIGCHLD, SIG_IGN);' 'for (;;) {' 'struct net_name name;' \
        'net_socket client = net_accept(listener, &name);' \
        'if (client == NET_BAD) continue;' \
        'if (fork() > 0) { close(client); continue; }' \
        'net_send(client, GREETING, strlen(GREETING));' \
        'for (;;) pause();' '}'
    grade N=02 P=1 LAB="$submission"
    says 'more of them' 'lab 02, part 1: 0/10'
}

@test "who reads the keyboard waits for ever in lab 01" {
    worsen 01 's/^    log_event("%s connected", name.text);/getchar();&/'
    grade N=01 P=1 LAB="$submission"
    says 'lab 01, part 1: 0/10'
}

@test "a crash costs the part in which it happens" {
    worsen 01 's/^        log_lost(.*/abort();/'
    grade N=01 LAB="$submission"
    says '30/40' 'part 4: a reset'
    worsen 04 's/^static void lose(.*/&\n/; /^static void lose/,/^}/s/^{/{abort();/'
    grade N=04 P=4 LAB="$submission"
    says 'it crashed (signal 6)' 'lab 04, part 4: 0/10'
}

# In one line each: what makes a compiler take all memory, or the whole disk
@test "a submission that is too much for the compiler costs all parts, no more" {
    local i
    printf '#include "/dev/zero"\nint main(void) { return 0; }\n' >"$submission"
    grade N=01 LAB="$submission"
    says 'lab 01: 0/40'
    printf 'char a[268435456] = {1};\nint main(void) { return a[5]; }\n' \
        >"$submission"
    grade N=01 LAB="$submission"
    says 'it does not compile: SIZE limit' 'lab 01: 0/40'
    {
        echo '#define A0 1 +'
        for ((i = 1; i <= 40; i++)); do
            echo "#define A$i A$((i - 1)) A$((i - 1))"
        done
        echo 'int main(void) { return A40 0; }'
    } >"$submission"
    grade N=01 LAB="$submission"
    # MEMORY, or TIME on a machine that is busy: which comes first is not ours
    says 'it does not compile: ' ' limit' 'lab 01: 0/40'
}

@test "a submission of fifty megabytes is not even compiled" {
    {
        echo 'int main(void) { return 0; }'
        head -c 50000000 /dev/zero | tr '\0' ' '
    } >"$submission"
    grade N=01 LAB="$submission"
    says 'it does not compile: SIZE limit' 'lab 01: 0/40'
}

@test "a submission that includes itself without end costs all parts, no more" {
    printf '%s\n' '#if __INCLUDE_LEVEL__ < 150' '#include __FILE__' \
        '#include __FILE__' '#endif' >"$submission"
    grade N=01 LAB="$submission"
    says 'it does not compile: ' ' limit' 'lab 01: 0/40'
}

@test "a compiler that waits for ever is stopped" {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    printf '#include "fifo"\n' >"$submission"
    grade COMPILE_TENTHS=50 N=01 LAB="$submission"
    says 'it does not compile: TIME limit' 'lab 01: 0/40'
}

@test "of a hundred thousand errors the first are shown" {
    local i
    for ((i = 0; i < 40000; i++)); do
        echo "int x$i = y$i;"
    done >"$submission"
    grade N=01 LAB="$submission"
    says 'y0' "more lines of the compiler's" 'lab 01: 0/40'
    [ "${#lines[@]}" -lt 200 ]
}

# slow PROGRAM: as on a busy machine
slow() {
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\nsleep 0.3\nexec %s "$@"\n' "$(command -v "$1")" \
        >"$BATS_TEST_TMPDIR/bin/$1"
    chmod +x "$BATS_TEST_TMPDIR/bin/$1"
}

a_server_runs() {
    [ -s "$(echo "$TMPDIR"/lab.*/results/running)" ]
}

@test "a grade that is stopped leaves nothing behind" {
    local pid status=0
    slow grep
    submit 'for (;;) net_sleep(1000);'
    PATH=$BATS_TEST_TMPDIR/bin:$PATH N=02 LAB=$submission \
        bash tests/labs/lab.sh grade >"$BATS_TEST_TMPDIR/table" 2>&1 3>&- 4>&- &
    pid=$!
    started="$started $pid"
    wait_for 'a server runs' a_server_runs
    kill -TERM "$pid"
    wait "$pid" || status=$?
    assert_equal 'the exit status' 143 "$status"
    nothing_left
}

@test "where there is no room, nothing is graded" {
    local mount="mount -t tmpfs -o size=300k none '$TMPDIR'"
    unshare -rm sh -c "$mount" 2>/dev/null ||
        skip 'needs unshare, and the right to mount a small directory'
    run unshare -rm sh -c "$mount &&
        N=01 LAB=tests/labs/01/solution.c bash tests/labs/lab.sh grade" 3>&- 4>&-
    echo "$output"
    [ "$status" -eq 1 ]
    says 'there is no room for 16 MiB in' 'lab 01: not graded'
}
