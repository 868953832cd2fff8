/* connect.h - how a client finds its server: connect() over all addresses of a
 * name, waiting and not waiting. Ownership and failure are as in net.h.
 */
#ifndef CONNECT_H
#define CONNECT_H

#include "net.h"

/* How a connect that net_wait saw end, ended: 0, or the error's code
 * (SO_ERROR in socket(7)).
 *
 * When nobody listens on a port from which the system also lends numbers to
 * clients, a client can be lent that very port, and then it meets itself (a
 * simultaneous open of RFC 9293). Nobody is there: that counts as refused. */
static inline int net_connect_result(net_socket sock)
{
    int code = 0;
    socklen_t size = sizeof code;
    struct sockaddr_storage peer = {0};
    if (getsockopt(sock, SOL_SOCKET, SO_ERROR, (void *)&code, &size) != 0)
        return net_error();
    size = sizeof peer;
    if (code == 0 && getpeername(sock, (struct sockaddr *)&peer, &size) == 0 &&
        strcmp(net_address_name((struct sockaddr *)&peer, size).text,
               net_local_name(sock).text) == 0)
        code = NET_EREFUSED;
    return code;
}

/* Connects and waits until that is done. Returns 0, or the error's code. A
 * connect that a signal interrupted goes on by itself: calling it again would
 * fail, so it is waited for (connect(2)). */
static inline int net_connect_address(net_socket sock, const struct addrinfo *a)
{
    if (connect(sock, a->ai_addr, (socklen_t)a->ai_addrlen) != 0) {
        int code = net_error(), ended;
        if (!net_interrupted(code))
            return code;
        while ((ended = net_wait(sock, NET_WRITABLE, -1)) == 0)
            continue;
        if (ended < 0)
            return net_error();
    }
    return net_connect_result(sock);
}

/* Returns a socket connected to the first address of the endpoint that
 * answers, with that address in *name, or NET_BAD with the reason in *why. */
static inline net_socket net_connect(const struct net_endpoint *at,
                                     struct net_name *name,
                                     struct net_reason *why)
{
    net_socket connected = NET_BAD;
    struct addrinfo *list = net_resolve(at, why);
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        *name = net_name_of(a);
        connected = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        const char *step = connected == NET_BAD ? "socket" : "connect";
        int code = connected == NET_BAD ? net_error()
                                        : net_connect_address(connected, a);
        if (code == 0)
            break;
        *why = net_explain(step, *name, code);
        /* A socket whose connect failed cannot be used again. */
        if (connected != NET_BAD)
            (void)net_close(connected); /* it never carried anything */
        connected = NET_BAD;
    }
    if (list != NULL)
        freeaddrinfo(list);
    return connected;
}

/* A connect that never waits: net_connect_start, then net_connect_poll now and
 * then until it says that it is over, or net_connect_cancel. */
struct net_connecting {
    struct addrinfo *list;       /* all addresses; NULL once it is over */
    const struct addrinfo *next; /* the one to try next */
    net_socket socket;           /* under way; the caller's once connected */
    struct net_name name;        /* its address */
};

/* Finds the addresses, and that does wait. Returns 0, or -1 with *why. */
static inline int net_connect_start(struct net_connecting *c,
                                    const struct net_endpoint *at,
                                    struct net_reason *why)
{
    c->list = net_resolve(at, why);
    c->next = c->list;
    c->socket = NET_BAD;
    return c->list != NULL ? 0 : -1;
}

/* Starts to connect to the next address. Returns 0, or the error's code with
 * the call that failed in *step. */
static inline int net_connect_next(struct net_connecting *c, const char **step)
{
    const struct addrinfo *a = c->next;
    c->next = a->ai_next;
    c->name = net_name_of(a);
    *step = "socket";
    c->socket = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    if (c->socket == NET_BAD || net_set_nonblocking(c->socket) != 0)
        return net_error();
    *step = "connect";
    if (connect(c->socket, a->ai_addr, (socklen_t)a->ai_addrlen) == 0)
        return 0;
    int code = net_error();
    return net_in_progress(code) ? 0 : code;
}

/* Gives up, or frees what is no longer needed. The socket is closed unless it
 * was taken away from *c. Harmless when it is over already. */
static inline void net_connect_cancel(struct net_connecting *c)
{
    if (c->list != NULL)
        freeaddrinfo(c->list);
    c->list = NULL;
    c->next = NULL;
    if (c->socket != NET_BAD)
        (void)net_close(c->socket); /* it never carried anything */
    c->socket = NET_BAD;
}

/* Returns 1 when c->socket is connected, and non-blocking; 0 when that is not
 * decided yet; -1 with *why when no address is left. To call connect again
 * until it says "connected" would never notice a refusal on Windows. */
static inline int net_connect_poll(struct net_connecting *c,
                                   struct net_reason *why)
{
    for (;;) {
        const char *step = "connect";
        int code = 0;
        if (c->socket == NET_BAD) {
            if (c->next == NULL) {
                net_connect_cancel(c);
                return -1;
            }
            code = net_connect_next(c, &step);
        }
        if (code == 0) {
            int ended = net_wait(c->socket, NET_WRITABLE, 0);
            if (ended == 0)
                return 0;
            code = ended < 0 ? net_error() : net_connect_result(c->socket);
        }
        if (code == 0) {
            freeaddrinfo(c->list);
            c->list = NULL;
            return 1;
        }
        *why = net_explain(step, c->name, code);
        /* A socket whose connect failed cannot be used again. */
        if (c->socket != NET_BAD)
            (void)net_close(c->socket); /* it never carried anything */
        c->socket = NET_BAD;
    }
}

#endif
