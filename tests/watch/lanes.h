/* lanes.h - what clients and a server's threads went through, read from the
 * files that the crowd (--rows) and the watcher (--record) have written.
 */
#ifndef LANES_H
#define LANES_H

#include "kinds.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MOST_ROWS = 12,       /* clients, and threads, that are drawn */
    MOST_STRETCHES = 512, /* of a row; what comes later is not drawn */
    MOST_WAKES = 4096,    /* of all threads */
    WORD = 64,
    LINE = 512,
};

/* What a client did: the crowd's names, the later the stronger. */
enum look { NOTHING, WAITS, THINKS, SERVED, REFUSED, WRONG };

/* Moments are microseconds since the crowd's start. */
struct stretch {
    long long before, from, to; /* it began between the first two */
    int what;                   /* a look, or a kind */
    unsigned port;              /* of the client that it waits for, or 0 */
    char name[WORD];            /* of the call */
};

struct row {
    char ending[WORD];
    unsigned port;
    int count;
    struct stretch stretches[MOST_STRETCHES];
    bool naps;                  /* a thread: it asks, and naps between */
    long long woken, found, ns; /* how often, and with news; see record.h */
};

struct chapter {
    char title[LINE], blind[LINE];
    long long start, whole; /* the crowd's: when, and how long it took */
    int clients, threads;   /* how many; rows are there for the first ones */
    struct row client[MOST_ROWS], thread[MOST_ROWS];
    int wakes;
    struct {
        int thread;
        long long at;
    } wake[MOST_WAKES];
};

static inline struct row *row_of(struct row *rows, int *count, int number)
{
    if (number < 0)
        return NULL;
    if (number >= *count)
        *count = number + 1;
    return number < MOST_ROWS ? &rows[number] : NULL;
}

/* Another stretch begins, so the last one ends. Work of a moment between two
 * equal ones is no stretch: it is a wake. */
static inline void add(struct row *row, struct stretch next)
{
    enum { MOMENT = 50000 };
    int n = row->count;
    struct stretch *last = n > 0 ? &row->stretches[n - 1] : NULL;
    struct stretch *older = n > 1 ? &row->stretches[n - 2] : NULL;
    if (last != NULL)
        last->to = next.from;
    if (older != NULL && last->what == WORK && next.what == older->what &&
        next.port == older->port && strcmp(next.name, older->name) == 0 &&
        next.from - last->before < MOMENT) {
        row->count--;
    } else if (n < MOST_STRETCHES) {
        next.to = next.from;
        row->stretches[row->count++] = next;
    }
}

/* A line of the crowd's file. */
static inline void take_row(struct chapter *c, const char *line)
{
    int number;
    unsigned port;
    char ending[WORD];
    struct stretch next = {0, 0, 0, 0, 0, ""};
    (void)sscanf(line, "start %lld", &c->start); /* each line is one of them */
    (void)sscanf(line, "whole %lld", &c->whole);
    (void)sscanf(line, "title %511[^\n]", c->title);
    if (sscanf(line, "client %d %u %63[^\n]", &number, &port, ending) == 3) {
        struct row *row = row_of(c->client, &c->clients, number);
        if (row != NULL) {
            row->port = port;
            memcpy(row->ending, ending, sizeof ending);
        }
    }
    if (sscanf(line, "mark %d %lld %d", &number, &next.from, &next.what) == 3) {
        struct row *row = row_of(c->client, &c->clients, number);
        if (row != NULL)
            add(row, next);
    }
}

/* The server's threads woke up, and ran. */
static inline void take_wake(struct chapter *c, struct row *row, int number,
                             const char *line)
{
    long long before, at, times, ns, grew;
    if (sscanf(line, "woke %*d %lld %lld %lld %lld %lld", &before, &at, &times,
               &ns, &grew) != 5)
        return;
    at -= c->start;
    if (at < 0 || at > c->whole)
        return;
    row->ns += ns;
    row->woken += times;
    row->found += grew > 0;
    if (c->wakes < MOST_WAKES) {
        c->wake[c->wakes].thread = number;
        c->wake[c->wakes++].at = at;
    }
}

