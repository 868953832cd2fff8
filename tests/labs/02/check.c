/* check.c - what lab 02 asks of a server, one scenario a name. See
 * tests/labs/labpeer.h.
 */
#include "../labpeer.h"

enum {
    PATIENCE_MS = 2000,  /* the task's number */
    EARLIEST_MS = 1950,  /* since before the greeting: rounding, no leeway */
    CUT_MS = 2500,       /* since the greeting came, on an idle machine */
    SOME_CUT_MS = 3200,  /* where the question is whether, and not when */
    TURN_MS = 3900,      /* until the next one's turn: a good-bye more */
    NEXT_MS = 2000,      /* the same behind one that was heard */
    END_MS = 600,        /* from the error line to end-of-stream */
    BURST_MS = 2500,     /* for all of the burst */
    LATEST_MS = 8000,    /* no longer than this is anything waited for */
    SETTLE_MS = 100,     /* until the server sleeps */
    LOOKS = 2,           /* so often it may wake up for nothing */
    ASLEEP_MS = 5,       /* and so long run, */
    GOOD_BYE_MS = 8,     /* in a good-bye and what is around it */
    BYTE_MS = 500,       /* the slow client's rhythm, */
    TURN_BYTE_MS = 100,  /* of one that sends during its good-bye, */
    QUICK_BYTE_MS = 5,   /* the quick one's, */
    LATE_BYTE_MS = 1700, /* and how late the late one's only byte is */
    BYTES = 5,           /* sent so that the server sleeps between them */
    BETWEEN_MS = 300,
    GONE_MS = 1100,     /* longer than a good-bye */
    STALL_MS = 500,     /* so late this program itself must not be */
    HALF_MS = 200,      /* from one half of a line end to the other */
    NEARLY_MS = 1400,   /* a client that takes its time */
    TOO_NEAR_MS = 1800, /* from here on nobody can say who was late */
    BURST = 50,         /* clients at once */
    MANY = 60,          /* clients of each kind, one after another */
    MANY_CUT = 3,       /* of those each costs two seconds */
    MANY_GONE = 20,     /* that have gone while they waited in the queue */
    LEAK_KIB = 4,       /* a page, for all of them */
};

#define TOO_SLOW "error: too slow"

static const char *const sequential =
    "chapter 02 serves one client after another, in one thread";

static const char *const asks =
    "the server asks again and again whether something has come, instead of "
    "waiting with a time limit";

static const char *const asks_leaving =
    "in the good-bye the server asks again and again whether the client has "
    "closed, instead of waiting as net_discard_all does";

/* Milliseconds since then, less what the busy machine has kept from the two
 * programs. */
struct moment {
    long long at;
    long machine;
};

static struct moment moment_now(void)
{
    return (struct moment){net_now(), machine_ms()};
}

static long long passed(struct moment since)
{
    return net_now() - since.at - (machine_ms() - since.machine);
}

/* No more than so many milliseconds have passed since then. On a busy machine
 * nobody can say whose fault it is if they have: then the scenario is played
 * again, and a server that is too late is so each time. */
static bool unsure;

static bool in_time(struct moment since, long long ms)
{
    if (net_now() - since.at <= ms)
        return true;
    unsure = passed(since) <= ms;
    return false;
}

static bool play_again(bool (*play)(void))
{
    enum { TRIES = 3 };
    bool good = false;
    unsure = true;
    for (int tries = 0; !good && unsure && tries < TRIES; tries++) {
        unsure = false;
        good = play();
    }
    return good;
}

/* Waits until so many milliseconds of the wall clock's second are over: who
 * keeps the time in whole seconds is wrong at one moment or the other. */
static void wait_for_fraction(int ms)
{
    struct timespec now;
    if (timespec_get(&now, TIME_UTC) == TIME_UTC)
        net_sleep((ms + 1000 - (int)(now.tv_nsec / 1000000)) % 1000);
}

/* Whether the clock begins with the server is part 4's question: for the others
 * there is a client before. */
static bool serve_one_before(void)
{
    struct peer peer;
    if (!peer_join(&peer) || !peer_say(&peer, "first\n"))
        return false;
    peer_close(&peer);
    return true;
}

