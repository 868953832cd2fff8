/* record.h - writes down what a server did, for a picture
 * (tests/watch/timeline.c).
 *
 * A line for each change, its words separated by blanks; moments are
 * microseconds of CLOCK_MONOTONIC, BEFORE is that of the sample before AT:
 *
 *   clock AT REAL               the same moment by the other clock
 *   server PID
 *   blind REASON                nothing can be seen; there is no more
 *   in THREAD BEFORE AT KIND PORT NAME    now it is in that, on that client
 *   woke THREAD BEFORE AT TIMES NS GREW   and what it ran meanwhile; GREW: the
 *                               bytes that the server's log became longer
 *   end AT
 */
#ifndef RECORD_H
#define RECORD_H

#include "proc.h"

/* The signal that ends us, or 0. */
static volatile sig_atomic_t stopped;

static inline void stop(int number)
{
    stopped = number;
}

static inline void catch_signal(int number, void (*handler)(int))
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    (void)sigaction(number, &action, NULL); /* the number is right */
}

static inline void catch_signals(void)
{
    catch_signal(SIGHUP, stop);
    catch_signal(SIGINT, stop);
    catch_signal(SIGTERM, stop);
    catch_signal(SIGQUIT, stop);
    catch_signal(SIGPIPE, SIG_IGN);
}

/* Returns how often the thread has fallen asleep until now. */
static inline unsigned long long sleeps(const struct server *server,
                                        const struct thread *thread)
{
    char name[64], text[4096];
    (void)snprintf(name, sizeof name, "task/%d/status", (int)thread->id);
    (void)read_named(server, name, text, sizeof text); /* or it is empty */
    return parse_status(text, "\nvoluntary_ctxt_switches:");
}

/* Returns the size of what the server's log goes to, if that is a file. */
static inline long long log_size(const struct server *server)
{
    char path[PATH_MAX];
    struct stat is;
    (void)snprintf(path, sizeof path, "%s/%d/fd/1", server->proc,
                   (int)server->pid);
    return stat(path, &is) == 0 && S_ISREG(is.st_mode) ? is.st_size : 0;
}

/* Writes down what the last sample has changed. */
static inline void write_changes(FILE *file, const struct server *server)
{
    static unsigned long long slept[MOST_THREADS]; /* each, until then */
    static long long size;                         /* of the log, then */
    for (int i = 0; i < server->count; i++) {
        const struct thread *t = &server->threads[i];
        unsigned long long *before = &slept[t->number % MOST_THREADS];
        if (t->more.turns > 0) {
            unsigned long long now = sleeps(server, t);
            unsigned long long times = now > *before ? now - *before : 0;
            long long grown = log_size(server);
            *before = now > 0 ? now : *before;
            (void)fprintf(file, "woke %d %lld %lld %llu %llu %lld\n", t->number,
                          server->was, server->at, times, t->more.ns,
                          grown - size);
            size = grown;
        }
        if (t->changed)
            (void)fprintf(file, "in %d %lld %lld %s %u %s\n", t->number,
                          server->was, server->at, kinds[t->doing.kind].name,
                          client_port(t), t->doing.name);
    }
}

/* Sleeps until the next sample is due. Where samples take long, as with 900
 * threads, they become fewer: all of them cost a fourteenth of a processor. */
static inline void pace(long long every)
{
    enum { SHARE = 14, SAVED = 200000 };
    static long long at, used; /* the last time: the clock, and our work */
    static long long debt;     /* of rest; below 0: what was saved of it */
    long long now = micros(CLOCK_MONOTONIC);
    long long work = micros(CLOCK_PROCESS_CPUTIME_ID);
    debt += at == 0 ? 0 : SHARE * (work - used) - (now - at);
    debt = debt < -SAVED ? -SAVED : debt;
    at = now;
    used = work;
    now += debt > every ? debt : every - now % every;
    struct timespec until = {(time_t)(now / 1000000),
                             (long)(now % 1000000 * 1000)};
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until,
                          NULL); /* a signal ends it, which the caller sees */
}

/* Returns the exit status that says how the server ended. */
static inline int exit_status(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Starts the server and writes down what it does, until it ends or a signal
 * comes. Returns the exit status. */
static inline int record(struct server *server, char **command,
                         const char *path, long every_ms)
{
    static const int ours[3] = {-1, -1, -1};
    FILE *file = fopen(path, "we");
    if (file == NULL || !start_server(server, command, ours)) {
        (void)fprintf(stderr, "watch: %s: %s\n", path, strerror(errno));
        return 1;
    }
    const char *blind = look_at(server);
    server->at = micros(CLOCK_MONOTONIC);
    (void)fprintf(file, "clock %lld %lld\nserver %d\n", server->at,
                  micros(CLOCK_REALTIME), (int)server->pid);
    if (blind != NULL)
        (void)fprintf(file, "blind %s\n", blind);
    (void)fflush(file); /* who has started us needs the PID */
    while (!has_ended(server) && stopped == 0) {
        if (blind == NULL) {
            sample(server);
            find_clients(server);
            write_changes(file, server);
        }
        (void)fflush(file); /* seen at the end, if it fails */
        pace(every_ms * 1000);
    }
    int signal_seen = stopped;
    if (!server->ended)
        end_server(server);
    (void)fprintf(file, "end %lld\n", micros(CLOCK_MONOTONIC));
    bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed)
        (void)fprintf(stderr, "watch: %s: not written\n", path);
    return signal_seen != 0 ? 128 + signal_seen : exit_status(server->status);
}

#endif
