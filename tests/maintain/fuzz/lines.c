/* lines.c - a fuzz target for lines.h: any stream, in any pieces.
 *
 * The first byte decides how the rest is cut into pieces. What lines.h makes
 * of the pieces must be what the plain loop below makes of the whole stream.
 * What talk.h shows of each line, in any size, must fit there.
 *
 *     make fuzz
 */
#include "../../../common/talk.h"

#include <stdint.h>

/* What is still to come. */
struct stream {
    const char *bytes;
    size_t left;
    unsigned piece; /* decides the sizes of the pieces */
};

/* Puts in the next piece, or the end. */
static void put_more(struct stream *stream, struct lines_in *in)
{
    unsigned random = stream->piece = stream->piece * 1103515245 + 12345;
    size_t got = random % 7 == 0 ? LINES_CHUNK : 1 + random / 7 % 40;
    if (got > stream->left)
        got = stream->left;
    lines_put(in, stream->bytes, got);
    stream->bytes += got;
    stream->left -= got;
}

/* What is shown ends inside its room, and has no control byte. */
static void show(struct line line, unsigned random)
{
    char shown[SHOWN_SIZE];
    size_t size = 1 + random / 7 % sizeof shown;
    line_show(line, shown, size);
    const char *end = memchr(shown, '\0', size);
    if (end == NULL)
        abort();
    for (const char *at = shown; at < end; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            abort();
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
    struct stream stream = {(const char *)data + 1, size - 1, data[0]};
    const char *at = stream.bytes, *end = at + stream.left;
    struct lines_in in = {.limit = LINE_LIMIT};
    struct line seen = {0}, expected = {0};
    enum line_result result;
    do {
        while ((result = lines_next(&in, &seen)) == LINE_PARTIAL)
            put_more(&stream, &in);
        if (result != plain_next(&at, end, &expected))
            abort();
        if (result == LINE_READY) {
            if (seen.length != expected.length ||
                memcmp(seen.bytes, expected.bytes, seen.length) != 0)
                abort();
            show(seen, stream.piece);
        }
    } while (result != LINE_END);
    return 0;
}
