/* text.h - a server's lanes as lines of text, below the crowd's rows, and the
 * table of what its time went to.
 */
#ifndef TEXT_H
#define TEXT_H

#include "lanes.h"

enum { COLUMNS = 48 }; /* as the crowd has it */

static inline int column_of(const struct chapter *c, long long at)
{
    long long column = c->whole > 0 ? at * COLUMNS / c->whole : 0;
    return column < 0 ? 0 : column > COLUMNS ? COLUMNS : (int)column;
}

/* Asleep it is drawn as a line, with the call's name at its beginning; naps as
 * what they are, naps and questions by turns. */
static inline void draw_stretch(const struct chapter *c,
                                const struct stretch *s, char *lane)
{
    int from = column_of(c, s->from), to = column_of(c, s->to);
    if (s->what == WORK || s->what == GONE) {
        memset(lane + from, s->what == WORK ? '*' : ' ', (size_t)(to - from));
        return;
    }
    const char *pattern = s->what == NAP ? "z?" : "__";
    for (int i = from; i < to; i++)
        lane[i] = pattern[(i - from) % 2];
    const char *name = s->what == NAP ? "naps " : lane_name(c, s, 0);
    size_t room = to > from ? (size_t)(to - from) : 0;
    for (int n = 1; n <= 2 && s->what != NAP && strlen(name) >= room; n++)
        name = lane_name(c, s, n);
    for (size_t i = 0; strlen(name) < room && name[i] != '\0'; i++)
        lane[(size_t)from + i] = name[i];
}

static inline void write_lane(FILE *file, const struct chapter *c, int number)
{
    char lane[COLUMNS + 1] = "";
    const struct row *row = &c->thread[number];
    memset(lane, ' ', COLUMNS);
    for (int i = 0; i < row->count; i++)
        draw_stretch(c, &row->stretches[i], lane);
    for (int i = 0; i < c->wakes; i++) {
        int at = column_of(c, c->wake[i].at);
        if (c->wake[i].thread == number && at < COLUMNS && lane[at] == '_')
            lane[at] = '*';
    }
    (void)fprintf(file, "  %-10s%s %s\n", thread_name(c, number), lane,
                  woken(row));
}

static inline void write_lanes(FILE *file, const struct chapter *c)
{
    if (c->threads == 0)
        (void)fprintf(file, "  (not to be seen here: %s)\n",
                      c->blind[0] != '\0' ? c->blind : "what it waits in");
    for (int i = 0; i < c->threads && i < MOST_ROWS; i++) {
        write_lane(file, c, i);
        if (asked(&c->thread[i]) != NULL)
            (void)fprintf(file, "  %-10s%s\n", "", asked(&c->thread[i]));
    }
    if (c->threads > MOST_ROWS)
        (void)fprintf(file, "  and %d more threads\n", c->threads - MOST_ROWS);
}

/* What the threads' time went to, in microseconds, while the clients were
 * there. Returns the whole. */
static inline double sum_up(const struct chapter *c, double times[KINDS])
{
    double whole = 0, work = 0;
    for (int kind = 0; kind < KINDS; kind++)
        times[kind] = 0;
    for (int t = 0; t < c->threads && t < MOST_ROWS; t++) {
        work += (double)c->thread[t].ns / 1000;
        for (int i = 0; i < c->thread[t].count; i++) {
            const struct stretch *s = &c->thread[t].stretches[i];
            long long from = s->from > 0 ? s->from : 0;
            long long to = s->to < c->whole ? s->to : c->whole;
            if (to <= from || s->what == GONE)
                continue;
            times[s->what] += (double)(to - from);
            whole += (double)(to - from);
        }
    }
    times[WORK] = work; /* which the kernel has counted to the nanosecond */
    return whole;
}

static inline void write_share(FILE *file, double part, double whole,
                               int decimals)
{
    if (whole <= 0 || part <= 0)
        (void)fprintf(file, "%9s", "-");
    else
        (void)fprintf(file, "%7.*f %%", decimals, part * 100 / whole);
}

/* A row for each chapter, a column for each call. */
static inline void write_shares(FILE *file, char **names,
                                struct chapter *const *chapters, int count)
{
    static const enum kind columns[] = {ACCEPT, RECV, KEYBOARD, SELECT, NAP};
    enum { SHOWN = sizeof columns / sizeof *columns };
    (void)fprintf(file, "%-16s", "its time went to");
    for (int i = 0; i < SHOWN; i++)
        (void)fprintf(file, "%9s", kinds[columns[i]].name);
    (void)fprintf(file, "%9s%9s\n", "others", "at work");
    for (int n = 0; n < count; n++) {
        double times[KINDS], others = 0;
        double whole = sum_up(chapters[n], times);
        const char *name = strrchr(names[n], '/');
        (void)fprintf(file, "%-16s", name != NULL ? name + 1 : names[n]);
        for (int i = 0; i < SHOWN; i++)
            write_share(file, times[columns[i]], whole, 0);
        others = times[SEND] + times[LOGGING] + times[LOCK] + times[OTHER];
        write_share(file, others, whole, 0);
        write_share(file, times[WORK], whole, 2);
        (void)fputc('\n', file);
    }
}

#endif
