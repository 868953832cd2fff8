/* check.c - what lab 04 asks of a server, one scenario a name. See
 * tests/labs/labpeer.h.
 */
#include "../labpeer.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    MOST = 10000000,  /* the task's number */
    HEARD_MS = 10000, /* so long a scenario listens to a slow answer */
    FAR = 100000,     /* a count that takes a while */
    BAD = INT_MIN,    /* instead of a measured time: the verdict is given */

    LINES = 3000, /* at once, in part 1 */
    FULL =
        1024 - sizeof "count ", /* zeros that fit into a line before a digit */

    LONG_LINE = 1000,  /* bytes of some of them */
    LONG_KIND = 10,    /* their kind; 1 to 9 are counts */
    LATE_MS = 2500,    /* who reads late waits so long */
    BRIM = 24,         /* clients whose counts end where the kernels are full */
    BRIM_FIRST = 2500, /* their first counts, more than is sent at once, */
    BRIM_STEP = 25,    /* and longer by this for each: together a buffer */
    BRIM_OVER = 20,    /* bytes that are unsent then */
    BRIM_LATE_MS = 2000, /* who reads then reads late */
    CROWD = 300,         /* clients at once */

    PINGS = 50,        /* questions of another client meanwhile */
    NEWCOMERS = 10,    /* and newcomers */
    AT_ONCE = 120,     /* and more of them, all at once: every system's queue
                          holds so many */
    AT_ONCE_TRIES = 3, /* how often they come */
    TURNS = 20,        /* answers to another one before they are greeted */
    PING_MS = 100,     /* and how soon each is to be answered */
    WORST_MS = 1000,   /* none may take so long */
    LATE = 3,        /* that many too late cannot all be the machine's fault */
    READERS = 20,    /* clients that read all they can get */
    COUNTS = 20,     /* of each of them: so that they are never done */
    STUCK = 10,      /* clients that read nothing */
    NARROW = 4096,   /* bytes the kernel keeps for each of those */
    SEGMENT = 1024,  /* and takes at a time */
    STUCK_MS = 1000, /* until all that is between is full */
    PATIENCE_MS = 12000, /* and so long it stays so: longer than ten seconds,
                            at which many would think of giving up */
    AT_FIRST =
        60000000, /* bytes for the readers, so that the others are stuck */
    AT_FIRST_MS = 5000,   /* and no longer than this */
    PROGRESS = 128 << 20, /* of them meanwhile: more than buffers hold */
    NO_PROGRESS = 20,     /* answers meanwhile without one of them */
    SOME_WORK_MS = 200,   /* so that shares of it mean something */
    BUSY_PERCENT = 30,    /* of a processor: chapter 04 asks all the time */
    IDLE_TRIES = 3,       /* seconds until it is idle, at most */
    MORE_NAPS = 60,  /* a second: more than the naps of one silent client */
    ALONE = 1000000, /* how far one counts who has the server for itself */
    ALONE_MS = 1500, /* besides the processor time that this takes */

    MANY = 50,         /* clients that count at once */
    ROUNDS = 80,       /* in which memory would grow */
    MEMORY_KIB = 2048, /* that this may cost */
    ALL_KIB = 65536,   /* and the server as a whole */
    FLOOD = 24 << 20,  /* bytes that one sends who reads nothing */
    FLOOD_MS = 2500,   /* so long nobody has to take any of them */
    BATCH = 5000,      /* questions at once */
    BATCHES = 24,      /* and how often */
    WARM = 4,          /* batches before the memory is looked at */
    BAD_BATCHES = 16,  /* of each question that is answered with an error: */
    BAD_WARM = 1,      /* the smallest block that is left is 32 bytes */

    GROUP = 10,       /* clients that leave together */
    GROUPS = 120,     /* and how many groups */
    WARM_GROUPS = 10, /* of them before the memory is looked at */
    LEFT_KIB = 1024,  /* all the others may cost */
};

static const char *const range = "error: count 1 to 10000000";
static const char *const order =
    "a line is taken up when the count before it is done, and that goes for "
    "errors and quit, too";
static const char *const numbers =
    "a count is the numbers 1 to N, each once and whole, also where a buffer "
    "is full";

/* Times without what is the machine's fault. */
struct watch {
    long long since;
    long machine;
    long long server; /* of that, the server's part */
};

static struct watch watch_start(void)
{
    return (struct watch){net_now(), machine_ms(),
                          server_turns().waited / 1000000};
}

static long long watch_ms(struct watch watch)
{
    return net_now() - watch.since - (machine_ms() - watch.machine);
}

/* Milliseconds in which the server could do what it liked, work or sleep. */
static long long free_ms(struct watch watch)
{
    return net_now() - watch.since -
           (server_turns().waited / 1000000 - watch.server);
}

/* Waits so long, and longer on a busy machine. */
static void settle(long long ms)
{
    long long end = net_now() + WAIT_MS;
    for (struct watch watch = watch_start();
         free_ms(watch) < ms && net_now() < end;)
        net_sleep(20);
}

/* Soon it sleeps between its rounds: of the time in which the machine lets it,
 * it works for no more than a part. */
static bool expect_naps(const char *cause)
{
    long used = 0;
    long long passed = 0;
    for (int tries = 0; tries < IDLE_TRIES; tries++) {
        struct watch watch = watch_start();
        long cpu = server_cpu();
        long long ran = server_turns().ran;
        settle(IDLE_MS);
        passed = free_ms(watch);
        used = (long)((server_turns().ran - ran) / 1000000);
        if (ran == 0) /* the system does not tell */
            used = cpu < 0 ? 0 : server_cpu() - cpu;
        if (used <= 2L * TICK_MS || used * 100 <= passed * BUSY_PERCENT)
            return true;
    }
    return wrong(cause, made("at most %d %% of a processor", BUSY_PERCENT),
                 "%ld ms of work in %lld ms, not counting those in which "
                 "others had the processor",
                 used, passed);
}

/* A right answer may be slow: so long a scenario listens to one. */
static bool long_enough(struct watch watch)
{
    return watch_ms(watch) > HEARD_MS ||
           net_now() - watch.since > 2LL * HEARD_MS;
}

