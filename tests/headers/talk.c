/* talk.c - checks of common/talk.h without a network: what is shown of a line,
 * the length of the log's lines, and what is answered.
 *
 * Run it:  make tests/headers/talk && tests/headers/talk
 *          tests/headers/talk log       log lines of every length; at-once:
 * each in a write of its own
 *
 * What talk.h logs meanwhile stands among the checks, on lines that begin with
 * a date.
 */
#include "../../common/talk.h"

#include "tap.h"

/* ------------------------------------------------------- what is shown */

static void check_shown(const char *name, const char *bytes, size_t size,
                        const char *expected)
{
    char shown[SHOWN_SIZE];
    struct line line = {bytes, size};
    line_show(line, shown, sizeof shown);
    check_text(name, expected, shown);
}

/* Shows all 256 second bytes behind a C2. */
static void check_c1(void)
{
    int wrong = 0;
    for (int second = 0; second < 256; second++) {
        char bytes[] = {(char)0xc2, (char)second, 'x'};
        char expected[16], shown[SHOWN_SIZE];
        bool c1 = second >= 0x80 && second <= 0x9f;
        bool control = second < 0x20 || second == 0x7f;
        snprintf(expected, sizeof expected, "%s", c1 ? "\\xc2" : "\xc2");
        size_t at = strlen(expected);
        snprintf(expected + at, sizeof expected - at,
                 c1 || control ? "\\x%02xx" : "%cx", (unsigned)second);
        line_show((struct line){bytes, sizeof bytes}, shown, sizeof shown);
        wrong += strcmp(expected, shown) != 0;
    }
    check_number("C2 80 to C2 9F are control characters, C2 A0 is not", 0,
                 wrong);
}

static void check_showing(void)
{
    static char longest[ANSWER_LIMIT];
    char shown[SHOWN_SIZE];
    check_shown("plain text is shown as it is", "hello ~", 7, "hello ~");
    check_shown("control bytes are shown as hex", "\0\t\x1b[\x1f\x7f", 6,
                "\\x00\\x09\\x1b[\\x1f\\x7f");
    check_shown("Chinese is shown as it is", "\xe4\xbd\xa0", 3, "\xe4\xbd\xa0");
    check_shown("bytes that are no UTF-8 are shown as they are", "\xff\xa0\xc0",
                3, "\xff\xa0\xc0");
    check_shown("80 to 9F that are of no character are control characters",
                "\x9b\xff\x9b\xc3\x9b\x9b\xe4\xbd\xa0\x9b", 10,
                "\\x9b\xff\\x9b\xc3\x9b\\x9b\xe4\xbd\xa0\\x9b");
    check_shown("C2 at the end is shown as it is", "a\xc2", 2, "a\xc2");
    check_shown("the second of two C2 may begin a control character",
                "\xc2\xc2\x85", 3, "\xc2\\xc2\\x85");
    check_shown("a control character ends before the next one", "\xc2\x85\x85",
                3, "\\xc2\\x85\\x85");
    check_shown("an empty line shows nothing", "", 0, "");
    check_c1();
    line_show((struct line){longest, sizeof longest}, shown, sizeof shown);
    check_number("the longest text fits", SHOWN_SIZE - 1, (long)strlen(shown));
}

/* A character, and how it is shown. It must not be cut inside. */
struct character {
    const char *bytes;
    size_t size;
    const char *shown;
};

static const struct character characters[] = {
    {"a", 1, "a"},
    {"\xc3\xa9", 2, "\xc3\xa9"},                 /* e with an acute accent */
    {"\xe4\xbd\xa0", 3, "\xe4\xbd\xa0"},         /* Chinese */
    {"\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80"}, /* a smiling face */
    {"\x1b", 1, "\\x1b"},
    {"\xc2\x9b", 2, "\\xc2\\x9b"},
    {"\0", 1, "\\x00"},
    {"\xc2\xa0", 2, "\xc2\xa0"}, /* a blank that does not break */
};

enum { KINDS = sizeof characters / sizeof characters[0] };

