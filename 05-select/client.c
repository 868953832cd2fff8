/* 05-select, the client: listens to the server and to you at once.
 *
 * The idea: one select over the keyboard and the connection, so either side
 * may speak at any time. While a line is unsent the keyboard is not read:
 * whoever types faster than the server reads has to wait, not the program.
 *
 * Try it:  ./client [ADDRESS [PORT]]    quit, or Ctrl-D, ends it
 *          seq 500000 | ./client | tail -1
 *
 * See also: select(2), shutdown(2).
 */
#include "../common/net.h"
#include "../common/lines.h"

static struct lines_in in = {.limit = LINES_ANSWER_SIZE};
static struct lines_in keyboard = {.limit = LINE_LIMIT};
static struct lines_out out;
static bool quit;        /* was sent, or nothing can be: no more is taken */
static bool half_closed; /* after the last line; its answer still comes */
static bool prompted;    /* and nothing was typed since */

/* Takes typed lines as far as they fit. Returns false if there were none. */
static bool take_typed(void)
{
    struct line line;
    bool taken = false;
    while (!quit && lines_room(&out) >= LINES_PLAIN_SIZE &&
           lines_typed(&keyboard, "client", &line) == LINE_READY) {
        lines_add_line(&out, "", line);
        quit = line_is(line, "quit");
        taken = true;
    }
    return taken;
}

/* Sends what was typed, as far as that is possible without waiting. */
static void speak(net_socket server)
{
    do {
        if (lines_send(&out, server) != 0) {
            quit = true; /* what the server last said can still be read, */
            out.end = out.start; /* and then why it went */
        }
        if (lines_unsent(&out) > 0)
            return;
    } while (take_typed());
    if (keyboard.ended && !quit && !half_closed)
        half_closed = shutdown(server, NET_SHUT_WRITE) == 0;
}

/* Prints what the server says. Returns -1, or the exit status at its end. */
static int hear(net_socket server)
{
    struct line line = {0};
    enum line_result got;
    if (lines_receive(&in, server) != 0)
        return net_would_block(net_error()) ? -1 : print_lost(LINE_FAILED);
    if (prompted)
        (void)putchar('\n');
    while ((got = lines_next(&in, &line)) == LINE_READY) {
        print_server_line(line);
        if (line_is(line, "quit"))
            return 0;
    }
    if (got != LINE_PARTIAL)
        return got == LINE_END && half_closed ? 0 : print_lost(got);
    prompted = !quit && !keyboard.ended && print_prompt();
    return -1;
}

/* Returns the program's exit status. */
static int converse(net_socket server)
{
    int status = -1;
    while (status < 0) {
        fd_set readable, writable;
        speak(server);
        FD_ZERO(&readable);
        FD_ZERO(&writable);
        int nfds = net_watch(0, server, &readable);
        if (lines_unsent(&out) > 0)
            nfds = net_watch(nfds, server, &writable);
        else if (!quit && !keyboard.ended)
            nfds = net_watch(nfds, net_input(), &readable);
        (void)fflush(stdout); /* print_end looks at it */
        int ready = select(nfds, &readable, &writable, NULL, NULL);
        if (ready < 0 && net_interrupted(net_error()))
            continue;
        if (ready < 0)
            return print_lost(LINE_FAILED);
        if (FD_ISSET(net_input(), &readable)) {
            prompted = false;
            if (lines_receive(&keyboard, net_input()) != 0)
                keyboard.ended = true; /* unreadable is as good as ended */
            if (keyboard.ended && net_input_is_terminal())
                (void)putchar('\n'); /* the prompt's line has no end yet */
        }
        if (FD_ISSET(server, &readable))
            status = hear(server);
    }
    return status;
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
    status = net_set_nonblocking(server) == 0 ? converse(server)
                                              : print_lost(LINE_FAILED);
    net_finish(server);
    return print_end(status);
}
