/* Lab 05, solved: lab 03's chat room in one thread, woken by select.
 *
 * The idea: what a thread's stack knew of a member stands in a struct, and
 * what waits for it is watched: a member with something unsent for room to
 * send it, and every one that still talks for something to read. There is one
 * thread, so there are no locks, and no helpers.
 *
 * See also: lab 03, the same room with threads; the bonus, with poll.
 */
#include "../../../common/net.h"
#include "../../../common/args.h"
#include "../../../common/prompt.h"

enum {
    ACCEPTS = 256,          /* newcomers in one round: then the others' turn */
    ACCEPT_AGAIN_MS = 1000, /* the pause while there are no descriptors */
    TICK_MS = 100,          /* wake up this often while a deadline runs */
    NAME_LIMIT = 16,        /* bytes in a name */
    WAITING_SIZE = 65536,   /* more must not wait for a member */
};

enum state {
    TALKING, /* in the room */
    LEAVING, /* out of it; its last word is still to be sent */
    CLOSING, /* half-closed; watched for the member to close too */
    CLOSED,  /* to be forgotten */
};

struct member {
    net_socket sock;
    enum state state;
    bool dropped;            /* it did not read: to be ended */
    struct net_name address; /* for the log */
    char name[NAME_LIMIT + 1];
    struct lines_in in;
    size_t waiting; /* bytes in out */
    char out[WAITING_SIZE];
    long long deadline; /* LEAVING, CLOSING: by then it is closed (net_now) */
    size_t discarded;   /* CLOSING: bytes */
    struct member *next;
};

static struct member *members; /* all of them, the newest first */
static unsigned guests;        /* numbers given to newcomers so far */
static int watched = 1;        /* sockets: the listener and theirs */
static long long accept_again; /* no descriptors: not before this moment */

static const struct line nothing = {"", 0};

/* ---------------------------------------------------------------- sending */

/* Sends what waits, as far as that goes without waiting. */
static void send_waiting(struct member *member)
{
    while (member->waiting > 0) {
        long sent = net_send(member->sock, member->out, member->waiting);
        if (sent < 0 && net_would_block(net_error()))
            return;
        if (sent < 0) /* recv says it, too */
            sent = (long)member->waiting;
        member->waiting -= (size_t)sent;
        memmove(member->out, member->out + sent, member->waiting);
    }
}

/* Adds bytes to what waits for a member, who is dropped if they do not fit:
 * later, since a loop over the members may be on its way. */
static void add(struct member *member, const char *bytes, size_t size)
{
    if (size > WAITING_SIZE - member->waiting)
        send_waiting(member);
    if (size > WAITING_SIZE - member->waiting)
        member->dropped = true;
    if (member->dropped)
        return;
    memcpy(member->out + member->waiting, bytes, size);
    member->waiting += size;
}

static void add_text(struct member *member, const char *text)
{
    add(member, text, strlen(text));
}

/* Adds a line in up to three pieces to what waits for everyone but one. It is
 * sent at the end of the round, with all others of this round. */
static void tell_others(const struct member *but, const char *first,
                        const char *second, struct line third)
{
    for (struct member *m = members; m != NULL; m = m->next) {
        if (m == but || m->state != TALKING)
            continue;
        add_text(m, first);
        add_text(m, second);
        add(m, third.bytes, third.length);
        add_text(m, "\n");
    }
}

/* --------------------------------------------------------------- the room */

static bool is_taken(const char *name)
{
    for (const struct member *m = members; m != NULL; m = m->next)
        if (m->state == TALKING && strcmp(m->name, name) == 0)
            return true;
    return false;
}

/* Lets a newcomer in: greeted, named, and announced. */
static void join(struct member *member)
{
    add_text(member, GREETING);
    do
        snprintf(member->name, sizeof member->name, "guest%u", ++guests);
    while (is_taken(member->name));
    tell_others(member, member->name, " joined", nothing);
    member->next = members;
    members = member;
}