/* After the first client, which was greeted then, comes the second one's turn,
 * though the first one stays; it may even go on sending. */
static bool take_turn(struct peer *first, struct moment greeted,
                      struct peer *second, bool sends)
{
    char *line = NULL;
    enum got got = GOT_NOTHING;
    while (got == GOT_NOTHING && net_now() - greeted.at < LATEST_MS) {
        got = peer_line(second, sends ? TURN_BYTE_MS : LATEST_MS, &line);
        if (sends && passed(greeted) > PATIENCE_MS)
            (void)net_send(first->sock, "x", 1); /* it may have closed */
    }
    long long turn = net_now() - greeted.at;
    if (got == GOT_NOTHING || !in_time(greeted, TURN_MS))
        return wrong("a recv without a time limit, for its message or its "
                     "good-bye: the next client's turn is 2 to 3 s later, "
                     "whatever the first one does",
                     "the second client is greeted 2 to 3 s later",
                     "not after %.1f s", (double)turn / 1000);
    if (got == GOT_LINE && strcmp(line, GREETING) == 0)
        return true;
    return wrong("then it is the next client's turn",
                 "the second client is greeted", "%s",
                 got_text(second, got, line, LATEST_MS));
}

/* The first client is silent. The second one waits in the queue until the
 * server's patience with the first is at its end, and the third one until it is
 * with the second. */
static bool take_turns(void)
{
    struct peer first, second, third;
    char *line = NULL;
    if (!serve_one_before())
        return false;
    wait_for_fraction(900);
    long long since = net_now(); /* before the greeting: a safe moment */
    if (!peer_join(&first) || !peer_open(&second) || !peer_open(&third))
        return false;
    struct moment greeted = moment_now();
    net_sleep(SETTLE_MS);
    struct rest rest = rest_now();
    if (!expect_alone(sequential))
        return false;
    long long early = since + EARLIEST_MS - net_now();
    enum got got = peer_line(&second, early > 0 ? early : 0, &line);
    if (got != GOT_NOTHING && net_now() - since < EARLIEST_MS)
        return wrong("the first client still has its 2 s: the next one is "
                     "served after it, not beside it",
                     "nothing for 2 s", "the second client got %s",
                     got_text(&second, got, line, EARLIEST_MS));
    if (!expect_rest(rest, LOOKS, ASLEEP_MS, asks))
        return false;
    /* Where somebody else says good-bye to the first client: */
    (void)peer_line(&first, LATEST_MS, &line);
    bool good = expect_threads(1, 1, sequential) &&
                expect_rest(rest, 4L * LOOKS, ASLEEP_MS, asks) &&
                take_turn(&first, greeted, &second, false);
    /* That was a good-bye to one that stays and sends nothing, and a greeting.
     */
    good = good && expect_rest(rest, 5L * LOOKS, GOOD_BYE_MS, asks_leaving);
    greeted = moment_now();
    net_sleep(SETTLE_MS);
    good = good && expect_alone(sequential) &&
           take_turn(&second, greeted, &third, true);
    peer_close(&first);
    peer_close(&second);
    peer_close(&third);
    return good;
}

static bool silent(void)
{
    return play_again(take_turns);
}

/* It sleeps between the bytes of one that is not silent, too, and then in the
 * good-bye to it. */
static bool between(void)
{
    struct peer peer;
    if (!peer_join(&peer))
        return false;
    net_sleep(SETTLE_MS);
    struct rest rest = rest_now();
    for (int i = 0; i < BYTES; i++) {
        if (!peer_say(&peer, "x"))
            return false;
        net_sleep(BETWEEN_MS);
    }
    if (!expect_rest(rest, 2 * BYTES + LOOKS, ASLEEP_MS, asks))
        return false;
    (void)net_send(peer.sock, "\n", 1); /* heard or, if this is late, cut */
    char *line = NULL;
    while (peer_line(&peer, LATEST_MS, &line) == GOT_LINE)
        ;
    rest = rest_now();
    net_sleep(GONE_MS);
    bool good = expect_rest(rest, 2L * LOOKS, GOOD_BYE_MS, asks_leaving);
    peer_close(&peer);
    return good;
}

