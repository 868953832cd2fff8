/* Lab 04, solved: the counting house.
 *
 * The idea: an answer that is too long for any buffer is not made, it is
 * remembered: how far it has got, and where it ends. Numbers are written when
 * there is room for them, and in one visit only so many, since others wait for
 * theirs.
 */
#include "../../../common/net.h"
#include "../../../common/args.h"
#include "../../../common/talk.h"

enum {
    ACCEPTS = 256,       /* newcomers in one round: then the others' turn */
    YIELDS = 16,         /* rounds that found nothing, before it sleeps */
    LONGEST_NAP_MS = 16, /* its sleeps double, from 1 ms to this */
    REPORT_MS = 5000,    /* at most one report in this time */

    COUNT_MOST = 10000000, /* as far as anybody is counted to */
    NUMBER_SIZE = 16,      /* room for a number and its \n */
    TURNS = 8,             /* sends in one visit: then the others' turn */
};

#define COUNT_ERROR "error: count 1 to 10000000\n"

enum state {
    READING,   /* all is answered; waits for the client to speak */
    ANSWERING, /* something is to be sent; the client is not read meanwhile */
    CLOSING,   /* half-closed; waits for the client to close too */
    CLOSED,    /* to be forgotten */
};

struct client {
    net_socket sock;
    enum state state;
    struct client *next;
    long long deadline; /* talk.over: by then it is closed (net_now) */
    size_t discarded;   /* CLOSING: bytes */
    int said, last;     /* of its count; equal when that is done */
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

/* The number behind "count ", 0 if it is none or not one of ours. */
static int count_number(const char *digits, size_t length)
{
    int number = 0;
    for (size_t i = 0; i < length && number <= COUNT_MOST; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return 0;
        number = number * 10 + (digits[i] - '0');
    }
    return number <= COUNT_MOST ? number : 0;
}

/* Does what a line asks for. There is room for its answer, and a count before
 * it is done. */
static void obey(struct client *client, struct line line)
{
    static const char word[] = "count ";
    const size_t length = sizeof word - 1;
    struct talk *talk = &client->talk;
    log_says(talk->name, line);
    if (line_is(line, "quit")) {
        talk_end(talk, "left", "quit\n");
    } else if (line.length < length || memcmp(line.bytes, word, length) != 0) {
        lines_add_line(&talk->out, ANSWER, line);
    } else {
        client->said = 0;
        client->last = count_number(line.bytes + length, line.length - length);
        if (client->last == 0)
            lines_add_text(&talk->out, COUNT_ERROR);
    }
}

/* Writes numbers while there is room for them. */
static void write_numbers(struct client *client)
{
    struct lines_out *out = &client->talk.out;
    char number[NUMBER_SIZE];
    while (client->said < client->last && lines_room(out) >= NUMBER_SIZE) {
        snprintf(number, sizeof number, "%d\n", ++client->said);
        lines_add_text(out, number);
    }
}

/* Takes the lines that are whole, as long as there is room: the next one when
 * all the numbers before it are sent, since a quit starts the second after
 * which what is unsent is lost. To be called when all is sent. Returns how many
 * it took, or -1 if there is nothing to send: then more must be received. */
static int take_lines(struct client *client)
{
    int taken = 0;
    struct line line;
    struct talk *talk = &client->talk;
    while (!talk->over && lines_room(&talk->out) >= TALK_ROOM) {
        if (client->said < client->last) {
            write_numbers(client);
            return taken; /* the next line when they are sent */
        }
        switch (lines_next(&talk->in, &line)) {
        case LINE_PARTIAL:
            return talk->out.size > 0 ? taken : -1;
        case LINE_READY:
            taken++;
            obey(client, line);
            break;
        case LINE_TOO_LONG:
            talk_end(talk, "lost: " TOO_LONG, "error: " TOO_LONG "\n");
            break;
        case LINE_END:
            talk_end(talk, "left", "");
            break;
        }
    }
    return taken;
}

/* Goes on with a conversation as far as that is possible without waiting, and
 * without letting the others wait. Returns whether it got any further. */
static bool converse(struct client *client)
{
    struct talk *talk = &client->talk;
    bool further = false;
    client->state = ANSWERING;
    for (int turn = 0; turn < TURNS; turn++) {
        const size_t unsent = talk->out.size;
        if (!send_answers(client)) {
            lose(client);
            return true;
        }
        further |= talk->out.size < unsent;
        if (talk->out.size > 0)
            return further;
        if (talk->over) {
            (void)shutdown(client->sock, NET_SHUT_WRITE); /* fails if lost */
            client->state = CLOSING;
            return true;
        }
        int taken = take_lines(client);
        if (taken < 0) {
            client->state = READING;
            return true;
        }
        polled.messages += (unsigned)taken;
        if (talk->over)
            client->deadline = net_now() + NET_FINISH_MS;
    }
    return true; /* more in the next round */
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
    if (client->talk.over && net_now() >= client->deadline) {
        close_client(client);
    } else if (client->state == READING) {
        if (receive(client))
            return converse(client);
        if (net_would_block(net_error()))
            return false;
        lose(client);
    } else if (client->state == ANSWERING) {
        return converse(client);
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
    static int rounds, nap; /* without a find, in a row; last sleep in ms */
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
