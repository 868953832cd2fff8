/* net.c - checks of common/net.h, args.h and connect.h: names, reasons, hints,
 * connecting, waiting, and good-byes.
 *
 * Run it:  make tests/headers/net && tests/headers/net
 */
#include "../../common/net.h"

#include "../../common/args.h"

#include "tap.h"

/* ------------------------------------------------- connect.h, watched
 *
 * What connect.h opens is counted, and so is what it closes and frees. And it
 * gets names with several addresses: "127.0.0.2,127.0.0.1" is one. */

static int opened, closed, resolved, freed;

static net_socket open_counted(int family, int type, int protocol)
{
    net_socket sock = socket(family, type, protocol);
    opened += sock != NET_BAD;
    return sock;
}

static int close_counted(net_socket sock)
{
    closed++;
    return net_close(sock);
}

enum { MANY = 4 };

/* A list of addresses, as getaddrinfo makes them. */
static struct {
    struct addrinfo *parts[MANY], list[MANY];
    int count;
} addresses;

static struct addrinfo *resolve_many(const struct net_endpoint *at,
                                     struct net_reason *why)
{
    char names[256];
    addresses.count = 0;
    snprintf(names, sizeof names, "%s", at->address);
    for (char *name = names, *comma; name != NULL;) {
        comma = strchr(name, ',');
        if (comma != NULL)
            *comma = '\0';
        const struct net_endpoint part = {name, at->port};
        struct addrinfo *found = net_resolve(&part, why);
        if (found == NULL)
            return NULL;
        addresses.parts[addresses.count] = found;
        addresses.list[addresses.count] = *found;
        addresses.list[addresses.count].ai_next = NULL;
        if (addresses.count > 0)
            addresses.list[addresses.count - 1].ai_next =
                &addresses.list[addresses.count];
        addresses.count++;
        name = comma != NULL ? comma + 1 : NULL;
    }
    resolved++;
    return addresses.list;
}

static void free_many(struct addrinfo *list)
{
    freed += list == addresses.list;
    for (int i = 0; i < addresses.count; i++)
        freeaddrinfo(addresses.parts[i]);
    addresses.count = 0;
}

#define socket(family, type, protocol) open_counted(family, type, protocol)
#define net_close(sock) close_counted(sock)
#define net_resolve(at, why) resolve_many(at, why)
#define freeaddrinfo(list) free_many(list)
#include "../../common/connect.h"
#undef socket
#undef net_close
#undef net_resolve
#undef freeaddrinfo

/* Forgets what was counted. */
static void count_anew(void)
{
    opened = closed = resolved = freed = 0;
}

/* All is closed but for so many sockets, and the list is freed. */
static void check_counted(const char *name, int left)
{
    check(opened - closed == left && resolved == freed, name);
    if (opened - closed != left || resolved != freed)
        printf("# opened %d, closed %d, resolved %d, freed %d\n", opened,
               closed, resolved, freed);
}

/* ---------------------------------------------------------- connections */

/* Without a connection to itself this machine cannot check anything. */
static void give_up(const char *what)
{
    printf("Bail out! %s: %s\n", what, net_error_text(net_error()).text);
    exit(2);
}

static net_socket listen_here(struct net_name *name)
{
    struct net_endpoint at = {"127.0.0.1", "0"};
    struct net_reason why;
    net_socket listener = net_listen(&at, &why);
    if (listener == NET_BAD)
        give_up("listen");
    *name = net_local_name(listener);
    return listener;
}

static const char *port_of(const struct net_name *name)
{
    return strrchr(name->text, ':') + 1;
}

/* Connects two sockets of this program with each other; both block. Returns
 * the name that the second one has for the first. */
static struct net_name connect_pair(net_socket pair[2])
{
    struct net_reason why;
    struct net_name name, peer;
    net_socket listener = listen_here(&name);
    struct net_endpoint at = {"127.0.0.1", port_of(&name)};
    pair[0] = net_connect(&at, &peer, &why);
    if (pair[0] == NET_BAD)
        give_up("connect");
    pair[1] = net_accept(listener, &peer);
    if (pair[1] == NET_BAD)
        give_up("accept");
    net_close(listener);
    return peer;
}

static void close_pair(const net_socket pair[2])
{
    net_close(pair[0]);
    net_close(pair[1]);
}

static void need_nonblocking(net_socket sock)
{
    if (net_set_nonblocking(sock) != 0)
        give_up("set non-blocking");
}

