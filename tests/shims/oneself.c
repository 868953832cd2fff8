/* oneself.c - lets a client be lent the very port to which it connects.
 *
 * Where nobody listens, on a port from which the system lends numbers to
 * clients, that happens once in some ten thousand times; preloaded
 * (LD_PRELOAD, Linux), this makes it happen always. The connect then meets
 * itself.
 *
 *     cc -shared -fPIC oneself.c -o oneself.so -ldl
 *     LD_PRELOAD=./oneself.so ./client 127.0.0.1 50000
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <sys/socket.h>

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    int (*real)(int, const struct sockaddr *, socklen_t);
    /* The detour over void ** is the one that dlsym(3) recommends. */
    *(void **)&real = dlsym(RTLD_NEXT, "connect");
    return bind(fd, address, size) != 0 ? -1 : real(fd, address, size);
}