/* Nobody has ended a line so far, nor the stream behind it. What is logged is
 * in the log when the server waits for the next one, or soon after it. */
static bool expect_unsaid(void)
{
    net_sleep(SETTLE_MS);
    return expect_log(0, " says: ",
                      "half a line is no message: what has come by the end of "
                      "the two seconds is not logged as said");
}

/* Sends a byte, and again one in this rhythm, and never a line's end: cut all
 * the same, and no later for it. */
static bool send_slowly(int byte_ms, const char *cause)
{
    /* NUL and \r are bytes, too. */
    static const char bytes[] = "x\0y\rz ";
    struct peer peer;
    char *line = NULL;
    size_t sent = 0;
    if (!peer_join(&peer))
        return false;
    struct moment greeted = moment_now();
    enum got got = peer_line(&peer, 0, &line);
    while (got == GOT_NOTHING && net_now() - greeted.at < LATEST_MS) {
        /* A server that has cut us may reset: that is part 3's. */
        (void)net_send(peer.sock, bytes + sent++ % (sizeof bytes - 1), 1);
        got = peer_line(&peer, byte_ms, &line);
    }
    long long until = net_now() - greeted.at;
    if (got == GOT_NOTHING)
        return wrong(cause, "cut 2 s after the greeting, whatever came",
                     "still served after %.1f s", (double)until / 1000);
    if (!in_time(greeted, SOME_CUT_MS))
        return wrong(cause, "cut 2 s after the greeting, whatever came",
                     "after %.1f s: %s", (double)until / 1000,
                     got_text(&peer, got, line, LATEST_MS));
    peer_close(&peer);
    return expect_unsaid();
}

static bool each_half_second(void)
{
    return send_slowly(BYTE_MS,
                       "no limit, or one that starts anew with each byte: it "
                       "is a moment, fixed at the greeting");
}

static bool dribble(void)
{
    return play_again(each_half_second);
}

static bool each_few_ms(void)
{
    return send_slowly(QUICK_BYTE_MS,
                       "the clock must be looked at as long as bytes come, "
                       "too, and no byte buys time: the limit does not start "
                       "anew, and no time left is not a wait without end");
}

static bool stream(void)
{
    return play_again(each_few_ms);
}

/* One byte, and nothing behind it that would make the server look at the clock.
 * What is left then is no whole number of seconds, by no clock. */
static bool only_one_late(void)
{
    static const char cause[] =
        "the limit starts with the greeting and not with the first byte, never "
        "starts anew, and what is left of it is no whole number of seconds";
    struct peer peer;
    char *line = NULL;
    wait_for_fraction(50);
    if (!peer_join(&peer))
        return false;
    struct moment greeted = moment_now();
    enum got got = peer_line(&peer, LATE_BYTE_MS, &line);
    if (got == GOT_NOTHING) {
        (void)net_send(peer.sock, "x", 1);
        got = peer_line(&peer, LATEST_MS, &line);
    }
    long long until = net_now() - greeted.at;
    if (got == GOT_NOTHING || !in_time(greeted, CUT_MS))
        return wrong(cause, "cut 2 s after the greeting, whatever came",
                     "after %.1f s: %s", (double)until / 1000,
                     got_text(&peer, got, line, LATEST_MS));
    peer_close(&peer);
    return expect_unsaid();
}

static bool late_byte(void)
{
    return play_again(only_one_late);
}

/* A byte comes, and then the time is over before the server can run again. */
static bool over_meanwhile(void)
{
    static const char cause[] =
        "no time left is not a wait without end: poll takes -1 for that";
    struct peer peer;
    char *line = NULL;
    if (!peer_join(&peer))
        return false;
    struct moment greeted = moment_now();
    net_sleep(PATIENCE_MS / 2);
    (void)kill((pid_t)lab.pid, SIGSTOP);
    bool sent = peer_say(&peer, "x");
    net_sleep(PATIENCE_MS / 2 + 3 * SETTLE_MS);
    (void)kill((pid_t)lab.pid, SIGCONT);
    if (!sent)
        return false;
    enum got got = peer_line(&peer, LATEST_MS, &line);
    if (got == GOT_NOTHING || !in_time(greeted, SOME_CUT_MS))
        return wrong(cause, "cut 2 s after the greeting", "not within %.1f s",
                     (double)(net_now() - greeted.at) / 1000);
    peer_close(&peer);
    return expect_unsaid();
}

