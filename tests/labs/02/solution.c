/* Lab 02, solved: chapter 02's server with patience for two seconds.
 *
 * The idea: a time limit is a moment on the clock, fixed once. Before each
 * recv the server waits for bytes, but no longer than what is left until then.
 */
#include "../../../common/net.h"
#include "../../../common/lines.h"

#define TOO_SLOW "too slow"

enum {
    ACCEPT_AGAIN_MS = 100, /* a pause while there are no descriptors */
    PATIENCE_MS = 2000,    /* from the greeting to the end of the message */
};

struct client {
    net_socket socket;
    struct net_name name; /* its address, for the log */
};

/* What became of a client's message. */
enum outcome { SAID, ENDED, OVER, SLOW, FAILED };

/* Ends a client that is gone without a good-bye. */
static void lose(struct client *client)
{
    log_lost(client->name, net_error());
    (void)net_close(client->socket); /* nothing more can go wrong with it */
}

/* Takes the client's one message, or what comes instead of it until then. */
static enum outcome take_line(struct client *client, long long deadline)
{
    struct lines_in in = {.limit = LINE_LIMIT};
    struct line line;
    enum line_result got;
    while ((got = lines_next(&in, &line)) == LINE_PARTIAL) {
        long long left = deadline - net_now();
        if (left <= 0)
            return SLOW;
        (void)fflush(stdout); /* a lost log is no reason to stop */
        int ready = net_wait(client->socket, NET_READABLE, (int)left);
        if (ready < 0 || (ready > 0 && lines_receive(&in, client->socket) != 0))
            return FAILED;
    }
    if (got == LINE_READY)
        log_says(client->name, line);
    return got == LINE_READY ? SAID : got == LINE_TOO_LONG ? OVER : ENDED;
}

/* Says the last word and ends the conversation gently: closed with unread
 * input, the connection would be reset, and the word might be lost. */
static void end(struct client *client, const char *how, const char *word)
{
    if (net_send_all(client->socket, word, strlen(word)) != 0) {
        lose(client);
        return;
    }
    log_event("%s %s", client->name.text, how);
    (void)fflush(stdout);
    net_finish(client->socket);
}

/* Holds the whole conversation: a greeting, one message, good-bye. */
static void converse(struct client *client)
{
    log_event("%s connected", client->name.text);
    if (net_send_all(client->socket, GREETING, strlen(GREETING)) != 0) {
        lose(client);
        return;
    }
    switch (take_line(client, net_now() + PATIENCE_MS)) {
    case FAILED:
        lose(client);
        break;
    case SLOW:
        end(client, "lost: " TOO_SLOW, "error: " TOO_SLOW "\n");
        break;
    case OVER:
        end(client, "lost: " TOO_LONG, "error: " TOO_LONG "\n");
        break;
    default:
        end(client, "left", "");
    }
}

/* Waits for the next client. Returns false if it cannot be had now. */
static bool accept_client(net_socket listener, struct client *client)
{
    (void)fflush(stdout);
    if (serve_accept(listener, &client->socket, &client->name) == 0)
        return true;
    (void)fflush(stdout);
    net_sleep(ACCEPT_AGAIN_MS);
    return false;
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
    (void)printf("listening on %s\n", net_local_name(listener).text);

    for (;;) {
        struct client client;
        if (accept_client(listener, &client))
            converse(&client);
    }
}
