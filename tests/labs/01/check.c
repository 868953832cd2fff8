/* check.c - what lab 01 asks of a server, one scenario a name. See
 * tests/labs/labpeer.h.
 */
#include "../labpeer.h"

enum {
    LARGE = 10 << 20,      /* bytes */
    LARGER = 160 << 20,    /* the sum is over 2^32 many times */
    PIECE = 1 << 16,       /* sent at a time */
    PAUSE_MS = 11000,      /* a peer that thinks, but has not ended, */
    FIRST_PAUSE_MS = 6000, /* or has not begun */
    LOOK_MS = 3000,        /* so long the server is watched asleep, */
    LOOKS = 4,             /* so often it may wake up: once a second, and one */
    ASLEEP_MS = 2,         /* so long it may run in that time */
    PIECES = 10,           /* sent with a pause behind each: */
    PIECE_PAUSE_MS = 150,
    PIECES_MS = 10,      /* all that the server needs for them, and more */
    LOST_BYTES = 100000, /* a number of six digits */
};

/* What was sent, and what the answer must say. */
static struct {
    uint64_t bytes, lines;
    uint32_t sum;
} sent;

static void count_sent(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        sent.lines += bytes[i] == '\n';
        sent.sum += (unsigned char)bytes[i];
    }
    sent.bytes += size;
}

static bool send_counted(struct peer *peer, const char *bytes, size_t size)
{
    count_sent(bytes, size);
    return peer_send(peer, bytes, size);
}

/* A server that has ended too early may have closed: that is the cause then. */
static bool send_piece(struct peer *peer, const char *bytes, size_t size,
                       const char *cause)
{
    count_sent(bytes, size);
    if (net_send(peer->sock, bytes, size) == (long)size)
        return true;
    return wrong(cause, "all that a client sends is read", "send: %s",
                 net_error_text(net_error()).text);
}

/* The answer to what was sent is right. */
static bool expect_count(struct peer *peer, const char *cause)
{
    return expect_line(
        peer,
        made("%llu bytes, %llu lines, sum %lu", (unsigned long long)sent.bytes,
             (unsigned long long)sent.lines, (unsigned long)sent.sum),
        cause);
}

static bool nothing(void)
{
    struct peer peer;
    if (!peer_join(&peer))
        return false;
    peer_shut(&peer);
    return expect_count(&peer, "end-of-stream is recv's 0, and an answer is "
                               "due even if nothing came before it");
}

static bool few(void)
{
    struct peer peer;
    if (!peer_join(&peer))
        return false;
    char *word = made("%s\n\n%s\x80\xff\tno line end", nonce(), nonce());
    /* With its NUL: that is a byte like any other. */
    if (!send_counted(&peer, word, strlen(word) + 1) ||
        !send_counted(&peer, "\xc3\xa9\n.", 4))
        return false;
    peer_shut(&peer);
    return expect_count(&peer, "recv returns a number, not a text: NUL and "
                               "bytes above 127 count, and only \\n is a line");
}

/* Sends each byte of a range, alone. */
static bool send_each(struct peer *peer, unsigned first, unsigned last,
                      const char *cause)
{
    for (unsigned i = first; i <= last; i++) {
        char byte = (char)i;
        if (!send_piece(peer, &byte, 1, cause))
            return false;
        peer_apart(peer);
    }
    return true;
}

/* What no text holds. */
static bool bytes(void)
{
    static const char cause[] = "NUL and bytes above 127 count like any other, "
                                "also alone";
    struct peer peer;
    if (!peer_join(&peer) || !send_each(&peer, 0, 0, cause) ||
        !send_each(&peer, 0x80, 0xff, cause) || !send_each(&peer, 0, 0, cause))
        return false;
    peer_shut(&peer);
    return expect_count(&peer, cause);
}

static bool one(void)
{
    struct peer peer;
    if (!peer_join(&peer) || !send_counted(&peer, "\n", 1))
        return false;
    peer_shut(&peer);
    return expect_count(&peer, "it is always \"bytes\" and \"lines\", also "
                               "for 1");
}

/* Sends so many bytes of which `high` in 256 are 0xff: the same piece again
 * and again. */
static bool send_many(struct peer *peer, size_t size, unsigned high)
{
    static char bytes[PIECE];
    for (size_t i = 0; i < PIECE; i++) {
        uint32_t drawn = draw();
        bytes[i] = (char)(drawn % 256 < high ? 255 : drawn >> 24);
        /* Only part 2 sends what a line-reading program would change. */
        if (bytes[i] == '\r')
            bytes[i] = '\n';
    }
    for (size_t done = 0; done < size; done += PIECE)
        if (!send_counted(peer, bytes, PIECE))
            return false;
    return true;
}

