/* 04-nonblocking, the client: turn by turn, and no socket call waits.
 *
 * The idea: connect, send and recv return at once. "Would block" means not
 * yet, so the client asks again a little later, and shows that it is waiting.
 * Only the look-up of a name still blocks, and the keyboard.
 *
 * Try it:  ./client [ADDRESS [PORT]]    quit, or Ctrl-D, ends it
 *
 * What still hurts: most of its questions find nothing, and an answer comes up
 * to POLL_MS late. Chapter 05's client sleeps until there is something.
 *
 * See also: connect(2) EINPROGRESS, send(2), recv(2) EAGAIN.
 */
#include "../common/net.h"
#include "../common/args.h"
#include "../common/connect.h"
#include "../common/prompt.h"

enum { POLL_MS = 10 };

static int dots; /* how many stand in the cursor's line */

/* Nothing was there: a dot for people, and a pause. */
static void wait_a_little(void)
{
    if (net_output_is_terminal()) {
        dots++;
        putchar('.');
    }
    fflush(stdout); /* a failure is reported by print_end */
    net_sleep(POLL_MS);
}

static void end_dots(void)
{
    if (dots > 0)
        putchar('\n');
    dots = 0;
}

/* Polls for the server's next line. Returns -1 with the line in *line. If none
 * comes, says why and returns the program's exit status. */
static int receive_line(net_socket server, struct lines_in *in,
                        struct line *line)
{
    enum line_result got;
    while ((got = lines_next(in, line)) == LINE_PARTIAL) {
        char bytes[LINES_CHUNK];
        long received = net_recv(server, bytes, sizeof bytes);
        if (received < 0 && net_would_block(net_error())) {
            wait_a_little(); /* nothing is there yet: ask again */
            continue;
        }
        end_dots();
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
        if (sent < 0 && net_would_block(net_error())) {
            wait_a_little(); /* the kernel takes no more yet: ask again */
            continue;
        }
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
    bool quit = false; /* it was sent: only its answer still comes */
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
    struct net_connecting connecting;
    struct net_reason why;
    int status = args_client(argc, argv, &at), connected;
    if (status >= 0)
        return status;

    if (net_connect_start(&connecting, &at, &why) != 0)
        return net_fail("client", why);
    while ((connected = net_connect_poll(&connecting, &why)) == 0)
        wait_a_little(); /* not decided yet: ask again */
    end_dots();
    if (connected < 0)
        return net_fail("client", why);
    printf("connected to %s\n", connecting.name.text);
    net_socket server = connecting.socket;
    status = converse(server);
    (void)shutdown(server, NET_SHUT_WRITE); /* fails if it is gone */
    net_discard_all(server); /* unread bytes would make close a reset */
    (void)net_close(server);
    return print_end(status);
}