/* Sends until the kernel has taken no more for a while: nobody reads. */
static void fill(net_socket sock)
{
    static char bytes[1 << 16];
    need_nonblocking(sock);
    while (net_wait(sock, NET_WRITABLE, 200) > 0)
        if (net_send(sock, bytes, sizeof bytes) < 0 &&
            !net_would_block(net_error()))
            give_up("send");
}

/* ------------------------------------------------------ names and reasons */

static void check_ports(void)
{
    static const char *bad[] = {
        "",       "x",   "-1",     "+1",
        " 1",     "1 ",  "65536",  "12x",
        "0x1",    "1.0", "1e3",    "99999",
        "123456", "\n",  "000080", "9999999999999999999999"};
    static const char *good[] = {"1", "80", "080", "65535"};
    int wrong = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        wrong += args_is_port(bad[i], 0);
    check_number("what is no port is not taken for one", 0, wrong);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        wrong += !args_is_port(good[i], 1);
    check_number("what is a port is taken for one", 0, wrong);
    check(args_is_port("0", 0), "a server takes port 0");
    check(!args_is_port("0", 1) && !args_is_port("00", 1), "a client does not");
}

static void check_names(void)
{
    struct net_name name = {"127.0.0.1:80"};
    struct sockaddr_in v4 = {0};
    struct sockaddr_in6 v6 = {0};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(65432);
    v4.sin_addr.s_addr = htonl(0xc0000201);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(1);
    v6.sin6_addr.s6_addr[15] = 1;
    check_text("an IPv4 address has a name", "192.0.2.1:65432",
               net_address_name((const struct sockaddr *)&v4, sizeof v4).text);
    check_text("an IPv6 address has brackets", "[::1]:1",
               net_address_name((const struct sockaddr *)&v6, sizeof v6).text);
    memset(&v6.sin6_addr, 0xff, sizeof v6.sin6_addr);
    v6.sin6_port = htons(65535);
    check_text("the longest address fits",
               "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
               net_address_name((const struct sockaddr *)&v6, sizeof v6).text);
    check_text("no address has no name", "unknown address",
               net_address_name((const struct sockaddr *)&v4, 0).text);
    check_text("no socket has no name", "unknown address",
               net_local_name(NET_BAD).text);
    check_start("a failure tells step, place and reason", "bind 127.0.0.1:80: ",
                net_explain("bind", name, NET_EACCESS).text);
}

static void check_reasons(void)
{
    char code[32], system_text[256];
    struct net_reason text = net_error_text(NET_EREFUSED);
    snprintf(code, sizeof code, " (%d)", NET_EREFUSED);
    check(strstr(text.text, code) != NULL && text.text[0] != ' ',
          "an error's text ends with its code");
    net_system_text(NET_EREFUSED, system_text, sizeof system_text);
    check(strstr(system_text, "efused") != NULL,
          "the system's words for refused say so");
    check(strstr(net_error_text(999999).text, " (999999)") != NULL,
          "an unknown error has a text, too");
    struct net_endpoint at = {"nowhere", "1"};
    check_start("a name that is not found is told",
                "resolve nowhere: ", net_explain_resolve(&at, EAI_NONAME).text);
    char long_name[400];
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    at.address = long_name;
    check(strchr(net_explain_resolve(&at, EAI_NONAME).text, ')') != NULL,
          "a name that is far too long leaves room for the reason");
}

/* The hint for a failure, or an empty text. */
static const char *hint(const char *step, const char *where, int code)
{
    static struct net_reason why;
    struct net_name name;
    snprintf(name.text, sizeof name.text, "%s", where);
    why = net_explain(step, name, code);
    const char *second = strchr(why.text, '\n');
    return second == NULL ? "" : second + 1;
}

#define ANOTHER "hint: another server may still be running; try: ./server "

