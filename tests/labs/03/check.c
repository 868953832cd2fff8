/* check.c - what labs 03 and 05 and the bonus ask of a chat room, one scenario
 * a name. See tests/labs/labpeer.h.
 */
#include "../labpeer.h"

#include <limits.h>

enum {
    TALKERS = 50,
    WORDS = 5,
    SPEAKERS = 10,    /* who are refused */
    FLOOD = 128,      /* lines that one says at once */
    LINES = 10,       /* that each of them says: so few that nobody, however
                         slow, has 64 KiB waiting */
    ENDERS = 9,       /* members, of whom all but one end */
    BEHIND = 32768,   /* bytes that come with quit */
    NAME_SIZE = 32,   /* room for a name, a wrong one too */
    WAVES = 2,        /* of members that come and go */
    BURST = 300,      /* lines in one send */
    CHORUS = 10,      /* members who say, all at once, */
    REFRAIN = 1200,   /* so many lines of a byte: what a server that collects
                         before it sends gets for one of them is over 64 KiB */
    HALL = 500,       /* members with long names: over 8 KiB of them */
    EAGER = 100,      /* such, of whom one asks for their names */
    EAGER_ASKS = 50,  /* so often at once: over 64 KiB of answers */
    HEIRS = 4,        /* who want the name that a member leaves */
    REIGNS = 25,      /* times that it is left */
    ASKED = 20,       /* times that each of them asks at once */
    RIVALS = 20,      /* who want one name at the same moment */
    CONTESTS = 15,    /* such moments */
    VISITORS = 24,    /* members who come together, and go */
    WARM_VISITS = 12, /* such groups, before what stays is counted, */
    VISITS = 42,      /* and until it is counted again: a thousand members */
    LEFT_KIB = 2048,  /* that may be more by then */
    SAID = 6000,      /* times that each of two lines is said, */
    SAID_TOGETHER = 1000, /* so many at once: less than 64 KiB of answers */
    SAID_KIB = 100,       /* that may be more by then: 17 bytes for each */
    GUESTS = 10050,       /* newcomers: a number of five digits */
    DROPPED = 16,        /* members at a time who do not read and are dropped */
    RESETTINGS = 5,      /* and such who are reset, in three ways: of each */
    RESET_KIB = 500,     /* 40 KiB of each would be 1000 KiB */
    DROPPINGS = 3,       /* such groups: 64 KiB of each would be 3 MiB */
    TALKING_BATCHES = 3, /* of lines that a kernel takes, and nobody reads */
    TALKING = 30000,     /* bytes that one says behind quit */
    LONG_LINE = 1000,    /* bytes of a line for the one who does not read */
    TOLD_BYTES = LONG_LINE + 9, /* of it as the others get it */
    BATCH = 8,                  /* such lines at a time */
    WAITING = 42000,    /* bytes: more than a kernel may still find room for */
    SOME_BYTES = 40000, /* may wait; with a batch more, 64 KiB are far */
    MANY_BYTES = 57000, /* the task's 60,000, less what is counted twice */
    TOO_MUCH = 81000,   /* the task's 80,000: one who may not */
    KERNELS = 15000000, /* more than kernels keep for a connection */
    ATTEMPTS = 5,       /* to read a table that others change */
    TRIES = 3,          /* of what a busy machine may spoil */
    SETTLE_MS = 100,    /* in which a kernel makes up its mind */
    STILL_MS = 750,     /* who reads so late has still time, */
    GIVEN_UP_MS = 1000, /* until this much later a rest may be given up */
    PAUSE_MS = 500,     /* for which everyone is silent */
    DELAY_MS = 200,     /* the task's number */
    LONG_MS = 1600,     /* too long for that on any machine */
    DRAIN_MS = 700,     /* until a rest has arrived */
    FREE_MS = 600,      /* until a leave is told; a good-bye takes longer */
    GROUPS = 100,       /* of short lines, one a group */
    SHORT_LINES = 250,  /* with each of which one could wait a little */
    LATE = 3,           /* batches that may not all be the machine's fault */
    WORST_MS = 1000,    /* and not one may be so late */
    NARROW = 4096,      /* bytes the kernel keeps for the non-reader */
    SEGMENT = 1400,     /* as long as Ethernet's */
    DROPS = 3,          /* of whom something would stay */
    RESETTERS = 5,      /* for whom something waits */
    ASKS = 250,         /* that go out together */
    NOISE_ASKS = 60,    /* such, at most, to have something wait */
    NOISE_BYTES = 8000000,     /* for one, under a sanitizer */
    MEMORY_KIB = 4096,         /* more than before, with one member behind */
    WAKES_IDLE = 3,            /* of all threads in a second without a word */
    WAKES_UNSENT = 40,         /* and while something is unsent */
    CROWDED = FD_SETSIZE + 76, /* members who want in: too many for select */
    FEW = 8,                   /* descriptors that a server may need itself */
    ROOM_MS = 2000,            /* until who has left has made room */
    AGAIN_MS = 20,             /* and a newcomer's pause meanwhile */
    STUCK_LOOKS = 25,          /* AGAIN_MS apart: longer than a kernel needs */
    SILENCE_MS = 5500,         /* without a word: over 5 s */
    LATER_MS = 2500,           /* nobody may give up by then what waits */
    AT_REST_MS = 40,           /* without a nap of any thread */
    BONUS = 2200,              /* the bonus' number */
    TOGETHER = 50,             /* of them come at a time */
    LISTEN_EVERY = 40,         /* newcomers */
    MEMBER_THREADS = 10,       /* members while threads are counted */
};

static struct peer peers[CROWDED > BONUS ? CROWDED + 2 : BONUS + 2];

static const char *const room_cause =
    "a line goes to everyone else as \"NAME: LINE\", once, whole, in order";

/* Writes a line so often, without a NUL. Returns how many bytes that is. */
static size_t write_often(char *text, const char *line, int times)
{
    size_t length = 0;
    while (times-- > 0)
        for (const char *byte = line; *byte != '\0'; byte++)
            text[length++] = *byte;
    return length;
}

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

/* Reads lines until this one. */
static bool hears_some_time(struct peer *peer, const char *text,
                            const char *cause)
{
    char *line = NULL, wanted[LONG_LINE + NAME_SIZE];
    enum got got;
    snprintf(wanted, sizeof wanted, "%s", text); /* made ones live shortly */
    while ((got = peer_line(peer, WAIT_MS, &line)) == GOT_LINE)
        if (strcmp(line, wanted) == 0)
            return true;
    return wrong(cause, made("\"%s\"", wanted), "%s",
                 got_text(peer, got, line, WAIT_MS));
}

/* ---------------------------------------------------------------- fan-out */

/* The next line is these bytes, a NUL among them perhaps. */
static bool expect_bytes(struct peer *peer, const char *bytes, size_t size,
                         const char *cause)
{
    char *line = NULL;
    enum got got = peer_line(peer, WAIT_MS, &line);
    size_t length = 0;
    if (got == GOT_LINE)
        length = (size_t)(peer->bytes + peer->start - 1 - line);
    if (got == GOT_LINE && length == size && memcmp(line, bytes, size) == 0)
        return true;
    return wrong(cause, made("\"%s\", %zu bytes in all", bytes, size),
                 "%s, %zu bytes", got_text(peer, got, line, WAIT_MS), length);
}

/* Lines that a server may take for something else than a line. */
static bool odd_lines(int many)
{
    static const char nul[] = "nul \0 and more\n", quit[] = "quit\0\n";
    static const char heard[] = "guest1: nul \0 and more";
    static const char other[] = "guest1: quit\0";
    static const char *const lines[] = {
        "",
        "a/b",
        " /who",
        "quit now",
        "quitter",
        "QUIT",
        " quit",
        "x\x01\x1b[31m\ty\x7f",
        "\xe4\xbd\xa0\xe5\xa5\xbd \xff\x80",
        "%d %s %s %s %n %%",
    };
    static const char no_command[] =
        "only a line that begins with / is a command, all others go to "
        "everyone else";
    const char *const causes[] = {
        [1] = no_command,
        [2] = no_command,
        [3] = "exactly quit is quit; any other line goes to everyone else",
        [4] = "exactly quit is quit; any other line goes to everyone else",
        [5] = "exactly quit is quit; any other line goes to everyone else",
        [6] = "exactly quit is quit; any other line goes to everyone else",
        [7] = "a line is bytes: control bytes go to everyone else as they came",
        [9] = "a line is bytes: what printf makes of a % in it is not it",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (!peer_say(&peers[0], made("%s\n", lines[i])))
            return false;
        const char *cause =
            i < sizeof causes / sizeof causes[0] ? causes[i] : 0;
        for (int j = 1; j < many; j++)
            if (!expect_line(&peers[j], made("guest1: %s", lines[i]),
                             cause != NULL ? cause : room_cause))
                return false;
    }
    if (!peer_send(&peers[0], nul, sizeof nul - 1) ||
        !peer_send(&peers[0], quit, sizeof quit - 1))
        return false;
    for (int j = 1; j < many; j++)
        if (!expect_bytes(&peers[j], heard, sizeof heard - 1,
                          "a line is bytes with a length: a NUL does not end "
                          "it") ||
            !expect_bytes(&peers[j], other, sizeof other - 1,
                          "a line is bytes with a length: quit and a NUL are "
                          "not quit"))
            return false;
    return expect_log(1, "says: x\\x01\\x1b[31m\\x09y\\x7f",
                      "the log shows control bytes as \\xNN, as in the "
                      "chapter: log_says");
}

/* The longest line of one with the longest name, to the other one, and another
 * line behind it. That the name can be had is for another part to say. */
static bool longest_whole(struct peer *from, struct peer *to)
{
    static char line[1025], told[(size_t)2 * NAME_SIZE + sizeof line];
    char name[NAME_SIZE], *got = NULL;
    snprintf(name, sizeof name, "%.8s-%.7s", nonce(), nonce());
    memset(line, 'x', 1024);
    memcpy(line + 1024 - 9, nonce(), 9); /* what is cut off is seen */
    if (!peer_say(from, made("/name %s\n", name)))
        return false;
    if (peer_line(from, WAIT_MS, &got) != GOT_LINE ||
        strcmp(got, made("you are %s", name)) != 0)
        return true;
    if (!peer_say(from, made("%s\nbehind it\n", line)) ||
        peer_line(to, WAIT_MS, &got) != GOT_LINE)
        return wrong(room_cause, "a line", "none");
    snprintf(told, sizeof told, "%s: %s", name, line);
    const char *cause = "the longest line of a member with the longest name is "
                        "over 1024 bytes, and whole: 16 bytes, \": \", 1024, "
                        "and its end";
    if (strcmp(got, told) == 0) /* nobody was told the new name */
        return expect_line(to, made("%s: behind it", name), cause);
    return expect_line(to, told, cause) &&
           expect_line(to, made("%s: behind it", name), cause);
}

/* One \r before the \n is dropped, another one is the line's own. */
static bool returns(struct peer *from, struct peer *to, struct peer *too)
{
    static const char *const said[] = {"x\r", "\r", "\rx", "x\ry", "quit\r"};
    const char *cause = "one \\r before the \\n is dropped, and no other: that "
                        "is a byte of the line";
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        const char *told = made("guest2: %s", said[i]);
        if (!peer_say(from, made("%s\r\n", said[i])) ||
            !expect_line(to, told, cause) || !expect_line(too, told, cause))
            return false;
    }
    return true;
}

