/* earlier-headers.h - the names that common/ had when some students began their
 * labs.
 *
 * lab.sh puts this file in front of a submission that uses them, so that it
 * compiles and behaves as it did. Nobody else includes it, and nothing new is
 * added. What is not here has its earlier name still. Contracts are as they
 * were: `git log -p common/net.h common/lines.h`.
 */
#ifndef EARLIER_H
#define EARLIER_H

#include "../../common/net.h"
#include "../../common/args.h"
#include "../../common/lines.h"
#include "../lib/net_more.h"

#include <stdint.h>

/* ------------------------------------------------------------------- net.h */

#define NET_SHUT_BOTH SHUT_RDWR
#define NET_THREAD_CALL
#define net_server_setup args_server

typedef void *net_thread_result;

static inline int earlier_thread(net_thread_result (*run)(void *),
                                 void *argument, size_t stack)
{
    pthread_t thread;
    pthread_attr_t how;
    int code = pthread_attr_init(&how);
    if (code != 0)
        return code;
    code = pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
    if (code == 0 && stack > 0)
        code = pthread_attr_setstacksize(&how, stack);
    if (code == 0)
        code = pthread_create(&thread, &how, run, argument);
    (void)pthread_attr_destroy(&how); /* the thread has its own copy */
    return code;
}
#define net_thread earlier_thread

static inline int net_watch(int nfds, net_socket sock, fd_set *set)
{
    FD_SET(sock, set);
    return net_nfds(nfds, sock);
}

static inline struct timeval net_timeval(long long ms)
{
    struct timeval time;
    time.tv_sec = (time_t)(ms / 1000);
    time.tv_usec = (suseconds_t)(ms % 1000 * 1000);
    return time;
}

static inline int net_send_all(net_socket sock, const char *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        long sent = net_send(sock, bytes + done, size - done);
        if (sent < 0)
            return -1;
        done += (size_t)sent;
    }
    return 0;
}

struct net_finish {
    long long deadline;
    size_t discarded;
};

static inline void net_finish_start(struct net_finish *f, net_socket sock)
{
    (void)shutdown(sock, NET_SHUT_WRITE); /* net_finish_done sees a failure */
    f->deadline = net_now() + NET_FINISH_MS;
    f->discarded = 0;
}

static inline bool net_finish_done(struct net_finish *f, net_socket sock)
{
    return net_now() >= f->deadline || net_discard(sock, &f->discarded);
}

/* ----------------------------------------------------------------- lines.h */

/* The conversation had two fields more, so talk.h's own gets another name. */
#define talk talk_now
#define talk_start talk_now_start
#define talk_end talk_now_end
#define talk_lost talk_now_lost
#define talk_answer talk_now_answer
#include "../../common/talk.h"
#undef talk
#undef talk_start
#undef talk_end
#undef talk_lost
#undef talk_answer

enum {
    LINES_ANSWER_SIZE = ANSWER_LIMIT + 1,
    LINES_PLAIN_SIZE = LINE_LIMIT + 1,
    LINES_SHOWN_SIZE = SHOWN_SIZE,
    TALK_FULL_MS = 2000,
};

#define LINE_FAILED ((enum line_result)(LINE_END + 1))
#define log_unbuffered log_at_once
#define line_show(line, shown) line_show(line, shown, LINES_SHOWN_SIZE)
#define serve_refuse talk_refuse

static inline int lines_receive(struct lines_in *in, net_socket sock)
{
    char bytes[LINES_CHUNK];
    long got = net_recv(sock, bytes, sizeof bytes);
    if (got < 0)
        return -1;
    lines_put(in, bytes, (size_t)got);
    return 0;
}

static inline enum line_result lines_wait(struct lines_in *in, net_socket sock,
                                          struct line *line)
{
    enum line_result got;
    while ((got = lines_next(in, line)) == LINE_PARTIAL) {
        (void)fflush(stdout); /* a lost log does not stop the server */
        if (lines_receive(in, sock) != 0)
            return LINE_FAILED;
    }
    return got;
}

static inline enum line_result
lines_typed(struct lines_in *keyboard, const char *program, struct line *line)
{
    enum line_result got;
    while ((got = lines_next(keyboard, line)) == LINE_TOO_LONG)
        fprintf(stderr, "%s: " TOO_LONG ", not sent\n", program);
    return got;
}

static inline size_t lines_unsent(const struct lines_out *out)
{
    return out->size;
}

static inline int lines_send(struct lines_out *out, net_socket sock)
{
    while (out->size > 0) {
        long sent = net_send(sock, out->bytes, out->size);
        if (sent < 0)
            return net_would_block(net_error()) ? 0 : -1;
        lines_drop(out, (size_t)sent);
    }
    return 0;
}

static inline int serve_accept(net_socket listener, net_socket *sock,
                               struct net_name *name)
{
    *sock = net_accept(listener, name);
    int code = *sock == NET_BAD ? net_error() : 0;
    log_accept(*sock);
    return code;
}

struct talk {
    struct net_name name;
    bool over;
    unsigned messages;
    long long full_since;
    struct lines_in in;
    struct lines_out out;
};

static inline void talk_start(struct talk *talk)
{
    log_event("%s connected", talk->name.text);
    talk->in.limit = LINE_LIMIT;
    lines_add_text(&talk->out, GREETING);
}

static inline void talk_end(struct talk *talk, const char *how,
                            const char *word)
{
    log_event("%s %s", talk->name.text, how);
    lines_add_text(&talk->out, word);
    talk->over = true;
}

static inline void talk_lost(struct talk *talk, int code)
{
    if (!talk->over)
        log_lost(talk->name, code);
    talk->over = true;
}

static inline bool talk_has_room(const struct talk *talk)
{
    return talk->over || lines_room(&talk->out) >= LINES_PLAIN_SIZE;
}

static inline bool talk_stuck(struct talk *talk)
{
    if (talk_has_room(talk))
        talk->full_since = 0;
    else if (talk->full_since == 0)
        talk->full_since = net_now();
    return talk->full_since > 0 && net_now() - talk->full_since >= TALK_FULL_MS;
}

static inline bool talk_answer(struct talk *talk)
{
    struct line line;
    while (!talk->over && lines_room(&talk->out) >= TALK_ROOM) {
        switch (lines_next(&talk->in, &line)) {
        case LINE_PARTIAL:
            return talk->out.size > 0;
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
        }
    }
    return true;
}

#endif
