/* crowd.c - plays many clients at once against a running server, and shows
 * what each of them lived through.
 *
 * The idea: one thread, all sockets non-blocking, one poll() over all of them:
 * what chapter 05 does for a server, done for its clients. Each byte that
 * comes is compared with the one that has to come, and each event is dated.
 *
 * Try it:  make, start a server, then  tests/crowd/crowd 65432
 *          tests/crowd/crowd --help
 *
 * It starts no servers and looks into none: tests/crowd/demo.sh and
 * tests/bench/bench.sh do, with this program as their clients.
 *
 * See also: poll(2).
 */
#include "../lib/net_more.h"

#include "../../common/args.h"
#include "../../common/connect.h"
#include "../../common/talk.h"

#include <limits.h>

enum {
    MOST_CLIENTS = 20000, /* one address has about 28000 ports for them */
    ARRIVALS = 64,        /* in a row, then the others are looked after */
    CHUNK = 16384,        /* bytes received at a time */
    LENGTH = 32,          /* of a line, unless --say has them */
    SHOWN = 40,           /* rows of a timeline */
    MARKS = 512,          /* changes remembered for a row; later ones are not */
    COLUMNS = 48,         /* of a row's bar: 80 with what stands around it */
    COMPLAINTS = 10,      /* written out; the rest is counted */
    EXCERPT = 48,         /* bytes of a wrong answer that are shown */
    FILE_SIZE = 65536,    /* of --say and --answers */
    FILE_LINES = 1000,
    PROGRESS_US = 200000,
    TICK_MS = 100, /* a look at the clock, and at all connects */
};

#define NEVER LLONG_MAX

static const long long MS = 1000; /* times are given in ms, kept in us */

/* What the five chapters ask of a client. */
enum rules { FIRST_COME = 1, ONE_LINE, ALL_AT_ONCE };

static struct {
    long long clients, think, apart, lines, silent, stay, talk, limit;
    long long late, scale, rules;
    const char *say, *answers, *title, *rows, *totals, *colour;
    bool quiet, bare;
    struct net_endpoint at;
} options = {.clients = 3,
             .lines = 1,
             .limit = 30000000,
             .late = 2000000,
             .rules = 3,
             .colour = "auto"};

enum phase {
    ABSENT,     /* has not come yet */
    CONNECTING, /* until the kernel says yes */
    WAITING,    /* connected, for the greeting */
    THINKING,   /* greeted, will speak when it is due */
    ASKING,     /* has spoken, until it is answered */
    LEAVING,    /* half-closed, until the server closes */
    GONE,
};

/* What a timeline shows, the later the stronger: of two that fall into the
 * same column, the stronger one is seen. */
enum look { NOTHING, WAITS, THINKS, SERVED, REFUSED, WRONG };

enum outcome { UNDECIDED, DONE, TURNED_AWAY, FAILED };

/* Moments are microseconds since the start; NEVER: it has not happened. */
struct client {
    struct net_connecting connecting;
    net_socket socket;
    enum phase phase;
    enum outcome outcome;
    bool refusing;    /* what comes is not the greeting, but a refusal */
    long long number; /* from 0 */
    long long said;   /* lines */
    size_t sent;      /* bytes of the last of them, its \n too */
    bool spoken;      /* all of it is sent */
    long long answered;
    size_t matched; /* bytes of what is expected that have come */
    long long due;  /* THINKING: when it speaks, or leaves */
    long long came, asked, greeted, ended;
    unsigned port; /* its own */
};

static struct client *clients;
static struct pollfd *list; /* what poll is to watch, and whose it is */
static struct client **owner;

static struct {
    long long gone, greeted, served, refused, faults, answers;
    long long talkers;      /* not silent, and not gone */
    long long talk_since;   /* --for: when the first line was said */
    long long all_greeted;  /* when the last one was */
    long long last_served;  /* and when the last one was served */
    long long next_arrival; /* the number of the client that comes next */
} tally = {.talk_since = NEVER, .all_greeted = NEVER};

static struct {
    long long at;
    enum look look;
} marks[SHOWN][MARKS];
static int marked[SHOWN];

static long long started;

/* Microseconds since the start. */
static long long moment(void)
{
    return net_micros() - started;
}

/* From here on the client's row looks like this. */
static void mark(const struct client *c, enum look look, long long at)
{
    int *count = c->number < SHOWN ? &marked[c->number] : NULL;
    if (count == NULL || *count == MARKS)
        return;
    marks[c->number][*count].at = at;
    marks[c->number][(*count)++].look = look;
}

/* ------------------------------------------------------------- complaints */

static void clear_progress(void);

