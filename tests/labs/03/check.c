/* check.c - what labs 03 and 05 and the bonus ask of a chat room, one scenario
 * a name. See tests/labs/labpeer.h.
 */
#include "../labpeer.h"

enum {
    TALKERS = 50,
    LINES = 10,       /* that each of them says: so few that nobody, however
                         slow, has 64 KiB waiting */
    ENDERS = 5,       /* members, of whom all but one end */
    BEHIND = 32768,   /* bytes that come with quit */
    NAME_SIZE = 32,   /* room for a name, a wrong one too */
    WAVES = 2,        /* of members that come and go */
    LONG_LINE = 1000, /* bytes of a line for the one who does not read */
    TOLD_BYTES = LONG_LINE + 9, /* of it as the others get it */
    BATCH = 8,                  /* such lines at a time */
    SOME_BYTES = 40000,    /* may wait; with a batch more, 64 KiB are far */
    TOO_MUCH = 147456,     /* twice 64 KiB, and some more: one who may not */
    KERNELS = 15000000,    /* more than kernels keep for a connection */
    ATTEMPTS = 5,          /* to read a table that others change */
    PAUSE_MS = 500,        /* for which everyone is silent */
    DELAY_MS = 200,        /* the task's number */
    LATE = 3,              /* batches that may not all be the machine's fault */
    WORST_MS = 1000,       /* and not one may be so late */
    NARROW = 4096,         /* bytes the kernel keeps for the non-reader */
    SEGMENT = 1400,        /* as long as Ethernet's */
    NOISE_BYTES = 8000000, /* for one, under a sanitizer */
    MEMORY_KIB = 4096,     /* more than before, with one member behind */
    CROWDED = FD_SETSIZE + 76,  /* members who want in: too many for select */
    AT_MOST = FD_SETSIZE - 4,   /* of whom get in: the standard streams and the
                                   listener are there already */
    AT_LEAST = FD_SETSIZE - 24, /* some servers need a few more */
    ROOM_MS = 2000,             /* until who has left has made room */
    AGAIN_MS = 20,              /* and a newcomer's pause meanwhile */
    BONUS = 2000,               /* the bonus' number */
    TOGETHER = 50,              /* of them come at a time */
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
        return wrong("many talk to one member: each line has to reach it "
                     "whole, with nothing of another one's inside",
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
                             "%s after %d",
                             got_text(&peers[i], got, line, WAIT_MS), heard);
            if (!check_heard(i, line, word, next))
                return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- endings */

/* What one of them does, the first one hears, and so do those behind it. */
static bool others_hear(int number, const char *text, const char *cause)
{
    if (!expect_line(&peers[0], text, cause))
        return false;
    for (int i = number; i < ENDERS; i++)
        if (!expect_line(&peers[i], text, cause))
            return false;
    return true;
}

static bool leaves(int number)
{
    return others_hear(number, made("guest%d left", number),
                       "whoever goes has left");
}

/* The log says that it came and how it went, and nothing else of that. */
static bool logged(struct net_name who, const char *how)
{
    const char *other = strcmp(how, "left") == 0 ? "lost: " : "left";
    return expect_log(1, made("%s connected", who.text),
                      "the log says who has come, once") &&
           expect_log(1, made("%s %s", who.text, how),
                      "the log says how a member went, once") &&
           expect_log(0, made("%s %s", who.text, other),
                      "a member has left or is lost, not both");
}

/* The second ends with a line that is too long, the third with one that has no
 * end, the fourth with quit and much behind it, the fifth with a reset. */
static bool endings(void)
{
    static const char quit[] = "quit\n";
    static char longer[1026], behind[BEHIND];
    struct net_name who[ENDERS];
    char *word = nonce();
    memset(longer, 'x', 1025);
    longer[1025] = '\n';
    memset(behind, '\n', sizeof behind);
    memcpy(behind, quit, sizeof quit - 1);
    if (!gather(ENDERS))
        return false;
    for (int i = 0; i < ENDERS; i++)
        who[i] = net_local_name(peers[i].sock);
    if (!peer_send(&peers[1], longer, sizeof longer) ||
        !expect_line(&peers[1], "error: line longer than 1024 bytes",
                     "a line of 1025 bytes is too long") ||
        !expect_end(&peers[1], "a line too long ends that conversation") ||
        !leaves(2) || !peer_say(&peers[2], word))
        return false;
    peer_shut(&peers[2]);
    if (!others_hear(3, made("guest3: %s", word),
                     "the last line before end-of-stream may lack its \\n") ||
        !leaves(3) || !expect_end(&peers[2], "who has ended is closed"))
        return false;
    /* It reads the answer late: it may not be lost to a reset. */
    if (!peer_send(&peers[3], behind, sizeof behind) || !leaves(4) ||
        !expect_line(&peers[3], "quit", "quit is answered with quit") ||
        !expect_end(&peers[3], "what comes behind quit is read and discarded: "
                               "closed with it unread, the connection is "
                               "reset; net_discard"))
        return false;
    peer_reset(&peers[4]);
    if (!leaves(5) || !expect_log(1, made("%s lost: ", who[4].text),
                                  "the log says how a member went, once"))
        return false;
    net_sleep(PAUSE_MS); /* what is not to come may come late */
    return logged(who[1], "lost: line longer than 1024 bytes") &&
           logged(who[2], "left") && logged(who[3], "left") &&
           logged(who[4], "lost: ") &&
           expect_log(1, made("%s says: quit", who[3].text),
                      "the log has every line that is said, quit too");
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
    snprintf(second, sizeof second, "%s_-AZ09z", nonce());
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
                         got_text(&peers[0], got, line, WAIT_MS));
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
        if (peers[i].sock != NET_BAD)
            peer_close(&peers[i]);
    }
    return true;
}

