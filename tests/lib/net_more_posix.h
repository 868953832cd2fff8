/* net_more_posix.h - see net_more.h, which alone includes this file. */
#ifndef NET_MORE_POSIX_H
#define NET_MORE_POSIX_H

#include <sys/resource.h>

static inline int net_poll(struct pollfd *list, size_t count, int ms)
{
    int ready = poll(list, (nfds_t)count, ms);
    return ready < 0 && net_interrupted(errno) ? 0 : ready;
}

static inline void net_want_sockets(size_t count)
{
    struct rlimit limit;
    const rlim_t wanted = (rlim_t)count + 16; /* and files, and the like */
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* if not, opening them fails */
}

static inline long long net_micros(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: POSIX has it */
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline bool net_output_takes_colour(void)
{
    const char *no = getenv("NO_COLOR"), *kind = getenv("TERM");
    return net_output_is_terminal() && (no == NULL || no[0] == '\0') &&
           kind != NULL && kind[0] != '\0' && strcmp(kind, "dumb") != 0;
}

#endif
