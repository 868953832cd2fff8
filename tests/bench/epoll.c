/* epoll.c - a bare loop as the limit of all: one thread that sleeps in
 * epoll_wait. The kernel keeps the list of clients, and tells only those who
 * have something to say. Linux only.
 *
 * See also: epoll(7).
 */
#include "bare.h"

#include <fcntl.h>
#include <sys/epoll.h>

enum { EVENTS = 256 };

static bool watch(int poller, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Takes all who wait in the queue. */
static void accept_clients(int poller, int listener)
{
    int client;
    while ((client = accept(listener, NULL, NULL)) >= 0)
        if (!watch(poller, client) || !bare_greet(client))
            close(client);
}

int main(void)
{
    int listener = bare_listen();
    int poller = epoll_create1(0);
    if (poller < 0 || fcntl(listener, F_SETFL, O_NONBLOCK) != 0 ||
        !watch(poller, listener))
        return 1;
    for (;;) {
        struct epoll_event events[EVENTS];
        /* After a signal it returns -1, and nobody is asked. */
        int count = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener)
                accept_clients(poller, listener);
            else if (bare_answer(fd) == GONE)
                close(fd); /* epoll forgets what is closed */
        }
    }
}
