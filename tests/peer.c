/* peer.c - the misbehaving peer: does to a server or a client what a plain
 * program never would, and checks what comes back byte by byte.
 *
 * Try it:  peer --help
 *          peer talk 127.0.0.1 65432 greeted drip 'hello\n' answered hello
 *
 * All sockets are non-blocking and every wait has a limit: a test that fails
 * fails soon, and says at which step. What was received goes to standard
 * output as it came, what went wrong to standard error. The protocol's texts
 * are spelled out anew here: a slip in common/lines.h must not hide itself.
 */
#include "../common/net.h"

#include "../common/connect.h"

#include <stdarg.h>

#define GREETING "Connect succeed. Please send a message to me\n"
#define ANSWER "Message received - "
#define BAD_NUMBER (-1L)

#ifndef TCP_NODELAY
#define TCP_NODELAY 1 /* the same everywhere; its header is not */
#endif

enum {
    LIMIT_S = 60,    /* LIMIT, if the environment does not say */
    HOLD_LIMITS = 4, /* so many of them may pass without a word from the test */
    STUCK_MS = 300,  /* the kernel takes no more: nobody is reading */
    TALKERS = 16,    /* connections of one script */
    CROWD = 4096,    /* and of a crowd */
    CHUNK = 16384,   /* bytes moved at a time */
    LARGEST = 1 << 20 /* the longest text of a step, once repeated */
};

/* Bytes, NUL among them. */
struct text {
    char *bytes;
    size_t length;
};

/* A script that is being played. */
struct script {
    struct net_endpoint at;      /* where to connect, unless it serves */
    net_socket listener;         /* serve: where to accept; else NET_BAD */
    net_socket talkers[TALKERS]; /* NET_BAD: closed */
    int opened;                  /* talkers so far */
    net_socket *current;         /* the one that steps are about */
    long next, last;             /* fill: the line to be sent next, the last */
    size_t cut;                  /* bytes of the next line already sent */
    int step;                    /* its number, for complaints */
    const char *name;            /* NULL: no script is played */
};

static struct script script = {.listener = NET_BAD};

/* The longest wait for anything: the whole suite's, see helpers.bash. */
static long long limit_ms = LIMIT_S * 1000LL;

/* ------------------------------------------------------------- complaints */

/* Says what went wrong, and at which step. Returns false. */
static bool complain(const char *format, ...)
{
    va_list arguments;
    (void)fflush(stdout);
    (void)fprintf(stderr, "peer: ");
    if (script.name != NULL)
        (void)fprintf(stderr, "step %d, %s: ", script.step, script.name);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    return false;
}

static bool complain_of(const char *call, int code)
{
    return complain("%s: %s", call, net_error_text(code).text);
}

static void print_escaped(const char *title, struct text text)
{
    (void)fprintf(stderr, "  %s (%lu bytes): \"", title,
                  (unsigned long)text.length);
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];
        if (byte == '\n')
            (void)fputs("\\n", stderr);
        else if (byte < 0x20 || byte >= 0x7f || byte == '\\')
            (void)fprintf(stderr, "\\x%02x", byte);
        else
            (void)fputc(byte, stderr);
    }
    (void)fputs("\"\n", stderr);
}

/* ---------------------------------------------------- sockets, with limits */

/* Waits for an event until a moment on the clock of net_now. */
static bool wait_until(net_socket socket, enum net_event event, long long end)
{
    int ready = 0;
    long long left;
    while (ready == 0 && (left = end - net_now()) > 0)
        ready = net_wait(socket, event, (int)left);
    return ready > 0;
}

/* Returns a connection, or NET_BAD after a complaint. */
static net_socket open_connection(const struct net_endpoint *at)
{
    const int on = 1;
    struct net_connecting c;
    struct net_reason why;
    long long end = net_now() + limit_ms;
    int done = net_connect_start(&c, at, &why);
    if (done == 0)
        while ((done = net_connect_poll(&c, &why)) == 0 && net_now() < end)
            (void)net_wait(c.socket, NET_WRITABLE, 100); /* poll tells */
    if (done <= 0) {
        (void)complain("%s", done == 0 ? "cannot connect in time" : why.text);
        net_connect_cancel(&c); /* time is over, but not the connect */
        return NET_BAD;
    }
    /* Small segments are to leave as they are sent. */
    (void)setsockopt(c.socket, IPPROTO_TCP, TCP_NODELAY, (const void *)&on,
                     sizeof on);
    return c.socket;
}

