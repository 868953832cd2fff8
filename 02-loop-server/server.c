/* 02-loop-server: one client after another.
 *
 * The idea: accept, talk, close, and again, for ever. While one client is
 * served the next ones wait in the kernel's queue: they are connected, but
 * nobody has greeted them. What is known of a client is a variable of the
 * loop, gone when the next one comes.
 *
 * Try it:  ./server    and in two more terminals:  ./client
 *
 * What still hurts: a client that says nothing holds up all others. Chapter 03
 * gives each its own thread.
 *
 * See also: listen(2), accept(2), shutdown(2), tcp(7).
 */
#include "../common/net.h"
#include "../common/args.h"
#include "../common/talk.h"

enum { ACCEPT_AGAIN_MS = 100 }; /* the pause while there are no descriptors */

struct client {
    net_socket sock;
    struct net_name name; /* its address, for the log */
};

/* Receives once: a part of a line, a line, or several. Returns false if the
 * connection failed. */
static bool receive(struct client *client, struct lines_in *in)
{
    char bytes[LINES_CHUNK];
    (void)fflush(stdout); /* a lost log does not stop the server */
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
    while (alive && (got = lines_next(&in, &line)) == LINE_PARTIAL)
        alive = receive(client, &in);
    if (alive && got == LINE_READY)
        log_says(client->name, line);
    if (alive && got == LINE_TOO_LONG)
        alive = send_all(client, "error: " TOO_LONG "\n");
    if (!alive)
        log_lost(client->name, net_error());
    else
        log_event("%s %s", client->name.text,
                  got == LINE_TOO_LONG ? "lost: " TOO_LONG : "left");
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
    net_sleep(ACCEPT_AGAIN_MS); /* the client waits in the queue */
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
