/* net_posix.h - Linux, macOS and the BSDs: how they keep net.h's contracts.
 * Only net.h includes this file. */
#ifndef NET_POSIX_H
#define NET_POSIX_H

/* Feature-test macros: the system headers read them once, so they must be
 * defined before the first of those is included (feature_test_macros(7)). */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#ifndef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE /* macOS hides IPV6_V6ONLY without it. */
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

typedef int net_socket;
#define NET_BAD (-1)
#define NET_SHUT_WRITE SHUT_WR
#define NET_SO_REUSE SO_REUSEADDR

#define NET_EINUSE EADDRINUSE
#define NET_ENOTHERE EADDRNOTAVAIL
#define NET_EACCESS EACCES
#define NET_EREFUSED ECONNREFUSED

static inline int net_start(void)
{
    /* A send to a client that has left raises SIGPIPE; a read of a terminal
     * from the background SIGTTIN; a write to a file that may not grow SIGXFSZ.
     * They would end or stop the program. Ignored, the calls fail instead. */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
        signal(SIGTTIN, SIG_IGN) == SIG_ERR ||
        signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return -1;
    /* If standard input is closed, the first socket would get its number, 0,
     * and what the peer sends would count as typed. Output that is closed stays
     * unwritable, so that its loss is noticed. */
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == 0 ? O_RDWR : O_RDONLY) < 0)
            return -1;
    return 0;
}

static inline int net_error(void)
{
    return errno;
}

static inline bool net_would_block(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK;
}

static inline bool net_interrupted(int code)
{
    return code == EINTR;
}

static inline bool net_in_progress(int code)
{
    return code == EINPROGRESS || code == EINTR;
}

static inline bool net_accept_again(int code)
{
    /* Linux tells of the newcomer's network errors in accept; the man page says
     * to treat all of these like EAGAIN. */
    return code == EINTR || code == ECONNABORTED || code == ENETDOWN ||
           code == EPROTO || code == ENOPROTOOPT || code == EHOSTDOWN ||
           code == EHOSTUNREACH || code == EOPNOTSUPP || code == ENETUNREACH;
}

/* strerror_r has two forms, and the macros that a program defines decide which
 * one it gets: POSIX's returns 0 and fills in the buffer, GNU's returns the
 * text, which may stand elsewhere (strerror_r(3)). One function for each. */
static inline const char *net_posix_text(int failed, const char *buffer)
{
    return failed == 0 ? buffer : "Unknown error";
}

static inline const char *net_gnu_text(const char *text, const char *buffer)
{
    return text != NULL ? text : buffer;
}

static inline void net_system_text(int code, char *text, size_t size)
{
    char buffer[256];
    snprintf(text, size, "%s",
             _Generic(strerror_r(0, buffer, sizeof buffer), int
                      : net_posix_text, char *
                      : net_gnu_text)(
                 strerror_r(code, buffer, sizeof buffer), buffer));
}

static inline void net_resolve_text(int code, char *text, size_t size)
{
    snprintf(text, size, "%s", gai_strerror(code));
}

static inline long net_recv(net_socket sock, char *bytes, size_t size)
{
    ssize_t got;
    do /* recv(2) takes sockets alone: standard input is read with read(2) */
        got = sock == STDIN_FILENO ? read(sock, bytes, size)
                                   : recv(sock, bytes, size, 0);
    while (got < 0 && net_interrupted(errno));
    return (long)got;
}

static inline long net_send(net_socket sock, const char *bytes, size_t size)
{
    ssize_t sent;
    do
        sent = send(sock, bytes, size, 0);
    while (sent < 0 && net_interrupted(errno));
    return (long)sent;
}

static inline int net_limit_send(net_socket sock, int ms)
{
    const int microseconds = ms % 1000 * 1000;
    struct timeval limit = {ms / 1000, microseconds};
    return setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

static inline int net_close(net_socket sock)
{
    return close(sock); /* after EINTR too: the number may be another's now */
}

static inline int net_set_nonblocking(net_socket sock)
{
    int flags = fcntl(sock, F_GETFL);
    return flags < 0 ? -1 : fcntl(sock, F_SETFL, flags | O_NONBLOCK);
}

enum net_event { NET_READABLE, NET_WRITABLE };

static inline int net_wait(net_socket sock, enum net_event event, int ms)
{
    /* Not select: a thread's socket may be too high a number for an fd_set. */
    struct pollfd one = {sock, event == NET_READABLE ? POLLIN : POLLOUT, 0};
    int ready = poll(&one, 1, ms);
    return ready < 0 && net_interrupted(errno) ? 0 : ready;
}

static inline bool net_can_select(net_socket sock, int watched)
{
    (void)
        watched; /* the number of the socket decides, not how many there are */
    return sock < FD_SETSIZE;
}

static inline int net_nfds(int nfds, net_socket sock)
{
    return sock >= nfds ? sock + 1 : nfds;
}

static inline int net_select(int nfds, fd_set *readable, fd_set *writable,
                             fd_set *failed, struct timeval *limit)
{
    return select(nfds, readable, writable, failed, limit);
}

static inline net_socket net_input(void)
{
    return STDIN_FILENO;
}

static inline long long net_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: POSIX has it */
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline bool net_local_time(time_t when, struct tm *local)
{
    return localtime_r(&when, local) != NULL;
}

static inline void net_sleep(int ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    (void)nanosleep(&time, NULL); /* a signal may end it early, as promised */
}

static inline void net_yield(void)
{
    (void)sched_yield(); /* it always succeeds on Linux */
}

#define NET_THREAD void *
typedef NET_THREAD net_thread_function(void *);

static inline int net_thread(net_thread_function *run, void *argument)
{
    pthread_t thread;
    pthread_attr_t how;
    int code = pthread_attr_init(&how);
    if (code != 0)
        return code;
    code = pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
    if (code == 0)
        code = pthread_attr_setstacksize(&how, NET_THREAD_STACK);
    if (code == 0)
        code = pthread_create(&thread, &how, run, argument);
    (void)pthread_attr_destroy(&how); /* the thread has its own copy */
    return code;
}

typedef pthread_mutex_t net_lock;
#define NET_UNLOCKED PTHREAD_MUTEX_INITIALIZER

static inline void net_lock_take(net_lock *lock)
{
    (void)pthread_mutex_lock(lock); /* fails only if it is used wrongly */
}

static inline void net_lock_release(net_lock *lock)
{
    (void)pthread_mutex_unlock(lock); /* the same */
}

static inline bool net_input_is_terminal(void)
{
    return isatty(STDIN_FILENO) == 1;
}

static inline bool net_output_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

static inline int net_print(const char *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t wrote = write(STDOUT_FILENO, bytes + done, size - done);
        if (wrote < 0 && !net_interrupted(errno))
            return -1;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return 0;
}

#endif
