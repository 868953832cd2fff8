/* Lab 01, solved: counts what one client sends.
 *
 * The idea: recv returns some bytes, in pieces that mean nothing, until it
 * returns 0: the peer has ended, and still reads. -1 is something else.
 */
#include "../../../common/net.h"
#include "../../../common/args.h"
#include "../../../common/talk.h"

#include <inttypes.h>

enum { PIECE = 65536 }; /* bytes asked for at a time: 1024 would do, too */

struct count {
    uint64_t bytes, lines;
    uint32_t sum; /* an unsigned number is modulo 2^32 by itself */
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

/* Counts until the client ends its stream. Returns false if the connection
 * failed instead. */
static bool count_all(net_socket client, struct count *count)
{
    static char piece[PIECE];
    long got;
    (void)fflush(stdout); /* a lost log does not stop the server */
    while ((got = net_recv(client, piece, sizeof piece)) > 0)
        count_piece(count, piece, (size_t)got);
    return got == 0;
}

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

/* Greets, counts, answers. Returns false if the connection failed. */
static bool converse(net_socket client)
{
    struct count count = {0};
    char answer[128];
    if (!send_all(client, GREETING) || !count_all(client, &count))
        return false;
    snprintf(answer, sizeof answer,
             "%" PRIu64 " bytes, %" PRIu64 " lines, sum %" PRIu32 "\n",
             count.bytes, count.lines, count.sum);
    return send_all(client, answer);
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
