/* prompt.h - the keyboard, and what clients print.
 *
 * What is typed is cut into lines like what is received, in a struct lines_in
 * of its own. Read it through net_input() and never with fgets: stdio may read
 * several lines at a time, and select knows nothing of those in stdio's buffer.
 */
#ifndef PROMPT_H
#define PROMPT_H

#include "talk.h"

/* Says that net_can_select() was false. Returns a program's exit status, 1. */
static inline int prompt_cannot_select(const char *program)
{
    fprintf(stderr,
            "%s: select cannot watch this socket: too many are open already\n",
            program);
    return 1;
}

/* Takes the next typed line, as lines_next does. A line that is too long for
 * the protocol is refused with a message, and the next one is taken. Never
 * returns LINE_TOO_LONG. */
static inline enum line_result
prompt_next(struct lines_in *keyboard, const char *program, struct line *line)
{
    enum line_result got;
    while ((got = lines_next(keyboard, line)) == LINE_TOO_LONG)
        fprintf(stderr, "%s: " TOO_LONG ", not sent\n", program);
    return got;
}

/* Reads what was typed, once; to be called after LINE_PARTIAL. Returns 1 if
 * something was read or the input has ended. Returns 0 if nothing is there,
 * which happens when another program has made standard input non-blocking.
 * If it cannot be read, says why and returns -1; that counts as its end. */
static inline int prompt_read(struct lines_in *keyboard, const char *program)
{
    char typed[LINES_CHUNK];
    long got = net_recv(net_input(), typed, sizeof typed);
    if (got < 0 && net_would_block(net_error()))
        return 0;
    if (got < 0)
        fprintf(stderr, "%s: cannot read standard input: %s\n", program,
                net_error_text(net_error()).text);
    lines_put(keyboard, typed, got > 0 ? (size_t)got : 0);
    return got < 0 ? -1 : 1;
}

/* The same, but waits until something is there. Returns false if the input
 * cannot be read. */
static inline bool prompt_wait(struct lines_in *keyboard, const char *program)
{
    int got;
    while ((got = prompt_read(keyboard, program)) == 0)
        (void)net_wait(net_input(), NET_READABLE, -1); /* prompt_read tells */
    return got > 0;
}

/* Prints the question for the next message, but only to a person. Returns
 * whether it did. */
static inline bool prompt_print(void)
{
    if (!net_input_is_terminal())
        return false;
    printf("message> ");
    return true;
}

/* Asks for the next message and waits for it. Returns -1 with the message in
 * *line, otherwise the exit status of a client that has nothing more to say:
 * 0 at the end of its input, 1 if that cannot be read. */
static inline int prompt_ask(struct lines_in *keyboard, struct line *line)
{
    enum line_result got;
    bool readable = true;
    prompt_print();
    while ((got = prompt_next(keyboard, "client", line)) == LINE_PARTIAL) {
        fflush(stdout); /* a failure is reported by print_end */
        readable = prompt_wait(keyboard, "client");
    }
    if (got == LINE_READY)
        return -1;
    if (net_input_is_terminal())
        putchar('\n'); /* the line with the prompt has no end yet */
    return readable ? 0 : 1;
}

/* Prints a line that the server sent. */
static inline void print_line(struct line line)
{
    char shown[SHOWN_SIZE];
    line_show(line, shown, sizeof shown);
    printf("server: %s\n", shown);
}

/* Prints on standard error that the connection has failed, or, with what
 * lines_next has returned, why no line will come. Return a client's exit
 * status, 1. */
static inline int print_failed(void)
{
    struct net_reason why = net_error_text(net_error());
    fflush(stdout); /* what was printed before comes first */
    return net_fail("client", why);
}

static inline int print_no_line(enum line_result got)
{
    fflush(stdout); /* what was printed before comes first */
    fprintf(stderr, "client: %s\n",
            got == LINE_TOO_LONG ? "the server sent a line that is too long"
                                 : "server closed the connection");
    return 1;
}

/* Ends a client's output. Returns status, or 1 with a message if something
 * that was printed could not be written. */
static inline int print_end(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "client: cannot write to standard output\n");
    return 1;
}

#endif
