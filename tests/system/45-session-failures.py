#!/usr/bin/python3
"""Each step of the proactive exchange that an application can spoil: what the
source is told, what becomes of the keys at both KMs, and that the session
goes on."""
import asyncio
import threading
import time
import traceback

import ak
import akapp
from ak import token
from akapp import accept, application, first, late, refuse, silent
from lib import GONE, Net, check, equal, run, say, wait_for
from sessionbook import Book, Store

ANSWER = 1.2        # s, session_answer_wait
# One node, neighbours, two hops. SAE-C2 and SAE-D2 have no part in it.
PAIRS = [("SAE-A1", "SAE-A2"), ("SAE-B1", "SAE-C1"), ("SAE-D1", "SAE-B2")]


class Pair:
    """A source and a destination, and what they do to each other."""

    def __init__(self, net, book, source, destination):
        self.net, self.book = net, book
        self.source, self.destination = source, destination
        self.s = application(net, source, book=book)
        self.d = None
        self.limit = 0          # keys that were supplied in the session

    def arrive(self, lines=1, **on):
        """The destination connects anew."""
        if self.d:
            self.d.close()
        self.d = application(self.net, self.destination, book=self.book,
                             lines=lines)

    def on(self, notified=accept, supply=accept):
        self.d.on = {ak.SESSION_NOTIFY: notified, ak.SUPPLY: supply}

    def refused(self, future, what, why=""):
        a = future.result(akapp.WAIT)
        equal(token(a), what, "%s to %s: %s" % (self.source, self.destination,
                                                a))
        check(why in a["response"], "%s: not %r" % (a, why))
        return a

    def no_session(self, what, why=""):
        a = self.refused(self.s.open(self.destination), what, why)
        equal(a["session_ID"], "", "of no session")

    def draw(self, number=1, **more):
        return self.s.draw(self.session, number, **more)

    def brought(self):
        """Key IDs of the latest 0x120A."""
        return self.d.of(ak.SUPPLY, self.session)[-1].key_ids

    def void(self, number=1):
        """The keys that were brought last are void at both ends."""
        ids = self.brought()
        equal(len(ids), number, "keys in 0x120A")
        equal(self.book.fate(ids[0]), "void", "fate")
        self.unfetchable(ids[0])

    def works(self, number=1):
        """The same session goes on."""
        self.on()
        ids = self.s.keys(self.session, number)
        equal(self.book.fate(ids[0]), "supplied", "fate")
        self.limit += number
        self.unfetchable(ids[0])

    def unfetchable(self, key_id):
        """Neither door has keys of a session by their IDs."""
        status, body = self.net.client(self.destination).dec(
            self.source, [key_id])
        equal(status, 400, "a session's key fetched: %s" % body)
        a = self.d.ask(ak.KEY_REQUEST_WITH_ID, {
            "application_source_ID": self.source,
            "key_IDs": [{"key_ID": key_id}]})
        equal(token(a), "not_found", "a session's key fetched: %s" % a)

    def drawn(self):
        """What counts against the limit, as the source's KM has it."""
        store = Store(self.net, self.net.node_of(self.source))
        n = [n for s, n, _ in store.counts() if s ==
             self.session.replace("-", "")]
        equal(n, [self.limit], "drawn in the session")


# ---- before there is a session ----

def absent(p):
    """The destination has no connection, or one by HTTPS only."""
    p.no_session("unavailable")
    client = p.net.client(p.destination)
    equal(client.status(p.source)[0], 200, "by HTTPS")
    p.no_session("unavailable")
    client.close()
    p.arrive()
    p.d.close()
    p.no_session("unavailable")


