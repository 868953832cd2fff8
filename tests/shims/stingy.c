/* stingy.c - makes the kernel take little of what a server sends.
 *
 * Preloaded (LD_PRELOAD, Linux), it lets each send take at most a hundred
 * bytes, and every other send none ("would block"). A slow reader does the
 * same, but nobody can tell when; here it happens at the first answer.
 *
 *     cc -shared -fPIC stingy.c -o stingy.so -ldl
 *     LD_PRELOAD=./stingy.so ./server
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { TAKES = 100 }; /* bytes at a time, so that a line may be cut */

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    static atomic_uint calls;
    ssize_t (*real)(int, const void *, size_t, int);
    /* The detour over void ** is the one that dlsym(3) recommends. */
    *(void **)&real = dlsym(RTLD_NEXT, "send");
    if (atomic_fetch_add(&calls, 1) % 2 == 1) {
        errno = EAGAIN;
        return -1;
    }
    return real(fd, bytes, size < TAKES ? size : TAKES, flags);
}
