/* labpeer.h - what the labs' checks share: clients with a limit to every wait,
 * a look at the server's process, and verdicts in words.
 *
 * A check is a program, tests/labs/NN/check.c:
 *
 *     check NAME PORT PID LOG SEED
 *
 * It plays one scenario against a server that runs. Exit 0: all was right.
 * Otherwise its output says in three lines, a word and a tab each, what was
 * seen, what was expected and what the likely cause is; lab.sh makes the
 * table from them. All texts that a server could guess are drawn from SEED.
 */
#ifndef LABPEER_H
#define LABPEER_H

#include "../../common/net.h"

#include <dirent.h>
#include <stdint.h>

#define GREETING "Connect succeed. Please send a message to me"

enum {
    WAIT_MS = 5000,     /* the longest wait for what should come at once */
    PROGRAM_MS = 40000, /* and for a whole scenario */
    BUSY_MS = 500,      /* a look whether the machine is busy */
    TICK_MS = 10,       /* of processor time in /proc/PID/stat, on Linux */
    IDLE_MS = 1000,     /* how long a look at an idle server takes */
    IDLE_PERCENT = 10,  /* what it may use meanwhile: 0, and some leeway */
    AWAKE_PERCENT =
        75,        /* using a processor or waiting for one: hardly asleep */
    FEW_NAPS = 5,  /* of the first thread in that time: as good as none */
    EVENTS = 4096, /* peers that are waited for together */
    CHUNK = 65536, /* bytes moved at a time */
};

/* What the command line said. */
static struct {
    struct net_endpoint at;
    long pid;
    const char *log;
    uint64_t random;
    long long end; /* no wait lasts beyond this moment, and what follows: */
    long machine;  /* machine_ms at the beginning */
} lab;

/* --------------------------------------------------------------- verdicts */

static inline void print_bytes(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte == 0x7f)
            printf("\\x%02x", byte);
        else
            putchar(byte);
    }
}

/* Prints a text on one line, however long or strange it is. */
static inline void print_text(const char *text)
{
    enum { WHOLE = 300, HEAD = 200, TAIL = 60 };
    size_t length = strlen(text);
    print_bytes(text, length > WHOLE ? HEAD : length);
    if (length > WHOLE) {
        fputs(" ... ", stdout);
        print_bytes(text + length - TAIL, TAIL);
    }
    putchar('\n');
}

/* The verdict: says why, what should have been, and what was. Returns false. */
static inline bool wrong(const char *cause, const char *expected,
                         const char *format, ...)
{
    static char seen[CHUNK];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(seen, sizeof seen, format, arguments);
    va_end(arguments);
    fputs("seen\t", stdout);
    print_text(seen);
    fputs("expected\t", stdout);
    print_text(expected);
    fputs("cause\t", stdout);
    print_text(cause);
    return false;
}

/* Texts made for one moment; eight of them live at a time. */
static inline char *made(const char *format, ...)
{
    static char texts[8][4096];
    static unsigned which;
    char *text = texts[which++ % 8];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof texts[0], format, arguments);
    va_end(arguments);
    return text;
}

/* ----------------------------------------------------------------- chance */

/* xorshift64*: the same row of numbers for the same SEED, on every system. */
static inline uint32_t draw(void)
{
    lab.random ^= lab.random >> 12;
    lab.random ^= lab.random << 25;
    lab.random ^= lab.random >> 27;
    return (uint32_t)((lab.random * UINT64_C(2685821657736338717)) >> 32);
}

/* A word that no server can know beforehand; 64 of them live at a time. */
static inline char *nonce(void)
{
    static char words[64][16];
    static unsigned which;
    char *word = words[which++ % 64];
    snprintf(word, sizeof words[0], "n%08lx", (unsigned long)draw());
    return word;
}

/* ---------------------------------------------------------------- clients */

enum got {
    GOT_LINE,    /* here it is */
    GOT_END,     /* end-of-stream */
    GOT_RESET,   /* the connection broke */
    GOT_NOTHING, /* not in that time */
};

struct peer {
    net_socket sock;
    bool ended;     /* end-of-stream has come */
    int broken;     /* or this error */
    char *bytes;    /* received, not yet taken */
    size_t start;   /* the first of them */
    size_t end;     /* behind the last */
    size_t size;    /* room for them */
    size_t scanned; /* up to here there is no \n */
};

/* The longest segment that newcomers take from the server, 0: as the system
 * has it. The smaller, the less does the server's kernel keep for them. */