static bool stopped(void)
{
    return play_again(over_meanwhile);
}

/* Who is cut reads why, and then end-of-stream. It may still be sending: what
 * a server that has closed gets is answered with a reset, which can destroy the
 * line. Returns -1 if this program was too slow itself to say anything about
 * the server. */
static int cut_while_sending(void)
{
    struct peer peer;
    char *line = NULL;
    int before = log_count(" lost: too slow\n");
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
    return expect_log(before + 1, " lost: too slow\n",
                      "who has begun a line is too slow, too: its line of the "
                      "log ends with lost: too slow and nothing behind it");
}

/* Silent, and cut: with these words, at this time, and then the end. */
static bool cut_in_time(int fraction)
{
    struct peer peer;
    char *line = NULL;
    wait_for_fraction(fraction);
    int before = log_count(" lost: too slow\n");
    long long since = net_now();
    if (!peer_join(&peer))
        return false;
    struct moment greeted = moment_now();
    enum got got = peer_line(&peer, LATEST_MS, &line);
    long long early = net_now() - since, late = passed(greeted);
    if (got != GOT_LINE || strcmp(line, TOO_SLOW) != 0)
        return wrong("who is cut is told why, before the end",
                     "\"" TOO_SLOW "\" 2 s after the greeting", "%s",
                     got_text(&peer, got, line, LATEST_MS));
    if (early < EARLIEST_MS || late > CUT_MS)
        return wrong("patience is 2 s: not less, not more, and not in whole "
                     "seconds of the wall clock",
                     "\"" TOO_SLOW "\" 2 s after the greeting", "after %.2f s",
                     (double)early / 1000);
    struct moment told = moment_now();
    if (!expect_end(&peer, "after the error line, one line and no more, comes "
                           "end-of-stream and no reset"))
        return false;
    late = passed(told);
    if (log_count(" lost: too slow\n") != before + 1)
        return wrong("what is logged is flushed before the server waits, for "
                     "the good-bye, too; a client that was cut is lost, not "
                     "left: its line of the log ends with lost: too slow",
                     "lost: too slow in the log, once",
                     "%d such lines so far, %d before",
                     log_count(" lost: too slow\n"), before);
    peer_close(&peer);
    if (late > END_MS)
        return wrong("the good-bye's first step is shutdown: end-of-stream "
                     "comes at once, while the server still hears the client "
                     "out",
                     "end-of-stream at once behind the error line",
                     "after %.1f s", (double)late / 1000);
    return true;
}

static bool told(void)
{
    if (!serve_one_before())
        return false;
    return cut_in_time(850) && cut_in_time(100) &&
           expect_log(1, " left\n", "a client that was cut is lost, not left");
}

static bool sending(void)
{
    int good = -1;
    for (int tries = 0; good < 0 && tries < 3; tries++)
        good = cut_while_sending();
    return good != 0;
}

/* Says this and breaks off, all while the server does not run, which does so
 * again after some milliseconds. Then its line cannot be sent any more. */
static bool break_off(const char *text, int ms, const char *cause)
{
    struct peer peer;
    if (!peer_join(&peer))
        return false;
    net_sleep(SETTLE_MS);
    (void)kill((pid_t)lab.pid, SIGSTOP);
    bool said = peer_say(&peer, text);
    net_sleep(SETTLE_MS); /* loopback is quick, but not at once */
    peer_reset(&peer);
    net_sleep(ms);
    (void)kill((pid_t)lab.pid, SIGCONT);
    return said && expect_gone(cause);
}

static const char *const unsent = "the line cannot be sent, so the reason is "
                                  "what send says, and not too slow";

/* Its time is over, and it has gone: recv says so. */
static bool gone(void)
{
    return break_off("", PATIENCE_MS, unsent);
}

/* Behind a byte only send says so. */
static bool gone_late(void)
{
    return break_off("x", PATIENCE_MS, unsent);
}

