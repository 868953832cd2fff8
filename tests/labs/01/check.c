/* check.c - what lab 01 asks of a server, one scenario a name. See
 * tests/labs/labpeer.h.
 */
#include "../labpeer.h"

enum {
    LARGE = 10 << 20, /* bytes */
    PIECE = 1 << 16,  /* sent at a time */
    PAUSE_MS = 2500,  /* a peer that thinks, but has not ended */
};

/* What was sent, and what the answer must say. */
static struct {
    uint64_t bytes, lines;
    uint32_t sum;
} sent;

static bool send_counted(struct peer *peer, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        sent.lines += bytes[i] == '\n';
        sent.sum += (unsigned char)bytes[i];
    }
    sent.bytes += size;
    return peer_send(peer, bytes, size);
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

/* Sends so many bytes of which `high` in 256 are 0xff. */
static bool send_many(struct peer *peer, size_t size, unsigned high)
{
    static char bytes[PIECE];
    for (size_t done = 0; done < size; done += PIECE) {
        for (size_t i = 0; i < PIECE; i++) {
            uint32_t drawn = draw();
            bytes[i] = (char)(drawn % 256 < high ? 255 : drawn >> 24);
            /* Only part 2 sends what a line-reading program would change. */
            if (bytes[i] == '\r')
                bytes[i] = '\n';
        }
        if (!send_counted(peer, bytes, PIECE))
            return false;
    }
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
                               "counts, not the size of the buffer; and their "
                               "sum is more than an int holds");
}

static bool larger(void)
{
    struct peer peer;
    if (!peer_join(&peer) || !send_many(&peer, 2 * (size_t)LARGE, 240))
        return false;
    peer_shut(&peer);
    return expect_count(&peer, "the sum is taken modulo 2^32: uint32_t and "
                               "unsigned bytes");
}

static const char *const changed =
    "every byte counts alike, however it comes: no framing, no quit, no \\r "
    "dropped, no line forgotten between two recv";

static bool drip(void)
{
    struct peer peer;
    char *text = made("%s\r\nquit\n%s\r\n\n\r\nend", nonce(), nonce());
    if (!peer_join(&peer))
        return false;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (!send_counted(&peer, text + i, 1))
            return false;
        net_sleep(2);
    }
    /* The chapter's last word, alone in its segment. */
    if (!send_counted(&peer, "quit\n", 5))
        return false;
    if (!expect_threads(1, 1, "chapter 01 is one thread that waits") ||
        !expect_idle(IDLE_PERCENT, "the server asks again and again instead "
                                   "of waiting in recv") ||
        !send_counted(&peer, ".", 1))
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

static bool half_close(void)
{
    struct peer peer;
    char *text = made("%s\n", nonce());
    if (!peer_join(&peer) || !send_counted(&peer, text, strlen(text)) ||
        !expect_silence(&peer, PAUSE_MS,
                        "the answer comes at end-of-stream, not when nothing "
                        "has come for a while: a silent peer may go on") ||
        !send_counted(&peer, text, strlen(text)))
        return false;
    peer_shut(&peer);
    net_sleep(200); /* it does not read at once */
    return expect_count(&peer, "recv's 0 says that the peer has ended, not "
                               "that it is gone: it still reads") &&
           expect_end(&peer, "after the answer the server closes, gently");
}

static bool reset(void)
{
    struct peer peer;
    char *text = made("%s\n", nonce());
    if (!peer_join(&peer) || !send_counted(&peer, text, strlen(text)))
        return false;
    net_sleep(200); /* the server has taken them, and waits in recv */
    peer_reset(&peer);
    return true;
}

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"nothing", nothing},       {"few", few},     {"large", large},
        {"larger", larger},         {"drip", drip},   {"merge", merge},
        {"half-close", half_close}, {"reset", reset},
    };
    return lab_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
