/* net.h - sockets on POSIX and on Windows: the only file here that knows the
 * operating system.
 *
 * Include it first: it asks the system headers for what it needs, and they
 * listen only to the first one who asks.
 *
 * All functions start with net_. None of them exits, and only net_resolve
 * allocates memory that the caller would have to free. A socket that a function
 * returns belongs to the caller, who ends it with net_close, net_finish or
 * net_dismiss.
 *
 * Unless a contract says otherwise, failure is -1 (or NET_BAD for a socket)
 * and net_error() tells why; times are milliseconds, sizes are bytes.
 */
#ifndef NET_H
#define NET_H

#ifdef _WIN32
/* ================================================================ Windows
 * The contracts stand above the same functions for POSIX, further down. */

#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0601 /* Windows 7 */
#endif
#ifdef _MSC_VER
#define _CRT_SECURE_NO_WARNINGS
#pragma comment(lib, "ws2_32.lib")
#endif

/* winsock2.h comes before windows.h, which would bring in Winsock 1. */
#include <winsock2.h>
#include <ws2tcpip.h>

#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef SOCKET net_socket; /* 64 bits wide and unsigned: an int is too small */
#define NET_BAD INVALID_SOCKET

#define NET_SHUT_WRITE SD_SEND
#define NET_SHUT_BOTH SD_BOTH

/* With SO_REUSEADDR a second Windows server could steal the port of the first.
 * Exclusive use is what POSIX systems call normal. */
#define NET_SO_REUSE SO_EXCLUSIVEADDRUSE

#define NET_EINUSE WSAEADDRINUSE
#define NET_ENOTHERE WSAEADDRNOTAVAIL
#define NET_EACCESS WSAEACCES
#define NET_EREFUSED WSAECONNREFUSED

static inline int net_error(void)
{
    return WSAGetLastError();
}

static inline bool net_would_block(int code)
{
    return code == WSAEWOULDBLOCK;
}

static inline bool net_interrupted(int code)
{
    return code == WSAEINTR;
}

static inline bool net_in_progress(int code)
{
    return code == WSAEWOULDBLOCK || code == WSAEINPROGRESS;
}

static inline bool net_accept_again(int code)
{
    return code == WSAEINTR || code == WSAECONNRESET ||
           code == WSAECONNABORTED || code == WSAENOTCONN; /* says wine */
}

/* Writes the system's words for a code, without its final ".\r\n". */
static inline void net_system_text(int code, char *text, size_t size)
{
    /* FormatMessage has no words for some of these on some systems. */
    static const struct {
        int code;
        const char *text;
    } known[] = {
        {WSAEACCES, "Permission denied"},
        {WSAEMFILE, "Too many open sockets"},
        {WSAEADDRINUSE, "Address already in use"},
        {WSAEADDRNOTAVAIL, "Cannot assign requested address"},
        {WSAECONNABORTED, "Connection aborted"},
        {WSAECONNRESET, "Connection reset by peer"},
        {WSAENOBUFS, "No buffer space available"},
        {WSAENOTCONN, "Socket is not connected"},
        {WSAETIMEDOUT, "Connection timed out"},
        {WSAECONNREFUSED, "Connection refused"},
        {WSAEHOSTUNREACH, "No route to host"},
        {WSAHOST_NOT_FOUND, "Host not found"},
    };
    wchar_t wide[256];
    DWORD length = FormatMessageW(
        FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
        (DWORD)code, 0, wide, sizeof wide / sizeof wide[0], NULL);
    while (length > 0 && wcschr(L".\r\n ", wide[length - 1]) != NULL)
        length--;
    int bytes = length == 0
                    ? 0
                    : WideCharToMultiByte(CP_UTF8, 0, wide, (int)length, text,
                                          (int)size - 1, NULL, NULL);
    text[bytes > 0 ? bytes : 0] = '\0';
    for (size_t i = 0; text[0] == '\0' && i < sizeof known / sizeof *known; i++)
        if (known[i].code == code)
            (void)snprintf(text, size, "%s", known[i].text);
    if (text[0] == '\0')
        (void)snprintf(text, size, "Unknown error");
}

static inline void net_resolve_text(int code, char *text, size_t size)
{
    net_system_text(code, text, size);
}

static inline int net_close(net_socket socket)
{
    return closesocket(socket);
}

static inline int net_set_nonblocking(net_socket socket)
{
    u_long on = 1;
    return ioctlsocket(socket, (long)FIONBIO, &on);
}

static inline long net_recv(net_socket socket, char *bytes, size_t size)
{
    return recv(socket, bytes, (int)size, 0);
}

static inline long net_send(net_socket socket, const char *bytes, size_t size)
{
    return send(socket, bytes, (int)size, 0);
}

enum net_event { NET_READABLE, NET_WRITABLE };

