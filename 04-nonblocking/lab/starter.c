/* Lab 04: the counting house. The task is in README.md, beside this file;
 * `make grade N=04` says how far you are.
 *
 * So far it is the chapter's server, which answers each line with one line.
 */
#include "../../common/net.h"
#include "../../common/lines.h"

enum {
    ACCEPTS = 256,    /* newcomers a round: the others wait meanwhile */
    YIELDS = 16,      /* rounds in vain before it sleeps */
    LONGEST_NAP = 16, /* ms; naps double from 1 to this */
    REPORT_MS = 5000, /* at most one report in this time */
};

enum state {
    READING,   /* all is answered; waits for the client to speak */
    ANSWERING, /* something is unsent; is not read meanwhile */
    CLOSING,   /* half-closed; waits for the client to close too */
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

/* What the polling cost since the last report. */
static struct {
    unsigned rounds, calls, nothing, messages;
    bool news; /* something has happened */
    long long since;
} polled;

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

/* Counts a call that did or did not find anything. Returns whether it did. */
static bool count(bool found)
{
    polled.calls++;
    polled.nothing += !found;
    polled.news |= found;
    return found;
}

/* Asks one client what its state allows. Returns whether there was anything. */
static bool visit(struct client *client)
{
    size_t unsent = lines_unsent(&client->talk.out);
    if (client->state == READING) {
        if (lines_receive(&client->talk.in, client->socket) == 0)
            converse(client);
        else if (net_would_block(net_error()))
            return false;
        else
            lose(client);
    } else if (client->state == ANSWERING) {
        converse(client);
        return lines_unsent(&client->talk.out) != unsent;
    } else if (client->state == CLOSING) {
        if (!net_finish_done(&client->finish, client->socket))
            return false;
        close_client(client);
    }
    return true;
}

/* Takes a client out of the queue. Returns false if none can be had now. */
static bool accept_client(net_socket listener)
{
    net_socket socket;
    struct net_name name;
    if (serve_accept(listener, &socket, &name) != 0)
        return false;
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL || net_set_nonblocking(socket) != 0) {
        serve_refuse(socket, name);
        free(client);
        return true;
    }
    client->socket = socket;
    client->talk.name = name;
    client->next = clients;
    clients = client;
    talk_start(&client->talk);
    converse(client);
    return true;
}

/* Frees the clients that are closed, and counts everybody's messages. */
static void sweep(void)
{
    for (struct client **at = &clients; *at != NULL;) {
        struct client *client = *at;
        polled.messages += client->talk.messages;
        client->talk.messages = 0;
        if (client->state != CLOSED) {
            at = &client->next;
        } else {
            *at = client->next;
            free(client);
        }
    }
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

/* After a round in vain: lets others run, then sleeps, longer and longer. */
static void rest(bool found)
{
    static int vain, nap; /* rounds in a row, and the last sleep in ms */
    if (found) {
        vain = 0;
        nap = 0;
        return;
    }
    (void)fflush(stdout);
    if (vain < YIELDS) {
        vain++;
        net_yield();
    } else {
        nap = nap == 0 ? 1 : nap < LONGEST_NAP ? nap * 2 : nap;
        net_sleep(nap);
    }
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

    polled.since = net_now();
    for (;;) {
        bool found = false;
        for (int n = 0; n < ACCEPTS && count(accept_client(listener)); n++)
            found = true;
        for (struct client *c = clients; c != NULL; c = c->next)
            found |= count(visit(c));
        sweep();
        report();
        rest(found);
    }
}
