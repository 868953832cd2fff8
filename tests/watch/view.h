/* view.h - what the live view knows, and the lines that show it. Memory only:
 * live.h asks the kernel and writes to the terminal.
 */
#ifndef VIEW_H
#define VIEW_H

#include "proc.h"

#include <stdarg.h>

enum {
    WIDE = 80,
    HIGH = 24,
    LOG_LINES = 32, /* more than a frame has */
    LOG_SIZE = 512,
    TYPED = 1024,  /* bytes of a line, as the protocol has it */
    CALL = 26,     /* columns of the call in which a thread waits */
    LANE_AT = 48,  /* where its lane begins */
    SMOOTH = 5,    /* samples over which the processor's share is taken */
    FIXED = 8,     /* lines besides threads, clients and log */
    LEAST_LOG = 3, /* of its lines */
};

struct client {
    struct tcp tcp;
    int number; /* in the order of coming, from 1 */
    bool here;
};

struct view {
    const char *title;
    struct server *server;
    struct client clients[MOST_CONNECTIONS];
    int count, more; /* clients in the list, and those that it cannot hold */
    int came;        /* all that ever were */
    struct tcp listener;
    unsigned long listener_socket; /* its number; 0: it does not listen yet */
    long long ns[SMOOTH];          /* of the processor, sample by sample */
    long long us[SMOOTH];          /* and how long each lasted */
    int samples;
    char log[LOG_LINES][LOG_SIZE];
    int logged;   /* lines that ever were: the last one is the newest */
    size_t begun; /* bytes of the line that has no end yet */
    char typed[TYPED + 1];
    size_t typed_size;
    const char *note; /* for the operator, or NULL */
};

struct frame {
    char lines[HIGH][4 * WIDE + 1];
    int lane_at[HIGH]; /* where letters of a lane begin, or 0 */
    int wide, high, count;
};

/* Adds a line, cut to the frame. A character is taken to be one cell wide. */
__attribute__((format(printf, 2, 3))) static inline void
put(struct frame *frame, const char *format, ...)
{
    char text[LOG_SIZE + TYPED];
    va_list arguments;
    if (frame->count == frame->high)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments); /* cut: all right */
    va_end(arguments);
    char *line = frame->lines[frame->count];
    size_t size = 0;
    int cells = 0;
    for (const char *at = text; *at != '\0'; at++) {
        cells += ((unsigned char)*at & 0xc0) != 0x80; /* begins a character */
        if (cells > frame->wide || size == sizeof frame->lines[0] - 1)
            break;
        line[size++] = *at;
    }
    line[size] = '\0';
    frame->lane_at[frame->count++] = 0;
}

/* ---------------------------------------------------------------- its parts */

static inline double processor(const struct view *view)
{
    long long ns = 0, us = 0;
    for (int i = 0; i < SMOOTH; i++) {
        ns += view->ns[i];
        us += view->us[i];
    }
    return us > 0 ? (double)ns / 10 / (double)us : 0;
}

static inline void put_head(struct frame *frame, const struct view *view)
{
    char address[64] = "does not listen yet";
    if (view->listener_socket != 0)
        (void)address_text(&view->listener.here, address, sizeof address);
    put(frame, "%s  %s  threads %d  CPU %.1f %%  clients %d  queue %lu",
        view->title, address, view->server->count + view->server->more,
        processor(view), view->count + view->more, view->listener.unread);
    put(frame, "a accept  r recv  > send  k keyboard  S select  z nap  x lock"
               "  * at work");
}

/* The number of the client at this port, or 0. */
static inline int number_of(const struct view *view, unsigned port)
{
    for (int i = 0; port != 0 && i < view->count; i++)
        if (view->clients[i].tcp.peer.port == port)
            return view->clients[i].number;
    return 0;
}

