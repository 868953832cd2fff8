/* net_posix.h - Linux, macOS and the BSDs: what net.h needs from the system.
 *
 * Only net.h includes this file. The contract of each function stands there;
 * here is only how POSIX does it, and the traps on the way.
 */
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

/* --------------------------------------------------------- start and errors */

static inline int net_start(void)
{
    /* A send to a client that has left raises SIGPIPE, and reading a terminal
     * from the background raises SIGTTIN. The first would end the program and
     * the second would stop it; ignored, both calls fail with an error. */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
        signal(SIGTTIN, SIG_IGN) == SIG_ERR)
        return -1;
    /* If the program was started without standard input, the first socket
     * would get its number, 0, and what the peer sends would count as typed.
     * Output that was closed stays unwritable, so that its loss is noticed. */
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
    switch (code) {
    case EINTR:
    case ECONNABORTED:
    /* Linux reports what went wrong with the newcomer's connection as the
     * failure of accept; accept(2) says to treat these like EAGAIN. */
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
        return true;
    default:
        return false;
    }
}

/* strerror_r has two forms, and the macros that a program defines decide which
 * one it gets: POSIX's returns 0 and fills in the buffer, GNU's returns the
 * text, which may stand elsewhere (strerror_r(3)). One function for each. */
static inline const char *net_posix_text(int failed, const char *text)
{
    return failed == 0 ? text : "Unknown error";
}

static inline const char *net_gnu_text(const char *found, const char *text)
{
    (void)text; /* GNU's form need not use the buffer */
    return found;
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

/* ------------------------------------------------------------------ sockets */

static inline long net_recv(net_socket sock, char *bytes, size_t size)
{
    ssize_t got;
    do /* recv(2) takes sockets alone, so standard input is read with read(2) */
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
    struct timeval limit = {ms / 1000, ms % 1000 * 1000};
    return setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

static inline int net_close(net_socket sock)
{
    /* Not called again after EINTR: the descriptor is gone, and its number may
     * belong to another thread's socket by now (close(2)). */
    return close(sock);
}

static inline int net_set_nonblocking(net_socket sock)
{
    int flags = fcntl(sock, F_GETFL);
    return flags < 0 ? -1 : fcntl(sock, F_SETFL, flags | O_NONBLOCK);
}

enum net_event { NET_READABLE, NET_WRITABLE };

static inline int net_wait(net_socket sock, enum net_event event, int ms)
{
    /* poll and not select: a thread's socket may have a number that no fd_set
     * can hold. */
    struct pollfd one = {sock, event == NET_READABLE ? POLLIN : POLLOUT, 0};
    int ready = poll(&one, 1, ms);
    return ready < 0 && net_interrupted(errno) ? 0 : ready;
}

/* ------------------------------------------------------------------- select */

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

/* --------------------------------------------------------- time and threads */

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

/* ----------------------------------------------------- the three open files */

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
