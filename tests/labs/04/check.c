/* check.c - what lab 04 asks of a server, one scenario a name. See
 * tests/labs/labpeer.h.
 */
#include "../labpeer.h"

#include <limits.h>

enum {
    MOST = 10000000,   /* the task's number */
    MANY = 50,         /* clients that count at once */
    FAR = 100000,      /* how far each of them counts */
    MEMORY_KIB = 2048, /* that this may cost */
    PINGS = 50,        /* questions of another client meanwhile */
    PING_MS = 100,     /* and how soon each is to be answered */
    WORST_MS = 1000,   /* none may take so long */
    COUNTS = 20,       /* of each reader: so that they are never done */
    LATE = 3,      /* that many too late cannot all be the machine's fault */
    READERS = 10,  /* clients that read all they can get */
    NARROW = 4096, /* bytes the kernel keeps for the one who reads nothing */
    AT_FIRST = 60000000, /* bytes for the readers, so that the other is stuck */
    AT_FIRST_MS = 5000,  /* and no longer than this */
    PROGRESS = 100000, /* bytes of them that come during the pings, at least */
    STUCK_MS = 1000,   /* and the patience of one who reads nothing */
    BAD = INT_MIN,     /* no time at all */
    LEAVERS = 20,      /* clients that leave in mid-count */
    BUSY_PERCENT = 30, /* of a processor: chapter 04 asks all the time */
};

static const char *const order =
    "a count is 1, 2, 3 and so on to N; the next line is taken up when the "
    "count before it is done";

/* Numbers first to last come, a line each. */
static bool expect_numbers(struct peer *peer, long first, long last)
{
    for (long number = first; number <= last; number++) {
        char expected[16], *line = NULL;
        enum got got = peer_line(peer, WAIT_MS, &line);
        snprintf(expected, sizeof expected, "%ld", number);
        if (got != GOT_LINE || strcmp(line, expected) != 0)
            return wrong(
                order,
                made("\"%ld\", counting from %ld to %ld", number, first, last),
                "%s", got_text(peer, got, line, WAIT_MS));
    }
    return true;
}

static bool answered(struct peer *peer, const char *text)
{
    return expect_line(peer, made("Message received - %s", text), order);
}

/* ------------------------------------------------------------------ exact */

static bool errors(struct peer *peer)
{
    static const char *const wrongs[] = {
        "count 0",    "count x",        "count ",
        "count -1",   "count +1",       "count 1.5",
        "count 5x",   "count 10000001", "count 99999999999999999999999",
        "count 5 ",   "count  5",       "count 0x10",
        "count 5\r5",
    };
    static const char *const others[] = {"count",    "Count 3",  "counting",
                                         "count\t3", " count 3", "3"};
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++)
        if (!peer_say(peer, made("%s\n", wrongs[i])) ||
            !expect_line(peer, "error: count 1 to 10000000",
                         made("N is digits alone, 1 to 10000000; this was "
                              "\"%s\"",
                              wrongs[i])))
            return false;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (!peer_say(peer, made("%s\n", others[i])) ||
            !expect_line(peer, made("Message received - %s", others[i]),
                         "only a line that begins with \"count \" is a count"))
            return false;
    return true;
}

static bool exact(void)
{
    struct peer peer;
    char *first = nonce(), *second = nonce();
    long some = 1000 + (long)(draw() % 9000);
    if (!peer_join(&peer) || !peer_say(&peer, "count 1\n") ||
        !expect_numbers(&peer, 1, 1) ||
        !peer_say(&peer, made("count %ld\n", some)) ||
        !expect_numbers(&peer, 1, some) || !peer_say(&peer, "count 0012\n") ||
        !expect_numbers(&peer, 1, 12) ||
        !peer_say(&peer, "count 0000000000003\n") ||
        !expect_numbers(&peer, 1, 3) || !errors(&peer))
        return false;
    /* Many questions in one segment. */
    return peer_say(&peer,
                    made("count 3\ncount %ld\n%s\ncount 0\ncount 2\n%s\r\n",
                         some, first, second)) &&
           expect_numbers(&peer, 1, 3) && expect_numbers(&peer, 1, some) &&
           answered(&peer, first) &&
           expect_line(&peer, "error: count 1 to 10000000", order) &&
           expect_numbers(&peer, 1, 2) && answered(&peer, second) &&
           peer_say(&peer, made("count %ld\nquit\nnever\n", some)) &&
           expect_numbers(&peer, 1, some) &&
           expect_line(&peer, "quit", order) &&
           expect_end(&peer, "quit ends the conversation");
}