/* Sends all of it. */
static bool send_text(net_socket socket, struct text text)
{
    long long end = net_now() + limit_ms;
    for (size_t done = 0; done < text.length;) {
        long sent = net_send(socket, text.bytes + done, text.length - done);
        if (sent >= 0)
            done += (size_t)sent;
        else if (!net_would_block(net_error()))
            return complain_of("send", net_error());
        else if (!wait_until(socket, NET_WRITABLE, end))
            return complain("nobody reads: sent %lu of %lu bytes",
                            (unsigned long)done, (unsigned long)text.length);
    }
    return true;
}

static bool print_received(const char *bytes, size_t size)
{
    if (script.name == NULL) /* of interest in a script alone */
        return true;
    return fwrite(bytes, 1, size, stdout) == size && fflush(stdout) == 0;
}

/* Receives what comes. Returns the number of bytes, 0 at end-of-stream, -1
 * after a complaint. */
static long receive(net_socket socket, char *bytes, size_t size)
{
    if (!wait_until(socket, NET_READABLE, net_now() + limit_ms)) {
        (void)complain("waited in vain for bytes or end-of-stream");
        return -1;
    }
    long got = net_recv(socket, bytes, size);
    if (got < 0) {
        (void)complain_of("recv", net_error());
    } else if (!print_received(bytes, (size_t)got)) {
        (void)complain("cannot write to standard output");
        got = -1;
    }
    return got;
}

/* Receives as many bytes as expected, which must be the same. */
static bool expect_text(net_socket socket, struct text expected)
{
    static char bytes[LARGEST];
    struct text actual = {bytes, 0};
    long got = 1;
    while (actual.length < expected.length && got > 0) {
        got = receive(socket, bytes + actual.length,
                      expected.length - actual.length);
        actual.length += got > 0 ? (size_t)got : 0;
        if (memcmp(bytes, expected.bytes, actual.length) != 0)
            break;
    }
    if (actual.length == expected.length &&
        memcmp(bytes, expected.bytes, actual.length) == 0)
        return true;
    if (got == 0)
        (void)complain("end-of-stream too early");
    else if (got > 0)
        (void)complain("received something else");
    print_escaped("expected", expected);
    print_escaped("actual  ", actual);
    return false;
}

static bool expect_string(net_socket socket, char *string)
{
    struct text text = {string, strlen(string)};
    return expect_text(socket, text);
}

static bool expect_greeting(net_socket socket)
{
    char greeting[] = GREETING;
    return expect_string(socket, greeting);
}

/* Receives until end-of-stream. */
static bool receive_all(net_socket socket)
{
    char bytes[CHUNK];
    long got;
    while ((got = receive(socket, bytes, sizeof bytes)) > 0)
        continue;
    return got == 0;
}

/* -------------------------------------------------------------- arguments */

/* A decimal number, at least 0, or BAD_NUMBER after a complaint. */
static long number(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end != text && *end == '\0' && value >= 0)
        return value;
    (void)complain("not a number: '%s'", text);
    return BAD_NUMBER;
}

/* Turns \n \r \t \0 \\ and \xNN into bytes, in place. */
static struct text unescape(char *argument)
{
    static const char names[] = "nrt0\\", bytes[] = "\n\r\t\0\\";
    struct text text = {argument, 0};
    for (const char *from = argument; *from != '\0'; from++) {
        char byte = *from;
        if (byte == '\\' && from[1] == 'x' && from[2] != '\0' &&
            from[3] != '\0') {
            char hex[] = {from[2], from[3], '\0'};
            byte = (char)strtol(hex, NULL, 16);
            from += 3;
        } else if (byte == '\\' && from[1] != '\0') {
            const char *name = strchr(names, *++from);
            byte = *from;
            if (name != NULL)
                byte = bytes[name - names];
        }
        argument[text.length++] = byte;
    }
    return text;
}

/* ------------------------------------------------------ the script's steps */

