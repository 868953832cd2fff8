/* Lab 03, solved: a chat room with a thread per member.
 *
 * The idea: what a thread needs alone is on its stack or in its member; what
 * all share, the list of members, their names and what waits for them, is
 * touched under one lock. Nobody waits while holding it: what a member's
 * socket does not take at once is put aside, and a helper thread brings it.
 *
 * See also: lab 05, the same room without threads and locks.
 */
#include "../../../common/net.h"
#include "../../../common/args.h"
#include "../../../common/talk.h"

enum {
    ACCEPT_AGAIN_MS = 100, /* the pause while there are no descriptors */
    CLIENTS_LIMIT = 4000,  /* each costs a thread: more are refused */
    NAME_LIMIT = 16,       /* bytes in a name */
    WAITING_SIZE = 65536,  /* more must not wait for a member */
    LOOK_MS = 100,         /* how often a helper asks if it is still needed */
    LAST_WORDS_MS = 1000,  /* for what waits when a member leaves */
};

struct member {
    net_socket sock;
    struct net_name address; /* for the log */
    struct lines_in in;      /* its thread's own; the rest is the room's */
    char name[NAME_LIMIT + 1];
    bool dropped;   /* it did not read */
    bool helped;    /* a helper thread brings what waits */
    size_t waiting; /* bytes in out */
    char out[WAITING_SIZE];
    struct member *next;
};

static net_lock room = NET_UNLOCKED; /* for all that follows */
static struct member *members;       /* who is in the room */
static unsigned guests;              /* numbers given to newcomers so far */
static int served;                   /* clients: in the room, or leaving it */

static const struct line nothing = {"", 0};

/* ----------------------------------------- sending, while the lock is held */

static void drop(struct member *member)
{
    member->dropped = true;
    member->waiting = 0;
    /* Its thread, which waits for it to speak, wakes up. If the connection has
     * failed already, it is awake. */
    (void)shutdown(member->sock, SHUT_RDWR);
}

/* Adds bytes to what waits for a member, who is dropped if they do not fit. */
static void add(struct member *member, const char *bytes, size_t size)
{
    if (member->dropped)
        return;
    if (size > WAITING_SIZE - member->waiting) {
        drop(member);
        return;
    }
    memcpy(member->out + member->waiting, bytes, size);
    member->waiting += size;
}

static void add_text(struct member *member, const char *text)
{
    add(member, text, strlen(text));
}

/* Sends what waits, as far as that goes without waiting. */
static void send_waiting(struct member *member)
{
    while (member->waiting > 0) {
        long sent = net_send(member->sock, member->out, member->waiting);
        if (sent < 0 && net_would_block(net_error()))
            return;
        if (sent < 0) /* its thread notices it, too */
            sent = (long)member->waiting;
        member->waiting -= (size_t)sent;
        memmove(member->out, member->out + sent, member->waiting);
    }
}

/* A helper's thread: brings a slow member what waits, then ends. */
static NET_THREAD bring(void *argument)
{
    struct member *member = argument;
    bool more = true;
    while (more) {
        /* Whether there is room, it is over or it failed: send tells. */
        (void)net_wait(member->sock, NET_WRITABLE, LOOK_MS);
        net_lock_take(&room);
        send_waiting(member);
        more = member->waiting > 0;
        member->helped = more;
        net_lock_release(&room);
    }
    return 0;
}

/* Sends what was added, and leaves to a helper what cannot be sent now. */
static void flush_member(struct member *member)
{
    send_waiting(member);
    if (member->waiting == 0 || member->helped)
        return;
    member->helped = net_thread(bring, member) == 0;
    if (!member->helped)
        drop(member);
}

/* Sends a line in up to three pieces to everyone but one. */
static void tell_others(const struct member *but, const char *first,
                        const char *second, struct line third)
{
    for (struct member *m = members; m != NULL; m = m->next) {
        if (m == but)
            continue;
        add_text(m, first);
        add_text(m, second);
        add(m, third.bytes, third.length);
        add_text(m, "\n");
        flush_member(m);
    }
}

/* -------------------------------------------- the room, with the lock held */

static bool is_taken(const char *name)
{
    for (const struct member *m = members; m != NULL; m = m->next)
        if (strcmp(m->name, name) == 0)
            return true;
    return false;
}

/* Lets a newcomer in: greeted, named, and announced. */
static void join(struct member *member)
{
    add_text(member, GREETING);
    flush_member(member);
    do
        snprintf(member->name, sizeof member->name, "guest%u", ++guests);
    while (is_taken(member->name));
    tell_others(member, member->name, " joined", nothing);
    member->next = members;
    members = member;
}