static int peer_segment;

static inline long machine_ms(void);

/* When a wait of ms has to end that begins now. What the busy machine has kept
 * from the two programs meanwhile is not the server's fault. */
static inline long long moment(long long ms)
{
    long long end = net_now() + ms;
    if (end <= lab.end)
        return end;
    long long last = lab.end + machine_ms() - lab.machine;
    return end < last ? end : last;
}

static inline long machine_ms(void);

/* Waits for an event until a moment. */
static inline bool wait_until(net_socket sock, enum net_event event,
                              long long end)
{
    int ready = 0;
    do {
        long long left = end - net_now();
        ready = net_wait(sock, event, left > 0 ? (int)left : 0);
    } while (ready == 0 && net_now() < end);
    return ready > 0;
}

/* Connects; `narrow` bytes of what the server sends are kept by the kernel
 * while nobody reads, 0: as many as it likes. */
static inline bool peer_open_narrow(struct peer *peer, int narrow)
{
    struct sockaddr_in at = {0};
    memset(peer, 0, sizeof *peer);
    at.sin_family = AF_INET;
    at.sin_port = htons((uint16_t)atoi(lab.at.port));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->sock = socket(AF_INET, SOCK_STREAM, 0);
    if (peer->sock == NET_BAD)
        return wrong("the grader ran out of descriptors: not your fault",
                     "a socket", "%s", net_error_text(net_error()).text);
    /* To be set before connect: it decides what the two ends agree on. */
    if (peer_segment > 0)
        (void)setsockopt(peer->sock, IPPROTO_TCP, TCP_MAXSEG,
                         (const void *)&peer_segment, sizeof peer_segment);
    if (narrow > 0)
        (void)setsockopt(peer->sock, SOL_SOCKET, SO_RCVBUF,
                         (const void *)&narrow, sizeof narrow);
    int code = connect(peer->sock, (struct sockaddr *)&at, sizeof at);
    if (code != 0)
        code = net_error();
    if (code != 0 || net_set_nonblocking(peer->sock) != 0)
        return wrong("the server has ended or closed its listener; its log "
                     "may say why",
                     "a connection", "connect: %s", net_error_text(code).text);
    return true;
}

static inline bool peer_open(struct peer *peer)
{
    return peer_open_narrow(peer, 0);
}

static inline void peer_close(struct peer *peer)
{
    if (peer->sock != NET_BAD)
        (void)net_close(peer->sock); /* nothing depends on it any more */
    free(peer->bytes);
    memset(peer, 0, sizeof *peer);
    peer->sock = NET_BAD;
}

/* Ends the connection with a reset. */
static inline void peer_reset(struct peer *peer)
{
    struct linger at_once = {0};
    at_once.l_onoff = 1;
    (void)setsockopt(peer->sock, SOL_SOCKET, SO_LINGER, (const void *)&at_once,
                     sizeof at_once);
    peer_close(peer);
}

static inline void peer_shut(struct peer *peer)
{
    (void)shutdown(peer->sock, NET_SHUT_WRITE); /* a reset shows in recv */
}

/* Receives what is there. Returns whether there was anything new. */
static inline bool peer_receive(struct peer *peer)
{
    if (peer->ended || peer->broken != 0)
        return false;
    if (peer->start > 0) {
        memmove(peer->bytes, peer->bytes + peer->start,
                peer->end - peer->start);
        peer->end -= peer->start;
        peer->scanned -= peer->start;
        peer->start = 0;
    }
    if (peer->size - peer->end < CHUNK / 16) {
        size_t size = peer->size == 0 ? CHUNK / 8 : peer->size * 2;
        char *more = realloc(peer->bytes, size);
        if (more == NULL)
            return false;
        peer->bytes = more;
        peer->size = size;
    }
    long got = net_recv(peer->sock, peer->bytes + peer->end,
                        peer->size - peer->end - 1);
    if (got < 0 && net_would_block(net_error()))
        return false;
    if (got < 0)
        peer->broken = net_error();
    peer->ended = got == 0;
    peer->end += got > 0 ? (size_t)got : 0;
    return true;
}

/* Takes a line that is here already, without its \n; it lives until the next
 * call for this peer. */
