/* lines.c - checks of common/lines.h alone: streams in every split, limits to
 * the byte, and what waits to be sent. It needs no network, and does not even
 * include net.h.
 *
 * Run it:  make tests/headers/lines && tests/headers/lines
 *          tests/headers/lines put-too-much     must abort; the others, too
 *
 * What a stream is cut into is written down as a text: [hello] for a line,
 * with control bytes as hex, ! for one that is too long, . for end-of-stream.
 */
#include "../../common/lines.h"

#include "tap.h"

enum {
    EVENTS_SIZE = 1 << 15,
    STREAM_SIZE = 1 << 13,
    ALL_SPLITS = 14, /* up to here a stream is cut in all 2^13 ways */
};

/* ------------------------------------------------------------ a test stream */

static struct {
    size_t size;
    char bytes[STREAM_SIZE];
} stream;

static void add(const char *bytes, size_t size)
{
    memcpy(stream.bytes + stream.size, bytes, size);
    stream.size += size;
}

static void add_text(const char *text)
{
    add(text, strlen(text));
}

static void add_times(size_t times, char byte)
{
    memset(stream.bytes + stream.size, byte, times);
    stream.size += times;
}

/* --------------------------------------------------- what it is cut into */

static char events[EVENTS_SIZE];
static size_t used; /* bytes of events */
static int no_room; /* pieces for which there was none */

static void note(const char *text)
{
    size_t length = strlen(text);
    memcpy(events + used, text, length + 1);
    used += length;
}

static void note_line(struct line line)
{
    note("[");
    for (size_t i = 0; i < line.length; i++) {
        char text[8];
        unsigned char byte = (unsigned char)line.bytes[i];
        snprintf(text, sizeof text, byte < 0x20 ? "\\x%02x" : "%c", byte);
        note(text);
    }
    note("]");
}

/* Takes all lines that are there. Returns why there are no more. */
static enum line_result take_lines(struct lines_in *in)
{
    struct line line = {0};
    enum line_result got;
    while ((got = lines_next(in, &line)) != LINE_PARTIAL && got != LINE_END) {
        if (got == LINE_TOO_LONG)
            note("!");
        else
            note_line(line);
    }
    return got;
}

static void put(struct lines_in *in, size_t from, size_t size)
{
    no_room += LINES_IN_SIZE - (in->end - in->start) < LINES_CHUNK;
    lines_put(in, stream.bytes + from, size);
    take_lines(in);
}

static void begin(struct lines_in *in, size_t limit)
{
    memset(in, 0, sizeof *in);
    in->limit = limit;
    used = 0;
    events[0] = '\0';
    take_lines(in); /* nothing is there yet */
}

static void end(struct lines_in *in)
{
    lines_put(in, "", 0);
    if (take_lines(in) == LINE_END)
        note(".");
    if (take_lines(in) != LINE_END) /* asked once more: the end stays */
        note("?");
    if (!lines_empty(in))
        note("left over");
}

/* Cuts the stream in front of each byte whose bit is set. */
static void cut_by_bits(unsigned bits, size_t limit)
{
    struct lines_in in;
    begin(&in, limit);
    for (size_t from = 0, to = 1; from < stream.size; from = to++) {
        while (to < stream.size && (bits >> (to - 1) & 1) == 0)
            to++;
        put(&in, from, to - from);
    }
    end(&in);
}

/* Cuts it into a first piece and others of one size. */
static void cut_evenly(size_t first, size_t piece, size_t limit)
{
    struct lines_in in;
    begin(&in, limit);
    for (size_t from = 0, size = first; from < stream.size; size = piece) {
        if (size > stream.size - from)
            size = stream.size - from;
        put(&in, from, size);
        from += size;
    }
    end(&in);
}

/* Checks what the stream is cut into however it comes: a short one in every
 * split, a long one in pieces of every small size, of sizes around which
 * something begins or ends, and behind a first piece of each such size. */
static void check_cut(const char *name, size_t limit, const char *expected)
{
    static const size_t sizes[] = {
        1,
        2,
        3,
        7,
        500,
        LINE_LIMIT - 1,
        LINE_LIMIT,
        LINE_LIMIT + 1,
        LINE_LIMIT + 2,
        LINE_LIMIT + 3,
        LINE_LIMIT + 4,
        LINES_CHUNK - 1,
        LINES_CHUNK,
    };
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    bool good = true;
    no_room = 0;
    if (stream.size <= ALL_SPLITS) {
        unsigned ways = stream.size < 2 ? 1 : 1U << (stream.size - 1);
        for (unsigned bits = 0; good && bits < ways; bits++) {
            cut_by_bits(bits, limit);
            good = strcmp(expected, events) == 0;
        }
    }
    for (int i = 0; good && i < SIZES * SIZES; i++) {
        cut_evenly(sizes[i / SIZES], sizes[i % SIZES], limit);
        good = strcmp(expected, events) == 0;
        if (!good)
            printf("# a piece of %u bytes, then pieces of %u:\n",
                   (unsigned)sizes[i / SIZES], (unsigned)sizes[i % SIZES]);
    }
    check_text(name, expected, events);
    if (no_room > 0)
        check_number("there was room for each piece", 0, no_room);
    stream.size = 0;
}

