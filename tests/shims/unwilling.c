/* unwilling.c - lets a system call fail where the machine at hand would not.
 *
 * Preloaded (LD_PRELOAD, Linux), it lets the first calls of one function fail
 * with the codes that UNWILLING lists, one after the other; if the last one is
 * followed by "...", with that code for ever.
 *
 *     UNWILLING='accept 71 100' LD_PRELOAD=./unwilling.so ./server
 *     UNWILLING='connect 13 ...' LD_PRELOAD=./unwilling.so ./client
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Returns whether this call of the function is to fail, with errno set. */
static bool unwilling(const char *name)
{
    static atomic_int calls;
    const char *list = getenv("UNWILLING");
    size_t length = strlen(name);
    if (list == NULL || strncmp(list, name, length) != 0 || list[length] != ' ')
        return false;
    list += length;
    for (int call = atomic_fetch_add(&calls, 1); call >= 0; call--) {
        char *end;
        long code = strtol(list, &end, 10);
        if (end == list)
            return strcmp(list, " ...") == 0;
        errno = (int)code;
        list = end;
    }
    return true;
}

/* Declares `real`, the function of this name that the shim stands before. The
 * detour over void ** is the one that dlsym(3) recommends. */
#define REAL(name, ...)                                                        \
    int (*real)(__VA_ARGS__);                                                  \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

int socket(int domain, int type, int protocol)
{
    REAL(socket, int, int, int);
    return unwilling("socket") ? -1 : real(domain, type, protocol);
}

int accept(int fd, struct sockaddr *restrict address, socklen_t *restrict size)
{
    REAL(accept, int, struct sockaddr *, socklen_t *);
    return unwilling("accept") ? -1 : real(fd, address, size);
}

/* Linux, and what Python calls: fails when accept is to fail. */
int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict size,
            int flags)
{
    REAL(accept4, int, struct sockaddr *, socklen_t *, int);
    return unwilling("accept") ? -1 : real(fd, address, size, flags);
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    REAL(connect, int, const struct sockaddr *, socklen_t);
    return unwilling("connect") ? -1 : real(fd, address, size);
}