static inline bool peer_take(struct peer *peer, char **line)
{
    if (peer->end == peer->scanned)
        return false;
    char *newline =
        memchr(peer->bytes + peer->scanned, '\n', peer->end - peer->scanned);
    if (newline == NULL) {
        peer->scanned = peer->end;
        return false;
    }
    *newline = '\0';
    *line = peer->bytes + peer->start;
    peer->start = (size_t)(newline - peer->bytes) + 1;
    peer->scanned = peer->start;
    return true;
}

/* Whether it is the busy machine's fault that nothing comes: for half of a
 * moment the server, or this program, could have run and got no processor. */
static inline bool machine_is_busy(void)
{
    long before = machine_ms();
    long long since = net_now();
    net_sleep(BUSY_MS);
    return 2 * (machine_ms() - before) > net_now() - since;
}

/* Waits at most ms for the next line; on a busy machine up to three times as
 * long for what should come at once. */
static inline enum got peer_line(struct peer *peer, long long ms, char **line)
{
    long long end = moment(ms), last = ms == WAIT_MS ? moment(3LL * ms) : end;
    while (!peer_take(peer, line)) {
        if (peer->broken != 0)
            return GOT_RESET;
        if (peer->ended)
            return GOT_END;
        if (!wait_until(peer->sock, NET_READABLE, end) &&
            (net_now() >= last || !machine_is_busy()) &&
            !wait_until(peer->sock, NET_READABLE, 0))
            return GOT_NOTHING;
        (void)peer_receive(peer);
    }
    return GOT_LINE;
}

/* What came, for a verdict: a line, or what came instead of its end. */
static inline const char *got_text(const struct peer *peer, enum got got,
                                   const char *line, long long ms)
{
    enum { SHOWN = 3000 };
    size_t length = peer->end - peer->start;
    const char *what = "end-of-stream";
    if (got == GOT_LINE)
        return made("\"%.*s\"", SHOWN, line);
    if (got == GOT_RESET)
        what = "a reset: the connection broke";
    if (got == GOT_NOTHING && net_now() >= lab.end)
        what =
            made("too little: all of this took over %d s", PROGRAM_MS / 1000);
    else if (got == GOT_NOTHING)
        what = made("nothing within %.1f s", (double)ms / 1000);
    if (length == 0)
        return what;
    return made("\"%.*s\" without a \\n, then %s",
                length < SHOWN ? (int)length : SHOWN, peer->bytes + peer->start,
                what);
}

/* The next line is this one. */
static inline bool expect_line(struct peer *peer, const char *expected,
                               const char *cause)
{
    char *line = NULL;
    enum got got = peer_line(peer, WAIT_MS, &line);
    if (got == GOT_LINE && strcmp(line, expected) == 0)
        return true;
    return wrong(cause, made("\"%.3000s\"", expected), "%s",
                 got_text(peer, got, line, WAIT_MS));
}

static inline bool expect_greeting(struct peer *peer)
{
    return expect_line(peer, GREETING,
                       "the greeting is the first thing a client gets");
}

/* End-of-stream comes next. */
static inline bool expect_end(struct peer *peer, const char *cause)
{
    char *line = NULL;
    enum got got = peer_line(peer, WAIT_MS, &line);
    if (got == GOT_END && peer->start == peer->end)
        return true;
    return wrong(cause, "end-of-stream", "%s",
                 got_text(peer, got, line, WAIT_MS));
}

/* Nothing comes for so long. */
static inline bool expect_silence(struct peer *peer, long long ms,
                                  const char *cause)
{
    char *line = NULL;
    enum got got = peer_line(peer, ms, &line);
    if (got == GOT_NOTHING && peer->start == peer->end)
        return true;
    return wrong(cause, made("nothing for %.1f s", (double)ms / 1000), "%s",
                 got_text(peer, got, line, ms));
}

/* Sends all of it, as fast as the server takes it. */
static inline bool peer_send(struct peer *peer, const char *bytes, size_t size)
{
    long long end = moment(WAIT_MS);
    for (size_t done = 0; done < size;) {
        long sent = net_send(peer->sock, bytes + done, size - done);
        if (sent >= 0) {
            done += (size_t)sent;
            end = moment(WAIT_MS);
        } else if (!net_would_block(net_error())) {
            return wrong("the server closed the connection too early",
                         "all that a client sends is read", "send: %s",
                         net_error_text(net_error()).text);
        } else if (!wait_until(peer->sock, NET_WRITABLE, end)) {
            return wrong("the server does not read this client: it waits "
                         "for something else",
                         "all that a client sends is read",
                         "nothing read for %d s", WAIT_MS / 1000);
        }
    }
    return true;
}

