/* check.c - what lab 02 asks of a server, one scenario a name. See
 * tests/labs/labpeer.h.
 */
#include "../labpeer.h"

enum {
    PATIENCE_MS = 2000, /* the task's number */
    EARLIEST_MS = 1500, /* the clocks of two programs: some leeway */
    CUT_MS = 3500,      /* who is silent is cut by then, on an idle machine */
    WAKE_UPS = 20,      /* in a second of silence: none, and some leeway */
    LATEST_MS = 8000,   /* the same on a busy machine, and a gentle close */
    BYTE_MS = 500,      /* the slow client's rhythm */
    STALL_MS = 500,     /* so late this program itself must not be */
    BURST = 50,         /* clients at once */
};

#define TOO_SLOW "error: too slow"

static const char *const sequential =
    "chapter 02 serves one client after another, in one thread";

static const char *const asks =
    "the server asks again and again whether something has come, instead of "
    "waiting with a time limit";

/* The first client is silent. The second one waits in the queue until the
 * server's patience with the first is at its end. */
static bool silent(void)
{
    struct peer first, second;
    char *line = NULL;
    long long since = net_now(); /* before the greeting: a safe moment */
    if (!peer_join(&first) || !peer_open(&second))
        return false;
    long wake_ups = server_status("voluntary_ctxt_switches:");
    if (!expect_threads(1, 1, sequential) || !expect_idle(IDLE_PERCENT, asks))
        return false;
    wake_ups = server_status("voluntary_ctxt_switches:") - wake_ups;
    if (wake_ups > WAKE_UPS)
        return wrong(asks, "a server that sleeps while nothing comes",
                     "it woke up %ld times in a second", wake_ups);
    long long early = EARLIEST_MS - (net_now() - since);
    enum got got = peer_line(&second, early > 0 ? early : 0, &line);
    if (got != GOT_NOTHING && net_now() - since < PATIENCE_MS)
        return wrong("the first client still has its 2 s: the next one is "
                     "served after it, not beside it",
                     "nothing for 1.5 s", "the second client got %s",
                     got_text(&second, got, line, EARLIEST_MS));
    if (got == GOT_NOTHING)
        got = peer_line(&second, LATEST_MS, &line);
    if (got == GOT_LINE && strcmp(line, GREETING) == 0)
        return true;
    return wrong("a recv without a time limit: the silent client holds up "
                 "everybody",
                 "the second client is greeted some 2 s later", "%s",
                 got_text(&second, got, line, LATEST_MS));
}

/* A byte each half second, and never a line's end: cut all the same. */
static bool dribble(void)
{
    struct peer peer;
    char *line = NULL;
    enum got got = GOT_NOTHING;
    if (!peer_join(&peer))
        return false;
    long long since = net_now();
    while (got == GOT_NOTHING && net_now() - since < LATEST_MS) {
        /* A server that has cut us may reset: that is part 3's. */
        (void)net_send(peer.sock, "x", 1);
        got = peer_line(&peer, BYTE_MS, &line);
    }
    long long passed = net_now() - since;
    if (got == GOT_NOTHING)
        return wrong("no limit, or one that starts anew with each byte: it is "
                     "a moment, fixed at the greeting",
                     "cut 2 s after the greeting, whatever came",
                     "still served after %.1f s", (double)passed / 1000);
    return true;
}

/* Who is cut reads why, and then end-of-stream. It may still be sending: what
 * a server that has closed gets is answered with a reset, which can destroy the
 * line. Returns -1 if this program was too slow itself to say anything about
 * the server. */
static int cut_while_sending(void)
{
    struct peer peer;
    char *line = NULL;
    if (!peer_join(&peer) || !peer_say(&peer, "begun"))
        return 0;
    enum got got = peer_line(&peer, LATEST_MS, &line);
    if (got != GOT_LINE || strcmp(line, TOO_SLOW) != 0)
        return wrong("the error line is sent before anything is closed",
                     "\"" TOO_SLOW "\"", "%s",
                     got_text(&peer, got, line, LATEST_MS));
    if (!expect_end(&peer, "after the error line the server closes"))
        return 0;
    long long since = net_now();
    for (int i = 0; i < 10; i++) {
        long sent = net_send(peer.sock, "x", 1);
        if (net_now() - since > STALL_MS)
            return -1;
        if (sent < 0)
            return wrong("close, where net_discard_all waits for the client: "
                         "to one that is still sending it means a reset, "
                         "which can destroy the error line",
                         "a server that hears the client out, for a moment",
                         "send: %s", net_error_text(net_error()).text);
        net_sleep(20);
    }
    return 1;
}

