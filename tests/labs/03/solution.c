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
#include "../../../common/lines.h"

enum {
    ACCEPT_AGAIN_MS = 100, /* a pause while there are no descriptors */
    NAME_LIMIT = 16,       /* bytes in a name */
    WAITING_SIZE = 65536,  /* more must not wait for a member */
    LOOK_MS = 100,         /* a helper's look at whether it is still needed */
    LAST_WORDS_MS = 1000,  /* for what waits when a member leaves */
};

struct member {
    net_socket socket;
    struct net_name address; /* for the log */
    struct lines_in in;      /* its thread's own; the rest is the room's */
    char name[NAME_LIMIT + 1];
    bool dropped; /* it did not read */
    bool helped;  /* a helper thread brings what waits */
    size_t start; /* of what waits: the first byte */
    size_t end;   /* behind the last */
    char waiting[WAITING_SIZE];
    struct member *next;
};

static net_lock room = NET_UNLOCKED; /* for all that follows */
static struct member *members;       /* who is in the room */
static unsigned guests;              /* numbers given to newcomers so far */

/* ------------------------------------------ sending, with the room locked */

static void drop(struct member *member)
{
    member->dropped = true;
    member->start = 0;
    member->end = 0;
    /* Its thread, which waits for it to speak, wakes up. */
    (void)shutdown(member->socket, NET_SHUT_BOTH);
}

/* Adds bytes to what waits for a member, who is dropped if they do not fit. */
static void add(struct member *member, const char *bytes, size_t size)
{
    if (member->dropped)
        return;
    if (WAITING_SIZE - (member->end - member->start) < size) {
        drop(member);
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
        if (sent < 0) /* its thread will notice, too */
            member->start = member->end;
        else
            member->start += (size_t)sent;
    }
    member->start = 0;
    member->end = 0;
}

/* A helper's thread: brings a slow member what waits, then ends. */
static net_thread_result NET_THREAD_CALL bring(void *argument)
{
    struct member *member = argument;
    bool more = true;
    while (more) {
        (void)net_wait(member->socket, NET_WRITABLE, LOOK_MS);
        net_lock_take(&room);
        send_waiting(member);
        more = member->start < member->end;
        member->helped = more;
        net_lock_release(&room);
    }
    return 0;
}

/* Sends what was added, and what cannot be sent now later. */
static void flush_member(struct member *member)
{
    send_waiting(member);
    if (member->start == member->end || member->helped)
        return;
    member->helped = true;
    if (net_thread(bring, member, NET_THREAD_STACK) != 0) {
        member->helped = false;
        drop(member);
    }
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
        add(m, "\n", 1);
        flush_member(m);
    }
}

/* ------------------------------------------- the room, locked all the same */

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
    struct line nothing = {"", 0};
    add_text(member, GREETING);
    flush_member(member);
    do
        (void)snprintf(member->name, sizeof member->name, "guest%u", ++guests);
    while (is_taken(member->name));
    tell_others(member, member->name, " joined", nothing);
    member->next = members;
    members = member;
}

/* Takes a member out of the room: nothing more is sent to it. */
static void leave(struct member *member)
{
    struct line nothing = {"", 0};
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
    flush_member(member);
}

/* --------------------------------------------------- a member's own thread */

/* Waits for the next line. What ends the talk instead is told in *code. */
static enum line_result next_line(struct member *member, struct line *line)
{
    enum line_result got;
    while ((got = lines_next(&member->in, line)) == LINE_PARTIAL)
        if (lines_receive(&member->in, member->socket) != 0 &&
            (!net_would_block(net_error()) ||
             net_wait(member->socket, NET_READABLE, -1) < 0))
            return LINE_FAILED;
    return got;
}

/* Stays while the member talks. Returns how that ended, for the log, and its
 * last word. */
static const char *converse(struct member *member, const char **word)
{
    struct line line;
    enum line_result got;
    while ((got = next_line(member, &line)) == LINE_READY) {
        log_says(member->address, line);
        if (line_is(line, "quit")) {
            *word = "quit\n";
            return "left";
        }
        net_lock_take(&room);
        obey(member, line);
        net_lock_release(&room);
    }
    if (got == LINE_TOO_LONG)
        *word = "error: " TOO_LONG "\n";
    return got == LINE_TOO_LONG ? "lost: " TOO_LONG
           : got == LINE_END    ? "left"
                                : NULL;
}

/* Brings what still waits, for a moment, until no helper needs the member. */
static void bring_last_words(struct member *member)
{
    long long end = net_now() + LAST_WORDS_MS;
    bool more = true;
    while (more) {
        net_lock_take(&room);
        if (net_now() >= end)
            member->start = member->end; /* the helper has nothing left */
        else
            flush_member(member);
        more = member->helped || member->start < member->end;
        net_lock_release(&room);
        if (more)
            net_sleep(1);
    }
}

/* A member's thread, from the greeting to the end. */
static net_thread_result NET_THREAD_CALL serve(void *argument)
{
    struct member *member = argument;
    const char *word = "";
    log_event("%s connected", member->address.text);
    net_lock_take(&room);
    join(member);
    net_lock_release(&room);

    const char *how = converse(member, &word);
    struct net_reason failed = net_error_text(net_error());

    net_lock_take(&room);
    leave(member);
    add_text(member, word);
    bool dropped = member->dropped;
    net_lock_release(&room);
    bring_last_words(member);
    if (dropped)
        log_event("%s lost: does not read", member->address.text);
    else if (how == NULL)
        log_event("%s lost: %s", member->address.text, failed.text);
    else
        log_event("%s %s", member->address.text, how);
    if (how != NULL && !dropped)
        net_finish(member->socket);
    else
        (void)net_close(member->socket); /* nothing more can go wrong */
    free(member);
    return 0;
}

/* Waits for the next client and gives it a thread. */
static void accept_client(net_socket listener)
{
    net_socket socket;
    struct net_name name;
    if (serve_accept(listener, &socket, &name) != 0) {
        net_sleep(ACCEPT_AGAIN_MS);
        return;
    }
    struct member *member = calloc(1, sizeof *member);
    if (member == NULL || net_set_nonblocking(socket) != 0) {
        serve_refuse(socket, name);
        free(member);
        return;
    }
    member->socket = socket;
    member->address = name;
    member->in.limit = LINE_LIMIT;
    if (net_thread(serve, member, NET_THREAD_STACK) != 0) {
        serve_refuse(socket, name);
        free(member);
    }
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
    (void)printf("listening on %s\n", net_local_name(listener).text);
    (void)fflush(stdout);
    log_unbuffered = true; /* threads would wait for stdout's lock */

    for (;;)
        accept_client(listener);
}
