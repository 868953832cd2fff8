/* visits.c - a bare loop to measure chapter 02 against: one client after
 * another; each is greeted, heard once, and half-closed as chapter 02 does it.
 */
#include "bare.h"

/* Reads and forgets. Returns what recv said last. */
static ssize_t hear(int client)
{
    char bytes[CHUNK];
    ssize_t got;
    do
        got = recv(client, bytes, sizeof bytes, 0);
    while (got < 0 && errno == EINTR);
    return got;
}

int main(void)
{
    int listener = bare_listen();
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0)
            continue; /* a signal came, or the client has already gone */
        if (bare_greet(client) && hear(client) > 0 &&
            shutdown(client, SHUT_WR) == 0)
            while (hear(client) > 0)
                continue;
        close(client);
    }
}