static bool gone_long(void)
{
    static char text[2001];
    memset(text, 'x', sizeof text - 1);
    return break_off(text, SETTLE_MS,
                     "the error of a line too long cannot be sent, so the "
                     "reason is what send says");
}

/* It has gone before it was greeted. */
static bool gone_queued(void)
{
#ifdef __linux__ /* elsewhere accept does not return such a client */
    struct peer peer;
    (void)kill((pid_t)lab.pid, SIGSTOP);
    bool connected = peer_open(&peer);
    if (connected)
        peer_reset(&peer);
    net_sleep(SETTLE_MS);
    (void)kill((pid_t)lab.pid, SIGCONT);
    return connected &&
           expect_gone("a greeting that cannot be sent is a loss, too: the "
                       "client has gone while it waited in the queue");
#else
    return true;
#endif
}

/* ---------------------------------------------------- who is quick enough */

/* Ends, and gets nothing but end-of-stream. The cause is why an error would be
 * wrong. */
static bool end_quietly(struct peer *peer, const char *cause)
{
    char *line = NULL;
    peer_shut(peer);
    enum got got = peer_line(peer, WAIT_MS, &line);
    bool good = got == GOT_END && peer->start == peer->end;
    if (!good)
        (void)wrong(got == GOT_LINE && strncmp(line, "error", 5) == 0
                        ? cause
                        : "a client that was quick enough gets no answer in "
                          "chapter 02, and no error",
                    "end-of-stream", "%s", got_text(peer, got, line, WAIT_MS));
    peer_close(peer);
    return good;
}

/* Says these bytes and ends. */
static bool say_and_end(const char *bytes, size_t size, const char *cause)
{
    struct peer peer;
    return peer_join(&peer) && peer_send(&peer, bytes, size) &&
           end_quietly(&peer, cause);
}

/* The log ends a line so, once. */
static bool expect_said(const char *text, const char *cause)
{
    return expect_log(1, made(" says: %s\n", text), cause);
}

/* Who comes late has its 2 s nevertheless, and may use them. */
static bool late(void)
{
    struct peer peer;
    char *word = nonce();
    net_sleep(PATIENCE_MS + 300);
    if (!peer_join(&peer) || !peer_say(&peer, made("%s-", word)))
        return false;
    net_sleep(BYTE_MS);
    static const char cause[] =
        "who comes late has two seconds, too; and a message in two pieces is "
        "one message, and in time";
    return peer_say(&peer, made("%s\n", word)) && end_quietly(&peer, cause) &&
           expect_said(made("%s-%s", word, word), cause);
}

/* The second one waits while the first one says half a line and is cut. Returns
 * -1 if this program was too slow itself to say anything about the server. */
static int wait_in_queue(void)
{
    struct peer first, second;
    char *line = NULL, *word = nonce();
    if (!peer_join(&first) || !peer_open(&second))
        return 0;
    net_sleep(SETTLE_MS); /* it has said nothing yet */
    if (log_count(" connected\n") == 0) {
        net_sleep(BYTE_MS);
        if (log_count(" connected\n") == 0)
            return wrong("connected is logged, and flushed before the server "
                         "waits for bytes",
                         "a line of the log with \" connected\"",
                         "none while the client is served");
    }
    if (!peer_say(&first, "half a line "))
        return 0;
    enum got got = peer_line(&first, LATEST_MS, &line);
    /* Who is served beside the first one is part 1's question. */
    if (peer_line(&second, 0, &line) == GOT_LINE)
        return 1;
    peer_close(&first);
    long long since = net_now();
    if (got == GOT_NOTHING || !expect_greeting(&second))
        return got == GOT_NOTHING
                   ? wrong("no limit", "who is silent is cut", "nothing")
                   : 0;
    got = peer_line(&second, NEARLY_MS, &line);
    if (net_now() - since > TOO_NEAR_MS)
        return -1;
    if (got != GOT_NOTHING)
        return wrong("who has waited in the queue has two seconds, too: they "
                     "begin with its greeting",
                     "nothing for 1.4 s", "%s",
                     got_text(&second, got, line, NEARLY_MS));
    static const char cause[] =
        "who has waited in the queue has two seconds, too, and half a line of "
        "the client before it is not its own";
    return peer_say(&second, made("%s\n", word)) &&
           end_quietly(&second, cause) && expect_said(word, cause);
}