/* A line of many characters, and where each begins in the whole text. */
static struct {
    size_t size, length, count;
    char bytes[512], text[1024];
    size_t begins[256];
} mixed;

static void make_mixed(size_t count, size_t step)
{
    memset(&mixed, 0, sizeof mixed);
    for (size_t i = 0; i < count; i++) {
        const struct character *c = &characters[i * step % KINDS];
        memcpy(mixed.bytes + mixed.size, c->bytes, c->size);
        mixed.size += c->size;
        mixed.begins[mixed.count++] = mixed.length;
        memcpy(mixed.text + mixed.length, c->shown, strlen(c->shown));
        mixed.length += strlen(c->shown);
    }
}

/* What of it must be shown in so many bytes: as many whole characters as fit,
 * and how long the line is. */
static void expect_mixed(size_t size, char *expected)
{
    char tail[40];
    size_t cut = 0;
    snprintf(tail, sizeof tail, "... (%u bytes)", (unsigned)mixed.size);
    if (mixed.length < size) {
        memcpy(expected, mixed.text, mixed.length + 1);
        return;
    }
    for (size_t i = 0; i < mixed.count; i++)
        if (mixed.begins[i] + strlen(tail) < size)
            cut = mixed.begins[i];
    snprintf(expected, size, "%.*s%s", (int)cut, mixed.text, tail);
}

/* Shows it in every size, with a guard behind. Returns how often that was not
 * as expected. */
static int count_wrong_cuts(void)
{
    int wrong = 0;
    for (size_t size = 1; size <= mixed.length + 2; size++) {
        char shown[1024 + 8], expected[1024 + 8];
        memset(shown, '#', sizeof shown);
        line_show((struct line){mixed.bytes, mixed.size}, shown, size);
        expect_mixed(size, expected);
        bool good = strcmp(shown, expected) == 0 && shown[size] == '#';
        if (!good && wrong++ == 0)
            printf("# size %u\n# expected: %s\n# actual:   %.*s\n",
                   (unsigned)size, expected, (int)size, shown);
    }
    return wrong;
}

static void check_cutting(void)
{
    int wrong = 0;
    for (size_t step = 1; step < KINDS; step++) {
        make_mixed(60, step);
        wrong += count_wrong_cuts();
    }
    check_number("a text is cut between characters, at every size", 0, wrong);
    char shown[24];
    line_show((struct line){"hello, hello, hello, hello", 26}, shown,
              sizeof shown);
    check_text("and says how long the line is", "hello, he... (26 bytes)",
               shown);
    /* Bytes that follow a character without end belong to none. */
    char stray[64];
    memset(stray, 0x80, sizeof stray);
    line_show((struct line){stray, sizeof stray}, shown, sizeof shown);
    check(strlen(shown) < sizeof shown &&
              strstr(shown, "... (64 bytes)") != NULL,
          "bytes that are no UTF-8 are cut somewhere");
}

/* --------------------------------------------------------- the conversation */

static struct talk talk;

/* A talk whose greeting is sent and to which this has come. */
static void hear(const char *bytes, size_t size)
{
    memset(&talk, 0, sizeof talk);
    snprintf(talk.name.text, sizeof talk.name.text, "peer");
    talk_start(&talk);
    lines_drop(&talk.out, talk.out.size);
    if (size > 0)
        lines_put(&talk.in, bytes, size);
}

static void check_answer(const char *name, int taken, bool over,
                         const char *words)
{
    int actual = talk_answer(&talk);
    talk.out.bytes[talk.out.size] = '\0';
    check_text(name, words, talk.out.bytes);
    check(actual == taken && talk.over == over,
          taken < 0 ? "-- more must be received" : "-- and it says how many");
    if (actual != taken || talk.over != over)
        printf("# expected %d lines, over %d; actual %d, %d\n", taken, over,
               actual, talk.over);
}

