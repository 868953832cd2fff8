#!/usr/bin/env bats
# sandbox.bats - submissions that mean harm: what each tries, it does not get.
#
# A spy tries and says what it got in its last line, which the table shows.
# Nothing here harms where the sandbox should be broken: signals are tried
# with 0, and what fills or forks has its limits besides.

# shellcheck disable=SC2154 # labs.bash sets submission

load labs

setup() {
    export TMPDIR=$BATS_TEST_TMPDIR/tmp COMPILE='cc -std=c11 -O1 -g -pthread'
    export SANDBOX=must
    mkdir "$TMPDIR"
    submission=$BATS_TEST_TMPDIR/server.c
    cd "$TREE" || return
    printf '#include "../../common/net.h"\n' >"$submission"
    command -v bwrap >/dev/null || skip 'needs bubblewrap'
    bwrap --unshare-user --unshare-pid --ro-bind / / --proc /proc true ||
        skip 'needs the right to make namespaces'
}

# spy EXPRESSION...: prints what each of them is
spy() {
    local expression
    {
        printf '%s\n' '#define _GNU_SOURCE' '#include <arpa/inet.h>' '#include <dirent.h>' \
            '#include <fcntl.h>' '#include <glob.h>' '#include <signal.h>' \
            '#include <stdio.h>' '#include <stdlib.h>' '#include <string.h>' \
            '#include <sys/socket.h>' '#include <unistd.h>' \
            'static int can_read(const char *path) { return open(path, O_RDONLY) >= 0; }' \
            'static int can_write(const char *path) {' \
            '    return open(path, O_WRONLY | O_CREAT, 0666) >= 0; }' \
            'static int can_connect(const char *address, int port) {' \
            '    struct sockaddr_in at = {0};' \
            '    at.sin_family = AF_INET; at.sin_port = htons((unsigned short)port);' \
            '    at.sin_addr.s_addr = inet_addr(address);' \
            '    int sock = socket(AF_INET, SOCK_STREAM, 0);' \
            '    return connect(sock, (struct sockaddr *)&at, sizeof at) == 0; }' \
            'static int others_to_signal(void) {' \
            '    int count = 0;' \
            '    for (int pid = 1; pid < 100000; pid++)' \
            '        count += pid != getpid() && pid != 1 && kill(pid, 0) == 0;' \
            '    return count; }' \
            'static int others_to_see(void) {' \
            '    int count = 0; DIR *dir = opendir("/proc");' \
            '    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)' \
            '        count += atoi(entry->d_name) > 1 && atoi(entry->d_name) != getpid();' \
            '    return count; }' \
            'static int found(const char *pattern) {' \
            '    glob_t names; return glob(pattern, 0, NULL, &names) == 0; }' \
            'static int told(const char *name) { return getenv(name) != NULL; }' \
            'int main(void) {'
        for expression in "$@"; do
            printf 'printf("%%d ", %s);\n' "$expression"
        done
        printf '%s\n' 'return 3;' '}'
    } >"$submission"
}

@test "it reads no file of the instructor's, and writes none" {
    mkdir -p "$HOME"
    echo secret >"$BATS_TEST_TMPDIR/key"
    spy "can_read(\"$BATS_TEST_TMPDIR/key\")" "can_read(\"$HOME\")" \
        'can_read("/etc/passwd")' "can_read(\"$TREE/tests/labs/01/solution.c\")" \
        "can_read(\"$TREE/tests/labs/01/check\")" \
        "can_write(\"$TREE/tests/labs/01/new\")" \
        "can_write(\"$TREE/common/net.h\")" 'can_write("/usr/new")' \
        'can_write("/new")' "can_write(\"$BATS_TEST_TMPDIR/new\")"
    grade N=01 P=1 LAB="$submission"
    says 'ended at once: 0 0 0 0 0 0 0 0 0 0' 'part 1: 0/10'
    [ ! -e "$BATS_TEST_TMPDIR/new" ]
    # Without a sandbox the same spy gets at the first of them
    grade N=01 P=1 LAB="$submission" SANDBOX=no
    says 'ended at once: 1'
    rm -f /usr/new /new "$TREE/tests/labs/01/new"
}

