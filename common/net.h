/* net.h - sockets, the same on every system.
 *
 * POSIX and Windows do nearly the same under other names. What differs stands
 * in net_posix.h and net_windows.h; what both promise is written here, once.
 *
 * Include this file before any system header: it defines feature-test macros,
 * and the system headers read those once, at the first of them.
 *
 * No function exits the program, and only net_resolve allocates memory that the
 * caller has to free. A socket that a function returns belongs to the caller,
 * who ends it with net_close, net_finish or net_dismiss. Unless a contract says
 * otherwise, failure is -1 (NET_BAD for a socket) and net_error() tells why;
 * times are milliseconds, sizes are bytes.
 */
#ifndef NET_H
#define NET_H

#include <stddef.h> /* it reads no feature-test macros */

enum {
    NET_BACKLOG = 4096, /* what listen() is asked for; the system cuts it */
    NET_FINISH_BYTES = 1 << 20, /* a good-bye discards no more than this */
    NET_FINISH_MS = 1000,       /* and takes no longer */
    NET_NAME_SIZE = 80,         /* "[ADDRESS%SCOPE]:PORT" and a NUL */
    NET_REASON_SIZE = 512,      /* a line or two for a person */
};

/* A thread's stack. 900 of the usual 8 MiB do not fit into the addresses of a
 * 32-bit program. Sanitizers need more: they surround variables with guards. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NET_THREAD_STACK ((size_t)2 << 20)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define NET_THREAD_STACK ((size_t)2 << 20)
#endif
#endif
#ifndef NET_THREAD_STACK
#define NET_THREAD_STACK ((size_t)256 << 10)
#endif

/* Lets the compiler check calls as it checks printf's: format, first value. */
#ifdef __GNUC__
#define NET_PRINTF(at, from) __attribute__((format(printf, at, from)))
#else
#define NET_PRINTF(at, from)
#endif

#ifdef _WIN32
#include "net_windows.h"
#else
#include "net_posix.h"
#endif

/* ==================================== what the two systems do: the contracts
 *
 * Their files also define net_socket (an int on POSIX, a SOCKET on Windows),
 * NET_BAD, the value that is no socket, NET_SHUT_WRITE for shutdown(), and
 * NET_SO_REUSE for setsockopt(): see net_listen_address. */

/* Makes the network ready, and sees to it that no signal ends or stops the
 * program because of what a peer does. Called once, first. Returns 0 or -1. */
static inline int net_start(void);

/* The code of the last call that failed: errno, or WSAGetLastError() on
 * Windows. The next call may change it, so ask at once. */
static inline int net_error(void);

/* What a code means that is no failure. The call would have had to wait: on a
 * non-blocking socket the normal answer when there is nothing to do (EAGAIN in
 * recv(2)). A signal ended the wait: call again (signal(7)). The connect has
 * begun and goes on by itself (connect(2)). Something has happened to the
 * newcomer, and the listener is fine: accept again (accept(2)). */
static inline bool net_would_block(int code);
static inline bool net_interrupted(int code);
static inline bool net_in_progress(int code);
static inline bool net_accept_again(int code);

/* Write the system's words for an error code, or for what getaddrinfo returned,
 * to text, `size` bytes. Threads may call them (strerror_r(3)). */
static inline void net_system_text(int code, char *text, size_t size);
static inline void net_resolve_text(int code, char *text, size_t size);

/* recv(2), called again when a signal interrupted it; for net_input() it is
 * read(2). Waits until there is something, unless the socket is non-blocking.
 * Returns how many bytes it put into `bytes`, at most `size`; 0 at the end of
 * the stream; -1 on failure. */
static inline long net_recv(net_socket sock, char *bytes, size_t size);

/* send(2), called again when a signal interrupted it. The kernel may take only
 * the first of the bytes. Returns how many it took, -1 on failure. */
static inline long net_send(net_socket sock, const char *bytes, size_t size);

/* From now on a send fails with "would block" after it has waited this long
 * without the peer taking a byte (SO_SNDTIMEO in socket(7)). Returns 0 or -1.
 */
static inline int net_limit_send(net_socket sock, int ms);

/* close(2), closesocket on Windows. If received bytes were not read, Linux,
 * macOS and Windows tell the peer so with a reset, and a reset can destroy the
 * last answer on its way: see net_discard. Whatever it returns, the socket is
 * gone and must not be closed again. */
static inline int net_close(net_socket sock);