static void check_short_lines(void)
{
    add_text("a\nbb\n\nccc\n");
    check_cut("lines, an empty one among them", LINE_LIMIT, "[a][bb][][ccc].");
    check_cut("a stream without a byte has no line", LINE_LIMIT, ".");
    add_text("\n");
    check_cut("a lone line feed is an empty line", LINE_LIMIT, "[].");
    add_text("a\r\n\r\nb\r\r\n");
    check_cut("one carriage return before the line feed is dropped", LINE_LIMIT,
              "[a][][b\\x0d].");
    add_text("c\rd\r\n\r\r\n");
    check_cut("any other carriage return is kept", LINE_LIMIT,
              "[c\\x0dd][\\x0d].");
    add_text("a\nlast");
    check_cut("a last line without its end is a line", LINE_LIMIT,
              "[a][last].");
    add_text("a\r\nlast\r");
    check_cut("a last line without its end keeps its carriage return",
              LINE_LIMIT, "[a][last\\x0d].");
    add("a\0b\n\0\n\0", 7);
    check_cut("NUL is a byte like any other", LINE_LIMIT,
              "[a\\x00b][\\x00][\\x00].");
}

/* The same rules where a line holds four bytes: here every split is tried. */
static void check_small_limit(void)
{
    add_text("abcd\nefgh\r\nij");
    check_cut("at most four bytes, whatever the line's end", 4,
              "[abcd][efgh][ij].");
    add_text("a\nbcdef\nghi\n");
    check_cut("five bytes are too long, and the next line is not", 4,
              "[a]![ghi].");
    add_text("abcdefghij\nk\n");
    check_cut("ten bytes are too long once", 4, "![k].");
    add_text("abcd\r\r\nabcd\r");
    check_cut("carriage returns that end no line count", 4, "!!.");
    add_text("abcd\re\nfgh\n");
    check_cut("also in the middle", 4, "![fgh].");
    add_text("abcdefgh");
    check_cut("a line that is too long need not end", 4, "!.");
    add_text("\r\r\r\r\r\r\nx");
    check_cut("six carriage returns are five bytes", 4, "![x].");
}

/* Fills the stream with a line of so many bytes, its end, and a short line.
 * Returns what it is cut into, if all is well. */
static const char *add_long_line(size_t size, const char *line_end)
{
    static char expected[EVENTS_SIZE];
    add_text("x\n");
    add_times(size, 'a');
    add_text(line_end);
    add_text("y\n");
    snprintf(expected, sizeof expected, "[x][%.*s][y].", (int)size,
             stream.bytes + 2);
    return expected;
}

static void check_limits(void)
{
    static char full[LINE_LIMIT + 8];
    check_cut("1024 bytes and a line feed are a line", LINE_LIMIT,
              add_long_line(LINE_LIMIT, "\n"));
    check_cut("1024 bytes, carriage return and line feed are a line",
              LINE_LIMIT, add_long_line(LINE_LIMIT, "\r\n"));
    check_cut("a client takes longer lines, up to its own limit",
              LINE_LIMIT + 32, add_long_line(LINE_LIMIT + 32, "\r\n"));
    add_long_line(LINE_LIMIT + 1, "\n");
    check_cut("1025 bytes are too long", LINE_LIMIT, "[x]![y].");
    add_long_line(LINE_LIMIT + 1, "\r\n");
    check_cut("1025 bytes and a carriage return are too long", LINE_LIMIT,
              "[x]![y].");
    add_long_line(LINE_LIMIT, "\r\r\n");
    check_cut("the second carriage return makes 1025", LINE_LIMIT, "[x]![y].");
    add_long_line(LINE_LIMIT, "\rz\n");
    check_cut("a carriage return that ends nothing counts", LINE_LIMIT,
              "[x]![y].");
    add_times(LINE_LIMIT, 'a');
    add_text("\r");
    check_cut("at end-of-stream as well", LINE_LIMIT, "!.");
    add_times(LINE_LIMIT + 1, 'a');
    check_cut("1025 bytes at end-of-stream are too long", LINE_LIMIT, "!.");
    add_times(LINE_LIMIT, 'a');
    snprintf(full, sizeof full, "[%.*s].", LINE_LIMIT, stream.bytes);
    check_cut("1024 bytes at end-of-stream are a line", LINE_LIMIT, full);
}

