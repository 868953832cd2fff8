/* Lab 02: patience for two seconds. The task is in README.md, beside this
 * file; `make grade N=02` says how far you are.
 *
 * So far it is the chapter's server: it waits for a message as long as that
 * takes, in take_line.
 */
#include "../../../common/net.h"
#include "../../../common/lines.h"

enum { ACCEPT_AGAIN_MS = 100 }; /* a pause while there are no descriptors */

struct client {
    net_socket socket;
    struct net_name name; /* its address, for the log */
};

/* Ends a client that is gone without a good-bye. */
static void lose(struct client *client)
{
    log_lost(client->name, net_error());
    (void)net_close(client->socket); /* nothing more can go wrong with it */
}

/* Takes the client's one message, or what comes instead of it. */
static enum line_result take_line(struct client *client)
{
    struct lines_in in = {.limit = LINE_LIMIT};
    struct line line;
    enum line_result got = lines_wait(&in, client->socket, &line);
    if (got == LINE_READY)
        log_says(client->name, line);
    return got;
}

/* Holds the whole conversation: a greeting, one message, good-bye. */
static void converse(struct client *client)
{
    static const char too_long[] = "error: " TOO_LONG "\n";
    log_event("%s connected", client->name.text);
    if (net_send_all(client->socket, GREETING, strlen(GREETING)) != 0) {
        lose(client);
        return;
    }
    enum line_result got = take_line(client);
    if (got == LINE_FAILED ||
        (got == LINE_TOO_LONG &&
         net_send_all(client->socket, too_long, strlen(too_long)) != 0)) {
        lose(client);
        return;
    }
    log_event("%s %s", client->name.text,
              got == LINE_TOO_LONG ? "lost: " TOO_LONG : "left");
    (void)fflush(stdout);
    net_finish(client->socket);
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
