#!/usr/bin/env python3
"""03-threaded in Python: a thread per client.

The idea: main only accepts. Each client gets a thread of its own, which waits
wherever it has to: the others have theirs. How far a conversation has come
stands on its thread's stack: it is the call that waits.

Try it:  python3 server.py    and in two more terminals:  ./client

What still hurts: the same as in server.c, and only one of Python's threads
computes at a time. Threads that wait, as most do here, do not mind.

See also: server.c, whose functions have the same names; socket, threading.
"""
import errno
import os
import re
import signal
import socket
import sys
import threading
import time

ACCEPT_AGAIN_S = 0.1  # the pause while there are no descriptors
CLIENTS_LIMIT = 4000  # each costs a thread: more are refused
STACK_SIZE = 256 << 10  # bytes for a thread; the usual 8 MiB are too many

CHUNK = 2048  # bytes received at a time
LINE_LIMIT = 1024  # bytes in a line, its end not counted
LOG_LIMIT = 512  # bytes in a line of the log: on a pipe they stay together
FINISH_S = 1  # a good-bye takes no longer,
FINISH_BYTES = 1 << 20  # and discards no more than this
BACKLOG = 4096  # the queue that listen is asked for; the system cuts it
# Nobody to accept, or a newcomer whose connection has failed: accept(2) says to
# treat all of these alike. Some have no name on some systems.
ACCEPT_AGAIN = {getattr(errno, name, None) for name in (
    "EAGAIN", "EWOULDBLOCK", "ECONNABORTED", "ENETDOWN", "EPROTO", "ENOPROTOOPT",
    "EHOSTDOWN", "EHOSTUNREACH", "EOPNOTSUPP", "ENETUNREACH")}
CHARACTER = (rb"\xc2[\xa0-\xbf]|[\xc3-\xdf][\x80-\xbf]"  # in UTF-8, but no control
             rb"|[\xe0-\xef][\x80-\xbf]{1,2}|[\xf0-\xf4][\x80-\xbf]{1,3}")
TOO_LONG = "line longer than 1024 bytes"
USAGE = """usage: server [PORT [ADDRESS]]
  PORT     0 to 65535, default 65432; 0: any free port
  ADDRESS  default 127.0.0.1: this machine alone"""

lock = threading.Lock()
served = 0  # clients; main and all threads change it, with the lock


class Client:
    def __init__(self, sock, name):
        self.sock = sock
        self.name = name  # the client's address
        self.over = False  # the last word is in out: no more is taken
        self.ended = False  # the client's stream has ended
        # What a socket takes and gives is bytes and not str. They grow as
        # needed: nothing here is like the buffers of lines.h.
        self.received = b""  # not yet answered
        self.out = b"Connect succeed. Please send a message to me\n"
        self.discarded = 0  # bytes that came when it was over


def count_client(change):
    """Counts a client that comes (1) or goes (-1). Returns whether it fits."""
    global served
    with lock:
        served += change
        return served <= CLIENTS_LIMIT


# Where a call in C returns -1, Python raises OSError. After EINTR it calls
# again by itself, and it ignores SIGPIPE.
def receive(client):
    """Receives once."""
    got = client.sock.recv(CHUNK)
    client.received += got
    client.ended = not got


def send_answers(client):
    """Sends what waits to be sent."""
    while client.out:
        sent = client.sock.send(client.out)
        client.out = client.out[sent:]


def discard(client):
    """Discards what the client still sends, until it ends: unread bytes would
    make close a reset, which can destroy the last answer."""
    while (client.discarded < FINISH_BYTES and
           time.monotonic() < client.deadline):
        got = len(client.sock.recv(CHUNK))
        if got == 0:
            break
        client.discarded += got


def converse(client):
    """Holds the whole conversation, and waits where there is nothing to do."""
    try:
        send_answers(client)
        while not client.over:
            taken = answer(client)
            if client.over:  # from now on no call waits longer than this
                client.sock.settimeout(FINISH_S)
            elif taken == 0:
                receive(client)
            send_answers(client)
        client.sock.shutdown(socket.SHUT_WR)
        discard(client)
    except OSError as error:
        lose(client, error)
    client.sock.close()


def serve(client):
    """A client's thread: the client is its own, and nobody else's."""
    log_event(f"{client.name} connected")
    converse(client)
    count_client(-1)


def refuse(client):
    """Sends a newcomer away for whom there is no room."""
    client.sock.setblocking(False)  # main must not wait for it
    client.out = b""
    end(client, "refused: server is full", "error: server is full\n")
    converse(client)


def accept_client(listener):
    """Waits for the next client and gives it a thread."""
    try:
        sock, address = listener.accept()
        log_accept(None)
    except OSError as error:
        log_accept(error)
        time.sleep(ACCEPT_AGAIN_S)  # it stays in the queue meanwhile
        return
    client = Client(sock, address_name(address))
    if count_client(1):
        try:  # a daemon thread does not keep the program from ending
            threading.Thread(target=serve, args=[client], daemon=True).start()
            return
        except (MemoryError, RuntimeError):
            pass  # the system has no more threads
    count_client(-1)
    refuse(client)


def main():
    threading.stack_size(STACK_SIZE)
    listener = start()
    while True:
        accept_client(listener)


# -------- The same in 03 and 04: what talk.h, net.h and args.h do for server.c

# Each write to it is a write(2). If standard output is closed, number 1 could
# become a socket's.
log = open(1 if sys.stdout else os.open(os.devnull, os.O_WRONLY), "wb",
           buffering=0, closefd=False)
