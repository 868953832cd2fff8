/* args.h - the command line of servers and clients. */
#ifndef ARGS_H
#define ARGS_H

#include "net.h"

/* True if text is a port: decimal digits alone, `least` to 65535. */
static inline bool args_is_port(const char *text, int least)
{
    size_t length = strlen(text);
    return length > 0 && length <= 5 && strspn(text, "0123456789") == length &&
           atoi(text) >= least && atoi(text) <= 65535;
}

/* Prints what is wrong, and how it is right. Returns the exit status, 2. */
NET_PRINTF(3, 4)
static inline int args_wrong(const char *program, const char *usage,
                             const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "%s: ", program);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n%s", usage);
    return 2;
}

/* Starts the network and checks a command line. Returns -1 if all is well, or
 * the exit status: 0 after help, 1 without a network, 2 after wrong usage. */
static inline int args_check(int argc, char **argv, const char *program,
                             const char *usage, const char *port, int least)
{
    if (net_start() != 0)
        return net_fail(program, net_error_text(net_error()));
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
            return fputs(usage, stdout) < 0 || fflush(stdout) != 0;
    if (argc > 3)
        return args_wrong(program, usage, "too many arguments");
    if (!args_is_port(port, least))
        return args_wrong(program, usage,
                          "bad port '%s': not a number %d to 65535", port,
                          least);
    for (int i = 1; i < argc; i++)
        if (argv[i][0] == '-')
            return args_wrong(program, usage, "unknown option '%s'", argv[i]);
    return -1;
}

/* A server's command line, [PORT [ADDRESS]], into *at. Returns what args_check
 * does. */
static inline int args_server(int argc, char **argv, struct net_endpoint *at)
{
    at->port = argc > 1 ? argv[1] : "65432";
    at->address = argc > 2 ? argv[2] : "127.0.0.1";
    return args_check(argc, argv, "server",
                      "usage: server [PORT [ADDRESS]]\n"
                      "  PORT     0 to 65535, default 65432; 0: any free port\n"
                      "  ADDRESS  default 127.0.0.1: this machine alone\n",
                      at->port, 0);
}

/* Listens as a server's command line says, and prints "listening on ADDRESS".
 * Returns -1 with *listener. Else says why, and returns the exit status. */
static inline int args_listen(int argc, char **argv, net_socket *listener)
{
    struct net_endpoint at;
    struct net_reason why;
    int status = args_server(argc, argv, &at);
    if (status >= 0)
        return status;
    *listener = net_listen(&at, &why);
    if (*listener == NET_BAD)
        return net_fail("server", why);
    printf("listening on %s\n", net_local_name(*listener).text);
    return -1;
}

/* A client's command line, [ADDRESS [PORT]], into *at. Returns what args_check
 * does. */
static inline int args_client(int argc, char **argv, struct net_endpoint *at)
{
    at->address = argc > 1 ? argv[1] : "127.0.0.1";
    at->port = argc > 2 ? argv[2] : "65432";
    return args_check(argc, argv, "client",
                      "usage: client [ADDRESS [PORT]]\n"
                      "  ADDRESS  of the server, default 127.0.0.1\n"
                      "  PORT     1 to 65535, default 65432\n",
                      at->port, 1);
}

#endif
