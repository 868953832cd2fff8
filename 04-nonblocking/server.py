#!/usr/bin/env python3
"""04-nonblocking in Python: one thread, asking everyone in turn.

The idea: no call waits. The server goes round and asks the listener and each
client whether there is something; BlockingIOError means no. Since no call
remembers how far a conversation has come, the program does: where chapter 03
waits, this one writes down a state and returns.

Try it:  python3 server.py    and in two more terminals:  ./client

What still hurts: the same as in server.c, and a question that finds nothing
costs an exception, several times the price of C's -1.

See also: server.c, whose functions have the same names; socket.setblocking.
"""
import errno
import os
import re
import signal
import socket
import sys
import time

ACCEPTS = 256  # newcomers in one round: then it is the others' turn
YIELDS = 16  # rounds that found nothing, before it sleeps
LONGEST_NAP_S = 0.016  # its sleeps double, from 0.001 s to this
REPORT_S = 5  # at most one report in this time

READING = "reading"  # all is answered; waits for the client to speak
ANSWERING = "answering"  # something is unsent; meanwhile it is not read
CLOSING = "closing"  # half-closed; waits for the client to close too
CLOSED = "closed"  # to be forgotten

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

clients = []  # all of them


class Polled:
    """What the polling cost since the last report."""
    def __init__(self):
        self.rounds = self.calls = self.nothing = self.messages = 0
        self.news = False  # a call has found something
        self.since = time.monotonic()


polled = Polled()
idle_rounds = 0  # that found nothing, in a row
nap = 0  # the last sleep, in seconds


class Client:
    def __init__(self, sock, name):
        self.sock = sock
        self.state = ANSWERING  # the greeting
        self.name = name  # the client's address
        self.over = False  # the last word is in out: no more is taken
        self.ended = False  # the client's stream has ended
        # What a socket takes and gives is bytes and not str. They grow as
        # needed: nothing here is like the buffers of lines.h.
        self.received = b""  # not yet answered
        self.out = b"Connect succeed. Please send a message to me\n"
        self.discarded = 0  # bytes that came when it was over


def close_client(client):
    client.sock.close()
    client.state = CLOSED


# Where a call in C returns -1, Python raises OSError. After EINTR it calls
# again by itself, and it ignores SIGPIPE.
def receive(client):
    """Receives once, if something is there."""
    got = client.sock.recv(CHUNK)
    client.received += got
    client.ended = not got


def send_answers(client):
    """Sends what the kernel takes now."""
    try:
        while client.out:
            sent = client.sock.send(client.out)
            client.out = client.out[sent:]
    except BlockingIOError:
        pass  # the rest stays in out


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
    """Goes on with a conversation as far as is possible without waiting."""
    client.state = ANSWERING
    while True:
        send_answers(client)
        if client.out:
            return
        if client.over:
            client.sock.shutdown(socket.SHUT_WR)
            client.state = CLOSING
            return
        taken = answer(client)
        polled.messages += taken
        if taken == 0 and not client.over:
            client.state = READING
            return


def count(found):
    """Counts a call that did or did not find anything. Returns found."""
    polled.calls += 1
    polled.nothing += not found
    polled.news |= found
    return found


def visit(client):
    """Asks a client what its state allows. Returns if there was anything."""
    unsent = len(client.out)
    try:
        if client.over and time.monotonic() >= client.deadline:
            close_client(client)
        elif client.state == READING:
            receive(client)
            converse(client)
        elif client.state == ANSWERING:
            converse(client)
            return len(client.out) != unsent
        elif client.state == CLOSING:
            discard(client)
            close_client(client)
    except BlockingIOError:
        return False
    except OSError as error:
        lose(client, error)
        close_client(client)
    return True


def visit_clients():
    """Asks all clients, and forgets those that are closed. Returns whether any
    of them had something."""
    found = False
    for client in clients:
        found |= count(visit(client))
    clients[:] = [c for c in clients if c.state != CLOSED]
    return found


def accept_client(listener):
    """Takes a client out of the queue. Returns False if there is none now."""
    try:
        sock, address = listener.accept()
        log_accept(None)
    except OSError as error:
        log_accept(error)
        return False
    sock.setblocking(False)
    client = Client(sock, address_name(address))
    log_event(f"{client.name} connected")
    clients.append(client)
    visit(client)  # sends the greeting
    return True


def report():
    """Work of the server's own: now and then it says what the polling cost."""
    global polled
    polled.rounds += 1
    if polled.news and time.monotonic() - polled.since >= REPORT_S:
        log_event(f"polled {polled.rounds} rounds, {polled.calls} calls, "
                  f"{polled.nothing} found nothing, "
                  f"{polled.messages} messages")
        polled = Polled()


def rest(found):
    """After a round that found nothing: lets other programs run, then sleeps,
    longer and longer."""
    global idle_rounds, nap
    if found:
        idle_rounds = nap = 0
        return
    idle_rounds += 1
    if idle_rounds > YIELDS:
        nap = min(max(0.001, 2 * nap), LONGEST_NAP_S)
    time.sleep(nap)  # 0: lets others run if they want to


def main():
    listener = start()
    listener.setblocking(False)
    while True:
        found = False
        for _ in range(ACCEPTS):
            if not count(accept_client(listener)):
                break
            found = True
        found |= visit_clients()
        report()
        rest(found)


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
