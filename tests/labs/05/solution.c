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
#include "../../../common/lines.h"

enum {
    ACCEPTS = 256,          /* newcomers a round: the others wait meanwhile */
    ACCEPT_AGAIN_MS = 1000, /* a pause while there are no descriptors */
    TICK_MS = 100,          /* a look at the clock while it matters */
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
    net_socket socket;
    enum state state;
    bool dropped;            /* did not read: to be ended */
    struct net_name address; /* for the log */
    char name[NAME_LIMIT + 1];
    struct lines_in in;
    size_t start; /* of what waits: the first byte */
    size_t end;   /* behind the last */
    char waiting[WAITING_SIZE];
    long long deadline;       /* LEAVING: for the last word */
    struct net_finish finish; /* CLOSING: for how long */
    struct member *next;
};

static struct member *members; /* all of them, the newest first */
static unsigned guests;        /* numbers given to newcomers so far */
static int watched = 1;        /* sockets: the listener and theirs */
static long long accept_again; /* no descriptors: not before this moment */

/* ---------------------------------------------------------------- sending */

/* Adds bytes to what waits for a member, who is dropped if they do not fit. */
static void add(struct member *member, const char *bytes, size_t size)
{
    if (member->dropped)
        return;
    if (WAITING_SIZE - (member->end - member->start) < size) {
        member->dropped = true;
        return;
    }
    if (WAITING_SIZE - member->end < size) {
        memmove(member->waiting, member->waiting + member->start,
                member->end - member->start);
        member->end -= member->start;
        member->start = 0;
    }
    memcpy(member->waiting + member->end, bytes, size);
    member->end += size;
}

static void add_text(struct member *member, const char *text)
{
    add(member, text, strlen(text));
}

/* Sends what waits, as far as that goes without waiting. */
static void send_waiting(struct member *member)
{
    while (member->start < member->end) {
        long sent = net_send(member->socket, member->waiting + member->start,
                             member->end - member->start);
        if (sent < 0 && net_would_block(net_error()))
            return;
        if (sent < 0) /* recv will say so, too */
            member->start = member->end;
        else
            member->start += (size_t)sent;
    }
    member->start = 0;
    member->end = 0;
}

/* Sends a line in up to three pieces to everyone but one. */
static void tell_others(const struct member *but, const char *first,
                        const char *second, struct line third)
{
    for (struct member *m = members; m != NULL; m = m->next) {
        if (m == but || m->state != TALKING)
            continue;
        add_text(m, first);
        add_text(m, second);
        add(m, third.bytes, third.length);
        add(m, "\n", 1);
        send_waiting(m);
    }
}

/* ---------------------------------------------------------------- the room */

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
    struct line nothing = {"", 0};
    add_text(member, GREETING);
    send_waiting(member);
    do
        (void)snprintf(member->name, sizeof member->name, "guest%u", ++guests);
    while (is_taken(member->name));
    tell_others(member, member->name, " joined", nothing);
    member->next = members;
    members = member;
}

/* Takes a member out of the room, for a reason and with a last word. */
static void leave(struct member *member, const char *how, const char *word)
{
    struct line nothing = {"", 0};
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
    struct line new_name = {name, wanted.length};
    if (!is_name(wanted)) {
        add_text(member, "error: bad name\n");
        return;
    }
    memcpy(name, wanted.bytes, wanted.length);
    if (is_taken(name)) {
        add_text(member, "error: name taken\n");
        return;
    }
    tell_others(member, member->name, " is now ", new_name);
    (void)snprintf(member->name, sizeof member->name, "%s", name);
    add_text(member, "you are ");
    add_text(member, name);
    add_text(member, "\n");
}

/* Does what a line asks for. */
static void obey(struct member *member, struct line line)
{
    static const char rename[] = "/name ";
    size_t length = sizeof rename - 1;
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
    send_waiting(member);
}

/* ------------------------------------------------------- one by one, in turn
 */

static void close_member(struct member *member)
{
    (void)net_close(member->socket); /* nothing more can go wrong with it */
    member->state = CLOSED;
}

/* Does what the lines that have come ask for. */
static void talk(struct member *member)
{
    struct line line;
    while (member->state == TALKING && !member->dropped) {
        switch (lines_next(&member->in, &line)) {
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
        default:
            return;
        }
    }
}