static bool told(void)
{
    struct peer silent_one;
    long long since = net_now(), machine = machine_ms();
    if (!peer_join(&silent_one))
        return false;
    char *line = NULL;
    enum got got = peer_line(&silent_one, LATEST_MS, &line);
    long long passed = net_now() - since;
    if (got != GOT_LINE || strcmp(line, TOO_SLOW) != 0)
        return wrong("who is cut is told why, before the end",
                     "\"" TOO_SLOW "\" some 2 s after the greeting", "%s",
                     got_text(&silent_one, got, line, LATEST_MS));
    if (passed < EARLIEST_MS || passed - (machine_ms() - machine) > CUT_MS)
        return wrong("patience is 2 s: not less, not more",
                     "\"" TOO_SLOW "\" 2 s after the greeting", "after %.1f s",
                     (double)passed / 1000);
    peer_shut(&silent_one);
    if (!expect_end(&silent_one, "after the error line the server closes"))
        return false;
    int good = -1;
    for (int tries = 0; good < 0 && tries < 3; tries++)
        good = cut_while_sending();
    return good != 0 && expect_log(1 + 1, " lost: too slow",
                                   "a client that was cut is lost, not left");
}

/* Says its line, ends, and gets nothing but end-of-stream. */
static bool say_and_end(struct peer *peer, const char *text)
{
    if (!peer_say(peer, text))
        return false;
    peer_shut(peer);
    return expect_end(peer, "a client that was quick enough gets no answer "
                            "in chapter 02, and no error");
}

static bool normal(void)
{
    struct peer peer;
    char *word = nonce();
    /* Who comes late has its 2 s nevertheless. */
    net_sleep(PATIENCE_MS + 300);
    if (!peer_join(&peer) || !say_and_end(&peer, made("%s\n", word)))
        return false;
    if (!expect_log(1, made(" says: %s", word), "the message is logged"))
        return false;
    /* In two halves, within the limit. */
    word = nonce();
    if (!peer_join(&peer) || !peer_say(&peer, made("%s-", word)))
        return false;
    net_sleep(BYTE_MS);
    if (!say_and_end(&peer, made("%s\n", word)))
        return false;
    if (!expect_log(1, made(" says: %s-%s", word, word),
                    "a message in two pieces is one message, and in time"))
        return false;
    /* Without its line end, before end-of-stream. */
    word = nonce();
    return peer_join(&peer) && say_and_end(&peer, word) &&
           expect_log(1, made(" says: %s", word),
                      "a last line without \\n is a message");
}

/* A line that is too long ends as in the chapter. */
static bool too_long(void)
{
    struct peer peer;
    char text[1100];
    memset(text, 'x', sizeof text - 2);
    memcpy(text + sizeof text - 2, "\n", 2);
    return peer_join(&peer) && peer_say(&peer, text) &&
           expect_line(&peer, "error: line longer than 1024 bytes",
                       "over 1024 bytes it is the length, not the clock, that "
                       "ends the conversation, as in chapter 02") &&
           expect_end(&peer, "after the error line the server closes");
}

static bool burst(void)
{
    static struct peer peers[BURST];
    char *word = nonce();
    for (int i = 0; i < BURST; i++)
        if (!peer_open(&peers[i]) ||
            !peer_say(&peers[i], made("%s-%d-\n", word, i)))
            return false;
    for (int i = 0; i < BURST; i++) {
        if (!expect_greeting(&peers[i]))
            return false;
        peer_shut(&peers[i]);
        if (!expect_end(&peers[i], "who was quick enough gets no error"))
            return false;
        peer_close(&peers[i]);
    }
    for (int i = 0; i < BURST; i++)
        if (!expect_log(1, made(" says: %s-%d-", word, i),
                        "each of the burst is heard, once"))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"silent", silent}, {"dribble", dribble}, {"told", told},
        {"normal", normal}, {"burst", burst},     {"too-long", too_long},
    };
    return lab_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