static void check_answers(void)
{
    hear("", 0);
    talk_start(&talk);
    talk.out.bytes[talk.out.size] = '\0';
    check_text("the first word is the greeting", GREETING, talk.out.bytes);
    hear("", 0);
    check_answer("nothing was said, nothing is answered", -1, false, "");
    hear("hel", 3);
    check_answer("half a line is no message", -1, false, "");
    lines_put(&talk.in, "lo\nwor", 6);
    check_answer("a whole one is answered", 1, false,
                 "Message received - hello\n");
    lines_drop(&talk.out, talk.out.size);
    check_answer("and answered once", -1, false, "");
    hear("a\n\nb\n", 5);
    check_answer("each line has its answer", 3, false,
                 "Message received - a\nMessage received - \n"
                 "Message received - b\n");
    hear("a\nquit\nb\n", 9);
    check_answer("quit is answered and ends it", 2, true,
                 "Message received - a\nquit\n");
    check_answer("what comes behind quit is not taken", 0, true,
                 "Message received - a\nquit\n");
    hear("last\r", 5);
    lines_put(&talk.in, "", 0);
    check_answer("the end of the stream ends the last line and the talk", 1,
                 true, "Message received - last\r\n");
    hear("", 0);
    lines_put(&talk.in, "", 0);
    check_answer("who leaves without a word gets none", 0, true, "");
}

static void check_too_long(void)
{
    char bytes[LINES_CHUNK];
    memset(bytes, 'x', sizeof bytes);
    bytes[0] = 'a';
    bytes[1] = '\n';
    hear(bytes, sizeof bytes);
    check_answer("before a line too long all is answered", 1, true,
                 "Message received - a\n"
                 "error: line longer than 1024 bytes\n");
}

static void check_room(void)
{
    enum { LINES = 150 }; /* their answers fill the buffer more than once */
    char bytes[LINES_OUT_SIZE];
    int taken = 0, more, tight = 0;
    memset(bytes, '\n', LINES);
    hear(bytes, LINES);
    while ((more = talk_answer(&talk)) >= 0) {
        taken += more;
        tight += more == 0 || lines_room(&talk.out) <= LINE_LIMIT;
        lines_drop(&talk.out, talk.out.size);
    }
    check_number("no line gets lost for lack of room", LINES, taken);
    check_number("beside each answer there is room for the operator's line", 0,
                 tight);
    memset(bytes, 'y', sizeof bytes);
    hear("a\n", 2);
    lines_add(&talk.out, bytes, LINES_OUT_SIZE - TALK_ROOM + 1);
    check_number("without room no line is taken", 0, talk_answer(&talk));
    lines_drop(&talk.out, 1);
    check_number("with room it is", 1, talk_answer(&talk));
}

/* ---------------------------------------------------------------- the log */

/* Logs messages of all lengths around which something is cut, of three kinds,
 * under names of every length. */
static void log_much(void)
{
    const size_t around = 40;
    static char says[LINE_LIMIT];
    static const struct {
        char bytes[3];
        size_t shown; /* a byte becomes so many */
    } kinds[] = {{"aa", 1}, {"\x1b\x1b", 4}, {"\xc3\xa9", 1}};
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        struct net_name name = {""};
        for (size_t i = 0; i < sizeof says; i++)
            says[i] = kinds[kind].bytes[i % 2];
        for (size_t width = 0; width < NET_NAME_SIZE; width++) {
            size_t limit = (LOG_LINE_SIZE - width) / kinds[kind].shown;
            for (size_t size = limit - around; size < limit; size++)
                log_says(name, (struct line){says, size});
            log_says(name, (struct line){says, 0});
            log_says(name, (struct line){says, sizeof says});
            log_lost(name, NET_EREFUSED);
            name.text[width] = 'n';
        }
    }
    for (int size = 0; size < LINE_LIMIT; size++)
        log_event("%.*s", size, says);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        log_at_once = strcmp(argv[1], "at-once") == 0;
        log_much();
        return fflush(stdout) != 0;
    }
    check_showing();
    check_cutting();
    check_answers();
    check_too_long();
    check_room();
    return end_checks();
}
