#define _GNU_SOURCE 1

/* watch.c - starts a server and shows, from outside, what it waits in. Linux.
 *
 * The idea: the kernel says at any moment in which system call a thread is, and
 * on which descriptor (proc.h). Looked at often enough, that is a film of the
 * server, which knows nothing of it.
 *
 * Try it:  make watch N=03
 *
 * See also: proc(5), tests/watch/README.md.
 */
#include "record.h"

#include <getopt.h>

static struct {
    const char *record, *title, *log, *proc;
    long every, after;
    bool frame;
} options = {.title = "server", .proc = "/proc"};

static const char usage[] =
    "usage: watch [OPTION]... [--] SERVER [ARGUMENT]...\n"
    "Starts a server and shows in which system calls its threads wait.\n\n"
    "  --record FILE  write it down, for the pictures; show nothing\n"
    "  --every MS     look so often (--record: 2)\n"
    "  --proc DIR     instead of /proc\n\n"
    "Exit status: --record: the server's; else 0 done, 1 the server has ended\n"
    "or nothing can be seen; 2 wrong usage.\n";

/* Reads a number of milliseconds. Returns false if it is none. */
static bool read_ms(const char *text, long *ms)
{
    char *end;
    *ms = strtol(text, &end, 10);
    return end != text && *end == '\0' && *ms > 0 && *ms <= 3600000;
}

/* Reads the command line. Returns -1, or the exit status. */
static int read_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"record", required_argument, NULL, 'r'},
        {"every", required_argument, NULL, 'e'},
        {"proc", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int letter;
    while ((letter = getopt_long(argc, argv, "+h", known, NULL)) != -1) {
        if (letter == 'r')
            options.record = optarg;
        else if (letter == 'p')
            options.proc = optarg;
        else if (letter == 'h')
            return fputs(usage, stdout) < 0 || fflush(stdout) != 0;
        else if (letter != 'e' || !read_ms(optarg, &options.every))
            optind =
                argc; /* getopt has said what is wrong, or it is a number */
    }
    if (optind < argc)
        return -1;
    (void)fputs("watch: see watch --help\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static struct server server;
    int status = read_options(argc, argv);
    if (status >= 0)
        return status;
    server.proc = options.proc;
    catch_signals();
    return record(&server, argv + optind, options.record,
                  options.every > 0 ? options.every : 2);
}
