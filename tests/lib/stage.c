/* stage.c - starts a program in a place where a shell cannot put it.
 *
 *     stage nonblocking PROGRAM ...     its standard input does not wait, as
 *                                       another program may have left it
 *     stage descriptors N PROGRAM ...   it inherits so many open files
 *     stage background PROGRAM ...      it runs in the background of a
 * terminal, on which is typed what stage reads
 *
 * For POSIX alone; the tests build it when they need it.
 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what)
{
    fprintf(stderr, "stage: %s: %s\n", what, strerror(errno));
    return 125;
}

/* Becomes the program. Returns only if that fails. */
static int become(char **program)
{
    execvp(program[0], program);
    return fail(program[0]);
}

static int nonblocking(char **program)
{
    int flags = fcntl(STDIN_FILENO, F_GETFL);
    if (flags < 0 || fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK) != 0)
        return fail("fcntl");
    return become(program);
}

static int descriptors(char **arguments)
{
    struct rlimit limit;
    int count = atoi(arguments[0]);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return fail("getrlimit");
    if (limit.rlim_cur < (rlim_t)count + 100) {
        limit.rlim_cur = (rlim_t)count + 100;
        if (limit.rlim_max < limit.rlim_cur)
            limit.rlim_max = limit.rlim_cur; /* for root */
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            return fail("setrlimit");
    }
    for (int fd = 0; fd < count;)
        if ((fd = open("/dev/null", O_RDONLY)) < 0)
            return fail("open");
    return become(arguments + 1);
}

static volatile sig_atomic_t actor; /* the program's pid */

/* The terminal is gone: so is the program. */
static void end_actor(int number)
{
    (void)number;
    if (actor > 0)
        kill((pid_t)actor, SIGKILL);
    _exit(1);
}

/* Leads a new session on the terminal and stays in its foreground; the program
 * is in its background, in a process group of its own. */
static int lead_session(const char *terminal, char **program)
{
    int status;
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    if (setsid() < 0)
        return fail("setsid");
    int fd = open(terminal, O_RDWR); /* becomes the session's terminal */
    if (fd < 0)
        return fail(terminal);
    struct sigaction action = {0};
    action.sa_handler = end_actor;
    sigaction(SIGHUP, &action, NULL);
    sigprocmask(SIG_BLOCK, &hangup, NULL); /* until the pid is known */
    pid_t child = fork();
    if (child < 0)
        return fail("fork");
    if (child == 0) {
        sigprocmask(SIG_UNBLOCK, &hangup, NULL);
        if (setpgid(0, 0) != 0 || dup2(fd, STDIN_FILENO) < 0)
            return fail("setpgid");
        close(fd);
        return become(program);
    }
    actor = child;
    sigprocmask(SIG_UNBLOCK, &hangup, NULL);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return fail("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int background(char **program)
{
    char typed[256];
    ssize_t got;
    int status, master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        return fail("posix_openpt");
    const char *terminal = ptsname(master);
    pid_t leader = fork();
    if (leader < 0)
        return fail("fork");
    if (leader == 0) {
        close(master);
        return lead_session(terminal, program);
    }
    while ((got = read(STDIN_FILENO, typed, sizeof typed)) > 0)
        if (write(master, typed, (size_t)got) != got)
            return fail("write");
    if (waitpid(leader, &status, 0) < 0)
        return fail("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "nonblocking") == 0)
        return nonblocking(argv + 2);
    if (argc > 3 && strcmp(argv[1], "descriptors") == 0)
        return descriptors(argv + 2);
    if (argc > 2 && strcmp(argv[1], "background") == 0)
        return background(argv + 2);
    fprintf(stderr, "usage: stage nonblocking|descriptors N|background "
                    "PROGRAM ...\n");
    return 2;
}
