/* 05-select, the client: listens to the server and to you at once.
 *
 * The idea: one select over keyboard and connection, so either side may speak
 * at any time. While a line is unsent, who types waits, and not the program.
 *
 * Try it:  ./client [ADDRESS [PORT]]    quit, or Ctrl-D, ends it
 *          seq 500000 | ./client | tail -1
 *
 * See also: select(2), shutdown(2).
 */
#include "../common/net.h"
#include "../common/args.h"
#include "../common/connect.h"
#include "../common/prompt.h"

static struct lines_in in = {.limit = ANSWER_LIMIT};
static struct lines_in keyboard = {.limit = LINE_LIMIT};
static struct lines_out out;
static bool quit;        /* quit was sent, or sending failed: take no more */
static bool half_closed; /* after the last line; its answer still comes */
static bool prompted;    /* nothing was typed since the prompt */

/* Takes typed lines as far as they fit, and sends what the kernel takes now. */
static void speak(net_socket server)
{
    for (;;) {
        struct line line;
        while (!quit && lines_room(&out) > LINE_LIMIT &&
               prompt_next(&keyboard, "client", &line) == LINE_READY) {
            lines_add_line(&out, "", line);
            quit = line_is(line, "quit");
        }
        if (out.size == 0)
            break;
        long sent = net_send(server, out.bytes, out.size);
        if (sent < 0 && net_would_block(net_error()))
            return;       /* the rest stays in out */
        quit |= sent < 0; /* it has gone: read what it said last, and why */
        lines_drop(&out, sent < 0 ? out.size : (size_t)sent);
    }
    if (keyboard.ended && !quit && !half_closed)
        half_closed = shutdown(server, NET_SHUT_WRITE) == 0;
}

/* Prints what the server says. Returns -1, or the exit status at its end. */
static int hear(net_socket server)
{
    char bytes[LINES_CHUNK];
    struct line line;
    enum line_result got;
    bool heard = false;
    long received = net_recv(server, bytes, sizeof bytes);
    if (received < 0)
        return net_would_block(net_error()) ? -1 : print_failed();
    lines_put(&in, bytes, (size_t)received); /* 0: the server has ended */
    while ((got = lines_next(&in, &line)) == LINE_READY) {
        if (prompted)
            putchar('\n'); /* the line with the prompt has no end yet */
        prompted = false;
        heard = true;
        print_line(line);
        if (line_is(line, "quit"))
            return 0;
    }
    if (got != LINE_PARTIAL)
        return got == LINE_END && half_closed ? 0 : print_no_line(got);
    if (heard && !quit && !keyboard.ended)
        prompted = prompt_print();
    return -1;
}

/* Returns the program's exit status. */
static int converse(net_socket server)
{
    int status = -1, typed = keyboard.ended ? -1 : 0;
    while (status < 0) {
        fd_set readable, writable;
        int nfds = net_nfds(0, server);
        speak(server);
        FD_ZERO(&readable);
        FD_ZERO(&writable);
        FD_SET(server, &readable);
        if (out.size > 0) {
            FD_SET(server, &writable);
        } else if (!quit && !keyboard.ended) {
            FD_SET(net_input(), &readable);
            nfds = net_nfds(nfds, net_input());
        }
        fflush(stdout); /* a failure is reported by print_end */
        int ready = net_select(nfds, &readable, &writable, NULL, NULL);
        if (ready < 0 && net_interrupted(net_error()))
            continue;
        if (ready < 0)
            return print_failed();
        if (FD_ISSET(net_input(), &readable)) {
            typed = prompt_read(&keyboard, "client");
            prompted = false;
            if (keyboard.ended && net_input_is_terminal())
                putchar('\n'); /* the prompt's line has no end yet */
        }
        if (FD_ISSET(server, &readable))
            status = hear(server);
    }
    return status == 0 && typed < 0 ? 1 : status;
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
    if (!net_can_select(server, 1))
        return prompt_cannot_select("client");
    if (net_set_nonblocking(server) != 0)
        return print_failed();
    keyboard.ended = net_input() == NET_BAD; /* net_input has said why */
    status = converse(server);
    (void)shutdown(server, NET_SHUT_WRITE); /* fails if it has gone */
    net_discard_all(server); /* unread bytes would make close a reset */
    (void)net_close(server);
    return print_end(status);
}
