#!/usr/bin/python3
"""Kx is lost, and ksa and relayd are killed, at each step of the proactive
exchange, at source, destination and between them: every key is supplied at
both KMs or void at both, and the sessions go on."""
import asyncio
import os
import signal

import akapp
from ak import token
from akapp import application
from lib import GONE, Net, check, equal, run, say, wait_for
from sessionbook import Book

S, D = "SAE-A1", "SAE-C1"
OUTCOMES = {"success", "timeout", "unavailable", "gone"}
DRAWS = 10      # on their way when it happens


class Steps:
    """Exchanges at each step when it happens."""

    def __init__(self, net, book):
        self.net, self.book = net, book
        self.s = application(net, S, book=book, lines=2)
        self.d = application(net, D, book=book, lines=2)
        self.held = []          # notices not answered yet
        self.sessions = [self.session() for _ in range(3)]

    def session(self):
        def opened():
            a = result(self.s.open(D))
            check(token(a) in OUTCOMES, "%s" % a)
            return a.get("session_ID")
        return wait_for("a session", opened, 30)

    def works(self, session):
        def drawn():
            a = result(self.s.draw(session))
            check(token(a) in OUTCOMES | {"insufficient_keys"}, "%s" % a)
            return token(a) == "success"
        wait_for("session %s to go on" % session, drawn, 30, 0.2)

    def connected(self):
        for a in (self.s, self.d):
            wait_for("%s to connect" % a.sae, lambda: dialled(a), 20)
            check(not a.faults, "%s: %s" % (a.sae, a.faults))

    def hold(self):
        """Answers of the destination wait."""
        async def handler(n):
            self.held.append(n)
        self.d.on = dict.fromkeys(self.d.on, handler)

    async def volley(self, strike):
        """It answers one after the other; in between it happens, just after
        one that accepts a session and before another one."""
        keys = [n for n in self.held if n.keys]
        half = len(keys) // 2
        keys[half:half] = [n for n in self.held if not n.keys]
        for i, n in enumerate(keys):
            if i == half + 1:
                await akapp.LOOP.run_in_executor(None, strike)
            n.reply()
            await asyncio.sleep(0.0005)
        self.held = []
        self.d.on = dict.fromkeys(self.d.on, akapp.accept)

    def suffer(self, what, strike, restore):
        """A session is asked for, before and after it, and keys are drawn in
        others."""
        self.hold()
        draws = [self.s.draw(self.sessions[i % 2], 1 + i % 3)
                 for i in range(DRAWS // 2)]
        openings = [self.s.open(D, 1) for _ in range(2)]
        draws += [self.s.draw(self.sessions[i % 2], 1 + i % 3)
                  for i in range(DRAWS // 2)]
        wait_for("the notices", lambda: len(self.held) == DRAWS + 2, 5, 0.01)
        akapp.now(self.volley(strike))
        after = [begin(lambda: self.s.draw(self.sessions[2])),
                 begin(lambda: self.s.open(D, 1))]
        answers = [token(result(f)) for f in (*draws, *openings, *after)]
        check(set(answers) <= OUTCOMES, "%s: %s" % (what, answers))
        restore()
        self.connected()
        for x in self.sessions:
            self.works(x)
        self.book.settled(20)
        say("%s: %d of %d draws; 0x2104 %s, %s; after it %s, %s" % (
            what, answers[:DRAWS].count("success"), DRAWS, *answers[DRAWS:]))
        return answers


def dialled(app):
    try:
        while len([x for x in app.lines if x.alive]) < 2:
            app.connect()
        app.lines = [x for x in app.lines if x.alive]
        return True
    except GONE:
        return False


def begin(what):
    """A future, if there is somebody to connect to."""
    try:
        return what()
    except GONE:
        return None


def result(future):
    """An answer; "gone" if the connection ended."""
    try:
        return future.result(akapp.WAIT) if future else {"response": "gone"}
    except GONE:
        return {"response": "gone"}


def killed(steps, node, daemon):
    pid = steps.net.pid(node, daemon)
    return steps.suffer("%s of %s killed" % (daemon, node),
                        lambda: os.kill(pid, signal.SIGKILL),
                        lambda: steps.net.do("start", node, daemon))


def main():
    net = Net("abc", ["a-b", "b-c"], rate=8000000, settings=[
        "ksa.session_answer_wait=1000", "ksa.relay_wait=2500"])
    steps = Steps(net, Book(net))
    a = steps.suffer("b-c down", lambda: net.link("b-c", "down"),
                     lambda: net.link("b-c", "up"))
    check(not set(a[-2:]) & {"success", "gone"}, "%s" % a)
    for daemon in ("relayd", "ksa"):
        for node in "abc":
            if (node, daemon) == ("b", "ksa"):
                continue        # it has no part in it
            for _ in range(1 if daemon == "relayd" else 2):
                a = killed(steps, node, daemon)
                equal("gone" in a, (node, daemon) == ("a", "ksa"),
                      "whose connection ended: %s" % a)


run(main)