/* The next connection: accepted, or opened. */
static bool step_open(char **unused)
{
    (void)unused;
    if (script.opened == TALKERS)
        return complain("more than %d connections", TALKERS);
    net_socket next = NET_BAD;
    struct net_name name;
    if (script.listener == NET_BAD) {
        next = open_connection(&script.at);
    } else if (!wait_until(script.listener, NET_READABLE,
                           net_now() + limit_ms)) {
        return complain("nobody has connected");
    } else {
        next = net_accept(script.listener, &name);
        if (next == NET_BAD || net_set_nonblocking(next) != 0)
            return complain_of("accept", net_error());
    }
    script.current = &script.talkers[script.opened++];
    *script.current = next;
    return next != NET_BAD;
}

static bool step_use(char **arguments)
{
    long which = number(arguments[0]);
    if (which < 1 || which > script.opened)
        return complain("there is no connection %s", arguments[0]);
    script.current = &script.talkers[which - 1];
    return true;
}

static bool step_send(char **arguments)
{
    return send_text(*script.current, unescape(arguments[0]));
}

static bool step_repeat(char **arguments)
{
    static char bytes[LARGEST];
    long times = number(arguments[0]);
    struct text once = unescape(arguments[1]), all = {bytes, 0};
    if (once.length == 0)
        times = 0;
    else if (times < 0 || (size_t)times > sizeof bytes / once.length)
        return complain("that is more than %d bytes", LARGEST);
    for (; times > 0; times--) {
        memcpy(bytes + all.length, once.bytes, once.length);
        all.length += once.length;
    }
    return send_text(*script.current, all);
}

/* A byte at a time, slowly enough that each arrives alone. */
static bool step_drip(char **arguments)
{
    struct text all = unescape(arguments[0]);
    for (size_t i = 0; i < all.length; i++) {
        struct text one = {all.bytes + i, 1};
        if (!send_text(*script.current, one))
            return false;
        net_sleep(1);
    }
    return true;
}

static bool step_expect(char **arguments)
{
    return expect_text(*script.current, unescape(arguments[0]));
}

static bool step_greeted(char **unused)
{
    (void)unused;
    return expect_greeting(*script.current);
}

static bool step_answered(char **arguments)
{
    char answer[] = ANSWER, newline[] = "\n";
    return expect_string(*script.current, answer) &&
           expect_text(*script.current, unescape(arguments[0])) &&
           expect_string(*script.current, newline);
}

/* Receives until a text has come, and drops what came with it. */
static bool step_until(char **arguments)
{
    static char bytes[2 * CHUNK];
    struct text wanted = unescape(arguments[0]);
    size_t kept = 0; /* the beginning of the text may have come already */
    if (wanted.length == 0 || wanted.length > CHUNK)
        return complain("1 to %d bytes, please", CHUNK);
    for (;;) {
        long got = receive(*script.current, bytes + kept, CHUNK);
        if (got <= 0)
            return got == 0 && complain("end-of-stream too early");
        size_t end = kept + (size_t)got;
        for (size_t at = 0; at + wanted.length <= end; at++)
            if (memcmp(bytes + at, wanted.bytes, wanted.length) == 0)
                return true;
        kept = end < wanted.length - 1 ? end : wanted.length - 1;
        memmove(bytes, bytes + end - kept, kept);
    }
}

/* End-of-stream comes, and nothing before it. */
static bool step_end(char **unused)
{
    char bytes[CHUNK];
    (void)unused;
    long got = receive(*script.current, bytes, sizeof bytes);
    struct text actual = {bytes, got > 0 ? (size_t)got : 0};
    if (got > 0) {
        (void)complain("bytes instead of end-of-stream");
        print_escaped("actual", actual);
    }
    return got == 0;
}

static bool step_recv_all(char **unused)
{
    (void)unused;
    return receive_all(*script.current);
}

/* Neither bytes nor end-of-stream come for so long. */
static bool step_silence(char **arguments)
{
    long ms = number(arguments[0]);
    if (ms < 0)
        return false;
    if (!wait_until(*script.current, NET_READABLE, net_now() + ms))
        return true;
    return complain("there is something to receive");
}

