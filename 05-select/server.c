/* 05-select: one thread, woken by the kernel.
 *
 * The idea: the program hands the kernel a list of all that it waits for, the
 * listener, the keyboard and each client, and sleeps in one call, select. It
 * wakes when something can be done, and knows for whom. The clients' states
 * are those of chapter 04; they now also say what to wait for.
 *
 * Try it:  ./server, in two more terminals ./client, and type at the server
 *
 * What still hurts: an fd_set holds FD_SETSIZE sockets (1024; on Windows 64),
 * and each call hands all of them over anew. poll, epoll and kqueue do not.
 *
 * See also: select(2), select_tut(2), poll(2).
 */
#include "../common/net.h"
#include "../common/args.h"
#include "../common/prompt.h"

enum {
    ACCEPTS = 256,          /* newcomers in one round: then the others' turn */
    ACCEPT_AGAIN_MS = 1000, /* the pause while there are no descriptors */
    QUIET_MS = 5000,        /* log "quiet" after this long without an event */
    TICK_MS = 100,          /* wake up this often while a deadline runs */
    FULL_MS = 2000,         /* drop who leaves no room this long */
};

enum state {
    READING,   /* all is answered; watched for the client to speak */
    ANSWERING, /* something is unsent; watched for room to send it */
    CLOSING,   /* half-closed; watched for the client to close too */
    CLOSED,    /* to be forgotten */
};

struct client {
    net_socket sock;
    enum state state;
    struct client *next;
    long long deadline; /* when it is closed (net_now); 0 for never */
    size_t discarded;   /* CLOSING: bytes thrown away so far */
    struct talk talk;   /* what was said: see talk.h */
};

static struct client *clients; /* all of them, the newest first */
static int watched = 2;        /* sockets: listener, keyboard and theirs */
static bool room = true;       /* all have room for an operator's line */
static struct lines_in keyboard = {.limit = LINE_LIMIT};
static long long quiet_since, accept_again; /* moments on net_now's clock */

static void close_client(struct client *client)
{
    (void)net_close(client->sock); /* whatever it returns, the socket is gone */
    client->state = CLOSED;
}

/* Receives once. Returns false if that failed, or nothing is there. */
static bool receive(struct client *client)
{
    char bytes[LINES_CHUNK];
    long got = net_recv(client->sock, bytes, sizeof bytes);
    if (got < 0)
        return false;
    lines_put(&client->talk.in, bytes, (size_t)got); /* 0: end of stream */
    return true;
}

/* Sends what the kernel takes now. Returns false if the connection failed. */
static bool send_answers(struct client *client)
{
    struct lines_out *out = &client->talk.out;
    while (out->size > 0) {
        long sent = net_send(client->sock, out->bytes, out->size);
        if (sent < 0)
            return net_would_block(net_error()); /* the rest stays in out */
        lines_drop(out, (size_t)sent);
    }
    return true;
}

/* Ends a client whose connection has failed. */
static void lose(struct client *client)
{
    talk_lost(&client->talk, net_error());
    close_client(client);
}

/* Goes on with a conversation as far as that is possible without waiting. */
static void converse(struct client *client)
{
    struct talk *talk = &client->talk;
    client->state = ANSWERING;
    while (send_answers(client)) {
        if (talk->out.size > 0)
            return;
        if (talk->over) {
            (void)shutdown(client->sock, NET_SHUT_WRITE); /* fails if lost */
            client->state = CLOSING;
            return;
        }
        if (talk_answer(talk) < 0) {
            client->state = READING;
            return;
        }
        if (talk->over)
            client->deadline = net_now() + NET_FINISH_MS;
    }
    lose(client);
}

/* True if a line of the operator's fits. */
static bool has_room(const struct client *client)
{
    return client->talk.over || lines_room(&client->talk.out) > LINE_LIMIT;
}

/* Does what the client's state and select allow. */
static void visit(struct client *client, bool ready)
{
    if (client->deadline > 0 && net_now() >= client->deadline) {
        if (!client->talk.over)
            talk_end(&client->talk, "lost: does not read", "");
        close_client(client);
    } else if (client->state == READING && ready) {
        if (receive(client))
            converse(client);
        else if (!net_would_block(net_error()))
            lose(client);
    } else if (client->state == ANSWERING && ready) {
        converse(client);
    } else if (client->state == CLOSING && ready &&
               net_discard(client->sock, &client->discarded)) {
        close_client(client);
    }
    if (has_room(client) && !client->talk.over)
        client->deadline = 0;
}

/* Visits those who are ready or have a deadline, and frees the closed ones. */
static void visit_clients(fd_set *readable, fd_set *writable)
{
    room = true;
    for (struct client **at = &clients; *at != NULL;) {
        struct client *client = *at;
        bool ready = FD_ISSET(client->sock, readable) ||
                     FD_ISSET(client->sock, writable);
        if (client->state != CLOSED && (ready || client->deadline > 0))
            visit(client, ready);
        room &= client->deadline == 0 || has_room(client);
        if (client->state != CLOSED) {
            at = &client->next;
        } else {
            *at = client->next;
            free(client);
            watched--;
            accept_again = 0; /* there is a descriptor now */
        }
    }
}

