/* nopair.h - included before a Windows program, so that net_pair fails, and
 * with it net_input: a server has no other use for connect(), a client none
 * for accept(). NO_CONNECT says that it is a server. */
#include <winsock2.h>
#include <ws2tcpip.h>

#include <windows.h>

static inline SOCKET nopair(SOCKET sock)
{
    (void)sock;
    WSASetLastError(WSAENOBUFS);
    return INVALID_SOCKET; /* -1 for connect() */
}

#ifdef NO_CONNECT
#define connect(sock, address, size) (int)nopair(sock)
#else
#define accept(sock, address, size) nopair(sock)
#endif
