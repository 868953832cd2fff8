/* 03-threaded: a thread per client.
 *
 * The idea: main only accepts. Each client gets a thread of its own, which may
 * wait for its client, since the others have threads of their own. The progress
 * of a conversation is the line at which its thread waits.
 *
 * Try it:  ./server    and in two more terminals:  ./client
 *
 * What still hurts: each client costs a stack and a place in the scheduler,
 * and what threads share needs a lock. Chapter 04 does without threads.
 *
 * See also: pthreads(7), pthread_mutex_lock(3), accept(2), recv(2).
 */
#include "../common/net.h"
#include "../common/args.h"
#include "../common/talk.h"

enum {
    ACCEPT_AGAIN_MS = 100, /* the pause while there are no descriptors */
    CLIENTS_LIMIT = 4000,  /* each costs a thread: more are refused */
};

struct client {
    net_socket sock;
    struct talk talk; /* what was said: see talk.h */
};

static net_lock lock = NET_UNLOCKED;
static int served; /* clients; main and all threads change it, with the lock */

/* Counts a client that comes (1) or goes (-1). Returns false if there are now
 * too many. */
static bool count_client(int change)
{
    net_lock_take(&lock);
    served += change;
    bool fits = served <= CLIENTS_LIMIT;
    net_lock_release(&lock);
    return fits;
}

/* Receives once. Returns false if the connection failed. */
static bool receive(struct client *client)
{
    char bytes[LINES_CHUNK];
    long got = net_recv(client->sock, bytes, sizeof bytes);
    if (got < 0)
        return false;
    lines_put(&client->talk.in, bytes, (size_t)got); /* 0: end of stream */
    return true;
}

/* Sends what waits to be sent. Returns false if the connection failed. */
static bool send_answers(struct client *client)
{
    struct lines_out *out = &client->talk.out;
    while (out->size > 0) {
        long sent = net_send(client->sock, out->bytes, out->size);
        if (sent < 0)
            return false;
        lines_drop(out, (size_t)sent);
    }
    return true;
}

/* Holds the whole conversation. It waits in receive for the client's lines, and
 * in send_answers for a client that does not read. */
static void converse(struct client *client)
{
    struct talk *talk = &client->talk;
    while (send_answers(client) && !talk->over) {
        if (talk_answer(talk) < 0 && !receive(client))
            break;
        if (talk->over) /* the client may never read: do not wait for ever */
            (void)net_limit_send(client->sock, NET_FINISH_MS);
    }
    talk_lost(talk, net_error());                 /* is silent if it is over */
    (void)shutdown(client->sock, NET_SHUT_WRITE); /* fails if it is lost */
    net_discard_all(client->sock); /* unread bytes would make close a reset */
    (void)net_close(client->sock);
}

/* A client's thread. No other thread uses the client, so this one frees it. */
static NET_THREAD serve(void *argument)
{
    struct client *client = argument;
    talk_start(&client->talk);
    converse(client);
    free(client);
    count_client(-1);
    return 0;
}

/* Waits for the next client and gives it a thread. */
static void accept_client(net_socket listener)
{
    struct net_name name;
    net_socket sock = net_accept(listener, &name);
    log_accept(sock);
    if (sock == NET_BAD) {
        net_sleep(ACCEPT_AGAIN_MS); /* the client waits in the queue */
        return;
    }
    struct client *client = calloc(1, sizeof *client);
    if (count_client(1) && client != NULL) {
        client->sock = sock;
        client->talk.name = name;
        if (net_thread(serve, client) == 0)
            return;
    }
    count_client(-1);
    free(client);
    talk_refuse(sock, name);
}

int main(int argc, char **argv)
{
    net_socket listener;
    int status = args_listen(argc, argv, &listener);
    if (status >= 0)
        return status;
    (void)fflush(stdout); /* a lost log does not stop the server */
    log_at_once = true;   /* threads would wait for the lock of stdout */

    for (;;)
        accept_client(listener);
}