/* What a thread waits in, and on whom. */
static inline void call_text(const struct view *view,
                             const struct thread *thread, char *text,
                             size_t size)
{
    const struct doing *doing = &thread->doing;
    const char *name = doing->kind == WORK       ? "at work"
                       : doing->kind == KEYBOARD ? "read from the keyboard"
                       : doing->kind == LOGGING  ? "write to the log"
                                                 : doing->name;
    const char *way = doing->kind == SEND ? "to" : "from";
    unsigned port = client_port(thread);
    int number = number_of(view, port);
    if (number > 0)
        (void)snprintf(text, size, "%s %s client %d", name, way, number);
    else if (port > 0)
        (void)snprintf(text, size, "%s %s port %u", name, way, port);
    else
        (void)snprintf(text, size, "%s", name);
}

/* The last ten seconds in so many letters. Of those that fall together, work is
 * seen, or else the last one. */
static inline void lane_text(const struct thread *thread, int wide, char *text)
{
    for (int i = 0; i < wide; i++) {
        text[i] = ' ';
        for (int at = i * LANE / wide; at < (i + 1) * LANE / wide; at++)
            if (text[i] != kinds[WORK].letter)
                text[i] = thread->lane[at];
    }
    text[wide > 0 ? wide : 0] = '\0';
}

static inline void put_thread(struct frame *frame, const struct view *view,
                              const struct thread *thread)
{
    char name[32] = "main", call[64], lane[LANE + 1];
    double since = (double)(view->server->at - thread->since) / 1e6;
    int wide = frame->wide - LANE_AT;
    if (thread->number > 0)
        (void)snprintf(name, sizeof name, "thread %d", thread->number);
    call_text(view, thread, call, sizeof call);
    lane_text(thread, wide < LANE ? wide : LANE, lane);
    put(frame, "%-11s%-*.*s%8.1f s %s", name, CALL, CALL, call, since, lane);
    frame->lane_at[frame->count - 1] = LANE_AT;
}

/* Threads that have no line: how many are in each call. */
static inline void put_more_threads(struct frame *frame,
                                    const struct view *view, int shown)
{
    int in[KINDS] = {0};
    char text[128] = "";
    size_t size = 0;
    for (int i = shown; i < view->server->count; i++)
        in[view->server->threads[i].doing.kind]++;
    for (int kind = 0; kind < KINDS; kind++) {
        if (in[kind] == 0 || size >= sizeof text)
            continue;
        int more = snprintf(text + size, sizeof text - size, ", %d %s",
                            in[kind], kinds[kind].name);
        size += more > 0 ? (size_t)more : 0;
    }
    int all = view->server->count - shown + view->server->more;
    put(frame, "and %d more%s", all, text);
}

static inline void put_client(struct frame *frame, const struct client *client)
{
    char address[64];
    const struct tcp *tcp = &client->tcp;
    bool queued = tcp->socket == 0 && (tcp->state == 1 || tcp->state == 8);
    put(frame, "%-8d%-24s%-14s%12lu%12lu", client->number,
        address_text(&tcp->peer, address, sizeof address),
        queued ? "in the queue" : state_name(tcp->state), tcp->unread,
        tcp->unsent);
}

static inline void put_more_clients(struct frame *frame,
                                    const struct view *view, int shown)
{
    unsigned long unread = 0, unsent = 0;
    char text[32];
    for (int i = shown; i < view->count; i++) {
        unread += view->clients[i].tcp.unread;
        unsent += view->clients[i].tcp.unsent;
    }
    (void)snprintf(text, sizeof text, "and %d more",
                   view->count - shown + view->more);
    put(frame, "%-46s%12lu%12lu", text, unread, unsent);
}

static inline void put_log(struct frame *frame, const struct view *view,
                           int lines)
{
    int first = view->logged > lines ? view->logged - lines : 0;
    for (int i = 0; i < lines; i++)
        put(frame, "%s",
            first + i < view->logged ? view->log[(first + i) % LOG_LINES] : "");
}

/* ----------------------------------------------------------------- the whole
 */

/* How many lines of `all` are shown where there is room for so many: one less
 * if the others have to be counted. */
