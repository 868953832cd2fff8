/* svg.h - chapters as one picture: for each the clients' rows and the lanes of
 * the server's threads, all on one axis and with one legend.
 */
#ifndef SVG_H
#define SVG_H

#include "text.h"

enum {
    LEFT = 84,  /* of the bars */
    BAR = 480,  /* their width */
    WIDE = 680, /* the picture's */
    TOP = 10,   /* above the first chapter */
    HEAD = 22,  /* a chapter's title */
    ROW = 20,   /* from one row to the next */
    THICK = 15, /* of a bar */
    FOOT = 66,  /* axis and legend */
    LETTER = 6, /* the width of a small one, about */
};

/* In a dark page it is dark: it asks what the reader prefers. */
static const char style[] =
    "<style>\n"
    "svg { font: 13px system-ui, sans-serif; color: #1f2328; }\n"
    "text { fill: currentColor; }\n"
    ".title { font-size: 14px; font-weight: 600; }\n"
    ".small { font-size: 12px; }\n"
    ".card { fill: #ffffff; stroke: #d0d7de; }\n"
    ".tick { stroke: currentColor; opacity: 0.2; }\n"
    ".waits { fill: #ffffff; stroke: currentColor; stroke-dasharray: 3 3; }\n"
    ".thinks { fill: #b6dcfe; }\n"
    ".served { fill: #1a7f37; }\n"
    ".asleep { fill: #fff3d6; stroke: #d4b056; }\n"
    ".work { fill: #7d1f00; }\n"
    ".refused, .wrong { stroke: #cf222e; stroke-width: 3; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "svg { color: #e6edf3; }\n"
    ".card { fill: #0d1117; stroke: #3d444d; }\n"
    ".waits { fill: #0d1117; }\n"
    ".thinks { fill: #14487f; }\n"
    ".served { fill: #3fb950; }\n"
    ".asleep { fill: #33280a; stroke: #8a6a1e; }\n"
    ".work { fill: #ffc680; }\n"
    ".refused, .wrong { stroke: #ff7b72; }\n"
    "}\n"
    "</style>\n";

static const struct {
    const char *class, *name;
} looks[] = {
    [NOTHING] = {"", ""},
    [WAITS] = {"waits", "waiting"},
    [THINKS] = {"thinks", "thinking"},
    [SERVED] = {"served", "served"},
    [REFUSED] = {"refused", "refused"},
    [WRONG] = {"wrong", "wrong"},
};

/* A text that may hold what XML would take for its own. */
static inline void write_text(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<')
            (void)fputs("&lt;", file);
        else if (*text == '>')
            (void)fputs("&gt;", file);
        else if (*text == '&')
            (void)fputs("&amp;", file);
        else
            (void)fputc(*text, file);
    }
}

static inline double place(const struct chapter *c, long long at)
{
    double part = c->whole > 0 ? (double)at / (double)c->whole : 0;
    return LEFT + BAR * (part < 0 ? 0 : part > 1 ? 1 : part);
}

static inline void write_label(FILE *file, const char *class, double x, int y,
                               const char *text)
{
    (void)fprintf(file, "<text class=\"%s\" x=\"%.0f\" y=\"%d\">", class, x, y);
    write_text(file, text);
    (void)fputs("</text>\n", file);
}

static inline void write_bar(FILE *file, const char *class, double x,
                             double width, int y)
{
    (void)fprintf(file,
                  "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\""
                  " height=\"%d\"/>\n",
                  class, x, y, width, THICK);
}

/* One stretch of a client's row, or one mark of the legend. */
static inline void write_look(FILE *file, int look, double x, double width,
                              int y)
{
    if (look < REFUSED)
        write_bar(file, looks[look].class, x, width, y);
    else
        (void)fprintf(file,
                      "<path class=\"%s\" d=\"M%.0f %dl10 10m-10 0l10-10\"/>\n",
                      looks[look].class, x - 5, y + 3);
}

static inline void write_client(FILE *file, const struct chapter *c, int number,
                                int y)
{
    const struct row *row = &c->client[number];
    (void)fprintf(file, "<text x=\"16\" y=\"%d\">client %d</text>\n", y + 12,
                  number + 1);
    for (int look = WAITS; look <= WRONG; look++)
        for (int i = 0; i < row->count; i++) {
            const struct stretch *s = &row->stretches[i];
            double x = place(c, s->from), width = place(c, s->to) - x;
            if (s->what != look)
                continue;
            if (look == SERVED && width < 4)
                width = 4; /* an answer takes less than can be seen */
            if (look >= SERVED || width >= 1)
                write_look(file, look, x, width, y);
            if (look <= THINKS && width > 70)
                write_label(file, "small", x + 6, y + 12, looks[look].name);
        }
    write_label(file, "small", LEFT + BAR + 12, y + 12, row->ending);
}