static inline int net_wait(net_socket socket, enum net_event event, int ms)
{
    /* A refused connect shows in the except set, and nowhere else. */
    fd_set wanted, failed;
    struct timeval limit = {ms / 1000, ms % 1000 * 1000};
    FD_ZERO(&wanted);
    FD_SET(socket, &wanted);
    failed = wanted;
    int ready = select(0, event == NET_READABLE ? &wanted : NULL,
                       event == NET_WRITABLE ? &wanted : NULL, &failed,
                       ms < 0 ? NULL : &limit);
    return ready > 0 ? 1 : ready;
}

static inline int net_poll(struct pollfd *list, size_t count, int ms)
{
    if (count > 0)
        return WSAPoll(list, (ULONG)count, ms);
    Sleep((DWORD)ms); /* it takes no empty list */
    return 0;
}

static inline void net_want_sockets(size_t count)
{
    (void)count; /* nothing limits them */
}

/* select(): a Windows fd_set is a list of at most FD_SETSIZE sockets. */
static inline bool net_can_select(net_socket socket, int watched)
{
    (void)socket;
    return watched < FD_SETSIZE;
}

static inline int net_watch(int nfds, net_socket socket, fd_set *set)
{
    FD_SET(socket, set);
    return nfds; /* Windows ignores the number */
}

/* To wait for nothing but time is an error for Windows (WSAEINVAL); elsewhere
 * select just sleeps. So that chapter 05 can rely on it, here it does too. */
static inline int net_select(int nfds, fd_set *readable, fd_set *writable,
                             fd_set *failed, struct timeval *limit)
{
    if ((readable == NULL || readable->fd_count == 0) &&
        (writable == NULL || writable->fd_count == 0) &&
        (failed == NULL || failed->fd_count == 0) && limit != NULL) {
        Sleep((DWORD)(limit->tv_sec * 1000 + limit->tv_usec / 1000));
        return 0;
    }
    return select(nfds, readable, writable, failed, limit);
}
#define select net_select

static inline long long net_now(void)
{
    return (long long)GetTickCount64();
}

static inline long long net_micros(void)
{
    LARGE_INTEGER ticks, second;
    (void)QueryPerformanceCounter(&ticks); /* cannot fail since Windows XP */
    (void)QueryPerformanceFrequency(&second);
    return ticks.QuadPart / second.QuadPart * 1000000 +
           ticks.QuadPart % second.QuadPart * 1000000 / second.QuadPart;
}

static inline void net_sleep(int ms)
{
    Sleep((DWORD)ms);
}

static inline void net_yield(void)
{
    (void)SwitchToThread();
}

static inline bool net_local_time(time_t when, struct tm *local)
{
    return localtime_s(local, &when) == 0;
}

typedef unsigned net_thread_result;
#define NET_THREAD_CALL __stdcall

static inline int net_thread(net_thread_result(NET_THREAD_CALL *run)(void *),
                             void *argument, size_t stack)
{
    uintptr_t thread = _beginthreadex(NULL, (unsigned)stack, run, argument,
                                      STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (thread == 0)
        return WSAENOBUFS;
    (void)CloseHandle((HANDLE)thread);
    return 0;
}

typedef SRWLOCK net_lock;
#define NET_UNLOCKED SRWLOCK_INIT

static inline void net_lock_take(net_lock *lock)
{
    AcquireSRWLockExclusive(lock);
}

static inline void net_lock_release(net_lock *lock)
{
    ReleaseSRWLockExclusive(lock);
}

static inline bool net_input_is_terminal(void)
{
    DWORD mode;
    return GetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), &mode) != 0;
}

static inline bool net_output_is_terminal(void)
{
    DWORD mode;
    return GetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), &mode) != 0;
}

static inline int net_print(const char *bytes, size_t size)
{
    return _write(1, bytes, (unsigned)size) == (int)size ? 0 : -1;
}

static inline bool net_output_takes_colour(void)
{
    HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
    const char *no = getenv("NO_COLOR");
    DWORD mode;
    if ((no != NULL && no[0] != '\0') || !GetConsoleMode(output, &mode))
        return false;
    /* 4: ENABLE_VIRTUAL_TERMINAL_PROCESSING, which old headers lack. It can
     * be had since Windows 10. */
    return SetConsoleMode(output, mode | 4) != 0;
}