static inline int shown_of(int all, int room)
{
    return all <= room ? all : room > 0 ? room - 1 : 0;
}

static inline void draw_view(struct frame *frame, const struct view *view)
{
    const struct server *server = view->server;
    int threads = server->count + server->more;
    int clients = view->count + view->more;
    int room =
        frame->high > FIXED + LEAST_LOG ? frame->high - FIXED - LEAST_LOG : 0;
    int for_clients = clients < room / 2 ? clients : room / 2;
    int for_threads =
        threads < room - for_clients ? threads : room - for_clients;
    for_clients = clients < room - for_threads ? clients : room - for_threads;
    frame->count = 0;
    put_head(frame, view);
    put(frame, "%-11s%-*s%10s %s", "thread", CALL, "waits in", "since",
        "the last ten seconds");
    int shown = shown_of(threads, for_threads);
    shown = shown < server->count ? shown : server->count;
    for (int i = 0; i < shown; i++)
        put_thread(frame, view, &server->threads[i]);
    if (shown < threads)
        put_more_threads(frame, view, shown);
    put(frame, "%s", "");
    put(frame, "%-8s%-24s%-14s%12s%12s", "client", "address", "state", "unread",
        "unsent");
    shown = shown_of(clients, for_clients);
    shown = shown < view->count ? shown : view->count;
    for (int i = 0; i < shown; i++)
        put_client(frame, &view->clients[i]);
    if (shown < clients)
        put_more_clients(frame, view, shown);
    put(frame, "%s", "");
    put(frame, "log");
    put_log(frame, view, frame->high - frame->count - 1);
    const char *typed = view->typed; /* its end is what matters */
    size_t fits = (size_t)frame->wide - 12;
    if (view->typed_size > fits)
        typed += view->typed_size - fits;
    put(frame, "operator> %s%s", typed, view->note != NULL ? view->note : "");
}

/* ------------------------------------------------------------------- the log
 */

/* Adds what the server has printed. Control bytes become ?, so that nothing
 * moves the cursor: our servers print none, but others are watched, too. */
static inline void add_log(struct view *view, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char *line = view->log[view->logged % LOG_LINES];
        unsigned char byte = (unsigned char)bytes[i];
        if (byte == '\n') {
            line[view->begun] = '\0';
            view->logged++;
            view->begun = 0;
        } else if (view->begun < LOG_SIZE - 1) {
            bool second = byte >= 0x80 && byte < 0xa0 && view->begun > 0 &&
                          line[view->begun - 1] == '\xc2';
            line[view->begun] = bytes[i];
            if (byte < 0x20 || byte == 0x7f || second)
                line[view->begun] = '?';
            if (second) /* of two bytes that are one control character */
                line[view->begun - 1] = '?';
            view->begun++;
        }
    }
}

/* -------------------------------------------------------------- the operator
 */

/* Takes a byte that was typed. Returns true if a line is complete. */
static inline bool type_byte(struct view *view, char byte)
{
    static int escape; /* inside the sequence of a key, which is left out */
    if (byte == '\033' || (escape == 1 && byte == '[')) {
        escape = byte == '[' ? 2 : 1;
        return false;
    }
    bool last = escape != 2 || (byte >= '@' && byte <= '~');
    bool inside = escape != 0;
    escape = last ? 0 : escape;
    if (inside)
        return false;
    if (byte == '\r' || byte == '\n')
        return true;
    if (byte == 0x15) /* Ctrl-U */
        view->typed_size = 0;
    else if (byte == 0x7f || byte == '\b')
        while (view->typed_size > 0 &&
               ((unsigned char)view->typed[--view->typed_size] & 0xc0) == 0x80)
            continue; /* to the character's first byte */
    else if ((unsigned char)byte >= 0x20 && view->typed_size < TYPED)
        view->typed[view->typed_size++] = byte;
    view->typed[view->typed_size] = '\0';
    return false;
}

#endif
