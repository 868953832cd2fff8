/* Lab 04, solved: the counting house.
 *
 * The idea: an answer that is too long for any buffer is not made, it is
 * remembered: which number is next, and which is the last. Numbers are written
 * when there is room for them, and in one visit only so many, since others
 * wait for theirs.
 */
#include "../../../common/net.h"
#include "../../../common/lines.h"

enum {
    ACCEPTS = 256,    /* newcomers a round: the others wait meanwhile */
    YIELDS = 16,      /* rounds in vain before it sleeps */
    LONGEST_NAP = 16, /* ms; naps double from 1 to this */
    REPORT_MS = 5000, /* at most one report in this time */

    COUNT_MOST = 10000000, /* as far as anybody is counted to */
    NUMBER_SIZE = 16,      /* room for a number and its \n */
    TURNS = 8,             /* sends in a visit: the others wait meanwhile */
};

#define COUNT_ERROR "error: count 1 to 10000000\n"

enum state {
    READING,   /* all is answered; waits for the client to speak */
    ANSWERING, /* something is to be sent; is not read meanwhile */
    CLOSING,   /* half-closed; waits for the client to close too */
    CLOSED,    /* to be forgotten */
};

struct client {
    net_socket socket;
    enum state state;
    struct talk talk;         /* what was said: see lines.h */
    long number, last;        /* to be sent: from here to there */
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

/* The number behind "count ", 0 if it is none or not one of ours. */
static long count_number(const char *digits, size_t length)
{
    long number = 0;
    for (size_t i = 0; i < length; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return 0;
        number = number * 10 + (digits[i] - '0');
        if (number > COUNT_MOST)
            return 0;
    }
    return number;
}

/* Does what a line asks for; there is room for a line's answer. */
static void obey(struct client *client, struct line line)
{
    static const char count[] = "count ";
    size_t length = sizeof count - 1;
    struct talk *talk = &client->talk;
    log_says(talk->name, line);
    talk->messages++;
    if (line_is(line, "quit")) {
        talk_end(talk, "left", "quit\n");
    } else if (line.length < length || memcmp(line.bytes, count, length) != 0) {
        lines_add_line(&talk->out, ANSWER, line);
    } else {
        client->number = 1;
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
    while (client->number <= client->last && lines_room(out) >= NUMBER_SIZE) {
        (void)snprintf(number, sizeof number, "%ld\n", client->number++);
        lines_add_text(out, number);
    }
}

/* Takes up lines that are whole, one after another: the next one when all the
 * numbers before it are written. Returns true if there is something to send or
 * the talk is over, false if more must be received. */
static bool take_up(struct client *client)
{
    struct talk *talk = &client->talk;
    struct line line;
    while (!talk->over && lines_room(&talk->out) >= LINES_ANSWER_SIZE) {
        if (client->number <= client->last) {
            write_numbers(client);
            continue;
        }
        switch (lines_next(&talk->in, &line)) {
        case LINE_READY:
            obey(client, line);
            break;
        case LINE_TOO_LONG:
            talk_end(talk, "lost: " TOO_LONG, "error: " TOO_LONG "\n");
            break;
        case LINE_END:
            talk_end(talk, "left", "");
            break;
        default:
            return lines_unsent(&talk->out) > 0;
        }
    }
    return true;
}

/* Goes on with a conversation as far as that is possible without waiting, and
 * without letting the others wait. Returns whether it got any further. */
static bool converse(struct client *client)
{
    struct lines_out *out = &client->talk.out;
    bool further = false;
    for (int turn = 0; turn < TURNS; turn++) {
        size_t unsent = lines_unsent(out);
        if (lines_send(out, client->socket) != 0) {
            lose(client);
            return true;
        }
        further |= lines_unsent(out) < unsent;
        if (lines_unsent(out) > 0) {
            client->state = ANSWERING;
            return further;
        }
        if (client->talk.over) {
            net_finish_start(&client->finish, client->socket);
            client->state = CLOSING;
            return true;
        }
        if (!take_up(client)) {
            client->state = READING;
            return true;
        }
    }
    client->state = ANSWERING; /* more in the next round */
    return true;
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
    if (client->state == READING) {
        if (lines_receive(&client->talk.in, client->socket) == 0)
            return converse(client);
        if (net_would_block(net_error()))
            return false;
        lose(client);
    } else if (client->state == ANSWERING) {
        return converse(client);
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
    client->number = 1; /* nothing to count: last is 0 */
    (void)converse(client);
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
