/* talk.h - the protocol's texts, a conversation without its socket, and the
 * servers' log: what a line means is the same in all chapters.
 */
#ifndef TALK_H
#define TALK_H

#include "net.h"

#include "lines.h"

#define GREETING "Connect succeed. Please send a message to me\n"
#define ANSWER "Message received - "
#define TOO_LONG "line longer than 1024 bytes"
#define SERVER_FULL "server is full"

enum {
    ANSWER_LIMIT = sizeof ANSWER - 1 + LINE_LIMIT, /* the longest, without \n */
    /* What must fit before a line is taken: its answer, and in chapter 05 a
     * line that comes from the operator. */
    TALK_ROOM = ANSWER_LIMIT + 1 + LINE_LIMIT + 1,
    /* Any answer as text: each byte may become "\xNN". */
    SHOWN_SIZE = 4 * ANSWER_LIMIT + 1,
    /* A line of the log with its \n. A write of so many bytes stays whole on
     * every POSIX system, although others write to the same pipe (pipe(7)). */
    LOG_LINE_SIZE = 512,
    LOG_TIME_SIZE = sizeof "2026-11-21 10:20:30 ",
};

/* --------------------------------------------------------------- the log */

/* Writes a line as a text that is safe to print. What could steer a terminal,
 * bytes below 0x20, 0x7f, and U+0080 to U+009F (in UTF-8 C2 80 to C2 9F, alone
 * 80 to 9F), becomes \xNN. If `size` bytes, at least 40, are not enough, it is
 * cut between two characters: "TEXT... (1024 bytes)". */
static inline void line_show(struct line line, char *text, size_t size)
{
    size_t used = 0, cut = 0; /* bytes of text; where it may be cut */
    int due = 0;              /* bytes of a UTF-8 character still to come */
    bool hidden = false;      /* the character is a control character */
    char tail[40];
    size_t tail_length = (size_t)snprintf(tail, sizeof tail, "... (%u bytes)",
                                          (unsigned)line.length);
    for (size_t i = 0; i < line.length; i++) {
        unsigned char byte = (unsigned char)line.bytes[i];
        if (byte >= ' ' && byte <= '~' && used + tail_length < size) {
            due = 0; /* the usual byte, and there is room */
            cut = used;
            text[used++] = (char)byte;
            continue;
        }
        bool part = due > 0 && (byte & 0xc0) == 0x80;
        if (!part)
            hidden = byte < 0x20 || byte == 0x7f || (byte & 0xe0) == 0x80 ||
                     (byte == 0xc2 && i + 1 < line.length &&
                      ((unsigned char)line.bytes[i + 1] & 0xe0) == 0x80);
        int begun = (byte > 0xc1) + (byte > 0xdf) + (byte > 0xef);
        due = part ? due - 1 : byte > 0xf4 ? 0 : begun;
        if (!part && used + tail_length < size)
            cut = used;
        if (used + (hidden ? 4 : 1) >= size) {
            snprintf(text + cut, size - cut, "%s", tail);
            return;
        }
        if (hidden)
            used += (size_t)snprintf(text + used, 5, "\\x%02x", byte);
        else
            text[used++] = (char)byte;
    }
    text[used] = '\0';
}

/* Usually lines wait in stdout's buffer until the server is about to wait, so
 * that many leave in one write. Threads (chapter 03) would wait for the lock of
 * that buffer: with true, set before there are any, each line is one write. */
static bool log_at_once;

/* Begins a line of the log, LOG_LINE_SIZE bytes, with date and time. Returns
 * its length. The text is made once a second: that is a third of the work. */
static inline size_t log_begin(char *text)
{
    static _Thread_local char shown[LOG_TIME_SIZE];
    static _Thread_local time_t shown_time;
    time_t now = time(NULL);
    struct tm local;
    if (now != shown_time && net_local_time(now, &local)) {
        strftime(shown, sizeof shown, "%Y-%m-%d %H:%M:%S ", &local);
        shown_time = now;
    }
    memcpy(text, shown, sizeof shown);
    return strlen(shown);
}

/* Prints a line of the log. The server goes on if it cannot be written. */
static inline void log_end(char *text, size_t length)
{
    text[length++] = '\n';
    if (log_at_once)
        (void)net_print(text, length); /* see above */
    else
        fwrite(text, 1, length, stdout);
}

/* Logs what the format makes of its arguments (printf(3)), cut if need be. */
NET_PRINTF(1, 2) static inline void log_event(const char *format, ...)
{
    char text[LOG_LINE_SIZE];
    size_t length = log_begin(text), room = sizeof text - length;
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(text + length, room, format, arguments);
    va_end(arguments);
    if (more > 0)
        length += (size_t)more < room ? (size_t)more : room - 1;
    log_end(text, length);
}

/* Log what a client says, and lost connections. */
static inline void log_says(struct net_name name, struct line line)
{
    char text[LOG_LINE_SIZE];
    size_t length = log_begin(text);
    snprintf(text + length, NET_NAME_SIZE + 8, "%s says: ", name.text);
    length = strlen(text);
    if (length < LOG_LINE_SIZE / 2) /* always: a name is short */
        line_show(line, text + length, sizeof text - length);
    log_end(text, strlen(text));
}

static inline void log_lost(struct net_name name, int code)
{
    log_event("%s lost: %s", name.text, net_error_text(code).text);
}

/* To be called with what accept has returned. Returns true if it failed, and
 * not because nobody waits. It logs why; of a row of failures only the first,
 * since without descriptors every try fails. For one thread. */
static inline bool log_accept(net_socket accepted)
{
    static bool failing;
    int code = accepted == NET_BAD ? net_error() : 0;
    bool failed = code != 0 && !net_would_block(code);
    if (failed && !failing)
        log_event("cannot accept: %s", net_error_text(code).text);
    failing = failed;
    return failed;
}

/* ------------------------------------------------------- the conversation */

/* A conversation of chapters 03, 04 and 05, without its socket. */
struct talk {
    struct net_name name; /* the client's address */
    bool over;            /* the last word is in out: no more is taken */
    struct lines_out out; /* answered, not yet sent */
    struct lines_in in;   /* received, not yet answered */
};

/* Begins a talk in which only the name is set and all else is zero. The first
 * thing to send is the greeting. */
static inline void talk_start(struct talk *talk)
{
    log_event("%s connected", talk->name.text);
    talk->in.limit = LINE_LIMIT;
    lines_add_text(&talk->out, GREETING);
}

/* Ends it: logs how, and adds a last word for the client. */
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
    if (!talk->over) /* otherwise its end is in the log already */
        log_lost(talk->name, code);
    talk->over = true;
}

/* Takes the lines that are whole and adds their answers, as long as there is
 * room; to be called when all is sent. Returns how many lines it took, or -1 if
 * none is whole and the talk goes on: then more must be received. */
static inline int talk_answer(struct talk *talk)
{
    int taken = 0;
    struct line line;
    while (!talk->over && lines_room(&talk->out) >= TALK_ROOM) {
        switch (lines_next(&talk->in, &line)) {
        case LINE_PARTIAL:
            return taken > 0 ? taken : -1;
        case LINE_READY:
            taken++;
            log_says(talk->name, line);
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
        }
    }
    return taken;
}

/* Sends a newcomer away for whom there is no room. Closes the socket. */
static inline void talk_refuse(net_socket sock, struct net_name name)
{
    log_event("%s refused: " SERVER_FULL, name.text);
    net_dismiss(sock, "error: " SERVER_FULL "\n");
}

#endif