/* From now on no call on the socket waits (O_NONBLOCK in fcntl(2), FIONBIO on
 * Windows). Returns 0 or -1. */
static inline int net_set_nonblocking(net_socket sock);

/* Waits at most ms milliseconds, -1 for ever, until a call on the socket would
 * not wait: NET_READABLE for recv and accept, NET_WRITABLE for send and for
 * the end of a connect, good or bad. Returns 1 if so, 0 if not (a signal ends
 * the wait as well), -1 on failure (poll(2)). */
static inline int net_wait(net_socket sock, enum net_event event, int ms);

/* select(2) itself, which Windows must be told that it may wait for nothing
 * but time. */
static inline int net_select(int nfds, fd_set *readable, fd_set *writable,
                             fd_set *failed, struct timeval *limit);

/* True if select can watch this socket besides `watched` others. On POSIX an
 * fd_set is a row of FD_SETSIZE bits, one for each socket number, and FD_SET
 * with a higher number writes behind it. On Windows it is a list. */
static inline bool net_can_select(net_socket sock, int watched);

/* What select's first argument, so far nfds, becomes when `sock` is in one of
 * the sets: the highest socket number and one more. */
static inline int net_nfds(int nfds, net_socket sock);

/* Standard input for net_recv, net_wait and net_select; never to be closed. On
 * Windows, where select takes sockets alone, a thread copies it into one.
 * Returns NET_BAD, and says so on standard error, if that cannot be had. */
static inline net_socket net_input(void);

/* Milliseconds since some fixed moment. Setting the clock does not move it
 * (CLOCK_MONOTONIC in clock_gettime(2)). */
static inline long long net_now(void);

/* Fills in *local with the local time. Returns false if it cannot be told.
 * Threads may call it, unlike localtime(3). */
static inline bool net_local_time(time_t when, struct tm *local);

/* Let others run: for ms milliseconds, which a signal may end early, or only if
 * somebody is waiting for a processor (nanosleep(2), sched_yield(2)). */
static inline void net_sleep(int ms);
static inline void net_yield(void);

/* Starts a thread that calls run(argument). It is detached: nobody waits for
 * its end, and its memory is then freed. Its stack is NET_THREAD_STACK. The
 * function is written `static NET_THREAD run(void *argument)` and ends with
 * `return 0`. Returns 0, or the error's code; then run is never called
 * (pthread_create(3), _beginthreadex on Windows). */
static inline int net_thread(net_thread_function *run, void *argument);

/* What threads share is touched only by the thread that holds the lock:
 *     static net_lock lock = NET_UNLOCKED;
 * Taking it waits until nobody holds it, so who holds it must not wait for
 * anything else. Neither can fail (pthread_mutex_lock(3)). */
static inline void net_lock_take(net_lock *lock);
static inline void net_lock_release(net_lock *lock);

/* True if a person types, and if a person reads, rather than a file. */
static inline bool net_input_is_terminal(void);
static inline bool net_output_is_terminal(void);

/* Writes to standard output at once, past stdout's buffer and its lock. A pipe
 * keeps up to 512 bytes together on every POSIX system (PIPE_BUF in pipe(7)).
 * Returns 0 or -1 (write(2)). */
static inline int net_print(const char *bytes, size_t size);

/* ====================================================== names and reasons */

/* Texts are returned by value: nobody owns them, and threads cannot mix them
 * up. */
struct net_name {
    char text[NET_NAME_SIZE];
};

struct net_reason {
    char text[NET_REASON_SIZE];
};

/* Where to listen or to connect, as it was typed: an IPv4 address, an IPv6
 * address or a name; and a port in decimal. */
struct net_endpoint {
    const char *address;
    const char *port;
};

/* "Connection refused (111)": the system's words for an error and its code. */
static inline struct net_reason net_error_text(int code)
{
    struct net_reason reason;
    char text[256];
    net_system_text(code, text, sizeof text);
    snprintf(reason.text, sizeof reason.text, "%s (%d)", text, code);
    return reason;
}

/* "127.0.0.1:65432" or "[::1]:65432". In numbers: looking up a name can take
 * seconds and depends on other machines (getnameinfo(3)). */
