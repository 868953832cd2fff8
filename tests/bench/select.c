/* select.c - a bare loop to measure chapter 05 against: one thread that sleeps
 * in select, and asks those of whom select says that they have something.
 *
 * It keeps one set of all clients, and hands select a copy. Chapter 05 fills
 * its sets anew each time, since what it waits for changes with a client's
 * state. This loop has no states.
 */
#include "bare.h"

#include <fcntl.h>
#include <sys/select.h>

static fd_set watched;
static int highest; /* descriptor in it */

static void watch(int fd)
{
    FD_SET(fd, &watched);
    highest = fd > highest ? fd : highest;
}

static void forget(int client)
{
    FD_CLR(client, &watched);
    close(client);
}

/* Takes all who wait in the queue. */
static void accept_clients(int listener)
{
    int client;
    while ((client = accept(listener, NULL, NULL)) >= 0) {
        if (client < FD_SETSIZE && bare_greet(client))
            watch(client);
        else
            close(client);
    }
}

int main(void)
{
    int listener = bare_listen();
    if (fcntl(listener, F_SETFL, O_NONBLOCK) != 0)
        return 1;
    FD_ZERO(&watched);
    watch(listener);
    for (;;) {
        fd_set ready = watched;
        if (select(highest + 1, &ready, NULL, NULL, NULL) < 0)
            continue; /* a signal came */
        for (int fd = 0; fd <= highest; fd++)
            if (fd != listener && FD_ISSET(fd, &ready) &&
                bare_answer(fd) == GONE)
                forget(fd);
        if (FD_ISSET(listener, &ready))
            accept_clients(listener);
    }
}
