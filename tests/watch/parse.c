/* parse.c - what parse.h and view.h make of texts that we know: the meaning of
 * /proc's files, also of those that this machine does not have, and the frame.
 */
#define _GNU_SOURCE 1

#include "view.h"
#include "../headers/tap.h"

static void check_calls(void)
{
    char text[64];
    struct doing doing = parse_syscall("running\n");
    check_text("a thread that runs is at work", "work", doing.name);
    doing = parse_syscall("-1 0x7ffc 0x7f12\n");
    check_number("so is one outside of a call", WORK, doing.kind);
    (void)snprintf(text, sizeof text, "%d 0x5 0x7ffc 0x0\n", SYS_recvfrom);
    doing = parse_syscall(text);
    check_text("recv has its usual name", "recv", doing.name);
    check_number("and its descriptor", 5, doing.descriptor);
    (void)snprintf(text, sizeof text, "%d 0x0 0x7ffc 0x400\n", SYS_read);
    check_number("read from 0 is the keyboard", KEYBOARD,
                 parse_syscall(text).kind);
    (void)snprintf(text, sizeof text, "%d 0x1f 0x7ffc 0x400\n", SYS_read);
    check_number("read from another one is recv", RECV,
                 parse_syscall(text).kind);
    (void)snprintf(text, sizeof text, "%d 0x1 0x7ffc 0x400\n", SYS_write);
    check_number("write to 1 is the log", LOGGING, parse_syscall(text).kind);
    check_text("a call that we do not know has its number", "call 9999",
               parse_syscall("9999 0x0\n").name);
}

static void check_files(void)
{
    struct had had = parse_schedstat("1068604 229270 17\n");
    check_number("a thread's time", 1068604, (long)had.ns);
    check_number("how often it had it", 17, (long)had.turns);
    check_number("how often it fell asleep", 42,
                 (long)parse_status("Name:\tx\nvoluntary_ctxt_switches:\t42\n"
                                    "nonvoluntary_ctxt_switches:\t7\n",
                                    "\nvoluntary_ctxt_switches:"));
    check_number("a socket", 4711, (long)parse_socket("socket:[4711]"));
    check_number("no socket", 0, (long)parse_socket("/dev/null"));
}

/* Addresses are printed as numbers, in the processor's own order of bytes. */
static void check_connections(void)
{
    char line[256], text[64];
    struct tcp tcp;
    memset(&tcp, 0, sizeof tcp); /* if it is not parsed */
    struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
    (void)snprintf(line, sizeof line,
                   "   1: %08X:FF98 %08X:C4EC 01 00264000:00007C00 01:00000014 "
                   "00000000     0        0 21026911 1 0000 20 4 30 10 -1\n",
                   loopback.s_addr, loopback.s_addr);
    check(parse_tcp(line, &tcp), "a line of /proc/net/tcp");
    check_text("its own end", "127.0.0.1:65432",
               address_text(&tcp.here, text, sizeof text));
    check_text("its peer", "127.0.0.1:50412",
               address_text(&tcp.peer, text, sizeof text));
    check_number("unsent", 0x264000, (long)tcp.unsent);
    check_number("unread", 0x7c00, (long)tcp.unread);
    check_number("its socket", 21026911, (long)tcp.socket);
    check_text("its state", "established", state_name(tcp.state));
    (void)snprintf(line, sizeof line,
                   "   2: 000000000000000000000000%08X:FF98"
                   " 00000000000000000000000000000000:0000 0A"
                   " 00000000:00000003 00:00000000 00000000     0        0 7 1"
                   " 0 100 0 0 10 0\n",
                   htonl(1));
    check(parse_tcp(line, &tcp), "a line of /proc/net/tcp6");
    check_text("an address of IPv6", "[::1]:65432",
               address_text(&tcp.here, text, sizeof text));
    check_number("a listener's queue", 3, (long)tcp.unread);
    check(!parse_tcp("  sl  local_address rem_address   st\n", &tcp),
          "the first line is none");
}

static void check_frame(void)
{
    static struct server server;
    static struct view view;
    static struct frame frame;
    server.count = MOST_THREADS;
    server.more = 76;
    for (int i = 0; i < MOST_THREADS; i++)
        server.threads[i].doing = (struct doing){RECV, "recv", 5};
    view.server = &server;
    view.title = "a title";
    view.count = 5;
    frame.wide = WIDE;
    frame.high = HIGH;
    draw_view(&frame, &view);
    check_number("a frame of 80 x 24", HIGH, frame.count);
    check_start("threads that do not fit are counted",
                "and 1093 more, 1017 recv", frame.lines[10]);
    frame.wide = 20;
    frame.high = 6;
    draw_view(&frame, &view);
    check_number("a small one", 6, frame.count);
    check_number("is cut", 20, (long)strlen(frame.lines[1]));
}

static void check_typing(void)
{
    static struct view view;
    for (const char *at = "a\xc3\xa4\x7f"
                          "b\033[Ac";
         *at != '\0'; at++)
        (void)type_byte(&view, *at);
    check_text("a key takes a character back, an arrow is no text", "abc",
               view.typed);
    check(type_byte(&view, '\r'), "Enter ends the line");
}

int main(void)
{
    check_calls();
    check_files();
    check_connections();
    check_frame();
    check_typing();
    return end_checks();
}
