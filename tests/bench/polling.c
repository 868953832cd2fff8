/* polling.c - a bare loop to measure chapter 04 against: one thread that asks
 * the listener and every client, round after round.
 *
 * It rests as chapter 04 does: after a round in vain it lets others run, after
 * 16 of them it sleeps, 1 ms first, then twice as long each time, up to 16 ms.
 */
#include "bare.h"

#include <fcntl.h>
#include <sched.h>
#include <time.h>

enum { CLIENTS = 1024, YIELDS = 16, LONGEST_NAP = 16 };

static int clients[CLIENTS], count;

/* Takes all who wait in the queue. Returns whether there was anybody. */
static bool accept_clients(int listener)
{
    int before = count, client;
    while (count < CLIENTS && (client = accept(listener, NULL, NULL)) >= 0) {
        if (fcntl(client, F_SETFL, O_NONBLOCK) == 0 && bare_greet(client))
            clients[count++] = client;
        else
            close(client);
    }
    return count > before;
}

/* Asks every client. Returns whether anybody had something to say. */
static bool ask_clients(void)
{
    bool found = false;
    for (int i = count - 1; i >= 0; i--) {
        enum heard heard = bare_answer(clients[i]);
        found |= heard != NOTHING;
        if (heard == GONE) {
            close(clients[i]);
            clients[i] = clients[--count]; /* who has been asked already */
        }
    }
    return found;
}

static void rest(bool found)
{
    static int vain, nap; /* rounds in a row, and the last sleep in ms */
    if (found) {
        vain = 0;
        nap = 0;
    } else if (vain < YIELDS) {
        vain++;
        sched_yield();
    } else {
        nap = nap == 0 ? 1 : nap < LONGEST_NAP ? nap * 2 : nap;
        struct timespec length = {.tv_nsec = nap * 1000000L};
        nanosleep(&length, NULL); /* a signal may cut it short */
    }
}

int main(void)
{
    int listener = bare_listen();
    if (fcntl(listener, F_SETFL, O_NONBLOCK) != 0)
        return 1;
    for (;;) {
        bool newcomers = accept_clients(listener);
        bool talkers = ask_clients();
        rest(newcomers || talkers);
    }
}