static bool fan_out(void)
{
    char longest[1025];
    if (!gather(3))
        return false;
    memset(longest, 'x', 1024);
    memcpy(longest, nonce(), 9);
    longest[1024] = '\0';
    if (!hears(3, nonce()) || !hears(3, longest) || !odd_lines(3))
        return false;
    char *word = nonce();
    /* If a sender heard itself, this would not be the next line. */
    if (!peer_say(&peers[1], made("%s\r\n", word)) ||
        !expect_line(&peers[0], made("guest2: %s", word),
                     "a line does not come back to its sender; a \\r before "
                     "its \\n is dropped") ||
        !expect_line(&peers[2], made("guest2: %s", word), room_cause))
        return false;
    if (!returns(&peers[1], &peers[0], &peers[2]))
        return false;
    return peer_say(&peers[2], "quit\r\nnever said\n") &&
           expect_line(&peers[2], "quit", "quit is answered with quit") &&
           expect_end(&peers[2], "quit ends that conversation") &&
           expect_line(&peers[0], "guest3 left",
                       "who quits has left; what came behind quit is "
                       "discarded") &&
           expect_line(&peers[1], "guest3 left", "who quits has left") &&
           longest_whole(&peers[0], &peers[1]);
}

/* ------------------------------------------------- lines and their pieces */

/* The second of three says a line of 1024 bytes; the \n comes late. */
static bool half_an_end(void)
{
    const char *cause =
        "a line over 1024 bytes is too long; a \\r behind 1024 of them may be "
        "half of its end, the \\n comes yet";
    static char text[1026];
    memset(text, 'x', 1024);
    memcpy(text, nonce(), 9);
    text[1024] = '\r';
    if (!peer_send(&peers[1], text, 1025) ||
        !expect_silence(&peers[0], PAUSE_MS, cause) ||
        !peer_say(&peers[1], "\n"))
        return false;
    text[1024] = '\0';
    return expect_line(&peers[0], made("guest2: %s", text), cause) &&
           expect_line(&peers[2], made("guest2: %s", text), cause);
}

/* Many lines in one piece, and one line in many. */
static bool bursts(void)
{
    static char text[BURST * 24];
    size_t length = 0;
    char *word = nonce();
    if (!gather(3))
        return false;
    for (int i = 0; i < BURST; i++)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "%s-%d\n", word, i);
    if (!peer_send(&peers[0], text, length))
        return false;
    for (int j = 1; j < 3; j++)
        for (int i = 0; i < BURST; i++)
            if (!expect_line(&peers[j], made("guest1: %s-%d", word, i),
                             "all lines that come at once go to everyone "
                             "else, in the order in which they were said"))
                return false;
    const char *piece = "a line ends at its \\n, not where a piece of it ends";
    word = nonce();
    for (size_t i = 0; i < strlen(word); i++) {
        if (!peer_send(&peers[1], word + i, 1))
            return false;
        net_sleep(2);
    }
    if (!expect_silence(&peers[0], PAUSE_MS, piece) ||
        !peer_say(&peers[1], "end\n") ||
        !expect_line(&peers[0], made("guest2: %send", word), piece) ||
        !expect_line(&peers[2], made("guest2: %send", word), piece))
        return false;
    return half_an_end() && hears(3, nonce());
}

/* All say many short lines at once: much comes of little. Everyone reads. */
static bool chorus(void)
{
    static char text[2 * REFRAIN];
    int heard[CHORUS] = {0}, missing = CHORUS;
    if (!gather(CHORUS))
        return false;
    write_often(text, "x\n", REFRAIN);
    (void)kill((pid_t)lab.pid, SIGSTOP); /* all is there when it looks again */
    bool said = true;
    for (int i = 0; i < CHORUS && said; i++)
        said = peer_send(&peers[i], text, sizeof text);
    (void)kill((pid_t)lab.pid, SIGCONT);
    if (!said)
        return false;
    const int all = (CHORUS - 1) * REFRAIN;
    for (long long end = moment(WAIT_MS); missing > 0;) {
        missing = 0;
        for (int i = 0; i < CHORUS; i++) {
            char *line;
            if (heard[i] < all && peer_receive(&peers[i]))
                end = moment(WAIT_MS);
            while (peer_take(&peers[i], &line)) {
                if (strstr(line, ": x") == NULL)
                    return wrong("who reads stays, however much is said: what "
                                 "waits is sent before it is too much",
                                 "\"guestN: x\"", "guest%d got \"%s\"", i + 1,
                                 line);
                heard[i]++;
            }
            missing += heard[i] < all;
        }
        if (missing > 0 && net_now() > end)
            return wrong(room_cause, made("%d lines for each", all),
                         "%d lines for guest1, and no more", heard[0]);
        net_sleep(1);
    }
    return true;
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

/* The last of them says something behind a line that is too long, in the same
 * piece: it is not said. */
static bool long_and_more(struct peer *peer)
{
    static char text[1100];
    const char *behind = "who sends a line too long leaves: what comes behind "
                         "it is read and discarded, as behind quit";
    size_t length = 1026;
    memset(text, 'x', length);
    text[length - 1] = '\n';
    length += write_often(text + length, "never said\n", 2);
    length += write_often(text + length, "/who\nquit\n", 1);
    return peer_send(peer, text, length) &&
           others_hear(ENDERS, made("guest%d left", ENDERS), behind) &&
           expect_line(peer, "error: line longer than 1024 bytes",
                       "a line of 1025 bytes is too long") &&
           expect_end(peer, behind) && expect_log(0, "never said", behind);
}

/* Says enough for a buffer: old bytes stand there behind its next line. */
static bool says_much(int number)
{
    static char line[1001];
    memset(line, 'z', sizeof line - 1);
    for (int i = 0; i < 4; i++)
        if (!peer_say(&peers[number - 1], made("%s\n", line)) ||
            !others_hear(number, made("guest%d: %s", number, line),
                         "everyone else gets a line that is said"))
            return false;
    return true;
}

/* The second ends with a line that is too long, the third with one that has no
 * end, the fourth with quit and much behind it, the fifth with a reset, the
 * sixth with a line too long that does not end, the seventh with quit without
 * an end, the eighth with a question and end-of-stream, the ninth with a line
 * too long and more behind it. */
static bool endings(void)
{
    static const char quit[] = "quit\n";
    static char longer[1026], behind[BEHIND];
    struct net_name who[ENDERS];
    const char *half = "who has half-closed still gets its answers, and then "
                       "end-of-stream";
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
        !leaves(2) || !says_much(3) || !peer_say(&peers[2], word))
        return false;
    peer_shut(&peers[2]);
    if (!others_hear(3, made("guest3: %s", word),
                     "the last line before end-of-stream may lack its \\n") ||
        !leaves(3) || !expect_end(&peers[2], half))
        return false;
    /* It reads the answer late: it may not be lost to a reset. */
    if (!peer_send(&peers[3], behind, sizeof behind) || !leaves(4) ||
        !expect_line(&peers[3], "quit", "quit is answered with quit") ||
        !expect_end(&peers[3], "what comes behind quit is read and discarded: "
                               "closed with it unread, the connection is "
                               "reset; net_discard"))
        return false;
    peer_reset(&peers[3]); /* it has left all the same */
    peer_reset(&peers[4]);
    if (!leaves(5) || !expect_log(1, made("%s lost: ", who[4].text),
                                  "the log says how a member went, once"))
        return false;
    if (!peer_send(&peers[5], longer, sizeof longer - 1) ||
        !expect_line(&peers[5], "error: line longer than 1024 bytes",
                     "a line is too long as soon as 1025 bytes of it are "
                     "there, its end may never come") ||
        !expect_end(&peers[5], "a line too long ends that conversation") ||
        !leaves(6) || !says_much(7) || !peer_say(&peers[6], "quit"))
        return false;
    peer_shut(&peers[6]);
    if (!expect_line(&peers[6], "quit", half) || !expect_end(&peers[6], half) ||
        !leaves(7) || !peer_say(&peers[7], "/who\n/who"))
        return false;
    peer_shut(&peers[7]);
    for (int i = 0; i < 2; i++)
        if (!expect_line(&peers[7], "here: guest1 guest8 guest9", half))
            return false;
    if (!expect_end(&peers[7], half) || !leaves(8) || !long_and_more(&peers[8]))
        return false;
    net_sleep(PAUSE_MS); /* what is not to come may come late */
    const char *every = "the log has every line that is said, commands and "
                        "quit too";
    return logged(who[1], "lost: line longer than 1024 bytes") &&
           logged(who[2], "left") && logged(who[3], "left") &&
           logged(who[4], "lost: ") &&
           logged(who[5], "lost: line longer than 1024 bytes") &&
           logged(who[6], "left") && logged(who[7], "left") &&
           logged(who[8], "lost: line longer than 1024 bytes") &&
           expect_log(1, made("%s says: quit", who[3].text), every) &&
           expect_log(2, made("%s says: /who", who[7].text), every);
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
    static const char nul[] = "/name bob\0\n", only[] = "/name \0\n";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!asks(peer, names[i], "error: bad name", bad))
            return false;
    return peer_send(peer, nul, sizeof nul - 1) &&
           expect_line(peer, "error: bad name",
                       made("%s: a NUL is none of them", bad)) &&
           peer_send(peer, only, sizeof only - 1) &&
           expect_line(peer, "error: bad name",
                       made("%s: a NUL is none of them", bad)) &&
           asks(peer, made("/name %s12345678", nonce()), "error: bad name",
                bad);
}

