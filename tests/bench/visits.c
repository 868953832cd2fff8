/* visits.c - a bare loop to measure chapter 02 against: accept, greet, one
 * recv, good-bye, and nothing but the calls.
 *
 * No framing: what one recv brings is taken for the line. No log.
 */
#include "../../common/net.h"
#include "../../common/lines.h"

int main(void)
{
    struct net_endpoint at = {"127.0.0.1", "0"};
    struct net_reason why = {""};
    net_socket listener = net_start() == 0 ? net_listen(&at, &why) : NET_BAD;
    if (listener == NET_BAD)
        return net_fail("visits", why);
    (void)printf("listening on %s\n", net_local_name(listener).text);
    (void)fflush(stdout); /* the script waits for it */
    for (;;) {
        char bytes[LINES_IN_SIZE];
        net_socket socket = accept(listener, NULL, NULL);
        if (socket == NET_BAD)
            return 1;
        if (net_send(socket, GREETING, sizeof GREETING - 1) > 0 &&
            net_recv(socket, bytes, sizeof bytes) > 0 &&
            shutdown(socket, NET_SHUT_WRITE) == 0)
            while (net_recv(socket, bytes, sizeof bytes) > 0)
                continue;
        (void)net_close(socket); /* whatever it says, it is gone */
    }
}