/* A line of the watcher's file. */
static inline void take_lane(struct chapter *c, const char *line)
{
    int number = -1;
    long long end = -1;
    char kind[WORD];
    struct stretch next = {0, 0, 0, 0, 0, ""};
    (void)sscanf(line, "blind %511[^\n]", c->blind); /* or it is another one */
    if (sscanf(line, "end %lld", &end) == 1)
        for (int i = 0; i < c->threads && i < MOST_ROWS; i++)
            add(&c->thread[i], (struct stretch){end - c->start, end - c->start,
                                                0, GONE, 0, "end"});
    if (sscanf(line, "in %d", &number) != 1 &&
        sscanf(line, "woke %d", &number) != 1)
        return;
    struct row *row = row_of(c->thread, &c->threads, number);
    if (row == NULL)
        return;
    take_wake(c, row, number, line);
    if (sscanf(line, "in %*d %lld %lld %63s %u %63[^\n]", &next.before,
               &next.from, kind, &next.port, next.name) != 5)
        return;
    next.what = (int)kind_of(kind);
    row->naps = row->naps || next.what == NAP;
    next.before -= c->start;
    next.from -= c->start;
    add(row, next);
}

/* Reads a file line by line. Returns false if there is none. */
static inline bool read_lines(struct chapter *c, const char *base,
                              const char *end,
                              void (*take)(struct chapter *, const char *))
{
    char path[LINE], line[LINE];
    (void)snprintf(path, sizeof path, "%s%s", base, end);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    while (fgets(line, sizeof line, file) != NULL)
        take(c, line);
    (void)fclose(file); /* it was only read */
    return true;
}

/* Reads BASE.rows and BASE.lanes; the latter may be missing. Returns NULL, and
 * says why, if it cannot. */
static inline struct chapter *read_chapter(const char *base)
{
    struct chapter *c = calloc(1, sizeof *c);
    if (c == NULL || !read_lines(c, base, ".rows", take_row)) {
        (void)fprintf(stderr, "draw: cannot read %s.rows\n", base);
        free(c);
        return NULL;
    }
    for (int i = 0; i < c->clients && i < MOST_ROWS; i++)
        add(&c->client[i],
            (struct stretch){c->whole, c->whole, 0, NOTHING, 0, ""});
    (void)read_lines(c, base, ".lanes", take_lane); /* or there are none */
    return c;
}

/* The number of the client with this port, from 1; 0: nobody knows it. */
static inline int client_of(const struct chapter *c, unsigned port)
{
    for (int i = 0; port != 0 && i < c->clients && i < MOST_ROWS; i++)
        if (c->client[i].port == port)
            return i + 1;
    return 0;
}

/* What a stretch of a thread's lane is called: at full length, or one or two
 * steps shorter. */
static inline const char *lane_name(const struct chapter *c,
                                    const struct stretch *s, int shorter)
{
    static char text[2 * WORD];
    const char *name = s->name;
    int client = client_of(c, s->port);
    if (s->what == WORK)
        name = "at work";
    if (s->what == KEYBOARD)
        name = shorter == 0 ? "read from the keyboard" : "keyboard";
    if (s->what == NAP)
        name = "naps";
    (void)snprintf(text, sizeof text, "%s", name);
    if (client > 0)
        (void)snprintf(text, sizeof text, "%s %s%d", name,
                       shorter == 2      ? ""
                       : shorter == 1    ? "client "
                       : s->what == SEND ? "to client "
                                         : "from client ",
                       client);
    return text;
}

/* How often a thread has woken up, in words. */
static inline const char *woken(const struct row *row)
{
    static char text[WORD];
    (void)snprintf(text, sizeof text, "woke %lld time%s", row->woken,
                   row->woken == 1 ? "" : "s");
    return text;
}

/* How many rounds of questions found nothing, or NULL if it asks none. */
static inline const char *asked(const struct row *row)
{
    static char text[2 * WORD];
    (void)snprintf(text, sizeof text, "naps: %lld of %lld rounds found nothing",
                   row->woken > row->found ? row->woken - row->found : 0,
                   row->woken);
    return row->naps ? text : NULL;
}

/* What a thread is called. */
static inline const char *thread_name(const struct chapter *c, int number)
{
    static char text[WORD];
    if (c->threads == 1)
        return "server";
    if (number == 0)
        return "main";
    (void)snprintf(text, sizeof text, "thread %d", number);
    return text;
}

#endif
