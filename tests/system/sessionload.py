"""Applications that draw keys in sessions of Q.4161 and confirm them until told
to stop, whatever happens to the nodes."""
import random
import threading
import time
import traceback

import ak
import akapp
from ak import token
from akapp import application
from lib import GONE, check, wait_for

FINE = {"success", "timeout", "unavailable", "insufficient_keys"}
WORKERS = 3     # draws in flight of each session


class Person:
    """An application that stays connected, whatever happens."""

    def __init__(self, net, book, sae, rnd):
        self.ended, self.faults, self.rnd = threading.Event(), [], rnd
        self.app = application(net, sae, book=book, lines=2)
        self.app.on[ak.SUPPLY] = self.confirm
        self.threads = [threading.Thread(target=self.guard, daemon=True,
                                         args=(self.stay,))]

    def guard(self, what, *args):
        try:
            what(*args)
        except Exception:
            self.faults.append(traceback.format_exc())

    def stay(self):
        while not self.ended.wait(0.05):
            self.dial()

    def dial(self):
        a = self.app
        a.lines = [x for x in a.lines if x.alive]
        try:
            while len(a.lines) < 2:
                a.connect()
        except GONE:
            pass

    async def confirm(self, n):
        """Mostly yes; in both forms."""
        r = self.rnd.random()
        if r < 0.03:
            n.reply("rejected: just so")
        elif r < 0.05:
            n.line.abort()
        else:
            await (akapp.accept_each if r < 0.4 else akapp.accept)(n)
            if r > 0.97:
                n.line.abort()


class Session:
    """One that must outlive everything."""

    def __init__(self, people, source, destination):
        self.ends = source, destination
        self.source, self.done, self.lost = people[source], 0, 0
        self.id = self.source.app.session(destination)

    def draw(self):
        p = self.source
        while not p.ended.is_set():
            try:
                number, size = p.rnd.randint(1, 6), p.rnd.choice(
                    (64, 128, 256, 1024))
                a = p.app.draw(self.id, number, size, line=p.rnd.choice(
                    p.app.lines)).result(akapp.WAIT)
            except (IndexError, *GONE):
                self.lost += 1
                time.sleep(0.02)
                continue
            check(token(a) in FINE | {"rejected"}, "%s: %s" % (self.ends, a))
            self.done += token(a) == "success"
            self.lost += token(a) != "success"
            time.sleep(0.01 if token(a) == "success" else 0.05)


class SessionLoad:
    """A session for each pair of (source, destination), drawn from."""

    def __init__(self, net, book, rnd, pairs):
        self.people = {sae: Person(net, book, sae, random.Random(
            rnd.random())) for sae in sorted({s for p in pairs for s in p})}
        self.sessions = [Session(self.people, *p) for p in pairs]
        for s in self.sessions:
            s.source.threads += [threading.Thread(
                target=s.source.guard, args=(s.draw,), daemon=True)
                for _ in range(WORKERS)]

    def __enter__(self):
        for p in self.people.values():
            for t in p.threads:
                t.start()
        return self

    def __exit__(self, *_):
        for p in self.people.values():
            p.ended.set()
        for p in self.people.values():
            for t in p.threads:
                t.join(40)

    def fine(self):
        for p in self.people.values():
            check(not p.faults and not p.app.faults, "%s: %s %s" % (
                p.app.sae, p.faults, p.app.faults))

    def await_progress(self, seconds=30):
        had = {s: s.done for s in self.sessions}
        for s in self.sessions:
            wait_for("the session of %s to %s to go on" % s.ends,
                     lambda: s.done > had[s] + 2, seconds)
        self.fine()

    def summary(self):
        return "%d draws supplied, %d not" % (
            sum(s.done for s in self.sessions),
            sum(s.lost for s in self.sessions))