/* Two sockets connected to each other, as POSIX's socketpair makes them. */
static inline int net_pair(net_socket pair[2])
{
    struct sockaddr_in at = {0}, peer = {0}, self = {0};
    int size = sizeof at;
    net_socket listener = socket(AF_INET, SOCK_STREAM, 0);
    pair[0] = socket(AF_INET, SOCK_STREAM, 0);
    pair[1] = NET_BAD;
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener != NET_BAD && pair[0] != NET_BAD &&
        bind(listener, (struct sockaddr *)&at, size) == 0 &&
        listen(listener, 1) == 0 &&
        getsockname(listener, (struct sockaddr *)&at, &size) == 0 &&
        connect(pair[0], (struct sockaddr *)&at, size) == 0) {
        pair[1] = accept(listener, (struct sockaddr *)&peer, &size);
        size = sizeof self;
        /* Someone else may have been quicker to connect. */
        if (pair[1] != NET_BAD &&
            (getsockname(pair[0], (struct sockaddr *)&self, &size) != 0 ||
             self.sin_port != peer.sin_port)) {
            (void)closesocket(pair[1]);
            pair[1] = NET_BAD;
        }
    }
    if (pair[1] == NET_BAD && pair[0] != NET_BAD)
        (void)closesocket(pair[0]);
    if (listener != NET_BAD)
        (void)closesocket(listener);
    return pair[1] == NET_BAD ? -1 : 0;
}

/* Reads from a console. Its UTF-16 becomes UTF-8 here; ReadFile would give
 * question marks for Chinese. Returns the bytes read, 0 at Ctrl-Z. */
static inline int net_read_console(HANDLE input, char *bytes, int size)
{
    static wchar_t wide[1024]; /* used by the one input thread alone */
    static DWORD kept;         /* half of a surrogate pair, from last time */
    DWORD read = 0;
    if (!ReadConsoleW(input, wide + kept, 1024 - kept, &read, NULL) ||
        read == 0 || wide[kept] == 0x1a)
        return 0;
    read += kept;
    kept = wide[read - 1] >= 0xd800 && wide[read - 1] < 0xdc00 ? 1 : 0;
    wchar_t half = wide[read - 1];
    int got = WideCharToMultiByte(CP_UTF8, 0, wide, (int)(read - kept), bytes,
                                  size, NULL, NULL);
    wide[0] = half;
    return got;
}

/* Copies standard input into a socket until either ends. */
static inline unsigned __stdcall net_pump_input(void *argument)
{
    net_socket out = *(net_socket *)argument;
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    bool console = net_input_is_terminal();
    static char bytes[4096];
    for (;;) {
        DWORD got = 0;
        if (console)
            got = (DWORD)net_read_console(input, bytes, sizeof bytes);
        else if (!ReadFile(input, bytes, sizeof bytes, &got, NULL))
            got = 0;
        for (DWORD sent = 0; sent < got;) {
            int n = send(out, bytes + sent, (int)(got - sent), 0);
            if (n <= 0)
                return 0;
            sent += (DWORD)n;
        }
        if (got == 0) {
            (void)shutdown(out, SD_SEND);
            return 0;
        }
    }
}

/* select takes sockets alone on Windows, so standard input becomes one. */
static inline net_socket net_input(void)
{
    static net_socket pair[2] = {NET_BAD, NET_BAD};
    if (pair[0] == NET_BAD &&
        (net_pair(pair) != 0 || net_thread(net_pump_input, &pair[1], 0) != 0))
        return NET_BAD;
    return pair[0];
}

static inline int net_start(void)
{
    WSADATA data;
    int code = WSAStartup(MAKEWORD(2, 2), &data);
    if (code != 0) {
        WSASetLastError(code);
        return -1;
    }
    /* A line ends in \n alone, and Chinese is UTF-8, whole at each write. */
    (void)_setmode(_fileno(stdin), _O_BINARY);
    (void)_setmode(_fileno(stdout), _O_BINARY);
    (void)_setmode(_fileno(stderr), _O_BINARY);
    (void)SetConsoleOutputCP(CP_UTF8);
    (void)setvbuf(stdout, NULL, _IOFBF, 8192);
    return 0;
}

#else
/* ================================================================== POSIX */

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#ifndef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE /* macOS hides IPV6_V6ONLY behind it */
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
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* For musl it is 128, and 900 clients at once overflow that queue. What is more
 * than the system allows, the system cuts (listen(2)). */
#if SOMAXCONN < 4096
#undef SOMAXCONN
#define SOMAXCONN 4096
#endif

typedef int net_socket;
#define NET_BAD (-1)

#define NET_SHUT_WRITE SHUT_WR
#define NET_SHUT_BOTH SHUT_RDWR

/* A closed connection keeps its port for a minute (TIME_WAIT). With this a
 * server can be restarted meanwhile; two at a time still cannot listen. */
#define NET_SO_REUSE SO_REUSEADDR

#define NET_EINUSE EADDRINUSE
#define NET_ENOTHERE EADDRNOTAVAIL
#define NET_EACCESS EACCES
#define NET_EREFUSED ECONNREFUSED

/* The code of the last call that failed: errno, or WSAGetLastError() on
 * Windows. Ask before any other call is made. */
static inline int net_error(void)
{
    return errno;
}

/* True if the call did not fail, but would have had to wait: on a non-blocking
 * socket the normal answer when there is nothing to do (recv(2), send(2)). */