/* Takes a client out of the queue. Returns false if there is none now, or if
 * accept fails. */
static bool accept_client(net_socket listener)
{
    struct net_name name;
    net_socket sock = net_accept(listener, &name);
    accept_again = log_accept(sock) ? net_now() + ACCEPT_AGAIN_MS : 0;
    if (sock == NET_BAD)
        return false;
    struct client *client =
        net_can_select(sock, watched) ? calloc(1, sizeof *client) : NULL;
    if (client == NULL || net_set_nonblocking(sock) != 0) {
        talk_refuse(sock, name);
        free(client);
        return true;
    }
    client->sock = sock;
    client->talk.name = name;
    client->next = clients;
    clients = client;
    watched++;
    talk_start(&client->talk);
    converse(client);
    return true;
}

/* Passes on what the operator has typed, as long as everyone has room. Many
 * short lines leave in one send. Returns false after quit. */
static bool relay_keyboard(void)
{
    struct line line;
    bool quit = false;
    while (room && !quit &&
           prompt_next(&keyboard, "server", &line) == LINE_READY) {
        quit = line_is(line, "quit");
        for (struct client *c = clients; c != NULL; c = c->next) {
            if (!c->talk.over)
                lines_add_line(&c->talk.out, "", line);
            if (!has_room(c))
                converse(c);
            if (!has_room(c)) { /* it does not read, and holds up the others */
                c->deadline = net_now() + FULL_MS;
                room = false;
            }
        }
    }
    for (struct client *c = clients; c != NULL; c = c->next)
        if (!c->talk.over && c->talk.out.size > 0)
            converse(c);
    return !quit;
}

/* Sleeps in select until something can be done, or it is time to look at a
 * deadline. The sets then hold the ready sockets. Returns false if it fails. */
static bool wait_ready(net_socket listener, fd_set *readable, fd_set *writable)
{
    const long long now = net_now();
    bool tick = now < accept_again;
    int nfds = 0, left = (int)(quiet_since + QUIET_MS - now);
    FD_ZERO(readable); /* select changes the sets, and on Linux the time too: */
    FD_ZERO(writable); /* they are made anew each time */
    for (const struct client *c = clients; c != NULL; c = c->next) {
        if (c->state != CLOSED) /* closed sockets must not be in a set */
            FD_SET(c->sock, c->state == ANSWERING ? writable : readable);
        nfds = net_nfds(nfds, c->sock);
        tick |= c->deadline > 0;
    }
    if (now >= accept_again) {
        FD_SET(listener, readable);
        nfds = net_nfds(nfds, listener);
    }
    if (room && !keyboard.ended) {
        FD_SET(net_input(), readable);
        nfds = net_nfds(nfds, net_input());
    }
    left = left < 0 ? 0 : tick && left > TICK_MS ? TICK_MS : left;
    const int microseconds = left % 1000 * 1000;
    struct timeval limit = {left / 1000, microseconds};
    (void)fflush(stdout); /* a lost log does not stop the server */
    int ready = net_select(nfds, readable, writable, NULL, &limit);
    if (ready < 0) { /* the sets mean nothing then */
        FD_ZERO(readable);
        FD_ZERO(writable);
        return net_interrupted(net_error());
    }
    if (ready > 0 || net_now() - quiet_since >= QUIET_MS) {
        if (ready == 0)
            log_event("quiet for %d s", QUIET_MS / 1000);
        quiet_since = net_now();
    }
    return true;
}

int main(int argc, char **argv)
{
    fd_set readable, writable;
    net_socket listener;
    int status = args_listen(argc, argv, &listener);
    if (status >= 0)
        return status;
    if (net_set_nonblocking(listener) != 0)
        return net_fail("server", net_error_text(net_error()));
    if (!net_can_select(listener, 0))
        return prompt_cannot_select("server");
    keyboard.ended = net_input() == NET_BAD; /* net_input has said why */
    quiet_since = net_now();
    for (bool running = true; running;) {
        if (!wait_ready(listener, &readable, &writable))
            return net_fail("server", net_error_text(net_error()));
        if (FD_ISSET(listener, &readable))
            for (int n = 0; n < ACCEPTS && accept_client(listener); n++)
                continue;
        visit_clients(&readable, &writable);
        if (FD_ISSET(net_input(), &readable))
            prompt_read(&keyboard, "server");
        if (!lines_empty(&keyboard))
            running = relay_keyboard();
    }
    for (const struct client *c = clients; c != NULL; c = c->next)
        net_dismiss(c->sock, "");
    return 0;
}