failing = False  # accept failed when it was called last


def log_event(text, line=b"", when="%Y-%m-%d %H:%M:%S "):
    """Adds to the log: the time, a text, and what a client has said."""
    start = (time.strftime(when) + text).encode()
    try:
        log.write(start + shown(line, LOG_LIMIT - 1 - len(start)) + b"\n")
    except OSError:
        pass  # the server goes on even if its log cannot be written


def shown(line, size):
    """Returns a line as it is safe to print: what could steer a terminal
    becomes \\xNN. More than `size` bytes are cut, between two characters."""
    text = re.sub(CHARACTER + rb"|([\x00-\x1f\x7f-\x9f]|\xc2(?=[\x80-\x9f]))",
                  lambda found: b"\\x%02x" % ord(found[1]) if found[1]
                  else found[0], line)
    if len(text) <= size:
        return text
    tail = b"... (%d bytes)" % len(line)
    half = rb"(\\x?[0-9a-f]?|[\xc0-\xff][\x80-\xbf]{0,2})$"  # of a character
    return re.sub(half, b"", text[:size - len(tail)]) + tail


def log_accept(error):
    """Logs why accept failed, but of a row of failures only the first: without
    descriptors every try fails. None: it did not fail."""
    global failing
    nobody = error and error.errno in ACCEPT_AGAIN
    if error and not nobody and not failing:
        log_event(f"cannot accept: {error_text(error)}")
    failing = bool(error) and not nobody


def error_text(error):
    return f"{error.strerror} ({error.errno})"


def address_name(address):
    """127.0.0.1:65432 or [::1]:65432: in numbers, nothing is looked up."""
    host, port = socket.getnameinfo(
        address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def end(client, how, word=""):
    """Ends a conversation: logs how, and adds a last word for the client."""
    log_event(f"{client.name} {how}")
    client.out += word.encode()
    client.over = True
    client.deadline = time.monotonic() + FINISH_S


def lose(client, error):
    """Ends it without a word, unless it is over: the connection failed."""
    if not client.over:
        end(client, f"lost: {error_text(error)}")


def answer(client):
    """Takes the lines that are whole and adds their answers. Returns how many
    it took; if none, and it is not over, more must be received."""
    taken = 0
    while not client.over and len(client.out) < CHUNK:  # enough for one send
        line, newline, rest = client.received.partition(b"\n")
        if line.endswith(b"\r") and (newline or not client.ended):
            line = line[:-1]  # it belongs to the line's end, or may do so
        if len(line) > LINE_LIMIT:
            end(client, f"lost: {TOO_LONG}", f"error: {TOO_LONG}\n")
        elif newline or client.ended and line:
            client.received = rest
            taken += 1
            log_event(f"{client.name} says: ", line)
            if line == b"quit":
                end(client, "left", "quit\n")
            else:
                client.out += b"Message received - " + line + b"\n"
        elif client.ended:
            end(client, "left")
        else:
            break
    return taken


def explain(step, where, error):
    """Returns what failed, where and why, and if there is one a hint."""
    port, hint = where[1], ""
    if step == "bind" and error.errno == errno.EADDRINUSE and port != 0:
        hint = ("\nhint: another server may still be running; "
                f"try: ./server {port + 1 if port < 65535 else port - 1}")
    elif step == "bind" and error.errno == errno.EADDRNOTAVAIL:
        hint = ("\nhint: a server can only listen on an address of its own "
                "machine")
    elif step == "bind" and error.errno == errno.EACCES and 0 < port < 1024:
        hint = ("\nhint: ports below 1024 may be reserved; "
                "try: ./server 65432")
    return f"{step} {address_name(where)}: {error_text(error)}{hint}"


def listen(port, address):
    """Returns a socket that listens on the first address that works."""
    try:
        found = socket.getaddrinfo(os.fsencode(address), port,
                                   type=socket.SOCK_STREAM)
    except OSError as error:
        sys.exit(f"server: resolve {address}: {error_text(error)}")
    # Connections in TIME_WAIT shall not keep bind from working. On Windows
    # they do not, and SO_REUSEADDR would let a second server take the port.
    reuse = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
    for family, kind, protocol, _, where in found:
        listener, step = None, "socket"
        try:
            listener = socket.socket(family, kind, protocol)
            step = "setsockopt"
            listener.setsockopt(socket.SOL_SOCKET, reuse, 1)
            if family == socket.AF_INET6:  # some systems would take IPv4 too
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            step = "bind"
            listener.bind(where)
            step = "listen"
            listener.listen(BACKLOG)
            return listener
        except OSError as error:
            why = explain(step, where, error)
            if listener:
                listener.close()
    return sys.exit(f"server: {why}")


def start():
    """Returns a socket that listens as the command line says."""
    given = sys.argv[1:]
    port, address = (given + ["65432", "127.0.0.1"][len(given):])[:2]
    wrong = ""
    if "-h" in given or "--help" in given:
        print(USAGE)
        sys.exit()
    if len(given) > 2:
        wrong = "too many arguments"
    elif not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
        wrong = f"bad port '{port}': not a number 0 to 65535"
    elif address.startswith("-"):
        wrong = f"unknown option '{address}'"
    if wrong:
        print(f"server: {wrong}\n{USAGE}", file=sys.stderr)
        sys.exit(2)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C without a traceback
    listener = listen(int(port), address)
    log_event(f"listening on {address_name(listener.getsockname())}", when="")
    return listener


if __name__ == "__main__":
    main()
