/* deaf-poll.c - a poll that never tells of a refused connect, as WSAPoll did
 * before Windows 10 2004, and a second connect that is refused late.
 *
 * Preloaded (LD_PRELOAD, Linux). A connect on this machine is refused at once;
 * in a network that takes a while. Here the second one is sent to a listener
 * whose queue is full: the kernel drops it and tries again after a second, when
 * that listener has gone, and then the refusal comes.
 *
 *     cc -shared -fPIC deaf-poll.c -o deaf-poll.so -ldl
 *     LD_PRELOAD=./deaf-poll.so ./crowd
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FILLERS = 4, MOST = 64 };

typedef int connect_call(int, const struct sockaddr *, socklen_t);

/* Connects to a listener with a full queue, and closes that listener. */
static int connect_in_vain(connect_call *real, int fd)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&at, size) != 0 ||
        listen(listener, 0) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &size) != 0)
        return -1;
    for (int i = 0; i < FILLERS; i++) {
        int filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)real(filler, (struct sockaddr *)&at, size);
    }
    int result = real(fd, (struct sockaddr *)&at, size);
    int code = errno;
    close(listener);
    errno = code;
    return result;
}

int connect(int fd, const struct sockaddr *to, socklen_t size)
{
    static int calls;
    connect_call *real;
    /* The detour over void ** is the one that dlsym(3) recommends. */
    *(void **)&real = dlsym(RTLD_NEXT, "connect");
    return ++calls == 2 ? connect_in_vain(real, fd) : real(fd, to, size);
}

static bool is_connected(int fd)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    return getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

/* To ask after a single socket at once works, there as here. */
int poll(struct pollfd *list, nfds_t count, int ms)
{
    int fds[MOST];
    int (*real)(struct pollfd *, nfds_t, int);
    *(void **)&real = dlsym(RTLD_NEXT, "poll");
    if (count > MOST || (count == 1 && ms == 0))
        return real(list, count, ms);
    for (nfds_t i = 0; i < count; i++) {
        fds[i] = list[i].fd;
        if (!is_connected(fds[i]))
            list[i].fd = -1; /* poll takes no notice of it */
    }
    int ready = real(list, count, ms);
    for (nfds_t i = 0; i < count; i++)
        list[i].fd = fds[i];
    return ready;
}
