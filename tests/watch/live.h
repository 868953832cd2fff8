/* live.h - the live view: asks the kernel five times a second, and shows it on
 * a terminal; or once, as text, where standard output is none.
 */
#ifndef LIVE_H
#define LIVE_H

#include "record.h"
#include "screen.h"

#include <poll.h>

struct live {
    struct view view;
    struct screen screen;
    struct frame frame;
    int to_server, from_server; /* pipes; -1: closed */
    int copy;                   /* of the log, or -1 */
    bool listening_to_us;       /* somebody may type */
    bool leave;                 /* Ctrl-C */
};

/* Wants a frame now. */
static volatile sig_atomic_t asked_for;

static inline void ask_for(int number)
{
    (void)number;
    asked_for = 1;
}

/* ------------------------------------------------------------ from the kernel
 */

/* Finds the socket on which the server listens among its descriptors. */
static inline void find_listener(const struct tcp *tcp, void *argument)
{
    struct view *view = argument;
    char path[PATH_MAX];
    if (tcp->state != TCP_LISTENS || view->listener_socket != 0)
        return;
    (void)snprintf(path, sizeof path, "%s/%d/fd", view->server->proc,
                   (int)view->server->pid);
    DIR *files = opendir(path);
    for (struct dirent *entry;
         files != NULL && (entry = readdir(files)) != NULL;) {
        int descriptor = (int)strtol(entry->d_name, NULL, 10);
        if (descriptor > 2 &&
            socket_of(view->server, descriptor) == tcp->socket) {
            view->listener_socket = tcp->socket;
            view->listener = *tcp;
        }
    }
    if (files != NULL)
        (void)closedir(files); /* it was only read */
}

/* Notes a connection, if it is one of the server's. */
static inline void note_connection(const struct tcp *tcp, void *argument)
{
    struct view *view = argument;
    if (tcp->socket == view->listener_socket)
        view->listener = *tcp;
    if (tcp->state == TCP_LISTENS || tcp->state == TCP_REMEMBERED ||
        tcp->here.port != view->listener.here.port)
        return;
    int i = 0;
    while (i < view->count &&
           !same_address(&view->clients[i].tcp.peer, &tcp->peer))
        i++;
    if (i == MOST_CONNECTIONS) {
        view->more++;
        return;
    }
    if (i == view->count)
        view->clients[view->count++].number = 0; /* it gets one soon */
    view->clients[i].tcp = *tcp;
    view->clients[i].here = true;
}

/* Whoever was accepted came before those in the queue, who have no socket yet;
 * else the kernel knows no order, but gives ports in turn, mostly. */
static inline int by_arrival(const void *a, const void *b)
{
    const struct client *one = a, *other = b;
    int queued = (one->tcp.socket == 0) - (other->tcp.socket == 0);
    return queued != 0 ? queued
                       : (int)one->tcp.peer.port - (int)other->tcp.peer.port;
}

/* Looks at the server's connections, and numbers those that are new. */
static inline void look_at_clients(struct view *view)
{
    int kept = 0, old = 0;
    if (view->listener_socket == 0)
        each_socket(view->server, find_listener, view);
    if (view->listener_socket == 0)
        return;
    for (int i = 0; i < view->count; i++)
        view->clients[i].here = false;
    view->more = 0;
    each_socket_of(view->server, view->listener.here.six,
                   view->listener.here.port, note_connection, view);
    for (int i = 0; i < view->count; i++) {
        if (!view->clients[i].here)
            continue;
        old += view->clients[i].number > 0;
        view->clients[kept++] = view->clients[i];
    }
    view->count = kept;
    qsort(view->clients + old, (size_t)(kept - old), sizeof *view->clients,
          by_arrival);
    for (int i = old; i < kept; i++)
        view->clients[i].number = ++view->came;
}

/* One look at everything. */
static inline void tick(struct view *view)
{
    enum { BUSY = 4 }; /* a quarter of the time: the lane says at work */
    struct server *server = view->server;
    sample(server);
    find_clients(server);
    look_at_clients(view);
    long long us = server->at - server->was, ns = 0;
    for (int i = 0; i < server->count; i++) {
        struct thread *thread = &server->threads[i];
        bool busy = (long long)thread->more.ns / 1000 > us / BUSY;
        ns += (long long)thread->more.ns;
        memmove(thread->lane, thread->lane + 1, LANE - 1);
        thread->lane[LANE - 1] = kinds[busy ? WORK : thread->doing.kind].letter;
    }
    view->ns[view->samples % SMOOTH] = ns;
    view->us[view->samples % SMOOTH] = us;
    view->samples++;
}

/* ---------------------------------------------------------- the server's pipes
 */

/* Reads what the server has printed. */
static inline void read_log(struct live *live)
{
    char bytes[16384];
    ssize_t got = read(live->from_server, bytes, sizeof bytes);
    if (got > 0) {
        add_log(&live->view, bytes, (size_t)got);
        if (live->copy >= 0 && write(live->copy, bytes, (size_t)got) != got)
            live->copy = -1; /* the view is what matters */
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        (void)close(live->from_server); /* it was only read */
        live->from_server = -1;
    }
}

/* Sends what the operator has typed. */
static inline void send_typed(struct live *live)
{
    struct view *view = &live->view;
    view->typed[view->typed_size++] = '\n';
    bool sent = live->to_server >= 0 &&
                write(live->to_server, view->typed, view->typed_size) ==
                    (ssize_t)view->typed_size;
    view->note = sent ? NULL : "(the server takes no more lines)";
    view->typed_size = 0;
    view->typed[0] = '\0';
}

