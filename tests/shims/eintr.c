/* shim.c - makes the system calls of a server as awkward as they may be.
 *
 * Preloaded (LD_PRELOAD, Linux), it lets every third call that may be
 * interrupted by a signal fail with EINTR, and moves one byte a send and
 * receive. A server that looks at every return value does not mind.
 *
 *     cc -shared -fPIC shim.c -o shim.so -ldl
 *     LD_PRELOAD=./shim.so ./server
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum { EVERY = 3 }; /* two in a row would hide a retry that is tried once */

static bool interrupted(void)
{
    static atomic_uint calls;
    if (atomic_fetch_add(&calls, 1) % EVERY != EVERY - 1)
        return false;
    errno = EINTR;
    return true;
}

/* Declares `real`, the function of this name that the shim stands before. The
 * detour over void ** is the one that dlsym(3) recommends. */
#define REAL(result, name, ...)                                                \
    result (*real)(__VA_ARGS__);                                               \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    REAL(ssize_t, recv, int, void *, size_t, int);
    return interrupted() ? -1 : real(fd, bytes, size > 0, flags);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    REAL(ssize_t, send, int, const void *, size_t, int);
    return interrupted() ? -1 : real(fd, bytes, size > 0, flags);
}

ssize_t read(int fd, void *bytes, size_t size)
{
    REAL(ssize_t, read, int, void *, size_t);
    return interrupted() ? -1 : real(fd, bytes, size > 0);
}

int accept(int fd, struct sockaddr *restrict address, socklen_t *restrict size)
{
    REAL(int, accept, int, struct sockaddr *, socklen_t *);
    return interrupted() ? -1 : real(fd, address, size);
}

/* An interrupted connect goes on by itself, so here it is made first. */
int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    REAL(int, connect, int, const struct sockaddr *, socklen_t);
    int result = real(fd, address, size);
    return result == 0 && interrupted() ? -1 : result;
}

int poll(struct pollfd *fds, nfds_t count, int ms)
{
    REAL(int, poll, struct pollfd *, nfds_t, int);
    return interrupted() ? -1 : real(fds, count, ms);
}

int select(int nfds, fd_set *restrict readable, fd_set *restrict writable,
           fd_set *restrict failed, struct timeval *restrict limit)
{
    REAL(int, select, int, fd_set *, fd_set *, fd_set *, struct timeval *);
    return interrupted() ? -1 : real(nfds, readable, writable, failed, limit);
}