static void complain(const char *format, ...)
{
    va_list arguments;
    clear_progress();
    (void)fprintf(stderr, "crowd: ");
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

/* The client is done, well or not. */
static void gone(struct client *c, enum outcome outcome)
{
    c->ended = moment();
    mark(c, NOTHING, c->ended);
    if (c->socket != NET_BAD)
        (void)net_close(c->socket); /* nothing more can go wrong with it */
    c->socket = NET_BAD;
    c->phase = GONE;
    c->outcome = outcome;
    tally.gone++;
    tally.talkers -= c->number >= options.silent;
}

/* Something went wrong: says what, ends the client. */
static void fault(struct client *c, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (tally.faults < COMPLAINTS)
        complain("client %.0f: %s", (double)c->number + 1, text);
    else if (tally.faults == COMPLAINTS)
        complain("and more of this kind");
    tally.faults++;
    if (c->phase != GONE) {
        mark(c, WRONG, moment());
        gone(c, FAILED);
    }
}

/* ----------------------------------------------------- what has to be said */

/* The lines of a file. */
struct script {
    size_t count;
    struct line lines[FILE_LINES];
    char bytes[FILE_SIZE];
};

static struct script to_say, to_hear;

/* Reads a file of lines. Returns false, and says why, if it cannot. */
static bool read_script(struct script *script, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        complain("cannot read %s", path);
        return false;
    }
    size_t size = fread(script->bytes, 1, FILE_SIZE, file);
    bool whole = size < FILE_SIZE && !ferror(file);
    (void)fclose(file); /* it was only read */
    const char *at = script->bytes, *end = script->bytes + size;
    while (at < end && script->count < FILE_LINES) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop != NULL ? stop : end) - at);
        whole = whole && length <= LINE_LIMIT;
        script->lines[script->count++] = (struct line){at, length};
        at += length + 1;
    }
    if (whole && at >= end && script->count > 0)
        return true;
    complain("%s: not 1 to %d lines, or too long", path, FILE_LINES);
    return false;
}

/* The line that a client says next, or has said: its own, so that nobody else's
 * answer can pass for the one to it. */
static struct line line_of(const struct client *c, long long n)
{
    static char text[LENGTH + 1];
    if (to_say.count > 0)
        return to_say
            .lines[(size_t)(c->number + n * options.clients) % to_say.count];
    int used = snprintf(text, sizeof text, "client %ld, line %ld ",
                        (long)c->number + 1, (long)n + 1);
    size_t from = used > 0 && used < LENGTH ? (size_t)used : 0;
    size_t letter = (size_t)(c->number * 7 + n * 3);
    for (size_t i = from; i < LENGTH; i++)
        text[i] = (char)('a' + (letter + i) % 26);
    return (struct line){text, LENGTH};
}

/* What the server has to send next, to the byte. Nothing: no bytes. An
 * operator's line that nobody knows: NULL, and no bytes. */
static struct line expected(const struct client *c)
{
    static char text[ANSWER_LIMIT + 1];
    static const char full[] = "error: " SERVER_FULL "\n";
    if (c->greeted == NEVER && c->refusing)
        return (struct line){full, sizeof full - 1};
    if (c->greeted == NEVER)
        return (struct line){GREETING, sizeof GREETING - 1};
    if (c->answered == c->said || options.rules == ONE_LINE)
        return (struct line){text, 0};
    if (options.rules == FIRST_COME && to_hear.count == 0)
        return (struct line){NULL, 0};
    struct line line = options.rules == FIRST_COME
                           ? to_hear.lines[(size_t)c->answered % to_hear.count]
                           : line_of(c, c->answered);
    size_t start = options.rules == FIRST_COME ? 0 : sizeof ANSWER - 1;
    memcpy(text, ANSWER, start); /* no NUL: a line's length is known */
    memcpy(text + start, line.bytes, line.length);
    text[start + line.length] = '\n';
    return (struct line){text, start + line.length + 1};
}

/* A part of a line that is safe to print; its line end is left out. */
static const char *excerpt(char *shown, struct line line, size_t from)
{
    line.bytes += from;
    line.length -= from;
    if (line.length > 0 && line.bytes[line.length - 1] == '\n')
        line.length--;
    bool cut = line.length > EXCERPT;
    line.length = cut ? EXCERPT : line.length;
    line_show(line, shown, 4 * EXCERPT + 1);
    if (cut)
        memcpy(shown + strlen(shown), "...", sizeof "...");
    return shown;
}

/* The server has sent something else. */
static void wrong(struct client *c, struct line wanted, struct line rest)
{
    char expect[4 * EXCERPT + 4], saw[4 * EXCERPT + 4];
    static char seen[ANSWER_LIMIT + 1 + CHUNK];
    const char *stop = memchr(rest.bytes, '\n', rest.length);
    if (stop != NULL)
        rest.length = (size_t)(stop - rest.bytes) + 1;
    size_t length = c->matched + rest.length;
    memcpy(seen, wanted.bytes, c->matched);
    memcpy(seen + c->matched, rest.bytes, rest.length);
    size_t same = 0;
    while (same < length && same < wanted.length &&
           seen[same] == wanted.bytes[same])
        same++;
    size_t from = same > EXCERPT / 2 ? same - EXCERPT / 2 : 0;
    char what[64] = "the greeting";
    if (c->greeted != NEVER)
        (void)snprintf(what, sizeof what, "the answer to line %.0f",
                       (double)c->answered + 1);
    (void)excerpt(expect, wanted, from);
    (void)excerpt(saw, (struct line){seen, length}, from);
    fault(c, "%s is wrong at byte %d: expected \"%s%s\", seen \"%s%s\"", what,
          (int)same + 1, from > 0 ? "..." : "", expect, from > 0 ? "..." : "",
          saw);
}

