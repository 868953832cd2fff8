/* Lab 01, solved: counts what one client sends.
 *
 * The idea: recv returns some bytes, in pieces that mean nothing, until it
 * returns 0: the peer has ended, and still reads. -1 is something else.
 */
#include "../../../common/net.h"
#include "../../../common/lines.h"

#include <inttypes.h>

enum { PIECE = 65536 }; /* bytes asked for at a time: any number will do */

struct count {
    unsigned long long bytes, lines;
    uint32_t sum; /* modulo 2^32 by itself */
};

/* Adds a piece to the count. */
static void count_piece(struct count *count, const char *bytes, size_t size)
{
    count->bytes += size;
    for (size_t i = 0; i < size; i++) {
        count->lines += bytes[i] == '\n';
        count->sum += (unsigned char)bytes[i]; /* a char may be negative */
    }
}

/* Counts until end-of-stream. Returns 0, or -1 with net_error(). */
static int count_all(net_socket client, struct count *count)
{
    static char piece[PIECE];
    long got;
    (void)fflush(stdout); /* a lost log is no reason to stop */
    while ((got = net_recv(client, piece, sizeof piece)) > 0)
        count_piece(count, piece, (size_t)got);
    return got == 0 ? 0 : -1;
}

/* The client is gone without a good-bye. Returns the exit status. */
static int lost(net_socket client, struct net_name name)
{
    log_lost(name, net_error());
    (void)net_close(client); /* nothing more can go wrong with it */
    return 1;
}

/* Greets, counts, answers. Returns the program's exit status. */
static int converse(net_socket client, struct net_name name)
{
    struct count count = {0};
    char answer[128];
    if (net_send_all(client, GREETING, strlen(GREETING)) != 0 ||
        count_all(client, &count) != 0)
        return lost(client, name);
    (void)snprintf(answer, sizeof answer,
                   "%llu bytes, %llu lines, sum %" PRIu32 "\n", count.bytes,
                   count.lines, count.sum);
    if (net_send_all(client, answer, strlen(answer)) != 0)
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
