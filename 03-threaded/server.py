#!/usr/bin/env python3
"""03-threaded in Python: a thread per client.

The idea: main only accepts. Each client gets a thread of its own, which waits
wherever it has to: the others have theirs. How far a conversation has come
stands on its thread's stack: it is the call that waits.

Try it:  python3 server.py    and in two more terminals:  ./client

What still hurts: the same as in server.c, and only one of Python's threads
computes at a time. Those that wait, and here nearly all do, do not mind.

See also: server.c, ../common/talk.py, socket, threading.
"""
import os
import sys
import threading
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, "common"))

from talk import Finish, Talk, accept, error_text, flush, refuse, start

ACCEPT_AGAIN_S = 0.1  # a pause while there are no descriptors
STACK_SIZE = 256 << 10  # bytes: a crowd of the usual 8 MiB is too much


def converse(sock, talk):
    """Holds the whole conversation, waiting wherever nothing is to be done."""
    while not talk.over:
        if not talk.answer():
            flush()
            talk.receive(sock)
        else:
            flush()
            sock.sendall(talk.unsent)
            talk.unsent = b""


def serve(sock, name):
    """A client's thread: the client is its own, and nobody else's."""
    with sock:
        talk = Talk(name)
        try:
            converse(sock, talk)
            Finish(sock).done(sock, wait=True)
        except OSError as error:
            talk.end(f"lost: {error_text(error)}")
        flush()


def accept_client(listener):
    """Waits for the next client and gives it a thread."""
    flush()
    client = accept(listener)
    if client is None:
        flush()
        time.sleep(ACCEPT_AGAIN_S)
        return
    try:
        threading.Thread(target=serve, args=client, daemon=True).start()
    except (MemoryError, RuntimeError):
        refuse(*client)


def main():
    threading.stack_size(STACK_SIZE)
    listener = start()
    while True:
        accept_client(listener)


if __name__ == "__main__":
    main()