/* Numbers first to last come, a line each. */
static bool expect_numbers(struct peer *peer, long first, long last,
                           const char *cause)
{
    for (long number = first; number <= last; number++) {
        char expected[16], *line = NULL;
        enum got got = peer_line(peer, WAIT_MS, &line);
        snprintf(expected, sizeof expected, "%ld", number);
        if (got != GOT_LINE || strcmp(line, expected) != 0)
            return wrong(
                cause,
                made("\"%ld\", counting from %ld to %ld", number, first, last),
                "%s", got_text(peer, got, line, WAIT_MS));
    }
    return true;
}

/* Asks for a count in these words, and gets it. */
static bool counts(struct peer *peer, const char *question, long last)
{
    return peer_say(peer, question) &&
           expect_numbers(
               peer, 1, last,
               made("N is digits alone, 1 to 10000000, with any zeros in "
                    "front, and the answer the numbers 1 to N; this was "
                    "\"%.60s\"",
                    question));
}

static bool answered(struct peer *peer, const char *text, const char *cause)
{
    return expect_line(peer, made("Message received - %s", text), cause);
}

/* Connects as one for whom the two kernels keep little while it does not read.
 */
static bool open_narrow(struct peer *peer)
{
    peer_segment = SEGMENT;
    bool good = peer_open_narrow(peer, NARROW);
    peer_segment = 0;
    return good;
}

/* How many descriptors the server has open, or -1. */
static int descriptors(void)
{
    int count = 0;
    DIR *open_ones = opendir(made("/proc/%ld/fd", lab.pid));
    if (open_ones == NULL)
        return -1;
    while (readdir(open_ones) != NULL)
        count++;
    (void)closedir(open_ones); /* only read */
    return count;
}

/* Waits until the server has no more descriptors than before. */
static bool all_closed(int before, const char *cause)
{
    long long end = moment(WAIT_MS);
    while (descriptors() > before && net_now() < end)
        net_sleep(20);
    if (descriptors() <= before)
        return true;
    return wrong(cause, made("%d descriptors, as before", before), "%d",
                 descriptors());
}

/* ------------------------------------------------------------------ exact */

/* What stands behind "count " and is no number from 1 to 10000000. */
static bool errors(struct peer *peer)
{
    static const char *const wrongs[] = {
        "0",
        "000",
        "x",
        "",
        " ",
        "-1",
        "+1",
        "1.5",
        "1e3",
        "5x",
        "x5",
        "5 ",
        " 5",
        "\t5",
        "5\t",
        "5 5",
        "0x10",
        "5\r5",
        "5\r",
        "10000001",
        "4294967297",           /* 2^32 + 1 */
        "8589934593",           /* 2 * 2^32 + 1 */
        "18446744073709551617", /* 2^64 + 1 */
        "99999999999999999999999",
        "340282366920938463463374607431768211457", /* 2^128 + 1 */
    };
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++)
        if (!peer_say(peer, made("count %s\r\n", wrongs[i])) ||
            !expect_line(peer, range,
                         made("N is digits alone, 1 to 10000000, and after an "
                              "error the conversation goes on; this was "
                              "\"count %s\"",
                              wrongs[i])))
            return false;
    /* A line may hold NUL. */
    static const struct {
        const char *bytes;
        size_t size;
    } nuls[] = {{"count 5\0\n", 9}, {"count \0\n", 8}, {"count 5\0x\n", 10}};
    for (size_t i = 0; i < sizeof nuls / sizeof nuls[0]; i++)
        if (!peer_send(peer, nuls[i].bytes, nuls[i].size) ||
            !expect_line(peer, range,
                         "N is digits alone, 1 to 10000000: a NUL is none"))
            return false;
    return true;
}

