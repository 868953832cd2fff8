/* net_windows.h - Windows: how it keeps net.h's contracts. Only net.h includes
 * this file. */
#ifndef NET_WINDOWS_H
#define NET_WINDOWS_H

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
#include <stdarg.h>
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

/* With SO_REUSEADDR a second server could take the port away from the first
 * one. Exclusive use forbids that. */
#define NET_SO_REUSE SO_EXCLUSIVEADDRUSE

#define NET_EINUSE WSAEADDRINUSE
#define NET_ENOTHERE WSAEADDRNOTAVAIL
#define NET_EACCESS WSAEACCES
#define NET_EREFUSED WSAECONNREFUSED

/* --------------------------------------------------------- start and errors */

static UINT net_code_page; /* the console's, before this program came */

static inline void net_restore_console(void)
{
    (void)SetConsoleOutputCP(net_code_page); /* the program is at its end */
}

/* Ctrl-C ends a program without a call of what atexit was given. */
static inline BOOL WINAPI net_interrupt_console(DWORD event)
{
    (void)event; /* whichever it is, it ends the program */
    net_restore_console();
    return FALSE; /* the system goes on as if there were no handler */
}

static inline int net_start(void)
{
    WSADATA data;
    int code = WSAStartup(MAKEWORD(2, 2), &data);
    if (code != 0) {
        WSASetLastError(code);
        return -1;
    }
    /* A line ends in \n alone, and text is UTF-8. These calls fail where there
     * is no console, and then there is nothing to set. */
    (void)_setmode(_fileno(stdin), _O_BINARY);
    (void)_setmode(_fileno(stdout), _O_BINARY);
    (void)_setmode(_fileno(stderr), _O_BINARY);
    net_code_page = GetConsoleOutputCP();
    if (net_code_page != 0 && SetConsoleOutputCP(CP_UTF8)) {
        (void)atexit(net_restore_console); /* else UTF-8 stays: no harm */
        (void)SetConsoleCtrlHandler(net_interrupt_console, TRUE); /* same */
    }
    /* A character that is written in two pieces is not shown: write lines. */
    (void)setvbuf(stdout, NULL, _IOFBF, 8192);
    return 0;
}

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
           code == WSAECONNABORTED || code == WSAENOTCONN; /* wine's word */
}

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
            snprintf(text, size, "%s", known[i].text);
    if (text[0] == '\0')
        snprintf(text, size, "Unknown error");
}

static inline void net_resolve_text(int code, char *text, size_t size)
{
    net_system_text(code, text, size);
}

/* ------------------------------------------------------------------ sockets */

static inline long net_recv(net_socket sock, char *bytes, size_t size)
{
    return recv(sock, bytes, (int)size, 0);
}

static inline long net_send(net_socket sock, const char *bytes, size_t size)
{
    return send(sock, bytes, (int)size, 0);
}

static inline int net_limit_send(net_socket sock, int ms)
{
    DWORD limit = (DWORD)ms; /* POSIX takes a struct timeval */
    return setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, (const void *)&limit,
                      sizeof limit);
}

static inline int net_close(net_socket sock)
{
    return closesocket(sock);
}

static inline int net_set_nonblocking(net_socket sock)
{
    u_long on = 1;
    return ioctlsocket(sock, (long)FIONBIO, &on);
}

enum net_event { NET_READABLE, NET_WRITABLE };

static inline int net_wait(net_socket sock, enum net_event event, int ms)
{
    /* A refused connect shows in the except set, and nowhere else. */
    fd_set wanted, failed;
    struct timeval limit = {ms / 1000, ms % 1000 * 1000};
    FD_ZERO(&wanted);
    FD_SET(sock, &wanted);
    failed = wanted;
    int ready = select(0, event == NET_READABLE ? &wanted : NULL,
                       event == NET_WRITABLE ? &wanted : NULL, &failed,
                       ms < 0 ? NULL : &limit);
    return ready > 0 ? 1 : ready;
}

/* ------------------------------------------------------------------- select */

static inline bool net_can_select(net_socket sock, int watched)
{
    (void)sock; /* a set is a list here: how many there are decides */
    return watched < FD_SETSIZE;
}

