/* check.c - what labs 03 and 05 and the bonus ask of a chat room, one scenario
 * a name. See tests/labpeer.h.
 */
#include "../../tests/labpeer.h"

enum {
    TALKERS = 50,
    LINES = 10,       /* that each of them says: so few that nobody, however
                         slow, has 64 KiB waiting */
    NAME_SIZE = 32,   /* room for a name, a wrong one too */
    WAVES = 2,        /* of members that come and go */
    BATCH = 60,       /* lines of LONG_LINE bytes: under 64 KiB */
    LONG_LINE = 1000, /* bytes of a line for the one who does not read */
    BATCHES = 250,    /* 15 MB: more than kernels keep for a connection */
    DELAY_MS = 200,   /* the task's number */
    LATE = 3,         /* batches that may not all be the machine's fault */
    NARROW = 4096,    /* bytes the kernel keeps for the non-reader */
    NOISE_BYTES = 8000000,      /* the same, under a sanitizer */
    MEMORY_KIB = 4096,          /* more than before, with one member behind */
    CROWDED = FD_SETSIZE + 76,  /* members who want in: too many for select */
    AT_MOST = FD_SETSIZE - 4,   /* of whom get in: the standard streams and the
                                   listener are there already */
    AT_LEAST = FD_SETSIZE - 24, /* some servers need a few more */
    BONUS = 2000,               /* the bonus' number */
    LISTEN_EVERY = 40,          /* newcomers */
    MEMBER_THREADS = 10,        /* members while threads are counted */
};

static struct peer peers[CROWDED > BONUS ? CROWDED + 2 : BONUS + 2];

static const char *const room_cause =
    "a line goes to everyone else as \"NAME: LINE\", once, whole, in order";

/* Brings so many members in, one after another: guest1, guest2, ... Each reads
 * that the others came. */
static bool gather(int many)
{
    for (int i = 0; i < many; i++) {
        if (!peer_join(&peers[i]))
            return false;
        for (int j = 0; j < i; j++)
            if (!expect_line(&peers[j], made("guest%d joined", i + 1),
                             "a newcomer is announced to everyone else"))
                return false;
    }
    return true;
}

/* A line of the first member's reaches the others, and not itself. */
static bool hears(int many, const char *text)
{
    if (!peer_say(&peers[0], made("%s\n", text)))
        return false;
    for (int i = 1; i < many; i++)
        if (!expect_line(&peers[i], made("guest1: %s", text), room_cause))
            return false;
    return true;
}

/* ---------------------------------------------------------------- fan-out */

static bool fan_out(void)
{
    char longest[1025];
    if (!gather(3))
        return false;
    memset(longest, 'x', 1024);
    memcpy(longest, nonce(), 9);
    longest[1024] = '\0';
    if (!hears(3, nonce()) || !hears(3, "") || !hears(3, longest) ||
        !hears(3, made("\xe4\xbd\xa0\xe5\xa5\xbd %s", nonce())))
        return false;
    char *word = nonce();
    /* If a sender heard itself, this would not be the next line. */
    if (!peer_say(&peers[1], made("%s\r\n", word)) ||
        !expect_line(&peers[0], made("guest2: %s", word),
                     "a line does not come back to its sender; a \\r before "
                     "its \\n is dropped") ||
        !expect_line(&peers[2], made("guest2: %s", word), room_cause))
        return false;
    return peer_say(&peers[2], "quit\nnever said\n") &&
           expect_line(&peers[2], "quit", "quit is answered with quit") &&
           expect_end(&peers[2], "quit ends that conversation") &&
           expect_line(&peers[0], "guest3 left", "who quits has left") &&
           expect_line(&peers[1], "guest3 left", "who quits has left");
}

