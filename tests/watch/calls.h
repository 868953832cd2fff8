/* calls.h - the system calls in which a server can wait, by what a reader calls
 * them. Each processor's Linux numbers them in its own way, and none has all
 * of them: therefore the #ifdefs, which stand nowhere else.
 */
#ifndef CALLS_H
#define CALLS_H

#include "kinds.h"

#include <stddef.h>
#include <sys/syscall.h>

/* What read and write do depends on the descriptor: settled later. */
enum { READ = KINDS, WRITE };

static const struct call {
    long number;
    const char *name;
    int kind;
    int has_descriptor; /* as its first argument */
} calls[] = {
#ifdef SYS_accept
    {SYS_accept, "accept", ACCEPT, 1},
#endif
#ifdef SYS_recv
    {SYS_recv, "recv", RECV, 1},
    {SYS_send, "send", SEND, 1},
#endif
#ifdef SYS_select
    {SYS_select, "select", SELECT, 0},
#endif
#ifdef SYS__newselect
    {SYS__newselect, "select", SELECT, 0},
#endif
#ifdef SYS_poll
    {SYS_poll, "poll", SELECT, 0},
    {SYS_epoll_wait, "epoll_wait", SELECT, 0},
#endif
#ifdef SYS_futex_time64 /* 32 bits, and a clock that lasts beyond 2038 */
    {SYS_pselect6_time64, "select", SELECT, 0},
    {SYS_ppoll_time64, "poll", SELECT, 0},
    {SYS_clock_nanosleep_time64, "nap", NAP, 0},
    {SYS_futex_time64, "lock", LOCK, 0},
#endif
    {SYS_accept4, "accept", ACCEPT, 1},
    {SYS_recvfrom, "recv", RECV, 1},
    {SYS_recvmsg, "recv", RECV, 1},
    {SYS_sendto, "send", SEND, 1},
    {SYS_sendmsg, "send", SEND, 1},
    {SYS_pselect6, "select", SELECT, 0},
    {SYS_ppoll, "poll", SELECT, 0},
    {SYS_epoll_pwait, "epoll_wait", SELECT, 0},
    {SYS_nanosleep, "nap", NAP, 0},
    {SYS_clock_nanosleep, "nap", NAP, 0},
    {SYS_futex, "lock", LOCK, 0},
    {SYS_sched_yield, "work", WORK, 0},
    {SYS_read, "read", READ, 1},
    {SYS_readv, "read", READ, 1},
    {SYS_write, "write", WRITE, 1},
    {SYS_writev, "write", WRITE, 1},
};

/* Returns the call of this number, or NULL. */
static inline const struct call *call_of(long number)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (calls[i].number == number)
            return &calls[i];
    return NULL;
}

#endif