/* --------------------------------------------------------- round-trip times */

/* A count for each duration: to the microsecond below FINE, then to 1/512. */
enum { FINE = 1024, HALF = FINE / 2, DOUBLINGS = 20 };
static unsigned long times[FINE + DOUBLINGS * HALF];
static long long timed, longest;

static void count_time(long long us)
{
    size_t value = us < 0 ? 0 : (size_t)us, base = 0;
    while (value >= FINE && base < (size_t)HALF * (DOUBLINGS - 1)) {
        value /= 2;
        base += HALF;
    }
    times[base + (value < FINE ? value : FINE - 1)]++;
    timed++;
    longest = us > longest ? us : longest;
}

/* The duration, in milliseconds, that so many percent did not exceed. */
static double time_of(double percent)
{
    double seen = 0, wanted = (double)timed * percent / 100;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        seen += (double)times[i];
        if (times[i] == 0 || seen < wanted)
            continue;
        size_t doublings = i < FINE ? 0 : i / HALF - 1;
        return (double)((i - doublings * HALF) << doublings) / 1000;
    }
    return 0;
}

/* ------------------------------------------------------- what a client does */

static void arrive(struct client *c, long long number)
{
    memset(c, 0, sizeof *c);
    c->number = number;
    c->socket = NET_BAD;
    c->phase = CONNECTING;
    c->asked = c->greeted = c->ended = NEVER;
    c->came = moment();
    mark(c, WAITS, c->came);
    struct net_reason why;
    if (net_connect_start(&c->connecting, &options.at, &why) != 0)
        fault(c, "%s", why.text);
}

/* Looks whether the connection has come about. */
static void connecting(struct client *c)
{
    struct net_reason why;
    int done = net_connect_poll(&c->connecting, &why);
    if (done == 0)
        return;
    if (done < 0) {
        why.text[strcspn(why.text, "\n")] = '\0'; /* without the hint */
        fault(c, "%s", why.text);
        return;
    }
    c->socket = c->connecting.socket;
    c->phase = WAITING;
    if (c->number >= SHOWN)
        return;
    struct net_name name = net_local_name(c->socket);
    const char *port = strrchr(name.text, ':');
    c->port = port != NULL ? (unsigned)strtoul(port + 1, NULL, 10) : 0;
}

/* The connection has failed, or ended though it should not have. */
static void lost(struct client *c, int code)
{
    char how[256] = "closed the connection";
    if (code != 0)
        (void)snprintf(how, sizeof how, "is gone: %.200s",
                       net_error_text(code).text);
    /* 01 serves one client; whoever waits longer than that is reset. */
    bool usual = options.rules == FIRST_COME && tally.greeted > 0;
    if (c->phase == WAITING && c->matched == 0 && usual) {
        mark(c, REFUSED, moment());
        gone(c, TURNED_AWAY);
        tally.refused++;
    } else if (c->phase == WAITING) {
        fault(c, "not greeted: the server %s", how);
    } else if (c->phase == ASKING) {
        fault(c, "no answer to line %.0f: the server %s",
              (double)c->answered + 1, how);
    } else {
        fault(c, "the server %s, unasked", how);
    }
}

/* Says good-bye and waits for the server to do the same. */
static void leave(struct client *c)
{
    c->phase = LEAVING;
    mark(c, NOTHING, moment());
    if (shutdown(c->socket, NET_SHUT_WRITE) != 0)
        lost(c, net_error());
}

/* Hands as much of the line to the kernel as it takes now. */
static void speak(struct client *c)
{
    char text[LINE_LIMIT + 1];
    struct line line = line_of(c, c->said - 1);
    memcpy(text, line.bytes, line.length);
    text[line.length++] = '\n';
    while (c->sent < line.length) {
        long sent = net_send(c->socket, text + c->sent, line.length - c->sent);
        if (sent < 0) {
            if (!net_would_block(net_error()))
                lost(c, net_error());
            return;
        }
        c->sent += (size_t)sent;
    }
    c->spoken = true;
}

/* The next line is due, if there is one: says it, or leaves. */
static void go_on(struct client *c, long long at)
{
    bool silent = c->number < options.silent;
    bool more = options.talk == 0 ? c->said < options.lines
                                  : at - tally.talk_since < options.talk;
    if (silent || !more) {
        leave(c);
        return;
    }
    c->phase = ASKING;
    c->said++;
    c->sent = 0;
    c->spoken = false;
    c->asked = at;
    mark(c, SERVED, at);
    speak(c);
}

