/* 04-nonblocking: one thread, asking everyone in turn.
 *
 * The idea: no call waits. The server goes round and asks the listener and
 * each client whether there is something; "would block" means no. Since no
 * call remembers how far a conversation has come, the program does: where
 * chapter 03 waits, this one writes down a state and returns.
 *
 * Try it:  ./server    and in two more terminals:  ./client
 *
 * What still hurts: nearly all questions find nothing, and between two rounds
 * it sleeps although somebody may speak. In chapter 05 the kernel says who.
 *
 * See also: fcntl(2) O_NONBLOCK, recv(2) EAGAIN, sched_yield(2).
 */
#include "../common/net.h"
#include "../common/args.h"
#include "../common/talk.h"

enum {
    ACCEPTS = 256,       /* newcomers in one round: then the others' turn */
    YIELDS = 16,         /* so many rounds find nothing before it sleeps */
    LONGEST_NAP_MS = 16, /* each sleep is twice the last, from 1 ms to this */
    REPORT_MS = 5000,    /* there is at most one report in this time */
};

enum state {
    READING,   /* all is answered; the client may speak */
    ANSWERING, /* something is unsent; the client is not read meanwhile */
    CLOSING,   /* half-closed; the client has not closed yet */
    CLOSED,    /* its memory is freed in this round */
};

struct client {
    net_socket sock;
    enum state state;
    struct client *next;
    long long deadline; /* once talk.over: the moment to close (net_now) */
    size_t discarded;   /* CLOSING: bytes thrown away so far */
    struct talk talk;   /* what was said: see talk.h */
};

static struct client *clients; /* all of them, the newest first */

/* What the polling cost since the last report. */
static struct {
    unsigned rounds, calls, nothing, messages;
    bool news; /* a call has found something */
    long long since;
} polled;

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
        int taken = talk_answer(talk);
        if (taken < 0) {
            client->state = READING;
            return;
        }
        polled.messages += (unsigned)taken;
        if (talk->over)
            client->deadline = net_now() + NET_FINISH_MS;
    }
    lose(client);
}

/* Counts a call that did or did not find anything. Returns whether it did. */
static bool count(bool found)
{
    polled.calls++;
    polled.nothing += !found;
    polled.news |= found;
    return found;
}

/* Asks a client what its state allows. Returns whether there was anything. */
static bool visit(struct client *client)
{
    size_t unsent = client->talk.out.size;
    if (client->talk.over && net_now() >= client->deadline) {
        close_client(client);
    } else if (client->state == READING) {
        if (receive(client))
            converse(client);
        else if (net_would_block(net_error()))
            return false;
        else
            lose(client);
    } else if (client->state == ANSWERING) {
        converse(client);
        return client->talk.out.size != unsent;
    } else if (client->state == CLOSING) {
        if (!net_discard(client->sock, &client->discarded))
            return false;
        close_client(client);
    }
    return true;
}

/* Asks all clients, and forgets those that are closed. Returns whether any of
 * them had something. */
static bool visit_clients(void)
{
    bool found = false;
    for (struct client **at = &clients; *at != NULL;) {
        struct client *client = *at;
        if (client->state != CLOSED) /* a newcomer may be lost already */
            found |= count(visit(client));
        if (client->state != CLOSED) {
            at = &client->next;
        } else {
            *at = client->next;
            free(client);
        }
    }
    return found;
}

/* Takes a client out of the queue. Returns false if none can be had now. */
static bool accept_client(net_socket listener)
{
    struct net_name name;
    net_socket sock = net_accept(listener, &name);
    log_accept(sock);
    if (sock == NET_BAD)
        return false;
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL || net_set_nonblocking(sock) != 0) {
        talk_refuse(sock, name);
        free(client);
        return true;
    }
    client->sock = sock;
    client->talk.name = name;
    client->next = clients;
    clients = client;
    talk_start(&client->talk);
    converse(client);
    return true;
}

/* Work of the server's own: now and then it says what the polling cost. */
static void report(void)
{
    polled.rounds++;
    if (!polled.news || net_now() - polled.since < REPORT_MS)
        return;
    log_event("polled %u rounds, %u calls, %u found nothing, %u messages",
              polled.rounds, polled.calls, polled.nothing, polled.messages);
    memset(&polled, 0, sizeof polled);
    polled.since = net_now();
}

/* After a round that found nothing: lets other programs run, then sleeps,
 * longer and longer. */
static void rest(bool found)
{
    static int rounds; /* in a row, that found nothing */
    static int nap;    /* the last sleep, in ms */
    if (found) {
        rounds = 0;
        nap = 0;
        return;
    }
    (void)fflush(stdout); /* a lost log does not stop the server */
    if (rounds < YIELDS) {
        rounds++;
        net_yield();
    } else {
        nap = nap == 0 ? 1 : nap < LONGEST_NAP_MS ? nap * 2 : nap;
        net_sleep(nap);
    }
}

int main(int argc, char **argv)
{
    net_socket listener;
    int status = args_listen(argc, argv, &listener);
    if (status >= 0)
        return status;
    if (net_set_nonblocking(listener) != 0)
        return net_fail("server", net_error_text(net_error()));

    polled.since = net_now();
    for (;;) {
        bool found = false;
        for (int n = 0; n < ACCEPTS && count(accept_client(listener)); n++)
            found = true;
        found |= visit_clients();
        report();
        rest(found);
    }
}