/* A hint must be true: each is given for one step and one code. */
static void check_hints(void)
{
    static const char *const steps[] = {"socket", "setsockopt", "bind",
                                        "listen", "connect",    "accept"};
    static const int codes[] = {NET_EINUSE, NET_EACCESS, NET_ENOTHERE,
                                NET_EREFUSED, 0};
    enum { STEPS = sizeof steps / sizeof steps[0] };
    enum { CODES = sizeof codes / sizeof codes[0] };
    int wrong = 0;
    for (int step = 0; step < STEPS; step++)
        for (int code = 0; code < CODES; code++) {
            bool binds = strcmp(steps[step], "bind") == 0;
            bool connects = strcmp(steps[step], "connect") == 0;
            bool expected =
                (binds && codes[code] != NET_EREFUSED && codes[code] != 0) ||
                (connects && codes[code] == NET_EREFUSED);
            bool given = *hint(steps[step], "127.0.0.1:80", codes[code]) != 0;
            wrong += given != expected;
        }
    check_number("bind has three hints and connect one, no other step any", 0,
                 wrong);
    check_text("where a port is taken the next one may be free", ANOTHER "81",
               hint("bind", "127.0.0.1:80", NET_EINUSE));
    check_text("behind the last port comes the one before", ANOTHER "65534",
               hint("bind", "[::1]:65535", NET_EINUSE));
    check_text("if none of all ports is free, no other one is proposed", "",
               hint("bind", "127.0.0.1:0", NET_EINUSE));
    check_start("ports below 1024 may be reserved", "hint: ports below 1024",
                hint("bind", "127.0.0.1:1023", NET_EACCESS));
    check_text("those from 1024 are not", "",
               hint("bind", "127.0.0.1:1024", NET_EACCESS));
    check_text("any free port is not below 1024", "",
               hint("bind", "127.0.0.1:0", NET_EACCESS));
    check_text("a forbidden route is no matter of ports", "",
               hint("connect", "192.0.2.1:80", NET_EACCESS));
}

/* ------------------------------------------------------------- connecting */

/* Returns a name where nobody listens: nobody is given its port so soon. */
static struct net_name free_port(void)
{
    struct net_name name;
    net_close(listen_here(&name));
    return name;
}

static int poll_to_the_end(struct net_connecting *c, struct net_reason *why)
{
    int done;
    long long end = net_now() + 30000;
    while ((done = net_connect_poll(c, why)) == 0 && net_now() < end)
        net_sleep(1);
    return done;
}

static void check_refusal(void)
{
    struct net_name name = free_port(), tried;
    struct net_reason why = {""}, expected;
    struct net_connecting c;
    struct net_endpoint at = {"127.0.0.1", port_of(&name)};
    expected = net_explain("connect", name, NET_EREFUSED);
    count_anew();
    check(net_connect(&at, &tried, &why) == NET_BAD, "a refused connect fails");
    check_text("and tells why", expected.text, why.text);
    check_counted("and leaves nothing open", 0);
    why.text[0] = '\0';
    check_number("a name is found", 0, net_connect_start(&c, &at, &why));
    check_number("a refused non-blocking connect fails", -1,
                 poll_to_the_end(&c, &why));
    check_text("and tells why, too", expected.text, why.text);
    check_counted("and leaves nothing open either", 0);
    at.address = "no..such..host";
    check(net_connect(&at, &tried, &why) == NET_BAD, "no name, no connection");
    check_start("and it tells the name", "resolve no..such..host: ", why.text);
    check_number("it does not even start", -1,
                 net_connect_start(&c, &at, &why));
    net_connect_cancel(&c);
    check_counted("and nothing is left of that", 0);
}

/* Nobody listens at the first two addresses. */
static void check_addresses(void)
{
    struct net_name name, tried;
    struct net_reason why;
    struct net_connecting c;
    net_socket listener = listen_here(&name);
    struct net_endpoint at = {"127.0.0.2,127.0.0.3,127.0.0.1", port_of(&name)};
    count_anew();
    net_socket sock = net_connect(&at, &tried, &why);
    check(sock != NET_BAD, "the last address answers");
    check_text("and is told", name.text, tried.text);
    check(opened == 3, "the others were tried before");
    check_counted("and closed", 1);
    net_close(sock);
    count_anew();
    net_connect_start(&c, &at, &why);
    check_number("without waiting as well", 1, poll_to_the_end(&c, &why));
    check_text("and is told, too", name.text, c.name.text);
    check_counted("and what is not needed is closed and freed", 1);
    char byte;
    check(net_recv(c.socket, &byte, 1) < 0 && net_would_block(net_error()),
          "the socket does not wait");
    net_close(c.socket);
    net_close(listener);
    count_anew();
    check(net_connect(&at, &tried, &why) == NET_BAD, "where nobody answers");
    check_text("the last failure is told",
               net_explain("connect", name, NET_EREFUSED).text, why.text);
    check_counted("and all are closed", 0);
}

