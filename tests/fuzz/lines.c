/* lines.c - a fuzz target for lines.h: any stream, in any pieces.
 *
 * The first byte decides how the rest is cut into pieces. What lines.h makes
 * of the pieces must be what the plain loop below makes of the whole stream.
 *
 *     make fuzz
 */
#include "../../common/net.h"

/* lines.h shall receive from the fuzzer. */
#define net_recv fuzz_recv
static long fuzz_recv(net_socket socket, char *bytes, size_t size);
#include "../../common/lines.h"

static const char *stream; /* what is still to come */
static size_t left;
static unsigned piece; /* decides the sizes of the pieces */

static long fuzz_recv(net_socket socket, char *bytes, size_t size)
{
    (void)socket;
    if (size == 0)
        abort(); /* it would be taken for the end of the stream */
    piece = piece * 1103515245 + 12345;
    size_t got = piece % 7 == 0 ? size : 1 + piece / 7 % 40;
    if (got > size)
        got = size;
    if (got > left)
        got = left;
    if (got > 0)
        memcpy(bytes, stream, got);
    stream += got;
    left -= got;
    return (long)got;
}

/* The next line of the whole stream, by the words of the protocol. */
static enum line_result plain_next(const char **at, const char *end,
                                   struct line *line)
{
    if (*at == end)
        return LINE_END;
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    line->bytes = *at;
    line->length = (size_t)((newline != NULL ? newline : end) - *at);
    *at = newline != NULL ? newline + 1 : end;
    if (newline != NULL && line->length > 0 && newline[-1] == '\r')
        line->length--;
    return line->length > LINE_LIMIT ? LINE_TOO_LONG : LINE_READY;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    piece = data[0];
    stream = (const char *)data + 1;
    left = size - 1;
    const char *at = stream, *end = stream + left;
    struct lines_in in = {.limit = LINE_LIMIT};
    struct line seen = {0}, expected = {0};
    enum line_result result;
    do {
        result = lines_wait(&in, 0, &seen);
        if (result != plain_next(&at, end, &expected))
            abort();
        if (result == LINE_READY) {
            char shown[LINES_SHOWN_SIZE];
            if (seen.length != expected.length ||
                memcmp(seen.bytes, expected.bytes, seen.length) != 0)
                abort();
            line_show(seen, shown);
        }
    } while (result != LINE_END);
    return 0;
}