static bool queue(void)
{
    int good = -1;
    for (int tries = 0; good < 0 && tries < 3; tries++)
        good = wait_in_queue();
    return good != 0;
}

/* Is heard, and stays. */
static bool hear_and_go_on(void)
{
    struct peer first, second;
    char *word = nonce(), *line = NULL;
    if (!peer_join(&first) || !peer_open(&second))
        return false;
    struct moment spoken = moment_now();
    if (!peer_say(&first, made("%s\n", word)) ||
        !expect_end(&first, "who was heard gets end-of-stream, and nothing "
                            "before it"))
        return false;
    if (log_count(made(" says: %s\n", word)) != 1)
        return wrong("what is logged is flushed before the server waits, for "
                     "the good-bye, too",
                     "the message in the log, once", "no such line yet");
    enum got got = peer_line(&second, LATEST_MS, &line);
    peer_close(&first);
    peer_close(&second);
    if (got != GOT_LINE || !in_time(spoken, NEXT_MS))
        return wrong("a good-bye takes a second at most, also to a client that "
                     "was heard and stays",
                     "the next client is greeted a second later",
                     "not after %.1f s",
                     (double)(net_now() - spoken.at) / 1000);
    return true;
}

static bool stays(void)
{
    return play_again(hear_and_go_on);
}