static bool farthest(void)
{
    struct peer peer;
    char *word = nonce();
    if (!peer_join(&peer) ||
        !peer_say(&peer, made("count %d\n%s\n", MOST, word)))
        return false;
    peer_shut(&peer); /* all that came before is answered nevertheless */
    return expect_numbers(&peer, 1, MOST) && answered(&peer, word) &&
           expect_end(&peer, "after the last answer the server closes");
}

/* -------------------------------------------------------------- meanwhile */

static struct peer readers[READERS];

/* Receives what is there for them and forgets it. Returns how many bytes. */
static long drain(void)
{
    static char bytes[CHUNK];
    long all = 0;
    for (int i = 0; i < READERS; i++) {
        long got = net_recv(readers[i].sock, bytes, sizeof bytes);
        all += got > 0 ? got : 0;
    }
    return all;
}

/* Waits for the answer, and reads what comes for the readers meanwhile.
 * Returns for how long, without what is the machine's fault; BAD after a
 * verdict. */
static long long ping(struct peer *peer, long *drained)
{
    char *word = nonce(), *line = NULL;
    long long since = net_now(), machine = machine_ms();
    if (!peer_say(peer, made("%s\n", word)))
        return BAD;
    while (!peer_take(peer, &line)) {
        long got = drain();
        *drained += got;
        if (!peer_receive(peer) && got == 0)
            (void)net_wait(peer->sock, NET_READABLE, 1);
        if (peer->ended || peer->broken != 0 || net_now() - since > WAIT_MS) {
            (void)wrong("another client's count holds up everybody: a send "
                        "that waits, or a loop that ends only with the count",
                        "an answer within 100 ms", "no answer within %d s",
                        WAIT_MS / 1000);
            return BAD;
        }
    }
    if (strcmp(line, made("Message received - %s", word)) == 0)
        return net_now() - since - (machine_ms() - machine);
    (void)wrong(order, made("\"Message received - %s\"", word), "\"%s\"", line);
    return BAD;
}

/* One client asks for much and reads nothing, ten read all they can get; one
 * more is answered as if they were not there. Why ten: a server that serves
 * each for as long as its socket takes numbers fills all their buffers first,
 * and that takes longer than 100 ms, whatever the machine does meanwhile. */
static bool meanwhile(void)
{
    struct peer stuck, peer;
    long drained = 0;
    int late = 0;
    long long latest = 0;
    if (!peer_open_narrow(&stuck, NARROW) || !expect_greeting(&stuck) ||
        !peer_join(&peer) || !peer_say(&stuck, made("count %d\n", MOST)))
        return false;
    for (int i = 0; i < READERS; i++)
        if (!peer_join(&readers[i]))
            return false;
    for (int i = 0; i < READERS * COUNTS; i++)
        if (!peer_say(&readers[i % READERS], made("count %d\n", MOST)))
            return false;
    if (!expect_numbers(&readers[0], 1, 1000) ||
        !expect_threads(1, 1, "chapter 04 serves all in one thread"))
        return false;
    long long end = moment(AT_FIRST_MS);
    while (drained < AT_FIRST && net_now() < end) {
        long got = drain();
        drained += got;
        if (got == 0)
            (void)net_wait(readers[0].sock, NET_READABLE, 10);
    }
    drained = 0;
    for (int i = 0; i < PINGS; i++) {
        long long passed = ping(&peer, &drained);
        if (passed == BAD)
            return false;
        late += passed > PING_MS;
        latest = passed > latest ? passed : latest;
    }
    if (late >= LATE || latest >= WORST_MS)
        return wrong("a client that counts gets too long a turn: only so many "
                     "numbers in one visit, then the others",
                     "answers within 100 ms, while another one counts",
                     "%d of %d later, the latest after %lld ms", late, PINGS,
                     latest);
    if (drained < PROGRESS)
        return wrong("while others are answered the count stands still",
                     "it goes on", "%ld bytes of it", drained);
    return true;
}