static bool others(struct peer *peer)
{
    static const char *const lines[] = {
        "count", "Count 3", "COUNT 3", "counting",  "count\t3", " count 3",
        "3",     "count5",  "count-1", "recount 3", "quit 3",   "",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (!peer_say(peer, made("%s\n", lines[i])) ||
            !expect_line(peer, made("Message received - %s", lines[i]),
                         "only a line that begins with \"count \" is a count, "
                         "every other one is answered as in the chapter"))
            return false;
    return true;
}

/* "count ", so many zeros, and 7. */
static char *zeros(size_t count)
{
    static char text[2048];
    snprintf(text, sizeof text, "count %0*d\n", (int)count + 1, 7);
    return text;
}

static bool exact(void)
{
    struct peer peer;
    /* No other count begins with it, so that one line of the log has it. */
    long some = 6000 + (long)(draw() % 2000);
    if (!peer_join(&peer) || !peer_say(&peer, "count 1\n") ||
        !expect_numbers(&peer, 1, 1, numbers) ||
        !peer_say(&peer, made("count %ld\n", some)) ||
        !expect_numbers(&peer, 1, some, numbers) ||
        !peer_say(&peer, "count 2\n") ||
        !expect_numbers(&peer, 1, 2, numbers) ||
        !counts(&peer, "count 0012\n", 12) ||
        !counts(&peer, "count 0000000000003\r\n", 3))
        return false;
    for (size_t count = 20; count <= FULL; count = count * 2 + 1)
        if (!counts(&peer, zeros(count), 7))
            return false;
    return counts(&peer, zeros(FULL), 7) && errors(&peer) && others(&peer) &&
           expect_log(1, made("says: count %ld", some),
                      "the log is the chapter's: each line is logged") &&
           expect_log(1, "says: count 4294967297",
                      "the log is the chapter's: each line is logged");
}

/* A byte at a time, and in two pieces with a pause between them. */
static bool pieces(void)
{
    static const char *const cause =
        "lines come in pieces: one is whole when its \\n has come, and not "
        "with a recv";
    static const int on = 1;
    static const char text[] = "count 12\ncount x\r\nhello\ncount 3\r\n";
    struct peer peer;
    if (!peer_join(&peer))
        return false;
    (void)setsockopt(peer.sock, IPPROTO_TCP, TCP_NODELAY, (const void *)&on,
                     sizeof on);
    for (const char *at = text; *at != '\0'; at++) {
        if (!peer_send(&peer, at, 1))
            return false;
        net_sleep(2);
    }
    if (!expect_numbers(&peer, 1, 12, cause) ||
        !expect_line(&peer, range, cause) || !answered(&peer, "hello", cause) ||
        !expect_numbers(&peer, 1, 3, cause) || !peer_say(&peer, "count 2"))
        return false;
    if (!expect_silence(&peer, 300, cause))
        return false;
    return peer_say(&peer, "1\ncou") && expect_numbers(&peer, 1, 21, cause) &&
           expect_silence(&peer, 100, cause) && peer_say(&peer, "nt 5\n") &&
           expect_numbers(&peer, 1, 5, cause);
}

/* Line number i: a count, or one that is none, short or nearly as long as a
 * line can be. */
static const char *text_of(int i, unsigned kind)
{
    static char text[LONG_LINE + 1];
    if (kind > 0 && kind < LONG_KIND)
        snprintf(text, sizeof text, "count %u", kind);
    else
        snprintf(text, sizeof text, "l%0*d", kind == 0 ? 1 : LONG_LINE - 1, i);
    return text;
}

/* Lines of all kinds come at once: a few, then more than any buffer holds. */
static bool at_once(void)
{
    static const char *const lost =
        "many lines came at once, behind a count: they wait, and none is lost";
    static char text[LINES * 32];
    static unsigned kinds[LINES];
    struct peer peer;
    char *first = nonce(), *second = nonce();
    long some = 1000 + (long)(draw() % 9000);
    if (!peer_join(&peer) ||
        !peer_say(&peer,
                  made("count 3\ncount %ld\n%s\ncount 0\ncount 2\n%s\r\n", some,
                       first, second)) ||
        !expect_numbers(&peer, 1, 3, order) ||
        !expect_numbers(&peer, 1, some, order) ||
        !answered(&peer, first, order) || !expect_line(&peer, range, order) ||
        !expect_numbers(&peer, 1, 2, order) || !answered(&peer, second, order))
        return false;
    for (int round = 0; round < 3; round++) {
        size_t size = (size_t)snprintf(text, sizeof text, "count %d\n", FAR);
        for (int i = 0; i < LINES; i++) {
            /* All counts, all other lines, and both, some of them long. */
            kinds[i] = round == 0   ? 1 + draw() % 9
                       : round == 1 ? 0
                       : i % 50 > 0 ? draw() % 10
                                    : LONG_KIND;
            size += (size_t)snprintf(text + size, sizeof text - size, "%s\n",
                                     text_of(i, kinds[i]));
        }
        if (!peer_send(&peer, text, size) ||
            !expect_numbers(&peer, 1, FAR, order))
            return false;
        for (int i = 0; i < LINES; i++)
            if (kinds[i] > 0 && kinds[i] < LONG_KIND
                    ? !expect_numbers(&peer, 1, kinds[i], lost)
                    : !answered(&peer, text_of(i, kinds[i]), lost))
                return false;
    }
    return true;
}

/* Four who ask for a count and end behind it, and read late. */
static struct peer late[4];

static bool open_late(void)
{
    static const char *const ends[] = {"\nquit\n", "\nword\n", "\nword", ""};
    for (int i = 0; i < 4; i++) {
        if (!open_narrow(&late[i]) || !expect_greeting(&late[i]) ||
            !peer_say(&late[i], made("count %d%s", FAR, ends[i])))
            return false;
        if (i > 0)
            peer_shut(&late[i]);
    }
    return true;
}

static bool late_ones(void)
{
    static const char *const cause =
        "who ends behind a count has all the time to read: the good-bye's "
        "second begins with the last answer";
    static const char *const answers[] = {"quit", "Message received - word",
                                          "Message received - word", NULL};
    struct watch watch = watch_start();
    if (!open_late())
        return false;
    while (watch_ms(watch) < LATE_MS && net_now() - watch.since < 2LL * LATE_MS)
        net_sleep(20);
    for (int i = 0; i < 4; i++)
        if (!expect_numbers(&late[i], 1, FAR, cause) ||
            (answers[i] != NULL && !expect_line(&late[i], answers[i], cause)) ||
            !expect_end(&late[i], cause))
            return false;
    return true;
}

/* Some clients ask for two counts and read nothing. Where the first one ends
 * differs, so that what the server sends at a time begins elsewhere for each.
 */
static bool open_brim(struct peer *peers, const int *first, const int *last,
                      const char *end)
{
    for (int i = 0; i < BRIM; i++)
        if (!open_narrow(&peers[i]) || !expect_greeting(&peers[i]))
            return false;
    for (int i = 0; i < BRIM; i++)
        if (!peer_say(&peers[i],
                      made("count %d\ncount %d\n%s", first[i], last[i], end)))
            return false;
    return true;
}

/* Their counts end a few bytes behind what the kernels hold, and quit comes
 * next: those bytes are unsent until they read. A server that takes up quit
 * meanwhile starts its second too early. How many bytes are held others find
 * out before, who do the same but count further, and stay: leaving is part 4.
 */
static bool brim(void)
{
    static const char *const cause =
        "quit is taken up while numbers before it are unsent: its second "
        "begins, and what waits longer is lost";
    static struct peer probes[BRIM], peers[BRIM];
    static int first[BRIM], last[BRIM];
    for (int i = 0; i < BRIM; i++) {
        first[i] = BRIM_FIRST + i * BRIM_STEP + (int)(draw() % BRIM_STEP);
        last[i] = MOST;
    }
    if (!open_brim(probes, first, last, ""))
        return false;
    settle(STUCK_MS / 2);
    for (int i = 0; i < BRIM; i++) {
        long holds = peer_held(&probes[i]), bytes = 0;
        if (holds < 0)
            return true;
        for (int number = 1; number <= first[i]; number++)
            bytes += snprintf(NULL, 0, "%d\n", number);
        for (last[i] = 0; bytes < holds + BRIM_OVER && last[i] < MOST;)
            bytes += snprintf(NULL, 0, "%d\n", ++last[i]);
    }
    if (!open_brim(peers, first, last, "quit\n"))
        return false;
    settle(BRIM_LATE_MS);
    for (int i = 0; i < BRIM; i++)
        if (!expect_numbers(&peers[i], 1, first[i], cause) ||
            !expect_numbers(&peers[i], 1, last[i], cause) ||
            !expect_line(&peers[i], "quit", cause) ||
            !expect_end(&peers[i], cause))
            return false;
    return true;
}

/* As many clients as chapter 04 would take. */
static bool crowd(void)
{
    static const char *const cause =
        "a crowd is served as in the chapter: no table is full before the "
        "system's is";
    static struct peer peers[CROWD];
    for (int i = 0; i < CROWD; i++) {
        char *line = NULL;
        if (!peer_open(&peers[i]))
            return false;
        enum got got = peer_line(&peers[i], WAIT_MS, &line);
        if (got != GOT_LINE || strcmp(line, GREETING) != 0)
            return wrong(cause, GREETING, "client %d got %s", i + 1,
                         got_text(&peers[i], got, line, WAIT_MS));
    }
    for (int i = CROWD - 1; i >= 0; i--)
        if (!peer_say(&peers[i], made("count %d\nl%d\n", 100 + i, i)))
            return false;
    for (int i = 0; i < CROWD; i++)
        if (!expect_numbers(&peers[i], 1, 100 + i, cause) ||
            !answered(&peers[i], made("l%d", i), cause))
            return false;
    return true;
}

/* The three ends, each behind a count. */
static bool endings(void)
{
    static const char *const closes = "after the last answer the server closes";
    struct peer peers[5];
    int before = descriptors();
    char *word = nonce();
    static char line[FULL + 16];
    if (!peer_join(&peers[0]) ||
        !peer_say(&peers[0], made("count %d\nquit\ncount 3\nnever\n", FAR)) ||
        !expect_numbers(&peers[0], 1, FAR, order) ||
        !expect_line(&peers[0], "quit", order) ||
        !expect_end(&peers[0],
                    "quit ends the conversation: what stands behind it "
                    "is discarded"))
        return false;

    /* A last line without its end. */
    if (!peer_join(&peers[1]) ||
        !peer_say(&peers[1], made("count %d\n%s", FAR, word)))
        return false;
    peer_shut(&peers[1]);
    if (!expect_numbers(&peers[1], 1, FAR,
                        "a half-close is no leaving: all that came before it "
                        "is answered") ||
        !answered(&peers[1], word,
                  "a last line without an end is a line, too") ||
        !expect_end(&peers[1], closes))
        return false;

    /* Old digits are left wherever it may stand in a buffer: not its own. */
    memset(line, '9', LONG_LINE);
    line[LONG_LINE] = '\0';
    if (!peer_join(&peers[2]))
        return false;
    for (int i = 0; i < 4; i++)
        if (!peer_say(&peers[2], made("%s\n", line)) ||
            !answered(&peers[2], line, order))
            return false;
    if (!peer_say(&peers[2], made("%s\ncount 0002", line)))
        return false;
    peer_shut(&peers[2]);
    if (!answered(&peers[2], line, order) ||
        !expect_numbers(&peers[2], 1, 2,
                        "a last line without an end is a line, too, and ends "
                        "with the stream: what stands behind it in the buffer "
                        "is old") ||
        !expect_end(&peers[2], closes))
        return false;

    /* The same, and longer than a buffer: the stream has ended, and all that
     * came is taken up, long before the count is done. */
    if (!peer_join(&peers[4]) || !peer_say(&peers[4], made("count %d", FAR)))
        return false;
    peer_shut(&peers[4]);
    if (!expect_numbers(&peers[4], 1, FAR,
                        "a count in a last line without an end is a count, "
                        "too: it goes on though nothing more can come") ||
        !expect_end(&peers[4], closes))
        return false;

    memset(line, '0', sizeof line - 1);
    if (!peer_join(&peers[3]) ||
        !peer_say(&peers[3], made("count %d\ncount %s\n", FAR, line)) ||
        !expect_numbers(&peers[3], 1, FAR, order) ||
        !expect_line(&peers[3], "error: line longer than 1024 bytes",
                     "a line of over 1024 bytes ends the conversation as in "
                     "the chapter, be it a count") ||
        !expect_end(&peers[3], closes))
        return false;

    return all_closed(before, "who has ended and does not close is closed by "
                              "the server, a second later as in the chapter") &&
           expect_log(4, " left",
                      "the log is the chapter's: who quits or ends has left") &&
           expect_log(1, " lost: ",
                      "the log is the chapter's: who sent too long a line is "
                      "lost, and nobody else was");
}

/* As far as a count goes. How long that may take the page does not say, so a
 * server that is slow is not heard to the end. */
static bool farthest(void)
{
    static const char *const cause =
        "N is digits alone, 1 to 10000000, and a half-close is no leaving: all "
        "that came before it is answered";
    struct peer peer;
    struct watch watch = watch_start();
    char *word = nonce();
    if (!peer_join(&peer) ||
        !peer_say(&peer, made("count %d\n%s\n", MOST, word)))
        return false;
    peer_shut(&peer);
    for (long first = 1; first <= MOST; first += FAR) {
        if (!expect_numbers(&peer, first, first + FAR - 1, cause))
            return false;
        if (long_enough(watch))
            return true;
    }
    return answered(&peer, word, order) &&
           expect_end(&peer, "after the last answer the server closes");
}

/* -------------------------------------------------------------- meanwhile */

static struct peer readers[READERS];

/* Receives what is there for them and forgets it. Returns how many bytes. */
static long drain(void)
{
    static char bytes[CHUNK];
    long all = 0;
    for (int i = 0; i < READERS && readers[i].bytes != NULL; i++) {
        long got = net_recv(readers[i].sock, bytes, sizeof bytes);
        all += got > 0 ? got : 0;
    }
    return all;
}

/* A thread reads for the readers all the time. So what is measured beside it
 * is not delayed by that, nor is the wait for a processor that it costs taken
 * for the machine's fault. */
static atomic_long drained, looks; /* bytes so far; how often it has looked */

static void *keep_draining(void *nothing)
{
    for (;;) {
        long got = drain();
        drained += got;
        looks++;
        if (got == 0)
            net_sleep(1);
    }
    return nothing;
}

/* How often somebody was answered, and how often too late. */
struct answers {
    int count, late;
    long long latest;
};

/* Waits for a line that comes. Notes for how long. */
static bool await(struct peer *peer, const char *expected, struct watch watch,
                  struct answers *answers, const char *cause)
{
    char *line = NULL;
    while (!peer_take(peer, &line)) {
        if (!peer_receive(peer))
            (void)net_wait(peer->sock, NET_READABLE, PING_MS);
        if (peer->ended || peer->broken != 0 || watch_ms(watch) > WAIT_MS ||
            net_now() - watch.since > 4LL * WAIT_MS)
            return wrong(cause, made("\"%s\" within %d ms", expected, PING_MS),
                         peer->ended || peer->broken != 0
                             ? "the connection has ended"
                             : "nothing within %d s",
                         WAIT_MS / 1000);
    }
    long long passed = watch_ms(watch);
    answers->count++;
    answers->late += passed > PING_MS;
    if (passed > answers->latest)
        answers->latest = passed;
    return strcmp(line, expected) == 0 ||
           wrong(order, made("\"%s\"", expected), "\"%s\"", line);
}

static bool ping(struct peer *peer, struct answers *answers)
{
    char *word = nonce();
    struct watch watch = watch_start();
    return peer_say(peer, made("%s\n", word)) &&
           await(peer, made("Message received - %s", word), watch, answers,
                 "another client's count holds up everybody: a send that "
                 "waits, or too long a turn, one that ends only with the "
                 "count");
}

static bool in_time(const struct answers *answers, const char *cause)
{
    if (answers->late < LATE && answers->latest < WORST_MS)
        return true;
    return wrong(cause, made("answers within %d ms", PING_MS),
                 "%d of %d later, the latest after %lld ms", answers->late,
                 answers->count, answers->latest);
}

/* Many newcomers come at once. Of a server that naps a clock tells how long
 * they wait. Of one that works, on a busy machine, another client tells: it is
 * answered once a round at most, and so early they are greeted. */
static bool greets_at_once(struct peer *other, const char *cause)
{
    static struct peer newcomers[AT_ONCE];
    struct answers pings = {0};
    long long took = 0;
    for (int tries = 0; tries < AT_ONCE_TRIES; tries++) {
        struct watch watch = watch_start();
        for (int i = 0; i < AT_ONCE; i++)
            if (!peer_open(&newcomers[i]))
                return false;
        pings.count = 0;
        for (int greeted = 0; greeted < AT_ONCE;) {
            struct peer *next = &newcomers[greeted];
            char *line = NULL;
            if (peer_receive(next) && peer_take(next, &line)) {
                if (strcmp(line, GREETING) != 0)
                    return wrong(cause, GREETING, "\"%s\"", line);
                greeted++;
                continue;
            }
            took = watch_ms(watch);
            if (next->ended || next->broken != 0 || took > WAIT_MS ||
                (pings.count >= TURNS && free_ms(watch) > PING_MS))
                return wrong(cause,
                             made("each of %d who come at once is greeted "
                                  "within %d ms",
                                  AT_ONCE, PING_MS),
                             "%d of them are after %lld ms, and another "
                             "client was answered %d times meanwhile",
                             greeted, free_ms(watch), pings.count);
            if (other == NULL)
                (void)net_wait(next->sock, NET_READABLE, PING_MS);
            else if (!ping(other, &pings))
                return false;
        }
        took = watch_ms(watch);
        for (int i = 0; i < AT_ONCE; i++)
            peer_close(&newcomers[i]);
        if (other == NULL && took <= PING_MS)
            return true;
        if (other == NULL)
            settle(IDLE_MS / 4); /* until it naps again */
    }
    return other != NULL ||
           wrong(cause,
                 made("each of %d who come at once is greeted within %d ms",
                      AT_ONCE, PING_MS),
                 "the last one after %lld ms", took);
}

/* Some clients ask for much and read nothing. */
static bool get_stuck(struct peer *peers, int count)
{
    for (int i = 0; i < count; i++)
        if (!open_narrow(&peers[i]) || !expect_greeting(&peers[i]))
            return false;
    for (int i = 0; i < count; i++)
        if (!peer_say(&peers[i], made("count %d\n", MOST)))
            return false;
    return true;
}

/* One client asks for much and reads nothing, twenty read all they can get; one
 * more is answered as if they were not there, and so are newcomers. Why twenty:
 * a server that serves each for as long as its socket takes numbers fills all
 * their buffers first, and one that gives each its turn by the clock, 20 ms,
 * say, lets the others wait for 400 ms. Much of that is the machine's fault if
 * it is busy, but not three quarters of it time and again. */
static bool meanwhile(void)
{
    struct peer stuck, peer;
    static const char *const waits =
        "a newcomer waits until somebody has counted";
    struct answers pings = {0}, greetings = {0};
    pthread_t drains;
    if (!peer_join(&peer))
        return false;
    for (int i = 0; i < READERS; i++)
        if (!peer_join(&readers[i]))
            return false;
    for (int i = 0; i < READERS * COUNTS; i++)
        if (!peer_say(&readers[i % READERS], made("count %d\n", MOST)))
            return false;
    for (int i = 0; i < READERS; i++)
        if (!expect_numbers(&readers[i], 1, 1000,
                            "a client that counts holds up another one that "
                            "counts: too long a turn, or one counts at a time"))
            return false;
    if (!get_stuck(&stuck, 1) ||
        !expect_threads(1, 1, "chapter 04 serves all in one thread"))
        return false;
    if (pthread_create(&drains, NULL, keep_draining, NULL) != 0)
        return wrong("the grader got no thread: not your fault", "a thread",
                     "none");
    long long end = moment(AT_FIRST_MS);
    while (drained < AT_FIRST && net_now() < end)
        net_sleep(10);
    const long first_drained = drained;
    struct watch watch = watch_start();
    for (int i = 0, idle = 0;
         i < PINGS ||
         (drained - first_drained < PROGRESS && !long_enough(watch));
         i++) {
        const long before = drained, looked = looks;
        if (!ping(&peer, &pings))
            return false;
        if (i < PINGS &&
            !in_time(&pings, "a client that counts gets too long a turn: only "
                             "so many numbers in one visit, then the others"))
            return false;
        idle = drained > before ? 0 : idle + (looks > looked);
        if (idle == NO_PROGRESS)
            return wrong("while others are answered the count stands still",
                         "it goes on", "none of it during %d answers", idle);
    }
    for (int i = 0; i < NEWCOMERS; i++) {
        struct peer newcomer;
        watch = watch_start();
        if (!peer_open(&newcomer) ||
            !await(&newcomer, GREETING, watch, &greetings, waits) ||
            !in_time(&greetings, waits))
            return false;
        peer_close(&newcomer);
    }
    if (!greets_at_once(&peer, "newcomers who come at once wait for many "
                               "rounds, in each of which all who count have "
                               "their turn: take all who are there"))
        return false;
    /* Threads that have ended worked for the process, too. */
    long all = server_cpu();
    long first = (long)(read_turns(made("/proc/%ld/task/%ld/schedstat", lab.pid,
                                        lab.pid))
                            .ran /
                        1000000);
    if (first > 0 && all > SOME_WORK_MS && first * 10 < all * 7)
        return wrong("chapter 04 serves all in one thread, and starts none for "
                     "a moment",
                     made("%ld ms of work by one thread", all), "%ld ms by it",
                     first);
    return expect_threads(1, 1, "chapter 04 serves all in one thread");
}

/* How often the server has slept in a second, without what is the machine's
 * fault. */
static long naps_a_second(void)
{
    static const char gave[] = "voluntary_ctxt_switches:";
    long naps = server_status(gave);
    struct watch watch = watch_start();
    settle(IDLE_MS);
    long long passed = free_ms(watch);
    naps = server_status(gave) - naps;
    return passed < 100 ? naps : (long)(naps * 1000 / passed);
}

/* It naps as with a silent client, who kept it awake so often. */
static bool expect_as_silent(long silent, const char *no_naps,
                             const char *more_naps)
{
    if (!expect_naps(no_naps))
        return false;
    long naps = naps_a_second();
    return silent <= 0 || naps <= 2 * silent + MORE_NAPS ||
           wrong(more_naps,
                 made("about %ld naps a second, as with a silent one", silent),
                 "%ld", naps);
}

/* As much as the kernels take now, in lines. A connection that is lost shows
 * when the client reads on. */
static void send_much(struct peer *peer)
{
    static char bytes[LONG_LINE * 64];
    memset(bytes, 'x', sizeof bytes);
    for (size_t end = LONG_LINE; end <= sizeof bytes; end += LONG_LINE)
        bytes[end - 1] = '\n';
    for (size_t all = 0; all < FLOOD;) {
        const size_t at = all % sizeof bytes;
        long sent = net_send(peer->sock, bytes + at, sizeof bytes - at);
        if (sent < 0 && (!net_would_block(net_error()) ||
                         net_wait(peer->sock, NET_WRITABLE, 2 * PING_MS) <= 0))
            return;
        all += sent > 0 ? (size_t)sent : 0;
    }
}

/* Those that read nothing say more behind their counts, or end; and one more
 * has never asked for a count, and does not read its answers. */
static bool say_more(struct peer *peers)
{
    static struct peer talker;
    static const char *const more[] = {"word\n", "", "", "quit\n", "cou"};
    for (int i = 0; i < STUCK; i++) {
        const char *text = more[i % 5];
        if (i % 5 == 2)
            send_much(&peers[i]);
        else if (*text != '\0')
            (void)net_send(peers[i].sock, text, strlen(text)); /* as there */
        if (i % 2 == 1)
            peer_shut(&peers[i]);
    }
    if (!open_narrow(&talker) || !expect_greeting(&talker))
        return false;
    send_much(&talker);
    return true;
}

/* Clients that read nothing cost nothing, delay nobody and lose nothing. */
static bool stuck(void)
{
    static struct peer peers[STUCK];
    struct peer peer;
    struct answers pings = {0};
    static const char *const waits =
        "with clients that read nothing a newcomer waits, or each of those who "
        "come at once for a nap of its own";
    if (!peer_join(&peer))
        return false;
    settle(STUCK_MS / 2); /* until its naps are as long as they get */
    long silent = naps_a_second();
    if (!get_stuck(peers, STUCK))
        return false;
    struct watch since = watch_start();
    if (!expect_as_silent(silent,
                          "it asks again and again, without a nap, for a "
                          "client that reads nothing",
                          "a client that reads nothing keeps it more awake "
                          "than a silent one: shorter naps, or waits of "
                          "another kind"))
        return false;
    /* After silences short and long: naps get longer meanwhile. */
    for (int i = 0; i < PINGS / 3; i++) {
        net_sleep(i % 3 == 0 ? 700 + (int)(draw() % 600)
                             : PING_MS / 2 + (int)(draw() % PING_MS));
        if (!ping(&peer, &pings) ||
            !in_time(
                &pings,
                "with clients that read nothing another one waits: a send "
                "that waits for them, or it sleeps too long between rounds"))
            return false;
    }
    if (!say_more(peers) ||
        !expect_as_silent(silent,
                          "it finds no nap while a client that reads nothing "
                          "has said more or ended: what waits behind a count "
                          "is nothing that can be done",
                          "a client that reads nothing, and has said more or "
                          "ended, keeps it more awake than a silent one") ||
        !greets_at_once(NULL, waits))
        return false;
    while (watch_ms(since) < PATIENCE_MS)
        net_sleep(50);
    for (int i = 0; i < STUCK; i++)
        if (!expect_numbers(&peers[i], 1, i == 0 ? FAR : FAR / 10,
                            "a client that read nothing gets its numbers when "
                            "it reads on, each of them"))
            return false;
    return true;
}

/* One client has the server for itself, and reads as fast as it can: what the
 * two do not calculate, and do not wait for a processor, is naps. */
static bool alone(void)
{
    static const char last[] = "\n1000000\n";
    char tail[sizeof last] = {0};
    struct peer peer;
    if (!peer_join(&peer))
        return false;
    readers[0] = peer;
    long cpu = server_cpu();
    clock_t own = clock();
    struct watch watch = watch_start();
    if (!peer_say(&peer, made("count %d\n", ALONE)))
        return false;
    static char bytes[CHUNK];
    while (memcmp(tail, last, sizeof last - 1) != 0) {
        if (!wait_until(peer.sock, NET_READABLE, moment(WAIT_MS)))
            return wrong(numbers, made("%d", ALONE), "nothing for %d s",
                         WAIT_MS / 1000);
        long got = net_recv(peer.sock, bytes, sizeof bytes);
        for (long i = 0; i < got && got < (long)sizeof tail; i++) {
            memmove(tail, tail + 1, sizeof last - 2);
            tail[sizeof last - 2] = bytes[i];
        }
        if (got >= (long)sizeof tail)
            memcpy(tail, bytes + got - (long)sizeof last + 1, sizeof last - 1);
        if (got == 0 || (got < 0 && !net_would_block(net_error())))
            return wrong(numbers, made("%d", ALONE), "the end");
        long worked = server_cpu() - cpu +
                      (long)((clock() - own) / (CLOCKS_PER_SEC / 1000));
        if (watch_ms(watch) > worked + ALONE_MS)
            return wrong("it naps though it could go on: whether a visit got "
                         "anything sent is not told by what is unsent before "
                         "and after it",
                         made("%ld ms for the work, and no more than %d ms of "
                              "naps",
                              worked, ALONE_MS),
                         "after %lld ms it still counts to %d", watch_ms(watch),
                         ALONE);
    }
    return true;
}

/* ------------------------------------------------------------------ fifty */

/* The memory that it has ever had, and has now, in KiB; 0 where nobody tells.
 */
static long memory_most(void)
{
    long kib = server_status("VmHWM:");
    return kib > 0 ? kib : 0;
}

static long memory_now(void)
{
    long kib = server_status("VmRSS:");
    return kib > 0 ? kib : 0;
}

/* Takes what has come for each, and checks it. Returns how many numbers, -1
 * after a verdict. */
static long take_all(struct peer *peers, long *next)
{
    long taken = 0;
    for (int i = 0; i < MANY; i++) {
        char *line = NULL;
        (void)peer_receive(&peers[i]);
        while (peer_take(&peers[i], &line)) {
            if (next[i] <= FAR && strtol(line, NULL, 10) == next[i]) {
                next[i]++;
                taken++;
                continue;
            }
            (void)wrong(numbers,
                        next[i] <= FAR ? made("\"%ld\"", next[i]) : "nothing",
                        "client %d got \"%s\"", i + 1, line);
            return -1;
        }
    }
    return taken;
}

/* Lets the server go round some times, on a busy machine as well: it naps each
 * time. */
static void look_round(void)
{
    static const char naps[] = "voluntary_ctxt_switches:";
    long before = server_status(naps);
    long long end = net_now() + 3LL * WAIT_MS;
    while (before > 0 && server_status(naps) < before + ROUNDS &&
           net_now() < end)
        net_sleep(10);
}

static bool fifty(void)
{
    static const char *const cause =
        "an answer is not made in advance: only the next number and the last "
        "one are kept, and a small buffer";
    static struct peer peers[MANY];
    static long next[MANY];
    for (int i = 0; i < MANY; i++) {
        next[i] = 1; /* and narrow, or the kernel would take all of it */
        if (!open_narrow(&peers[i]) || !expect_greeting(&peers[i]))
            return false;
    }
    long before = memory_most();
    for (int i = 0; i < MANY; i++)
        if (!peer_say(&peers[i], made("count %d\n", FAR)))
            return false;
    settle(2LL * STUCK_MS); /* now it has what nobody reads */
    for (long seen = 0;
         memory_most() > seen && memory_most() - before <= MEMORY_KIB;) {
        seen = memory_most(); /* what grows a little each round is found on a */
        look_round();         /* machine, too, that makes few rounds a second */
    }
    long long end = moment(WAIT_MS);
    struct watch watch = watch_start();
    for (long done = 0; done < (long)MANY * FAR && !long_enough(watch);) {
        long taken = take_all(peers, next);
        if (taken < 0)
            return false;
        done += taken;
        if (taken > 0)
            end = moment(WAIT_MS);
        else if (net_now() >= end)
            return wrong(numbers, made("%d numbers for each", FAR),
                         "nothing more for %d s after %ld numbers",
                         WAIT_MS / 1000, done);
        else
            net_sleep(1);
    }
    long after = memory_most();
    if (after - before > MEMORY_KIB)
        return wrong(cause, made("less than %d KiB of memory more", MEMORY_KIB),
                     "%ld KiB more", after - before);
    if (after > ALL_KIB)
        return wrong(cause, made("less than %d KiB in all", ALL_KIB), "%ld KiB",
                     after);
    return true;
}

/* One reads nothing, counts far, and sends and sends. */
static bool flood(void)
{
    static const char *const lines[] = {"count 1000\n", "and a line\n"};
    static char bytes[CHUNK];
    for (int kind = 0; kind < 2; kind++) {
        struct peer peer;
        size_t size = 0, length = strlen(lines[kind]);
        for (; size + length < sizeof bytes; size += length)
            memcpy(bytes + size, lines[kind], length);
        if (!get_stuck(&peer, 1))
            return false;
        net_sleep(200);
        long before = memory_most();
        const long long begin = net_now();
        struct watch watch = watch_start();
        for (size_t all = 0, at = 0; all < FLOOD &&
                                     watch_ms(watch) < FLOOD_MS &&
                                     net_now() - begin < 4LL * HEARD_MS &&
                                     memory_most() - before <= MEMORY_KIB;) {
            long sent = net_send(peer.sock, bytes + at, size - at);
            if (sent <= 0) {
                if (!net_would_block(net_error()))
                    break; /* it need not stand all of this */
                (void)net_wait(peer.sock, NET_WRITABLE, 10);
                continue;
            }
            watch = watch_start();
            all += (size_t)sent;
            at = (at + (size_t)sent) % size;
        }
        long more = memory_most() - before;
        peer_close(&peer);
        if (more > MEMORY_KIB)
            return wrong("what a client sends while it counts stays in the "
                         "kernel: a server that takes and keeps all of it can "
                         "be filled by anybody",
                         made("less than %d KiB of memory more", MEMORY_KIB),
                         "%ld KiB more, for one client that sends and does "
                         "not read",
                         more);
    }
    return true;
}

/* One asks again and again: nothing of that stays. */
static bool again(void)
{
    static char text[BATCH * 8 + 1];
    struct peer peer;
    long before = 0;
    if (!peer_join(&peer))
        return false;
    for (int i = 0; i < BATCH; i++)
        memcpy(text + (size_t)i * 8, "count 1\n", 9);
    for (int batch = 0; batch < BATCHES; batch++) {
        if (batch == WARM)
            before = memory_now();
        if (!peer_send(&peer, text, (size_t)BATCH * 8))
            return false;
        for (int i = 0; i < BATCH; i++)
            if (!expect_numbers(&peer, 1, 1, numbers))
                return false;
    }
    long more = memory_now() - before;
    if (more <= MEMORY_KIB)
        return true;
    return wrong("each question leaves something in memory that is not freed",
                 made("less than %d KiB of memory more", MEMORY_KIB),
                 "%ld KiB more after %d short counts", more,
                 (BATCHES - WARM) * BATCH);
}

/* Nor does anything stay of those that are answered with an error, or are no
 * questions: each of its kind often enough. */
static bool badly(void)
{
    static const char *const kinds[] = {
        "count 5x", "count ",
        "count 0",  "count 10000001",
        "count",    "count 1234567890123456789012345678901234567890",
    };
    static char text[BATCH * 64];
    struct peer peer;
    if (!peer_join(&peer))
        return false;
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        const char *line = kinds[kind];
        const size_t size = strlen(line) + 1;
        const bool ours = strncmp(line, "count ", 6) == 0;
        long before = 0;
        for (int i = 0; i < BATCH; i++) {
            memcpy(text + (size_t)i * size, line, size - 1);
            text[(size_t)i * size + size - 1] = '\n';
        }
        for (int batch = 0; batch < BAD_BATCHES; batch++) {
            if (batch == BAD_WARM)
                before = memory_now();
            if (!peer_send(&peer, text, (size_t)BATCH * size))
                return false;
            for (int i = 0; i < BATCH; i++)
                if (!(ours ? expect_line(&peer, range, order)
                           : answered(&peer, line, order)))
                    return false;
        }
        long more = memory_now() - before;
        if (more > MEMORY_KIB)
            return wrong("each line leaves something in memory that is not "
                         "freed: a question that is none is answered, too",
                         made("less than %d KiB of memory more", MEMORY_KIB),
                         "%ld KiB more after %d times \"%s\"", more,
                         (BAD_BATCHES - BAD_WARM) * BATCH, line);
    }
    return true;
}