static inline struct net_name net_address_name(const struct sockaddr *address,
                                               socklen_t size)
{
    struct net_name name;
    char host[64], port[8];
    if (getnameinfo(address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(name.text, sizeof name.text, "unknown address");
    else if (strchr(host, ':') != NULL)
        snprintf(name.text, sizeof name.text, "[%s]:%s", host, port);
    else
        snprintf(name.text, sizeof name.text, "%s:%s", host, port);
    return name;
}

static inline struct net_name net_name_of(const struct addrinfo *a)
{
    return net_address_name(a->ai_addr, (socklen_t)a->ai_addrlen);
}

/* The name of the socket's own end, with the port that the system chose. */
static inline struct net_name net_local_name(net_socket sock)
{
    struct sockaddr_storage at = {0};
    socklen_t size = sizeof at;
    if (getsockname(sock, (struct sockaddr *)&at, &size) != 0)
        size = 0; /* net_address_name then says that it does not know */
    return net_address_name((struct sockaddr *)&at, size);
}

/* Writes what may help against the failure of a step, or nothing. A hint must
 * be true: each names the one step in which its code means what it says. Port
 * 0 asks for any free one, so no other port would help. */
static inline void net_hint(const char *step, int port, int code, char *hint,
                            size_t size)
{
    bool binds = strcmp(step, "bind") == 0;
    hint[0] = '\0';
    if (binds && code == NET_EINUSE && port != 0)
        snprintf(hint, size,
                 "\nhint: another server may still be running; "
                 "try: ./server %d",
                 port < 65535 ? port + 1 : port - 1);
    else if (binds && code == NET_EACCESS && port != 0 && port < 1024)
        snprintf(hint, size,
                 "\nhint: ports below 1024 may be reserved; "
                 "try: ./server 65432");
    else if (binds && code == NET_ENOTHERE)
        snprintf(hint, size,
                 "\nhint: a server can only listen on an address of its own "
                 "machine");
    else if (strcmp(step, "connect") == 0 && code == NET_EREFUSED)
        snprintf(hint, size,
                 "\nhint: nobody listens there; is the server running?");
}

/* What failed, where and why, and if there is one a hint on a second line:
 * "bind 127.0.0.1:80: Permission denied (13)\nhint: ...". */
static inline struct net_reason net_explain(const char *step,
                                            struct net_name where, int code)
{
    struct net_reason why;
    const char *colon = strrchr(where.text, ':');
    char hint[128];
    net_hint(step, colon != NULL ? atoi(colon + 1) : 0, code, hint,
             sizeof hint);
    snprintf(why.text, sizeof why.text, "%s %s: %.200s%s", step, where.text,
             net_error_text(code).text, hint);
    return why;
}

/* "resolve NAME: Name or service not known (-2)": why getaddrinfo failed. */
static inline struct net_reason
net_explain_resolve(const struct net_endpoint *at, int code)
{
    struct net_reason why;
    char text[256];
    net_resolve_text(code, text, sizeof text);
    snprintf(why.text, sizeof why.text, "resolve %.200s: %s (%d)", at->address,
             text, code);
    return why;
}

/* Prints "PROGRAM: REASON" on standard error. Returns the exit status of a
 * program that cannot go on, 1. */
static inline int net_fail(const char *program, struct net_reason why)
{
    fprintf(stderr, "%s: %s\n", program, why.text);
    return 1;
}

/* ====================================================== listen and accept */

/* The addresses of an endpoint (getaddrinfo(3)). Returns a list that the
 * caller ends with freeaddrinfo, or NULL with the reason in *why. */
static inline struct addrinfo *net_resolve(const struct net_endpoint *at,
                                           struct net_reason *why)
{
    struct addrinfo hints = {0}, *list = NULL;
    hints.ai_family = AF_UNSPEC;     /* IPv4 or IPv6 */
    hints.ai_socktype = SOCK_STREAM; /* TCP */
    hints.ai_flags = AI_NUMERICSERV; /* the port is a number */
    int code = getaddrinfo(at->address, at->port, &hints, &list);
    if (code == 0)
        return list;
    *why = net_explain_resolve(at, code);
    return NULL;
}

/* Returns a socket that listens on one address, or NET_BAD with the reason in
 * *why: the steps that chapter 01 spells out.
 *
 * NET_SO_REUSE is SO_REUSEADDR on POSIX: connections that have ended keep
 * their port for a while (TIME_WAIT), and without it a server could not be
 * started again meanwhile. On Windows, where an ended connection does not keep
 * bind from working, it is SO_EXCLUSIVEADDRUSE. */
static inline net_socket net_listen_address(const struct addrinfo *a,
                                            struct net_reason *why)
{
    const int on = 1;
    const char *step = "socket";
    net_socket listener = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    if (listener == NET_BAD)
        goto failed;
    step = "setsockopt";
    if (setsockopt(listener, SOL_SOCKET, NET_SO_REUSE, (const void *)&on,
                   sizeof on) != 0)
        goto failed;
    /* Whether an IPv6 listener takes IPv4 as well differs between systems. */
    if (a->ai_family == AF_INET6 &&
        setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, (const void *)&on,
                   sizeof on) != 0)
        goto failed;
    step = "bind";
    if (bind(listener, a->ai_addr, (socklen_t)a->ai_addrlen) != 0)
        goto failed;
    /* A full queue costs a newcomer a second or more: ask for a long one. */
    step = "listen";
    if (listen(listener, NET_BACKLOG) == 0)
        return listener;
failed:;
    int code = net_error(); /* before another call changes it */
    *why = net_explain(step, net_name_of(a), code);
    if (listener != NET_BAD)
        (void)net_close(listener); /* it never listened */
    return NET_BAD;
}

/* Returns a socket that listens, or NET_BAD with the reason in *why. Of the
 * addresses of a name it takes the first that works. */
static inline net_socket net_listen(const struct net_endpoint *at,
                                    struct net_reason *why)
{
    net_socket listener = NET_BAD;
    struct addrinfo *list = net_resolve(at, why);
    for (const struct addrinfo *a = list; a != NULL && listener == NET_BAD;
         a = a->ai_next)
        listener = net_listen_address(a, why);
    if (list != NULL)
        freeaddrinfo(list);
    return listener;
}

/* accept(2), called again after net_accept_again: takes the next connection
 * from the listener's queue and writes who it is to *name. Waits for one
 * unless the listener is non-blocking. Returns the connection's socket, which
 * inherits "non-blocking" on some systems only, or NET_BAD. */
static inline net_socket net_accept(net_socket listener, struct net_name *name)
{
    for (;;) {
        struct sockaddr_storage peer = {0};
        socklen_t size = sizeof peer;
        net_socket sock = accept(listener, (struct sockaddr *)&peer, &size);
        if (sock != NET_BAD) {
            *name = net_address_name((struct sockaddr *)&peer, size);
            return sock;
        }
        if (!net_accept_again(net_error()))
            return NET_BAD;
    }
}

/* ================================================================ good-bye
 *
 * A conversation ends in three steps: shutdown(), after which the peer reads
 * all that was sent and then the end of the stream; discarding what the peer
 * still sends, until it ends too; close. Without the second step a close with
 * unread input would send a reset, which can destroy the last answer. */

/* The second step on a non-blocking socket: receives and discards what is
 * there, and counts it in *discarded, 0 at first. Returns true when the socket
 * can be closed: the peer has ended too, or has sent NET_FINISH_BYTES, or the
 * connection has failed. Returns false if more may come. */
static inline bool net_discard(net_socket sock, size_t *discarded)
{
    char unread[4096];
    long got;
    while ((got = net_recv(sock, unread, sizeof unread)) > 0) {
        *discarded += (size_t)got;
        if (*discarded >= NET_FINISH_BYTES)
            return true;
    }
    return got == 0 || !net_would_block(net_error());
}

/* The second step on a socket that waits, but no longer than NET_FINISH_MS.
 * From now on the socket is non-blocking. */
static inline void net_discard_all(net_socket sock)
{
    size_t discarded = 0;
    const long long deadline = net_now() + NET_FINISH_MS;
    if (net_set_nonblocking(sock) != 0)
        return;
    while (!net_discard(sock, &discarded)) {
        long long left = deadline - net_now();
        if (left <= 0 || net_wait(sock, NET_READABLE, (int)left) < 0)
            return;
    }
}

/* All three steps on a socket that waits. Closes the socket. */
static inline void net_finish(net_socket sock)
{
    (void)shutdown(sock, NET_SHUT_WRITE); /* fails if the peer has gone */
    net_discard_all(sock);
    (void)net_close(sock); /* whatever it says, the socket is gone */
}

/* The same without ever waiting, to refuse somebody or when a server ends:
 * sends a last word, half-closes, reads once. More cannot be done without
 * waiting, so nothing is checked. Closes the socket. */
static inline void net_dismiss(net_socket sock, const char *word)
{
    char unread[4096];
    if (net_set_nonblocking(sock) == 0) {
        (void)net_send(sock, word, strlen(word));
        (void)shutdown(sock, NET_SHUT_WRITE);
        (void)net_recv(sock, unread, sizeof unread);
    }
    (void)net_close(sock);
}

#endif