def invited(p):
    """0x2107 refuses, is late, or does not come."""
    p.arrive()
    for response, told in (("rejected: no need", "rejected: no need"),
                           ("rejected", "rejected"),
                           ("unauthorized: not you", "rejected"),
                           ("busy", "rejected")):
        p.on(refuse(response))
        p.no_session("rejected", told)
    p.on(silent)
    p.no_session("timeout")
    p.on(late(ANSWER + 0.8))
    p.no_session("timeout")
    n = p.d.await_notice(ak.SESSION_NOTIFY, number=6)
    p.refused(p.s.draw(n.session), "not_found")     # it never was
    time.sleep(1)               # it is answered, and nobody minds
    check(p.d.lines[0].alive, "closed for an answer that is late")
    p.on(akapp.die)
    p.no_session("unavailable")
    p.arrive(2)
    p.on(first(akapp.die, accept))
    a = p.s.open(p.destination).result(akapp.WAIT)
    equal(a["response"], "success", "0x2104 by its other connection")
    p.arrive()

    async def again(n):
        n.line.abort()
        await asyncio.sleep(0.2)
        await p.d.dial()
    p.on(first(again, accept))
    p.session = p.s.session(p.destination)


# ---- keys ----

def answers(p):
    """All the forms that say yes."""
    p.works()
    p.works(5)
    p.on(supply=akapp.accept_each)
    equal(len(p.s.keys(p.session, 4)), 4, "one response per key")

    async def shout(n):
        ids = [i.upper() for i in n.key_ids]
        n.raw({"session_ID": n.session.upper(), "key_ID": ids[0],
               "response": "success", "extension": [
                   {"x": 1}, {"key_IDs": [{"key_ID": i} for i in ids]}]})
    p.on(supply=shout)
    p.s.keys(p.session, 3)

    async def besides(n):
        """The extension has those that key_ID has not."""
        n.reply(key_ids=n.key_ids[:1],
                extension=[{"key_IDs": n.key_ids[1:2]},
                           {"key_IDs": n.key_ids[2:]}])
    p.on(supply=besides)
    p.s.keys(p.session, 4)
    p.limit += 11
    p.drawn()


def offered(p):
    """While keys wait to be confirmed, they are nobody's."""
    async def hold(n):
        held.append(n)
    held = []
    p.on(supply=hold)
    f = p.draw(2)
    wait_for("0x120A", lambda: held, 10, 0.01)
    for key in p.brought():
        p.unfetchable(key)
        for sae in (p.source, "SAE-C2", "SAE-D2"):
            status, body = p.net.client(sae).dec(p.source, [key])
            check(status in (400, 401), "%s fetched: %s" % (sae, body))
    check(not f.done(), "0x1209 before 0x210B")
    akapp.LOOP.call_soon_threadsafe(held[0].reply)
    equal(token(f.result(akapp.WAIT)), "success", "0x2108")
    p.limit += 2


async def only_first(n):
    """Confirms the first of several keys, and says no more."""
    n.reply(key_ids=n.key_ids[:1])


async def only_last(n):
    n.reply(key_ids=n.key_ids[-1:])


def refusals(p):
    """0x210B refuses, all or some; it is silent, late, or wrong."""
    for handler, number, what, why in (
            (refuse("rejected: no room"), 1, "rejected", "no room"),
            (refuse("expired"), 3, "rejected", ""),
            (refuse("rejected: one is bad", 2), 3, "rejected", "one is bad"),
            (refuse("success: or so"), 1, "rejected", "or so"),
            (silent, 2, "timeout", ""),
            (only_first, 3, "timeout", ""),
            (late(ANSWER + 0.8), 1, "timeout", "")):
        p.on(supply=handler)
        a = p.refused(p.draw(number), what, why)
        equal(a["session_ID"], p.session, "session_ID")
        p.void(number)
    p.drawn()
    p.works(2)
    time.sleep(1)
    p.works()
    p.drawn()


def deaths(p):
    """The destination's connection dies with keys outstanding."""
    p.on(supply=akapp.die)
    p.refused(p.draw(2), "unavailable")
    p.void(2)
    p.refused(p.draw(), "unavailable")
    p.arrive(2)
    p.on(supply=first(akapp.die, accept))
    ids = p.s.keys(p.session, 2)
    got = p.d.of(ak.SUPPLY, p.session)
    equal([n.key_ids for n in got], [ids, ids], "brought again")
    check(got[0].line is not got[1].line, "by the same connection")
    p.arrive()

    async def again(n):
        n.line.abort()
        await asyncio.sleep(0.2)
        await p.d.dial()
    p.on(supply=first(again, accept))
    p.s.keys(p.session)
    p.limit += 3
    p.works()
    p.arrive()

    async def halfway(n):
        """Two of three confirmed, then it dies."""
        n.reply(key_ids=n.key_ids[:2])
        await asyncio.sleep(0.05)
        n.line.abort()
        await p.d.dial()
    p.on(supply=first(halfway, only_last, accept))
    p.refused(p.draw(3), "timeout")
    p.void(3)
    p.on(supply=akapp.accept_and_die)
    f = p.draw()
    a = f.result(akapp.WAIT)
    fate = p.book.fate(p.brought()[0])
    equal(fate, "supplied" if token(a) == "success" else "void",
          "after %s" % a)
    p.limit += token(a) == "success"
    p.arrive()
    p.works()
    p.drawn()