/* ----------------------------------------------------------------- leaver */

/* Some clients ask for much, and leave in mid-count in four ways: with numbers
 * unread, which is a reset; with a reset at once; as one that has not read for
 * a while; and with more questions behind, half-closed. */
static bool leave_together(bool slowly)
{
    static struct peer peers[GROUP];
    static const char *const more[] = {"", "", "", "hello\ncount 5\nquit\n"};
    for (int i = 0; i < GROUP; i++)
        if (!(i % 4 == 2 ? open_narrow(&peers[i]) : peer_open(&peers[i])))
            return false;
    for (int i = 0; i < GROUP; i++)
        if (!expect_greeting(&peers[i]) ||
            !peer_say(&peers[i], made("count %d\n%s", MOST, more[i % 4])))
            return false;
    for (int i = 0; i < GROUP; i++) {
        if (!expect_numbers(&peers[i], 1, 100, numbers))
            return false;
        if (slowly && i % 4 == 2)
            net_sleep(300); /* until it is stuck */
        if (i % 4 == 3)
            peer_shut(&peers[i]);
        if (i % 2 == 1)
            peer_reset(&peers[i]);
        else
            peer_close(&peers[i]);
    }
    return true;
}

static bool leavers(void)
{
    static const char *const gone =
        "a client that failed is not closed: its descriptor is gone for ever";
    struct peer peer;
    int before = descriptors();
    long memory = 0;
    for (int group = 0; group < GROUPS; group++) {
        if (group == WARM_GROUPS) {
            if (!expect_naps("it still counts for somebody who has left") ||
                !expect_log(WARM_GROUPS * GROUP, " lost: ",
                            "who leaves in mid-count is lost, once") ||
                !all_closed(before, gone))
                return false;
            memory = memory_now();
        }
        if (!leave_together(group < 2))
            return false;
    }
    if (!expect_log(GROUPS * GROUP,
                    " lost: ", "who leaves in mid-count is lost, once") ||
        !expect_log(
            0, " left",
            "who leaves in mid-count is lost, once, and has not left") ||
        !all_closed(before, gone))
        return false;
    long more = memory_now() - memory;
    if (more > LEFT_KIB)
        return wrong("the memory of a client that has left in mid-count is "
                     "not freed, or not all of it",
                     made("less than %d KiB more", LEFT_KIB),
                     "%ld KiB more after %d such clients", more,
                     (GROUPS - WARM_GROUPS) * GROUP);
    char *word = nonce();
    return peer_join(&peer) && peer_say(&peer, made("count 2\n%s\n", word)) &&
           expect_numbers(&peer, 1, 2, numbers) && answered(&peer, word, order);
}

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"exact", exact},     {"pieces", pieces},     {"at-once", at_once},
        {"endings", endings}, {"farthest", farthest}, {"crowd", crowd},
        {"late", late_ones},  {"brim", brim},         {"meanwhile", meanwhile},
        {"stuck", stuck},     {"alone", alone},       {"fifty", fifty},
        {"flood", flood},     {"again", again},       {"badly", badly},
        {"leavers", leavers},
    };
    return lab_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
