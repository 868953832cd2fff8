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
#include "live.h"

#include <getopt.h>

static struct {
    const char *record, *title, *log, *proc;
    long every, after;
} options = {.title = "server", .proc = "/proc", .after = 1000};

static const char usage[] =
    "usage: watch [OPTION]... [--] SERVER [ARGUMENT]...\n"
    "Starts a server and shows in which system calls its threads wait: on a\n"
    "terminal five times a second, until Ctrl-C; elsewhere once.\n\n"
    "  --title TEXT   above it (server)\n"
    "  --after MS     once: after so long (1000), or at the signal USR1\n"
    "  --log FILE     what the server prints goes here, too\n"
    "  --record FILE  show nothing, write it down for tests/watch/timeline\n"
    "  --every MS     look so often (200; --record: 2)\n"
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

/* Takes an option. Returns false if it is none, or its value is not. */
static bool take_option(int letter)
{
    if (letter == 'r')
        options.record = optarg;
    else if (letter == 't')
        options.title = optarg;
    else if (letter == 'l')
        options.log = optarg;
    else if (letter == 'p')
        options.proc = optarg;
    else if (letter == 'a')
        return read_ms(optarg, &options.after);
    else
        return letter == 'e' && read_ms(optarg, &options.every);
    return true;
}

/* Reads the command line. Returns -1, or the exit status. */
static int read_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"record", required_argument, NULL, 'r'},
        {"title", required_argument, NULL, 't'},
        {"log", required_argument, NULL, 'l'},
        {"after", required_argument, NULL, 'a'},
        {"every", required_argument, NULL, 'e'},
        {"proc", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int letter;
    bool good = true;
    while ((letter = getopt_long(argc, argv, "+h", known, NULL)) != -1) {
        if (letter == 'h')
            return fputs(usage, stdout) < 0 || fflush(stdout) != 0;
        good = take_option(letter) && good;
    }
    if (good && optind < argc)
        return -1;
    (void)fputs("watch: wrong usage; see watch --help\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static struct server server;
    static struct live live;
    int status = read_options(argc, argv);
    if (status >= 0)
        return status;
    server.proc = options.proc;
    catch_signals();
    if (options.record != NULL)
        return record(&server, argv + optind, options.record,
                      options.every > 0 ? options.every : 2);
    live.view.server = &server;
    live.view.title = options.title;
    live.copy =
        options.log == NULL
            ? -1
            : open(options.log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    catch_signal(SIGUSR1, ask_for);
    return watch_live(&live, argv + optind,
                      options.every > 0 ? options.every : 200, options.after);
}