def source_dies(p):
    """Before 0x120A, before 0x210B, after it."""
    def ask(at):
        line = p.s.connect()
        f = p.draw(line=line)
        at(line)
        try:
            return f.result(akapp.WAIT)
        except GONE:
            return None
    before = len(p.d.of(ak.SUPPLY, p.session))
    p.on()
    for pause in (0, 0.002, 0.01):
        ask(lambda line, t=pause: (time.sleep(t), line.die()))
    # What was asked and brought may be supplied if the answer was on its way.
    p.works()
    check(len(p.d.of(ak.SUPPLY, p.session)) <= before + 4, "brought twice")

    async def slow(n):
        brought.set()
        await asyncio.sleep(0.4)
        n.reply()
    brought = threading.Event()
    p.on(supply=slow)
    for reset in (True, False):
        equal(ask(lambda line: (brought.wait(10), line.die(reset))), None,
              "an answer")
        p.void()
        brought.clear()
        p.works()
        p.on(supply=slow)

    async def answer(n):
        n.reply()
        brought.set()
    brought.clear()
    p.on(supply=answer)
    ask(lambda line: (line.deaf(), brought.wait(10), line.die()))
    p.book.fate(p.brought()[0])
    brought.clear()
    ask(lambda line: (line.deaf(), brought.wait(10), time.sleep(0.5),
                      line.die()))
    equal(p.book.fate(p.brought()[0]), "supplied", "after 0x1209 was sent")
    p.works()


def limit(p):
    """What was refused does not count; what is beyond is rejected."""
    p.on()
    p.session = p.s.session(p.destination, 4)
    p.limit = 0
    p.on(supply=refuse())
    for _ in range(3):
        p.refused(p.draw(4), "rejected")
    p.on(supply=silent)
    p.refused(p.draw(3), "timeout")
    p.on()
    p.refused(p.draw(5), "rejected")
    p.works(3)
    p.refused(p.draw(2), "rejected")
    p.works()
    p.refused(p.draw(), "rejected")


def strangers(net, book, p):
    """Whose session it is not, and whose key."""
    for sae in (p.destination, "SAE-B2", "SAE-C2", "SAE-D2"):
        a = application(net, sae, book=book)
        p.refused(a.draw(p.session), "not_found" if sae == "SAE-D2" else
                  "unauthorized")
        a.close()
    status, body = net.client("SAE-C2").dec(p.source, p.brought()[:1])
    equal(status, 401, "%s" % body)


STEPS = (absent, invited, answers, offered, refusals, deaths, source_dies,
         limit)


def work(p):
    for step in STEPS:
        say(p.source, "to", p.destination, step.__name__)
        step(p)
        for a in (p.s, p.d):
            check(not a.faults, "%s: %s" % (a.sae, a.faults))


def guarded(p, failed):
    try:
        work(p)
    except Exception:
        failed.append("%s to %s: %s%s" % (
            p.source, p.destination, traceback.format_exc(), [
                a.faults for a in (p.s, p.d) if a and a.faults] or ""))


def main():
    net = Net("abcd", ["a-b", "b-c", "c-d"], rate=8000000, settings=[
        "ksa.session_answer_wait=%d" % (ANSWER * 1000),
        "ksa.relay_wait=3000"])
    book, failed = Book(net), []
    pairs = [Pair(net, book, *p) for p in PAIRS]
    threads = [threading.Thread(target=guarded, args=(p, failed), daemon=True)
               for p in pairs]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check(not failed, "\n".join(failed))
    strangers(net, book, pairs[1])
    book.settled()


run(main)