static inline int net_nfds(int nfds, net_socket sock)
{
    (void)sock;
    return nfds; /* Windows ignores the number */
}

static inline int net_select(int nfds, fd_set *readable, fd_set *writable,
                             fd_set *failed, struct timeval *limit)
{
    /* To wait for nothing but time is an error for Windows (WSAEINVAL); on
     * POSIX select then just sleeps. */
    if ((readable == NULL || readable->fd_count == 0) &&
        (writable == NULL || writable->fd_count == 0) &&
        (failed == NULL || failed->fd_count == 0) && limit != NULL) {
        Sleep((DWORD)(limit->tv_sec * 1000 + limit->tv_usec / 1000));
        return 0;
    }
    return select(nfds, readable, writable, failed, limit);
}

/* --------------------------------------------------------- time and threads */

static inline long long net_now(void)
{
    return (long long)GetTickCount64();
}

static inline bool net_local_time(time_t when, struct tm *local)
{
    return localtime_s(local, &when) == 0;
}

static inline void net_sleep(int ms)
{
    Sleep((DWORD)ms);
}

static inline void net_yield(void)
{
    (void)SwitchToThread(); /* false: nobody else wants to run */
}

#define NET_THREAD unsigned __stdcall
typedef NET_THREAD net_thread_function(void *);

static inline int net_thread(net_thread_function *run, void *argument)
{
    uintptr_t thread =
        _beginthreadex(NULL, (unsigned)NET_THREAD_STACK, run, argument,
                       STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (thread == 0)
        return WSAENOBUFS;
    (void)CloseHandle((HANDLE)thread); /* nobody waits for its end */
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

/* ----------------------------------------------------- the three open files */

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

/* Makes two sockets that are connected to each other, as socketpair does on
 * POSIX. Returns 0 or -1. */
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
        /* Another program may have connected to this port first. */
        if (pair[1] != NET_BAD &&
            (getsockname(pair[0], (struct sockaddr *)&self, &size) != 0 ||
             self.sin_port != peer.sin_port)) {
            (void)closesocket(pair[1]); /* a stranger's */
            pair[1] = NET_BAD;
        }
    }
    if (pair[1] == NET_BAD && pair[0] != NET_BAD) {
        (void)closesocket(pair[0]); /* it never carried anything */
        pair[0] = NET_BAD;
    }
    if (listener != NET_BAD)
        (void)closesocket(listener); /* nobody else is to come */
    return pair[1] == NET_BAD ? -1 : 0;
}

/* Reads from a console. Its UTF-16 becomes UTF-8 here; ReadFile would give
 * question marks for Chinese. Returns the bytes read, 0 at Ctrl-Z. */
static inline int net_read_console(HANDLE input, char *bytes, int size)
{
    static wchar_t wide[1024]; /* used by the one input thread alone */
    static DWORD kept;         /* half of a surrogate pair, from last time */
    DWORD units = 0;
    if (!ReadConsoleW(input, wide + kept, 1024 - kept, &units, NULL) ||
        units == 0 || wide[kept] == 0x1a)
        return 0;
    units += kept;
    kept = wide[units - 1] >= 0xd800 && wide[units - 1] < 0xdc00 ? 1 : 0;
    wchar_t half = wide[units - 1];
    int got = WideCharToMultiByte(CP_UTF8, 0, wide, (int)(units - kept), bytes,
                                  size, NULL, NULL);
    wide[0] = half;
    return got;
}

/* The thread that copies standard input into a socket until either ends. */
static inline NET_THREAD net_pump_input(void *argument)
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
            (void)shutdown(out, SD_SEND); /* fails if nobody listens any more */
            return 0;
        }
    }
}

static inline net_socket net_input(void)
{
    static net_socket pair[2] = {NET_BAD, NET_BAD};
    static bool tried;
    if (!tried &&
        (net_pair(pair) != 0 || net_thread(net_pump_input, &pair[1]) != 0)) {
        fprintf(stderr, "standard input cannot be read\n");
        pair[0] = NET_BAD;
    }
    tried = true;
    return pair[0];
}

#endif
