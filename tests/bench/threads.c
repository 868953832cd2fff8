/* threads.c - a bare loop to measure chapter 03 against: a thread per client,
 * which waits in recv.
 */
#include "bare.h"

#include <pthread.h>

enum { STACK = 256 * 1024 }; /* as in chapter 03 */

static void *serve(void *argument)
{
    int client = *(int *)argument;
    free(argument);
    if (bare_greet(client))
        while (bare_answer(client) == ANSWERED)
            continue;
    close(client);
    return NULL;
}

int main(void)
{
    int listener = bare_listen();
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, STACK) != 0 ||
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) != 0)
        return 1;
    for (;;) {
        pthread_t thread;
        int client = accept(listener, NULL, NULL);
        if (client < 0)
            continue; /* a signal came, or the client has already gone */
        int *copy = malloc(sizeof *copy); /* the thread's own */
        if (copy == NULL)
            return 1;
        *copy = client;
        if (pthread_create(&thread, &attributes, serve, copy) != 0)
            return 1;
    }
}
