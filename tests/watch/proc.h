/* proc.h - a server as a child, and what /proc says of it. The files' meaning
 * stands in parse.h.
 *
 * A parent may look at its child, also where nobody may look at strangers
 * (ptrace_scope 1, see ptrace(2)): therefore the server is started here.
 */
#ifndef PROC_H
#define PROC_H

#include "diag.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_THREADS = 1024,     /* looked at; the rest is counted */
    MOST_CONNECTIONS = 2048, /* the same */
    LANE = 50,               /* samples that a lane holds: ten seconds */
};

/* Moments are microseconds of CLOCK_MONOTONIC. */
struct thread {
    pid_t id;
    int number; /* the first one is 0 */
    int syscall, schedstat;
    struct doing doing;
    bool changed;         /* since the last sample: what it is in */
    unsigned long socket; /* that its descriptor is, or 0 */
    unsigned long known;  /* the socket whose client is the next: */
    unsigned port;
    struct had had;  /* of the processor, until now */
    struct had more; /* since the last sample */
    long long since; /* it has slept */
    char lane[LANE]; /* letters, the newest one last */
};

struct server {
    const char *proc;
    pid_t pid;
    DIR *tasks;
    struct thread threads[MOST_THREADS];
    int count;     /* of those */
    int more;      /* threads that have no place there */
    int born;      /* all that ever were */
    long long at;  /* the last sample, */
    long long was; /* and the one before */
    int status;    /* of waitpid, when it has ended */
    bool ended;
};

static inline long long micros(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now); /* cannot fail: Linux has it */
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Opens a file of the server's. Returns -1 on failure. */
static inline int open_file(const struct server *server, const char *name)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%d/%s", server->proc,
                   (int)server->pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* Reads a file from its beginning. Returns its size, or -1; text ends in NUL.
 */
static inline ssize_t read_text(int file, char *text, size_t size)
{
    ssize_t got = file < 0 ? -1 : pread(file, text, size - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    return got;
}

static inline ssize_t read_named(const struct server *server, const char *name,
                                 char *text, size_t size)
{
    int file = open_file(server, name);
    ssize_t got = read_text(file, text, size);
    if (file >= 0)
        (void)close(file); /* it was only read */
    return got;
}

/* ------------------------------------------------------------ start and end */

/* Becomes the server, in a child: as if started by a shell, but ended when its
 * parent ends. */
static inline void become(char **command, pid_t parent, const int files[3])
{
    (void)setpgid(0, 0); /* Ctrl-C is for the parent, which then ends it */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* or it may outlive us */
    for (int i = 0; i < 3; i++)
        if (files[i] >= 0 && dup2(files[i], i) < 0)
            _exit(127);
    (void)signal(SIGPIPE, SIG_DFL); /* cannot fail: the number is right */
    if (getppid() == parent)
        (void)execvp(command[0], command); /* returns on failure alone */
    (void)fprintf(stderr, "cannot start %s: %s\n", command[0], strerror(errno));
    (void)fflush(stderr); /* there is nobody else to tell */
    _exit(127);
}

/* Starts it, with these for its standard input, output and errors (-1: ours).
 * Returns false, with errno set, if that cannot be. */
static inline bool start_server(struct server *server, char **command,
                                const int files[3])
{
    pid_t parent = getpid();
    server->pid = fork();
    if (server->pid == 0)
        become(command, parent, files);
    if (server->pid < 0)
        return false;
    (void)setpgid(server->pid, server->pid); /* whoever of us is first */
    return true;
}

/* Returns whether it has ended. */
static inline bool has_ended(struct server *server)
{
    if (!server->ended)
        server->ended =
            waitpid(server->pid, &server->status, WNOHANG) == server->pid;
    return server->ended;
}

/* Ends it, politely, then not. */
static inline void end_server(struct server *server)
{
    static const struct timespec nap = {0, 10000000};
    (void)kill(server->pid, SIGTERM); /* it is our child until waited for */
    for (int i = 0; i < 100 && !has_ended(server); i++)
        (void)nanosleep(&nap, NULL); /* a signal makes it shorter, no more */
    if (!has_ended(server)) {
        (void)kill(server->pid, SIGKILL);
        (void)waitpid(server->pid, &server->status, 0);
        server->ended = true;
    }
}

/* Begins to look at it. Returns NULL, or why that cannot be. */
static inline const char *look_at(struct server *server)
{
    static char why[PATH_MAX + 64];
    char text[256];
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;        /* two files for each thread */
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* if not, they are counted */
    }
    (void)snprintf(why, sizeof why, "%s/%d/task", server->proc,
                   (int)server->pid);
    server->tasks = opendir(why);
    if (server->tasks != NULL &&
        read_named(server, "syscall", text, sizeof text) > 0)
        return NULL;
    (void)snprintf(why, sizeof why, "%s/%d/syscall cannot be read: %s",
                   server->proc, (int)server->pid, strerror(errno));
    return why;
}

/* ------------------------------------------------------------------ samples */

static inline void close_thread(struct thread *thread)
{
    (void)close(thread->syscall); /* they were only read */
    (void)close(thread->schedstat);
}

/* A thread that is not known yet. Returns NULL if there is no room for it. */
static inline struct thread *meet(struct server *server, pid_t id)
{
    char name[64];
    int number = server->born++;
    if (server->count == MOST_THREADS)
        return NULL;
    struct thread *thread = &server->threads[server->count];
    memset(thread, 0, sizeof *thread);
    memset(thread->lane, ' ', sizeof thread->lane);
    thread->id = id;
    thread->number = number;
    (void)snprintf(name, sizeof name, "task/%d/syscall", (int)id);
    thread->syscall = open_file(server, name);
    (void)snprintf(name, sizeof name, "task/%d/schedstat", (int)id);
    thread->schedstat = open_file(server, name);
    if (thread->syscall < 0) {
        if (thread->schedstat >= 0)
            (void)close(thread->schedstat); /* it was only read */
        return NULL;
    }
    thread->doing.kind = GONE;
    server->count++;
    return thread;
}