static inline bool peer_say(struct peer *peer, const char *text)
{
    return peer_send(peer, text, strlen(text));
}

/* Connects and is greeted. */
static inline bool peer_join(struct peer *peer)
{
    return peer_open(peer) && expect_greeting(peer);
}

/* Bytes of a connection that the two kernels hold. */
struct queues {
    long to_here;   /* not yet confirmed there, or not yet read here; some
                       thousand may be both, and count twice */
    long to_server; /* likewise, the other way */
    long unread;    /* of those: the server has not read them yet */
};

/* Returns false where the system does not tell (all but Linux), or the table
 * has no such connection just now. */
static inline bool peer_queues(const struct peer *peer, struct queues *queues)
{
    struct net_name name = net_local_name(peer->sock);
    const char *colon = strrchr(name.text, ':');
    unsigned port = colon != NULL ? (unsigned)atoi(colon + 1) : 0;
    unsigned server = (unsigned)atoi(lab.at.port), from, to, unsent, unread;
    int found = 0;
    char row[512];
    FILE *file = fopen("/proc/net/tcp", "r");
    *queues = (struct queues){0};
    if (file == NULL)
        return false;
    while (fgets(row, sizeof row, file) != NULL) {
        if (sscanf(row, " %*d: %*x:%x %*x:%x %*x %x:%x", &from, &to, &unsent,
                   &unread) != 4)
            continue;
        bool there = from == server && to == port;
        if (!there && (from != port || to != server))
            continue;
        found++;
        queues->to_here += (long)(there ? unsent : unread);
        queues->to_server += (long)(there ? unread : unsent);
        queues->unread += there ? (long)unread : 0;
    }
    (void)fclose(file); /* only read */
    return found == 2;
}

/* Bytes from the server that the two kernels hold for a client, or -1. */
static inline long peer_held(const struct peer *peer)
{
    struct queues queues;
    return peer_queues(peer, &queues) ? queues.to_here : -1;
}

/* Waits a moment, and on a busy machine until the server has read all that was
 * sent: what comes next is a piece of its own. */
static inline void peer_apart(const struct peer *peer)
{
    static long long left = WAIT_MS; /* in all: it need not read any more */
    struct queues queues;
    long long since = net_now();
    do
        net_sleep(2);
    while (peer_queues(peer, &queues) && queues.to_server > 0 &&
           net_now() - since < left);
    left -= net_now() - since < 10 ? 0 : net_now() - since;
}

/* ---------------------------------------------------- the server's process */

/* The number behind a key of /proc/PID/status, or -1 where there is none. */
static inline long server_status(const char *key)
{
    char text[256];
    long value = -1;
    snprintf(text, sizeof text, "/proc/%ld/status", lab.pid);
    FILE *file = fopen(text, "r");
    if (file == NULL)
        return -1;
    while (fgets(text, sizeof text, file) != NULL)
        if (strncmp(text, key, strlen(key)) == 0)
            value = strtol(text + strlen(key), NULL, 10);
    (void)fclose(file); /* only read */
    return value;
}

/* Reads fields of /proc/PID/stat, counted from the state, which is 0: behind
 * the program's name, which may hold blanks. */
static inline bool process_fields(const char *pid, long *fields, int count)
{
    char text[1024];
    snprintf(text, sizeof text, "/proc/%.20s/stat", pid);
    FILE *file = fopen(text, "r");
    if (file == NULL)
        return false;
    size_t length = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file); /* only read */
    text[length] = '\0';
    char *at = strrchr(text, ')');
    if (at == NULL)
        return false;
    at += 3; /* ") S" */
    for (int i = 1; i < count; i++)
        fields[i] = strtol(at, &at, 10);
    return true;
}

/* Milliseconds of processor time so far, or -1. */
static inline long server_cpu(void)
{
    long fields[14] = {0};
    if (!process_fields(made("%ld", lab.pid), fields, 14))
        return -1;
    return (fields[11] + fields[12]) * TICK_MS; /* in programs, in the kernel */
}

/* Processes that the server has started: its children, and others of its
 * process group. */
static inline int server_children(void)
{
    int children = 0;
    DIR *processes = opendir("/proc");
    if (processes == NULL)
        return 0;
    for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
        long fields[4] = {0};
        if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name) &&
            strtol(entry->d_name, NULL, 10) != lab.pid &&
            process_fields(entry->d_name, fields, 4) &&
            (fields[1] == lab.pid || fields[2] == lab.pid))
            children++;
    }
    (void)closedir(processes); /* only read */
    return children;
}