static void check_skipping(void)
{
    add_times((size_t)2 * LINES_IN_SIZE + 5, 'a');
    add_text("\nnext\r\n");
    check_cut("a very long line is told once and skipped", LINE_LIMIT,
              "![next].");
    add_times(LINES_IN_SIZE, 'a');
    add_text("\n");
    add_times(LINES_IN_SIZE, 'b');
    add_text("\n\n");
    check_cut("two too long, then an empty one", LINE_LIMIT, "!![].");
    add_times((size_t)2 * LINES_IN_SIZE, 'a');
    check_cut("a very long line may never end", LINE_LIMIT, "!.");
    add_times(LINES_IN_SIZE, '\r');
    add_text("\nx");
    check_cut("carriage returns without end are too long", LINE_LIMIT, "![x].");
}

static void check_words(void)
{
    check(line_is((struct line){"quit", 4}, "quit"), "quit is quit");
    check(!line_is((struct line){"quit", 3}, "quit"), "qui is not");
    check(!line_is((struct line){"quit\0", 5}, "quit"), "quit and NUL is not");
    check(!line_is((struct line){"Quit", 4}, "quit"), "Quit is not");
    check(line_is((struct line){"", 0}, ""), "an empty line is no word");
}

/* ------------------------------------------------------------ to be sent */

/* Adds and drops until everything has been moved many times: what leaves must
 * be what was added, in order. */
static void check_adding(void)
{
    static struct lines_out out;
    unsigned added = 0, sent = 0, wrong = 0;
    check_number("all room is free at first", LINES_OUT_SIZE,
                 (long)lines_room(&out));
    for (size_t i = 0; i < 5000; i++) {
        char bytes[13];
        while (lines_room(&out) >= sizeof bytes) {
            for (size_t k = 0; k < sizeof bytes; k++)
                bytes[k] = (char)(added++ % 251);
            lines_add(&out, bytes, sizeof bytes);
        }
        size_t taken = i * 7 % (out.size + 1);
        for (size_t k = 0; k < taken; k++)
            wrong += out.bytes[k] != (char)(sent++ % 251);
        lines_drop(&out, taken);
        wrong += out.size != added - sent;
        wrong += lines_room(&out) + out.size != LINES_OUT_SIZE;
    }
    check_number("bytes leave in the order in which they were added", 0,
                 (long)wrong);
    check(sent > 100000, "and they were many");
    lines_drop(&out, out.size);
    check_number("when all is dropped all room is free", LINES_OUT_SIZE,
                 (long)lines_room(&out));
    lines_add_line(&out, "You said: ", (struct line){"a\0b", 3});
    lines_add_text(&out, "bye\n");
    check(out.size == 18 && memcmp(out.bytes, "You said: a\0b\nbye\n", 18) == 0,
          "a line is prefix, bytes and line feed; a text is added as it is");
}

/* To the last byte there is room, and nothing is asserted. */
static void check_full(void)
{
    static struct lines_in in = {.limit = LINE_LIMIT};
    static struct lines_out out;
    static char bytes[LINES_IN_SIZE];
    struct line line;
    lines_put(&in, bytes, LINES_CHUNK);
    lines_put(&in, bytes, LINES_IN_SIZE - LINES_CHUNK);
    check(in.end == LINES_IN_SIZE, "the first buffer can be filled");
    check(lines_next(&in, &line) == LINE_TOO_LONG, "with a line too long");
    lines_add(&out, bytes, LINES_OUT_SIZE);
    check(lines_room(&out) == 0, "the second buffer can be filled");
    lines_add(&out, bytes, 0);
    lines_drop(&out, 0);
    check(out.size == LINES_OUT_SIZE, "and nothing can be added to it");
}

/* ------------------------------------------------------- broken contracts */

/* Does what a contract forbids. Returns, if the program has survived it. */
static void misuse(const char *how)
{
    static struct lines_in in = {.limit = LINE_LIMIT};
    static struct lines_out out;
    static char bytes[LINES_IN_SIZE];
    if (strcmp(how, "put-too-much") == 0) {
        lines_put(&in, bytes, LINES_IN_SIZE);
        lines_put(&in, bytes, 1);
    } else if (strcmp(how, "add-too-much") == 0) {
        lines_add(&out, bytes, LINES_OUT_SIZE);
        lines_add(&out, bytes, 1);
    } else if (strcmp(how, "add-five-lines") == 0) {
        for (int i = 0; i < 5; i++)
            lines_add_line(&out, "", (struct line){bytes, LINE_LIMIT});
    } else if (strcmp(how, "drop-too-much") == 0) {
        lines_add(&out, bytes, 9);
        lines_drop(&out, 10);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        misuse(argv[1]);
        return 0; /* it should not have come so far */
    }
    check_short_lines();
    check_small_limit();
    check_limits();
    check_skipping();
    check_words();
    check_adding();
    check_full();
    return end_checks();
}
