/* 01-blocking, the client: turn by turn.
 *
 * The idea: find the address, make a socket, connect; then let the user type
 * a line, wait for the answer, print it, and repeat that.
 *
 * Try it:  ./client [ADDRESS [PORT]]    quit, or Ctrl-D, ends it
 *
 * What still hurts: while you think it does not notice that the server has
 * gone. Chapter 05's client waits for both.
 *
 * See also: getaddrinfo(3), socket(2), connect(2), send(2), recv(2).
 */
#include "../common/net.h"
#include "../common/args.h"
#include "../common/connect.h"
#include "../common/prompt.h"

/* Connects to one address, which becomes *name. Returns a socket, or NET_BAD
 * with the reason in *why. From chapter 02 on net_connect() does this. */
static net_socket connect_to(const struct addrinfo *a, struct net_name *name,
                             struct net_reason *why)
{
    *name = net_name_of(a);
    net_socket server = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    const char *step = server == NET_BAD ? "socket" : "connect";
    bool failed = server == NET_BAD ||
                  connect(server, a->ai_addr, (socklen_t)a->ai_addrlen) != 0;
    int code = failed ? net_error() : net_connect_result(server);
    if (code == 0)
        return server;
    *why = net_explain(step, *name, code);
    if (server != NET_BAD)
        (void)net_close(server); /* it was never connected */
    return NET_BAD;
}

/* Looks the address up and connects to the first one that answers. */
static net_socket open_connection(const struct net_endpoint *at)
{
    net_socket server = NET_BAD;
    struct net_reason why;
    struct net_name name;
    struct addrinfo hints = {.ai_family = AF_UNSPEC,     /* IPv4 or IPv6 */
                             .ai_socktype = SOCK_STREAM, /* TCP */
                             .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int code = getaddrinfo(at->address, at->port, &hints, &list);
    if (code != 0)
        why = net_explain_resolve(at, code);
    for (struct addrinfo *a = list; a && server == NET_BAD; a = a->ai_next)
        server = connect_to(a, &name, &why);
    if (list != NULL)
        freeaddrinfo(list);
    if (server == NET_BAD)
        net_fail("client", why);
    else
        printf("connected to %s\n", name.text);
    return server;
}

/* Waits for the server's next line. Returns -1 with the line in *line. If none
 * comes, says why and returns the program's exit status. */
static int receive_line(net_socket server, struct lines_in *in,
                        struct line *line)
{
    enum line_result got;
    while ((got = lines_next(in, line)) == LINE_PARTIAL) {
        char bytes[LINES_CHUNK];
        fflush(stdout); /* a failure is reported by print_end */
        long received = net_recv(server, bytes, sizeof bytes);
        if (received < 0)
            return print_failed();
        lines_put(in, bytes, (size_t)received); /* 0: the server has ended */
    }
    return got == LINE_READY ? -1 : print_no_line(got);
}

/* Sends a line and its end; one send may take only a part. Returns -1. If that
 * fails, says why and returns the program's exit status. */
static int send_line(net_socket server, struct line line)
{
    struct lines_out out = {0};
    lines_add_line(&out, "", line);
    while (out.size > 0) {
        long sent = net_send(server, out.bytes, out.size);
        if (sent < 0)
            return print_failed();
        lines_drop(&out, (size_t)sent);
    }
    return -1;
}

/* Turn by turn, the server first. Returns the program's exit status. */
static int converse(net_socket server)
{
    struct lines_in in = {.limit = ANSWER_LIMIT};
    struct lines_in keyboard = {.limit = LINE_LIMIT};
    struct line line;
    int status;
    bool quit = false; /* was sent: only its answer is still to come */
    while ((status = receive_line(server, &in, &line)) < 0) {
        print_line(line);
        if (line_is(line, "quit"))
            return 0;
        if (quit)
            continue;
        if ((status = prompt_ask(&keyboard, &line)) >= 0)
            return status;
        quit = line_is(line, "quit");
        if ((status = send_line(server, line)) >= 0)
            return status;
    }
    return status;
}

int main(int argc, char **argv)
{
    struct net_endpoint at;
    int status = args_client(argc, argv, &at);
    if (status >= 0)
        return status;
    net_socket server = open_connection(&at);
    if (server == NET_BAD)
        return 1;
    status = converse(server);
    (void)shutdown(server, NET_SHUT_WRITE); /* fails if it has gone */
    net_discard_all(server); /* unread bytes would make close a reset */
    (void)net_close(server);
    return print_end(status);
}
