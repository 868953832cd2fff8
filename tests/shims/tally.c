/* tally.c - counts a program's sends.
 *
 * Preloaded (LD_PRELOAD, Linux), it prints their number on standard error when
 * the program ends by itself or by SIGTERM.
 *
 *     cc -shared -fPIC tally.c -o tally.so -ldl
 *     LD_PRELOAD=./tally.so ./server
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>

static atomic_ulong sends;

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    ssize_t (*real)(int, const void *, size_t, int);
    /* The detour over void ** is the one that dlsym(3) recommends. */
    *(void **)&real = dlsym(RTLD_NEXT, "send");
    atomic_fetch_add(&sends, 1);
    return real(fd, bytes, size, flags);
}

__attribute__((destructor)) static void tell(void)
{
    fprintf(stderr, "sends: %lu\n", atomic_load(&sends));
}

/* Not allowed in a handler, but the servers only wait for clients by then. */
static void end(int signal)
{
    (void)signal;
    exit(0);
}

__attribute__((constructor)) static void begin(void)
{
    signal(SIGTERM, end);
}
