/* diag.h - the kernel's connections, asked for by netlink: sock_diag(7). It
 * takes a tenth of the time of /proc/net/tcp, which also lists what is long
 * over, thousands of lines on a busy machine.
 */
#ifndef DIAG_H
#define DIAG_H

#include "parse.h"

#include <sys/socket.h>
#include <unistd.h>

/* The kernel's words, as <linux/netlink.h>, <linux/sock_diag.h> and
 * <linux/inet_diag.h> have them, and will: old programs rely on it. Not every
 * system has these headers where it has a compiler (Alpine, musl-gcc). */
enum {
    DIAG_PROTOCOL = 4,  /* NETLINK_SOCK_DIAG */
    DIAG_QUESTION = 20, /* SOCK_DIAG_BY_FAMILY */
    DIAG_FLAGS = 0x301, /* NLM_F_REQUEST | NLM_F_DUMP */
    DIAG_ERROR = 2,     /* NLMSG_ERROR */
    DIAG_DONE = 3,      /* NLMSG_DONE */
    DIAG_ALIGNMENT = 4, /* NLMSG_ALIGNTO: each message begins at such a byte */
};

struct diag_head { /* nlmsghdr */
    uint32_t length;
    uint16_t type, flags;
    uint32_t sequence, from;
};

struct diag_socket { /* inet_diag_sockid; ports as on the network */
    uint16_t here_port, peer_port;
    uint32_t here[4], peer[4];
    uint32_t interface, cookie[2];
};

struct diag_question { /* inet_diag_req_v2 */
    uint8_t family, protocol, extensions, unused;
    uint32_t states;
    struct diag_socket socket;
};

struct diag_answer { /* inet_diag_msg */
    uint8_t family, state, timer, sent_again;
    struct diag_socket socket;
    uint32_t expires, unread, unsent, user, inode;
};

/* Asks for all connections of a family but those in TIME-WAIT, at this port of
 * ours (0: any). Returns false if the kernel does not take the question. */
static inline bool ask_sockets(int sock, unsigned char family, unsigned port)
{
    struct {
        struct diag_head head;
        struct diag_question body;
    } question;
    memset(&question, 0, sizeof question);
    question.head.length = sizeof question;
    question.head.type = DIAG_QUESTION;
    question.head.flags = DIAG_FLAGS;
    question.body.family = family;
    question.body.protocol = IPPROTO_TCP;
    question.body.socket.here_port = htons((uint16_t)port);
    question.body.states = ~(1U << TCP_REMEMBERED);
    return send(sock, &question, sizeof question, 0) == sizeof question;
}

static inline struct tcp tcp_of(const struct diag_answer *said)
{
    struct tcp tcp;
    memset(&tcp, 0, sizeof tcp);
    tcp.here.six = tcp.peer.six = said->family == AF_INET6;
    memcpy(tcp.here.bytes, said->socket.here, tcp.here.six ? 16 : 4);
    memcpy(tcp.peer.bytes, said->socket.peer, tcp.peer.six ? 16 : 4);
    tcp.here.port = ntohs(said->socket.here_port);
    tcp.peer.port = ntohs(said->socket.peer_port);
    tcp.state = said->state;
    tcp.unread = said->unread;
    tcp.unsent = said->state == TCP_LISTENS ? 0 : said->unsent;
    tcp.socket = said->inode;
    return tcp;
}

/* Hands one answer's connections on. Returns 1 if more will come, 0 at the end,
 * -1 on failure. */
static inline int use_sockets(void *answer, size_t size,
                              void (*use)(const struct tcp *, void *),
                              void *argument)
{
    const char *at = answer;
    while (size >= sizeof(struct diag_head)) {
        struct diag_head head;
        struct diag_answer said;
        memcpy(&head, at, sizeof head);
        if (head.length < sizeof head || head.length > size ||
            head.type == DIAG_ERROR)
            return -1;
        if (head.type == DIAG_DONE)
            return 0;
        if (head.length >= sizeof head + sizeof said) {
            memcpy(&said, at + sizeof head, sizeof said);
            struct tcp tcp = tcp_of(&said);
            use(&tcp, argument);
        }
        size_t step =
            (head.length + DIAG_ALIGNMENT - 1U) & ~(DIAG_ALIGNMENT - 1U);
        step = step < size ? step : size;
        at += step;
        size -= step;
    }
    return 1;
}

/* Calls `use` for each of the machine's connections of a family, at this port
 * (0: any). Returns false if the kernel does not tell them. */
static inline bool diag_sockets(unsigned char family, unsigned port,
                                void (*use)(const struct tcp *, void *),
                                void *argument)
{
    static char answer[32768];
    int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, DIAG_PROTOCOL);
    if (sock < 0)
        return false;
    int more = ask_sockets(sock, family, port) ? 1 : -1;
    while (more > 0) {
        ssize_t size = recv(sock, answer, sizeof answer, 0);
        more =
            size <= 0 ? -1 : use_sockets(answer, (size_t)size, use, argument);
    }
    (void)close(sock); /* nothing waits in it */
    return more == 0;
}

#endif