/* The connection is reset, or breaks when sent to. */
static bool step_gone(char **unused)
{
    char bytes[CHUNK];
    (void)unused;
    for (long long end = net_now() + limit_ms; net_now() < end; net_sleep(10)) {
        long got = net_recv(*script.current, bytes, sizeof bytes);
        if (got < 0 && !net_would_block(net_error()))
            return true;
        /* To a peer who has merely half-closed a byte can be sent. */
        if (got == 0 && net_send(*script.current, "x", 1) < 0 &&
            !net_would_block(net_error()))
            return true;
    }
    return complain("still connected after %lld ms", limit_ms);
}

static bool step_shut(char **unused)
{
    (void)unused;
    if (shutdown(*script.current, NET_SHUT_WRITE) != 0)
        return complain_of("shutdown", net_error());
    return true;
}

static bool step_close(char **unused)
{
    (void)unused;
    (void)net_close(*script.current);
    *script.current = NET_BAD;
    return true;
}

/* A reset, which overtakes and destroys what is on its way. */
static bool step_reset(char **unused)
{
    struct linger at_once = {0};
    at_once.l_onoff = 1;
    if (setsockopt(*script.current, SOL_SOCKET, SO_LINGER,
                   (const void *)&at_once, sizeof at_once) != 0)
        return complain_of("setsockopt", net_error());
    return step_close(unused);
}

static bool step_sleep(char **arguments)
{
    long ms = number(arguments[0]);
    if (ms >= 0)
        net_sleep((int)ms);
    return ms >= 0;
}

/* Tells the test how far the script has come. */
static bool step_say(char **arguments)
{
    return fprintf(stderr, "%s\n", arguments[0]) > 0;
}

/* Waits for the test to say go on: a line on standard input, or its end. */
static bool step_wait(char **unused)
{
    char byte = '\0';
    long got = 1;
    (void)unused;
    while (got > 0 && byte != '\n') {
        if (!wait_until(net_input(), NET_READABLE,
                        net_now() + HOLD_LIMITS * limit_ms))
            return complain("no word on standard input");
        got = net_recv(net_input(), &byte, 1);
    }
    return true;
}

/* Sends more of the numbered lines, many at a time, as many bytes as the kernel
 * takes now. Returns false if it fails; then net_error() may be "would block".
 */
static bool send_numbers(void)
{
    enum { LONGEST = 32 };
    while (script.next <= script.last) {
        char lines[CHUNK];
        size_t size = 0, begin = 0; /* of the first line that is not sent yet */
        for (long n = script.next;
             n <= script.last && sizeof lines - size >= LONGEST; n++)
            size += (size_t)snprintf(lines + size, LONGEST, "%ld\n", n);
        long sent =
            net_send(*script.current, lines + script.cut, size - script.cut);
        if (sent < 0)
            return false;
        size_t end = script.cut + (size_t)sent;
        for (size_t i = script.cut; i < end; i++)
            if (lines[i] == '\n') {
                script.next++;
                begin = i + 1;
            }
        script.cut = end - begin;
    }
    return true;
}

/* Sends the lines 1, 2, ... N and reads nothing. Stops when the kernel takes
 * no more; then the last line may be cut. */
static bool step_fill(char **arguments)
{
    script.next = 1;
    script.cut = 0;
    script.last = number(arguments[0]);
    while (!send_numbers()) {
        if (!net_would_block(net_error()))
            return complain_of("send", net_error());
        if (!wait_until(*script.current, NET_WRITABLE, net_now() + STUCK_MS))
            break;
    }
    (void)fprintf(stderr, "filled: %ld lines\n", script.next - 1);
    return script.last >= 0;
}

/* Sends the rest of the line that was cut and those that follow it, but now
 * reads as well; then half-closes and receives until end-of-stream. */
static bool step_drain(char **arguments)
{
    char bytes[CHUNK];
    script.last = number(arguments[0]);
    if (script.cut > 0 && script.last < script.next)
        script.last = script.next;
    while (!send_numbers()) {
        if (!net_would_block(net_error()))
            return complain_of("send", net_error());
        if (receive(*script.current, bytes, sizeof bytes) <= 0)
            return complain("line %ld was not taken", script.next);
    }
    return step_shut(NULL) && receive_all(*script.current);
}

