/* lines.h - the protocol: a byte stream cut into lines, answers waiting to be
 * sent, and what the programs print of both.
 *
 * TCP carries bytes, not messages: what one send took may come in pieces, and
 * two sends may come as one. So received bytes are kept until a line is whole,
 * one buffer per connection; the same code serves a socket that waits and one
 * that does not.
 */
#ifndef LINES_H
#define LINES_H

#include "net.h"

#include <stdarg.h>

#define GREETING "Connect succeed. Please send a message to me\n"
#define ANSWER "Message received - "
#define TOO_LONG "line longer than 1024 bytes"
#define SERVER_FULL "server is full"

enum {
    LINE_LIMIT = 1024, /* bytes in a line, its end not counted */

    /* Received bytes: at least a line of 1024 and "\r\n". More saves calls
     * when many short lines come at once. */
    LINES_IN_SIZE = 2048,

    /* The longest answer, with its \n, and a line as it is, with its own. */
    LINES_ANSWER_SIZE = sizeof ANSWER - 1 + LINE_LIMIT + 1,
    LINES_PLAIN_SIZE = LINE_LIMIT + 1,

    /* Waiting bytes: room for both, and more to save calls as above. */
    LINES_OUT_SIZE = 4096,

    TALK_FULL_MS = 2000, /* see talk_stuck */

    /* An answer as it is shown: each byte may become "\xNN". */
    LINES_SHOWN_SIZE = 4 * LINES_ANSWER_SIZE + 1,
};

/* -------------------------------------------------------- bytes into lines */

/* A message: bytes, NUL among them, without the line's end. They stand in the
 * buffer, and are gone with the next lines_receive. */
struct line {
    const char *bytes;
    size_t length;
};

enum line_result {
    LINE_PARTIAL,  /* not whole yet: receive more */
    LINE_READY,    /* here it is */
    LINE_TOO_LONG, /* over the limit; asked again, it is skipped */
    LINE_END,      /* end-of-stream, and nothing is left */
    LINE_FAILED,   /* net_error() says why */
};

/* Received, not yet taken. {.limit = LINE_LIMIT} is an empty one. */
struct lines_in {
    size_t limit;   /* bytes in a line: LINE_LIMIT, or LINES_ANSWER_SIZE */
    size_t start;   /* the first byte that is not yet taken */
    size_t scanned; /* up to here there is no \n after start */
    size_t end;     /* behind the last byte */
    bool skipping;  /* inside a line that is too long */
    bool ended;     /* the peer's end-of-stream has come */
    char bytes[LINES_IN_SIZE];
};

/* Receives once, from a socket or from net_input(). Returns 0, or -1 on
 * failure: on a non-blocking socket that may be net_would_block. To be called
 * only after lines_next said LINE_PARTIAL, when there is room. */
static inline int lines_receive(struct lines_in *in, net_socket socket)
{
    if (in->start > 0) {
        memmove(in->bytes, in->bytes + in->start, in->end - in->start);
        in->scanned -= in->start;
        in->end -= in->start;
        in->start = 0;
    }
    long got = net_recv(socket, in->bytes + in->end, LINES_IN_SIZE - in->end);
    if (got < 0)
        return -1;
    in->end += (size_t)got;
    in->ended = got == 0;
    return 0;
}

/* Takes the next line out of the buffer, without its "\n" or "\r\n". The last
 * one before end-of-stream may lack its end; then a \r is part of it. Returns
 * what there is; only LINE_READY fills in *line. */
