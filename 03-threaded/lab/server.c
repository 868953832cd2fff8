/* Lab 03: a chat room with a thread per member. The task is in README.md,
 * beside this file; `make grade N=03` says how far you are.
 *
 * So far it is the chapter's server: each client talks to the server alone. To
 * begin with, a list of all members, and a lock for it, see net_lock in net.h.
 */
#include "../../common/net.h"
#include "../../common/lines.h"

enum { ACCEPT_AGAIN_MS = 100 }; /* a pause while there are no descriptors */

struct client {
    net_socket socket;
    struct talk talk; /* what was said: see lines.h */
};

/* Holds the whole conversation, and waits wherever there is nothing to do. */
static void converse(struct client *client)
{
    for (;;) {
        if (lines_send(&client->talk.out, client->socket) != 0)
            break;
        if (client->talk.over) {
            net_finish(client->socket);
            return;
        }
        if (!talk_answer(&client->talk) &&
            lines_receive(&client->talk.in, client->socket) != 0)
            break;
    }
    talk_lost(&client->talk, net_error());
    (void)net_close(client->socket); /* nothing more can go wrong with it */
}

/* A client's thread: the client is its own, and nobody else's. */
static net_thread_result NET_THREAD_CALL serve(void *argument)
{
    struct client *client = argument;
    talk_start(&client->talk);
    converse(client);
    free(client);
    return 0;
}

/* Waits for the next client and gives it a thread. */
static void accept_client(net_socket listener)
{
    net_socket socket;
    struct net_name name;
    if (serve_accept(listener, &socket, &name) != 0) {
        net_sleep(ACCEPT_AGAIN_MS);
        return;
    }
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        serve_refuse(socket, name);
        return;
    }
    client->socket = socket;
    client->talk.name = name;
    if (net_thread(serve, client, NET_THREAD_STACK) != 0) {
        serve_refuse(socket, name);
        free(client);
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
    (void)printf("listening on %s\n", net_local_name(listener).text);
    (void)fflush(stdout);
    log_unbuffered = true; /* threads would wait for stdout's lock */

    for (;;)
        accept_client(listener);
}
