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