/* Takes a member out of the room: it is told nothing more. */
static void leave(struct member *member)
{
    struct member **at = &members;
    while (*at != member)
        at = &(*at)->next;
    *at = member->next;
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
            if (strcmp(m->name, last) > 0 &&
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
    flush_member(member);
}

/* --------------------------------------------------- a member's own thread */

/* Receives once, and waits for that: since its socket is non-blocking for those
 * who send, in net_wait. Returns false if the connection failed. */
static bool receive(struct member *member)
{
    char bytes[LINES_CHUNK];
    long got;
    while ((got = net_recv(member->sock, bytes, sizeof bytes)) < 0)
        if (!net_would_block(net_error()) ||
            net_wait(member->sock, NET_READABLE, -1) < 0)
            return false;
    lines_put(&member->in, bytes, (size_t)got); /* 0: end of stream */
    return true;
}

/* Stays while the member talks. Returns how that ended, for the log, with its
 * last word in *word; NULL if the connection failed. */
static const char *converse(struct member *member, const char **word)
{
    struct line line;
    enum line_result got;
    for (;;) {
        while ((got = lines_next(&member->in, &line)) == LINE_PARTIAL)
            if (!receive(member))
                return NULL;
        if (got == LINE_TOO_LONG)
            *word = "error: " TOO_LONG "\n";
        if (got != LINE_READY)
            return got == LINE_TOO_LONG ? "lost: " TOO_LONG : "left";
        log_says(member->address, line);
        if (line_is(line, "quit")) {
            *word = "quit\n";
            return "left";
        }
        net_lock_take(&room);
        obey(member, line);
        net_lock_release(&room);
    }
}

/* Brings what still waits, for a moment, until no helper needs the member. */
static void bring_last_words(struct member *member)
{
    const long long end = net_now() + LAST_WORDS_MS;
    bool more = true;
    while (more) {
        net_lock_take(&room);
        if (net_now() >= end)
            member->waiting = 0; /* its helper has nothing left to bring */
        else
            flush_member(member);
        more = member->helped || member->waiting > 0;
        net_lock_release(&room);
        if (more) /* its helper wakes up, too, as soon as there is room */
            (void)net_wait(member->sock, NET_WRITABLE, LOOK_MS);
    }
}

/* Counts a client that comes (1) or goes (-1). Returns false if there are now
 * too many. */
static bool count_client(int change)
{
    net_lock_take(&room);
    served += change;
    bool fits = served <= CLIENTS_LIMIT;
    net_lock_release(&room);
    return fits;
}

/* A member's thread, from the greeting to the end. */
static NET_THREAD serve(void *argument)
{
    struct member *member = argument;
    const char *word = "";
    log_event("%s connected", member->address.text);
    net_lock_take(&room);
    join(member);
    net_lock_release(&room);

    const char *how = converse(member, &word);
    const int code = net_error(); /* before another call changes it */

    net_lock_take(&room);
    leave(member);
    add_text(member, word);
    bool dropped = member->dropped;
    net_lock_release(&room);
    bring_last_words(member);
    if (dropped)
        log_event("%s lost: does not read", member->address.text);
    else if (how == NULL)
        log_lost(member->address, code);
    else
        log_event("%s %s", member->address.text, how);
    (void)shutdown(member->sock, NET_SHUT_WRITE); /* fails if it is lost */
    net_discard_all(member->sock); /* unread bytes would make close a reset */
    (void)net_close(member->sock);
    free(member);
    count_client(-1);
    return 0;
}

/* Waits for the next client and gives it a thread. */
static void accept_client(net_socket listener)
{
    struct net_name name;
    net_socket sock = net_accept(listener, &name);
    log_accept(sock);
    if (sock == NET_BAD) {
        net_sleep(ACCEPT_AGAIN_MS); /* it stays in the queue meanwhile */
        return;
    }
    struct member *member = calloc(1, sizeof *member);
    if (count_client(1) && member != NULL && net_set_nonblocking(sock) == 0) {
        member->sock = sock;
        member->address = name;
        member->in.limit = LINE_LIMIT;
        if (net_thread(serve, member) == 0)
            return;
    }
    count_client(-1);
    free(member);
    talk_refuse(sock, name);
}

int main(int argc, char **argv)
{
    net_socket listener;
    int status = args_listen(argc, argv, &listener);
    if (status >= 0)
        return status;
    (void)fflush(stdout); /* a lost log does not stop the server */
    log_at_once = true;   /* threads would wait for the lock of stdout */

    for (;;)
        accept_client(listener);
}