/* A socket whose own name is the one to connect to meets itself. */
static void check_meeting_oneself(void)
{
    struct net_reason why;
    struct net_name name;
    struct net_endpoint at = {"127.0.0.1", "0"};
    struct addrinfo *any = net_resolve(&at, &why);
    net_socket sock = socket(AF_INET, SOCK_STREAM, 0);
    if (any == NULL || sock == NET_BAD ||
        bind(sock, any->ai_addr, (socklen_t)any->ai_addrlen) != 0)
        give_up("bind");
    name = net_local_name(sock);
    at.port = port_of(&name);
    struct addrinfo *own = net_resolve(&at, &why);
    check_number("to meet oneself is to be refused", NET_EREFUSED,
                 own == NULL ? -1 : net_connect_address(sock, own));
    net_close(sock);
    freeaddrinfo(any);
    freeaddrinfo(own);
}

/* Gives connects up: not begun, under way, over. A listener whose queue is
 * full lets newcomers wait, on Linux. */
static void check_giving_up(void)
{
    enum { TRIES = 16 };
    struct net_name name;
    struct net_reason why;
    struct net_connecting c[TRIES];
    net_socket listener = listen_here(&name);
    struct net_endpoint at = {"127.0.0.1", port_of(&name)};
    count_anew();
    net_connect_start(&c[0], &at, &why);
    net_connect_cancel(&c[0]);
    check_counted("a connect that has not begun can be given up", 0);
    net_connect_cancel(&c[0]);
    check_counted("even twice", 0);
    (void)listen(listener, 0); /* a shorter queue, where that is possible */
    int waiting = 0;
    for (int i = 0; i < TRIES; i++) {
        net_connect_start(&c[i], &at, &why);
        waiting += net_connect_poll(&c[i], &why) == 0;
        net_connect_cancel(&c[i]);
    }
    check_counted("connects under way, and connected ones, as well", 0);
    printf("# %d of %d were under way\n", waiting, TRIES);
    net_close(listener);
    net_connect_start(&c[0], &at, &why);
    (void)poll_to_the_end(&c[0], &why);
    net_connect_cancel(&c[0]);
    check_counted("after a failure it is harmless", 0);
    listener = listen_here(&name);
    at.port = port_of(&name);
    count_anew();
    net_connect_start(&c[0], &at, &why);
    check_number("one is connected", 1, poll_to_the_end(&c[0], &why));
    net_socket taken = c[0].socket;
    c[0].socket = NET_BAD;
    net_connect_cancel(&c[0]);
    check_counted("what was taken away stays open", 1);
    net_close(taken);
    net_close(listener);
}

/* ---------------------------------------------------------------- waiting */

static void check_waiting(void)
{
    net_socket pair[2];
    char byte;
    struct net_name name = connect_pair(pair);
    check_text("accept names the peer", net_local_name(pair[0]).text,
               name.text);
    check_number("nothing has come yet", 0, net_wait(pair[1], NET_READABLE, 0));
    long long start = net_now();
    check_number("nothing comes for a while", 0,
                 net_wait(pair[1], NET_READABLE, 50));
    check(net_now() - start >= 49, "and that took as long as it should");
    check_number("it can be sent to", 1, net_wait(pair[1], NET_WRITABLE, 0));
    need_nonblocking(pair[1]);
    check(net_recv(pair[1], &byte, 1) < 0 && net_would_block(net_error()),
          "a non-blocking recv would block");
    check_number("a byte can be sent", 1, net_send(pair[0], "x", 1));
    check_number("it comes", 1, net_wait(pair[1], NET_READABLE, 5000));
    check_number("and is received", 1, net_recv(pair[1], &byte, 1));
    net_close(pair[0]);
    check_number("the end comes", 1, net_wait(pair[1], NET_READABLE, 5000));
    check_number("and is received as 0", 0, net_recv(pair[1], &byte, 1));
    net_close(pair[1]);
}

static void check_limited_send(void)
{
    enum { LIMIT_MS = 100 };
    static char bytes[1 << 16];
    net_socket pair[2];
    long sent;
    connect_pair(pair);
    check_number("a send can be limited", 0, net_limit_send(pair[0], LIMIT_MS));
    long long start;
    do {
        start = net_now();
        sent = net_send(pair[0], bytes, sizeof bytes);
    } while (sent > 0);
    check(net_now() - start >= LIMIT_MS - 1,
          "a send that nobody reads ends, and not too early");
    close_pair(pair);
}

/* --------------------------------------------------------------- good-bye */