/* Thinks before it speaks; where that takes no time, it speaks. */
static void think(struct client *c, long long at)
{
    static const int apart[] = {0, -1, 1};
    c->phase = THINKING;
    if (c->number < options.silent)
        c->due = options.stay > 0 ? at + options.stay : NEVER;
    else if (options.talk > 0 && tally.talk_since == NEVER)
        c->due = NEVER; /* they all begin together */
    else
        c->due = at + options.think + apart[c->number % 3] * options.apart;
    if (c->due > at)
        mark(c, THINKS, at);
    if (at >= c->due)
        go_on(c, at);
}

/* All that was to be said has come back, or 02 has heard its one line. */
static void served(struct client *c, long long at)
{
    tally.served++;
    tally.last_served = at;
    mark(c, NOTHING, at);
    bool again = options.rules == ONE_LINE && options.talk > 0 &&
                 at - tally.talk_since < options.talk;
    if (options.rules != ONE_LINE) {
        leave(c);
        return;
    }
    gone(c, DONE);
    if (!again)
        return;
    tally.gone--;
    tally.talkers++;
    arrive(c, c->number);
    if (c->phase == CONNECTING)
        connecting(c);
}

static void answered(struct client *c, long long at)
{
    long long took = at - c->asked;
    c->answered++;
    if (options.talk == 0 || at - tally.talk_since < options.talk)
        tally.answers++;
    count_time(took);
    if (options.late > 0 && took > options.late)
        fault(c, "the answer to line %.0f is late: it took %.0f ms",
              (double)c->answered, (double)took / 1000);
    else if (options.talk == 0 ? c->answered == options.lines
                               : at - tally.talk_since >= options.talk)
        served(c, at);
    else
        think(c, at);
}

static void greeted(struct client *c, long long at)
{
    c->greeted = at;
    tally.greeted++;
    if (tally.greeted == options.clients)
        tally.all_greeted = at;
    think(c, at);
}

/* One thing that was expected has come whole. */
static void got_whole(struct client *c, long long at)
{
    c->matched = 0;
    if (c->greeted != NEVER) {
        answered(c, at);
    } else if (!c->refusing) {
        greeted(c, at);
    } else {
        mark(c, REFUSED, at);
        tally.refused++;
        gone(c, TURNED_AWAY);
    }
}

/* Compares what has come with what had to come. */
static void take(struct client *c, const char *bytes, size_t size)
{
    long long at = moment();
    while (size > 0 && c->phase != GONE) {
        if (c->greeted == NEVER && c->matched == 0)
            c->refusing = bytes[0] == 'e'; /* the greeting begins with a C */
        struct line want = expected(c);
        size_t n = want.length - c->matched;
        n = n < size ? n : size;
        if (want.bytes == NULL) { /* the operator typed it: any line */
            const char *stop = memchr(bytes, '\n', size);
            n = stop != NULL ? (size_t)(stop - bytes) + 1 : size;
            if (stop != NULL)
                got_whole(c, at);
        } else if (want.length == 0) {
            char shown[4 * EXCERPT + 4];
            fault(c, "nothing more was expected, seen \"%s\"",
                  excerpt(shown, (struct line){bytes, size}, 0));
        } else if (memcmp(bytes, want.bytes + c->matched, n) != 0) {
            wrong(c, want, (struct line){bytes, size});
        } else {
            c->matched += n;
            if (c->matched == want.length)
                got_whole(c, at);
        }
        bytes += n;
        size -= n;
    }
}

/* Receives what there is. */
static void hear(struct client *c)
{
    static char bytes[CHUNK];
    long got = net_recv(c->socket, bytes, sizeof bytes);
    int code = got < 0 ? net_error() : 0;
    if (got > 0) {
        take(c, bytes, (size_t)got);
    } else if (got < 0 && net_would_block(code)) {
        return;
    } else if (got == 0 && c->phase == LEAVING) {
        gone(c, DONE);
    } else if (got == 0 && c->phase == ASKING && options.rules == ONE_LINE &&
               c->spoken) {
        long long at = moment();
        count_time(at - c->came);
        served(c, at);
    } else {
        lost(c, code);
    }
}

/* ------------------------------------------------------------------ the play
 */

/* A line on how far it has come, for a person who waits. */
static bool progress_shown;

static void show_progress(void)
{
    static long long next = PROGRESS_US;
    if (options.quiet || !net_output_is_terminal() || moment() < next)
        return;
    next = moment() + PROGRESS_US;
    progress_shown = true;
    (void)printf("\r%5.1f s: %.0f here, %.0f served, %.0f answers ",
                 (double)moment() / 1e6,
                 (double)(tally.next_arrival - tally.gone),
                 (double)tally.served, (double)tally.answers);
    (void)fflush(stdout); /* only for show */
}

static void clear_progress(void)
{
    if (progress_shown)
        (void)printf("\r%60s\r", "");
    (void)fflush(stdout); /* only for show */
    progress_shown = false;
}

