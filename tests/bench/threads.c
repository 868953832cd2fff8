/* threads.c - a bare loop to measure chapter 03 against: a thread per client,
 * and nothing but the calls.
 *
 * No framing: what one recv brings is taken for one line, which is true of a
 * crowd on the same machine and of nothing else. No log, no half-close.
 */
#include "../../common/net.h"
#include "../../common/lines.h"

enum { PREFIX = sizeof ANSWER - 1, CHUNK = 4096 };

static net_thread_result NET_THREAD_CALL serve(void *argument)
{
    net_socket socket = *(net_socket *)argument;
    char bytes[PREFIX + CHUNK] = ANSWER;
    long got;
    free(argument);
    if (net_send(socket, GREETING, sizeof GREETING - 1) > 0)
        while ((got = net_recv(socket, bytes + PREFIX, CHUNK)) > 0 &&
               net_send(socket, bytes, PREFIX + (size_t)got) > 0)
            continue;
    (void)net_close(socket); /* whatever it says, it is gone */
    return 0;
}

int main(void)
{
    struct net_endpoint at = {"127.0.0.1", "0"};
    struct net_reason why = {""};
    net_socket listener = net_start() == 0 ? net_listen(&at, &why) : NET_BAD;
    if (listener == NET_BAD)
        return net_fail("threads", why);
    (void)printf("listening on %s\n", net_local_name(listener).text);
    (void)fflush(stdout); /* the script waits for it */
    for (;;) {
        net_socket *socket = malloc(sizeof *socket);
        if (socket == NULL)
            return 1;
        *socket = accept(listener, NULL, NULL);
        if (*socket == NET_BAD ||
            net_thread(serve, socket, NET_THREAD_STACK) != 0) {
            free(socket);
            return 1;
        }
    }
}
