/* epoll.c - a bare loop to measure chapters 04 and 05 against: one thread,
 * epoll, and nothing but the calls. Linux only.
 *
 * No framing: what one recv brings is taken for one line, which is true of a
 * crowd on the same machine and of nothing else. No log, no half-close, and an
 * answer that does not fit into the kernel's buffer ends it all.
 *
 * See also: epoll(7).
 */
#include "../../common/net.h"
#include "../../common/lines.h"

#include <sys/epoll.h>

enum { PREFIX = sizeof ANSWER - 1, CHUNK = 4096, EVENTS = 256 };

/* From now on the kernel says when there is something to receive. */
static bool watch(int poller, net_socket socket)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = socket};
    return epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event) == 0;
}

static bool accept_client(int poller, net_socket listener)
{
    net_socket socket = accept(listener, NULL, NULL);
    return socket != NET_BAD && watch(poller, socket) &&
           net_send(socket, GREETING, sizeof GREETING - 1) > 0;
}

/* Returns false only if an answer did not fit. */
static bool answer(net_socket socket)
{
    static char bytes[PREFIX + CHUNK] = ANSWER;
    long got = net_recv(socket, bytes + PREFIX, CHUNK);
    if (got <= 0)
        return net_close(socket) == 0;
    size_t size = PREFIX + (size_t)got;
    return net_send(socket, bytes, size) == (long)size;
}

int main(void)
{
    struct net_endpoint at = {"127.0.0.1", "0"};
    struct net_reason why = {""};
    net_socket listener = net_start() == 0 ? net_listen(&at, &why) : NET_BAD;
    if (listener == NET_BAD)
        return net_fail("epoll", why);
    int poller = epoll_create1(0);
    if (poller < 0 || !watch(poller, listener))
        return 1;
    (void)printf("listening on %s\n", net_local_name(listener).text);
    (void)fflush(stdout); /* the script waits for it */
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < count; i++)
            if (!(events[i].data.fd == listener
                      ? accept_client(poller, listener)
                      : answer(events[i].data.fd)))
                return 1;
    }
}