/* A client that reads nothing costs nothing, and loses nothing. */
static bool stuck(void)
{
    struct peer peer;
    if (!peer_open_narrow(&peer, NARROW) || !expect_greeting(&peer) ||
        !peer_say(&peer, made("count %d\n", MOST)))
        return false;
    net_sleep(STUCK_MS); /* until all buffers are full */
    return expect_idle(BUSY_PERCENT, "it asks again and again, without a nap, "
                                     "for a client that reads nothing") &&
           expect_numbers(&peer, 1, FAR);
}

/* ------------------------------------------------------------------ fifty */

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
            (void)wrong(order,
                        next[i] <= FAR ? made("\"%ld\"", next[i]) : "nothing",
                        "client %d got \"%s\"", i + 1, line);
            return -1;
        }
    }
    return taken;
}

static bool fifty(void)
{
    static struct peer peers[MANY];
    static long next[MANY];
    for (int i = 0; i < MANY; i++) {
        next[i] = 1;
        if (!peer_join(&peers[i]))
            return false;
    }
    long before = server_status("VmHWM:");
    for (int i = 0; i < MANY; i++)
        if (!peer_say(&peers[i], made("count %d\n", FAR)))
            return false;
    net_sleep(500); /* now the server has what nobody reads */
    long long end = moment(WAIT_MS);
    for (long done = 0; done < (long)MANY * FAR;) {
        long taken = take_all(peers, next);
        if (taken < 0)
            return false;
        done += taken;
        if (taken > 0)
            end = moment(WAIT_MS);
        else if (net_now() >= end)
            return wrong(order, made("%d numbers for each", FAR),
                         "nothing more for %d s after %ld numbers",
                         WAIT_MS / 1000, done);
        else
            net_sleep(1);
    }
    long after = server_status("VmHWM:");
    if (before < 0 || after - before <= MEMORY_KIB)
        return true;
    return wrong("an answer is not made in advance: only the next number and "
                 "the last one are kept, and a small buffer",
                 made("less than %d KiB of memory more", MEMORY_KIB),
                 "%ld KiB more", after - before);
}

/* ----------------------------------------------------------------- leaver */

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

static bool leaver(void)
{
    struct peer peer;
    int before = descriptors();
    for (int i = 0; i < LEAVERS; i++) {
        if (!peer_join(&peer) || !peer_say(&peer, made("count %d\n", MOST)) ||
            !expect_numbers(&peer, 1, 100))
            return false;
        peer_close(&peer); /* with unread numbers: that is a reset */
    }
    if (!expect_log(LEAVERS, " lost: ", "each of them is lost, once"))
        return false;
    long long end = moment(WAIT_MS);
    while (descriptors() > before && net_now() < end)
        net_sleep(20);
    if (descriptors() > before)
        return wrong("a client that failed is not closed: its descriptor is "
                     "gone for ever",
                     made("%d descriptors, as before", before), "%d",
                     descriptors());
    if (!expect_idle(BUSY_PERCENT, "it still counts for somebody who has left"))
        return false;
    char *word = nonce();
    return peer_join(&peer) && peer_say(&peer, made("count 2\n%s\n", word)) &&
           expect_numbers(&peer, 1, 2) && answered(&peer, word);
}

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"exact", exact}, {"farthest", farthest}, {"meanwhile", meanwhile},
        {"stuck", stuck}, {"fifty", fifty},       {"leaver", leaver},
    };
    return lab_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
