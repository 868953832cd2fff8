/* Lab 02, solved: chapter 02's server with patience for two seconds.
 *
 * The idea: a time limit is a moment on the clock, fixed once. Before each
 * recv the server waits for bytes, but no longer than what is left until then.
 */
#include "../../../common/net.h"
#include "../../../common/args.h"
#include "../../../common/talk.h"

#define TOO_SLOW "too slow"

enum {
    ACCEPT_AGAIN_MS = 100, /* the pause while there are no descriptors */
    PATIENCE_MS = 2000,    /* from the greeting to the end of the message */
};

struct client {
    net_socket sock;
    struct net_name name; /* its address, for the log */
};

/* Waits until there is something to receive, but no longer than until the
 * deadline (net_now). Returns false if nothing came. */
static bool wait_until(struct client *client, long long deadline)
{
    (void)fflush(stdout); /* a lost log does not stop the server */
    for (;;) {
        long long left = deadline - net_now();
        if (left <= 0)
            return false;
        if (net_wait(client->sock, NET_READABLE, (int)left) != 0)
            return true; /* or it failed, and then recv tells why */
    }
}

/* Receives once: a part of a line, a line, or several. Returns false if the
 * connection failed. */
static bool receive(struct client *client, struct lines_in *in)
{
    char bytes[LINES_CHUNK];
    long got = net_recv(client->sock, bytes, sizeof bytes);
    if (got < 0)
        return false;
    lines_put(in, bytes, (size_t)got); /* 0: the client has ended its stream */
    return true;
}

/* Sends all; one send may take only a part. Returns false if that failed. */
static bool send_all(struct client *client, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        long sent = net_send(client->sock, text, left);
        if (sent < 0)
            return false;
        text += sent;
        left -= (size_t)sent;
    }
    return true;
}

/* Holds the whole conversation: a greeting, one message, good-bye. */
static void converse(struct client *client)
{
    struct lines_in in = {.limit = LINE_LIMIT};
    struct line line;
    enum line_result got = LINE_PARTIAL;
    log_event("%s connected", client->name.text);
    bool alive = send_all(client, GREETING);
    const long long deadline = net_now() + PATIENCE_MS;
    while (alive && (got = lines_next(&in, &line)) == LINE_PARTIAL &&
           wait_until(client, deadline))
        alive = receive(client, &in);
    if (alive && got == LINE_READY)
        log_says(client->name, line);
    if (alive && got == LINE_TOO_LONG)
        alive = send_all(client, "error: " TOO_LONG "\n");
    if (alive && got == LINE_PARTIAL) /* its time is over */
        alive = send_all(client, "error: " TOO_SLOW "\n");
    if (!alive)
        log_lost(client->name, net_error());
    else
        log_event("%s %s", client->name.text,
                  got == LINE_TOO_LONG  ? "lost: " TOO_LONG
                  : got == LINE_PARTIAL ? "lost: " TOO_SLOW
                                        : "left");
    (void)fflush(stdout);
    (void)shutdown(client->sock, NET_SHUT_WRITE); /* fails if it is lost */
    net_discard_all(client->sock); /* unread bytes would make close a reset */
    (void)net_close(client->sock);
}

/* Waits for the next client. Returns false if it cannot be had now. */
static bool accept_client(net_socket listener, struct client *client)
{
    (void)fflush(stdout);
    client->sock = net_accept(listener, &client->name);
    log_accept(client->sock);
    if (client->sock != NET_BAD)
        return true;
    (void)fflush(stdout);
    net_sleep(ACCEPT_AGAIN_MS); /* it stays in the queue meanwhile */
    return false;
}

int main(int argc, char **argv)
{
    net_socket listener;
    int status = args_listen(argc, argv, &listener);
    if (status >= 0)
        return status;

    for (;;) {
        struct client client;
        if (accept_client(listener, &client))
            converse(&client);
    }
}
