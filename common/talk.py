"""talk.py - what the two server.py share: the log, the conversation, the
command line. It does for them what net.h and lines.h do for the C programs.

Functions raise OSError when a connection fails, unless they say otherwise.
What a socket takes and gives is bytes, not str: a message need not be text.
"""
import errno
import os
import re
import signal
import socket
import sys
import time

USAGE = """usage: server [PORT [ADDRESS]]
  PORT     0 to 65535, default 65432; 0: any free port
  ADDRESS  default 127.0.0.1: this machine alone
"""
GREETING = b"Connect succeed. Please send a message to me\n"
ANSWER = b"Message received - "
TOO_LONG = "line longer than 1024 bytes"
SERVER_FULL = "server is full"

LINE_LIMIT = 1024  # bytes in a line, its end not counted
IN_SIZE = 2048  # bytes received and not answered, at most
OUT_SIZE = 4096  # bytes answered and not sent, at most
ANSWER_SIZE = len(ANSWER) + LINE_LIMIT + 1
FINISH_BYTES = 1 << 20  # Finish discards no more than this
FINISH_S = 1  # and takes no longer


# ------------------------------------------------------------------- the log


def say(text):
    """Prints a line in one piece, so that threads do not mix theirs up."""
    try:
        line = (text + "\n").encode("utf-8", "surrogateescape")
        sys.stdout.buffer.write(line)
    except OSError:
        pass  # a lost log is no reason to stop


def flush():
    """Called before each wait: all that was printed leaves the program."""
    try:
        sys.stdout.buffer.flush()
    except OSError:
        pass


def log(text):
    """Adds a line to the log: date and time, then the text."""
    say(time.strftime("%Y-%m-%d %H:%M:%S ") + text)


def show(line):
    """Bytes as a text that is safe to print: what could steer a terminal
    becomes \\xNN. The rest stays as it is, even where it is not UTF-8."""
    def escape(found):
        return b"".join(b"\\x%02x" % byte for byte in found.group())
    safe = re.sub(rb"[\x00-\x1f\x7f]|\xc2[\x80-\x9f]", escape, line)
    return safe.decode("utf-8", "surrogateescape")


def error_text(error):
    return f"{error.strerror} ({error.errno})"


