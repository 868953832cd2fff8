/* Lab 01: count what one client sends. The task is in README.md, beside this
 * file; `make grade N=01` says how far you are.
 *
 * So far it greets its client, receives a first piece, and answers with a
 * count of nothing.
 */
#include "../../../common/net.h"
#include "../../../common/args.h"
#include "../../../common/talk.h"

enum { PIECE = 65536 }; /* bytes asked for at a time: 1024 would do, too */

/* Sends all; one send may take only a part. Returns false if that failed. */
static bool send_all(net_socket client, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        long sent = net_send(client, text, left);
        if (sent < 0)
            return false;
        text += sent;
        left -= (size_t)sent;
    }
    return true;
}

/* Greets and answers. Returns false if the connection failed. */
static bool converse(net_socket client)
{
    static char piece[PIECE];
    if (!send_all(client, GREETING))
        return false;
    (void)fflush(stdout); /* a lost log does not stop the server */
    /* Yours: there is more than one piece, and each has its size. */
    if (net_recv(client, piece, sizeof piece) < 0)
        return false;
    return send_all(client, "0 bytes, 0 lines, sum 0\n");
}

int main(int argc, char **argv)
{
    net_socket listener;
    struct net_name name;
    int status = args_listen(argc, argv, &listener);
    if (status >= 0)
        return status;
    (void)fflush(stdout);
    net_socket client = net_accept(listener, &name);
    if (client == NET_BAD)
        return net_fail("server", net_error_text(net_error()));
    log_event("%s connected", name.text);
    bool alive = converse(client);
    if (alive)
        log_event("%s left", name.text);
    else
        log_lost(name, net_error());
    (void)fflush(stdout);
    (void)shutdown(client, NET_SHUT_WRITE); /* fails if the client is lost */
    net_discard_all(client);   /* unread bytes would make close a reset */
    (void)net_close(client);   /* whatever it returns, the socket is gone */
    (void)net_close(listener); /* who still waits in the queue gets a reset */
    return alive ? 0 : 1;
}
