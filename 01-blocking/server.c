/* 01-blocking: one client, turn by turn.
 *
 * The idea: a call waits until it has something to return: accept a client,
 * recv its line, read the operator's answer. Meanwhile the program does
 * nothing else. The call that waits says how far the conversation has come.
 *
 * Try it:  ./server    and in another terminal:  ./client
 *
 * What still hurts: it serves one client and ends. A second client waits and
 * is never served. Chapter 02 serves one client after another.
 *
 * See also: socket(2), bind(2), listen(2), accept(2), recv(2), tcp(7).
 */
#include "../common/net.h"
#include "../common/args.h"
#include "../common/prompt.h"

/* Returns a socket that listens on one address, or NET_BAD with the reason in
 * *why. From chapter 02 on net_listen() does these steps. */
static net_socket listen_on(const struct addrinfo *a, struct net_reason *why)
{
    const int on = 1;
    const char *step = "socket"; /* 1. a socket, which has no address yet */
    net_socket listener = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    if (listener == NET_BAD)
        goto failed;
    step = "setsockopt"; /* 2. let it be restarted at once on its port */
    if (setsockopt(listener, SOL_SOCKET, NET_SO_REUSE, (const void *)&on,
                   sizeof on) != 0)
        goto failed;
    if (a->ai_family == AF_INET6 && /* some systems would take IPv4 as well */
        setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, (const void *)&on,
                   sizeof on) != 0)
        goto failed;
    step = "bind"; /* 3. the address and port where clients find it */
    if (bind(listener, a->ai_addr, (socklen_t)a->ai_addrlen) != 0)
        goto failed;
    step = "listen"; /* 4. from now on clients can connect, and wait */
    if (listen(listener, NET_BACKLOG) == 0)
        return listener;
failed:;
    int code = net_error(); /* before another call changes it */
    *why = net_explain(step, net_name_of(a), code);
    if (listener != NET_BAD)
        (void)net_close(listener); /* it never listened */
    return NET_BAD;
}

/* Looks the address up and listens on the first one that works. */
static net_socket open_listener(const struct net_endpoint *at)
{
    net_socket listener = NET_BAD;
    struct net_reason why;
    struct addrinfo hints = {.ai_family = AF_UNSPEC,     /* IPv4 or IPv6 */
                             .ai_socktype = SOCK_STREAM, /* TCP */
                             .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int code = getaddrinfo(at->address, at->port, &hints, &list);
    if (code != 0)
        why = net_explain_resolve(at, code);
    for (struct addrinfo *a = list; a && listener == NET_BAD; a = a->ai_next)
        listener = listen_on(a, &why);
    if (list != NULL)
        freeaddrinfo(list);
    if (listener == NET_BAD)
        net_fail("server", why);
    return listener;
}

static void waiting_in(const char *call)
{
    printf("waiting in %s\n", call);
    (void)fflush(stdout); /* ignored: it serves even if nobody sees its log */
}

/* Receives once: a part of a line, a line, or several. Returns false if the
 * connection failed. */
static bool receive(net_socket client, struct lines_in *in)
{
    char bytes[LINES_CHUNK];
    waiting_in("recv");
    long got = net_recv(client, bytes, sizeof bytes);
    if (got < 0)
        return false;
    lines_put(in, bytes, (size_t)got); /* 0: the client has ended its stream */
    return true;
}

/* Sends all; one send may take only a part. Returns false if that failed. */
static bool send_all(net_socket client, struct lines_out *out)
{
    while (out->size > 0) {
        long sent = net_send(client, out->bytes, out->size);
        if (sent < 0)
            return false;
        lines_drop(out, (size_t)sent);
    }
    return true;
}

/* Lets the operator type the answer. Returns false if there is none. */
static bool ask_operator(struct lines_in *keyboard, struct line *line)
{
    enum line_result got;
    while ((got = prompt_next(keyboard, "server", line)) == LINE_PARTIAL) {
        waiting_in("read: type an answer");
        prompt_wait(keyboard, "server");
    }
    return got == LINE_READY;
}

/* Turn by turn, the client first. Returns 0 when the conversation has come to
 * its end, 1 after a line that is too long, -1 if the connection failed. */
static int converse(net_socket client, struct net_name name)
{
    struct lines_in in = {.limit = LINE_LIMIT}, keyboard = in;
    struct lines_out out = {0};
    struct line line;
    lines_add_text(&out, GREETING);
    while (send_all(client, &out)) {
        enum line_result got;
        while ((got = lines_next(&in, &line)) == LINE_PARTIAL)
            if (!receive(client, &in))
                return -1;
        if (got == LINE_TOO_LONG) {
            lines_add_text(&out, "error: " TOO_LONG "\n");
            return send_all(client, &out) ? 1 : -1;
        }
        if (got == LINE_END)
            return 0;
        log_says(name, line);
        if (!line_is(line, "quit") && !ask_operator(&keyboard, &line))
            return 0;                   /* the operator has gone */
        lines_add_line(&out, "", line); /* quit is answered with quit */
        if (line_is(line, "quit"))
            return send_all(client, &out) ? 0 : -1;
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct net_endpoint at;
    struct net_name name;
    int status = args_server(argc, argv, &at);
    if (status >= 0)
        return status;
    net_socket listener = open_listener(&at);
    if (listener == NET_BAD)
        return 1;
    printf("listening on %s\n", net_local_name(listener).text);
    waiting_in("accept");
    net_socket client = net_accept(listener, &name);
    if (client == NET_BAD)
        return net_fail("server", net_error_text(net_error()));
    log_event("%s connected", name.text);
    status = converse(client, name);
    if (status < 0)
        log_lost(name, net_error());
    else
        log_event("%s %s", name.text, status ? "lost: " TOO_LONG : "left");
    (void)fflush(stdout);
    /* Read what the client still sends: a close with unread bytes sends a
     * reset, and a reset can destroy our last word on its way. */
    (void)shutdown(client, NET_SHUT_WRITE); /* fails if the client is lost */
    net_discard_all(client);
    (void)net_close(client);   /* whatever it returns, the socket is gone */
    (void)net_close(listener); /* clients still in its queue get a reset */
    return status != 0;
}
