/* framing.c - checks of lines.h and net.h that no conversation reaches: every
 * stream in every split, limits to the byte, texts, time limits.
 *
 * Run it:  make tests/framing && tests/framing
 *
 * Prints a line per check, as TAP does; exit status 1 if one has failed. What
 * a stream is cut into is written down as a text: [hello] for a line as it is
 * shown, ! for one that is too long, . for end-of-stream.
 */
#include "../common/net.h"

#include "../common/lines.h"

enum { EVENTS_SIZE = 1 << 16, STREAM_SIZE = 1 << 13, SOON_MS = 700 };

static int checks, failures;

/* ------------------------------------------------------------ the verdicts */

static void check(bool good, const char *name)
{
    checks++;
    failures += !good;
    (void)printf("%s %d %s\n", good ? "ok" : "not ok", checks, name);
}

static void check_number(const char *name, long expected, long actual)
{
    check(expected == actual, name);
    if (expected != actual)
        (void)printf("# expected %ld, actual %ld\n", expected, actual);
}

static void check_text(const char *name, const char *expected,
                       const char *actual)
{
    bool good = strcmp(expected, actual) == 0;
    check(good, name);
    if (!good)
        (void)printf("# expected: %s\n# actual:   %s\n", expected, actual);
}

static void check_start(const char *name, const char *expected,
                        const char *actual)
{
    bool good = strncmp(expected, actual, strlen(expected)) == 0;
    check(good, name);
    if (!good)
        (void)printf("# expected: %s...\n# actual:   %s\n", expected, actual);
}

/* Without a connection to itself this machine cannot check anything. */
static void give_up(const char *what)
{
    (void)printf("Bail out! %s: %s\n", what, net_error_text(net_error()).text);
    exit(2);
}

/* Connects two sockets of this program with each other; both block. Returns
 * the name that the second one has for the first. */
static struct net_name connect_pair(net_socket pair[2])
{
    struct net_endpoint at = {"127.0.0.1", "0"};
    struct net_reason why;
    struct net_name name, peer;
    net_socket listener = net_listen(&at, &why);
    if (listener == NET_BAD)
        give_up("listen");
    name = net_local_name(listener);
    at.port = strrchr(name.text, ':') + 1;
    pair[0] = net_connect(&at, &peer, &why);
    if (pair[0] == NET_BAD)
        give_up("connect");
    pair[1] = net_accept(listener, &peer);
    if (pair[1] == NET_BAD)
        give_up("accept");
    (void)net_close(listener);
    return peer;
}

/* ----------------------------------------------------------------- framing */

/* A stream that a test builds up. */
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

static char *append(char *to, const char *text)
{
    size_t length = strlen(text);
    memcpy(to, text, length + 1);
    return to + length;
}

/* Takes all lines that are there. Returns where the next text is to go. */
static char *take_lines(struct lines_in *in, char *to)
{
    struct line line = {0};
    char shown[LINES_SHOWN_SIZE];
    enum line_result got;
    while ((got = lines_next(in, &line)) != LINE_PARTIAL && got != LINE_END) {
        if (got == LINE_TOO_LONG) {
            to = append(to, "!");
            continue;
        }
        line_show(line, shown);
        to = append(append(append(to, "["), shown), "]");
    }
    return got == LINE_END ? append(to, ".") : to;
}

/* Cuts the stream into lines as it arrives in pieces of this size. */
static void cut(size_t piece, size_t limit, char *events)
{
    struct lines_in in = {.limit = limit};
    net_socket pair[2];
    (void)connect_pair(pair);
    for (size_t at = 0; at < stream.size; at += piece) {
        size_t left = stream.size - at;
        if (net_send_all(pair[0], stream.bytes + at,
                         left < piece ? left : piece) != 0)
            give_up("send");
        do {
            if (lines_receive(&in, pair[1]) != 0)
                give_up("recv");
            events = take_lines(&in, events);
        } while (net_wait(pair[1], NET_READABLE, 0) > 0);
    }
    (void)net_close(pair[0]);
    while (!in.ended) {
        if (lines_receive(&in, pair[1]) != 0)
            give_up("recv");
        events = take_lines(&in, events);
    }
    (void)net_close(pair[1]);
}