static inline void write_thread(FILE *file, const struct chapter *c, int number,
                                int y)
{
    const struct row *row = &c->thread[number];
    double end = LEFT;
    write_label(file, "", 16, y + 12, thread_name(c, number));
    for (int i = 0; i < row->count; i++) {
        const struct stretch *s = &row->stretches[i];
        double x = place(c, s->from), width = place(c, s->to) - x;
        if (s->what != GONE && width >= 1)
            write_bar(file, s->what == WORK ? "work" : "asleep", x, width, y);
        end = s->what != GONE && width > 0 ? x + width : end;
    }
    for (int i = 0; i < c->wakes; i++)
        if (c->wake[i].thread == number)
            write_bar(file, "work", place(c, c->wake[i].at) - 0.4, 0.8, y);
    for (int i = 0; i < row->count; i++) {
        const struct stretch *s = &row->stretches[i];
        double x = place(c, s->from), width = place(c, s->to) - x;
        if (s->what == GONE || s->what == WORK || s->what == NAP)
            continue;
        const char *name = lane_name(c, s, 0);
        for (int n = 1; n <= 2 && width < (double)strlen(name) * LETTER + 8;
             n++)
            name = lane_name(c, s, n);
        if (width >= (double)strlen(name) * LETTER + 8)
            write_label(file, "small", x + 6, y + 12, name);
    }
    write_label(file, "small", LEFT + BAR + 12, y + 12, woken(row));
    if (asked(row) != NULL && end < LEFT + BAR * 0.5)
        write_label(file, "small", end + 8, y + 12, asked(row));
}

static inline int least(int a, int b)
{
    return a < b ? a : b;
}

static inline int height_of(const struct chapter *c)
{
    return HEAD +
           ROW * (least(c->clients, MOST_ROWS) + least(c->threads, MOST_ROWS)) +
           6;
}

/* The axis, and what the marks mean. */
static inline void write_legend(FILE *file, const struct chapter *c, int y)
{
    int x = LEFT;
    for (long long t = 0; t <= c->whole; t += 1000000)
        (void)fprintf(file,
                      "<path class=\"tick\" d=\"M%.0f %dV%d\"/>\n"
                      "<text class=\"small\" x=\"%.0f\" y=\"%d\""
                      " text-anchor=\"middle\">%lld s</text>\n",
                      place(c, t), TOP + HEAD, y, place(c, t), y + 14,
                      t / 1000000);
    write_label(file, "small", 16, y + 36, "clients:");
    for (int look = WAITS; look <= REFUSED; look++) {
        write_look(file, look,
                   look == SERVED ? x + 5 : x + (look == REFUSED) * 7,
                   look == SERVED ? 4 : 14, y + 24);
        write_label(file, "small", x + 20, y + 36, looks[look].name);
        x += 110;
    }
    write_label(file, "small", 16, y + 57, "server:");
    write_bar(file, "asleep", LEFT, 14, y + 45);
    write_label(file, "small", LEFT + 20, y + 57,
                "asleep in the call that is named");
    write_bar(file, "work", LEFT + 227, 1.6, y + 45);
    write_label(file, "small", LEFT + 240, y + 57,
                "woken, at work, asleep again");
}

/* The same in words. */
static inline void describe(FILE *file, const struct chapter *c)
{
    write_text(file, c->title);
    (void)fputs(". ", file);
    for (int i = 0; i < c->clients && i < MOST_ROWS; i++)
        (void)fprintf(file, "Client %d: %s. ", i + 1, c->client[i].ending);
    for (int t = 0; t < c->threads && t < MOST_ROWS; t++) {
        const struct row *row = &c->thread[t];
        (void)fprintf(file, c->threads > 1 ? "Server, %s: " : "The %s: ",
                      thread_name(c, t));
        for (int i = 0; i < row->count; i++) {
            const struct stretch *s = &row->stretches[i];
            long long from = s->from > 0 ? s->from : 0;
            if (s->what != GONE && s->to - from >= 50000)
                (void)fprintf(file, "%s until %.1f s, ", lane_name(c, s, 0),
                              (double)s->to / 1e6);
        }
        (void)fprintf(file, "%s. ", woken(row));
        if (asked(row) != NULL)
            (void)fprintf(file, "It %s. ", asked(row));
    }
}

static inline void write_chapter(FILE *file, const struct chapter *c, int y)
{
    write_label(file, "title", 16, y + 15, c->title);
    y += HEAD;
    for (int i = 0; i < c->clients && i < MOST_ROWS; i++, y += ROW)
        write_client(file, c, i, y);
    for (int i = 0; i < c->threads && i < MOST_ROWS; i++, y += ROW)
        write_thread(file, c, i, y);
}

static inline void write_svg(FILE *file, const char *title,
                             struct chapter *const *chapters, int count)
{
    int y = TOP, height = TOP + FOOT;
    for (int i = 0; i < count; i++)
        height += height_of(chapters[i]);
    (void)fprintf(file,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\""
                  " height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\""
                  " aria-labelledby=\"title desc\">\n<title id=\"title\">",
                  WIDE, height, WIDE, height);
    write_text(file, title);
    (void)fputs("</title>\n<desc id=\"desc\">", file);
    for (int i = 0; i < count; i++)
        describe(file, chapters[i]);
    (void)fprintf(file,
                  "</desc>\n%s<rect class=\"card\" x=\"0.5\" y=\"0.5\""
                  " width=\"%d\" height=\"%d\" rx=\"6\"/>\n",
                  style, WIDE - 1, height - 1);
    write_legend(file, chapters[0], height - FOOT);
    for (int i = 0; i < count; i++) {
        write_chapter(file, chapters[i], y);
        y += height_of(chapters[i]);
    }
    (void)fputs("</svg>\n", file);
}

#endif