static void receive(struct member *member)
{
    if (lines_receive(&member->in, member->socket) == 0) {
        talk(member);
    } else if (!net_would_block(net_error())) {
        char how[NET_REASON_SIZE + 8];
        (void)snprintf(how, sizeof how, "lost: %s",
                       net_error_text(net_error()).text);
        leave(member, how, "");
        close_member(member);
    }
}

/* Goes on with what does not depend on anything more to be received. */
static void go_on(struct member *member)
{
    if (member->state == TALKING && member->dropped) {
        leave(member, "lost: does not read", "");
        close_member(member);
    }
    if (member->state == TALKING || member->state == LEAVING)
        send_waiting(member);
    if (member->state == LEAVING &&
        (member->start == member->end || net_now() >= member->deadline)) {
        net_finish_start(&member->finish, member->socket);
        member->state = CLOSING;
    }
    if (member->state == CLOSING &&
        net_finish_done(&member->finish, member->socket))
        close_member(member);
}

/* Takes a client out of the queue. Returns false if none can be had now. */
static bool accept_client(net_socket listener)
{
    net_socket socket;
    struct net_name name;
    int code = serve_accept(listener, &socket, &name);
    bool failed = code != 0 && !net_would_block(code);
    accept_again = failed ? net_now() + ACCEPT_AGAIN_MS : 0;
    if (code != 0)
        return false;
    struct member *member =
        net_can_select(socket, watched) ? calloc(1, sizeof *member) : NULL;
    if (member == NULL || net_set_nonblocking(socket) != 0) {
        serve_refuse(socket, name);
        free(member);
        return true;
    }
    log_event("%s connected", name.text);
    member->socket = socket;
    member->address = name;
    member->in.limit = LINE_LIMIT;
    watched++;
    join(member);
    return true;
}

/* Forgets the members that are closed. */
static void sweep(void)
{
    for (struct member **at = &members; *at != NULL;) {
        struct member *member = *at;
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

/* Fills in what select is to watch, and for how long; *limit is NULL for as
 * long as it takes. Returns select's first argument. */
static int watch(net_socket listener, fd_set *readable, fd_set *writable,
                 struct timeval **limit)
{
    static struct timeval tick;
    int nfds = 0;
    bool clock = net_now() < accept_again;
    FD_ZERO(readable);
    FD_ZERO(writable);
    if (!clock)
        nfds = net_watch(nfds, listener, readable);
    for (const struct member *m = members; m != NULL; m = m->next) {
        if (m->state != LEAVING)
            nfds = net_watch(nfds, m->socket, readable);
        if (m->start < m->end)
            nfds = net_watch(nfds, m->socket, writable);
        clock |= m->state != TALKING || m->dropped;
    }
    tick = net_timeval(TICK_MS);
    *limit = clock ? &tick : NULL;
    return nfds;
}

int main(int argc, char **argv)
{
    struct net_endpoint at;
    struct net_reason why;
    int status = net_server_setup(argc, argv, &at);
    if (status >= 0)
        return status;

    net_socket listener = net_listen(&at, &why);
    if (listener == NET_BAD)
        return net_fail("server", why);
    struct net_name here = net_local_name(listener);
    if (net_set_nonblocking(listener) != 0)
        return net_fail("server", net_explain("fcntl", here, net_error()));
    (void)printf("listening on %s\n", here.text);

    for (;;) {
        fd_set readable, writable; /* select changes them */
        struct timeval *limit;
        int nfds = watch(listener, &readable, &writable, &limit);
        (void)fflush(stdout); /* a lost log is no reason to stop */
        int ready = select(nfds, &readable, &writable, NULL, limit);
        if (ready < 0 && net_interrupted(net_error()))
            continue;
        if (ready < 0)
            return net_fail("server", net_explain("select", here, net_error()));
        for (struct member *m = members; m != NULL; m = m->next)
            if (m->state == TALKING && FD_ISSET(m->socket, &readable))
                receive(m);
        for (int n = 0; n < ACCEPTS && FD_ISSET(listener, &readable); n++)
            if (!accept_client(listener))
                break;
        for (struct member *m = members; m != NULL; m = m->next)
            go_on(m);
        sweep();
    }
}