/* Takes a member out of the room, for a reason and with a last word: it is told
 * nothing more. */
static void leave(struct member *member, const char *how, const char *word)
{
    log_event("%s %s", member->address.text, how);
    add_text(member, word);
    member->state = LEAVING;
    member->deadline = net_now() + NET_FINISH_MS;
    tell_others(member, member->name, " left", nothing);
}

/* "here: A B C", sorted: each time the first name behind the last one. */
static void say_who(struct member *member)
{
    const char *last = "";
    add_text(member, "here:");
    for (;;) {
        const char *next = NULL;
        for (const struct member *m = members; m != NULL; m = m->next)
            if (m->state == TALKING && strcmp(m->name, last) > 0 &&
                (next == NULL || strcmp(m->name, next) < 0))
                next = m->name;
        if (next == NULL)
            break;
        add_text(member, " ");
        add_text(member, next);
        last = next;
    }
    add_text(member, "\n");
}

static bool is_name(struct line line)
{
    static const char known[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789_-";
    for (size_t i = 0; i < line.length; i++)
        if (memchr(known, line.bytes[i], sizeof known - 1) == NULL)
            return false;
    return line.length >= 1 && line.length <= NAME_LIMIT;
}

static void rename_member(struct member *member, struct line wanted)
{
    char name[NAME_LIMIT + 1] = "";
    if (!is_name(wanted)) {
        add_text(member, "error: bad name\n");
        return;
    }
    memcpy(name, wanted.bytes, wanted.length);
    if (is_taken(name)) {
        add_text(member, "error: name taken\n");
        return;
    }
    tell_others(member, member->name, " is now ", wanted);
    memcpy(member->name, name, sizeof name);
    add_text(member, "you are ");
    add_text(member, name);
    add_text(member, "\n");
}

/* Does what a line asks for. */
static void obey(struct member *member, struct line line)
{
    static const char rename[] = "/name ";
    const size_t length = sizeof rename - 1;
    if (line.length == 0 || line.bytes[0] != '/') {
        tell_others(member, member->name, ": ", line);
        return;
    }
    if (line.length >= length && memcmp(line.bytes, rename, length) == 0) {
        struct line name = {line.bytes + length, line.length - length};
        rename_member(member, name);
    } else if (line_is(line, "/name")) {
        add_text(member, "error: bad name\n");
    } else if (line_is(line, "/who")) {
        say_who(member);
    } else {
        add_text(member, "error: unknown command\n");
    }
}

/* ---------------------------------------------------- one by one, in turn */

static void close_member(struct member *member)
{
    (void)net_close(member->sock); /* whatever it returns, the socket is gone */
    member->state = CLOSED;
}

/* Receives once. Returns false if that failed, or nothing is there. */
static bool receive(struct member *member)
{
    char bytes[LINES_CHUNK];
    long got = net_recv(member->sock, bytes, sizeof bytes);
    if (got < 0)
        return false;
    lines_put(&member->in, bytes, (size_t)got); /* 0: end of stream */
    return true;
}

/* Ends a member whose connection has failed. */
static void lose(struct member *member)
{
    char how[NET_REASON_SIZE + 8];
    snprintf(how, sizeof how, "lost: %s", net_error_text(net_error()).text);
    leave(member, how, "");
    close_member(member);
}

/* Does what the lines that have come ask for. */
static void converse(struct member *member)
{
    struct line line;
    while (member->state == TALKING && !member->dropped) {
        switch (lines_next(&member->in, &line)) {
        case LINE_PARTIAL:
            return;
        case LINE_READY:
            log_says(member->address, line);
            if (line_is(line, "quit"))
                leave(member, "left", "quit\n");
            else
                obey(member, line);
            break;
        case LINE_TOO_LONG:
            leave(member, "lost: " TOO_LONG, "error: " TOO_LONG "\n");
            break;
        case LINE_END:
            leave(member, "left", "");
            break;
        }
    }
}

/* Hears a member that has something to say. */
static void hear(struct member *member)
{
    if (receive(member))
        converse(member);
    else if (!net_would_block(net_error()))
        lose(member);
}

/* Goes on with what does not depend on anything more to be received. */
static void go_on(struct member *member)
{
    if (member->state == TALKING && member->dropped) {
        leave(member, "lost: does not read", "");
        close_member(member);
        return;
    }
    send_waiting(member);
    if (member->state == LEAVING && member->waiting == 0) {
        (void)shutdown(member->sock, NET_SHUT_WRITE); /* fails if lost */
        member->state = CLOSING;
    }
    if ((member->state == CLOSING &&
         net_discard(member->sock, &member->discarded)) ||
        (member->state != TALKING && net_now() >= member->deadline))
        close_member(member);
}

/* Goes on with all members, and forgets those that are closed. */
static void go_on_with_all(void)
{
    for (struct member **at = &members; *at != NULL;) {
        struct member *member = *at;
        if (member->state != CLOSED)
            go_on(member);
        if (member->state != CLOSED) {
            at = &member->next;
        } else {
            *at = member->next;
            free(member);
            watched--;
            accept_again = 0; /* there is a descriptor now */
        }
    }
}

/* Takes a client out of the queue. Returns false if none can be had now. */
static bool accept_client(net_socket listener)
{
    struct net_name name;
    net_socket sock = net_accept(listener, &name);
    accept_again = log_accept(sock) ? net_now() + ACCEPT_AGAIN_MS : 0;
    if (sock == NET_BAD)
        return false;
    struct member *member =
        net_can_select(sock, watched) ? calloc(1, sizeof *member) : NULL;
    if (member == NULL || net_set_nonblocking(sock) != 0) {
        talk_refuse(sock, name);
        free(member);
        return true;
    }
    log_event("%s connected", name.text);
    member->sock = sock;
    member->address = name;
    member->in.limit = LINE_LIMIT;
    watched++;
    join(member);
    return true;
}

/* Sleeps in select until something can be done, or it is time to look at a
 * deadline. The set then holds those who can be read. Returns false if it
 * fails. */
static bool wait_ready(net_socket listener, fd_set *readable)
{
    fd_set writable;
    bool tick = net_now() < accept_again;
    int nfds = 0;
    FD_ZERO(readable);
    FD_ZERO(&writable);
    if (!tick) {
        FD_SET(listener, readable);
        nfds = net_nfds(nfds, listener);
    }
    for (const struct member *m = members; m != NULL; m = m->next) {
        if (m->state != LEAVING)
            FD_SET(m->sock, readable);
        if (m->waiting > 0)
            FD_SET(m->sock, &writable);
        nfds = net_nfds(nfds, m->sock);
        tick |= m->state != TALKING || m->dropped;
    }
    struct timeval limit = {0, TICK_MS * 1000L};
    (void)fflush(stdout); /* a lost log does not stop the server */
    if (net_select(nfds, readable, &writable, NULL, tick ? &limit : NULL) >= 0)
        return true;
    FD_ZERO(readable); /* the sets mean nothing then */
    return net_interrupted(net_error());
}

int main(int argc, char **argv)
{
    fd_set readable;
    net_socket listener;
    int status = args_listen(argc, argv, &listener);
    if (status >= 0)
        return status;
    if (net_set_nonblocking(listener) != 0)
        return net_fail("server", net_error_text(net_error()));
    if (!net_can_select(listener, 0))
        return prompt_cannot_select("server");

    for (;;) {
        if (!wait_ready(listener, &readable))
            return net_fail("server", net_error_text(net_error()));
        for (struct member *m = members; m != NULL; m = m->next)
            if (m->state == TALKING && FD_ISSET(m->sock, &readable))
                hear(m);
        if (FD_ISSET(listener, &readable))
            for (int n = 0; n < ACCEPTS && accept_client(listener); n++)
                continue;
        go_on_with_all();
    }
}