/* Does for a client what is due, and says what poll is to watch for it. */
static short attend(struct client *c, long long at)
{
    if (c->phase == THINKING && at >= c->due)
        go_on(c, at);
    /* The silent ones leave with the last of the others. */
    if (c->phase == THINKING && c->number < options.silent &&
        options.stay == 0 && tally.talkers == 0)
        leave(c);
    if (c->phase == CONNECTING)
        return POLLOUT;
    if (c->phase == ASKING && !c->spoken)
        return POLLIN | POLLOUT;
    return c->phase == GONE ? 0 : POLLIN;
}

/* The next ones come, at most so many that those who are here are not kept
 * waiting. */
static void let_in(void)
{
    for (int n = 0; n < ARRIVALS && tally.next_arrival < options.clients; n++) {
        struct client *c = &clients[tally.next_arrival];
        arrive(c, tally.next_arrival++);
        if (c->phase == CONNECTING)
            connecting(c);
    }
}

/* Fills the list. Returns its length, and in *ms how long poll may wait. */
static size_t gather(int *ms)
{
    size_t count = 0;
    long long at = moment(), wake = at + TICK_MS * MS;
    if (options.talk > 0 && tally.talk_since == NEVER &&
        (options.rules == ONE_LINE ||
         tally.greeted + tally.gone >= options.clients)) {
        tally.talk_since = at;
        for (long long i = 0; i < tally.next_arrival; i++)
            if (i >= options.silent)
                clients[i].due = at;
    }
    let_in();
    if (tally.next_arrival < options.clients)
        wake = at; /* the next ones wait to come */
    for (long long i = 0; i < tally.next_arrival; i++) {
        struct client *c = &clients[i];
        short events = attend(c, at);
        if (c->phase == THINKING && c->due < wake)
            wake = c->due;
        if (events == 0)
            continue;
        list[count].fd =
            c->phase == CONNECTING ? c->connecting.socket : c->socket;
        list[count].events = events;
        owner[count++] = c;
    }
    *ms = wake > at ? (int)((wake - at + 999) / 1000) : 0;
    return count;
}

/* Does what poll has found out about a client. Before Windows 10 2004 it never
 * tells of a refused connect, however many others it has something to say of:
 * now and then the caller has `look` set, and the connect itself is asked. */
static void look_after(struct client *c, short events, bool look)
{
    if (c->phase == CONNECTING) {
        if (look || events != 0)
            connecting(c);
        return;
    }
    if ((events & POLLOUT) != 0 && c->phase == ASKING)
        speak(c);
    if ((events & ~POLLOUT) != 0 && c->phase != GONE)
        hear(c);
}

/* Plays until all are gone, or the time is up. Returns false if it cannot. */
static bool play(void)
{
    int ms;
    long long look = 0; /* at all connects, whatever poll says */
    while (tally.gone < options.clients && moment() < options.limit) {
        size_t count = gather(&ms);
        int ready = net_poll(list, count, ms);
        if (ready < 0) {
            complain("poll: %s", net_error_text(net_error()).text);
            return false;
        }
        bool all = moment() >= look;
        if (all)
            look = moment() + TICK_MS * MS;
        for (size_t i = 0; i < count; i++)
            look_after(owner[i], list[i].revents, all);
        show_progress();
    }
    clear_progress();
    return true;
}

/* The time is up: whoever is still here got less than was due. */
static void judge(void)
{
    for (long long i = 0; i < tally.next_arrival; i++) {
        struct client *c = &clients[i];
        bool usual = options.rules == FIRST_COME && tally.greeted > 0;
        double s = (double)options.limit / 1e6;
        if (c->phase == CONNECTING)
            fault(c, "not connected within %.1f s", s);
        else if (c->phase == WAITING && !(usual && c->matched == 0))
            fault(c, "no greeting within %.1f s", s);
        else if (c->phase == ASKING && options.rules != ONE_LINE)
            fault(c, "no answer to line %.0f within %.1f s",
                  (double)c->answered + 1, s);
        else if (c->phase == LEAVING || c->phase == ASKING)
            fault(c, "no end-of-stream within %.1f s", s);
        else if (c->phase == THINKING && i >= options.silent)
            fault(c, "was still thinking after %.1f s", s);
    }
    if (tally.next_arrival < options.clients)
        complain("time is up: %.0f clients have not come",
                 (double)(options.clients - tally.next_arrival));
}

/* ------------------------------------------------------- what is to be seen */

static const struct {
    const char *name;
    char letter;
    const char *colour; /* an escape sequence's number */
} looks[] = {
    [NOTHING] = {"", ' ', "0"},         [WAITS] = {"waiting", '.', "33"},
    [THINKS] = {"thinking", '-', "36"}, [SERVED] = {"served", '#', "32"},
    [REFUSED] = {"refused", 'x', "31"}, [WRONG] = {"wrong", '!', "31"},
};

static long long whole; /* what a bar's width stands for */

/* Where a moment falls on a bar of this width. */
static int place(long long at, int width)
{
    return whole > 0 ? (int)(at * width / whole) : 0;
}

static int rows(void)
{
    return options.clients < SHOWN ? (int)options.clients : SHOWN;
}

