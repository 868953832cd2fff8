/* 01-blocking, the client: turn by turn.
 *
 * The idea: find the address, make a socket, connect; then type a line, wait
 * for the answer, print it, and again.
 *
 * Try it:  ./client [ADDRESS [PORT]]    quit, or Ctrl-D, ends it
 *
 * What still hurts: while you think it does not notice that the server has
 * gone. Chapter 05's client waits for both.
 *
 * See also: getaddrinfo(3), socket(2), connect(2), send(2), recv(2).
 */
#include "../common/net.h"
#include "../common/lines.h"

/* Connects to one address, which becomes *name. Returns a socket, or NET_BAD
 * with the reason in *why. From chapter 02 on net.h does this. */
static net_socket connect_to(const struct addrinfo *a, struct net_name *name,
                             struct net_reason *why)
{
    *name = net_name_of(a);
    net_socket server = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    const char *step = server == NET_BAD ? "socket" : "connect";
    if (server != NET_BAD &&
        connect(server, a->ai_addr, (socklen_t)a->ai_addrlen) == 0)
        return server;
    *why = net_explain(step, *name, net_error());
    if (server != NET_BAD)
        (void)net_close(server); /* it was never connected */
    return NET_BAD;
}

/* Turn by turn, the server first. Returns the program's exit status. */
static int converse(net_socket server)
{
    struct lines_in in = {.limit = LINES_ANSWER_SIZE};
    struct lines_in keyboard = {.limit = LINE_LIMIT};
    struct lines_out out = {0};
    struct line line;
    bool quit = false; /* was sent: only its answer is awaited */
    for (;;) {
        enum line_result got = lines_wait(&in, server, &line);
        if (got != LINE_READY)
            return print_lost(got);
        print_server_line(line);
        if (line_is(line, "quit"))
            return 0;
        if (quit)
            continue;
        if (!print_ask(&keyboard, &line))
            return 0;
        quit = line_is(line, "quit");
        lines_add_line(&out, "", line);
        if (lines_send(&out, server) != 0)
            return print_lost(LINE_FAILED);
    }
}

int main(int argc, char **argv)
{
    struct net_endpoint at;
    struct net_name name;
    struct net_reason why;
    int status = net_client_setup(argc, argv, &at);
    if (status >= 0)
        return status;

    net_socket server = NET_BAD; /* the first address that answers */
    struct addrinfo *list = net_resolve(&at, &why), *a = list;
    for (; a != NULL && server == NET_BAD; a = a->ai_next)
        server = connect_to(a, &name, &why);
    if (list != NULL)
        freeaddrinfo(list);
    if (server == NET_BAD)
        return net_fail("client", why);
    (void)printf("connected to %s\n", name.text);
    status = converse(server);
    net_finish(server);
    return print_end(status);
}