static void check_discarding(void)
{
    static char bytes[4096];
    net_socket pair[2];
    size_t discarded = 0;
    connect_pair(pair);
    need_nonblocking(pair[1]);
    check(!net_discard(pair[1], &discarded), "a peer that is silent may speak");
    check_number("a peer says something", 5, net_send(pair[0], "hello", 5));
    check_number("it comes", 1, net_wait(pair[1], NET_READABLE, 5000));
    check(!net_discard(pair[1], &discarded) && discarded == 5,
          "it is discarded and counted, and more may come");
    net_close(pair[0]);
    check_number("the end comes", 1, net_wait(pair[1], NET_READABLE, 5000));
    check(net_discard(pair[1], &discarded) && discarded == 5,
          "after the end no more can come");
    net_close(pair[1]);

    connect_pair(pair);
    need_nonblocking(pair[0]);
    need_nonblocking(pair[1]);
    discarded = 0;
    long long end = net_now() + 30000;
    while (!net_discard(pair[1], &discarded) && net_now() < end)
        (void)net_send(pair[0], bytes, sizeof bytes); /* or later */
    check(discarded >= NET_FINISH_BYTES &&
              discarded < NET_FINISH_BYTES + sizeof bytes,
          "of a peer that goes on sending a mebibyte is discarded");
    close_pair(pair);
}

/* Returns for how long a peer that has left is waited for, at best: this
 * program may have to wait for a processor, too. */
static long long time_good_bye(void)
{
    long long best = NET_FINISH_MS;
    for (int tries = 0; tries < 5 && best >= NET_FINISH_MS / 2; tries++) {
        net_socket pair[2];
        connect_pair(pair);
        net_close(pair[0]);
        long long start = net_now();
        net_discard_all(pair[1]);
        if (net_now() - start < best)
            best = net_now() - start;
        net_close(pair[1]);
    }
    return best;
}

static void check_finishing(void)
{
    net_socket pair[2];
    char word[8];
    check(time_good_bye() < NET_FINISH_MS / 2,
          "for a peer that has left nobody waits");

    connect_pair(pair);
    long long start = net_now();
    net_discard_all(pair[1]);
    check(net_now() - start >= NET_FINISH_MS - 1 &&
              net_now() - start < 30LL * NET_FINISH_MS,
          "for one that stays a second, and no more");
    close_pair(pair);

    connect_pair(pair);
    check_number("a last word", 3, net_send(pair[1], "bye", 3));
    check_number("that crosses another", 5, net_send(pair[0], "hello", 5));
    check_number("which has come", 1, net_wait(pair[1], NET_READABLE, 5000));
    net_finish(pair[1]);
    check_number("is received", 3, net_recv(pair[0], word, sizeof word));
    check_number("then the end, and no reset", 0,
                 net_recv(pair[0], word, sizeof word));
    net_close(pair[0]);
}

static void check_dismissing(void)
{
    net_socket pair[2];
    char word[8];
    connect_pair(pair);
    net_dismiss(pair[1], "bye");
    check_number("a dismissed peer gets the last word", 3,
                 net_recv(pair[0], word, sizeof word));
    check_number("then the end", 0, net_recv(pair[0], word, sizeof word));
    net_close(pair[0]);
    connect_pair(pair);
    fill(pair[1]);
    net_dismiss(pair[1], "bye");
    check(true, "one who reads nothing is dismissed without waiting");
    net_close(pair[0]);
}

/* ---------------------------------------------------------------- threads */

enum { THREADS = 8, ROUNDS = 5000 };

static net_lock lock = NET_UNLOCKED;
static long counter, ended;

static NET_THREAD count_rounds(void *argument)
{
    const long *step = argument;
    for (int i = 0; i < ROUNDS; i++) {
        net_lock_take(&lock);
        counter += *step;
        net_lock_release(&lock);
    }
    net_lock_take(&lock);
    ended++;
    net_lock_release(&lock);
    return 0;
}

static void check_threads(void)
{
    static long step = 3;
    long started = 0, seen = 0;
    for (int i = 0; i < THREADS; i++)
        started += net_thread(count_rounds, &step) == 0;
    for (long long end = net_now() + 30000; seen < started && net_now() < end;
         net_sleep(1)) {
        net_lock_take(&lock);
        seen = ended;
        net_lock_release(&lock);
    }
    check_number("threads can be started, and end", THREADS, seen);
    net_lock_take(&lock);
    check_number("under a lock they count right", 3L * THREADS * ROUNDS,
                 counter);
    net_lock_release(&lock);
}

int main(void)
{
    if (net_start() != 0)
        give_up("start");
    check_ports();
    check_names();
    check_reasons();
    check_hints();
    check_refusal();
    check_addresses();
    check_meeting_oneself();
    check_giving_up();
    check_waiting();
    check_limited_send();
    check_discarding();
    check_finishing();
    check_dismissing();
    check_threads();
    return end_checks();
}
