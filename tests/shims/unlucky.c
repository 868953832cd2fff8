/* unlucky.c - lets one send fail as if the peer had just reset the connection.
 *
 * Preloaded (LD_PRELOAD, Linux), it fails the first send whose bytes contain
 * the word "unlucky". A peer can reset its connection at any time, but nobody
 * can tell which call of the server will be the first to notice; here it is
 * the one that sends this word.
 *
 *     cc -shared -fPIC unlucky.c -o unlucky.so -ldl
 *     LD_PRELOAD=./unlucky.so ./server
 */
#define _GNU_SOURCE /* RTLD_NEXT, memmem */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

static const char word[] = "unlucky";

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    static atomic_flag once = ATOMIC_FLAG_INIT;
    ssize_t (*real)(int, const void *, size_t, int);
    /* The detour over void ** is the one that dlsym(3) recommends. */
    *(void **)&real = dlsym(RTLD_NEXT, "send");
    if (memmem(bytes, size, word, sizeof word - 1) != NULL &&
        !atomic_flag_test_and_set(&once)) {
        errno = ECONNRESET;
        return -1;
    }
    return real(fd, bytes, size, flags);
}