static bool large(void)
{
    struct peer peer;
    /* Mostly 0xff: their sum is more than an int holds, but no modulo yet. */
    if (!peer_join(&peer) || !send_many(&peer, LARGE, 240))
        return false;
    peer_shut(&peer);
    return expect_count(&peer, "10 MiB come in many pieces: each recv's number "
                               "counts, not the size of the buffer; no line "
                               "is too long; and their sum is more than an "
                               "int or a float holds");
}

static bool larger(void)
{
    struct peer peer;
    if (!peer_join(&peer) || !send_many(&peer, LARGER, 240))
        return false;
    peer_shut(&peer);
    return expect_count(&peer, "more than fits into any buffer (10 MiB \"and "
                               "more\"); or the sum is not taken modulo 2^32, "
                               "as a uint32_t takes it");
}

static const char *const changed =
    "every byte counts alike, however it comes: no framing, no quit, no \\r "
    "dropped, no piece that means the end, no line forgotten between two recv";

static const char *const awake =
    "the server asks again and again instead of waiting in recv";

/* Sends the pieces, with a pause behind each. */
static bool send_pieces(struct peer *peer, const char *const *pieces,
                        size_t count, int pause)
{
    for (size_t i = 0; i < count; i++) {
        if (!send_piece(peer, pieces[i], strlen(pieces[i]), changed))
            return false;
        peer_apart(peer); /* who takes it for the end ends */
        net_sleep(pause);
    }
    return true;
}

/* Each byte of a text alone in its segment, and whatever else a server could
 * take for an end. */
static bool drip(void)
{
    static const char *const ends[] = {"quit",   "quit\n", "quit\r\n", "\n",
                                       "\r\n",   "\r",     "exit\n",   "\r\n\r",
                                       "\n\r\n", ".\r\n",  "\n\n",     "EOF\n"};
    struct peer peer;
    if (!peer_join(&peer))
        return false;
    if (!send_each(&peer, 1, 0x7f, changed))
        return false;
    if (!send_pieces(&peer, ends, sizeof ends / sizeof ends[0], 20))
        return false;
    peer_shut(&peer);
    return expect_count(&peer, changed);
}

/* One thread, which sleeps: behind each piece at once, and also later. */
static bool asleep(void)
{
    static const char *const word[] = {"word\n"};
    struct peer peer;
    if (!peer_join(&peer) || !send_pieces(&peer, word, 1, PIECE_PAUSE_MS))
        return false;
    struct rest rest = rest_now();
    for (int i = 0; i < PIECES; i++)
        if (!send_pieces(&peer, word, 1, PIECE_PAUSE_MS))
            return false;
    if (!expect_alone("chapter 01 is one thread that waits") ||
        !expect_rest(rest, 2 * PIECES + LOOKS, PIECES_MS, awake))
        return false;
    rest = rest_now();
    net_sleep(LOOK_MS);
    if (!expect_rest(rest, LOOKS, ASLEEP_MS, awake))
        return false;
    peer_shut(&peer);
    return expect_count(&peer, changed);
}

static bool merge(void)
{
    struct peer peer;
    char *text = made("%s\nquit\nquit\r\n\n%s\nquit", nonce(), nonce());
    if (!peer_join(&peer) || !send_counted(&peer, text, strlen(text)))
        return false;
    for (int i = 0; i < 40; i++)
        if (!send_counted(&peer, "\nquit\n\r", 7))
            return false;
    peer_shut(&peer);
    return expect_count(&peer, changed);
}

/* Connects if the server still listens: it need not, and nobody else is
 * served. */
static net_socket second_client(void)
{
    struct net_reason why;
    net_socket sock = NET_BAD;
    struct addrinfo *list = net_resolve(&lab.at, &why);
    if (list == NULL)
        return NET_BAD;
    sock = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
    (void)connect(sock, list->ai_addr, (socklen_t)list->ai_addrlen);
    freeaddrinfo(list);
    return sock;
}

/* It has been sent nothing; end-of-stream and a reset are no service. */
static bool expect_unserved(net_socket second)
{
    char byte;
    if (net_set_nonblocking(second) != 0 || net_recv(second, &byte, 1) <= 0)
        return true;
    return wrong("the server takes one client: a second one is not served",
                 "nothing for a second client", "it was sent something");
}

