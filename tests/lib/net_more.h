/* net_more.h - what the crowd, the benchmark and the bonus lab need from the
 * system besides net.h. No chapter includes it. Contracts are as in net.h.
 */
#ifndef NET_MORE_H
#define NET_MORE_H

#include "../../common/net.h"

#ifdef _WIN32
#include "net_more_windows.h"
#else
#include "net_more_posix.h"
#endif

/* Waits at most ms milliseconds until something can be done with one of
 * `count` sockets: each has its fd, and in `events` POLLIN or POLLOUT or both;
 * what came of it is in `revents`. Unlike select it knows no highest number.
 * Returns how many there are, 0 after ms or a signal, -1 on failure (poll(2);
 * before Windows 10 2004 a refused connect never shows: ask net_wait too). */
static inline int net_poll(struct pollfd *list, size_t count, int ms);

/* Asks for room for so many sockets, up to what an administrator allows; if
 * there is none, opening them fails later (setrlimit(2)). */
static inline void net_want_sockets(size_t count);

/* The clock of net_now() in microseconds, for measuring. */
static inline long long net_micros(void);

/* True if escape sequences on standard output show as colours, and nobody has
 * asked for none (no-color.org). */
static inline bool net_output_takes_colour(void);

#endif
