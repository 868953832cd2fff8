/* 02-loop-server, the client: a greeting, one message, and away.
 *
 * The idea: the greeting is the sign that the server has time for us; connect
 * succeeds even while we still queue.
 *
 * Try it:  ./client [ADDRESS [PORT]]
 *
 * What still hurts: there is no answer, so it cannot know whether the message
 * arrived. That is why protocols acknowledge; chapter 03's does.
 *
 * See also: connect(2), shutdown(2).
 */
#include "../common/net.h"
#include "../common/args.h"
#include "../common/connect.h"
#include "../common/prompt.h"

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

/* Holds the whole conversation. Returns the program's exit status. */
static int converse(net_socket server)
{
    struct lines_in in = {.limit = ANSWER_LIMIT};
    struct lines_in keyboard = {.limit = LINE_LIMIT};
    struct line line;
    int status = receive_line(server, &in, &line);
    if (status >= 0)
        return status;
    print_line(line);
    if ((status = prompt_ask(&keyboard, &line)) >= 0)
        return status;
    status = send_line(server, line);
    return status < 0 ? 0 : status;
}

int main(int argc, char **argv)
{
    struct net_endpoint at;
    struct net_name name;
    struct net_reason why;
    int status = args_client(argc, argv, &at);
    if (status >= 0)
        return status;

    net_socket server = net_connect(&at, &name, &why);
    if (server == NET_BAD)
        return net_fail("client", why);
    printf("connected to %s\n", name.text);
    status = converse(server);
    (void)shutdown(server, NET_SHUT_WRITE); /* fails if it has gone */
    net_discard_all(server); /* unread bytes would make close a reset */
    (void)net_close(server);
    return print_end(status);
}
