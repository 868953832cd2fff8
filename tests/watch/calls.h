/* calls.h - the system calls in which a server can wait, by what a reader calls
 * them. Each processor's Linux numbers them in its own way, and none has all
 * of them: therefore the #ifdefs, which stand nowhere else.
 */
#ifndef CALLS_H
#define CALLS_H

#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

enum kind {
    GONE, /* the thread has ended */
    WORK, /* it runs, or would like to */
    ACCEPT,
    RECV,
    SEND,
    KEYBOARD,
    LOGGING,
    SELECT,
    NAP,
    LOCK,
    OTHER,
    KINDS,
};

/* Its name in records and tables, and its letter in a lane of the live view. */
static const struct {
    const char *name;
    char letter;
    const char *colour; /* an escape sequence's number */
} kinds[KINDS] = {
    [GONE] = {"end", ' ', "0"},       [WORK] = {"work", '*', "1"},
    [ACCEPT] = {"accept", 'a', "36"}, [RECV] = {"recv", 'r', "32"},
    [SEND] = {"send", '>', "31"},     [KEYBOARD] = {"keyboard", 'k', "35"},
    [LOGGING] = {"log", 'w', "31"},   [SELECT] = {"select", 'S', "34"},
    [NAP] = {"nap", 'z', "33"},       [LOCK] = {"lock", 'x', "31"},
    [OTHER] = {"other", '?', "0"},
};

/* What read and write do depends on the descriptor: settled later. */
enum { READ = KINDS, WRITE };

static const struct call {
    long number;
    int kind;
    const char *name;
    int has_descriptor; /* as its first argument */
} calls[] = {
#ifdef SYS_accept
    {SYS_accept, ACCEPT, "accept", 1},
#endif
#ifdef SYS_accept4
    {SYS_accept4, ACCEPT, "accept", 1},
#endif
#ifdef SYS_recv
    {SYS_recv, RECV, "recv", 1},
#endif
#ifdef SYS_recvfrom
    {SYS_recvfrom, RECV, "recv", 1},
#endif
#ifdef SYS_recvmsg
    {SYS_recvmsg, RECV, "recv", 1},
#endif
#ifdef SYS_send
    {SYS_send, SEND, "send", 1},
#endif
#ifdef SYS_sendto
    {SYS_sendto, SEND, "send", 1},
#endif
#ifdef SYS_sendmsg
    {SYS_sendmsg, SEND, "send", 1},
#endif
#ifdef SYS_select
    {SYS_select, SELECT, "select", 0},
#endif
#ifdef SYS__newselect
    {SYS__newselect, SELECT, "select", 0},
#endif
#ifdef SYS_pselect6
    {SYS_pselect6, SELECT, "select", 0},
#endif
#ifdef SYS_pselect6_time64
    {SYS_pselect6_time64, SELECT, "select", 0},
#endif
#ifdef SYS_poll
    {SYS_poll, SELECT, "poll", 0},
#endif
#ifdef SYS_ppoll
    {SYS_ppoll, SELECT, "poll", 0},
#endif
#ifdef SYS_ppoll_time64
    {SYS_ppoll_time64, SELECT, "poll", 0},
#endif
#ifdef SYS_epoll_wait
    {SYS_epoll_wait, SELECT, "epoll_wait", 0},
#endif
#ifdef SYS_epoll_pwait
    {SYS_epoll_pwait, SELECT, "epoll_wait", 0},
#endif
#ifdef SYS_nanosleep
    {SYS_nanosleep, NAP, "nap", 0},
#endif
#ifdef SYS_clock_nanosleep
    {SYS_clock_nanosleep, NAP, "nap", 0},
#endif
#ifdef SYS_clock_nanosleep_time64
    {SYS_clock_nanosleep_time64, NAP, "nap", 0},
#endif
#ifdef SYS_futex
    {SYS_futex, LOCK, "lock", 0},
#endif
#ifdef SYS_futex_time64
    {SYS_futex_time64, LOCK, "lock", 0},
#endif
#ifdef SYS_sched_yield
    {SYS_sched_yield, WORK, "work", 0},
#endif
    {SYS_read, READ, "read", 1},
    {SYS_readv, READ, "read", 1},
    {SYS_write, WRITE, "write", 1},
    {SYS_writev, WRITE, "write", 1},
};

/* Returns the call of this number, or NULL. */
static inline const struct call *call_of(long number)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (calls[i].number == number)
            return &calls[i];
    return NULL;
}

/* Returns the kind of this name, or OTHER. */
static inline enum kind kind_of(const char *name)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (strcmp(kinds[kind].name, name) == 0)
            return (enum kind)kind;
    return OTHER;
}

#endif