/* What has /name or /who in front, and is neither. */
static bool unknown_commands(struct peer *peer)
{
    static const char *const lines[] = {
        "/",      "/WHO",  "/names",   "/names x", "/namesake",
        "/who x", "/who ", "/whoami",  "/w",       "/NAME x",
        "//who",  "/quit", "/name\tx", "/ who",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (!asks(peer, lines[i], "error: unknown command",
                  "a line that begins with / is a command, and unless it is "
                  "/who or /name and a name, an unknown one"))
            return false;
    return true;
}

/* With \r before its \n a command is the same, with two it is another one. */
static bool returning_commands(struct peer *peer)
{
    static const struct {
        const char *said, *answer;
    } pairs[] = {
        {"/name x\r\r", "error: bad name"},
        {"/name \r\r", "error: bad name"},
        {"/name\r\r", "error: unknown command"},
        {"/who\r\r", "error: unknown command"},
        {"/name\r", "error: bad name"},
        {"/names\r", "error: unknown command"},
        {"/who\r", "here: guest1 guest2 guest3"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (!asks(peer, pairs[i].said, pairs[i].answer,
                  "one \\r before the \\n is dropped, of a command too, and "
                  "no other"))
            return false;
    return true;
}

/* What has passed since a moment, without what is the machine's fault. */
static long long passed_since(long long since, long machine)
{
    long long passed = net_now() - since;
    machine = machine_ms() - machine;
    if (machine > 0) /* threads that have ended are not counted any more */
        passed -= machine;
    return passed > 0 ? passed : 0;
}

/* The last of them quits and does not close its side. The others hear of it,
 * and have its name, at once. */
static bool frees_name(int last)
{
    struct peer *a = &peers[0], *goer = &peers[last];
    long long best = WAIT_MS;
    for (int try = 0; try < TRIES && best > FREE_MS; try++) {
        char name[NAME_SIZE], *line = NULL;
        enum got got;
        snprintf(name, sizeof name, "goer-%d", try);
        if (!peer_join(goer) ||
            !asks(goer, made("/name %s", name), made("you are %s", name),
                  "a good name is confirmed"))
            return false;
        long long since = net_now(), machine = machine_ms();
        if (!peer_say(goer, "quit\n"))
            return false;
        while ((got = peer_line(a, WAIT_MS, &line)) == GOT_LINE)
            if (strcmp(line, made("%s left", name)) == 0)
                break;
        if (got != GOT_LINE)
            return wrong("whoever goes has left", made("\"%s left\"", name),
                         "%s", got_text(a, got, line, WAIT_MS));
        long long passed = passed_since(since, machine);
        best = passed < best ? passed : best;
        if (!asks(a, made("/name %s", name), made("you are %s", name),
                  "the name of who has left is free at once, not only when "
                  "the connection is closed"))
            return false;
        peer_close(goer);
    }
    if (best > FREE_MS)
        return wrong("who says quit has left at once, not only when the "
                     "connection is closed",
                     "NAME left, at once", "only %lld ms later", best);
    return true;
}

static bool names(void)
{
    struct peer *a = &peers[0], *b = &peers[1], *c = &peers[2], *d = &peers[3];
    const char *tell = "a new name is told to everyone else";
    char *first = nonce(), second[NAME_SIZE];
    snprintf(second, sizeof second, "%s_-AZ09z", nonce());
    if (!gather(3) || !bad_names(a) || !returning_commands(a))
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
    if (!asks(a, made("/name %s", first), "error: name taken",
              "a name is taken if somebody has it, be it the asker") ||
        !unknown_commands(a) || !peer_say(a, "said\n") ||
        !expect_line(b, made("%s: said", first),
                     "a command goes to nobody else, an unknown one neither"))
        return false;
    if (!expect_line(c, made("%s: said", first), room_cause))
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
    if (!expect_line(b, "guest5 is now Zed", tell) ||
        !asks(b, "/name zed", "you are zed",
              "zed and Zed are two names: strcmp") ||
        !asks(b, made("/name %s", second), made("you are %s", second),
              "a good name is confirmed") ||
        !expect_line(a, "guest5 is now Zed", tell) ||
        !expect_line(a, made("%s is now zed", second), tell) ||
        !expect_line(a, made("zed is now %s", second), tell))
        return false;
    /* A reset is a leave; a name that is free can be had. */
    peer_reset(d);
    return expect_line(a, "Zed left", "whoever goes has left, a reset too") &&
           asks(a, "/name Zed", "you are Zed", "Zed has left") &&
           peer_join(d) &&
           expect_line(a, "guest6 joined", "numbers count up") &&
           asks(a, "/who", made("here: Zed guest4 guest6 %s", second),
                "who has left is not here any more") &&
           frees_name(4);
}

/* ------------------------------------------------------------ come and go */

/* Who is in the room, as its first member, the observer, was told. */
static struct {
    char names[HALL + 2][NAME_SIZE];
    int count;
    int guests; /* the highest number so far */
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
    static const char cause[] = "joins, renames and leaves are told in the "
                                "order in which they happened, once each";
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
        int number = 0;
        if (strcmp(second, "joined") == 0 &&
            sscanf(first, "guest%d", &number) == 1 && number <= roster.guests)
            return wrong(made("%s; guestN: the number counts up", cause),
                         made("a number over %d", roster.guests), "\"%s\"",
                         line);
        roster.guests = number > 0 ? number : roster.guests;
        if (strcmp(second, "joined") == 0 && at < 0 &&
            roster.count < HALL + 2) {
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
    static char expected[(HALL + 2) * NAME_SIZE];
    size_t length = (size_t)snprintf(expected, sizeof expected, "here:");
    qsort(roster.names, (size_t)roster.count, NAME_SIZE, by_name);
    for (int i = 0; i < roster.count; i++)
        length += (size_t)snprintf(expected + length, sizeof expected - length,
                                   " %s", roster.names[i]);
    return asks(&peers[0], "/who", expected,
                "/who: everyone who is here, once, sorted, however many");
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
    for (int i = 1; i <= TALKERS; i++)
        if (!expect_greeting(&peers[i]))
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

/* The observer comes in. */
static bool observer(void)
{
    if (!peer_join(&peers[0]))
        return false;
    snprintf(roster.names[roster.count++], NAME_SIZE, "guest1");
    roster.guests = 1;
    return true;
}

static bool come_and_go(void)
{
    if (!observer())
        return false;
    for (int i = 0; i < WAVES; i++)
        if (!wave(nonce()))
            return false;
    return who_is_right();
}

/* All want one name at once, again and again: one gets it. */
static bool one_name(void)
{
    if (!gather(RIVALS))
        return false;
    for (int contest = 0; contest < CONTESTS; contest++) {
        char *name = nonce();
        int winners = 0;
        for (int i = 0; i < RIVALS; i++)
            if (!peer_say(&peers[i], made("/name %s\n", name)))
                return false;
        for (int i = 0; i < RIVALS; i++) {
            char *line = NULL;
            enum got got;
            do /* what it is told of the others comes between */
                got = peer_line(&peers[i], WAIT_MS, &line);
            while (got == GOT_LINE && strstr(line, " is now ") != NULL);
            if (got == GOT_LINE && strcmp(line, "error: name taken") == 0)
                continue;
            if (got != GOT_LINE || strcmp(line, made("you are %s", name)) != 0)
                return wrong("a name that is wanted is had or taken",
                             made("\"you are %s\" or an error", name), "%s",
                             got_text(&peers[i], got, line, WAIT_MS));
            winners++;
        }
        if (winners != 1)
            return wrong("two members cannot have one name: between the look "
                         "and the taking nobody may come, one lock for both",
                         made("one of %d members gets the name", RIVALS),
                         "%d members got it", winners);
    }
    return true;
}

/* An heir gets answers to all it has asked, or the name. Returns whether it got
 * the name, -1 after a verdict. */
static int inherits(struct peer *heir)
{
    int got_it = 0;
    for (int answers = 0; answers < ASKED;) {
        char *line = NULL;
        enum got got = peer_line(heir, WAIT_MS, &line);
        if (got != GOT_LINE) {
            (void)wrong("each command has an answer", "an answer", "%s",
                        got_text(heir, got, line, WAIT_MS));
            return -1;
        }
        got_it |= strcmp(line, "you are throne") == 0;
        answers += strcmp(line, "you are throne") == 0 ||
                   strcmp(line, "error: name taken") == 0;
    }
    return got_it;
}

/* A name is left again and again, and others wait for it: nobody has it before
 * it is told that it was left. */
static bool heirs(void)
{
    static char asking[ASKED * sizeof "/name throne\n"];
    int holder = 1;
    if (!observer())
        return false;
    write_often(asking, "/name throne\n", ASKED);
    for (int i = 1; i <= HEIRS; i++)
        if (!peer_join(&peers[i]) || !observe(1))
            return false;
    if (!peer_say(&peers[holder], "/name throne\n") ||
        !hears_some_time(&peers[holder], "you are throne",
                         "a good name is confirmed") ||
        !observe(1))
        return false;
    for (int reign = 0; reign < REIGNS; reign++) {
        int next = 0;
        for (bool said = false; next == 0; said = true) {
            for (int i = 1; i <= HEIRS; i++)
                if (i != holder && !peer_say(&peers[i], asking))
                    return false;
            if (!said && !peer_say(&peers[holder], "quit\n"))
                return false;
            for (int i = 1; i <= HEIRS; i++) {
                int got = i != holder ? inherits(&peers[i]) : 0;
                if (got < 0)
                    return false;
                next = got > 0 ? i : next;
            }
        }
        /* It has left, and one is now throne. */
        if (!observe(2))
            return false;
        peer_close(&peers[holder]);
        if (!peer_join(&peers[holder]) || !observe(1))
            return false;
        holder = next;
    }
    return true;
}

/* So many come who take long names. */
static bool long_names(int many)
{
    if (!observer())
        return false;
    for (int i = 1; i <= many; i++) {
        for (int more = i; i % TOGETHER == 1 && more < i + TOGETHER; more++)
            if (!peer_open(&peers[more]) ||
                !peer_say(&peers[more], made("/name %016d\n", more)))
                return false;
        if (i % TOGETHER == 0) {
            if (!observe(2 * TOGETHER))
                return false;
            for (int j = 1; j <= i; j++)
                (void)peer_receive(&peers[j]);
        }
    }
    return true;
}

/* So many names as do not fit into a buffer of 8 KiB. */
static bool hall(void)
{
    return long_names(HALL) && who_is_right();
}

/* One of them asks so often, all at once, that the answers are over 64 KiB, and
 * reads all of them. */
static bool eager(void)
{
    static char asks[EAGER_ASKS * sizeof "/who\n"];
    const char *reads = "before a member is dropped its socket is offered what "
                        "waits: one that reads gets all of its answers";
    write_often(asks, "/who\n", EAGER_ASKS);
    if (!long_names(EAGER) || !peer_say(&peers[1], asks))
        return false;
    for (int answers = 0; answers < EAGER_ASKS;) {
        char *line = NULL;
        enum got got = peer_line(&peers[1], WAIT_MS, &line);
        if (got != GOT_LINE)
            return wrong(reads,
                         made("%d answers of %d names", EAGER_ASKS, EAGER + 1),
                         "behind %d of them %s", answers,
                         got_text(&peers[1], got, line, WAIT_MS));
        answers += strncmp(line, "here: ", 6) == 0;
    }
    return true;
}

/* ------------------------------------------------------------- what stays */

/* Open descriptors of the server whose number is below a limit, or -1 where the
 * system does not tell. */
static int descriptors_below(int limit)
{
    DIR *open_ones = opendir(made("/proc/%ld/fd", lab.pid));
    int count = 0;
    if (open_ones == NULL)
        return -1;
    for (struct dirent *entry; (entry = readdir(open_ones)) != NULL;)
        count += entry->d_name[0] != '.' && atoi(entry->d_name) < limit;
    (void)closedir(open_ones); /* only read */
    return count;
}

static int server_descriptors(void)
{
    return descriptors_below(INT_MAX);
}

/* A group of visitors comes, and each goes in its own way. */
static bool visit(void)
{
    static char longer[1025];
    memset(longer, 'x', sizeof longer);
    for (int i = 1; i <= VISITORS; i++)
        if (!peer_open(&peers[i]))
            return false;
    for (int i = 1; i <= VISITORS; i++) {
        if (!expect_greeting(&peers[i]))
            return false;
        if (i % 4 == 0)
            peer_reset(&peers[i]);
        else if (i % 4 == 1)
            peer_shut(&peers[i]);
        else if (!peer_send(&peers[i], i % 4 == 2 ? "quit\n" : longer,
                            i % 4 == 2 ? 5 : sizeof longer))
            return false;
    }
    if (!observe(2 * VISITORS))
        return false;
    for (int i = 1; i <= VISITORS; i++)
        if (peers[i].sock != NET_BAD)
            peer_close(&peers[i]);
    return true;
}

/* So much the server has, once those are gone who went: waits for that. */
static bool back_to(long descriptors, long threads_there)
{
    long now = 0, threads_now = 0;
    for (long long end = moment(WAIT_MS); net_now() < end;
         net_sleep(AGAIN_MS)) {
        now = server_descriptors();
        threads_now = server_status("Threads:");
        if (now <= descriptors && threads_now <= threads_there)
            return true;
    }
    if (now > descriptors)
        return wrong("a descriptor stays of a member that has gone: not every "
                     "way to go ends in net_close",
                     made("%ld descriptors, as before", descriptors),
                     "%ld descriptors", now);
    return wrong("a thread stays of a member that has gone",
                 made("%ld threads, as before", threads_there), "%ld threads",
                 threads_now);
}

static bool visit_often(int times, long descriptors, long threads_there)
{
    for (int i = 0; i < times; i++)
        if (!visit())
            return false;
    return back_to(descriptors, threads_there);
}

/* A thousand come and go, and nothing stays of them. */
static bool visitors(void)
{
    if (!observer())
        return false;
    net_sleep(PAUSE_MS / 5); /* the observer's own thread begins */
    long descriptors = server_descriptors();
    long threads_there = server_status("Threads:");
    if (!visit_often(WARM_VISITS, descriptors, threads_there))
        return false;
    /* So many as never before may have been there at once, on a busy machine;
     * what is not freed grows each time. */
    long before = 0, after = server_status("VmRSS:");
    int tries = 0;
    do {
        before = after;
        if (!visit_often(VISITS, descriptors, threads_there))
            return false;
        after = server_status("VmRSS:");
    } while (after - before > LEFT_KIB && ++tries < TRIES);
    if (before > 0 && after - before > LEFT_KIB)
        return wrong("memory stays of members that have gone: it is not freed",
                     made("at most %d KiB more after %d members", LEFT_KIB,
                          VISITS * VISITORS),
                     "%ld KiB more", after - before);
    return who_is_right();
}

/* What the server has written to, in KiB, to the page: VmRSS is counted in
 * larger pieces. -1 where the system does not tell. */
static long pages_kib(void)
{
    char text[256];
    long kib = -1;
    FILE *file = fopen(made("/proc/%ld/smaps_rollup", lab.pid), "r");
    if (file == NULL)
        return -1;
    while (fgets(text, sizeof text, file) != NULL)
        (void)sscanf(text, "Anonymous: %ld", &kib);
    (void)fclose(file); /* only read */
    return kib;
}

/* The first member says lines so often, many at once, and a name behind them:
 * then it has been answered, and the second one told. */
static bool says_often(const char *lines, int times)
{
    static char text[SAID_TOGETHER * NAME_SIZE * 2];
    for (; times > 0; times -= SAID_TOGETHER) {
        char *word = nonce(), *line = NULL;
        size_t length = write_often(text, lines, SAID_TOGETHER);
        length += write_often(text + length, made("/name %s\n", word), 1);
        if (!peer_send(&peers[0], text, length) ||
            !hears_some_time(&peers[0], made("you are %s", word),
                             "each command has an answer"))
            return false;
        do {
            enum got got = peer_line(&peers[1], WAIT_MS, &line);
            if (got != GOT_LINE)
                return wrong("a new name is told to everyone else",
                             made("\"... is now %s\"", word), "%s",
                             got_text(&peers[1], got, line, WAIT_MS));
        } while (strstr(line, word) == NULL);
    }
    return true;
}

/* Nothing stays of what is said either, whatever it is. */
static bool chatter(void)
{
    static const struct {
        const char *lines, *what;
    } kinds[] = {
        {"/who\n/who\n", "/who"},
        {"/name a\n/name b\n", "a new name"},
        {"/name b\n/name guest2\n", "a name that is taken"},
        {"/name\n/name a b\n", "a bad name"},
        {"/names\n/\n", "an unknown command"},
        {"hello, who is there?\n\n", "a line that is said"},
    };
    if (!gather(2))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        long before = 0, after = 0;
        int tries = 0;
        if (!says_often(kinds[i].lines, SAID_TOGETHER))
            return false;
        after = pages_kib();
        do {
            before = after;
            if (!says_often(kinds[i].lines, SAID))
                return false;
            after = pages_kib();
        } while (after - before > SAID_KIB && ++tries < TRIES);
        if (before > 0 && after - before > SAID_KIB)
            return wrong(made("memory stays of %s, each time: it is not freed",
                              kinds[i].what),
                         made("at most %d KiB more after %d of them", SAID_KIB,
                              2 * SAID),
                         "%ld KiB more", after - before);
    }
    return true;
}

/* So many come and go that their numbers have a digit more. */
static bool guests(void)
{
    if (!observer())
        return false;
    for (int come = 0; come < GUESTS; come += TOGETHER) {
        for (int i = 1; i <= TOGETHER; i++)
            if (!peer_open(&peers[i]))
                return false;
        for (int i = 1; i <= TOGETHER; i++) {
            if (!expect_greeting(&peers[i]))
                return false;
            peer_reset(&peers[i]);
        }
        if (!observe(2 * TOGETHER))
            return false;
    }
    return who_is_right();
}

/* ------------------------------------------------------------- who is slow */

/* The first member, who is slow; the second one talks, the third one reads. */
static struct {
    int newcomers; /* so far: the number of the last one */
    char name[NAME_SIZE];
    char line[LONG_LINE + 1]; /* that the second one says */
    long lines;               /* of those it was told */
    long told;                /* bytes for the first one so far */
    bool gone;                /* it has left */
    int left;                 /* so many have, the slow one or others */
    int late;                 /* batches that the third one had to wait for */
    long long latest;         /* the longest of these waits */
} slow;

/* Bytes in the buffers of a slow one's connection, at both of its ends. Returns
 * `unknown` where the system does not tell (all but Linux). The kernel's table
 * is no snapshot: while other connections come and go, a row may be missing. */
static long in_the_kernel(const struct peer *peer, long unknown)
{
    if (access("/proc/net/tcp", R_OK) != 0)
        return unknown;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        long held = peer_held(peer);
        if (held >= 0)
            return held;
    }
    return KERNELS; /* whoever is not there has left, and says so soon */
}

/* Bytes that the server itself still keeps for the slow one, if the kernel has
 * `unknown` ones where the system does not tell. */
static long kept(long unknown)
{
    return slow.told - in_the_kernel(&peers[0], unknown);
}

/* Connects one for whom the kernel keeps little. */
static bool join_narrow(struct peer *peer)
{
    peer_segment = SEGMENT;
    bool good = peer_open_narrow(peer, NARROW) && expect_greeting(peer);
    peer_segment = 0;
    return good;
}

/* The slow one comes in, for the first time or once more. */
static bool slow_joins(void)
{
    memset(slow.line, 'y', LONG_LINE);
    memcpy(slow.line, nonce(), 9);
    slow.lines = slow.told = 0;
    slow.gone = false;
    snprintf(slow.name, sizeof slow.name, "guest%d", ++slow.newcomers);
    return join_narrow(&peers[0]);
}

/* The three come in. */
static bool slow_room(void)
{
    if (!slow_joins() || !peer_join(&peers[1]) || !peer_join(&peers[2]))
        return false;
    slow.newcomers = 3;
    return expect_line(&peers[1], "guest3 joined", "a newcomer is announced") &&
           expect_line(&peers[0], "guest2 joined", "a newcomer is announced") &&
           expect_line(&peers[0], "guest3 joined", "a newcomer is announced");
}

/* Somebody came or went. */
static bool is_news(const char *line)
{
    return strchr(line, ':') == NULL &&
           (strstr(line, " joined") != NULL || strstr(line, " left") != NULL);
}

/* So many lines from the second member to the third, who may hear of others
 * between them. */
static bool room_goes_on(int count)
{
    int heard = 0;
    for (int i = 0; i < count; i++)
        if (!peer_say(&peers[1], made("%s\n", slow.line)))
            return false;
    while (heard < count) {
        char *line = NULL;
        enum got got = peer_line(&peers[2], WAIT_MS, &line);
        if (got != GOT_LINE)
            return wrong("somebody does not read, and the others wait for "
                         "that: nobody may wait for one member's socket",
                         "lines go on to those who read", "%s",
                         got_text(&peers[2], got, line, WAIT_MS));
        slow.left += strchr(line, ':') == NULL && strstr(line, " left") != NULL;
        if (strcmp(line, made("%s left", slow.name)) == 0)
            slow.gone = true;
        else if (strcmp(line, made("guest2: %s", slow.line)) == 0)
            heard++;
        else if (!is_news(line))
            return wrong(room_cause, "the next line of guest2", "\"%s\"", line);
    }
    slow.lines += count;
    slow.told += (long)count * TOLD_BYTES;
    return true;
}

static bool batch(void)
{
    return room_goes_on(BATCH);
}

/* A batch; how long it took is noted. */
static bool timed_batch(void)
{
    long long since = net_now();
    long machine = machine_ms();
    if (!batch())
        return false;
    long long passed = passed_since(since, machine);
    slow.late += passed > DELAY_MS;
    slow.latest = passed > slow.latest ? passed : slow.latest;
    return true;
}

/* The second one talks until so many bytes wait for the slow one, and still do
 * a moment later: a kernel may find more room for them. */
static bool fill_slow(long bytes)
{
    for (;;) {
        long waiting = kept(0);
        if (waiting >= bytes) {
            net_sleep(SETTLE_MS);
            if (kept(0) >= bytes)
                return true;
            continue;
        }
        bool near = waiting + (long)BATCH * TOLD_BYTES > bytes;
        if (!room_goes_on(near ? 1 : BATCH))
            return false;
        if (slow.gone)
            return wrong("up to 64 KiB may wait for a member before it is "
                         "dropped",
                         "a member that is slow, and stays",
                         "\"%s left\" with %ld bytes waiting at most",
                         slow.name, waiting + (long)BATCH * TOLD_BYTES);
    }
}

/* The slow one reads all that it was told, who came and went between it.
 * Returns how many lines came, or -1 after a verdict if it is to judge. */
static long reads_all(bool judge, const char *cause)
{
    for (long read = 0; read < slow.lines;) {
        char *line = NULL;
        enum got got = peer_line(&peers[0], WAIT_MS, &line);
        if (got == GOT_LINE && is_news(line))
            continue;
        if (got == GOT_LINE &&
            strcmp(line, made("guest2: %s", slow.line)) == 0) {
            read++;
            continue;
        }
        if (!judge)
            return read;
        (void)wrong(cause, made("all %ld lines that it was told", slow.lines),
                    "behind %ld of them %s", read,
                    got_text(&peers[0], got, line, WAIT_MS));
        return -1;
    }
    return slow.lines;
}

/* How often all threads together have gone to sleep so far. */
static long naps_so_far(void)
{
    long naps = 0;
    DIR *tasks = opendir(made("/proc/%ld/task", lab.pid));
    if (tasks == NULL)
        return 0;
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        char text[256];
        static const char key[] = "voluntary_ctxt_switches:";
        FILE *file = fopen(
            made("/proc/%ld/task/%.20s/status", lab.pid, entry->d_name), "r");
        if (entry->d_name[0] == '.' || file == NULL) {
            if (file != NULL)
                (void)fclose(file); /* only read */
            continue;
        }
        while (fgets(text, sizeof text, file) != NULL)
            if (strncmp(text, key, sizeof key - 1) == 0)
                naps += strtol(text + sizeof key - 1, NULL, 10);
        (void)fclose(file); /* only read */
    }
    (void)closedir(tasks); /* only read */
    return naps;
}

/* Waits until a thread has just looked and gone to sleep again, at most for a
 * while: who looks seldom does not do so soon. First all must be at rest, or
 * somebody else's last nap would be taken for it. */
static void wait_for_a_nap(void)
{
    long long end = net_now() + 3LL * IDLE_MS, quiet = net_now();
    for (long naps = naps_so_far(); net_now() < end;) {
        net_sleep(2);
        long now = naps_so_far();
        if (now != naps && net_now() - quiet > AT_REST_MS)
            return;
        if (now != naps)
            quiet = net_now();
        naps = now;
    }
}

/* In a second nobody wakes up more often than so; what still goes on when the
 * look begins may spoil one. */
static bool expect_few_wakes(long most, const char *cause)
{
    long naps = 0;
    for (int try = 0; try < 2; try++) {
        naps = naps_so_far();
        net_sleep(IDLE_MS);
        naps = naps_so_far() - naps;
        if (naps <= most)
            return true;
    }
    return wrong(cause, made("at most %ld times a second", most),
                 "%ld times in a second", naps);
}

/* All threads together sleep while something is unsent, but for a look now and
 * then. */
static bool sleeps_unsent(void)
{
    return expect_idle(IDLE_PERCENT, "it asks again and again while something "
                                     "is unsent, instead of waiting") &&
           expect_few_wakes(WAKES_UNSENT,
                            "it asks again and again while something is "
                            "unsent, many times a second");
}

/* How often a second without a word they wake up: the least of some, in which
 * nothing else may go on. */
static long wakes_in_silence(void)
{
    long least = LONG_MAX;
    for (int try = 0; try < TRIES && least > 0; try++) {
        long naps = naps_so_far();
        net_sleep(IDLE_MS);
        naps = naps_so_far() - naps;
        least = naps < least ? naps : least;
    }
    return least;
}

/* Who reads late, but before 64 KiB wait, gets all of it, though nobody says
 * anything any more that would set the rest going. */
static bool slow_reader(void)
{
    const char *rest = "what a socket does not take waits, and goes on its way "
                       "as soon as there is room, not with the next line";
    if (!slow_room())
        return false;
    long before = wakes_in_silence();
    if (!fill_slow(MANY_BYTES))
        return false;
    net_sleep(LATER_MS);
    char *word = nonce();
    const char *said = "what a member says is read, though it does not read";
    if (!peer_say(&peers[0], made("%s\n", word)) ||
        !hears_some_time(&peers[1], made("guest1: %s", word), said) ||
        !hears_some_time(&peers[2], made("guest1: %s", word), said) ||
        !sleeps_unsent())
        return false;
    long long least = -1; /* not seen yet */
    for (int try = 0; try < TRIES && (least < 0 || least > DRAIN_MS); try++) {
        if (try > 0 && !fill_slow(MANY_BYTES))
            return false;
        net_sleep(AGAIN_MS * 5); /* those who have filled it go to sleep */
        wait_for_a_nap();
        bool unsent = kept(0) >= MANY_BYTES / 2; /* a kernel may take it yet */
        long long since = net_now();
        long machine = machine_ms();
        if (reads_all(true, rest) < 0)
            return false;
        long long passed = passed_since(since, machine);
        if (net_now() - since > LONG_MS) /* no machine is so busy */
            passed = net_now() - since;
        if (unsent && (least < 0 || passed < least))
            least = passed;
        slow.lines = slow.told = 0;
    }
    if (least > DRAIN_MS)
        return wrong(rest, made("all of it within %d ms", DRAIN_MS),
                     "only after %lld ms", least);
    word = nonce();
    if (!peer_say(&peers[1], made("%s\n", word)) ||
        !expect_line(&peers[0], made("guest2: %s", word),
                     "who has caught up is a member as before"))
        return false;
    net_sleep(PAUSE_MS); /* who has helped it sees that nothing is left */
    if (!expect_idle(IDLE_PERCENT, "a member was slow and has got all of it, "
                                   "and still it asks again and again: a "
                                   "socket is watched for writing only while "
                                   "something is unsent"))
        return false;
    long after = wakes_in_silence();
    if (after <= before + WAKES_IDLE)
        return true;
    return wrong(
        "a member was slow and has got all of it, and still a thread "
        "wakes up now and then to look",
        made("at most %ld times a second, as before", before + WAKES_IDLE),
        "%ld times a second", after);
}

/* Says /who so often, ASKS at most. Returns how many bytes the answers have, -1
 * after a verdict. */
static long asks_often(struct peer *peer, int times, size_t answer)
{
    static char text[ASKS * 5 + 1];
    write_often(text, "/who\n", times);
    return peer_send(peer, text, 5 * (size_t)times) ? times * (long)answer : -1;
}

/* Waits until the server has read all that a non-reader has said. The trap:
 * when the non-reader's receive buffer overflows, Linux drops the server's
 * segments unread, and with them the acknowledgements they carry. What the
 * non-reader says then stays in its own kernel until it reads something, which
 * is not the server's fault: so it reads a little. Returns how many bytes that
 * were; they are in the peer now, not in a kernel any more. It ends as well
 * when the third member hears something: a server that has dropped the
 * non-reader says so there, and never reads the rest. */
static long let_through(struct peer *peer)
{
    struct queues queues;
    long read = 0;
    int stuck = 0; /* looks in a row */
    long long end = moment(WAIT_MS);
    while (peer_queues(peer, &queues) && queues.to_server > 0 &&
           net_now() < end &&
           net_wait(peers[2].sock, NET_READABLE, AGAIN_MS) == 0) {
        stuck = queues.unread == 0 ? stuck + 1 : 0;
        if (stuck < STUCK_LOOKS)
            continue;
        size_t before = peer->end - peer->start;
        (void)peer_receive(peer);
        read += (long)(peer->end - peer->start - before);
        stuck = 0;
        end = moment(WAIT_MS);
    }
    return read;
}

/* One never reads; behind it another one reads late, its own answers wait for
 * it: the first one is not in its way. */
static bool two_slow(void)
{
    static const char here[] = "here: guest1 guest2 guest3 guest4";
    struct peer *late = &peers[3];
    if (!slow_room() || !fill_slow(WAITING) || !join_narrow(late))
        return false;
    long asked = 0, told = 0;
    while (told - in_the_kernel(late, 0) < WAITING) {
        char *done = nonce(); /* what it has asked has been answered */
        long more = asks_often(late, ASKS, sizeof here);
        if (more < 0 || !peer_say(late, made("%s\n", done)))
            return false;
        told += more - let_through(late);
        if (!hears_some_time(&peers[2], made("guest4: %s", done), room_cause))
            return false;
        asked += ASKS;
    }
    net_sleep(PAUSE_MS);
    const char *rest = "two are slow: what waits for one of them goes on its "
                       "way, though the other one does not read";
    for (long i = 0; i < asked; i++)
        if (!expect_line(late, here, rest))
            return false;
    return true;
}

/* One who asks and asks and does not read: its own answers count, too. */
static bool asker(void)
{
    const char *own = "64 KiB may wait for a member, its own answers too: "
                      "beyond that it is dropped, and not waited for";
    if (!slow_room() ||
        !asks(&peers[0], "/name 0123456789abcdef", "you are 0123456789abcdef",
              "a good name is confirmed"))
        return false;
    snprintf(slow.name, sizeof slow.name, "0123456789abcdef");
    int round = 0;
    bool enough = false;
    long long end = moment(WAIT_MS);
    while (!slow.gone && net_now() < end) {
        char *line = NULL;
        static const char asking[] = "/who\n/who\n/who\n/who\n";
        static const char here[] = "here: 0123456789abcdef guest2 guest3";
        long sent = 0;
        if (!enough)
            sent = net_send(peers[0].sock, asking, sizeof asking - 1);
        if (sent > 0) {
            slow.told += sent / 5 * (long)sizeof here;
            end = moment(WAIT_MS);
            round++;
        } else if (sent < 0 && !net_would_block(net_error())) {
            end = 0;
        } else {
            long read = let_through(&peers[0]);
            slow.told -= read;
            if (read > 0)
                end = moment(WAIT_MS);
            (void)net_wait(peers[2].sock, NET_READABLE, AGAIN_MS);
        }
        /* A server that has no processor has not answered all of it yet: when
         * it has, the kernel may take that, and there is more to be asked. */
        if (sent <= 0 || round % ASKED == 0)
            enough = kept(KERNELS) > TOO_MUCH;
        (void)peer_receive(&peers[2]);
        while (peer_take(&peers[2], &line))
            slow.gone |= strcmp(line, made("%s left", slow.name)) == 0;
    }
    if (!slow.gone &&
        !hears_some_time(&peers[2], made("%s left", slow.name), own))
        return false;
    return expect_log(1, " lost: does not read", own) && batch();
}

/* How long many short lines take from the second to the third, and how often
 * the server's threads go to sleep meanwhile. */
struct pace {
    long long ms;
    long naps;
};

/* So many short lines, in groups: the next group when the last was heard. The
 * first member reads what it is told if `reads`. */
static bool short_lines(int groups, int each, bool reads)
{
    static char text[SHORT_LINES * 2 + 16];
    long told = 0;
    for (int group = 0; group < groups; group++) {
        char *word = nonce();
        size_t length = write_often(text, "x\n", each);
        snprintf(text + length, 16, "%s\n", word);
        told += (long)strlen("guest2: x\n") * each +
                (long)strlen(made("guest2: %s\n", word));
        if (!peer_say(&peers[1], text) ||
            !hears_some_time(&peers[2], made("guest2: %s", word),
                             "somebody does not read, and the others wait for "
                             "that: nobody may wait for one member's socket"))
            return false;
    }
    if (!reads)
        slow.told += told; /* that waits for it, too */
    return true;
}

/* The least of some tries: what is more is the machine's. The first member
 * reads what it is told if `reads`. */
static bool take_pace(struct pace *least, int groups, int each, bool reads)
{
    *least = (struct pace){PROGRAM_MS, SHORT_LINES * 100L};
    for (int try = 0; try < TRIES; try++) {
        long naps = naps_so_far();
        long machine = machine_ms();
        long long since = net_now();
        if (!short_lines(groups, each, reads))
            return false;
        long long ms = passed_since(since, machine);
        naps = naps_so_far() - naps;
        least->ms = ms < least->ms ? ms : least->ms;
        least->naps = naps < least->naps ? naps : least->naps;
        for (int i = 0; reads && i < groups * (each + 1); i++) {
            char *line;
            if (peer_line(&peers[0], WAIT_MS, &line) != GOT_LINE)
                return wrong(room_cause, "all lines", "%d of them", i);
        }
        if (!reads && ms > WORST_MS)
            break;
    }
    return true;
}

/* Who waits goes to sleep once more for each line or group; a busy machine only
 * takes longer, but not as long as that. */
static bool same_pace(struct pace without, struct pace with, long groups)
{
    if (with.ms <= without.ms * 3 / 2 + DELAY_MS ||
        (with.ms <= without.ms + WORST_MS &&
         with.naps <= without.naps + groups / 3))
        return true;
    return wrong("somebody does not read, and with each line the others wait a "
                 "little for that",
                 made("as fast as before: in %lld ms", without.ms),
                 "in %lld ms", with.ms);
}

/* The slow one is still a member: many short lines are few bytes. */
static bool slow_stays(void)
{
    char *word = made("%s\n", nonce());
    (void)net_send(peers[0].sock, word, strlen(word)); /* fails if dropped */
    word[strlen(word) - 1] = '\0';
    return hears_some_time(&peers[2], made("%s: %s", slow.name, word),
                           "64 KiB may wait for a member before it is dropped, "
                           "whatever the number of lines");
}

/* While something is unsent for one member, lines to another take no longer
 * than before: not by a little either, with each of many. */
static bool no_delay(void)
{
    struct pace many, one_by_one, many_now, one_by_one_now;
    if (!slow_room() || !take_pace(&many, 1, SHORT_LINES, true) ||
        !take_pace(&one_by_one, GROUPS, 0, true))
        return false;
    /* The kernel may find room for all of it after all: then once more. */
    for (int try = 0; try == 0 || (try < TRIES && kept(0) <= 0); try++)
        if (!fill_slow(WAITING) ||
            !take_pace(&many_now, 1, SHORT_LINES, false) ||
            !take_pace(&one_by_one_now, GROUPS, 0, false))
            return false;
    return same_pace(many, many_now, SHORT_LINES) &&
           same_pace(one_by_one, one_by_one_now, GROUPS) && slow_stays();
}

/* One has said much, all of it is there, and another one asks: how much that
 * one is told before its answer shows how much is read from one socket before
 * it is the next one's turn. Each of the two may be the next one. */
static bool flood(void)
{
    static char text[FLOOD * TOLD_BYTES];
    const char *cause = "one says much at once, and nobody else is heard: from "
                        "each socket a piece is read in turn, not all that is "
                        "there";
    memset(text, 'f', sizeof text);
    for (size_t i = TOLD_BYTES; i <= sizeof text; i += TOLD_BYTES)
        text[i - 1] = '\n';
    if (!gather(3))
        return false;
    for (int try = 0; try < 2 * TRIES; try++) {
        long before = -1;
        struct peer *talker = &peers[try % 2], *asker = &peers[1 - try % 2];
        (void)kill((pid_t)lab.pid, SIGSTOP);
        bool said =
            peer_send(talker, text, sizeof text) && peer_say(asker, "/who\n");
        (void)kill((pid_t)lab.pid, SIGCONT);
        if (!said)
            return false;
        for (long heard = 0; heard < FLOOD || before < 0;) {
            char *line = NULL;
            enum got got = peer_line(asker, WAIT_MS, &line);
            if (got != GOT_LINE)
                return wrong(cause, "what is said, and an answer to /who", "%s",
                             got_text(asker, got, line, WAIT_MS));
            if (strncmp(line, "here: ", 6) == 0)
                before = heard;
            else
                heard++;
            (void)peer_receive(&peers[2]);
        }
        if (before > FLOOD * 3 / 4)
            return wrong(cause,
                         made("an answer to /who before %d bytes of that",
                              FLOOD * 3 / 4 * TOLD_BYTES),
                         "%ld bytes of it before", before * TOLD_BYTES);
    }
    return true;
}

/* The slow one goes, and comes again as another one for whom something waits.
 */
static bool next_slow(void)
{
    peer_close(&peers[0]);
    return slow_joins() && fill_slow(WAITING);
}

static bool goes(struct peer *peer, bool quits)
{
    if (quits)
        return peer_say(peer, "quit\n");
    peer_shut(peer);
    return true;
}

/* A slow one goes, in one of two ways, and reads, at once or a while later: it
 * gets all that waited, and then the end. Who has not made it in a second is
 * not the server's fault, so there is more than one try. */
static bool goes_late(bool quits, int pause_ms)
{
    const char *rest = quits ? "who goes still gets what waits for it, as long "
                               "as it reads: then quit, then the end"
                             : "who goes, half-closed, still gets what waits "
                               "for it, as long as it reads: then the end";
    for (int try = 0; try < TRIES; try++) {
        bool last = try == TRIES - 1;
        char *line = NULL;
        if (!next_slow())
            return false;
        long long end = moment(GIVEN_UP_MS);
        if (!goes(&peers[0], quits) ||
            !hears_some_time(&peers[2], made("%s left", slow.name),
                             "whoever goes has left at once"))
            return false;
        net_sleep(pause_ms);
        if (pause_ms > 0 && net_now() >= end - SETTLE_MS) {
            if (last)
                return true; /* this machine is too busy to tell */
            continue;
        }
        long read = reads_all(last, rest);
        if (read < 0)
            return false;
        if (read < slow.lines && net_now() < end)
            return wrong(rest,
                         made("all %ld lines that it was told, for a "
                              "second at least",
                              slow.lines),
                         "the end behind %ld of them, earlier", read);
        if (read < slow.lines)
            continue;
        enum got got;
        do
            got = peer_line(&peers[0], WAIT_MS, &line);
        while (got == GOT_LINE && is_news(line));
        if (quits && got == GOT_LINE && strcmp(line, "quit") == 0)
            got = peer_line(&peers[0], WAIT_MS, &line);
        if (got == GOT_END)
            return true;
        if (last)
            return wrong(rest, "all of it, and then the end", "%s",
                         got_text(&peers[0], got, line, WAIT_MS));
    }
    return true;
}

/* One goes for whom all is sent, but not read yet, and goes on talking: closed
 * with that unread, the connection is reset, and what a kernel still has of the
 * rest is lost. */
static bool goes_talking(void)
{
    const char *rest = "who has left is heard out: closed with something "
                       "unread, the connection is reset, and what it has not "
                       "got yet is lost";
    static char text[TALKING + sizeof "quit\n"] = "quit\n";
    (void)write_often(text + sizeof "quit\n" - 1, "d\n", TALKING / 2);
    peer_close(&peers[0]);
    if (!slow_joins())
        return false;
    for (int i = 0; i < TALKING_BATCHES; i++)
        if (!batch())
            return false;
    if (!peer_send(&peers[0], text, sizeof text - 1) ||
        !hears_some_time(&peers[2], made("%s left", slow.name),
                         "whoever goes has left at once"))
        return false;
    net_sleep(PAUSE_MS);
    return reads_all(true, rest) >= 0 && expect_line(&peers[0], "quit", rest) &&
           expect_end(&peers[0], rest);
}

/* While one goes who does not read, or does not close, lines go on. */
static bool nobody_waits(bool reads)
{
    long long least = WAIT_MS;
    for (int try = 0; try < TRIES && least > DELAY_MS; try++) {
        struct peer *goer = reads ? &peers[3] : &peers[0];
        if (reads ? !peer_join(goer) : !next_slow())
            return false;
        slow.newcomers += reads;
        if (!goes(goer, true) ||
            (reads && !expect_line(goer, "quit", "quit is answered with quit")))
            return false;
        net_sleep(AGAIN_MS);
        long long since = net_now();
        long machine = machine_ms();
        if (!room_goes_on(1))
            return false;
        long long passed = passed_since(since, machine);
        least = passed < least ? passed : least;
        if (reads)
            peer_close(goer);
    }
    if (least <= DELAY_MS)
        return true;
    return wrong("a member goes, and the others wait for that: nobody may wait "
                 "for it with the room locked",
                 "lines within 200 ms", "after %lld ms", least);
}

static bool goodbyes(void)
{
    if (!slow_room() || !goes_late(true, 0) || !goes_late(false, 0) ||
        !goes_late(true, STILL_MS) || !goes_late(false, STILL_MS) ||
        !goes_talking() ||
        !goes_late(true, STILL_MS) || /* a second of a clock may be shorter */
        !nobody_waits(true) || !nobody_waits(false) || !next_slow())
        return false;
    peer_shut(&peers[0]);
    return hears_some_time(&peers[2], made("%s left", slow.name),
                           "whoever goes has left at once") &&
           expect_idle(IDLE_PERCENT, "it asks again and again while something "
                                     "is unsent for one who goes, instead of "
                                     "waiting");
}

/* The slow one comes again and again, and is dropped. When it has closed its
 * side, too, nothing of it stays. */
static bool drops(long descriptors, long threads_there)
{
    long long least = LLONG_MAX;
    for (int i = 0; i < DROPS; i++) {
        long long before = 0, longest; /* of the batches around the drop */
        peer_close(&peers[0]);
        if (!slow_joins())
            return false;
        while (!slow.gone && kept(KERNELS) < TOO_MUCH) {
            before = slow.latest;
            slow.latest = 0;
            if (!timed_batch())
                return false;
        }
        if (!slow.gone &&
            !hears_some_time(&peers[2], made("%s left", slow.name),
                             "what waits for a member has a limit, 64 KiB; "
                             "beyond it the member is dropped"))
            return false;
        if (!timed_batch()) /* the later of two is in slow.latest */
            return false;
        longest = before > slow.latest ? before : slow.latest;
        least = longest < least ? longest : least;
    }
    if (least > DELAY_MS)
        return wrong("a member is dropped, and each time the others wait for "
                     "that: its socket is tried once, and not waited for",
                     "lines within 200 ms", "after %lld ms at least", least);
    peer_close(&peers[0]);
    /* The two who stay may have got something of their own by now. */
    return back_to(descriptors + 1, threads_there + 2);
}

/* The three come in, and the second one's lines do not wait for each other: a
 * good part of what filling somebody takes. */
static bool prompt_room(void)
{
    int yes = 1;
    bool good = slow_room();
    if (good)
        (void)setsockopt(peers[1].sock, IPPROTO_TCP, TCP_NODELAY,
                         (const void *)&yes, sizeof yes); /* else it is slow */
    return good;
}

/* Three slow ones are reset while something is unsent for them: one in the
 * room, one that has said quit, one that has half-closed. */
static bool resets(void)
{
    for (int way = 0; way < 3; way++) {
        if (!next_slow())
            return false;
        if (way == 0)
            peer_reset(&peers[0]);
        else if (!goes(&peers[0], way == 1))
            return false;
        if (!hears_some_time(&peers[2], made("%s left", slow.name),
                             "whoever goes has left, a reset too"))
            return false;
        if (way > 0)
            peer_reset(&peers[0]);
        if (!expect_idle(IDLE_PERCENT,
                         "somebody was reset while something was unsent for "
                         "it, and until it is closed it is asked again and "
                         "again"))
            return false;
    }
    return true;
}

/* Once such members have gone, all is as before: the server sleeps. */
static bool at_rest(void)
{
    if (!prompt_room())
        return false;
    int before = server_descriptors();
    if (!resets())
        return false;
    /* Good-byes may take seconds. That they end is another part's. */
    long long end = moment(WAIT_MS);
    while (before > 0 && server_descriptors() >= before && net_now() < end)
        net_sleep(AGAIN_MS);
    return expect_idle(IDLE_PERCENT,
                       "somebody was reset while something was unsent for it, "
                       "and it asks again and again from then on") &&
           expect_few_wakes(WAKES_IDLE,
                            "somebody was reset while something was unsent for "
                            "it, and from then on it wakes up now and then to "
                            "look, though nobody goes any more") &&
           batch();
}

/* Some come who do not read, and are dropped: closed, though they do not close.
 */
static bool drop_some(long descriptors)
{
    struct peer *some = &peers[3];
    for (int i = 0; i < DROPPED; i++)
        if (!join_narrow(&some[i]))
            return false;
    slow.left = 0;
    slow.told = 0;
    while (slow.left < DROPPED) {
        if (slow.told > KERNELS)
            return wrong("what waits for a member has a limit, 64 KiB; beyond "
                         "it the member is dropped",
                         made("%d members left", DROPPED), "%d", slow.left);
        if (!batch())
            return false;
    }
    if (descriptors > 0 && !back_to(descriptors, LONG_MAX))
        return false;
    for (int i = 0; i < DROPPED; i++)
        peer_close(&some[i]);
    return true;
}

/* Some come who do not read. While much waits for them, they are reset: in the
 * room, or when they have said quit or half-closed. */
static bool reset_some(long descriptors)
{
    struct peer *some = &peers[3];
    for (int i = 0; i < DROPPED; i++)
        if (!join_narrow(&some[i]))
            return false;
    slow.left = 0;
    slow.told = 0;
    for (bool settled = false; !settled && slow.left == 0;) {
        long waits = slow.told - in_the_kernel(&some[0], 0);
        if (waits < SOME_BYTES && !room_goes_on(waits > 0 ? BATCH : 3 * BATCH))
            return false;
        if (waits < SOME_BYTES)
            continue;
        net_sleep(SETTLE_MS); /* a kernel may find more room */
        settled = slow.told - in_the_kernel(&some[0], 0) >= SOME_BYTES;
    }
    for (int i = 0; i < DROPPED; i++)
        if (i % 3 == 1)
            (void)net_send(some[i].sock, "quit\n", 5); /* or it is dropped */
        else if (i % 3 == 2)
            peer_shut(&some[i]);
    net_sleep(SETTLE_MS);
    for (int i = 0; i < DROPPED; i++)
        peer_reset(&some[i]);
    if (descriptors > 0 && !back_to(descriptors, LONG_MAX))
        return false;
    for (long long end = moment(WAIT_MS); slow.left < DROPPED;
         net_sleep(AGAIN_MS))
        if (net_now() > end)
            return wrong("whoever goes has left, a reset too",
                         made("%d members left", DROPPED), "%d", slow.left);
        else if (!room_goes_on(1))
            return false;
    return true;
}

/* Groups go in such a way, again and again: what is not freed grows each time.
 */
static bool no_memory(bool (*some)(long), int groups, int most, const char *how)
{
    long descriptors = server_descriptors();
    if (!some(descriptors))
        return false;
    long before = 0, after = server_status("VmRSS:");
    int tries = 0;
    do {
        before = after;
        for (int i = 0; i < groups; i++)
            if (!some(descriptors))
                return false;
        after = server_status("VmRSS:");
    } while (after - before > most && ++tries < 2);
    if (before > 0 && after - before > most)
        return wrong(made("memory stays of members that were %s: what waited "
                          "for them is not freed",
                          how),
                     made("at most %d KiB more after %d of them", most,
                          groups * DROPPED),
                     "%ld KiB more", after - before);
    return true;
}

/* Nothing stays of members for whom something was unsent when they were reset
 * or dropped. */
static bool nothing_stays(void)
{
    if (!prompt_room())
        return false;
    int before = server_descriptors();
    peer_reset(&peers[0]);
    return hears_some_time(&peers[2], "guest1 left", "whoever goes has left") &&
           (before <= 0 || back_to(before - 1, LONG_MAX)) &&
           no_memory(reset_some, RESETTINGS, RESET_KIB, "reset") &&
           no_memory(drop_some, DROPPINGS, LEFT_KIB, "dropped");
}

static bool non_reader(void)
{
    if (!slow_room())
        return false;
    struct net_name who = net_local_name(peers[0].sock);
    long descriptors = server_descriptors();
    long threads_there = server_status("Threads:");
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
    char *line = NULL;
    enum got got;
    long read = 0;
    while ((got = peer_line(&peers[0], WAIT_MS, &line)) == GOT_LINE) {
        if (strcmp(line, made("guest2: %s", slow.line)) != 0)
            return wrong("a member is dropped without a word",
                         "what it was told, and the end", "\"%s\"", line);
        read++;
    }
    if (got == GOT_NOTHING)
        return wrong("who is dropped is closed, too: it sees the end, or a "
                     "reset",
                     "the end of the connection", "%s",
                     got_text(&peers[0], got, line, WAIT_MS));
    /* Some thousand bytes of those were said when it had gone already. */
    if (slow.told - read * TOLD_BYTES < SOME_BYTES)
        return wrong("who is dropped is not sent what waited for it: that is "
                     "thrown away, and the connection closed at once",
                     made("at least %d of %ld bytes are thrown away",
                          SOME_BYTES, slow.told),
                     "it got all but %ld", slow.told - read * TOLD_BYTES);
    return logged(who, "lost: does not read") &&
           drops(descriptors, threads_there);
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

/* Asks so often that something waits for it, and does not read. */
static void fills_itself(struct peer *peer)
{
    long before = -1;
    for (int i = 0; i < NOISE_ASKS; i++) {
        for (int asked = 0; asked < ASKS; asked++)
            (void)net_send(peer->sock, "/who\n", 5);
        net_sleep(AGAIN_MS);
        long now = in_the_kernel(peer, 0);
        forget_all(TALKERS);
        if (now == before) /* it takes no more */
            return;
        before = now;
    }
}

/* Comes in where others talk: a wrong greeting is another part's. */
static bool comes(struct peer *peer)
{
    char *line = NULL;
    enum got got;
    if (!peer_open(peer))
        return false;
    while ((got = peer_line(peer, WAIT_MS, &line)) == GOT_LINE)
        if (strcmp(line, GREETING) == 0)
            return true;
    return wrong("under the sanitizer it is no room: nobody gets in",
                 "the greeting", "%s", got_text(peer, got, line, WAIT_MS));
}

/* Some of them go, in all ways there are, at once. */
static void all_go(int first, int last)
{
    static char longer[1026];
    memset(longer, 'x', 1025);
    for (int i = first; i < last; i++) {
        if (i % 4 == 0)
            (void)net_send(peers[i].sock, longer, 1025);
        else if (i % 4 == 1)
            (void)net_send(peers[i].sock, "quit\n", 5);
        else if (i % 4 == 2)
            peer_shut(&peers[i]);
        else
            peer_reset(&peers[i]);
    }
    net_sleep(PAUSE_MS / 5);
    forget_all(TALKERS);
    for (int i = first; i < last; i++)
        peer_close(&peers[i]);
}

/* All that a room can be asked for, at once, and only one thing is judged:
 * that it is a room. The sanitizer looks at the rest. */
/* How one goes for whom something waits: it reads no more, reads all of it, or
 * is reset. */
static bool goes_full(int way)
{
    struct peer quitter;
    if (!peer_open_narrow(&quitter, NARROW))
        return false;
    fills_itself(&quitter);
    (void)net_send(quitter.sock, "quit\n", 5);
    if (way == 1) {
        char *line;
        peer_shut(&quitter);
        while (peer_line(&quitter, WAIT_MS, &line) == GOT_LINE)
            continue;
    }
    if (way == 2)
        peer_reset(&quitter);
    return true;
}

static bool noise(void)
{
    static const char *const says[] = {"/who\n", "/nothing\n", "/name\n",
                                       "/name a b\n", "\n"};
    struct peer non_reader;
    char *word = nonce(), *line = NULL;
    for (int i = 0; i < TALKERS; i++)
        if (!comes(&peers[i]))
            return false;
    for (int number = 0; number < LINES; number++)
        for (int i = 0; i < TALKERS; i++) {
            const char *what = made("line %d\n", number);
            if (number % 5 == 1)
                what = made("/name n%d_%d\n", i, number);
            if (number % 5 == 3)
                what = says[i % 5];
            if (!peer_say(&peers[i], what))
                return false;
            if (number == LINES / 2 && i % 2 == 1) {
                peer_reset(&peers[i]);
                if (!comes(&peers[i]))
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
    all_go(6, TALKERS);
    peer_segment = SEGMENT;
    if (!peer_open_narrow(&non_reader, NARROW))
        return false;
    push();
    for (int i = 0; i < 2 * 3; i++)
        if (!goes_full(i % 3))
            return false;
    for (int i = 0; i < RESETTERS; i++) {
        struct peer resetter;
        if (!peer_open_narrow(&resetter, NARROW))
            return false;
        fills_itself(&resetter);
        peer_reset(&resetter);
    }
    peer_segment = 0;
    /* One more comes, to whatever state the room is in: whether it waits for
     * somebody is another part's, but by now it would be dead. */
    if (!peer_open(&peers[TALKERS]))
        return false;
    (void)peer_line(&peers[TALKERS], WAIT_MS, &line);
    return true;
}

/* ------------------------------------------------------------- the models */

/* One quits and closes its side: whoever asks no more whether it has done so
 * may be told of it again and again. */
static bool closes(void)
{
    if (!peer_say(&peers[2], "quit\n") ||
        !hears_some_time(&peers[2], "quit", "quit is answered with quit") ||
        !expect_end(&peers[2], "who has quit is told the end"))
        return false;
    peer_close(&peers[2]);
    return expect_idle(IDLE_PERCENT,
                       "a member that goes has closed its side, too, and "
                       "instead of closing it the server asks again and again");
}

/* Nobody speaks, and nobody wakes up; one quits and does not close its side,
 * and still nobody is busy. Nor when another one closes its side. */
static bool asleep(const char *busy)
{
    return expect_idle(IDLE_PERCENT, busy) &&
           expect_few_wakes(WAKES_IDLE,
                            "nobody speaks, and a thread wakes up now and then "
                            "to look, instead of waiting for what happens") &&
           peer_say(&peers[1], "quit\n") &&
           expect_idle(IDLE_PERCENT,
                       "it asks again and again while a member goes, which has "
                       "not closed its side, instead of waiting") &&
           closes();
}

/* In one of two looks of so long nobody wakes up at all: who looks every few
 * seconds is seen. What still goes on when the first one begins may spoil it.
 */
static bool sleeps_on(int ms)
{
    long naps = 0;
    for (int try = 0; try < 2; try++) {
        naps = naps_so_far();
        net_sleep(ms);
        naps = naps_so_far() - naps;
        if (naps <= 0) /* a thread that has ended takes its own along */
            return true;
    }
    return wrong("nobody speaks, and a thread wakes up every few seconds to "
                 "look, instead of waiting for what happens",
                 made("nobody wakes up in %.1f s", (double)ms / 1000),
                 "%ld times", naps);
}

static bool threads(void)
{
    return gather(MEMBER_THREADS) && hears(MEMBER_THREADS, nonce()) &&
           expect_threads(MEMBER_THREADS + 1, 3 * MEMBER_THREADS + 3,
                          "chapter 03 has a thread for each member") &&
           asleep("a thread asks again and again instead of waiting") &&
           sleeps_on(SILENCE_MS);
}

static bool one_thread(void)
{
    return gather(MEMBER_THREADS) && hears(MEMBER_THREADS, nonce()) &&
           expect_threads(1, 1, "this chapter serves all in one thread") &&
           asleep("it asks again and again instead of waiting: a time "
                  "limit of 0, or something is watched that nobody takes") &&
           expect_threads(1, 1,
                          "this chapter serves all in one thread, those "
                          "who go, too");
}

/* What is typed at the server is nothing to the room. Where the system has it,
 * this types; and the grader has typed before it begins. */
static bool keyboard(void)
{
    const char *cause = "there is no operator: the server does not read "
                        "standard input";
    if (!gather(2))
        return false;
    FILE *keys = fopen(made("/proc/%ld/fd/0", lab.pid), "w");
    if (keys != NULL) {
        fputs("typed at the server\n", keys);
        (void)fclose(keys); /* what is lost is not heard */
    }
    return expect_silence(&peers[0], PAUSE_MS, cause) && hears(2, nonce()) &&
           expect_log(0, "typed at the server", cause);
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

/* Names that are here, for /who. */
static char present[BONUS][NAME_SIZE];

/* Whoever asks /who is told so many names, sorted. */
static bool lists_all(struct peer *asker, int count)
{
    static char expected[BONUS * NAME_SIZE];
    size_t length = (size_t)snprintf(expected, sizeof expected, "here:");
    char *line = NULL;
    enum got got;
    int names_there = 0;
    qsort(present, (size_t)count, NAME_SIZE, by_name);
    for (int i = 0; i < count; i++)
        length += (size_t)snprintf(expected + length, sizeof expected - length,
                                   " %s", present[i]);
    if (!peer_say(asker, "/who\n"))
        return false;
    do /* what it was told before */
        got = peer_line(asker, WAIT_MS, &line);
    while (got == GOT_LINE && strncmp(line, "here:", 5) != 0);
    if (got == GOT_LINE && strcmp(line, expected) == 0)
        return true;
    for (const char *at = line; got == GOT_LINE && *at != '\0'; at++)
        names_there += *at == ' ';
    return wrong("/who: everyone who is here, once, sorted, however many",
                 made("%d names: %.200s ...", count, expected), "%s",
                 got == GOT_LINE
                     ? made("%d names: %.200s ...", names_there, line)
                     : got_text(asker, got, line, WAIT_MS));
}

/* All but the first and the last take long names, and the first asks who is
 * here. */
static bool lists_long_names(int last)
{
    int count = 0, told = 0;
    snprintf(present[count++], NAME_SIZE, "guest1");
    for (int i = 1; i < last; i++) {
        if (peers[i].sock == NET_BAD)
            continue;
        snprintf(present[count], NAME_SIZE, "%016d", i);
        if (!peer_say(&peers[i], made("/name %s\n", present[count++])))
            return false;
        listen_in(i);
    }
    snprintf(present[count], NAME_SIZE, "guest%d", count + 1);
    count++;
    while (told < count - 2) {
        char *line = NULL;
        enum got got = peer_line(&peers[0], WAIT_MS, &line);
        if (got != GOT_LINE)
            return wrong("a new name is told to everyone else",
                         made("%d new names", count - 2), "behind %d %s", told,
                         got_text(&peers[0], got, line, WAIT_MS));
        told += strstr(line, " is now ") != NULL;
    }
    return lists_all(&peers[0], count);
}

/* The room is full, and some say something before they are refused. */
static bool refuses_speakers(void)
{
    const char *cause =
        "who is refused is told, and then the end, also if it has said "
        "something: closed with that unread, the connection is reset, and the "
        "word can get lost";
    struct peer *some = &peers[CROWDED];
    bool said = true;
    (void)kill((pid_t)lab.pid, SIGSTOP); /* all is there when it looks again */
    for (int i = 0; i < SPEAKERS && said; i++)
        said = peer_open(&some[i]) && peer_say(&some[i], "hello\n");
    (void)kill((pid_t)lab.pid, SIGCONT);
    for (int i = 0; i < SPEAKERS && said; i++) {
        said = expect_line(&some[i], "error: server is full", cause) &&
               expect_end(&some[i], cause);
        peer_close(&some[i]);
    }
    return said;
}

/* Those who were refused are gone, but for so many descriptors that were there
 * before, and no number is free that an fd_set can hold. */
static bool expect_full(int above)
{
    long long until = net_now() + WAIT_MS;
    int below = descriptors_below(FD_SETSIZE);
    while (server_descriptors() - below > above && net_now() < until) {
        net_sleep(AGAIN_MS);
        below = descriptors_below(FD_SETSIZE);
    }
    return below <= 0 || below >= FD_SETSIZE ||
           wrong("a socket that the fd_set can hold is let in: whose number is "
                 "below FD_SETSIZE",
                 "none of these numbers free", "%d free", FD_SETSIZE - below);
}

/* More members than select can watch want in; the first ones stay served. */
static bool crowded(void)
{
    int inside = 0, refused = 0, last = 0;
    /* The standard streams, the listener, and what the grader has given it. */
    int taken = descriptors_below(FD_SETSIZE);
    int most = FD_SETSIZE - (taken > 0 ? taken : 4);
    int above = server_descriptors() - taken;
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
    if (inside > most || inside < most - FEW)
        return wrong(
            "an fd_set holds sockets whose number is below FD_SETSIZE, however "
            "many there are, and some numbers are taken; FD_SET beyond that "
            "writes into foreign memory: net_can_select",
            made("%d to %d members, the others refused", most - FEW, most),
            "%d members, %d refused", inside, refused);
    if (!expect_full(above))
        return false;
    char *word = nonce();
    if (!refuses_speakers() || !peer_say(&peers[last], made("%s\n", word)) ||
        !hears_some_time(&peers[0], made("guest%d: %s", inside, word),
                         "the members are served as before") ||
        !expect_log(refused + SPEAKERS, " refused: server is full",
                    "each refusal is logged, once") ||
        !lists_long_names(last))
        return false;
    /* Who leaves makes room. */
    if (!peer_say(&peers[last], "quit\n") ||
        !hears_some_time(&peers[0], made("guest%d left", inside),
                         "a leave is told to all"))
        return false;
    peer_close(&peers[last]);
    return gets_in(&peers[last]);
}

/* Descriptors that the server may have, or -1 where the system does not tell.
 */
static int descriptor_limit(void)
{
    char text[256];
    int limit = -1;
    FILE *file = fopen(made("/proc/%ld/limits", lab.pid), "r");
    if (file == NULL)
        return -1;
    while (fgets(text, sizeof text, file) != NULL)
        (void)sscanf(text, "Max open files %d", &limit);
    (void)fclose(file); /* only read */
    return limit;
}

/* The second one says something, again and again, and the first one hears it
 * soon; once a busy machine may be late. */
static bool served_as_before(void)
{
    const char *cause = "without a descriptor a newcomer waits in the queue, "
                        "and the others are served as before";
    int late = 0;
    long long passed = 0;
    for (int i = 0; i < WORDS; i++) {
        char *word = nonce();
        long long since = net_now();
        long machine = machine_ms();
        if (!peer_say(&peers[1], made("%s\n", word)) ||
            !hears_some_time(&peers[0], made("guest2: %s", word), cause))
            return false;
        passed = passed_since(since, machine);
        late += passed > DELAY_MS;
    }
    return late < 2 ||
           wrong(cause, made("%d lines within %d ms each", WORDS, DELAY_MS),
                 "%d of them later", late);
}

/* The fourth one never reads, and what the first one says is too much for it;
 * all others, up to `many`, read. */
static bool drops_the_fourth(int many)
{
    static char text[BATCH * (LONG_LINE + 1)];
    long told = 0;
    memset(text, 'z', sizeof text);
    for (int i = 1; i <= BATCH; i++)
        text[i * (LONG_LINE + 1) - 1] = '\n';
    for (char *line = NULL; told < KERNELS;) {
        if (!peer_send(&peers[0], text, sizeof text))
            return false;
        told += (long)sizeof text;
        for (int i = 0; i < many; i++)
            if (i < 1 || i > 3) /* they have gone, or do not read */
                while (peer_line(&peers[i], 0, &line) == GOT_LINE)
                    if (i == 0 && strcmp(line, "guest4 left") == 0)
                        return true;
        net_sleep(1);
    }
    return wrong("what waits for a member has a limit, 64 KiB; beyond it the "
                 "member is dropped",
                 "\"guest4 left\"", "%ld bytes told", told);
}

/* Somebody has gone: who waited in the queue gets in, not seconds later. */
static bool greeted_soon(struct peer *peer, const char *cause)
{
    char *line = NULL;
    enum got got = peer_line(peer, ROOM_MS, &line);
    if (got == GOT_LINE && strcmp(line, GREETING) == 0)
        return true;
    return wrong(cause, made("the greeting within %d s", ROOM_MS / 1000), "%s",
                 got_text(peer, got, line, ROOM_MS));
}

/* There are no more descriptors: a newcomer waits, and the server sleeps. When
 * somebody goes it gets in. */
static bool queue(void)
{
    int limit = descriptor_limit(), inside = 0;
    int taken = descriptors_below(limit);
    const char *waits = "without a descriptor a newcomer waits in the queue, "
                        "and the others are served as before";
    if (limit < 0 || taken < 0)
        return true; /* this system does not tell */
    if (limit - taken > TALKERS)
        return wrong("the grader's own mistake: please report it",
                     "a server with few descriptors", "%d", limit);
    int many = limit - taken;
    for (int i = 0; i < many + 3; i++)
        if (!peer_open_narrow(&peers[i], i == 3 ? NARROW : 0))
            return false;
    for (; inside < many; inside++) {
        char *line = NULL;
        enum got got = peer_line(&peers[inside], WAIT_MS, &line);
        if (got == GOT_NOTHING && inside >= many - FEW)
            break;
        if (got != GOT_LINE || strcmp(line, GREETING) != 0)
            return wrong(waits, made("%d members", many), "newcomer %d: %s",
                         inside + 1,
                         got_text(&peers[inside], got, line, WAIT_MS));
    }
    if (!expect_silence(&peers[inside], PAUSE_MS, waits) ||
        !expect_idle(IDLE_PERCENT, "without a descriptor it asks again and "
                                   "again, instead of waiting") ||
        !served_as_before() || !peer_say(&peers[1], "quit\n") ||
        !hears_some_time(&peers[1], "quit", "quit is answered with quit"))
        return false;
    peer_close(&peers[1]);
    /* Nothing is on its way to the third any more: recv sees the reset first.
     */
    if (!greeted_soon(&peers[inside], "a member that has said quit makes room "
                                      "for one who waits") ||
        !hears_some_time(&peers[2], made("guest%d joined", inside + 1),
                         "a newcomer is announced to everyone else"))
        return false;
    peer_reset(&peers[2]);
    return greeted_soon(&peers[inside + 1],
                        "a member that is reset makes room for one who waits, "
                        "as one does that has said quit") &&
           drops_the_fourth(inside + 2) &&
           greeted_soon(&peers[inside + 2],
                        "a member that is dropped makes room for one who "
                        "waits, as one does that has said quit");
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
    for (int i = 0; i < BONUS; i++)
        snprintf(present[i], NAME_SIZE, "guest%d", i + 1);
    return lists_all(&peers[0], BONUS) &&
           expect_threads(1, 1, "one thread serves all");
}

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"bursts", bursts},
        {"chorus", chorus},
        {"one-name", one_name},
        {"heirs", heirs},
        {"hall", hall},
        {"eager", eager},
        {"visitors", visitors},
        {"chatter", chatter},
        {"guests", guests},
        {"two-slow", two_slow},
        {"asker", asker},
        {"no-delay", no_delay},
        {"flood", flood},
        {"goodbyes", goodbyes},
        {"at-rest", at_rest},
        {"nothing-stays", nothing_stays},
        {"keyboard", keyboard},
        {"queue", queue},
        {"fan-out", fan_out},
        {"endings", endings},
        {"talkers", talkers},
        {"names", names},
        {"come-and-go", come_and_go},
        {"slow-reader", slow_reader},
        {"non-reader", non_reader},
        {"noise", noise},
        {"threads", threads},
        {"one-thread", one_thread},
        {"crowded", crowded},
        {"multitude", multitude},
    };
    return lab_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
