/* bare.h - what the bare loops share: a listener, the two texts that the crowd
 * wants to see, and one answer.
 *
 * A bare loop makes the calls of its model and does nothing else: it cuts no
 * lines, looks at no address, and keeps no log. What one recv brings is taken
 * for one line. That is true of the crowd, which waits for each answer, and of
 * nobody else. An answer is sent in one piece, or the client is dropped: it
 * always fits into the buffer of a socket whose client reads. If it did not,
 * the crowd would miss it, and the benchmark would stop.
 */
#ifndef BARE_H
#define BARE_H

#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GREETING "Connect succeed. Please send a message to me\n"
#define ANSWER "Message received - "

enum { QUEUE = 4096, PREFIX = sizeof ANSWER - 1, CHUNK = 2048 };

/* Listens on a free port of 127.0.0.1 and prints it. Ends the program if it
 * cannot. */
static inline int bare_listen(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, size) != 0 ||
        listen(listener, QUEUE) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &size) != 0) {
        perror("listen");
        exit(1);
    }
    signal(SIGPIPE, SIG_IGN); /* send says the same, and to us alone */
    printf("listening on 127.0.0.1:%d\n", ntohs(at.sin_port));
    fflush(stdout); /* bench.sh waits for it */
    return listener;
}

/* Sends all of it in one piece, or returns false. */
static inline bool bare_send(int client, const char *bytes, size_t size)
{
    ssize_t sent;
    do
        sent = send(client, bytes, size, 0);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size;
}

static inline bool bare_greet(int client)
{
    return bare_send(client, GREETING, sizeof GREETING - 1);
}

enum heard { GONE, NOTHING, ANSWERED };

/* Receives once and answers. NOTHING: a non-blocking recv would have had to
 * wait. GONE: the client has left, or could not be answered. */
static inline enum heard bare_answer(int client)
{
    char bytes[PREFIX + CHUNK];
    ssize_t got;
    do
        got = recv(client, bytes + PREFIX, CHUNK, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return NOTHING;
    memcpy(bytes, ANSWER, PREFIX);
    return got > 0 && bare_send(client, bytes, PREFIX + (size_t)got) ? ANSWERED
                                                                     : GONE;
}

#endif
