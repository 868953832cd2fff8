/* 03-threaded, the client: turn by turn, and it blocks.
 *
 * The idea: one conversation needs no more than a call that waits for the
 * server and one that waits for you.
 *
 * Try it:  ./client [ADDRESS [PORT]]    quit, or Ctrl-D, ends it
 *
 * What still hurts: while you think it does not notice that the server has
 * gone. Chapter 05's client waits for both.
 *
 * See also: connect(2), send(2), recv(2).
 */
#include "../common/net.h"
#include "../common/lines.h"

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

    net_socket server = net_connect(&at, &name, &why);
    if (server == NET_BAD)
        return net_fail("client", why);
    (void)printf("connected to %s\n", name.text);
    status = converse(server);
    net_finish(server);
    return print_end(status);
}