static bool come_and_go(void)
{
    if (!peer_join(&peers[0]))
        return false;
    snprintf(roster.names[roster.count++], NAME_SIZE, "guest1");
    for (int i = 0; i < WAVES; i++)
        if (!wave(nonce()))
            return false;
    return who_is_right();
}

/* ------------------------------------------------------------- who is slow */

/* The first member, who is slow; the second one talks, the third one reads. */
static struct {
    char line[LONG_LINE + 1]; /* that the second one says */
    long told;                /* bytes for the first one so far */
    bool gone;                /* it has left */
    int late;                 /* batches that the third one had to wait for */
    long long latest;         /* the longest of these waits */
} slow;

static unsigned port_of(const struct peer *peer)
{
    struct net_name name = net_local_name(peer->sock);
    const char *colon = strrchr(name.text, ':');
    return colon != NULL ? (unsigned)atoi(colon + 1) : 0;
}

/* Bytes in the buffers of the slow one's connection, at both of its ends. What
 * is sent and not yet confirmed may be counted twice, some thousand bytes.
 * Returns `unknown` where the system does not tell (all but Linux). The table
 * is no snapshot: while other connections come and go, a row may be there
 * twice, or not at all. */
static long in_the_kernel(long unknown)
{
    unsigned port = port_of(&peers[0]), server = (unsigned)atoi(lab.at.port);
    const char *ours = made(":%04X", port);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        unsigned from, to, unsent, unread;
        long here = -1, there = -1;
        char row[512];
        FILE *file = fopen("/proc/net/tcp", "r");
        if (file == NULL)
            return unknown;
        while (fgets(row, sizeof row, file) != NULL) {
            if (strstr(row, ours) == NULL ||
                sscanf(row, " %*d: %*x:%x %*x:%x %*x %x:%x", &from, &to,
                       &unsent, &unread) != 4)
                continue;
            if (from == port && to == server)
                here = (long)unsent + (long)unread;
            else if (from == server && to == port)
                there = (long)unsent + (long)unread;
        }
        (void)fclose(file); /* only read */
        if (here >= 0 && there >= 0)
            return here + there;
    }
    return KERNELS; /* whoever is not there has left, and says so soon */
}

/* Bytes that the server itself still keeps for the slow one, if the kernel has
 * `unknown` ones where the system does not tell. */
static long kept(long unknown)
{
    return slow.told - in_the_kernel(unknown);
}