/* Returns the number of the socket that a descriptor is, or 0. */
static inline unsigned long socket_of(const struct server *server,
                                      int descriptor)
{
    char text[64], path[PATH_MAX];
    if (descriptor < 0)
        return 0;
    (void)snprintf(path, sizeof path, "%s/%d/fd/%d", server->proc,
                   (int)server->pid, descriptor);
    ssize_t size = readlink(path, text, sizeof text - 1);
    text[size > 0 ? size : 0] = '\0';
    return parse_socket(text);
}

/* Looks what a thread does now, and what it has done meanwhile. */
static inline void look_again(const struct server *server,
                              struct thread *thread)
{
    char text[256];
    struct doing doing = {GONE, "end", -1};
    struct had had = thread->had;
    /* This first: what happens behind it is seen the next time. */
    if (read_text(thread->schedstat, text, sizeof text) > 0)
        had = parse_schedstat(text);
    if (read_text(thread->syscall, text, sizeof text) > 0)
        doing = parse_syscall(text);
    thread->more =
        (struct had){had.ns - thread->had.ns, had.turns - thread->had.turns};
    thread->had = had;
    thread->changed = doing.kind != thread->doing.kind ||
                      doing.descriptor != thread->doing.descriptor ||
                      strcmp(doing.name, thread->doing.name) != 0;
    thread->doing = doing;
    if (!thread->changed && thread->more.turns == 0)
        return;
    /* Meanwhile the descriptor may have become another client's. */
    unsigned long socket = socket_of(server, doing.descriptor);
    thread->changed = thread->changed || socket != thread->socket;
    thread->socket = socket;
    thread->since = server->at;
}

/* Forgets those that had ended the last time. */
static inline void forget(struct server *server)
{
    int kept = 0;
    for (int i = 0; i < server->count; i++) {
        if (server->threads[i].doing.kind == GONE)
            close_thread(&server->threads[i]);
        else
            server->threads[kept++] = server->threads[i];
    }
    server->count = kept;
}

/* Looks at all threads. They are listed in the order in which they are known.
 */
static inline void sample(struct server *server)
{
    int next = 0, all = 0;
    forget(server);
    server->was = server->at;
    server->at = micros(CLOCK_MONOTONIC);
    rewinddir(server->tasks);
    for (struct dirent *entry; (entry = readdir(server->tasks)) != NULL;) {
        pid_t id = (pid_t)strtol(entry->d_name, NULL, 10);
        if (id <= 0)
            continue;
        all++;
        while (next < server->count && server->threads[next].id != id)
            next++;
        if (next == server->count && meet(server, id) == NULL)
            continue;
        next++;
    }
    for (int i = 0; i < server->count; i++)
        look_again(server, &server->threads[i]);
    server->more = all > server->count ? all - server->count : 0;
}

/* ------------------------------------------------------------------ sockets */

/* Calls `use` for each of the machine's connections, and for each listener, of
 * IPv4 or of IPv6, at least those at this port of ours (0: any). */
static inline void each_socket_of(const struct server *server, bool six,
                                  unsigned port,
                                  void (*use)(const struct tcp *, void *),
                                  void *argument)
{
    char line[512];
    struct tcp tcp;
    if (diag_sockets(six ? AF_INET6 : AF_INET, port, use, argument))
        return;
    int number = open_file(server, six ? "net/tcp6" : "net/tcp");
    FILE *file = number < 0 ? NULL : fdopen(number, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (parse_tcp(line, &tcp))
            use(&tcp, argument);
    if (file != NULL)
        (void)fclose(file); /* it was only read */
    else if (number >= 0)
        (void)close(number);
}

static inline void each_socket(const struct server *server,
                               void (*use)(const struct tcp *, void *),
                               void *argument)
{
    each_socket_of(server, false, 0, use, argument);
    each_socket_of(server, true, 0, use, argument);
}

static inline void note_client(const struct tcp *tcp, void *argument)
{
    struct server *server = argument;
    for (int i = 0; i < server->count && tcp->socket != 0; i++) {
        struct thread *thread = &server->threads[i];
        if (thread->socket == tcp->socket) {
            thread->known = tcp->socket;
            thread->port = tcp->peer.port;
        }
    }
}

/* Returns whether the client on whom a thread waits is still to be found. */
static inline bool is_unknown(const struct thread *thread)
{
    return thread->socket != 0 && thread->socket != thread->known &&
           thread->doing.kind != ACCEPT;
}

/* Finds out on which clients the threads wait: all in one go, since there may
 * be many. While others come and go, the kernel can leave one out: therefore it
 * is asked again. */
static inline void find_clients(struct server *server)
{
    enum { TRIES = 3 };
    bool unknown = true;
    for (int n = 0; n < TRIES && unknown; n++) {
        unknown = false;
        for (int i = 0; i < server->count; i++)
            unknown = unknown || is_unknown(&server->threads[i]);
        if (unknown)
            each_socket(server, note_client, server);
    }
    for (int i = 0; i < server->count; i++) {
        struct thread *thread = &server->threads[i];
        if (is_unknown(thread)) { /* it has just gone, or is no connection */
            thread->known = thread->socket;
            thread->port = 0;
        }
    }
}

/* Returns the port of the client on whom a thread waits, or 0. */
static inline unsigned client_port(const struct thread *thread)
{
    return thread->socket != 0 && thread->socket == thread->known ? thread->port
                                                                  : 0;
}

#endif