static inline bool net_would_block(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK;
}

/* True if a signal ended the wait: nothing is wrong, call again (signal(7)). */
static inline bool net_interrupted(int code)
{
    return code == EINTR;
}

/* True if a connect goes on by itself: it was started on a non-blocking
 * socket, or a signal ended the wait for it (connect(2)). */
static inline bool net_in_progress(int code)
{
    return code == EINPROGRESS || code == EINTR;
}

/* True if accept failed only because a signal came, or because the newcomer
 * has gone already: call it again (accept(2)). */
static inline bool net_accept_again(int code)
{
    return code == EINTR || code == ECONNABORTED;
}

/* Writes the system's words for an error code (strerror_r(3p), threads may
 * call it) or for a failed getaddrinfo (gai_strerror(3)). */
static inline void net_system_text(int code, char *text, size_t size)
{
    if (strerror_r(code, text, size) != 0)
        (void)snprintf(text, size, "Unknown error");
}

static inline void net_resolve_text(int code, char *text, size_t size)
{
    (void)snprintf(text, size, "%s", gai_strerror(code));
}

/* Gives the socket back to the system. A close with unread input sends a
 * reset, which can destroy the last answer on its way: see net_finish. Not
 * called again after EINTR: the descriptor is gone, and its number may be
 * somebody else's by now (close(2)). */
static inline int net_close(net_socket socket)
{
    return close(socket);
}

/* From now on no call on the socket waits (fcntl(2); FIONBIO on Windows). */
static inline int net_set_nonblocking(net_socket socket)
{
    int flags = fcntl(socket, F_GETFL);
    return flags < 0 ? -1 : fcntl(socket, F_SETFL, flags | O_NONBLOCK);
}

/* Receives what is there, at most size bytes, from a socket or from
 * net_input(). Waits until there is something, unless the socket is
 * non-blocking. Returns the number of bytes, 0 at the end of the stream,
 * -1 on failure. recv(2) takes sockets alone, so standard input is read(2). */
static inline long net_recv(net_socket socket, char *bytes, size_t size)
{
    ssize_t got;
    do
        got = socket == STDIN_FILENO ? read(socket, bytes, size)
                                     : recv(socket, bytes, size, 0);
    while (got < 0 && errno == EINTR);
    return (long)got;
}

/* Hands bytes to the kernel, which may take only the first of them. Returns
 * how many it took, -1 on failure (send(2)). */
static inline long net_send(net_socket socket, const char *bytes, size_t size)
{
    ssize_t sent;
    do
        sent = send(socket, bytes, size, 0);
    while (sent < 0 && errno == EINTR);
    return (long)sent;
}

enum net_event { NET_READABLE, NET_WRITABLE };

/* Waits at most ms milliseconds (-1: for ever) until a call on the socket
 * would not wait: NET_READABLE for recv and accept, NET_WRITABLE for send and
 * for the end of a connect, good or bad. Returns 1 if so, 0 if not (a signal
 * also ends the wait), -1 on failure. poll(2), because a thread's socket may
 * have a number that no fd_set can hold. */
static inline int net_wait(net_socket socket, enum net_event event, int ms)
{
    struct pollfd one = {socket, event == NET_READABLE ? POLLIN : POLLOUT, 0};
    int ready = poll(&one, 1, ms);
    return ready < 0 && errno == EINTR ? 0 : ready;
}

/* Waits at most ms milliseconds until something can be done with one of
 * `count` sockets: each has its fd, and in `events` POLLIN or POLLOUT or both;
 * what came of it is in `revents`. Unlike select it knows no highest number.
 * Returns how many there are, 0 after ms or a signal, -1 on failure (poll(2);
 * before Windows 10 2004 a refused connect never shows: ask net_wait too). */
static inline int net_poll(struct pollfd *list, size_t count, int ms)
{
    int ready = poll(list, (nfds_t)count, ms);
    return ready < 0 && errno == EINTR ? 0 : ready;
}

/* Asks for room for so many sockets, up to what an administrator allows; if
 * there is none, opening them fails later (setrlimit(2)). */
static inline void net_want_sockets(size_t count)
{
    struct rlimit limit;
    const rlim_t wanted = (rlim_t)count + 16; /* and files, and the like */
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* best effort, as said */
}

/* True if select() can watch one socket more. On POSIX an fd_set is a row of
 * FD_SETSIZE bits, and FD_SET beyond it writes into foreign memory; on Windows
 * it is a list with room for FD_SETSIZE sockets, `watched` of them taken. */
static inline bool net_can_select(net_socket socket, int watched)
{
    (void)watched;
    return socket < FD_SETSIZE;
}

/* Adds a socket to the set. Returns what select()'s first argument, so far
 * nfds, has to be with it: one more than the highest socket in any set. */
