/* full.c - lets a server's last word find the kernel's buffers full.
 *
 * Preloaded (LD_PRELOAD, Linux), it fills them before a send that ends with
 * quit or with an error, and then makes that send. A client that never reads
 * does the same, but nobody can tell at which of its answers.
 *
 *     cc -shared -fPIC full.c -o full.so -ldl
 *     LD_PRELOAD=./full.so ./server
 */
#define _GNU_SOURCE /* RTLD_NEXT, memmem */
#include <dlfcn.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

enum {
    STUCK_MS = 300, /* for so long nothing is taken: nobody reads */
    REFUSALS = 20,  /* in a row: then it takes nothing, whatever poll says */
    REST_MS = 5,
};

static bool ends_with(const char *bytes, size_t size, const char *word)
{
    size_t length = strlen(word);
    return size >= length && memcmp(bytes + size - length, word, length) == 0;
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    static const char junk[1 << 16];
    ssize_t (*real)(int, const void *, size_t, int);
    /* The detour over void ** is the one that dlsym(3) recommends. */
    *(void **)&real = dlsym(RTLD_NEXT, "send");
    if (ends_with(bytes, size, "quit\n") ||
        ends_with(bytes, size, "longer than 1024 bytes\n")) {
        struct pollfd one = {fd, POLLOUT, 0};
        int refused = 0;
        while (refused < REFUSALS && poll(&one, 1, STUCK_MS) > 0) {
            if (real(fd, junk, sizeof junk, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
                refused = 0;
            } else {
                refused++;
                poll(NULL, 0, REST_MS);
            }
        }
        /* Less may still fit, and then no word would have to wait. */
        for (size_t less = sizeof junk; less > 0; less /= 2)
            while (real(fd, junk, less, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
                continue;
    }
    return real(fd, bytes, size, flags);
}
