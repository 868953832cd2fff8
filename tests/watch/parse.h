/* parse.h - what the files of /proc say, and what it is called. Memory only:
 * proc.h reads the files. See proc(5).
 */
#ifndef PARSE_H
#define PARSE_H

#include "calls.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What a thread is in. */
struct doing {
    enum kind kind;
    char name[16];
    int descriptor; /* on which, or -1 */
};

/* Takes a number in this base off *text. Returns 0 where there is none. */
static inline unsigned long long take(const char **text, int base)
{
    char *end;
    unsigned long long number = strtoull(*text, &end, base);
    *text = end;
    return number;
}

/* The text of /proc/PID/task/TID/syscall: "running", or the call's number
 * (-1: it was stopped outside of a call) and its arguments. */
static inline struct doing parse_syscall(const char *text)
{
    struct doing doing = {WORK, "work", -1};
    if ((text[0] < '0' || text[0] > '9'))
        return doing;
    long number = (long)take(&text, 10);
    const struct call *call = call_of(number);
    if (call == NULL) {
        doing.kind = OTHER;
        (void)snprintf(doing.name, sizeof doing.name, "call %ld", number);
        return doing;
    }
    if (call->has_descriptor)
        doing.descriptor = (int)take(&text, 16);
    (void)snprintf(doing.name, sizeof doing.name, "%s", call->name);
    if (call->kind < KINDS)
        doing.kind = (enum kind)call->kind;
    else if (doing.descriptor > 2) /* what else would a server read? */
        doing.kind = call->kind == READ ? RECV : SEND;
    else
        doing.kind = call->kind == READ ? KEYBOARD : LOGGING;
    return doing;
}

/* What a thread has had of the processor: /proc/PID/task/TID/schedstat. */
struct had {
    unsigned long long ns, turns; /* how often it was given the processor */
};

static inline struct had parse_schedstat(const char *text)
{
    struct had had = {take(&text, 10), 0};
    (void)take(&text, 10); /* how long it had to wait for one */
    had.turns = take(&text, 10);
    return had;
}

/* The number behind a name in /proc/PID/status, or 0. */
static inline unsigned long long parse_status(const char *text,
                                              const char *name)
{
    const char *at = strstr(text, name);
    if (at == NULL)
        return 0;
    at += strlen(name);
    return take(&at, 10);
}

/* The number of a socket in what a link of /proc/PID/fd says, or 0. */
static inline unsigned long parse_socket(const char *link)
{
    static const char start[] = "socket:[";
    if (strncmp(link, start, sizeof start - 1) != 0)
        return 0;
    link += sizeof start - 1;
    return (unsigned long)take(&link, 10);
}

/* The kernel's numbers for the states of a connection. */
enum tcp_state { TCP_REMEMBERED = 6, TCP_LISTENS = 10 };

static inline const char *state_name(unsigned state)
{
    static const char *const names[] = {
        "",           "established", "SYN-SENT",  "SYN-RECV",
        "FIN-WAIT-1", "FIN-WAIT-2",  "TIME-WAIT", "closed",
        "CLOSE-WAIT", "LAST-ACK",    "listens",   "closing",
    };
    return state < sizeof names / sizeof *names ? names[state] : "";
}

struct address {
    unsigned char bytes[16];
    bool six; /* of IPv6: all 16 */
    unsigned port;
};

/* A line of /proc/net/tcp or tcp6. */
struct tcp {
    struct address here, peer;
    unsigned state;
    unsigned long unsent, unread; /* of a listener, unread is its queue */
    unsigned long socket;         /* its number, 0: accept has not had it yet */
};

/* An address is printed as numbers of four bytes, each as the processor has
 * it: here it goes back into memory. */
static inline struct address take_address(const char **text)
{
    struct address address;
    memset(&address, 0, sizeof address);
    size_t digits = strspn(*text, "0123456789ABCDEF");
    address.six = digits == 32;
    for (size_t i = 0; i + 8 <= digits && i < 32; i += 8) {
        char word[9] = {0};
        memcpy(word, *text + i, 8);
        uint32_t value = (uint32_t)strtoul(word, NULL, 16);
        memcpy(address.bytes + i / 2, &value, sizeof value);
    }
    *text += digits + (digits > 0); /* and a colon */
    address.port = (unsigned)take(text, 16);
    *text += strspn(*text, " ");
    return address;
}

/* Returns false if it is no such line, as the first one of the file, or of one
 * in TIME-WAIT. */
static inline bool parse_tcp(const char *line, struct tcp *tcp)
{
    const char *at = strchr(line, ':');
    if (at == NULL)
        return false;
    at += 1 + strspn(at + 1, " ");
    tcp->here = take_address(&at);
    tcp->peer = take_address(&at);
    tcp->state = (unsigned)take(&at, 16);
    tcp->unsent = (unsigned long)take(&at, 16);
    at += *at == ':';
    tcp->unread = (unsigned long)take(&at, 16);
    for (int i = 0; i < 2; i++) { /* a timer's kind, and when it is due */
        (void)take(&at, 16);
        at += *at == ':';
    }
    (void)take(&at, 16); /* retransmissions */
    (void)take(&at, 10); /* the user */
    (void)take(&at, 10); /* probes without an answer */
    tcp->socket = (unsigned long)take(&at, 10);
    return *at == ' ' && tcp->here.port != 0 && tcp->state != TCP_REMEMBERED;
}

static inline bool same_address(const struct address *a,
                                const struct address *b)
{
    return a->port == b->port && a->six == b->six &&
           memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Returns the text of an address, as the servers' log has it. */
static inline const char *address_text(const struct address *address,
                                       char *text, size_t size)
{
    char number[INET6_ADDRSTRLEN] = "?";
    (void)inet_ntop(address->six ? AF_INET6 : AF_INET, address->bytes, number,
                    sizeof number); /* if not, there is a ? */
    (void)snprintf(text, size, address->six ? "[%s]:%u" : "%s:%u", number,
                   address->port);
    return text;
}

#endif
