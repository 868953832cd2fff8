/* lines.h - a byte stream cut into lines, and lines waiting to be sent.
 *
 * TCP carries bytes and not messages: what one send took may arrive in pieces,
 * and what two sends took may arrive as one. So received bytes wait here until
 * a line is whole, and lines to be sent wait until the kernel takes them.
 *
 * Nothing here makes a system call: the program receives and sends, so the same
 * code serves sockets that wait and sockets that do not.
 */
#ifndef LINES_H
#define LINES_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
    LINE_LIMIT = 1024,  /* bytes in a line, its end not counted */
    LINES_CHUNK = 2048, /* so many bytes can be put in at a time */
    /* The longest unfinished line, some texts around it, and a chunk. */
    LINES_IN_SIZE = LINE_LIMIT + 64 + LINES_CHUNK,
    /* Two lines with the protocol's texts around them, and more room, so that
     * many short answers leave in one send. */
    LINES_OUT_SIZE = 3072,
};

/* ---------------------------------------------------------- bytes into lines
 */

/* A line without its end. Its bytes may hold NUL, so it is no C string. They
 * stand in the buffer until lines_put is called the next time. */
struct line {
    const char *bytes;
    size_t length;
};

enum line_result {
    LINE_PARTIAL,  /* no line is whole yet: receive more */
    LINE_READY,    /* a line was taken */
    LINE_TOO_LONG, /* a line is over the limit; it is skipped when asked again
                    */
    LINE_END,      /* the stream has ended and all lines were taken */
};

/* What was received and not yet taken. {.limit = LINE_LIMIT}: an empty one. */
struct lines_in {
    size_t limit;   /* bytes in a line, LINE_LIMIT + 32 at most */
    size_t start;   /* index of the first byte that is not yet taken */
    size_t scanned; /* from start to here there is no \n */
    size_t end;     /* index behind the last byte */
    bool skipping;  /* inside a line that is too long */
    bool ended;     /* the end of the stream has come */
    char bytes[LINES_IN_SIZE];
};

/* Puts in what one recv has returned: `size` bytes, LINES_CHUNK at most; 0 is
 * the end of the stream. There is room whenever lines_next has just returned
 * LINE_PARTIAL. Without room bytes would be lost, so that is asserted. */
static inline void lines_put(struct lines_in *in, const char *bytes,
                             size_t size)
{
    if (in->start > 0) {
        memmove(in->bytes, in->bytes + in->start, in->end - in->start);
        in->scanned -= in->start;
        in->end -= in->start;
        in->start = 0;
    }
    assert(size <= LINES_IN_SIZE - in->end);
    memcpy(in->bytes + in->end, bytes, size);
    in->end += size;
    in->ended = size == 0;
}

/* Takes the next line, without its "\n" or "\r\n". The last line before the
 * end of the stream may lack its end; a \r there is part of the line. Returns
 * what there is; without LINE_READY *line is empty. */
static inline enum line_result lines_next(struct lines_in *in,
                                          struct line *line)
{
    *line = (struct line){in->bytes, 0};
    for (;;) {
        const char *first = in->bytes + in->start;
        const char *found =
            memchr(in->bytes + in->scanned, '\n', in->end - in->scanned);
        size_t length =
            found != NULL ? (size_t)(found - first) : in->end - in->start;
        in->scanned = in->end;
        if (found == NULL && !in->ended) {
            /* A \r behind the last byte may be the first half of "\r\n". */
            bool fits = length <= in->limit ||
                        (length == in->limit + 1 && first[in->limit] == '\r');
            if (in->skipping)
                in->start = in->end;
            if (in->skipping || fits)
                return LINE_PARTIAL;
            in->skipping = true;
            return LINE_TOO_LONG;
        }
        if (found == NULL && length == 0)
            return LINE_END;
        in->start += length + (found != NULL);
        in->scanned = in->start;
        if (in->skipping) { /* this was the rest of the line that is too long */
            in->skipping = false;
            continue;
        }
        if (found != NULL && length > 0 && first[length - 1] == '\r')
            length--;
        if (length > in->limit)
            return LINE_TOO_LONG;
        *line = (struct line){first, length};
        return LINE_READY;
    }
}

/* True if all that was put in was taken. */
static inline bool lines_empty(const struct lines_in *in)
{
    return in->start == in->end;
}

/* True if the line is this word and nothing else. */
static inline bool line_is(struct line line, const char *word)
{
    return line.length == strlen(word) &&
           memcmp(line.bytes, word, line.length) == 0;
}

/* -------------------------------------------------------- lines to be sent */

/* What waits to be sent: the first `size` of the bytes. {0} is an empty one. */
struct lines_out {
    size_t size;
    char bytes[LINES_OUT_SIZE];
};

/* How many bytes can be added. */
static inline size_t lines_room(const struct lines_out *out)
{
    return LINES_OUT_SIZE - out->size;
}

/* Adds bytes to what waits. There must be room: that is asserted. */
static inline void lines_add(struct lines_out *out, const char *bytes,
                             size_t size)
{
    assert(size <= lines_room(out));
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

/* Adds a text; adds "PREFIXLINE\n". */
static inline void lines_add_text(struct lines_out *out, const char *text)
{
    lines_add(out, text, strlen(text));
}

static inline void lines_add_line(struct lines_out *out, const char *prefix,
                                  struct line line)
{
    lines_add_text(out, prefix);
    lines_add(out, line.bytes, line.length);
    lines_add(out, "\n", 1);
}

/* Forgets the first `sent` bytes: the kernel took them. */
static inline void lines_drop(struct lines_out *out, size_t sent)
{
    assert(sent <= out->size);
    out->size -= sent;
    memmove(out->bytes, out->bytes + sent, out->size);
}

#endif