/* Checks a line that a talker has heard: the next one of another's. */
static bool check_heard(int listener, const char *line, const char *word,
                        int *next)
{
    int talker = 0, number = 0, length = 0;
    if (sscanf(line, "guest%d: %*9c-%d%n", &talker, &number, &length) != 2 ||
        talker < 1 || talker > TALKERS ||
        strcmp(line, made("guest%d: %s-%d-%.*s", talker, word, number,
                          (talker * 7 + number) % 40,
                          "........................................")) != 0)
        return wrong("several threads send to one member: each line has to be "
                     "sent whole, in one piece, under the lock",
                     made("\"guestN: %s-...\"", word), "\"%s\"", line);
    if (talker == listener + 1)
        return wrong("a line does not come back to its sender",
                     "others' lines only", "guest%d heard \"%s\"", talker,
                     line);
    if (number != next[talker - 1])
        return wrong("what one member says arrives in the order in which it "
                     "was said, once",
                     made("guest%d's line %d", talker, next[talker - 1]),
                     "its line %d", number);
    next[talker - 1]++;
    return true;
}

/* Everyone talks at once, in pieces that are not lines. */
static bool talkers(void)
{
    char *word = nonce();
    if (!gather(TALKERS))
        return false;
    for (int number = 0; number < LINES; number++)
        for (int i = 0; i < TALKERS; i++) {
            char *line =
                made("%s-%d-%.*s\n", word, number, ((i + 1) * 7 + number) % 40,
                     "........................................");
            size_t half = draw() % strlen(line);
            if (!peer_send(&peers[i], line, half) ||
                !peer_send(&peers[i], line + half, strlen(line) - half))
                return false;
        }
    for (int i = 0; i < TALKERS; i++) {
        int next[TALKERS] = {0};
        for (int heard = 0; heard < (TALKERS - 1) * LINES; heard++) {
            char *line = NULL;
            enum got got = peer_line(&peers[i], WAIT_MS, &line);
            if (got != GOT_LINE)
                return wrong(room_cause,
                             made("%d lines for each of %d talkers",
                                  (TALKERS - 1) * LINES, TALKERS),
                             "%s after %d", got_text(got, line, WAIT_MS),
                             heard);
            if (!check_heard(i, line, word, next))
                return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------ names */

/* The first member sends a line and gets this answer. */
static bool asks(struct peer *peer, const char *line, const char *answer,
                 const char *cause)
{
    return peer_say(peer, made("%s\n", line)) &&
           expect_line(peer, answer, cause);
}

static const char *const bad = "a name is 1 to 16 of A-Z a-z 0-9 _ -";

static bool bad_names(struct peer *peer)
{
    static const char *const names[] = {
        "/name",    "/name ",          "/name a b",  "/name  a",
        "/name a ", "/name \xc3\xbcx", "/name x!",   "/name a/b",
        "/name :",  "/name \x01",      "/name a\tb", "/name .",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!asks(peer, names[i], "error: bad name", bad))
            return false;
    return asks(peer, made("/name %s12345678", nonce()), "error: bad name",
                bad);
}

static bool names(void)
{
    struct peer *a = &peers[0], *b = &peers[1], *c = &peers[2], *d = &peers[3];
    const char *tell = "a new name is told to everyone else";
    const char *unknown =
        "a line that begins with / is a command, known or not";
    char *first = nonce(), second[NAME_SIZE];
    (void)snprintf(second, sizeof second, "%s_-AZ09z", nonce());
    if (!gather(3) || !bad_names(a))
        return false;
    if (!asks(a, made("/name %s", first), made("you are %s", first),
              "a good name is confirmed") ||
        !expect_line(b, made("guest1 is now %s", first), tell) ||
        !expect_line(c, made("guest1 is now %s", first), tell) ||
        !asks(b, made("/name %s", first), "error: name taken",
              "two members cannot have one name") ||
        !asks(b, made("/name %s", second), made("you are %s", second),
              "16 characters are a good name") ||
        !expect_line(a, made("guest2 is now %s", second), tell) ||
        !expect_line(c, made("guest2 is now %s", second), tell))
        return false;
    if (!asks(a, made("/%s", nonce()), "error: unknown command", unknown) ||
        !asks(a, "/", "error: unknown command", unknown) ||
        !asks(a, "/WHO", "error: unknown command", unknown) ||
        !asks(a, "/names", "error: unknown command", unknown))
        return false;
    /* Whoever comes next must not get a name that somebody has. */
    if (!asks(c, "/name guest4", "you are guest4", "guest4 is free so far") ||
        !expect_line(a, "guest3 is now guest4", tell) ||
        !expect_line(b, "guest3 is now guest4", tell) || !peer_join(d) ||
        !expect_line(a, "guest5 joined",
                     "a number whose name is taken is skipped") ||
        !expect_line(b, "guest5 joined", "announced to everyone"))
        return false;
    if (!asks(d, "/name Zed", "you are Zed", "a good name is confirmed") ||
        !asks(d, "/who",
              strcmp(first, second) < 0
                  ? made("here: Zed guest4 %s %s", first, second)
                  : made("here: Zed guest4 %s %s", second, first),
              "all names, sorted as strcmp sorts, separated by single blanks"))
        return false;
    /* A reset is a leave; a name that is free can be had. */
    peer_reset(d);
    return expect_line(a, "guest5 is now Zed", tell) &&
           expect_line(a, "Zed left", "whoever goes has left, a reset too") &&
           asks(a, "/name Zed", "you are Zed", "Zed has left") &&
           peer_join(d) &&
           expect_line(a, "guest6 joined", "numbers count up") &&
           asks(a, "/who", made("here: Zed guest4 guest6 %s", second),
                "who has left is not here any more");
}

/* ------------------------------------------------------------ come and go */

/* Who is in the room, as its first member, the observer, was told. */
static struct {
    char names[2 * TALKERS + 2][NAME_SIZE];
    int count;
} roster;

static int find(const char *name)
{
    for (int i = 0; i < roster.count; i++)
        if (strcmp(roster.names[i], name) == 0)
            return i;
    return -1;
}

/* Takes what the observer was told into the roster. */
static bool note(const char *line)
{
    char first[NAME_SIZE] = "", second[NAME_SIZE] = "";
    const char *cause = "joins, renames and leaves are told in the order in "
                        "which they happened, once each";
    if (sscanf(line, "%31s is now %31s", first, second) == 2) {
        int at = find(first);
        if (at < 0 || find(second) >= 0)
            return wrong(cause, "a member gets a new name", "\"%s\"", line);
        memcpy(roster.names[at], second, NAME_SIZE);
        return true;
    }
    if (sscanf(line, "%31s %31s", first, second) == 2 &&
        strcmp(line, made("%s %s", first, second)) == 0) {
        int at = find(first);
        if (strcmp(second, "joined") == 0 && at < 0 &&
            roster.count < 2 * TALKERS + 2) {
            memcpy(roster.names[roster.count++], first, NAME_SIZE);
            return true;
        }
        if (strcmp(second, "left") == 0 && at >= 0) {
            memcpy(roster.names[at], roster.names[--roster.count], NAME_SIZE);
            return true;
        }
    }
    return wrong(cause, "NAME joined, NAME left or OLD is now NEW", "\"%s\"",
                 line);
}

/* Reads so many lines as the observer. */
static bool observe(int lines)
{
    for (int i = 0; i < lines; i++) {
        char *line = NULL;
        enum got got = peer_line(&peers[0], WAIT_MS, &line);
        if (got != GOT_LINE)
            return wrong("everyone who stays hears of every join, new name "
                         "and leave",
                         "one more line about who comes and goes", "%s",
                         got_text(got, line, WAIT_MS));
        if (!note(line))
            return false;
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* /who says what the observer was told. */
static bool who_is_right(void)
{
    static char expected[2 * TALKERS * NAME_SIZE];
    size_t length = (size_t)snprintf(expected, sizeof expected, "here:");
    qsort(roster.names, (size_t)roster.count, NAME_SIZE, by_name);
    for (int i = 0; i < roster.count; i++)
        length += (size_t)snprintf(expected + length, sizeof expected - length,
                                   " %s", roster.names[i]);
    return asks(&peers[0], "/who", expected,
                "/who: everyone who is here, once, sorted");
}

/* A wave of members: all connect at once, take names, and most go again, each
 * in its own way. */
static bool wave(const char *word)
{
    int leavers = 0;
    for (int i = 1; i <= TALKERS; i++)
        if (!peer_open(&peers[i]) ||
            !peer_say(&peers[i], made("/name %s-%d\n", word, i)))
            return false;
    if (!observe(2 * TALKERS) || !who_is_right())
        return false;
    for (int i = 1; i <= TALKERS; i++) {
        if (i % 5 == 0 && i > TALKERS / 2)
            continue; /* stays */
        leavers++;
        if (i % 3 == 0) {
            peer_reset(&peers[i]);
        } else if (i % 3 == 1) {
            if (!peer_say(&peers[i], "quit\n"))
                return false;
        } else {
            peer_shut(&peers[i]);
        }
    }
    if (!observe(leavers) || !who_is_right())
        return false;
    for (int i = 1; i <= TALKERS; i++) {
        bool stays = i % 5 == 0 && i > TALKERS / 2;
        if (stays && !peer_say(&peers[i], "quit\n"))
            return false;
        if (stays && !observe(1))
            return false;
        if (peers[i].socket != NET_BAD)
            peer_close(&peers[i]);
    }
    return true;
}

static bool come_and_go(void)
{
    if (!peer_join(&peers[0]))
        return false;
    (void)snprintf(roster.names[roster.count++], NAME_SIZE, "guest1");
    for (int i = 0; i < WAVES; i++)
        if (!wave(nonce()))
            return false;
    return who_is_right();
}

/* ------------------------------------------------------------- non-reader */

/* A batch of lines from the second member to the third. *gone is set when the
 * first one, who does not read, has left. Returns false after a verdict. */
static bool batch(const char *text, bool *gone)
{
    int heard = 0;
    for (int i = 0; i < BATCH; i++)
        if (!peer_say(&peers[1], made("%s\n", text)))
            return false;
    while (heard < BATCH) {
        char *line = NULL;
        enum got got = peer_line(&peers[2], WAIT_MS, &line);
        if (got != GOT_LINE)
            return wrong("somebody does not read, and the others wait for "
                         "that: no send may wait, least of all under a lock",
                         "lines go on to those who read", "%s",
                         got_text(got, line, WAIT_MS));
        if (strcmp(line, "guest1 left") == 0)
            *gone = true;
        else if (strcmp(line, made("guest2: %s", text)) == 0)
            heard++;
        else
            return wrong(room_cause, "the next line of guest2", "\"%s\"", line);
    }
    return true;
}

static bool non_reader(void)
{
    static char text[LONG_LINE + 1];
    bool gone = false;
    int late = 0;
    memset(text, 'y', LONG_LINE);
    memcpy(text, nonce(), 9);
    if (!peer_open_narrow(&peers[0], NARROW) || !expect_greeting(&peers[0]) ||
        !peer_join(&peers[1]) || !peer_join(&peers[2]) ||
        !expect_line(&peers[1], "guest3 joined", "a newcomer is announced"))
        return false;
    long before = server_status("VmRSS:");
    for (int i = 0; i < BATCHES && !gone; i++) {
        long long since = net_now() - machine_ms();
        if (!batch(text, &gone))
            return false;
        late += net_now() - machine_ms() - since > DELAY_MS;
    }
    if (late >= LATE)
        return wrong("somebody does not read, and the others wait for that, "
                     "if only for a moment",
                     "lines within 200 ms to those who read",
                     "%d of them later", late);
    if (!gone)
        return wrong("what waits for a member has a limit, 64 KiB; beyond it "
                     "the member is dropped",
                     "\"guest1 left\"", "%d MB later it is still a member",
                     BATCH * LONG_LINE * BATCHES / 1000000);
    long after = server_status("VmHWM:");
    if (before > 0 && after - before > MEMORY_KIB)
        return wrong("what waits for a member has a limit, 64 KiB",
                     made("at most %d KiB of memory more", MEMORY_KIB),
                     "%ld KiB more", after - before);
    return expect_log(1, " lost: does not read",
                      "the log says why a member was dropped");
}

/* ------------------------------------------------ noise, for a sanitizer */

/* Reads what there is, and forgets it. */
static void forget(struct peer *peer)
{
    char *line;
    if (peer->socket == NET_BAD)
        return;
    while (peer_receive(peer))
        while (peer_take(peer, &line))
            continue;
}

static void forget_all(int many)
{
    for (int i = 0; i < many; i++)
        forget(&peers[i]);
}

/* As the non-reader's part, but nobody judges what the room makes of it. */
static void push(void)
{
    static char text[LONG_LINE + 1];
    memset(text, 'z', LONG_LINE - 1);
    text[LONG_LINE - 1] = '\n';
    long long end = net_now() + WAIT_MS;
    for (long done = 0; done < NOISE_BYTES && net_now() < end;) {
        long sent = net_send(peers[1].socket, text, LONG_LINE);
        forget_all(TALKERS);
        if (sent > 0)
            done += sent;
        else if (!net_would_block(net_error()))
            break;
        else
            (void)net_wait(peers[1].socket, NET_WRITABLE, 10);
    }
}

/* All that a room can be asked for, at once, and only one thing is judged:
 * that it is a room. The sanitizer looks at the rest. */
static bool noise(void)
{
    struct peer non_reader;
    char *word = nonce(), *line = NULL;
    for (int i = 0; i < TALKERS; i++)
        if (!peer_join(&peers[i]))
            return false;
    for (int number = 0; number < LINES; number++)
        for (int i = 0; i < TALKERS; i++) {
            const char *what = made("line %d\n", number);
            if (number % 5 == 1)
                what = made("/name n%d_%d\n", i, number);
            if (number % 5 == 3)
                what = "/who\n";
            if (!peer_say(&peers[i], what))
                return false;
            if (number == LINES / 2 && i % 2 == 1) {
                peer_reset(&peers[i]);
                if (!peer_join(&peers[i]))
                    return false;
            }
        }
    if (!peer_say(&peers[0], made("%s\n", word)))
        return false;
    do {
        enum got got = peer_line(&peers[1], WAIT_MS, &line);
        if (got != GOT_LINE)
            return wrong("under the sanitizer it is no room: a line does not "
                         "reach another member",
                         made("a line with %s", word), "%s",
                         got_text(got, line, WAIT_MS));
    } while (strstr(line, word) == NULL);
    if (!peer_open_narrow(&non_reader, NARROW))
        return false;
    for (int i = 6; i < TALKERS; i++)
        peer_close(&peers[i]);
    push();
    return true;
}

/* ------------------------------------------------------------- the models */

static bool threads(void)
{
    return gather(MEMBER_THREADS) && hears(MEMBER_THREADS, nonce()) &&
           expect_threads(MEMBER_THREADS + 1, 3 * MEMBER_THREADS + 3,
                          "chapter 03 has a thread for each member") &&
           expect_idle(IDLE_PERCENT, "a thread asks again and again instead "
                                     "of waiting");
}

static bool one_thread(void)
{
    return gather(MEMBER_THREADS) && hears(MEMBER_THREADS, nonce()) &&
           expect_threads(1, 1, "this chapter serves all in one thread") &&
           expect_idle(IDLE_PERCENT,
                       "it asks again and again instead of waiting: a time "
                       "limit of 0, or something is watched that nobody takes");
}

/* Reads lines until this one. */
static bool hears_some_time(struct peer *peer, const char *text,
                            const char *cause)
{
    char *line = NULL;
    enum got got;
    while ((got = peer_line(peer, WAIT_MS, &line)) == GOT_LINE)
        if (strcmp(line, text) == 0)
            return true;
    return wrong(cause, made("\"%s\"", text), "%s",
                 got_text(got, line, WAIT_MS));
}

/* One more who wants in. Returns 1 if it is greeted, 0 if it is refused
 * politely, -1 after a verdict. */
static int try_in(struct peer *peer)
{
    char *line = NULL;
    if (!peer_open(peer))
        return -1;
    enum got got = peer_line(peer, WAIT_MS, &line);
    if (got == GOT_LINE && strcmp(line, GREETING) == 0)
        return 1;
    if (got != GOT_LINE || strcmp(line, "error: server is full") != 0) {
        (void)wrong("a socket that the fd_set cannot hold is refused before "
                    "FD_SET, which would write beyond it",
                    "the greeting, or \"error: server is full\"",
                    "newcomer %d got %s", (int)(peer - peers) + 1,
                    got_text(got, line, WAIT_MS));
        return -1;
    }
    peer_shut(peer);
    return expect_end(peer, "who is refused is told, and closed") ? 0 : -1;
}

/* Receives what the first members were told, now and then: who never reads is
 * another part's. */
static void listen_in(int many)
{
    if (many % LISTEN_EVERY == 0)
        for (int i = 0; i < many; i++)
            (void)peer_receive(&peers[i]);
}

/* More members than select can watch want in; the first ones stay served. */
static bool crowded(void)
{
    int inside = 0, refused = 0, last = 0;
    for (int i = 0; i < CROWDED; i++) {
        listen_in(inside);
        int in = try_in(&peers[i]);
        if (in < 0)
            return false;
        if (in == 1) {
            last = i;
            inside++;
        } else {
            refused++;
            peer_close(&peers[i]);
        }
    }
    if (inside > AT_MOST || inside < AT_LEAST)
        return wrong(
            "an fd_set holds FD_SETSIZE sockets, and some are taken "
            "by the listener and the standard streams; FD_SET beyond "
            "that writes into foreign memory: net_can_select",
            made("%d to %d members, the others refused", AT_LEAST, FD_SETSIZE),
            "%d members, %d refused", inside, refused);
    char *word = nonce();
    if (!peer_say(&peers[last], made("%s\n", word)) ||
        !hears_some_time(&peers[0], made("guest%d: %s", inside, word),
                         "the members are served as before") ||
        !expect_log(refused, " refused: server is full",
                    "each refusal is logged, once"))
        return false;
    /* Who leaves makes room. */
    if (!peer_say(&peers[last], "quit\n") ||
        !hears_some_time(&peers[0], made("guest%d left", inside),
                         "a leave is told to all"))
        return false;
    peer_close(&peers[last]);
    int in = try_in(&peers[last]);
    if (in == 0)
        return wrong("a member that has left makes room for another",
                     "the greeting", "\"error: server is full\"");
    return in == 1;
}

/* So many members at once as no fd_set holds. */
static bool multitude(void)
{
    for (int i = 0; i < BONUS; i++) {
        listen_in(i);
        int in = try_in(&peers[i]);
        if (in < 0)
            return false;
        if (in == 0)
            return wrong("poll has no FD_SETSIZE: only descriptors and memory "
                         "limit it",
                         made("%d members", BONUS), "%d, then refused", i);
    }
    char *word = nonce();
    if (!peer_say(&peers[BONUS - 1], made("%s\n", word)))
        return false;
    for (int i = 0; i < BONUS - 1; i++)
        if (!hears_some_time(&peers[i], made("guest%d: %s", BONUS, word),
                             room_cause))
            return false;
    return expect_threads(1, 1, "one thread serves all");
}

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"fan-out", fan_out},       {"talkers", talkers},
        {"names", names},           {"come-and-go", come_and_go},
        {"non-reader", non_reader}, {"noise", noise},
        {"threads", threads},       {"one-thread", one_thread},
        {"crowded", crowded},       {"multitude", multitude},
    };
    return lab_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