/* How it ended for a client. */
static const char *ending(const struct client *c, int decimals)
{
    static char text[32];
    const char *how = c->outcome == FAILED ? "failed" : "done";
    if (c->outcome == UNDECIDED || c->phase == ABSENT ||
        (c->outcome == TURNED_AWAY && !c->refusing))
        return "never served";
    if (c->outcome == TURNED_AWAY)
        return "refused";
    if (c->outcome == DONE && c->number < options.silent)
        return "silent";
    (void)snprintf(text, sizeof text, "%s at %.*f s", how, decimals,
                   (double)c->ended / 1e6);
    return text;
}

/* The end of one of a row's stretches, and of the last one. */
static long long until(int row, int i)
{
    return i + 1 < marked[row] ? marks[row][i + 1].at : whole;
}

/* What is seen of a row in one column: the strongest of what was then. */
static enum look look_at(int row, int column)
{
    long long from = whole * column / COLUMNS;
    long long to = whole * (column + 1) / COLUMNS;
    enum look seen = NOTHING;
    for (int i = 0; i < marked[row]; i++)
        if (marks[row][i].at < to &&
            (until(row, i) > from || marks[row][i].at >= from) &&
            marks[row][i].look > seen)
            seen = marks[row][i].look;
    return seen;
}

/* A round number of microseconds, so that there are four to eight of them. */
static long long tick(void)
{
    long long step = 1;
    for (int i = 0; whole / step > 8; i++)
        step = i % 3 == 1 ? step / 2 * 5 : step * 2;
    return step;
}

/* A moment as the scale shows it. */
static const char *label(long long at)
{
    static char text[32];
    bool seconds = whole >= 200 * MS;
    (void)snprintf(text, sizeof text, "%g %s",
                   (double)at / (seconds ? 1e6 : 1e3), seconds ? "s" : "ms");
    return text;
}

static void paint(enum look look, bool colour)
{
    if (colour)
        (void)printf("\033[%sm", looks[look].colour);
}

static void print_legend(bool colour)
{
    int at = 0;
    (void)printf("  %10s", "");
    for (long long t = 0; t <= whole; t += tick()) {
        int column = place(t, COLUMNS);
        const char *text = label(t);
        int blanks = at < column ? column - at : 0;
        /* Counted here: where printf fails, it does not say how much it was. */
        (void)printf("%*s%s", blanks, "", text);
        at += blanks + (int)strlen(text);
    }
    (void)printf("\n  %10s", "");
    for (int look = WAITS; look <= WRONG; look++) {
        if (look == WRONG && tally.faults == 0)
            continue;
        paint((enum look)look, colour);
        (void)printf("%c %s", looks[look].letter, looks[look].name);
        paint(NOTHING, colour);
        (void)printf("   ");
    }
    (void)printf("\n");
}

/* A row per client. */
static void print_timeline(bool colour)
{
    if (options.title != NULL)
        (void)printf("%s\n", options.title);
    for (int row = 0; row < rows(); row++) {
        enum look now = NOTHING;
        char name[24];
        (void)snprintf(name, sizeof name, "client %d", row + 1);
        (void)printf("  %-10s", name);
        for (int column = 0; column < COLUMNS; column++) {
            enum look next = look_at(row, column);
            if (next != now)
                paint(next, colour);
            (void)putchar(looks[next].letter);
            now = next;
        }
        if (now != NOTHING)
            paint(NOTHING, colour);
        (void)printf(" %s\n", ending(&clients[row], 2));
    }
    if (options.clients > SHOWN)
        (void)printf("  and %.0f more\n", (double)(options.clients - SHOWN));
    if (!options.bare)
        print_legend(colour);
}

static void print_summary(void)
{
    (void)printf("%.0f of %.0f served", (double)tally.served,
                 (double)options.clients);
    if (tally.served > 0)
        (void)printf(" within %.2f s", (double)tally.last_served / 1e6);
    if (tally.refused > 0)
        (void)printf(", %.0f turned away", (double)tally.refused);
    if (options.rules != ONE_LINE)
        (void)printf(", %.0f answers", (double)tally.answers);
    (void)printf(", %.0f faults\n", (double)tally.faults);
    if (timed > 0)
        (void)printf("%s: half within %.3f ms, 99 %% within %.3f ms\n",
                     options.rules == ONE_LINE ? "connect to close"
                                               : "line to answer",
                     time_of(50), time_of(99));
}

/* ------------------------------------------------------------- as files */