static inline bool expect_no_children(void)
{
    int children = server_children();
    if (children == 0)
        return true;
    return wrong("the server forks: another model than this chapter's",
                 "one process", "%d more of them", children);
}

/* The server has this many threads, or the system does not tell. */
static inline bool expect_threads(long least, long most, const char *cause)
{
    long threads = server_status("Threads:");
    if (threads < 0 || (threads >= least && threads <= most))
        return expect_no_children();
    return wrong(cause,
                 least == most ? made("%ld thread%s", most, &"s"[most == 1])
                               : made("%ld to %ld threads", least, most),
                 "%ld thread%s", threads, &"s"[threads == 1]);
}

/* So long, in ns, a thread ran, and so long it could have run and got no
 * processor. */
struct turns {
    long long ran, waited;
};

/* Reads them from a schedstat file; both 0 where there is none. */
static inline struct turns read_turns(const char *path)
{
    struct turns turns = {0, 0};
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return turns;
    if (fscanf(file, "%lld %lld", &turns.ran, &turns.waited) != 2)
        turns = (struct turns){0, 0};
    (void)fclose(file); /* only read */
    return turns;
}

/* All of the server's threads so far, where the system tells (Linux). */
static inline struct turns server_turns(void)
{
    struct turns all = {0, 0};
    char path[80]; /* not made(): who waits may hold texts of that */
    snprintf(path, sizeof path, "/proc/%ld/task", lab.pid);
    DIR *threads = opendir(path);
    if (threads == NULL)
        return all;
    for (struct dirent *entry; (entry = readdir(threads)) != NULL;) {
        if (entry->d_name[0] == '.') /* ".." is the process: its first thread */
            continue;
        snprintf(path, sizeof path, "/proc/%ld/task/%.20s/schedstat", lab.pid,
                 entry->d_name);
        struct turns one = read_turns(path);
        all.ran += one.ran;
        all.waited += one.waited;
    }
    (void)closedir(threads); /* only read */
    return all;
}

/* Milliseconds so far for which the server or this program could have run and
 * got no processor: a delay that is the busy machine's fault. */
static inline long machine_ms(void)
{
    return (long)((server_turns().waited +
                   read_turns("/proc/self/schedstat").waited) /
                  1000000);
}

/* For a second nobody speaks, and the server sleeps: it uses no more than so
 * many percent of a processor. On a busy machine one that never sleeps uses
 * little, too; but all the time it uses one or waits for one, and it never
 * gives one away in order to sleep. */
static inline bool expect_idle(int percent, const char *cause)
{
    static const char gave[] = "voluntary_ctxt_switches:";
    struct turns before = server_turns();
    long cpu = server_cpu();
    long naps = server_status(gave);
    long long since = net_now();
    net_sleep(IDLE_MS);
    long long passed = net_now() - since;
    struct turns after = server_turns();
    long used = server_cpu() - cpu;
    long ran = (long)((after.ran - before.ran) / 1000000);
    long waited = (long)((after.waited - before.waited) / 1000000);
    if (ran > used) /* short turns fall between the ticks of server_cpu */
        used = ran;
    naps = server_status(gave) - naps;
    if (cpu < 0 || used <= 2L * TICK_MS)
        return true;
    bool awake =
        naps < FEW_NAPS && (used + waited) * 100 > passed * AWAKE_PERCENT;
    if (used * 100 <= passed * percent && !awake)
        return true;
    return wrong(cause, made("at most %d %% of a processor", percent),
                 "%ld ms of processor time in %lld ms, and %ld ms of waiting "
                 "for a processor",
                 used, passed, waited);
}

/* How many lines of the server's log contain the text. */
static inline int log_count(const char *text)
{
    static char line[CHUNK];
    int count = 0;
    FILE *file = fopen(lab.log, "r");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        count += strstr(line, text) != NULL;
    (void)fclose(file); /* only read */
    return count;
}

/* So many lines of the log contain the text, now or soon. */
static inline bool expect_log(int times, const char *text, const char *cause)
{
    long long end = moment(WAIT_MS);
    int count;
    while ((count = log_count(text)) < times && net_now() < end)
        net_sleep(20);
    if (count == times)
        return true;
    return wrong(
        cause,
        made("%d line%s of the log with \"%s\"", times, &"s"[times == 1], text),
        "%d such line%s", count, &"s"[count == 1]);
}