static inline int net_watch(int nfds, net_socket socket, fd_set *set)
{
    FD_SET(socket, set);
    return socket >= nfds ? socket + 1 : nfds;
}

/* Milliseconds from some fixed moment on. Setting the clock does not move it
 * (clock_gettime(2)). */
static inline long long net_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: POSIX has it */
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The same clock in microseconds, for measuring. */
static inline long long net_micros(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: POSIX has it */
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Lets other programs run for ms milliseconds (a signal ends it early). */
static inline void net_sleep(int ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    (void)nanosleep(&time, NULL);
}

/* Lets other programs run if there are any that want to (sched_yield(2)). */
static inline void net_yield(void)
{
    (void)sched_yield();
}

/* Fills in *local with the local time; unlike localtime, threads may call it.
 * Returns false if that cannot be told. */
static inline bool net_local_time(time_t when, struct tm *local)
{
    return localtime_r(&when, local) != NULL;
}

/* What a thread's function returns, and how it is called:
 *     static net_thread_result NET_THREAD_CALL run(void *argument)
 * It ends with `return 0`. */
typedef void *net_thread_result;
#define NET_THREAD_CALL

/* Starts a thread on its own (detached: nobody waits for its end) that calls
 * run(argument) on a stack of `stack` bytes, 0 for the system's default.
 * Returns 0, or the error's code; then run is never called
 * (pthread_create(3), _beginthreadex on Windows). */
static inline int net_thread(net_thread_result (*run)(void *), void *argument,
                             size_t stack)
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
    (void)pthread_attr_destroy(&how); /* of no consequence any more */
    return code;
}

/* What threads share (the labs' chat room) is touched only by the thread that
 * holds the lock: static net_lock lock = NET_UNLOCKED. To take it waits until
 * nobody else holds it; so nobody who holds it waits for anything else. Taken
 * and released in turns by the same thread, neither fails. */
typedef pthread_mutex_t net_lock;
#define NET_UNLOCKED PTHREAD_MUTEX_INITIALIZER

static inline void net_lock_take(net_lock *lock)
{
    (void)pthread_mutex_lock(lock); /* fails only if used wrongly */
}

static inline void net_lock_release(net_lock *lock)
{
    (void)pthread_mutex_unlock(lock); /* the same */
}

/* True if a person types, and if a person reads, rather than a file. */
static inline bool net_input_is_terminal(void)
{
    return isatty(STDIN_FILENO) == 1;
}

static inline bool net_output_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

/* True if escape sequences on standard output show as colours, and nobody has
 * asked for none (no-color.org). */
static inline bool net_output_takes_colour(void)
{
    const char *no = getenv("NO_COLOR"), *kind = getenv("TERM");
    return net_output_is_terminal() && (no == NULL || no[0] == '\0') &&
           kind != NULL && kind[0] != '\0' && strcmp(kind, "dumb") != 0;
}

/* Writes to standard output, past stdout's buffer (and before what waits in
 * it): at once, and without its lock. Returns 0 or -1. See write(2); a pipe
 * that is nearly full may take less than it was given. */
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

/* Standard input as something that net_recv, net_wait and select() take; the
 * same at every call, never closed. On Windows a thread copies it into a
 * socket. Returns NET_BAD if that cannot be had. */
static inline net_socket net_input(void)
{
    return STDIN_FILENO;
}

/* Makes the network ready for use; called once, first. Returns 0 or -1. */
static inline int net_start(void)
{
    /* A send to someone who has left would end the whole program (SIGPIPE). */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -1;
    /* Started without standard input, say, the first socket would get its
     * number, 0, and the program would read the peer for the keyboard. */
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            return -1;
    return 0;
}

#endif
/* ========================================================== every system */

enum {
    NET_NAME_SIZE = 80,    /* "[ADDRESS%SCOPE]:PORT" and a NUL */
    NET_REASON_SIZE = 512, /* a line or two for a person */

    NET_FINISH_BYTES = 1 << 20, /* net_finish discards no more than this */
    NET_FINISH_MS = 1000,       /* and takes no longer */
};

/* A thread's stack: 900 of the usual 8 MiB do not fit into 32 bits of address
 * space. Sanitizers fill stacks with their own guards. */
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

/* A time for select(), which wants seconds and microseconds. */
static inline struct timeval net_timeval(long long ms)
{
    struct timeval time = {0};
    time.tv_sec = (long)(ms / 1000);
    time.tv_usec = (int)(ms % 1000 * 1000);
    return time;
}

/* Texts are returned by value: nobody owns them, and threads cannot mix them
 * up. `net_error_text(code).text` lives to the end of its full expression. */
struct net_name {
    char text[NET_NAME_SIZE];
};

struct net_reason {
    char text[NET_REASON_SIZE];
};

/* Where to listen or to connect, as typed: a port in decimal, and an IPv4
 * address, an IPv6 address or a name. */
