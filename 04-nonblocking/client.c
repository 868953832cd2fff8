/* 04-nonblocking, the client: turn by turn, and no socket call waits.
 *
 * The idea: connect, send and recv return at once. "Would block" means not
 * yet, so the client asks again a little later, and shows that it is waiting.
 * Only the look-up of a name still blocks, and the keyboard.
 *
 * Try it:  ./client [ADDRESS [PORT]]    quit, or Ctrl-D, ends it
 *
 * What still hurts: it asks in vain all the time, and answers come late by up
 * to POLL_MS. Chapter 05's client sleeps until there is something.
 *
 * See also: connect(2) EINPROGRESS, send(2), recv(2) EAGAIN.
 */
#include "../common/net.h"
#include "../common/lines.h"

enum { POLL_MS = 10 };

static int dots; /* on the line that the cursor is in */

/* Nothing was there: a dot for people, and a pause. */
static void wait_a_little(void)
{
    if (net_output_is_terminal()) {
        dots++;
        (void)putchar('.');
    }
    (void)fflush(stdout); /* print_end looks at it */
    net_sleep(POLL_MS);
}

static void end_dots(void)
{
    if (dots > 0)
        (void)putchar('\n');
    dots = 0;
}

/* Polls for the server's next line. Never LINE_PARTIAL. */
static enum line_result poll_line(struct lines_in *in, net_socket server,
                                  struct line *line)
{
    enum line_result got;
    while ((got = lines_next(in, line)) == LINE_PARTIAL) {
        if (lines_receive(in, server) == 0)
            continue;
        if (!net_would_block(net_error())) {
            got = LINE_FAILED;
            break;
        }
        wait_a_little();
    }
    end_dots();
    return got;
}

/* Sends all that is waiting. Returns 0 or -1. */
static int poll_send(struct lines_out *out, net_socket server)
{
    int failed;
    while ((failed = lines_send(out, server)) == 0 && lines_unsent(out) > 0)
        wait_a_little();
    return failed;
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
        enum line_result got = poll_line(&in, server, &line);
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
        if (poll_send(&out, server) != 0)
            return print_lost(LINE_FAILED);
    }
}

int main(int argc, char **argv)
{
    struct net_endpoint at;
    struct net_connecting connecting;
    struct net_reason why;
    int status = net_client_setup(argc, argv, &at);
    if (status >= 0)
        return status;

    if (net_connect_start(&connecting, &at, &why) != 0)
        return net_fail("client", why);
    int connected;
    while ((connected = net_connect_poll(&connecting, &why)) == 0)
        wait_a_little();
    end_dots();
    if (connected < 0)
        return net_fail("client", why);
    (void)printf("connected to %s\n", connecting.name.text);
    status = converse(connecting.socket);
    net_finish(connecting.socket);
    return print_end(status);
}