/* For scripts: a name and a number a line. */
static void write_totals(FILE *file)
{
    double seconds = (double)tally.last_served / 1e6;
    double done = (double)tally.answers;
    if (options.talk > 0)
        seconds = (double)options.talk / 1e6;
    if (options.rules == ONE_LINE)
        done = (double)timed;
    (void)fprintf(file,
                  "clients %.0f\nserved %.0f\nrefused %.0f\nfaults %.0f\n",
                  (double)options.clients, (double)tally.served,
                  (double)tally.refused, (double)tally.faults);
    if (tally.all_greeted != NEVER)
        (void)fprintf(file, "all_greeted_ms %.3f\n",
                      (double)tally.all_greeted / 1000);
    (void)fprintf(file, "last_served_ms %.3f\n",
                  (double)tally.last_served / 1000);
    (void)fprintf(file, "answers %.0f\n", (double)tally.answers);
    (void)fprintf(file, "done %ld\n", (long)timed);
    (void)fprintf(file, "cpu_ms %.1f\n",
                  (double)clock() * 1000 / CLOCKS_PER_SEC);
    if (seconds > 0)
        (void)fprintf(file, "rate %.1f\n", done / seconds);
    (void)fprintf(file, "p50_us %.0f\np99_us %.0f\nmax_us %.0f\n",
                  time_of(50) * 1000, time_of(99) * 1000, (double)longest);
}

/* The rows, for pictures: tests/watch/timeline.c reads them, and what a server
 * did meanwhile. Their moments count from the start, which is told by the
 * clock. */
static void write_rows(FILE *file)
{
    (void)fprintf(file, "start %.0f\nwhole %.0f\ntitle %s\n", (double)started,
                  (double)whole,
                  options.title != NULL ? options.title : "A crowd");
    for (int row = 0; row < rows(); row++) {
        (void)fprintf(file, "client %d %u %s\n", row, clients[row].port,
                      ending(&clients[row], 1));
        for (int i = 0; i < marked[row]; i++)
            (void)fprintf(file, "mark %d %.0f %d\n", row,
                          (double)marks[row][i].at, (int)marks[row][i].look);
    }
}

/* Writes one of these to a file, or to standard output for "-". Returns false,
 * and says so, if it did not get there. */
static bool write_file(const char *path, void (*write)(FILE *))
{
    if (path == NULL)
        return true;
    bool here = strcmp(path, "-") == 0;
    FILE *file = here ? stdout : fopen(path, "wb");
    if (file != NULL)
        write(file);
    bool good = file != NULL && fflush(file) == 0 && !ferror(file);
    if (!here && file != NULL)
        good = fclose(file) == 0 && good;
    if (!good)
        complain("cannot write %s", path);
    return good;
}

/* ------------------------------------------------------------- the command */

static const struct option {
    const char *name, *value, *help;
    long long *number; /* NULL: a text, or a switch */
    long long least, most, unit;
    const char **text;
    bool *on;
} known[] = {
    {"clients", "N", "how many come (3)", &options.clients, 1, MOST_CLIENTS, 1,
     NULL, NULL},
    {"think", "MS", "each thinks so long before a line (0)", &options.think, 0,
     3600000, MS, NULL, NULL},
    {"apart", "MS", "client 2 thinks so much less, 3 so much more, 4 as 1 (0)",
     &options.apart, 0, 3600000, MS, NULL, NULL},
    {"lines", "N", "each says so many lines (1); chapter 02 takes one",
     &options.lines, 1, 100000000, 1, NULL, NULL},
    {"say", "FILE", "take turns with the lines of this file instead", NULL, 0,
     0, 0, &options.say, NULL},
    {"for", "MS", "talk so long instead of N lines; 02: come again",
     &options.talk, 1, 3600000, MS, NULL, NULL},
    {"silent", "N", "the first N say nothing (0)", &options.silent, 0,
     MOST_CLIENTS, 1, NULL, NULL},
    {"stay", "MS", "and leave then (0: with the last of the others)",
     &options.stay, 0, 3600000, MS, NULL, NULL},
    {"late", "MS", "an answer that takes longer is a fault (2000; 0: none)",
     &options.late, 0, 3600000, MS, NULL, NULL},
    {"limit", "MS", "the whole takes no longer (30000)", &options.limit, 1,
     3600000, MS, NULL, NULL},
    {"rules", "CHAPTER", "01 to 05: what is expected (03)", &options.rules, 1,
     5, 1, NULL, NULL},
    {"answers", "FILE", "01: what the operator types, line by line", NULL, 0, 0,
     0, &options.answers, NULL},
    {"title", "TEXT", "above the timeline", NULL, 0, 0, 0, &options.title,
     NULL},
    {"scale", "MS", "a timeline's width, if all fits (0: as it comes)",
     &options.scale, 0, 3600000, MS, NULL, NULL},
    {"color", "WHEN", "auto, always or never (auto)", NULL, 0, 0, 0,
     &options.colour, NULL},
    {"bare", NULL, "rows alone: no scale, no legend, no summary", NULL, 0, 0, 0,
     NULL, &options.bare},
    {"quiet", NULL, "no timeline and no summary", NULL, 0, 0, 0, NULL,
     &options.quiet},
    {"rows", "FILE", "the rows for tests/watch/timeline (-: standard output)",
     NULL, 0, 0, 0, &options.rows, NULL},
    {"totals", "FILE", "the summary for scripts: a name and a number a line",
     NULL, 0, 0, 0, &options.totals, NULL},
};

enum { KNOWN = sizeof known / sizeof *known };