static const struct step {
    const char *name;
    int arguments;
    bool (*play)(char **arguments);
    const char *help;
} steps[] = {
    {"send", 1, step_send, "TEXT: in one piece; knows \\n \\r \\0 \\xNN"},
    {"repeat", 2, step_repeat, "N TEXT: send it N times in one piece"},
    {"drip", 1, step_drip, "TEXT: send it a byte at a time"},
    {"expect", 1, step_expect, "TEXT: exactly this comes"},
    {"greeted", 0, step_greeted, "the greeting comes"},
    {"answered", 1, step_answered, "TEXT: its answer comes"},
    {"until", 1, step_until, "TEXT: receive until it has come"},
    {"end", 0, step_end, "end-of-stream comes, nothing before it"},
    {"recv-all", 0, step_recv_all, "receive until end-of-stream"},
    {"silence", 1, step_silence, "MS: nothing comes for so long"},
    {"gone", 0, step_gone, "reset or closed, some time"},
    {"shut", 0, step_shut, "half-close: nothing more will be sent"},
    {"close", 0, step_close, "close, rudely if something is unread"},
    {"reset", 0, step_reset, "close with a reset"},
    {"sleep", 1, step_sleep, "MS: do nothing"},
    {"say", 1, step_say, "TEXT: on standard error, for the test"},
    {"wait", 0, step_wait, "for a line on standard input, or its end"},
    {"open", 0, step_open, "one more connection, used from now on"},
    {"use", 1, step_use, "N: go back to the Nth connection"},
    {"fill", 1, step_fill, "N: send lines 1 to N, read nothing, until stuck"},
    {"drain", 1, step_drain, "N: the rest to N, half-close, receive all"},
};

enum { STEPS = sizeof steps / sizeof steps[0] };

/* Returns the step of this name, or NULL after a complaint. */
static const struct step *find_step(const char *name)
{
    for (int i = 0; i < STEPS; i++)
        if (strcmp(steps[i].name, name) == 0)
            return &steps[i];
    (void)complain("unknown step '%s', see peer --help", name);
    return NULL;
}

/* Plays a script: one connection is there, then step by step. */
static bool play(char **words, int count)
{
    script.name = "open";
    bool good = step_open(NULL);
    for (int at = 0; good && at < count;) {
        const struct step *step = find_step(words[at]);
        if (step == NULL)
            return false;
        script.step++;
        script.name = step->name;
        if (at + step->arguments >= count)
            return complain("needs %d arguments", step->arguments);
        if (*script.current == NET_BAD && step->play != step_open &&
            step->play != step_use && step->play != step_wait &&
            step->play != step_say)
            return complain("the connection is closed");
        good = step->play(words + at + 1);
        at += 1 + step->arguments;
    }
    for (int i = 0; i < script.opened; i++)
        if (script.talkers[i] != NET_BAD)
            (void)net_close(script.talkers[i]); /* it is over anyway */
    return good;
}

/* -------------------------------------------------------------- behaviours */

static bool talk(char **words, int count)
{
    script.at.address = words[0];
    script.at.port = words[1];
    return play(words + 2, count - 2);
}

static bool serve(char **words, int count)
{
    struct net_endpoint at = {"127.0.0.1", "0"};
    struct net_reason why;
    script.listener = net_listen(&at, &why);
    if (script.listener == NET_BAD)
        return complain("%s", why.text);
    (void)fprintf(stderr, "listening on %s\n",
                  net_local_name(script.listener).text);
    return play(words, count);
}

/* How many of a crowd of at most CROWD; BAD_NUMBER after a complaint. */
static long crowd_size(const char *argument)
{
    long many = number(argument);
    if (many <= CROWD)
        return many;
    (void)complain("more than %d connections", CROWD);
    return BAD_NUMBER;
}

static net_socket members[CROWD];

/* Opens many connections. They are closed when the program ends. */
static bool gather(const struct net_endpoint *at, long many)
{
    for (long i = 0; i < many; i++) {
        members[i] = open_connection(at);
        if (members[i] == NET_BAD)
            return complain("connection %ld of %ld", i + 1, many);
    }
    return many >= 0;
}

/* Many clients at once: all connect, then all are greeted, then all speak,
 * then all are answered. Prints how many milliseconds that took. */