struct net_endpoint {
    const char *address;
    const char *port;
};

/* ------------------------------------------------------ names and reasons */

/* "Connection refused (111)": the system's words for an error and its code. */
static inline struct net_reason net_error_text(int code)
{
    struct net_reason reason;
    char text[256];
    net_system_text(code, text, sizeof text);
    (void)snprintf(reason.text, sizeof reason.text, "%s (%d)", text, code);
    return reason;
}

/* "127.0.0.1:65432" or "[::1]:65432": numbers, since looking up names can
 * take seconds and depends on other machines (getnameinfo(3)). */
static inline struct net_name net_address_name(const struct sockaddr *address,
                                               socklen_t size)
{
    struct net_name name;
    char host[64], port[8];
    if (getnameinfo(address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        (void)snprintf(name.text, sizeof name.text, "unknown address");
    else if (strchr(host, ':') != NULL)
        (void)snprintf(name.text, sizeof name.text, "[%s]:%s", host, port);
    else
        (void)snprintf(name.text, sizeof name.text, "%s:%s", host, port);
    return name;
}

static inline struct net_name net_name_of(const struct addrinfo *a)
{
    return net_address_name(a->ai_addr, (socklen_t)a->ai_addrlen);
}

/* The name of the socket's own end, with the port the system chose. */
static inline struct net_name net_local_name(net_socket socket)
{
    struct sockaddr_storage at = {0};
    socklen_t size = sizeof at;
    if (getsockname(socket, (struct sockaddr *)&at, &size) != 0)
        size = 0; /* net_address_name says that it does not know */
    return net_address_name((struct sockaddr *)&at, size);
}

/* What failed, where and why, and where one helps a hint on a second line:
 * "bind 127.0.0.1:80: Permission denied (13)\nhint: ...". */
static inline struct net_reason net_explain(const char *step,
                                            struct net_name where, int code)
{
    struct net_reason why;
    const char *colon = strrchr(where.text, ':');
    int port = colon != NULL ? atoi(colon + 1) : 0;
    char hint[128] = "";
    if (code == NET_EINUSE)
        (void)snprintf(hint, sizeof hint,
                       "\nhint: another server may still be running; "
                       "try: ./server %d",
                       port < 65535 ? port + 1 : port - 1);
    else if (code == NET_EACCESS)
        (void)snprintf(hint, sizeof hint,
                       "\nhint: low ports may be reserved; "
                       "try: ./server 65432");
    else if (code == NET_ENOTHERE && strcmp(step, "bind") == 0)
        (void)snprintf(hint, sizeof hint,
                       "\nhint: a server can only listen on an address of "
                       "its own machine");
    else if (code == NET_EREFUSED)
        (void)snprintf(hint, sizeof hint,
                       "\nhint: nobody listens there; is the server running?");
    (void)snprintf(why.text, sizeof why.text, "%s %s: %.200s%s", step,
                   where.text, net_error_text(code).text, hint);
    return why;
}

/* "resolve NAME: Name or service not known (-2)": why getaddrinfo failed. */
static inline struct net_reason
net_explain_resolve(const struct net_endpoint *at, int code)
{
    struct net_reason why;
    char text[256];
    net_resolve_text(code, text, sizeof text);
    (void)snprintf(why.text, sizeof why.text, "resolve %.200s: %s (%d)",
                   at->address, text, code);
    return why;
}

/* The addresses of an endpoint (getaddrinfo(3)). Returns a list that the
 * caller ends with freeaddrinfo, or NULL with the reason in *why. */
static inline struct addrinfo *net_resolve(const struct net_endpoint *at,
                                           struct net_reason *why)
{
    struct addrinfo hints = {0}, *list = NULL;
    hints.ai_family = AF_UNSPEC; /* IPv4 or IPv6 */
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    int code = getaddrinfo(at->address, at->port, &hints, &list);
    if (code == 0)
        return list;
    *why = net_explain_resolve(at, code);
    return NULL;
}

/* ---------------------------------------------- listen, accept and connect */

/* Returns a socket that listens on one address, or NET_BAD with the reason in
 * *why: the steps that chapter 01 spells out. */
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
    if (listen(listener, SOMAXCONN) == 0)
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

/* Takes the next connection from the listener's queue and writes who it is to
 * *name. Waits for one unless the listener is non-blocking. Returns a socket
 * or NET_BAD. On some systems it inherits "non-blocking" from the listener
 * and on others it does not, so whoever cares sets it (accept(2)). */
static inline net_socket net_accept(net_socket listener, struct net_name *name)
{
    for (;;) {
        struct sockaddr_storage peer = {0};
        socklen_t size = sizeof peer;
        net_socket socket = accept(listener, (struct sockaddr *)&peer, &size);
        if (socket != NET_BAD) {
            *name = net_address_name((struct sockaddr *)&peer, size);
            return socket;
        }
        if (!net_accept_again(net_error()))
            return NET_BAD;
    }
}

/* How a connect that net_wait saw end, ended: 0, or the error's code. */
static inline int net_connect_result(net_socket socket)
{
    int code = 0;
    socklen_t size = sizeof code;
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, (void *)&code, &size) != 0)
        return net_error();
    return code;
}