/* Returns 0, or 1 if the help did not get out. */
static int print_help(void)
{
    (void)printf("usage: crowd [OPTION VALUE]... PORT [ADDRESS]\n"
                 "Plays many clients against a server, checks each answer, and"
                 " shows who waited.\n\n");
    for (int i = 0; i < KNOWN; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "--%s %s", known[i].name,
                       known[i].value != NULL ? known[i].value : "");
        (void)printf("  %-18s %s\n", name, known[i].help);
    }
    (void)printf("\nExit status: 0 all was right, 1 something was not,"
                 " 2 wrong usage.\n");
    return fflush(stdout) != 0 || ferror(stdout);
}

/* Says what is wrong with the command line. Returns the exit status. */
static int misused(const char *what, const char *argument)
{
    complain("%s '%s'; see crowd --help", what, argument);
    return 2;
}

/* Takes an option's value. Returns false if it is none. */
static bool set_option(const struct option *option, const char *value)
{
    if (option->text != NULL) {
        *option->text = value;
        return true;
    }
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 9 || value[digits] != '\0')
        return false;
    long long number = strtoll(value, NULL, 10);
    *option->number = number * option->unit;
    return number >= option->least && number <= option->most;
}

/* Reads the command line. Returns -1, or the exit status. */
static int read_options(int argc, char **argv)
{
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        const struct option *option = known;
        while (option < known + KNOWN && strcmp(argv[i] + 2, option->name) != 0)
            option++;
        if (option == known + KNOWN)
            return misused("unknown option", argv[i]);
        if (option->on != NULL) {
            *option->on = true;
            continue;
        }
        if (++i == argc)
            return misused("no value behind", argv[i - 1]);
        if (!set_option(option, argv[i]))
            return misused("bad value", argv[i]);
    }
    if (i == argc || !args_is_port(argv[i], 1))
        return misused("no port, but", i < argc ? argv[i] : "");
    if (i + 2 < argc)
        return misused("too much:", argv[i + 2]);
    options.at.port = argv[i];
    options.at.address = i + 1 < argc ? argv[i + 1] : "127.0.0.1";
    return -1;
}

/* What goes with what. Returns -1, or the exit status. */
static int settle_options(void)
{
    static char number[24];
    (void)snprintf(number, sizeof number, "%.0f", (double)options.silent);
    if (options.silent > options.clients)
        return misused("more silent than come:", number);
    if (strcmp(options.colour, "auto") != 0 &&
        strcmp(options.colour, "always") != 0 &&
        strcmp(options.colour, "never") != 0)
        return misused("bad --color", options.colour);
    (void)snprintf(number, sizeof number, "%.0f",
                   (double)options.apart / (double)MS);
    if (options.apart > options.think)
        return misused("--apart is more than --think:", number);
    if (options.rules == FIRST_COME && options.talk > 0)
        return misused("--for goes with rules 02 to 05, not with", "01");
    if (options.rules == ONE_LINE)
        options.lines = 1;
    tally.talkers = options.clients - options.silent;
    return -1;
}

/* Nothing is allocated before, and all of it lasts. Returns false without
 * memory. */
static bool make_room(void)
{
    size_t count = (size_t)options.clients;
    clients = calloc(count, sizeof *clients);
    list = calloc(count, sizeof *list);
    owner = calloc(count, sizeof(struct client *));
    if (clients == NULL || list == NULL || owner == NULL)
        complain("out of memory");
    for (size_t i = 0; clients != NULL && i < count; i++)
        clients[i].socket = NET_BAD;
    return clients != NULL && list != NULL && owner != NULL;
}

/* Shows all that was asked for. Returns false if it did not get out. */
static bool show(void)
{
    bool colour =
        strcmp(options.colour, "always") == 0 ||
        (strcmp(options.colour, "auto") == 0 && net_output_takes_colour());
    whole = tally.gone < options.clients ? moment() : 0;
    for (long long i = 0; tally.gone == options.clients && i < tally.gone; i++)
        if (clients[i].ended >= whole)
            whole = clients[i].ended + 1; /* so that its end is inside */
    if (options.scale > whole)
        whole = options.scale;
    if (!options.quiet) {
        print_timeline(colour);
        if (!options.bare)
            print_summary();
    }
    bool good = write_file(options.rows, write_rows);
    good = write_file(options.totals, write_totals) && good;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return good;
    complain("cannot write to standard output");
    return false;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return print_help();
    int status = read_options(argc, argv);
    if (status < 0)
        status = settle_options();
    if (status >= 0)
        return status;
    if ((options.say != NULL && !read_script(&to_say, options.say)) ||
        (options.answers != NULL && !read_script(&to_hear, options.answers)) ||
        !make_room())
        return 1;
    if (net_start() != 0)
        return net_fail("crowd", net_error_text(net_error()));
    net_want_sockets((size_t)options.clients);
    started = net_micros();
    bool played = play();
    judge();
    bool shown = show();
    bool good = tally.faults == 0 && tally.next_arrival == options.clients;
    if (options.rules == FIRST_COME)
        good = good && tally.served == 1;
    else
        good = good && tally.refused == 0;
    return played && shown && good ? 0 : 1;
}
