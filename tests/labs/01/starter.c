/* Lab 01: count what one client sends. The task is in README.md, beside this
 * file; `make grade N=01` says how far you are.
 *
 * So far it greets its client, waits for a first piece, and answers with a
 * count of nothing.
 */
#include "../../../common/net.h"
#include "../../../common/lines.h"

enum { PIECE = 65536 }; /* bytes asked for at a time: any number will do */

/* The client is gone without a good-bye. Returns the exit status. */
static int lost(net_socket client, struct net_name name)
{
    log_lost(name, net_error());
    (void)net_close(client); /* nothing more can go wrong with it */
    return 1;
}

/* Greets and answers. Returns the program's exit status. */
static int converse(net_socket client, struct net_name name)
{
    static char piece[PIECE];
    static const char answer[] = "0 bytes, 0 lines, sum 0\n";
    if (net_send_all(client, GREETING, strlen(GREETING)) != 0)
        return lost(client, name);
    (void)fflush(stdout); /* before it waits: a lost log is no reason to stop */
    /* Yours: there is more than one piece, and each has its size. */
    if (net_recv(client, piece, sizeof piece) < 0 ||
        net_send_all(client, answer, strlen(answer)) != 0)
        return lost(client, name);
    log_event("%s left", name.text);
    (void)fflush(stdout);
    net_finish(client);
    return 0;
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

    struct net_name name;
    net_socket client = net_accept(listener, &name);
    if (client == NET_BAD)
        return net_fail("server", net_error_text(net_error()));
    log_event("%s connected", name.text);
    status = converse(client, name);
    (void)net_close(listener); /* resets whoever still waits in the queue */
    return status;
}
