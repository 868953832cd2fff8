/* screen.h - puts frames on a terminal: only lines that have changed, in one
 * write, so that nothing flickers. A terminal without escape sequences
 * (TERM=dumb) gets whole frames, once a second at most, when something is new.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include "view.h"

#include <sys/ioctl.h>
#include <termios.h>

struct screen {
    bool open, raw, colour;
    struct termios before; /* how the terminal was */
    struct frame shown;
    long long at; /* when a dumb one was written to */
    char bytes[HIGH * (12 * WIDE)];
    size_t size;
};

static volatile sig_atomic_t resized;

static inline void resize(int number)
{
    (void)number;
    resized = 1;
}

/* Writes it all. A terminal that is gone ends us by a signal. */
static inline void flush_screen(struct screen *screen)
{
    size_t done = 0;
    while (done < screen->size) {
        ssize_t wrote =
            write(STDOUT_FILENO, screen->bytes + done, screen->size - done);
        if (wrote < 0 && errno != EINTR)
            break;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    screen->size = 0;
}

__attribute__((format(printf, 2, 3))) static inline void
emit(struct screen *screen, const char *format, ...)
{
    size_t room = sizeof screen->bytes - screen->size;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(screen->bytes + screen->size, room, format, arguments);
    va_end(arguments);
    if (size > 0)
        screen->size += (size_t)size < room ? (size_t)size : room - 1;
}

/* The frame's size: the terminal's, up to 80 x 24. */
static inline void measure(struct frame *frame)
{
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    frame->wide =
        known && size.ws_col > 0 && size.ws_col < WIDE ? size.ws_col : WIDE;
    frame->high =
        known && size.ws_row > 0 && size.ws_row < HIGH ? size.ws_row : HIGH;
    frame->wide = frame->wide < 20 ? 20 : frame->wide;
}

/* Returns false if standard output is no terminal. */
static inline bool open_screen(struct screen *screen)
{
    const char *kind = getenv("TERM"), *plain = getenv("NO_COLOR");
    struct sigaction action;
    if (!isatty(STDOUT_FILENO))
        return false;
    screen->open = true;
    if (kind == NULL || kind[0] == '\0' || strcmp(kind, "dumb") == 0 ||
        tcgetattr(STDIN_FILENO, &screen->before) != 0)
        return true;
    struct termios raw = screen->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)IXON;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0)
        return true;
    screen->raw = true;
    screen->colour = plain == NULL || plain[0] == '\0';
    memset(&action, 0, sizeof action);
    action.sa_handler = resize;
    (void)sigaction(SIGWINCH, &action, NULL); /* the number is right */
    resized = 1;
    emit(screen, "\033[?1049h\033[?7l"); /* a screen of our own, no wrapping */
    return true;
}

/* Leaves the terminal as it was. */
static inline void close_screen(struct screen *screen)
{
    if (!screen->raw)
        return;
    emit(screen, "\033[?7h\033[?25h\033[?1049l");
    flush_screen(screen);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen->before); /* it was so */
    screen->raw = false;
}

/* A line of the frame; the letters of a lane in colour. */
static inline void emit_line(struct screen *screen, const struct frame *frame,
                             int number)
{
    const char *line = frame->lines[number];
    int from = screen->colour ? frame->lane_at[number] : 0;
    char last = '\0';
    if (from == 0 || (size_t)from > strlen(line)) {
        emit(screen, "%s", line);
        return;
    }
    emit(screen, "%.*s", from, line);
    for (const char *at = line + from; *at != '\0'; at++) {
        for (int kind = 0; *at != last && kind < KINDS; kind++)
            if (kinds[kind].letter == *at)
                emit(screen, "\033[0;%sm", kinds[kind].colour);
        last = *at;
        emit(screen, "%c", *at);
    }
    emit(screen, "\033[0m");
}

/* Draws the view, and writes what has changed since the last time. */
static inline void show_raw(struct screen *screen, struct frame *frame)
{
    bool all = resized != 0;
    resized = 0;
    if (all)
        emit(screen, "\033[2J");
    emit(screen, "\033[?25l");
    for (int i = 0; i < frame->count; i++) {
        if (!all && strcmp(frame->lines[i], screen->shown.lines[i]) == 0)
            continue;
        emit(screen, "\033[%d;1H", i + 1);
        emit_line(screen, frame, i);
        emit(screen, "\033[K");
    }
    screen->shown = *frame;
    emit(screen, "\033[%d;%dH\033[?25h", frame->count,
         (int)strlen(frame->lines[frame->count - 1]) + 1);
    flush_screen(screen);
}

/* On a dumb terminal: the whole, if a second has passed and what the threads
 * are in, a client's state or the log has changed. */
static inline void show_dumb(struct screen *screen, struct frame *frame,
                             const struct view *view)
{
    enum { LEAST_US = 1000000 };
    bool new = false;
    if (view->server->at - screen->at < LEAST_US)
        return;
    for (int i = 1; i < frame->count && !new; i++) {
        int size = frame->lane_at[i] > 0 ? 11 + CALL : WIDE; /* no clocks */
        new = strncmp(frame->lines[i], screen->shown.lines[i], (size_t)size);
    }
    if (!new)
        return;
    screen->at = view->server->at;
    screen->shown = *frame;
    for (int i = 0; i < frame->count; i++)
        emit(screen, "%s\n", frame->lines[i]);
    emit(screen, "\n");
    flush_screen(screen);
}

static inline void show(struct screen *screen, struct frame *frame,
                        const struct view *view)
{
    measure(frame);
    draw_view(frame, view);
    if (screen->raw)
        show_raw(screen, frame);
    else
        show_dumb(screen, frame, view);
}

/* One frame as text. */
static inline void print_frame(struct frame *frame, const struct view *view)
{
    frame->wide = WIDE;
    frame->high = HIGH;
    draw_view(frame, view);
    for (int i = 0; i < frame->count; i++) {
        size_t size = strlen(frame->lines[i]);
        while (size > 0 && frame->lines[i][size - 1] == ' ')
            size--;
        (void)printf("%.*s\n", (int)size, frame->lines[i]);
    }
}

#endif
