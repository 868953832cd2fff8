/* The bonus: lab 05's chat room on poll. The task is in README.md, beside this
 * file; `make grade N=bonus` says how far you are.
 *
 * So far it is the chapter's server. If you have done lab 05, begin with that:
 * cp ../server.c . , and one more ../ in its two first includes.
 */
#include "../../../common/net.h"
#include "../../../common/lines.h"

enum {
    ACCEPTS = 256,          /* newcomers a round: the others wait meanwhile */
    ACCEPT_AGAIN_MS = 1000, /* a pause while there are no descriptors */
    QUIET_MS = 5000,        /* so long nothing happened: worth a line */
    TICK_MS = 100,          /* a look at the clock while it matters */
};

enum state {
    READING,   /* all is answered; watched for the client to speak */
    ANSWERING, /* something is unsent; watched for room to send it */
    CLOSING,   /* half-closed; watched for the client to close too */
    CLOSED,    /* to be forgotten */
};

struct client {
    net_socket socket;
    enum state state;
    struct talk talk;         /* what was said: see lines.h */
    struct net_finish finish; /* CLOSING: for how long */
    struct client *next;
};

static struct client *clients; /* all of them, the newest first */
static int watched = 2;        /* sockets: listener, keyboard and theirs */
static long long accept_again; /* no descriptors: not before this moment */
static long long quiet_since;
static struct lines_in keyboard = {.limit = LINE_LIMIT};

static void close_client(struct client *client)
{
    (void)net_close(client->socket); /* nothing more can go wrong with it */
    client->state = CLOSED;
}

/* Ends a client that is gone without a good-bye. */
static void lose(struct client *client)
{
    talk_lost(&client->talk, net_error());
    close_client(client);
}

/* Goes on with a conversation as far as that is possible without waiting. */
static void converse(struct client *client)
{
    for (;;) {
        if (lines_send(&client->talk.out, client->socket) != 0)
            break;
        if (lines_unsent(&client->talk.out) > 0) {
            client->state = ANSWERING;
            return;
        }
        if (client->talk.over) {
            net_finish_start(&client->finish, client->socket);
            client->state = CLOSING;
            return;
        }
        if (!talk_answer(&client->talk)) {
            client->state = READING;
            return;
        }
    }
    lose(client);
}

/* Does what the client's state and select allow. */
static void visit(struct client *client, bool ready)
{
    if (client->state == READING && ready) {
        if (lines_receive(&client->talk.in, client->socket) == 0)
            converse(client);
        else if (!net_would_block(net_error()))
            lose(client);
    } else if (client->state == ANSWERING) {
        if (ready)
            converse(client);
        if (talk_stuck(&client->talk)) {
            talk_end(&client->talk, "lost: does not read", "");
            close_client(client);
        }
    } else if (client->state == CLOSING) {
        if (net_finish_done(&client->finish, client->socket))
            close_client(client);
    }
}

/* Takes a client out of the queue. Returns false if none can be had now. */
static bool accept_client(net_socket listener)
{
    net_socket socket;
    struct net_name name;
    int code = serve_accept(listener, &socket, &name);
    bool failed = code != 0 && !net_would_block(code);
    accept_again = failed ? net_now() + ACCEPT_AGAIN_MS : 0;
    if (code != 0)
        return false;
    struct client *client =
        net_can_select(socket, watched) ? calloc(1, sizeof *client) : NULL;
    if (client == NULL || net_set_nonblocking(socket) != 0) {
        serve_refuse(socket, name);
        free(client);
        return true;
    }
    client->socket = socket;
    client->talk.name = name;
    client->next = clients;
    clients = client;
    watched++;
    talk_start(&client->talk);
    converse(client);
    return true;
}

/* Frees the clients that are closed. */
static void sweep(void)
{
    for (struct client **at = &clients; *at != NULL;) {
        struct client *client = *at;
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

static bool everyone_has_room(void)
{
    for (const struct client *c = clients; c != NULL; c = c->next)
        if (!talk_has_room(&c->talk))
            return false;
    return true;
}

/* Passes the operator's lines on while everyone has room for them. Returns
 * false after quit. */
static bool relay_keyboard(void)
{
    struct line line;
    while (everyone_has_room() &&
           lines_typed(&keyboard, "server", &line) == LINE_READY) {
        for (struct client *c = clients; c != NULL; c = c->next)
            if (!c->talk.over) {
                lines_add_line(&c->talk.out, "", line);
                converse(c);
            }
        if (line_is(line, "quit"))
            return false;
    }
    return true;
}

/* Fills in what select is to watch, and for how long. Returns its first
 * argument. */
static int watch(net_socket listener, fd_set *readable, fd_set *writable,
                 struct timeval *limit)
{
    int nfds = 0;
    long long now = net_now(), left = quiet_since + QUIET_MS - now;
    FD_ZERO(readable);
    FD_ZERO(writable);
    if (now >= accept_again)
        nfds = net_watch(nfds, listener, readable);
    if (!keyboard.ended && everyone_has_room())
        nfds = net_watch(nfds, net_input(), readable);
    bool tick = now < accept_again;
    for (const struct client *c = clients; c != NULL; c = c->next) {
        nfds = net_watch(nfds, c->socket,
                         c->state == ANSWERING ? writable : readable);
        tick |= c->state != READING;
    }
    if (tick && left > TICK_MS)
        left = TICK_MS;
    *limit = net_timeval(left > 0 ? left : 0);
    return nfds;
}

/* Says so when nobody has done anything for a while. */
static void note_quiet(bool quiet)
{
    if (quiet && net_now() - quiet_since < QUIET_MS)
        return;
    if (quiet)
        log_event("quiet for %d s", QUIET_MS / 1000);
    quiet_since = net_now();
}

int main(int argc, char **argv)
{
    struct net_endpoint at;
    struct net_reason why;
    int status = net_server_setup(argc, argv, &at);
    if (status >= 0)
        return status;

    net_socket listener = net_listen(&at, &why);
    if (listener == NET_BAD)
        return net_fail("server", why);
    struct net_name here = net_local_name(listener);
    if (net_set_nonblocking(listener) != 0)
        return net_fail("server", net_explain("fcntl", here, net_error()));
    (void)printf("listening on %s\n", here.text);

    quiet_since = net_now();
    for (bool running = true; running;) {
        fd_set readable, writable; /* select changes them, and on Linux */
        struct timeval limit;      /* this too: they are new each time */
        int nfds = watch(listener, &readable, &writable, &limit);
        (void)fflush(stdout);
        int ready = select(nfds, &readable, &writable, NULL, &limit);
        if (ready < 0 && net_interrupted(net_error()))
            continue;
        if (ready < 0)
            return net_fail("server", net_explain("select", here, net_error()));
        note_quiet(ready == 0);
        for (int n = 0; n < ACCEPTS && FD_ISSET(listener, &readable); n++)
            if (!accept_client(listener))
                break;
        for (struct client *c = clients; c != NULL; c = c->next)
            visit(c, FD_ISSET(c->socket, &readable) ||
                         FD_ISSET(c->socket, &writable));
        if (FD_ISSET(net_input(), &readable) &&
            lines_receive(&keyboard, net_input()) != 0)
            keyboard.ended = true; /* unreadable is as good as ended */
        running = relay_keyboard();
        sweep();
    }

    for (const struct client *c = clients; c != NULL; c = c->next)
        net_dismiss(c->socket, "");
    return 0;
}