/* The three come in. */
static bool slow_room(void)
{
    memset(slow.line, 'y', LONG_LINE);
    memcpy(slow.line, nonce(), 9);
    peer_segment = SEGMENT;
    if (!peer_open_narrow(&peers[0], NARROW) || !expect_greeting(&peers[0]))
        return false;
    peer_segment = 0;
    return peer_join(&peers[1]) && peer_join(&peers[2]) &&
           expect_line(&peers[1], "guest3 joined", "a newcomer is announced");
}

/* A batch of lines from the second member to the third. */
static bool batch(void)
{
    int heard = 0;
    for (int i = 0; i < BATCH; i++)
        if (!peer_say(&peers[1], made("%s\n", slow.line)))
            return false;
    while (heard < BATCH) {
        char *line = NULL;
        enum got got = peer_line(&peers[2], WAIT_MS, &line);
        if (got != GOT_LINE)
            return wrong("somebody does not read, and the others wait for "
                         "that: nobody may wait for one member's socket",
                         "lines go on to those who read", "%s",
                         got_text(&peers[2], got, line, WAIT_MS));
        if (strcmp(line, "guest1 left") == 0)
            slow.gone = true;
        else if (strcmp(line, made("guest2: %s", slow.line)) == 0)
            heard++;
        else
            return wrong(room_cause, "the next line of guest2", "\"%s\"", line);
    }
    slow.told += (long)BATCH * TOLD_BYTES;
    return true;
}

/* The same; how long it took is noted, without what is the machine's fault. */
static bool timed_batch(void)
{
    long long since = net_now(), machine = machine_ms();
    if (!batch())
        return false;
    long long passed = net_now() - since;
    machine = machine_ms() - machine;
    if (machine > 0) /* threads that have ended are not counted any more */
        passed -= machine;
    slow.late += passed > DELAY_MS;
    slow.latest = passed > slow.latest ? passed : slow.latest;
    return true;
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
                 got_text(peer, got, line, WAIT_MS));
}

/* Who reads late, but before 64 KiB wait, gets all of it, though nobody says
 * anything any more that would set the rest going. */
static bool slow_reader(void)
{
    const char *rest = "what a socket does not take waits, and goes on its way "
                       "as soon as there is room, not with the next line";
    if (!slow_room() ||
        !expect_line(&peers[0], "guest2 joined", "a newcomer is announced") ||
        !expect_line(&peers[0], "guest3 joined", "a newcomer is announced"))
        return false;
    long waiting;
    while ((waiting = kept(0)) < SOME_BYTES) {
        if (!batch())
            return false;
        if (slow.gone)
            return wrong("up to 64 KiB may wait for a member before it is "
                         "dropped",
                         "a member that is slow, and stays",
                         "\"guest1 left\" with %ld bytes waiting at most",
                         waiting + (long)BATCH * TOLD_BYTES);
    }
    net_sleep(PAUSE_MS);
    long lines = slow.told / TOLD_BYTES;
    for (long read = 0; read < lines; read++) {
        char *line = NULL;
        enum got got = peer_line(&peers[0], WAIT_MS, &line);
        if (got != GOT_LINE || strcmp(line, made("guest2: %s", slow.line)) != 0)
            return wrong(rest, made("all %ld lines that it was told", lines),
                         "behind %ld of them %s", read,
                         got_text(&peers[0], got, line, WAIT_MS));
    }
    char *word = nonce();
    return peer_say(&peers[1], made("%s\n", word)) &&
           expect_line(&peers[0], made("guest2: %s", word),
                       "who has caught up is a member as before");
}