static inline enum line_result lines_next(struct lines_in *in,
                                          struct line *line)
{
    for (;;) {
        const char *first = in->bytes + in->start;
        const char *found =
            memchr(in->bytes + in->scanned, '\n', in->end - in->scanned);
        size_t length =
            found != NULL ? (size_t)(found - first) : in->end - in->start;
        in->scanned = in->end;
        if (found == NULL && !in->ended) {
            /* A \r may yet turn out to be half of the line's end. */
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
        if (in->skipping) { /* that was the rest of it */
            in->skipping = false;
            continue;
        }
        if (found != NULL && length > 0 && first[length - 1] == '\r')
            length--;
        if (length > in->limit)
            return LINE_TOO_LONG;
        line->bytes = first;
        line->length = length;
        return LINE_READY;
    }
}

/* Takes the next line, and waits for it where a call on `socket` waits. All
 * that was printed leaves the program before that. Never LINE_PARTIAL. */
static inline enum line_result lines_wait(struct lines_in *in,
                                          net_socket socket, struct line *line)
{
    enum line_result got;
    while ((got = lines_next(in, line)) == LINE_PARTIAL) {
        (void)fflush(stdout); /* a lost log is no reason to stop */
        if (lines_receive(in, socket) != 0)
            return LINE_FAILED;
    }
    return got;
}

/* Takes the next line that was typed, as lines_next does. What is too long to
 * be sent is refused. Never LINE_TOO_LONG. */
static inline enum line_result
lines_typed(struct lines_in *keyboard, const char *program, struct line *line)
{
    enum line_result got;
    while ((got = lines_next(keyboard, line)) == LINE_TOO_LONG)
        (void)fprintf(stderr, "%s: " TOO_LONG ", not sent\n", program);
    return got;
}

/* True if the line is this word and nothing else. */
static inline bool line_is(struct line line, const char *word)
{
    return line.length == strlen(word) &&
           memcmp(line.bytes, word, line.length) == 0;
}

/* ----------------------------------------------------- answers to be sent */

/* Waiting to be sent. {0} is an empty one. */
struct lines_out {
    size_t start; /* the first byte that is not yet sent */
    size_t end;   /* behind the last byte */
    char bytes[LINES_OUT_SIZE];
};

/* How many bytes can be added, and how many wait. */
static inline size_t lines_room(const struct lines_out *out)
{
    return LINES_OUT_SIZE - (out->end - out->start);
}

static inline size_t lines_unsent(const struct lines_out *out)
{
    return out->end - out->start;
}

/* Adds bytes to what waits. The caller has looked at lines_room: what does not
 * fit would be lost. */
static inline void lines_add(struct lines_out *out, const char *bytes,
                             size_t size)
{
    if (LINES_OUT_SIZE - out->end < size) {
        memmove(out->bytes, out->bytes + out->start, lines_unsent(out));
        out->end -= out->start;
        out->start = 0;
    }
    memcpy(out->bytes + out->end, bytes, size);
    out->end += size;
}

/* Adds a text, or "PREFIXLINE\n". */
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

/* Sends what waits: all of it on a socket that waits, otherwise as much as the
 * kernel takes now; lines_unsent tells what is left. Returns 0 or -1. */
static inline int lines_send(struct lines_out *out, net_socket socket)
{
    while (lines_unsent(out) > 0) {
        long sent =
            net_send(socket, out->bytes + out->start, lines_unsent(out));
        if (sent < 0)
            return net_would_block(net_error()) ? 0 : -1;
        out->start += (size_t)sent;
    }
    out->start = 0;
    out->end = 0;
    return 0;
}

/* -------------------------------------------------- what programs print */

/* Writes a line to `shown` (LINES_SHOWN_SIZE bytes) as a text that is safe to
 * print: a peer's control bytes could move the cursor, set colours or worse.
 * Those below 0x20, 0x7f and U+0080 to U+009F (C2 80 to C2 9F) become \xNN. */
static inline void line_show(struct line line, char *shown)
{
    bool second = false; /* of the two bytes of U+0080 to U+009F */
    for (size_t i = 0; i < line.length; i++) {
        unsigned char byte = (unsigned char)line.bytes[i];
        bool first = byte == 0xc2 && i + 1 < line.length &&
                     ((unsigned char)line.bytes[i + 1] & 0xe0) == 0x80;
        if (byte < 0x20 || byte == 0x7f || first || second)
            shown += snprintf(shown, 5, "\\x%02x", byte);
        else
            *shown++ = (char)byte;
        second = first;
    }
    *shown = '\0';
}

/* How the log leaves the program. Usually it waits in stdout's buffer until
 * the server is about to wait itself: one write for many lines. Threads would
 * queue for that buffer, behind whoever is writing it out; true sends each
 * line on its way at once (03). Set before there are threads. */
static bool log_unbuffered;

/* Prints a line of the server's log: date and time, then what the format
 * makes, written in one piece so that threads do not mix theirs up. */
static inline void log_event(const char *format, ...)
{
    char text[LINES_SHOWN_SIZE + 128]; /* a line, a name and a time */
    struct tm now;
    size_t length = 0;
    if (net_local_time(time(NULL), &now))
        length = strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S ", &now);
    va_list arguments;
    va_start(arguments, format);
    int more =
        vsnprintf(text + length, sizeof text - length - 1, format, arguments);
    va_end(arguments);
    if (more > 0)
        length += (size_t)more < sizeof text - length - 1
                      ? (size_t)more
                      : sizeof text - length - 2;
    text[length++] = '\n';
    if (log_unbuffered)
        (void)net_print(text, length); /* a lost log is no reason to stop */
    else
        (void)fwrite(text, 1, length, stdout); /* nor is it here */
}

static inline void log_says(struct net_name name, struct line line)
{
    char shown[LINES_SHOWN_SIZE];
    line_show(line, shown);
    log_event("%s says: %s", name.text, shown);
}

static inline void log_lost(struct net_name name, int code)
{
    log_event("%s lost: %s", name.text, net_error_text(code).text);
}

/* Prints a line that a client received. */
static inline void print_server_line(struct line line)
{
    char shown[LINES_SHOWN_SIZE];
    line_show(line, shown);
    (void)printf("server: %s\n", shown); /* print_end looks at it */
}

/* Prints why the server sends no more: what lines_next said of it, and behind
 * LINE_FAILED net_error(). Returns a client's exit status, 1. */
static inline int print_lost(enum line_result got)
{
    const char *what = "server closed the connection";
    struct net_reason failed = net_error_text(net_error());
    if (got == LINE_FAILED)
        what = failed.text;
    if (got == LINE_TOO_LONG)
        what = "the server sent a line that is too long";
    (void)fflush(stdout); /* first what came before */
    (void)fprintf(stderr, "client: %s\n", what);
    return 1;
}

/* Prints the question for the next message, to people only. Returns whether
 * it did. */
static inline bool print_prompt(void)
{
    if (!net_input_is_terminal())
        return false;
    (void)printf("message> ");
    return true;
}

/* Asks for the next message and waits for it. Returns false if none is to
 * come any more. */
static inline bool print_ask(struct lines_in *keyboard, struct line *line)
{
    enum line_result got;
    (void)print_prompt();
    while ((got = lines_typed(keyboard, "client", line)) == LINE_PARTIAL) {
        (void)fflush(stdout); /* print_end looks at it */
        if (lines_receive(keyboard, net_input()) != 0)
            return false;
    }
    if (got != LINE_READY && net_input_is_terminal())
        (void)putchar('\n'); /* the prompt's line has no end yet */
    return got == LINE_READY;
}

/* Ends a client's output. Returns status, or 1 with a message if something
 * that was printed did not arrive. */
static inline int print_end(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    (void)fprintf(stderr, "client: cannot write to standard output\n");
    return 1;
}

/* ------------------------------------------- what every server does alike */

/* Takes the next connection out of the listener's queue, as net_accept does,
 * into *socket, which is the caller's, and *name. Returns 0, or the error's
 * code; the log tells of a row of failures once. For one thread. */
static inline int serve_accept(net_socket listener, net_socket *socket,
                               struct net_name *name)
{
    static bool failing;
    *socket = net_accept(listener, name);
    int code = *socket == NET_BAD ? net_error() : 0;
    bool failed = code != 0 && !net_would_block(code);
    if (failed && !failing)
        log_event("cannot accept: %s", net_error_text(code).text);
    failing = failed;
    return code;
}

/* Sends a newcomer away for whom there is no room. Closes the socket. */
static inline void serve_refuse(net_socket socket, struct net_name name)
{
    log_event("%s refused: " SERVER_FULL, name.text);
    net_dismiss(socket, "error: " SERVER_FULL "\n");
}

/* A conversation of chapters 03, 04 and 05, without its socket. */
struct talk {
    struct net_name name; /* the client's address */
    bool over;            /* the last word is in out, no more is taken */
    unsigned messages;    /* taken so far */
    long long full_since; /* no room for a line of the operator's (05), or 0 */
    struct lines_in in;   /* received, not yet answered */
    struct lines_out out; /* answered, not yet sent */
};

/* Begins a talk of which only the name is set, the rest is zero: the first
 * thing to send is a greeting. */
static inline void talk_start(struct talk *talk)
{
    log_event("%s connected", talk->name.text);
    talk->in.limit = LINE_LIMIT;
    lines_add_text(&talk->out, GREETING);
}

/* Ends it: what the log says, and a last word for the client. */
static inline void talk_end(struct talk *talk, const char *how,
                            const char *word)
{
    log_event("%s %s", talk->name.text, how);
    lines_add_text(&talk->out, word);
    talk->over = true;
}

/* Ends it without a word: the connection failed with this error. */
static inline void talk_lost(struct talk *talk, int code)
{
    if (!talk->over) /* else its end is in the log already */
        log_lost(talk->name, code);
    talk->over = true;
}

/* True if a line that the client did not ask for can be added (05). */
static inline bool talk_has_room(const struct talk *talk)
{
    return talk->over || lines_room(&talk->out) >= LINES_PLAIN_SIZE;
}

/* Asked now and then, true once there was no such room for TALK_FULL_MS: the
 * client does not read, and holds up whoever has a line for everyone. */
static inline bool talk_stuck(struct talk *talk)
{
    if (talk_has_room(talk))
        talk->full_since = 0;
    else if (talk->full_since == 0)
        talk->full_since = net_now();
    return talk->full_since > 0 && net_now() - talk->full_since >= TALK_FULL_MS;
}

/* Takes up lines that are whole, as long as their answers fit and leave room
 * for one line that the client did not ask for. Returns true if there is
 * something to send or the talk is over, false if more must be received. */
static inline bool talk_answer(struct talk *talk)
{
    struct line line;
    while (!talk->over &&
           lines_room(&talk->out) >= LINES_ANSWER_SIZE + LINES_PLAIN_SIZE) {
        switch (lines_next(&talk->in, &line)) {
        case LINE_READY:
            log_says(talk->name, line);
            talk->messages++;
            if (line_is(line, "quit"))
                talk_end(talk, "left", "quit\n");
            else
                lines_add_line(&talk->out, ANSWER, line);
            break;
        case LINE_TOO_LONG:
            talk_end(talk, "lost: " TOO_LONG, "error: " TOO_LONG "\n");
            break;
        case LINE_END:
            talk_end(talk, "left", "");
            break;
        default:
            return lines_unsent(&talk->out) > 0;
        }
    }
    return true;
}

#endif
