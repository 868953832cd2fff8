/* 01-blocking: one client, turn by turn.
 *
 * The idea: a call waits until it has something to return: accept a client,
 * recv its line, read the operator's answer; meanwhile nothing else happens.
 * How far the conversation has come is the line of the program that waits.
 *
 * Try it:  ./server    and in another terminal:  ./client
 *
 * What still hurts: it serves one client and ends, and a second one waits for
 * ever. Chapter 02 serves one after another.
 *
 * See also: socket(2), bind(2), listen(2), accept(2), recv(2), tcp(7).
 */
#include "../common/net.h"
#include "../common/lines.h"

/* Returns a socket that listens on one address, or NET_BAD and *why. From
 * chapter 02 on net.h does these steps. */
static net_socket listen_on(const struct addrinfo *a, struct net_reason *why)
{
    const int on = 1;
    const char *step = "socket"; /* 1. an end for connections, still loose */
    net_socket listener = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    if (listener == NET_BAD)
        goto failed;
    step = "setsockopt"; /* 2. a restart need not wait for the old port */
    if (setsockopt(listener, SOL_SOCKET, NET_SO_REUSE, (const void *)&on,
                   sizeof on) != 0)
        goto failed;
    if (a->ai_family == AF_INET6 && /* else some systems take IPv4 as well */
        setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, (const void *)&on,
                   sizeof on) != 0)
        goto failed;
    step = "bind"; /* 3. the address and port where clients find it */
    if (bind(listener, a->ai_addr, (socklen_t)a->ai_addrlen) != 0)
        goto failed;
    step = "listen"; /* 4. from now on the kernel accepts and queues */
    if (listen(listener, SOMAXCONN) == 0)
        return listener;
failed:;
    int code = net_error(); /* before another call changes it */
    *why = net_explain(step, net_name_of(a), code);
    if (listener != NET_BAD)
        (void)net_close(listener); /* it never listened */
    return NET_BAD;
}

static void waiting_in(const char *call)
{
    (void)printf("waiting in %s\n", call);
    (void)fflush(stdout); /* a lost log is no reason to stop */
}

/* Takes the client's next line, or what comes instead of it. */
static enum line_result receive_line(struct lines_in *in, net_socket client,
                                     struct line *line)
{
    enum line_result got;
    while ((got = lines_next(in, line)) == LINE_PARTIAL) {
        waiting_in("recv");
        if (lines_receive(in, client) != 0)
            return LINE_FAILED;
    }
    return got;
}

/* Lets the operator type the answer. Returns false if there is none. */
static bool ask_operator(struct lines_in *keyboard, struct line *line)
{
    enum line_result got;
    while ((got = lines_typed(keyboard, "server", line)) == LINE_PARTIAL) {
        waiting_in("read: type an answer");
        if (lines_receive(keyboard, net_input()) != 0)
            return false;
    }
    return got == LINE_READY;
}

/* The client is gone without a good-bye. Returns the exit status. */
static int lost(net_socket client, struct net_name name)
{
    log_lost(name, net_error());
    (void)net_close(client); /* nothing more can go wrong with it */
    return 1;
}

/* Turn by turn, the client first. Returns the program's exit status. */
static int converse(net_socket client, struct net_name name)
{
    struct lines_in in = {.limit = LINE_LIMIT};
    struct lines_in keyboard = {.limit = LINE_LIMIT};
    struct lines_out out = {0};
    struct line line;
    enum line_result got;
    lines_add_text(&out, GREETING);
    do {
        if (lines_send(&out, client) != 0 ||
            (got = receive_line(&in, client, &line)) == LINE_FAILED)
            return lost(client, name);
        if (got != LINE_READY)
            break;
        log_says(name, line);
        if (!line_is(line, "quit") && !ask_operator(&keyboard, &line))
            break;                      /* the operator has gone */
        lines_add_line(&out, "", line); /* quit is answered with itself */
    } while (!line_is(line, "quit"));
    if (got == LINE_TOO_LONG)
        lines_add_text(&out, "error: " TOO_LONG "\n");
    if (lines_send(&out, client) != 0)
        return lost(client, name);
    log_event("%s %s", name.text,
              got == LINE_TOO_LONG ? "lost: " TOO_LONG : "left");
    (void)fflush(stdout);
    net_finish(client);
    return got == LINE_TOO_LONG;
}

int main(int argc, char **argv)
{
    struct net_endpoint at;
    struct net_reason why;
    int status = net_server_setup(argc, argv, &at);
    if (status >= 0)
        return status;

    net_socket listener = NET_BAD; /* on the first address that can be had */
    struct addrinfo *list = net_resolve(&at, &why), *a = list;
    for (; a != NULL && listener == NET_BAD; a = a->ai_next)
        listener = listen_on(a, &why);
    if (list != NULL)
        freeaddrinfo(list);
    if (listener == NET_BAD)
        return net_fail("server", why);
    struct net_name here = net_local_name(listener);
    (void)printf("listening on %s\n", here.text);
    waiting_in("accept");

    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    net_socket client;
    while ((client = accept(listener, (struct sockaddr *)&peer, &size)) ==
           NET_BAD)
        if (!net_accept_again(net_error()))
            return net_fail("server", net_explain("accept", here, net_error()));
    struct net_name name = net_address_name((struct sockaddr *)&peer, size);
    log_event("%s connected", name.text);
    status = converse(client, name);
    (void)net_close(listener); /* resets whoever still waits in the queue */
    return status;
}