static bool non_reader(void)
{
    if (!slow_room())
        return false;
    long before = server_status("VmRSS:");
    while (!slow.gone && kept(KERNELS) < TOO_MUCH)
        if (!timed_batch())
            return false;
    if (!slow.gone &&
        !hears_some_time(&peers[2], "guest1 left",
                         made("what waits for a member has a limit, 64 KiB; "
                              "beyond it the member is dropped: here %d wait",
                              TOO_MUCH)))
        return false;
    if (!timed_batch()) /* who waits for the drop itself? */
        return false;
    if (slow.late >= LATE || slow.latest >= WORST_MS)
        return wrong("somebody does not read, and the others wait for that, "
                     "if only for a moment",
                     "lines within 200 ms to those who read",
                     "%d times later, the latest after %lld ms", slow.late,
                     slow.latest);
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
    if (peer->sock == NET_BAD)
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
        long sent = net_send(peers[1].sock, text, LONG_LINE);
        forget_all(TALKERS);
        if (sent > 0)
            done += sent;
        else if (!net_would_block(net_error()))
            break;
        else
            (void)net_wait(peers[1].sock, NET_WRITABLE, 10);
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
                         got_text(&peers[1], got, line, WAIT_MS));
    } while (strstr(line, word) == NULL);
    if (!peer_open_narrow(&non_reader, NARROW))
        return false;
    for (int i = 6; i < TALKERS; i++)
        peer_close(&peers[i]);
    push();
    /* One more comes, to whatever state the room is in: whether it waits for
     * somebody is another part's, but by now it would be dead. */
    if (!peer_open(&peers[TALKERS]))
        return false;
    (void)peer_line(&peers[TALKERS], WAIT_MS, &line);
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

/* What becomes of one more, who is connected. Returns 1 if it is greeted, 0 if
 * it is refused politely, -1 after a verdict. */
static int is_in(struct peer *peer)
{
    char *line = NULL;
    enum got got = peer_line(peer, WAIT_MS, &line);
    if (got == GOT_LINE && strcmp(line, GREETING) == 0)
        return 1;
    if (got != GOT_LINE || strcmp(line, "error: server is full") != 0) {
        (void)wrong("a socket that the fd_set cannot hold is refused before "
                    "FD_SET, which would write beyond it",
                    "the greeting, or \"error: server is full\"",
                    "newcomer %d got %s", (int)(peer - peers) + 1,
                    got_text(peer, got, line, WAIT_MS));
        return -1;
    }
    peer_shut(peer);
    return expect_end(peer, "who is refused is told, and closed") ? 0 : -1;
}

/* One more who wants in: the same. */
static int try_in(struct peer *peer)
{
    return peer_open(peer) ? is_in(peer) : -1;
}

/* Receives what the first members were told, now and then: who never reads is
 * another part's. */
static void listen_in(int many)
{
    if (many % LISTEN_EVERY == 0)
        for (int i = 0; i < many; i++)
            (void)peer_receive(&peers[i]);
}

/* Somebody has left: a newcomer gets in. Not at once, perhaps: a server may
 * look at its queue before it closes whoever is done. */
static bool gets_in(struct peer *peer)
{
    long long end = moment(ROOM_MS);
    int in;
    while ((in = try_in(peer)) == 0 && net_now() < end) {
        peer_close(peer);
        net_sleep(AGAIN_MS);
    }
    if (in == 0)
        return wrong("a member that has left makes room for another",
                     "the greeting", "\"error: server is full\" for %.1f s",
                     (double)ROOM_MS / 1000);
    return in == 1;
}

/* More members than select can watch want in; the first ones stay served. */
static bool crowded(void)
{
    int inside = 0, refused = 0, last = 0;
    for (int i = 0; i < CROWDED; i++) {
        listen_in(inside);
        for (int more = i; i % TOGETHER == 0 && more < i + TOGETHER; more++)
            if (more < CROWDED && !peer_open(&peers[more]))
                return false;
        int in = is_in(&peers[i]);
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
            made("%d to %d members, the others refused", AT_LEAST, AT_MOST),
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
    return gets_in(&peers[last]);
}

/* So many members at once as no fd_set holds. */
static bool multitude(void)
{
    for (int i = 0; i < BONUS; i++) {
        listen_in(i);
        for (int more = i; i % TOGETHER == 0 && more < i + TOGETHER; more++)
            if (!peer_open(&peers[more]))
                return false;
        int in = is_in(&peers[i]);
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
        {"fan-out", fan_out},         {"endings", endings},
        {"talkers", talkers},         {"names", names},
        {"come-and-go", come_and_go}, {"slow-reader", slow_reader},
        {"non-reader", non_reader},   {"noise", noise},
        {"threads", threads},         {"one-thread", one_thread},
        {"crowded", crowded},         {"multitude", multitude},
    };
    return lab_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