static bool crowd(char **words, int count)
{
    struct net_endpoint at = {words[0], words[1]};
    long many = crowd_size(words[2]);
    long long start = net_now();
    char line[64];
    (void)count;
    bool good = gather(&at, many);
    for (long i = 0; good && i < many; i++)
        good = expect_greeting(members[i]);
    for (long i = 0; good && i < many; i++) {
        (void)snprintf(line, sizeof line, "client %ld\n", i);
        struct text text = {line, strlen(line)};
        good = send_text(members[i], text);
    }
    for (long i = 0; good && i < many; i++) {
        (void)snprintf(line, sizeof line, ANSWER "client %ld\n", i);
        good = expect_string(members[i], line);
    }
    if (good)
        (void)printf("%lld\n", net_now() - start);
    return good;
}

/* Silent connections: each takes the server's first words and says nothing,
 * until standard input ends. */
static bool hold(char **words, int count)
{
    struct net_endpoint at = {words[0], words[1]};
    long many = crowd_size(words[2]), greeted = 0, got = 1;
    char bytes[CHUNK];
    (void)count;
    bool good = gather(&at, many);
    for (long i = 0; good && i < many; i++) {
        got = receive(members[i], bytes, sizeof bytes);
        good = got > 0;
        greeted += good && bytes[0] == GREETING[0];
    }
    if (!good)
        return false;
    (void)fprintf(stderr, "holding: %ld greeted, %ld refused\n", greeted,
                  many - greeted);
    while (got > 0 && wait_until(net_input(), NET_READABLE,
                                 net_now() + HOLD_LIMITS * limit_ms))
        got = net_recv(net_input(), bytes, sizeof bytes);
    return true;
}

/* One after another: connects, is greeted, says hello, half-closes, and gets
 * the reply and nothing else. */
static bool churn(char **words, int count)
{
    struct net_endpoint at = {words[0], words[1]};
    char hello[] = "hello\n";
    long many = number(words[2]);
    struct text reply = unescape(words[3]), line = {hello, strlen(hello)};
    bool good = many >= 0;
    (void)count;
    for (long i = 0; good && i < many; i++) {
        net_socket socket = open_connection(&at);
        if (socket == NET_BAD)
            return complain("connection %ld of %ld", i + 1, many);
        script.current = &socket;
        good = expect_greeting(socket) && send_text(socket, line) &&
               step_shut(NULL) && expect_text(socket, reply) && step_end(NULL);
        (void)net_close(socket); /* all has been received */
    }
    return good;
}

static const struct behaviour {
    const char *name;
    int least; /* how many words must follow */
    bool (*play)(char **words, int count);
    const char *help;
} behaviours[] = {
    {"talk", 2, talk, "HOST PORT STEP...: a client plays a script"},
    {"serve", 0, serve, "STEP...: a server on a free port plays one"},
    {"crowd", 3, crowd, "HOST PORT N: N clients at once; prints the ms"},
    {"hold", 3, hold, "HOST PORT N: N silent ones, until input ends"},
    {"churn", 4, churn, "HOST PORT N REPLY: N times connect, talk, leave"},
};

enum { BEHAVIOURS = sizeof behaviours / sizeof behaviours[0] };

static int print_help(FILE *to)
{
    (void)fprintf(to, "usage: peer BEHAVIOUR ...\n");
    for (int i = 0; i < BEHAVIOURS; i++)
        (void)fprintf(to, "  %-9s %s\n", behaviours[i].name,
                      behaviours[i].help);
    (void)fprintf(to, "steps of a script:\n");
    for (int i = 0; i < STEPS; i++)
        (void)fprintf(to, "  %-9s %s\n", steps[i].name, steps[i].help);
    return to == stdout && fflush(to) == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return print_help(stdout);
    if (net_start() != 0)
        return complain_of("start", net_error()) + 1;
    const char *limit = getenv("LIMIT");
    if (limit != NULL && atol(limit) > 0)
        limit_ms = atol(limit) * 1000LL;
    for (int i = 0; argc > 1 && i < BEHAVIOURS; i++)
        if (strcmp(behaviours[i].name, argv[1]) == 0 &&
            argc - 2 >= behaviours[i].least)
            return behaviours[i].play(argv + 2, argc - 2) ? 0 : 1;
    return print_help(stderr);
}
