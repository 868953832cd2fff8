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
#include "../common/lines.h"

/* Holds the whole conversation. Returns the program's exit status. */
static int converse(net_socket server)
{
    struct lines_in in = {.limit = LINES_ANSWER_SIZE};
    struct lines_in keyboard = {.limit = LINE_LIMIT};
    struct lines_out out = {0};
    struct line line;
    enum line_result got = lines_wait(&in, server, &line);
    if (got != LINE_READY)
        return print_lost(got);
    print_server_line(line);
    if (!print_ask(&keyboard, &line))
        return 0;
    lines_add_line(&out, "", line);
    if (lines_send(&out, server) != 0)
        return print_lost(LINE_FAILED);
    return 0;
}

int main(int argc, char **argv)
{
    struct net_endpoint at;
    struct net_name name;
    struct net_reason why;
    int status = net_client_setup(argc, argv, &at);
    if (status >= 0)
        return status;

    net_socket server = net_connect(&at, &name, &why);
    if (server == NET_BAD)
        return net_fail("client", why);
    (void)printf("connected to %s\n", name.text);
    status = converse(server);
    net_finish(server);
    return print_end(status);
}