static bool half_close(void)
{
    static const char early[] =
        "the answer comes at end-of-stream, not when nothing has come for a "
        "while: a silent peer may go on";
    struct peer peer;
    char *text = made("%s\n", nonce());
    if (!peer_join(&peer))
        return false;
    net_socket second = second_client();
    if (!expect_log(1, " connected\n",
                    "connected is logged, and flushed before the server waits; "
                    "and it takes one client") ||
        !expect_silence(&peer, FIRST_PAUSE_MS, early) ||
        !send_counted(&peer, text, strlen(text)) ||
        !expect_silence(&peer, PAUSE_MS, early) || !expect_unserved(second) ||
        !send_counted(&peer, text, strlen(text)))
        return false;
    peer_shut(&peer);
    net_sleep(200); /* it does not read at once */
    return expect_count(&peer, "recv's 0 says that the peer has ended, not "
                               "that it is gone: it still reads") &&
           expect_end(&peer, "after the answer, one line and no more, the "
                             "server closes, gently");
}

/* The same, at once. */
static bool brief(void)
{
    struct peer peer;
    char *text = made("%s\n\n", nonce());
    if (!peer_join(&peer) || !send_counted(&peer, text, strlen(text)))
        return false;
    net_sleep(200);
    peer_shut(&peer);
    return expect_count(&peer, "the server has nothing to do with standard "
                               "input, and does not mind its end");
}

/* ------------------------------------------------------------------ losses */

static const char *const reason =
    "lost: and the reason, in the system's words: net_error, asked before "
    "another call changes it";

/* The log says that the connection was reset. */
static bool expect_reset(void)
{
    return expect_log(1, made(" lost: %s\n", net_error_text(ECONNRESET).text),
                      reason);
}

static bool reset(void)
{
    static char bytes[2 * LOST_BYTES];
    memset(bytes, '~', sizeof bytes);
    bytes[LOST_BYTES / 2] = '\n';
    struct peer peer;
    if (!peer_join(&peer) ||
        !send_counted(&peer, bytes, LOST_BYTES + draw() % LOST_BYTES))
        return false;
    net_sleep(200); /* the server has taken them, and waits in recv */
    peer_reset(&peer);
    return expect_reset();
}

/* Before a byte has come. */
static bool reset_soon(void)
{
    struct peer peer;
    if (!peer_join(&peer))
        return false;
    net_sleep(200);
    peer_reset(&peer);
    return expect_reset();
}

/* All at once for a server that did not run meanwhile: bytes, their end or
 * not, and a reset behind it. */
static bool reset_behind(bool end)
{
    struct peer peer;
    if (!peer_join(&peer))
        return false;
    (void)kill((pid_t)lab.pid, SIGSTOP);
    bool sent_all = send_counted(&peer, "one\ntwo", 7);
    if (end)
        peer_shut(&peer);
    net_sleep(50); /* loopback is quick, but not at once */
    peer_reset(&peer);
    net_sleep(50);
    (void)kill((pid_t)lab.pid, SIGCONT);
    return sent_all;
}

static bool reset_unread(void)
{
    return reset_behind(false) && expect_reset();
}

/* It has gone before the server takes it out of the queue: the greeting cannot
 * be sent. Elsewhere accept does not return such a client, so there it goes a
 * little later. */
static bool reset_queued(void)
{
    struct peer peer;
#ifdef __linux__
    (void)kill((pid_t)lab.pid, SIGSTOP);
    bool connected = peer_open(&peer);
#else
    bool connected = peer_join(&peer);
#endif
    if (connected) {
        net_sleep(50);
        peer_reset(&peer);
        net_sleep(50);
    }
    (void)kill((pid_t)lab.pid, SIGCONT);
    return connected &&
           expect_gone("a greeting that cannot be sent is a loss, too, for "
                       "the reason that send gives: the client has gone "
                       "while it waited in the queue");
}

/* The stream has ended in good order, and nobody is there for the answer. */
static bool unanswered(void)
{
    return reset_behind(true) &&
           expect_gone("an answer that cannot be sent is a loss as well, "
                       "for the reason that send gives; net_start sees to "
                       "it that no signal ends the server");
}

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"nothing", nothing},
        {"one", one},
        {"few", few},
        {"bytes", bytes},
        {"large", large},
        {"larger", larger},
        {"drip", drip},
        {"asleep", asleep},
        {"merge", merge},
        {"half-close", half_close},
        {"brief", brief},
        {"reset", reset},
        {"reset-soon", reset_soon},
        {"reset-unread", reset_unread},
        {"reset-queued", reset_queued},
        {"unanswered", unanswered},
    };
    return lab_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