def address_name(address):
    """127.0.0.1:65432 or [::1]:65432: in numbers, nothing is looked up."""
    host, port = socket.getnameinfo(
        address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


# ---------------------------------------------------------- the conversation


class Talk:
    """A conversation, without its socket."""

    def __init__(self, name):
        self.name = name
        self.over = False  # the last word is in unsent, no more is taken
        self.ended = False  # the client's end-of-stream has come
        self.received = b""  # not yet answered
        self.unsent = GREETING  # answered, not yet sent
        self.messages = 0  # taken so far
        log(f"{name} connected")

    def end(self, how, word=""):
        """The end: what the log says, and a last word for the client."""
        if not self.over:  # else its end is in the log already
            log(f"{self.name} {how}")
        self.over = True
        self.unsent += word.encode()

    def receive(self, sock):
        """Receives once; only after answer has said that more is needed."""
        got = sock.recv(IN_SIZE - len(self.received))
        self.received += got
        self.ended = not got

    def answer(self):
        """Takes up lines that are whole, as long as their answers fit.
        Returns True if there is something to send or the talk is over, False
        if more must be received."""
        while not self.over and len(self.unsent) + ANSWER_SIZE <= OUT_SIZE:
            line, newline, rest = self.received.partition(b"\n")
            if line.endswith(b"\r") and (newline or not self.ended):
                line = line[:-1]  # half of the line's end, or may become it
            if len(line) > LINE_LIMIT:
                self.end("lost: " + TOO_LONG, f"error: {TOO_LONG}\n")
            elif not newline and not self.ended:
                return len(self.unsent) > 0
            elif not newline and not line:
                self.end("left")
            else:
                self.received = rest
                self.take(line)
        return True

    def take(self, line):
        self.messages += 1
        log(f"{self.name} says: {show(line)}")
        if line == b"quit":
            self.end("left", "quit\n")
        else:
            self.unsent += ANSWER + line + b"\n"


class Finish:
    """A conversation that ends so that the last answer arrives: a close with
    unread input would send a reset, which can destroy it on its way."""

    def __init__(self, sock):
        self.deadline = time.monotonic() + FINISH_S
        self.discarded = 0
        try:
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the connection is gone, which done will see

    def time_left(self):
        return max(0.0, self.deadline - time.monotonic())

    def done(self, sock, wait=False):
        """Discards what the client still sent. Returns True when the socket
        can be closed, False when there is nothing now but may be later; the
        socket is non-blocking, or it waits."""
        try:
            while self.discarded < FINISH_BYTES and self.time_left() > 0:
                if wait:
                    sock.settimeout(self.time_left())
                got = len(sock.recv(4096))
                self.discarded += got
                if got == 0:
                    break
        except BlockingIOError:
            return False
        except OSError:
            pass  # there is nothing more to save
        return True


# ------------------------------------------------------ accepting, refusing


def accept(listener):
    """Takes the next client out of the queue. Returns its socket and name, or
    None if there is none to be had now. The log tells of a row of failures
    once."""
    while True:
        try:
            sock, address = listener.accept()
            accept.failing = False
            return sock, address_name(address)
        except ConnectionAbortedError:
            continue  # that one has gone already
        except BlockingIOError:
            accept.failing = False
        except OSError as error:
            if not accept.failing:
                log(f"cannot accept: {error_text(error)}")
            accept.failing = True
        return None


accept.failing = False


def refuse(sock, name):
    """Sends a newcomer away for whom there is no room, without waiting."""
    log(f"{name} refused: {SERVER_FULL}")
    try:
        sock.setblocking(False)
        sock.send(f"error: {SERVER_FULL}\n".encode())
        sock.shutdown(socket.SHUT_WR)
        sock.recv(4096)
    except OSError:
        pass  # best effort
    sock.close()


# ------------------------------------------------------------------ the start


def fail(text, status=1):
    sys.stderr.write(f"server: {text}\n")
    sys.exit(status)


def explain(step, where, error):
    """What failed, where and why, and where one helps a hint."""
    why = f"{step} {where}: {error_text(error)}"
    if error.errno == errno.EADDRINUSE:
        port = int(where.rpartition(":")[2])
        port += 1 if port < 65535 else -1
        why += ("\nhint: another server may still be running; "
                f"try: ./server {port}")
    elif error.errno == errno.EACCES:
        why += "\nhint: low ports may be reserved; try: ./server 65432"
    elif error.errno == errno.EADDRNOTAVAIL and step == "bind":
        why += ("\nhint: a server can only listen on an address of its own "
                "machine")
    return why


def listen(port, address):
    """Returns a socket that listens on the first address that works."""
    try:
        found = socket.getaddrinfo(os.fsencode(address), port, 0,
                                   socket.SOCK_STREAM, 0,
                                   socket.AI_NUMERICSERV)
    except OSError as error:
        fail(f"resolve {address}: {error_text(error)}")
    # On Windows SO_REUSEADDR would let a second server steal the port.
    reuse = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
    why = ""
    for family, kind, protocol, _, where in found:
        try:
            step = "socket"
            listener = socket.socket(family, kind, protocol)
            step = "setsockopt"
            listener.setsockopt(socket.SOL_SOCKET, reuse, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6,
                                    socket.IPV6_V6ONLY, 1)
            step = "bind"
            listener.bind(where)
            step = "listen"
            listener.listen(socket.SOMAXCONN)
            return listener
        except OSError as error:
            why = explain(step, address_name(where), error)
    return fail(why)


def arguments():
    """Checks the command line. Returns port and address."""
    given = sys.argv[1:]
    port, address = (given + ["65432", "127.0.0.1"][len(given):])[:2]
    if "-h" in given or "--help" in given:
        sys.stdout.write(USAGE)
        sys.exit()
    wrong = None
    if len(given) > 2:
        wrong = "too many arguments"
    elif not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
        wrong = f"bad port '{port}': not a number 0 to 65535"
    elif address.startswith("-"):
        wrong = f"unknown option '{address}'"
    if wrong:
        fail(f"{wrong}\n{USAGE.rstrip()}", 2)
    return port, address


def start():
    """Returns a socket that listens as the command line says."""
    # A file that is closed at the start would lend its number to a socket.
    for name, mode in ("stdin", "r"), ("stdout", "w"), ("stderr", "w"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))
    # Ctrl-C is left to the system: it ends the program at once, without
    # Python's traceback, and on Windows in the midst of accept too.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    listener = listen(*arguments())
    say(f"listening on {address_name(listener.getsockname())}")
    return listener