@test "it meets nobody outside, and not even this machine's own servers" {
    start_peer_server
    spy 'can_connect("192.0.2.1", 80)' "can_connect(\"127.0.0.1\", $outside)" \
        "others_to_signal()" "others_to_see()"
    grade N=01 P=1 LAB="$submission"
    says 'ended at once: 0 0 0 0'
    spy "can_connect(\"127.0.0.1\", $outside)"
    grade N=01 P=1 LAB="$submission" SANDBOX=no
    says 'ended at once: 1'
}

# A server of this machine's: chapter 02's; sets outside, its port
start_peer_server() {
    use_chapter 02-loop-server
    start_server
    # shellcheck disable=SC2154 # helpers.bash
    outside=$port
}

@test "it finds no results to write, and does not know which texts come" {
    spy 'found("/tmp/*")' 'found("/tmp/lab.*/results")' 'told("LAB_SEED")' \
        'told("LAB_RESULTS")' 'told("LAB_MARK")' 'can_write("/tmp/mine")'
    grade N=01 P=1 LAB="$submission"
    says 'ended at once: 1 0 0 0 0 1' # its own program, and what it writes
    [ ! -e /tmp/mine ]
    spy 'told("LAB_SEED")' 'told("LAB_RESULTS")'
    grade N=01 P=1 LAB="$submission" SANDBOX=no
    says 'ended at once: 0 0'
}

@test "it cannot include the solution" {
    local file
    for file in "$TREE/tests/labs/01/solution.c" ../../tests/labs/01/solution.c \
        solution.c; do
        printf '#include "%s"\n' "$file" >"$submission"
        grade N=01 P=4 LAB="$submission"
        says 'it does not compile' 'No such file' 'part 4: 0/10'
    done
}

@test "it gets no points for what it prints" {
    submit 'for (int i = 1; i <= 4; i++)' \
        'printf("ok %d [10] part %d: right\npart\t%d\t10\n", i, i, i);' \
        'puts("lab 01: 40/40"); fflush(stdout); return 0;'
    grade N=01 LAB="$submission"
    says 'lab 01: 0/40'
}

# It earns three parts, and does its harm in the fourth: a reset
harmful() {
    worsen 01 "s/^        log_lost(.*/{ $1 }/"
    # Behind net.h, which says of which standard they are to be
    sed -i '0,/^static/s//#include <fcntl.h>\n#include <signal.h>\nstatic/' \
        "$submission"
    grade N=01 LAB="$submission"
    says 'lab 01: 30/40'
}

@test "it keeps the points that it earned before it forks for ever" {
    harmful 'for (;;) fork();'
}

@test "it keeps the points that it earned before it takes all memory" {
    harmful 'for (;;) memset(malloc(1 << 24), 1, 1 << 24);'
}

@test "it keeps the points that it earned before it fills the disk" {
    harmful 'for (int i = 0;; i++) { char f[32]; snprintf(f, sizeof f, "f%d", i); int d = open(f, O_WRONLY | O_CREAT, 0600); while (write(d, f, sizeof f) > 0) {} close(d); }'
    harmful 'for (;;) puts("all work and no play");'
    says 'it printed more than 64 MiB'
}

@test "it keeps the points that it earned before it sleeps, deaf to SIGTERM" {
    harmful 'signal(SIGTERM, SIG_IGN); for (;;) sleep(1000);'
}

@test "a daemon that it leaves behind ends, too" {
    harmful 'if (fork() == 0) { setsid(); if (fork() == 0) { setsid(); for (;;) sleep(1000); } _exit(0); } return 1;'
}

@test "a file that was begun with earlier headers compiles in there, too" {
    cp tests/labs/grading/earlier.c.in "$submission"
    grade N=02 P=4 LAB="$submission"
    says 'lab 02, part 4: 0/10' 'the first line says so'
}

@test "the sandbox's grades are those without it" {
    local n
    for n in 01 02 04; do
        grade N="$n" LAB="tests/labs/$n/solution.c" FROM="$TREE"
        assert_equal "the solution's status in lab $n" 0 "$status"
    done
    submit 'if (fork() == 0) for (;;) pause();' 'for (;;) pause();'
    grade N=02 P=1 LAB="$submission"
    says 'part 1: 0/10'
}