/* All that a message can look like. */
static bool forms(void)
{
    static const struct {
        const char *format; /* with a word in it */
        const char *said;   /* the same */
        const char *cause;
    } messages[] = {
        {"%s\n", "%s", "a line is a message"},
        {"%s", "%s", "a last line without \\n is a message"},
        {"%s\r", "%s\\x0d", "a \\r at end-of-stream is part of the line"},
        {"%s\r\n", "%s", "\\r\\n ends a line, too"},
        {"%s\n%s\n", "%s", "one message a client: the first line"},
        {"%s\nand half", "%s", "one message a client: the first line"},
        {"%s\r\n\r\n", "%s", "one message a client: the first line"},
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        char *word = nonce();
/* The formats are in the table. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        char *text = made(messages[i].format, word, word);
        if (!say_and_end(text, strlen(text), messages[i].cause) ||
            !expect_said(made(messages[i].said, word), messages[i].cause))
            return false;
#pragma GCC diagnostic pop
    }
    static const char empty[] = "an empty line is a message, too";
    static const char quit[] = "quit is a message like any other in chapter 02";
    static const char nul[] = "a line is bytes, and NUL is one of them";
    static const char nothing[] =
        "who ends in good order has left, also who has said nothing before "
        "end-of-stream";
    if (!say_and_end("\n", 1, empty) || !expect_said("", empty) ||
        !say_and_end("quit\n", 5, quit) || !expect_said("quit", quit))
        return false;
    char *word = nonce();
    char *text = made("%s.%s\n", word, word);
    text[strlen(word)] = '\0';
    if (!say_and_end(text, 2 * strlen(word) + 2, nul) ||
        !expect_said(made("%s\\x00%s", word, word), nul) ||
        !say_and_end("", 0, nothing))
        return false;
    int said = (int)(sizeof messages / sizeof messages[0]) + 3;
    return expect_log(said + 1, " left\n", nothing) &&
           expect_log(said, " says: ",
                      "one message a client, and none of one "
                      "that said nothing") &&
           expect_log(said + 1, " connected\n", "who connected is logged");
}

/* In thirty pieces, in time. */
static bool pieces(void)
{
    struct peer peer;
    char word[31] = "";
    if (!peer_join(&peer))
        return false;
    for (size_t i = 0; i < sizeof word - 1; i++) {
        word[i] = (char)('a' + draw() % 26);
        if (!peer_send(&peer, word + i, 1))
            return false;
        net_sleep(20);
    }
    static const char cause[] =
        "a message in many pieces is one message, and in time";
    return peer_say(&peer, "\n") && end_quietly(&peer, cause) &&
           expect_said(word, cause);
}

static const char *const by_length =
    "over 1024 bytes it is the length, not the clock, that ends the "
    "conversation, as in chapter 02";

/* A line that is too long ends as in the chapter, with its end or without. */
static bool send_too_long(size_t length, const char *end)
{
    char text[4096];
    struct peer peer;
    memset(text, 'x', length);
    snprintf(text + length, sizeof text - length, "%s", end);
    if (!peer_join(&peer))
        return false;
    struct moment greeted = moment_now();
    if (!peer_say(&peer, text) ||
        !expect_line(&peer, "error: line longer than 1024 bytes", by_length))
        return false;
    if (passed(greeted) > NEARLY_MS)
        return wrong(by_length, "the error at once", "it came after %.1f s",
                     (double)passed(greeted) / 1000);
    bool good = expect_end(&peer, "after the error line the server closes");
    peer_close(&peer);
    return good;
}

/* 1024 bytes and half a line end: nobody knows yet. The other half comes while
 * there is time; if not, returns -1. */
static int send_half_end(void)
{
    static const char cause[] =
        "a \\r behind 1024 bytes may be half a line end: the line is too long "
        "only when something else than \\n comes behind it";
    char text[1026];
    struct peer peer;
    memset(text, 'z', 1024);
    snprintf(text + 1024, 2, "\r");
    if (!peer_join(&peer))
        return 0;
    long long since = net_now();
    int before = log_count(" says: zzzzzzzz");
    if (!peer_say(&peer, text))
        return 0;
    net_sleep(HALF_MS);
    /* Who took it for too long has closed, and this fails. */
    (void)net_send(peer.sock, "\n", 1);
    if (net_now() - since > TOO_NEAR_MS) {
        peer_close(&peer);
        return -1;
    }
    return end_quietly(&peer, cause) &&
           expect_log(before + 1, " says: zzzzzzzz", cause);
}

static bool half_end(void)
{
    int good = -1;
    for (int tries = 0; good < 0 && tries < 3; tries++)
        good = send_half_end();
    return good != 0;
}

static bool too_long(void)
{
    static const char *const ends[] = {"\n", "\r\n", ""};
    static const char cause[] =
        "1024 bytes are not too long: the line's end does not count";
    char text[1027];
    memset(text, 'y', 1024);
    for (size_t i = 0; i < 3; i++) {
        snprintf(text + 1024, 3, "%s", ends[i]);
        if (!say_and_end(text, strlen(text), cause))
            return false;
    }
    if (!expect_log(3, " says: yyyyyyyy", cause))
        return false;
    return send_too_long(1025, "\n") && send_too_long(1025, "") &&
           send_too_long(3000, "\n") && send_too_long(1025, "\nnext\n") &&
           expect_log(4, " lost: line longer than 1024 bytes\n", by_length) &&
           expect_log(3, " says: ",
                      "a line too long is no message, nor is the first part "
                      "of it, nor what comes behind it") &&
           expect_log(3, " left\n", by_length) && half_end();
}

/* Who breaks off is lost, and nothing else changes. */
static bool reset(void)
{
    static const char cause[] = "after a reset comes the next client, and half "
                                "a line of the client before it is not its own";
    struct peer peer;
    char *word = nonce();
    if (!peer_join(&peer) || !peer_say(&peer, "half a line "))
        return false;
    net_sleep(SETTLE_MS);
    peer_reset(&peer);
    return expect_log(1, made(" lost: %s\n", net_error_text(ECONNRESET).text),
                      "a reset is a loss with the system's reason, and the "
                      "next client's turn") &&
           say_and_end(made("%s\n", word), strlen(word) + 1, cause) &&
           expect_said(word, cause) &&
           expect_log(1, " says: ",
                      "half a line is no message: who breaks off in it has "
                      "said nothing");
}

static const char *const quick =
    "who is quick enough is heard, and costs no time";

static bool hear_burst(void)
{
    static struct peer peers[BURST];
    char *word = nonce();
    struct moment since = moment_now();
    for (int i = 0; i < BURST; i++)
        if (!peer_open(&peers[i]) ||
            !peer_say(&peers[i], made("%s-%d-\n", word, i)))
            return false;
    for (int i = 0; i < BURST; i++)
        if (!expect_greeting(&peers[i]) || !end_quietly(&peers[i], quick))
            return false;
    long long all = net_now() - since.at;
    if (!in_time(since, BURST_MS))
        return wrong("who is quick enough costs no time: the burst is served "
                     "as fast as it speaks",
                     "50 clients in much less than a second", "%.1f s",
                     (double)all / 1000);
    for (int i = 0; i < BURST; i++)
        if (!expect_said(made("%s-%d-", word, i),
                         "each of the burst is heard, once"))
            return false;
    return true;
}

static bool burst(void)
{
    return play_again(hear_burst);
}

/* What the server has open, or -1 where the system does not tell. */
static int server_descriptors(void)
{
    int count = -1;
    DIR *open = opendir(made("/proc/%ld/fd", lab.pid));
    if (open == NULL)
        return -1;
    while (readdir(open) != NULL)
        count++;
    (void)closedir(open); /* only read */
    return count;
}

/* Comes, sends this, and breaks off. */
static bool say_and_reset(const char *text)
{
    struct peer peer;
    if (!peer_join(&peer) || !peer_say(&peer, text))
        return false;
    peer_reset(&peer);
    return true;
}

/* They have gone while they waited behind another one. */
static bool go_in_queue(int count)
{
    struct peer first, peer;
    if (!peer_join(&first))
        return false;
    for (int i = 0; i < count; i++) {
        if (!peer_open(&peer))
            return false;
        peer_reset(&peer);
    }
    return end_quietly(&first, quick);
}

static bool be_cut(void)
{
    struct peer peer;
    char *line = NULL;
    if (!peer_join(&peer) || !peer_say(&peer, "half"))
        return false;
    (void)peer_line(&peer, LATEST_MS, &line);
    peer_close(&peer);
    return true;
}

/* All the ways to go: heard, ended, broken off at once, in a line, behind it,
 * in the queue, too long, cut. */
static bool go_each_way(int times, int queued, int cut)
{
    for (int i = 0; i < times; i++)
        if (!say_and_end("word\n", 5, quick) ||
            !say_and_end("word", 4, quick) || !say_and_end("", 0, quick) ||
            !say_and_reset("") || !say_and_reset("half") ||
            !say_and_reset("word\n") || !send_too_long(2000, "\n") ||
            !send_too_long(1500, ""))
            return false;
    if (!go_in_queue(queued))
        return false;
    for (int i = 0; i < cut; i++)
        if (!be_cut())
            return false;
    return say_and_end("word\n", 5, quick);
}

/* Nobody leaves anything behind. */
static bool many(void)
{
    if (!go_each_way(2, 2, 1))
        return false;
    net_sleep(SETTLE_MS);
    int before = server_descriptors();
    long memory = server_status("VmData:");
    if (!go_each_way(MANY, MANY_GONE, MANY_CUT))
        return false;
    net_sleep(SETTLE_MS);
    int after = server_descriptors();
    long grown = server_status("VmData:") - memory;
    if (after > before)
        return wrong("a client leaves a descriptor behind: whoever goes, "
                     "however, its socket is closed",
                     made("%d descriptors, as before", before),
                     "%d descriptors", after);
    /* Stacks are memory, too, and other threads are part 1's question. */
    if (grown > LEAK_KIB && server_others() == 0)
        return wrong("a client leaves memory behind: what is allocated for it "
                     "is freed, however it goes: heard, cut, reset, too long",
                     "no more memory than before",
                     "%ld KiB more after some hundred clients", grown);
    return true;
}

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"silent", silent},       {"between", between},
        {"dribble", dribble},     {"stream", stream},
        {"late-byte", late_byte}, {"stopped", stopped},
        {"told", told},           {"sending", sending},
        {"gone", gone},           {"gone-late", gone_late},
        {"gone-long", gone_long}, {"gone-queued", gone_queued},
        {"late", late},           {"queue", queue},
        {"stays", stays},         {"forms", forms},
        {"pieces", pieces},       {"too-long", too_long},
        {"reset", reset},         {"burst", burst},
        {"many", many},
    };
    return lab_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