/* Reads the operator's keys, or lines. */
static inline void read_keys(struct live *live)
{
    char bytes[512];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
    bool raw = live->screen.raw, end = got == 0;
    for (ssize_t i = 0; i < got; i++) {
        if (raw && bytes[i] == 0x03) /* Ctrl-C */
            live->leave = true;
        else if (raw && bytes[i] == 0x04) /* Ctrl-D */
            end = end || live->view.typed_size == 0;
        else if (type_byte(&live->view, bytes[i]))
            send_typed(live);
    }
    if (!end)
        return;
    if (raw || isatty(STDIN_FILENO)) { /* who types Ctrl-D means the server */
        if (live->to_server >= 0)
            (void)close(live->to_server); /* all has been handed over */
        live->to_server = -1;
    }
    live->listening_to_us = raw;
}

/* Waits until a moment, and does meanwhile what comes. */
static inline void attend(struct live *live, long long until)
{
    while (stopped == 0 && asked_for == 0 && !live->leave) {
        long long left = until - micros(CLOCK_MONOTONIC);
        struct pollfd files[2] = {
            {live->from_server, POLLIN, 0},
            {live->listening_to_us ? STDIN_FILENO : -1, POLLIN, 0},
        };
        if (left <= 0)
            return;
        int ready = poll(files, 2, (int)(left / 1000) + 1);
        if (ready < 0 && errno != EINTR)
            return;
        if (ready > 0 && files[0].revents != 0)
            read_log(live);
        if (ready <= 0 || files[1].revents == 0)
            continue;
        read_keys(live);
        if (live->screen.raw) /* an echo comes at once */
            show(&live->screen, &live->frame, &live->view);
    }
}

/* ------------------------------------------------------------------ beginning
 */

/* Starts the server with pipes for what it reads and prints. */
static inline bool start_with_pipes(struct live *live, char **command)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0)
        return false;
    if (pipe2(out, O_CLOEXEC) != 0) {
        (void)close(in[0]);
        (void)close(in[1]);
        return false;
    }
    const int files[3] = {in[0], out[1], out[1]};
    bool good = start_server(live->view.server, command, files);
    (void)close(in[0]); /* these ends are the server's */
    (void)close(out[1]);
    live->to_server = in[1];
    live->from_server = out[0];
    live->listening_to_us = true;
    /* Neither may make the view wait: the server may read nothing. */
    return good && fcntl(in[1], F_SETFL, O_NONBLOCK) == 0 &&
           fcntl(out[0], F_SETFL, O_NONBLOCK) == 0;
}

/* --------------------------------------------------------------------- ending
 */

/* Says how the server has ended, and its last words. */
static inline void say_end(struct live *live)
{
    struct view *view = &live->view;
    int status = view->server->status;
    while (live->from_server >= 0) {
        struct pollfd file = {live->from_server, POLLIN, 0};
        if (poll(&file, 1, 0) <= 0)
            break;
        read_log(live);
    }
    if (WIFSIGNALED(status))
        (void)fprintf(stderr, "watch: the server has ended: signal %d, %s\n",
                      WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        (void)fprintf(stderr, "watch: the server has ended: exit status %d\n",
                      WEXITSTATUS(status));
    int first = view->logged > 5 ? view->logged - 5 : 0;
    for (int i = first; i < view->logged; i++)
        (void)fprintf(stderr, "  %s\n", view->log[i % LOG_LINES]);
}

/* Begins. Returns false, and says why, if that cannot be. */
static inline bool begin(struct live *live, char **command)
{
    struct server *server = live->view.server;
    if (!start_with_pipes(live, command)) {
        (void)fprintf(stderr, "watch: cannot start it: %s\n", strerror(errno));
        return false;
    }
    const char *blind = look_at(server);
    if (blind == NULL)
        return true;
    end_server(server);
    (void)fprintf(stderr,
                  "watch: %s\nwatch: it needs Linux with /proc; in a container:"
                  " docker run --cap-add SYS_PTRACE\n",
                  blind);
    return false;
}

/* Shows the server until it ends or somebody wants to leave; where standard
 * output is no terminal, once, after so many ms. Returns the exit status. */
static inline int watch_live(struct live *live, char **command, long every_ms,
                             long once_ms)
{
    struct server *server = live->view.server;
    if (!begin(live, command))
        return 1;
    bool once = !open_screen(&live->screen), over = false;
    long long start = micros(CLOCK_MONOTONIC), end = start + once_ms * 1000;
    server->at = start;
    while (!over) {
        tick(&live->view);
        if (!once)
            show(&live->screen, &live->frame, &live->view);
        long long next = server->at + every_ms * 1000;
        attend(live, once && end < next ? end : next);
        over = stopped != 0 || live->leave || has_ended(server) ||
               (once && (asked_for != 0 || micros(CLOCK_MONOTONIC) >= end));
    }
    close_screen(&live->screen);
    if (server->ended) {
        say_end(live);
        return 1;
    }
    if (once && stopped == 0) {
        tick(&live->view);
        print_frame(&live->frame, &live->view);
    }
    end_server(server);
    if (fflush(stdout) != 0 || ferror(stdout))
        return 1;
    return stopped != 0 && stopped != SIGINT ? 128 + stopped : 0;
}

#endif