/* Checks what the stream is cut into, in pieces of many sizes: of every size
 * up to SMALL, and around those where something begins or ends. */
static void check_cut(const char *name, size_t limit, const char *expected)
{
    enum { SMALL = 16 };
    static const size_t larger[] = {500,
                                    LINE_LIMIT - 1,
                                    LINE_LIMIT,
                                    LINE_LIMIT + 1,
                                    LINE_LIMIT + 2,
                                    LINES_IN_SIZE - 1,
                                    LINES_IN_SIZE,
                                    LINES_IN_SIZE + 1,
                                    STREAM_SIZE};
    static char actual[EVENTS_SIZE];
    size_t count = SMALL + sizeof larger / sizeof larger[0];
    for (size_t i = 0; i < count; i++) {
        size_t piece = i < SMALL ? i + 1 : larger[i - SMALL];
        actual[0] = '\0';
        cut(piece, limit, actual);
        if (strcmp(expected, actual) != 0) {
            (void)printf("# in pieces of %lu bytes:\n", (unsigned long)piece);
            break;
        }
    }
    check_text(name, expected, actual);
    stream.size = 0;
}

static void check_short_lines(void)
{
    add_text("a\nbb\n\nccc\n");
    check_cut("lines, an empty one among them", LINE_LIMIT, "[a][bb][][ccc].");
    check_cut("a stream without a byte has no line", LINE_LIMIT, ".");
    add_text("\n");
    check_cut("a lone line feed is an empty line", LINE_LIMIT, "[].");
    add_text("a\r\n\r\nb\r\r\nc\rd\r\n\r\r\n");
    check_cut("one carriage return before the line feed is dropped", LINE_LIMIT,
              "[a][][b\\x0d][c\\x0dd][\\x0d].");
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

/* Fills the stream with a line of so many bytes, its end, and a short line.
 * Returns what it is cut into, if all is well. */
static const char *add_long_line(size_t size, const char *end)
{
    static char expected[EVENTS_SIZE];
    add_text("x\n");
    add_times(size, 'a');
    add_text(end);
    add_text("y\n");
    (void)snprintf(expected, sizeof expected, "[x][%.*s][y].", (int)size,
                   stream.bytes + 2);
    return expected;
}

static void check_limits(void)
{
    check_cut("1024 bytes and a line feed are a line", LINE_LIMIT,
              add_long_line(LINE_LIMIT, "\n"));
    check_cut("1024 bytes, carriage return and line feed are a line",
              LINE_LIMIT, add_long_line(LINE_LIMIT, "\r\n"));
    check_cut("a client takes an answer to 1024 bytes", LINES_ANSWER_SIZE,
              add_long_line(sizeof ANSWER - 1 + LINE_LIMIT, "\r\n"));
    (void)add_long_line(LINE_LIMIT + 1, "\n");
    check_cut("1025 bytes are too long", LINE_LIMIT, "[x]![y].");
    (void)add_long_line(LINE_LIMIT + 1, "\r\n");
    check_cut("1025 bytes and a carriage return are too long", LINE_LIMIT,
              "[x]![y].");
    (void)add_long_line(LINE_LIMIT, "\r\r\n");
    check_cut("the second carriage return makes 1025", LINE_LIMIT, "[x]![y].");
    (void)add_long_line(LINE_LIMIT, "\rz\n");
    check_cut("a carriage return that ends nothing counts", LINE_LIMIT,
              "[x]![y].");
    add_times(LINE_LIMIT, 'a');
    add_text("\r");
    check_cut("at end-of-stream as well", LINE_LIMIT, "!.");
    add_times(LINE_LIMIT + 1, 'a');
    check_cut("1025 bytes at end-of-stream are too long", LINE_LIMIT, "!.");
    static char full[LINE_LIMIT + 8];
    add_times(LINE_LIMIT, 'a');
    (void)snprintf(full, sizeof full, "[%.*s].", LINE_LIMIT, stream.bytes);
    check_cut("1024 bytes at end-of-stream are a line", LINE_LIMIT, full);
}

static void check_skipping(void)
{
    add_times(3 * LINES_IN_SIZE + 5, 'a');
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
    add_times(LINE_LIMIT, 'a');
    add_text("\r");
    add_times(LINES_IN_SIZE, '\r');
    add_text("\nx");
    check_cut("carriage returns without end are too long", LINE_LIMIT, "![x].");
}

/* ------------------------------------------------------------------ output */

static void check_shown(const char *name, const char *bytes, size_t size,
                        const char *expected)
{
    char shown[LINES_SHOWN_SIZE];
    struct line line = {bytes, size};
    line_show(line, shown);
    check_text(name, expected, shown);
}

/* Shows all 256 second bytes behind a C2. */
static void check_c1(void)
{
    int wrong = 0;
    for (int second = 0; second < 256; second++) {
        char bytes[] = {(char)0xc2, (char)second, 'x'};
        char expected[16], shown[LINES_SHOWN_SIZE];
        bool c1 = second >= 0x80 && second <= 0x9f;
        bool control = second < 0x20 || second == 0x7f;
        (void)snprintf(expected, sizeof expected, "%s", c1 ? "\\xc2" : "\xc2");
        size_t at = strlen(expected);
        (void)snprintf(expected + at, sizeof expected - at,
                       c1 || control ? "\\x%02xx" : "%cx", (unsigned)second);
        line_show((struct line){bytes, sizeof bytes}, shown);
        wrong += strcmp(expected, shown) != 0;
    }
    check_number("C2 80 to C2 9F are control characters, C2 A0 is not", 0,
                 wrong);
}

static void check_showing(void)
{
    static char longest[LINES_ANSWER_SIZE];
    char shown[LINES_SHOWN_SIZE];
    check_shown("plain text is shown as it is", "hello ~", 7, "hello ~");
    check_shown("control bytes are shown as hex", "\0\t\x1b[\x1f\x7f", 6,
                "\\x00\\x09\\x1b[\\x1f\\x7f");
    check_shown("Chinese is shown as it is", "\xe4\xbd\xa0", 3, "\xe4\xbd\xa0");
    check_shown("bytes that are no UTF-8 are shown as they are", "\xff\x80\xc0",
                3, "\xff\x80\xc0");
    check_shown("C2 at the end is shown as it is", "a\xc2", 2, "a\xc2");
    check_shown("the second of two C2 may begin a control character",
                "\xc2\xc2\x85", 3, "\xc2\\xc2\\x85");
    check_shown("a control character ends before the next one", "\xc2\x85\x85",
                3, "\\xc2\\x85\x85");
    check_shown("an empty line shows nothing", "", 0, "");
    check_c1();
    line_show((struct line){longest, sizeof longest}, shown);
    check_number("the longest text fits", LINES_SHOWN_SIZE - 1,
                 (long)strlen(shown));
}

static void check_words(void)
{
    check(line_is((struct line){"quit", 4}, "quit"), "quit is quit");
    check(!line_is((struct line){"quit", 3}, "quit"), "qui is not");
    check(!line_is((struct line){"quit\0", 5}, "quit"), "quit and NUL is not");
    check(!line_is((struct line){"Quit", 4}, "quit"), "Quit is not");
}

/* Adds and takes away until everything has been moved many times. */
static void check_adding(void)
{
    static struct lines_out out;
    static const char word[] = "0123456789abc";
    size_t size = sizeof word - 1, wrong = 0;
    check_number("all room is free at first", LINES_OUT_SIZE,
                 (long)lines_room(&out));
    for (int i = 0; i < 5000; i++) {
        while (lines_room(&out) >= size)
            lines_add(&out, word, size);
        wrong += lines_unsent(&out) + lines_room(&out) != LINES_OUT_SIZE;
        wrong += memcmp(out.bytes + out.start, word, size) != 0;
        wrong += memcmp(out.bytes + out.end - size, word, size) != 0;
        out.start += size * (1 + (size_t)i % 200);
    }
    check_number("bytes are added at the end and leave at the start", 0,
                 (long)wrong);
    memset(&out, 0, sizeof out);
    lines_add_line(&out, ANSWER, (struct line){"a\0b", 3});
    check(lines_unsent(&out) == 23 &&
              memcmp(out.bytes, "Message received - a\0b\n", 23) == 0,
          "an answer is prefix, line and line feed");
}

/* Sends to a socket that takes no more, and goes on when it does. */
static void check_sending(void)
{
    static struct lines_out out;
    static char bytes[LINES_OUT_SIZE];
    net_socket pair[2];
    long added = 0, got = 0;
    (void)connect_pair(pair);
    if (net_set_nonblocking(pair[0]) != 0)
        give_up("set non-blocking");
    do {
        size_t room = lines_room(&out);
        for (size_t i = 0; i < room; i++)
            bytes[i] = (char)((added + (long)i) % 251);
        lines_add(&out, bytes, room);
        added += (long)room;
        if (lines_send(&out, pair[0]) != 0)
            give_up("send");
    } while (lines_unsent(&out) == 0);
    check(true, "what the kernel does not take is kept");
    bool same = true;
    while (got < added) {
        long more = net_recv(pair[1], bytes, sizeof bytes);
        if (more <= 0 || lines_send(&out, pair[0]) != 0)
            give_up("recv or send");
        for (long i = 0; i < more; i++)
            same = same && bytes[i] == (char)((got + i) % 251);
        got += more;
    }
    check(same && lines_unsent(&out) == 0, "and sent later, in order");
    (void)net_close(pair[1]);
    while (lines_send(&out, pair[0]) == 0)
        lines_add(&out, "x", lines_room(&out) > 0);
    check(!net_would_block(net_error()), "a send to nobody fails, and no more");
    (void)net_close(pair[0]);
}

/* ------------------------------------------------------------------- net.h */

static void check_ports(void)
{
    static const char *bad[] = {
        "",       "x",   "-1",     "+1",
        " 1",     "1 ",  "65536",  "12x",
        "0x1",    "1.0", "1e3",    "99999",
        "123456", "\n",  "000080", "9999999999999999999999"};
    static const char *good[] = {"1", "80", "080", "65535"};
    int wrong = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        wrong += net_is_port(bad[i], 0);
    check_number("what is no port is not taken for one", 0, wrong);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        wrong += !net_is_port(good[i], 1);
    check_number("what is a port is taken for one", 0, wrong);
    check(net_is_port("0", 0), "a server takes port 0");
    check(!net_is_port("0", 1) && !net_is_port("00", 1), "a client does not");
}

static void check_names(void)
{
    struct net_name name = {"127.0.0.1:80"}, six = {"[::1]:65535"};
    struct sockaddr_in v4 = {0};
    struct sockaddr_in6 v6 = {0};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(65432);
    v4.sin_addr.s_addr = htonl(0xc0000201);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(1);
    v6.sin6_addr.s6_addr[15] = 1;
    check_text("an IPv4 address has a name", "192.0.2.1:65432",
               net_address_name((const struct sockaddr *)&v4, sizeof v4).text);
    check_text("an IPv6 address has brackets", "[::1]:1",
               net_address_name((const struct sockaddr *)&v6, sizeof v6).text);
    check_start("a failure tells step, place and reason", "bind 127.0.0.1:80: ",
                net_explain("bind", name, NET_EACCESS).text);
    check(strstr(net_explain("bind", six, NET_EINUSE).text,
                 "\nhint: another server may still be running; "
                 "try: ./server 65534") != NULL,
          "the hint for the last port names the one before");
    check(strstr(net_explain("bind", name, NET_EINUSE).text, "./server 81") !=
              NULL,
          "the hint for any other port names the next");
    check(strchr(net_explain("recv", name, 0).text, '\n') == NULL,
          "without a hint there is one line");
}

static void check_reasons(void)
{
    char code[32];
    struct net_reason text = net_error_text(NET_EREFUSED);
    (void)snprintf(code, sizeof code, " (%d)", NET_EREFUSED);
    check(strstr(text.text, code) != NULL && text.text[0] != ' ',
          "an error's text ends with its code");
    check(strstr(net_error_text(999999).text, " (999999)") != NULL,
          "an unknown error has a text, too");
    check(net_timeval(1234).tv_sec == 1 && net_timeval(1234).tv_usec == 234000,
          "milliseconds become seconds and microseconds");
}

/* Returns a port where nobody listens: nobody is given it again so soon. */
static struct net_name free_port(void)
{
    struct net_endpoint at = {"127.0.0.1", "0"};
    struct net_reason why;
    net_socket listener = net_listen(&at, &why);
    if (listener == NET_BAD)
        give_up("listen");
    struct net_name name = net_local_name(listener);
    (void)net_close(listener);
    return name;
}

static void check_refusal(void)
{
    struct net_name name = free_port(), tried;
    struct net_reason why = {""}, expected;
    struct net_connecting c;
    struct net_endpoint at = {"127.0.0.1", strrchr(name.text, ':') + 1};
    expected = net_explain("connect", name, NET_EREFUSED);
    check(net_connect(&at, &tried, &why) == NET_BAD, "a refused connect fails");
    check_text("and tells why", expected.text, why.text);
    why.text[0] = '\0';
    int done = net_connect_start(&c, &at, &why);
    while (done == 0 && (done = net_connect_poll(&c, &why)) == 0)
        net_sleep(1);
    check_number("a refused non-blocking connect fails", -1, done);
    check_text("and tells why, too", expected.text, why.text);
    at.address = "no..such..host";
    check(net_connect(&at, &tried, &why) == NET_BAD, "no name, no connection");
    check_start("and it tells the name", "resolve no..such..host: ", why.text);
}

static void check_accepting(void)
{
    net_socket pair[2];
    char byte;
    struct net_name name = connect_pair(pair);
    check_text("accept names the peer", net_local_name(pair[0]).text,
               name.text);
    check_number("nothing has come yet", 0, net_wait(pair[1], NET_READABLE, 0));
    long long start = net_now();
    check_number("nothing comes for a while", 0,
                 net_wait(pair[1], NET_READABLE, 50));
    check(net_now() - start >= 49, "and that took as long as it should");
    if (net_set_nonblocking(pair[1]) != 0)
        give_up("set non-blocking");
    check(net_recv(pair[1], &byte, 1) < 0 && net_would_block(net_error()),
          "a non-blocking recv would block");
    check_number("a byte can be sent", 0, net_send_all(pair[0], "x", 1));
    check_number("it comes", 1, net_wait(pair[1], NET_READABLE, 5000));
    check_number("and is received", 1, net_recv(pair[1], &byte, 1));
    net_dismiss(pair[1], "bye");
    char word[8];
    check_number("a dismissed peer gets the last word", 3,
                 net_recv(pair[0], word, sizeof word));
    check_number("then end-of-stream", 0, net_recv(pair[0], word, sizeof word));
    (void)net_close(pair[0]);
}

/* The gentle end: at once, after a time, or after too many bytes. */
static void check_finishing(void)
{
    static char bytes[4096];
    net_socket pair[2];
    struct net_finish f;
    (void)connect_pair(pair);
    (void)net_close(pair[0]);
    long long start = net_now();
    net_finish(pair[1]);
    check(net_now() - start < SOON_MS, "with a peer that has left it is short");

    (void)connect_pair(pair);
    start = net_now();
    net_finish(pair[1]);
    check(net_now() - start >= NET_FINISH_MS - 1 &&
              net_now() - start < 5LL * NET_FINISH_MS,
          "with a peer that stays it takes a second");
    (void)net_close(pair[0]);

    (void)connect_pair(pair);
    if (net_set_nonblocking(pair[0]) != 0 || net_set_nonblocking(pair[1]) != 0)
        give_up("set non-blocking");
    net_finish_start(&f, pair[1]);
    f.deadline = net_now() + 10000; /* so that only the bytes end it */
    while (!net_finish_done(&f, pair[1]))
        (void)net_send(pair[0], bytes, sizeof bytes); /* or later */
    check(net_now() < f.deadline && f.discarded >= NET_FINISH_BYTES &&
              f.discarded < NET_FINISH_BYTES + sizeof bytes,
          "with a peer that goes on sending it ends after a mebibyte");
    (void)net_close(pair[0]);
    (void)net_close(pair[1]);
}

int main(void)
{
    if (net_start() != 0)
        give_up("start");
    check_short_lines();
    check_limits();
    check_skipping();
    check_showing();
    check_words();
    check_adding();
    check_sending();
    check_ports();
    check_names();
    check_reasons();
    check_refusal();
    check_accepting();
    check_finishing();
    (void)printf("1..%d\n", checks);
    return failures > 0 || fflush(stdout) != 0;
}