/* The only client so far is lost, for the reason that send or recv gives for
 * one that has gone. */
static inline bool expect_gone(const char *cause)
{
    if (!expect_log(1, " lost: ", cause))
        return false;
    int reset = log_count(made(" lost: %s\n", net_error_text(ECONNRESET).text));
    int pipe = log_count(made(" lost: %s\n", net_error_text(EPIPE).text));
    if (reset + pipe == 1)
        return true;
    return wrong(cause,
                 made("lost: %s, or %s", net_error_text(ECONNRESET).text,
                      net_error_text(EPIPE).text),
                 "lost for another reason");
}

/* -------------------------------------------------- one thread, and asleep */

/* Nanoseconds that other threads than the server's first have run, also those
 * that have ended; 0 where the system does not tell. To be asked of a server
 * that sleeps: of one that runs its clocks are a little apart. */
static inline long long server_others(void)
{
#ifdef __linux__
    clockid_t clock;
    struct timespec all;
    if (clock_getcpuclockid((pid_t)lab.pid, &clock) != 0 ||
        clock_gettime(clock, &all) != 0)
        return 0;
    struct turns first = read_turns(made("/proc/%ld/schedstat", lab.pid));
    if (first.ran > 0)
        return all.tv_sec * 1000000000LL + all.tv_nsec - first.ran;
#endif
    return 0;
}

/* The server is one thread and has never been anything else: a thread or a
 * child that has ended has left its processor time or its page faults. */
static inline bool expect_alone(const char *cause)
{
    enum {
        TRIES = 10,
        CHILDREN_FAULTS = 8
    }; /* the latter: as process_fields
          counts */
    long fields[CHILDREN_FAULTS + 1] = {0};
    if (!expect_threads(1, 1, cause))
        return false;
    int tries = 0;
    while (server_others() > 0 && tries++ < TRIES)
        net_sleep(20);
    if (tries > TRIES)
        return wrong(cause, "one thread from beginning to end",
                     "another thread has run, too, and has ended");
    if (process_fields(made("%ld", lab.pid), fields, CHILDREN_FAULTS + 1) &&
        fields[CHILDREN_FAULTS] > 0)
        return wrong("the server forks: another model than this chapter's",
                     "one process", "a child that has ended");
    return true;
}

/* How often the server has gone to sleep, and how long it has run: all of it
 * so far. */
struct rest {
    long sleeps;
    long long ran;
};

static inline struct rest rest_now(void)
{
    struct rest rest = {server_status("voluntary_ctxt_switches:"),
                        server_turns().ran};
    return rest;
}

/* Since then the server has not woken up more often than this, and has not run
 * longer. On a busy machine, too: who sleeps does not run. */
static inline bool expect_rest(struct rest since, long wake_ups, long ms,
                               const char *cause)
{
    struct rest now = rest_now();
    long woken = now.sleeps - since.sleeps;
    long ran = (long)((now.ran - since.ran) / 1000000);
    if (woken <= wake_ups && ran <= ms)
        return true;
    return wrong(cause,
                 made("%ld times awake at most, and %ld ms of processor time",
                      wake_ups, ms),
                 "%ld times awake, %ld ms of processor time", woken, ran);
}

/* ------------------------------------------------------------------- main */

struct check {
    const char *name;
    bool (*play)(void);
};

static inline int lab_main(int argc, char **argv, const struct check *checks,
                           size_t count)
{
    for (size_t i = 0; argc == 6 && i < count; i++) {
        if (strcmp(checks[i].name, argv[1]) != 0)
            continue;
        lab.at.address = "127.0.0.1";
        lab.at.port = argv[2];
        lab.pid = strtol(argv[3], NULL, 10);
        lab.log = argv[4];
        /* Never 0, from which xorshift would not move. */
        lab.random = strtoull(argv[5], NULL, 10) * 2654435761u + 88172645463325;
        for (int warm = 0; warm < 16; warm++)
            (void)draw();
        if (net_start() != 0)
            return 2;
        lab.end = net_now() + PROGRAM_MS;
        lab.machine = machine_ms();
        bool good = checks[i].play();
        return fflush(stdout) == 0 && good ? 0 : 1;
    }
    fprintf(stderr, "usage: check NAME PORT PID LOG SEED\nnames:");
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, " %s", checks[i].name);
    fputc('\n', stderr);
    return 2;
}

#endif
