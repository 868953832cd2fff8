/* The bonus, solved: lab 05's chat room on poll.
 *
 * The idea: select's set has a fixed size, poll's list is as long as the
 * program makes it. Everything else is lab 05's.
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
    bool ready;              /* poll said so */
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
static size_t watched = 1;     /* sockets: the listener and theirs */
static struct pollfd *list;    /* for poll: the listener, then the members */
static size_t list_size;       /* entries there is room for */
static long long accept_again; /* no descriptors: not before this moment */

/* ---------------------------------------------------------------- sending */

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

/* Adds bytes to what waits for a member, who is dropped if they do not fit. */
static void add(struct member *member, const char *bytes, size_t size)
{
    if (member->dropped)
        return;
    if (WAITING_SIZE - (member->end - member->start) < size)
        send_waiting(member);
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
        add(m, "\n", 1);
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

/* Makes sure that the list has room for one socket more. */
static bool make_room(void)
{
    if (watched < list_size)
        return true;
    struct pollfd *more = realloc(list, 2 * (watched + 1) * sizeof *more);
    if (more == NULL)
        return false;
    list = more;
    list_size = 2 * (watched + 1);
    return true;
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
    struct member *member = make_room() ? calloc(1, sizeof *member) : NULL;
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

/* Fills in what poll is to watch: an entry for the listener, then one for each
 * member. Returns for how long, -1 for as long as it takes. */
static int watch(net_socket listener)
{
    bool clock = net_now() < accept_again;
    struct pollfd *at = list;
    at->fd = listener;
    at->events = clock ? 0 : POLLIN;
    for (struct member *m = members; m != NULL; m = m->next) {
        at++;
        send_waiting(m);
        at->fd = m->socket;
        at->events = m->state == LEAVING ? 0 : POLLIN;
        if (m->start < m->end)
            at->events |= POLLOUT;
        clock |= m->state != TALKING || m->dropped;
    }
    return clock ? TICK_MS : -1;
}

/* Takes down whom poll found ready: the list and the members change. */
static void note_ready(void)
{
    const struct pollfd *at = list;
    for (struct member *m = members; m != NULL; m = m->next)
        m->ready = ((++at)->revents & ~POLLOUT) != 0; /* errors, too */
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

    if (!make_room())
        return net_fail("server", net_error_text(net_error()));
    for (;;) {
        int ms = watch(listener);
        (void)fflush(stdout); /* a lost log is no reason to stop */
        int ready = net_poll(list, watched, ms);
        if (ready < 0 && net_interrupted(net_error()))
            continue;
        if (ready < 0)
            return net_fail("server", net_explain("poll", here, net_error()));
        note_ready();
        bool newcomers = list->revents != 0;
        for (struct member *m = members; m != NULL; m = m->next)
            if (m->state == TALKING && m->ready)
                receive(m);
        for (int n = 0; n < ACCEPTS && newcomers; n++)
            if (!accept_client(listener))
                break;
        for (struct member *m = members; m != NULL; m = m->next)
            go_on(m);
        sweep();
    }
}