/* Connects and waits until that is done. Returns 0, or the error's code. A
 * connect that a signal interrupted goes on by itself: calling it again would
 * fail, so it is waited for (connect(2)). */
static inline int net_connect_address(net_socket socket,
                                      const struct addrinfo *a)
{
    if (connect(socket, a->ai_addr, (socklen_t)a->ai_addrlen) == 0)
        return 0;
    int code = net_error();
    if (!net_interrupted(code))
        return code;
    int ended;
    while ((ended = net_wait(socket, NET_WRITABLE, -1)) == 0)
        continue;
    return ended < 0 ? net_error() : net_connect_result(socket);
}

/* Returns a socket connected to the first address of the endpoint that
 * answers, with that address in *name, or NET_BAD with the reason in *why. */
static inline net_socket net_connect(const struct net_endpoint *at,
                                     struct net_name *name,
                                     struct net_reason *why)
{
    net_socket connected = NET_BAD;
    struct addrinfo *list = net_resolve(at, why);
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        *name = net_name_of(a);
        connected = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        int code = connected == NET_BAD ? net_error()
                                        : net_connect_address(connected, a);
        if (code == 0)
            break;
        *why = net_explain("connect", *name, code);
        if (connected != NET_BAD)
            (void)net_close(connected); /* after a failure a new one is due */
        connected = NET_BAD;
    }
    if (list != NULL)
        freeaddrinfo(list);
    return connected;
}

/* A connect that never waits: net_connect_start, then net_connect_poll until
 * it says that it is over. */
struct net_connecting {
    struct addrinfo *list;       /* all addresses; freed when it is over */
    const struct addrinfo *next; /* the one to try next */
    net_socket socket;           /* under way; the caller's once connected */
    struct net_name name;        /* its address */
};

/* Finds the addresses, and that does wait. Returns 0, or -1 with *why. */
static inline int net_connect_start(struct net_connecting *c,
                                    const struct net_endpoint *at,
                                    struct net_reason *why)
{
    c->list = net_resolve(at, why);
    c->next = c->list;
    c->socket = NET_BAD;
    return c->list != NULL ? 0 : -1;
}

/* Starts to connect to the next address. Returns 0, or the error's code. */
static inline int net_connect_next(struct net_connecting *c)
{
    const struct addrinfo *a = c->next;
    c->next = a->ai_next;
    c->name = net_name_of(a);
    c->socket = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    if (c->socket == NET_BAD || net_set_nonblocking(c->socket) != 0)
        return net_error();
    if (connect(c->socket, a->ai_addr, (socklen_t)a->ai_addrlen) == 0)
        return 0;
    int code = net_error();
    return net_in_progress(code) ? 0 : code;
}

/* Returns 1 when c->socket is connected, and non-blocking; 0 when that is not
 * decided yet; -1 with *why when no address is left. To call connect again
 * until it says "connected" would never notice a refusal on Windows. */
static inline int net_connect_poll(struct net_connecting *c,
                                   struct net_reason *why)
{
    for (;;) {
        int code = 0;
        if (c->socket == NET_BAD) {
            if (c->next == NULL) {
                freeaddrinfo(c->list);
                return -1;
            }
            code = net_connect_next(c);
        }
        if (code == 0) {
            int ended = net_wait(c->socket, NET_WRITABLE, 0);
            if (ended == 0)
                return 0;
            code = ended < 0 ? net_error() : net_connect_result(c->socket);
        }
        if (code == 0) {
            freeaddrinfo(c->list);
            return 1;
        }
        *why = net_explain("connect", c->name, code);
        if (c->socket != NET_BAD)
            (void)net_close(c->socket); /* after a failure a new one is due */
        c->socket = NET_BAD;
    }
}

/* ------------------------------------------------------- send and say bye */

/* Sends all of it on a blocking socket: one send may take only a part.
 * Returns 0 or -1; then nobody knows how much has arrived. */
static inline int net_send_all(net_socket socket, const char *bytes,
                               size_t size)
{
    for (size_t done = 0; done < size;) {
        long sent = net_send(socket, bytes + done, size - done);
        if (sent < 0)
            return -1;
        done += (size_t)sent;
    }
    return 0;
}

/* A conversation that ends: how far it has come. */
struct net_finish {
    long long deadline; /* on the clock of net_now */
    size_t discarded;   /* bytes */
};

/* Half-closes: the peer reads what was sent, then end-of-stream. Then call
 * net_finish_done until it says so. */
