#!/usr/bin/env python3
"""04-nonblocking in Python: one thread, asking everyone in turn.

The idea: no call waits. The server goes round and asks the listener and each
client whether there is something; BlockingIOError means no. Since no call
remembers how far a conversation has come, the program does: where chapter 03
waits, this one writes down a state and returns.

Try it:  python3 server.py    and in two more terminals:  ./client

What still hurts: the same as in server.c, and a question in vain costs an
exception, several times the price of C's -1.

See also: server.c, ../common/talk.py, socket.setblocking.
"""
import os
import sys
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, "common"))

from talk import Finish, Talk, accept, error_text, flush, log, start

ACCEPTS = 256  # newcomers a round: the others wait meanwhile
YIELDS = 16  # rounds in vain before it sleeps
LONGEST_NAP = 0.016  # seconds; naps double from 0.001 to this
REPORT_S = 5  # at most one report in this time

READING = "reading"  # all is answered; waits for the client to speak
ANSWERING = "answering"  # something is unsent; is not read meanwhile
CLOSING = "closing"  # half-closed; waits for the client to close too
CLOSED = "closed"  # to be forgotten


class Client:
    def __init__(self, sock, name):
        sock.setblocking(False)
        self.sock = sock
        self.talk = Talk(name)
        self.state = ANSWERING  # the greeting is unsent
        self.finish = None  # CLOSING: for how long

    def close(self):
        self.sock.close()
        self.state = CLOSED

    def send(self):
        """Sends what the kernel takes now. Returns True if that was all."""
        try:
            while self.talk.unsent:
                sent = self.sock.send(self.talk.unsent)
                self.talk.unsent = self.talk.unsent[sent:]
        except BlockingIOError:
            return False
        return True

    def converse(self):
        """Goes on as far as that is possible without waiting."""
        while True:
            if not self.send():
                self.state = ANSWERING
                return
            if self.talk.over:
                self.finish = Finish(self.sock)
                self.state = CLOSING
                return
            if not self.talk.answer():
                self.state = READING
                return

    def ask(self):
        """Does what the state allows. Returns whether there was anything."""
        unsent = len(self.talk.unsent)
        if self.state == READING:
            self.talk.receive(self.sock)
            self.converse()
        elif self.state == ANSWERING:
            self.converse()
            return len(self.talk.unsent) != unsent
        elif self.state == CLOSING:
            if not self.finish.done(self.sock):
                return False
            self.close()
        return True

    def visit(self):
        """Asks the client; its failure ends it, and nothing else."""
        try:
            return self.ask()
        except BlockingIOError:
            return False
        except OSError as error:
            self.talk.end(f"lost: {error_text(error)}")
            self.close()
            return True


class Polled:
    """What the polling cost since the last report."""

    def __init__(self):
        self.rounds = self.calls = self.nothing = self.messages = 0
        self.news = False  # something has happened
        self.since = time.monotonic()

    def count(self, found):
        """Counts a call that did or did not find anything. Returns found."""
        self.calls += 1
        self.nothing += not found
        self.news |= found
        return found

    def is_due(self):
        return self.news and time.monotonic() - self.since >= REPORT_S

    def report(self):
        log(f"polled {self.rounds} rounds, {self.calls} calls, "
            f"{self.nothing} found nothing, {self.messages} messages")


class Rest:
    """After a round in vain: lets others run, then sleeps ever longer."""

    def __init__(self):
        self.vain = 0  # rounds in a row
        self.nap = 0  # the last sleep

    def after(self, found):
        if found:
            self.vain = self.nap = 0
            return
        flush()
        self.vain += 1
        if self.vain > YIELDS:
            self.nap = min(max(0.001, self.nap * 2), LONGEST_NAP)
        time.sleep(self.nap)  # 0: lets others run if they want to


def accept_clients(listener, clients, polled):
    """Takes newcomers out of the queue. Returns whether there were any."""
    for taken in range(ACCEPTS):
        client = accept(listener)
        if not polled.count(client is not None):
            return taken > 0
        clients.append(Client(*client))
        clients[-1].visit()
    return True


def visit_all(clients, polled):
    """Asks each client once. Returns whether any had something."""
    found = False
    for client in clients:
        found |= polled.count(client.visit())
        polled.messages += client.talk.messages
        client.talk.messages = 0
    return found


def main():
    listener = start()
    listener.setblocking(False)
    clients = []
    polled = Polled()
    rest = Rest()
    while True:
        found = accept_clients(listener, clients, polled)
        found |= visit_all(clients, polled)
        clients = [c for c in clients if c.state != CLOSED]
        polled.rounds += 1
        if polled.is_due():
            polled.report()
            polled = Polled()
        rest.after(found)


if __name__ == "__main__":
    main()