static inline void net_finish_start(struct net_finish *f, net_socket socket)
{
    /* Fails only if the connection is gone, which net_finish_done will see. */
    (void)shutdown(socket, NET_SHUT_WRITE);
    f->deadline = net_now() + NET_FINISH_MS;
    f->discarded = 0;
}

/* Discards what the peer still sent, without waiting (the socket must be
 * non-blocking). Returns true when the socket can be closed: the peer has
 * ended too, or failed, or took too long, or sent too much. */
static inline bool net_finish_done(struct net_finish *f, net_socket socket)
{
    char unread[4096];
    while (f->discarded < NET_FINISH_BYTES && net_now() < f->deadline) {
        long got = net_recv(socket, unread, sizeof unread);
        if (got < 0)
            return !net_would_block(net_error());
        if (got == 0)
            return true;
        f->discarded += (size_t)got;
    }
    return true;
}

/* Ends a conversation so that the last answer arrives: half-closes, discards
 * until the peer's end-of-stream, but no more than NET_FINISH_BYTES or
 * NET_FINISH_MS, and closes. */
static inline void net_finish(net_socket socket)
{
    struct net_finish f;
    net_finish_start(&f, socket);
    if (net_set_nonblocking(socket) == 0)
        while (!net_finish_done(&f, socket)) {
            long long left = f.deadline - net_now();
            if (net_wait(socket, NET_READABLE, left > 0 ? (int)left : 0) < 0)
                break;
        }
    (void)net_close(socket); /* whatever it says, it is gone */
}

/* Sends a last word and ends the conversation without ever waiting: to
 * newcomers for whom there is no room, and to everyone when a server ends.
 * Best effort, so nothing is checked. Closes the socket. */
static inline void net_dismiss(net_socket socket, const char *word)
{
    char unread[4096];
    if (net_set_nonblocking(socket) == 0) {
        (void)net_send(socket, word, strlen(word));
        (void)shutdown(socket, NET_SHUT_WRITE);
        (void)net_recv(socket, unread, sizeof unread);
    }
    (void)net_close(socket);
}

/* ------------------------------------------------------- the command line */

/* Prints why a program cannot go on. Returns its exit status, 1. */
static inline int net_fail(const char *program, struct net_reason why)
{
    (void)fprintf(stderr, "%s: %s\n", program, why.text);
    return 1;
}

/* True if text is a port: decimal digits alone, `least` to 65535. */
static inline bool net_is_port(const char *text, int least)
{
    size_t length = strlen(text);
    return length > 0 && length <= 5 && strspn(text, "0123456789") == length &&
           atoi(text) >= least && atoi(text) <= 65535;
}

/* Starts the network and checks a command line. Returns -1 when the program
 * should go on; otherwise everything is said and it should exit with what is
 * returned: 0 after help, 1 without a network, 2 after wrong usage. */
static inline int net_setup(int argc, char **argv, const char *program,
                            const char *usage, const char *port, int least)
{
    if (net_start() != 0)
        return net_fail(program, net_error_text(net_error()));
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
            return fputs(usage, stdout) < 0 || fflush(stdout) != 0;
    if (argc > 3) {
        (void)fprintf(stderr, "%s: too many arguments\n%s", program, usage);
        return 2;
    }
    if (!net_is_port(port, least)) {
        (void)fprintf(stderr, "%s: bad port '%s': not a number %d to 65535\n%s",
                      program, port, least, usage);
        return 2;
    }
    for (int i = 1; i < argc; i++)
        if (argv[i][0] == '-') {
            (void)fprintf(stderr, "%s: unknown option '%s'\n%s", program,
                          argv[i], usage);
            return 2;
        }
    return -1;
}

/* A server's command line, [PORT [ADDRESS]], into *at; see net_setup. */
static inline int net_server_setup(int argc, char **argv,
                                   struct net_endpoint *at)
{
    at->port = argc > 1 ? argv[1] : "65432";
    at->address = argc > 2 ? argv[2] : "127.0.0.1";
    return net_setup(argc, argv, "server",
                     "usage: server [PORT [ADDRESS]]\n"
                     "  PORT     0 to 65535, default 65432; 0: any free port\n"
                     "  ADDRESS  default 127.0.0.1: this machine alone\n",
                     at->port, 0);
}

/* A client's command line, [ADDRESS [PORT]], into *at; see net_setup. */
static inline int net_client_setup(int argc, char **argv,
                                   struct net_endpoint *at)
{
    at->address = argc > 1 ? argv[1] : "127.0.0.1";
    at->port = argc > 2 ? argv[2] : "65432";
    return net_setup(argc, argv, "client",
                     "usage: client [ADDRESS [PORT]]\n"
                     "  ADDRESS  of the server, default 127.0.0.1\n"
                     "  PORT     1 to 65535, default 65432\n",
                     at->port, 1);
}

#endif
