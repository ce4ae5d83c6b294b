#!/usr/bin/python3
"""How sessions end: by their limit, when idle, when an application has gone;
or is not registered any more; both KMs agree, and remember it."""
import time

import ak
import akapp
from ak import token
from akapp import application
from certs import application as application_of
from certs import reload, rewrite
from lib import GONE, Net, check, equal, run, say, wait_for
from sessionbook import Book, Store

IDLE, GRACE = 5, 2      # s


class World:
    def __init__(self, net):
        self.net, self.book, self.apps = net, Book(net), {}

    def app(self, sae, lines=1):
        self.apps[sae] = application(self.net, sae, lines=lines,
                                     book=self.book)
        return self.apps[sae]

    def over(self):
        for a in self.apps.values():
            check(not a.faults, "%s: %s" % (a.sae, a.faults))
            a.close()
        self.book.settled()

    def states(self, session):
        """At the two KMs, as an operator sees it."""
        s = self.book.sessions[session]
        out = []
        for sae in s.ends:
            rows = Store(self.net, self.net.node_of(sae)).ask(
                "SELECT state FROM sessions WHERE session = '%s'" % session)
            out.append(rows[0][0] if rows else "not there")
        return tuple(out)

    def ends(self, session, seconds=20):
        wait_for("both KMs to end the session of %s: %s" % (
            self.book.sessions[session].ends, self.states(session)),
            lambda: self.states(session) == ("ended", "ended"), seconds)

    def goes_on(self, session):
        equal(self.states(session), ("open", "open"), "states")


def refused(app, session, what, why=""):
    a = app.draw(session).result(akapp.WAIT)
    equal(token(a), what, "%s" % a)
    check(why in a["response"], "%s: not %r" % (a, why))
    equal(a["session_ID"], session, "session_ID")


def limit(w):
    """The last key that it may have ends it."""
    s, d = w.app("SAE-A1"), w.app("SAE-C1")
    session = s.session("SAE-C1", 3)
    s.keys(session, 2)
    w.goes_on(session)
    # Two at once, of which only one can be had.
    d.on[ak.SUPPLY] = akapp.late(0.3)
    both = [s.draw(session) for _ in range(2)]
    equal(sorted(token(f.result(akapp.WAIT)) for f in both),
          ["rejected", "success"], "two for one")
    w.ends(session)
    refused(s, session, "rejected", "number_of_keys")
    d.on[ak.SUPPLY] = akapp.accept
    one = s.session("SAE-C1", 1)
    s.keys(one)
    w.ends(one)
    say("by its limit")
    return session


def away(w, ended):
    """Idle, the source gone, the destination gone; each beside one that
    goes on, on one node too."""
    s, d = w.apps["SAE-A1"], w.apps["SAE-C1"]
    idle, busy = s.session("SAE-C1"), s.session("SAE-C1")
    gone, gone_d = w.app("SAE-B1", 2), w.app("SAE-B2", 2)
    source_goes = gone.session("SAE-C1")
    destination_goes = s.session("SAE-B2")
    own = gone.session("SAE-B2")
    back = w.app("SAE-C2")
    returns = back.session("SAE-C1")
    begun = time.monotonic()
    for a in (gone, gone_d):            # one of two is none the less there
        a.lines[0].die()
    while time.monotonic() < begun + GRACE + 1:
        s.keys(busy)
        back.close()                    # for less than the grace time
        back.keys(returns)
        for x in (source_goes, own):
            gone.keys(x)
        s.keys(destination_goes)
        time.sleep(0.3)
    for x in (source_goes, destination_goes, own, returns):
        w.goes_on(x)
    for a in (gone, gone_d):
        a.close()
    for x in (source_goes, destination_goes, own):
        w.ends(x)
    while w.states(idle) != ("ended", "ended"):
        check(time.monotonic() < begun + IDLE + 25, "idle for ever")
        s.keys(busy)
        time.sleep(0.3)
    refused(s, idle, "expired")
    w.app("SAE-B2")
    refused(s, destination_goes, "expired")
    gone.connect()
    for x in (source_goes, own):
        refused(gone, x, "expired")
    w.goes_on(busy)
    s.keys(busy)
    w.ends(busy)
    w.ends(returns)
    refused(s, ended, "rejected", "number_of_keys")
    say("idle, gone, and back in time")
    return idle


def apart(w, ended, idle):
    """It ends while the KMs cannot speak; they agree afterwards, and after a
    restart too."""
    s, d = w.apps["SAE-A1"], w.apps["SAE-C1"]
    mine, theirs = s.session("SAE-C1"), d.session("SAE-A1")
    w.net.link("b-c", "down")
    s.close()
    for x, states in ((mine, ("ended", "open")), (theirs, ("open", "ended"))):
        wait_for("one end to notice: %s, %s" % states, lambda: w.states(x)
                 in (states, ("ended", "ended")), 20)
    for node in "ac":
        w.net.do("kill", node, "ksa")
        w.net.do("start", node, "ksa")
    w.net.link("b-c", "up")
    for x in (mine, theirs):
        w.ends(x, 30)
    s.connect()
    d.line                              # dials
    refused(s, mine, "expired")
    refused(d, theirs, "expired")
    refused(s, idle, "expired")
    refused(s, ended, "rejected", "number_of_keys")
    w.net.await_supply("SAE-A1", "SAE-C1")
    say("apart, and told later")


def dialled(app):
    try:
        return app.line
    except GONE:
        return None


def restarts(w):
    """SIGTERM and start of each ksa: the session goes on."""
    s, d = w.apps["SAE-A1"], w.apps["SAE-C1"]
    d.line
    session = s.session("SAE-C1")
    s.keys(session)
    for node in "ac":
        w.net.do("stop", node, "ksa")
        w.net.do("start", node, "ksa")
        for a in (s, d):
            wait_for("%s to connect" % a.sae, lambda: dialled(a))
        wait_for("the session to go on", lambda: token(s.draw(
            session).result(akapp.WAIT)) == "success", 20)
    w.goes_on(session)
    say("restarts")


def unregistered(w):
    """An application that is taken out of its node's configuration."""
    s, d = w.apps["SAE-A1"], w.apps["SAE-C1"]
    session = s.session("SAE-C1")
    s.keys(session)
    rewrite(w.net, "c", [application_of("SAE-C2", "KME-C")])
    reload(w.net, "c")
    w.ends(session)
    a = s.draw(session).result(akapp.WAIT)
    equal(token(a), "expired", "%s" % a)
    a = s.open("SAE-C1").result(akapp.WAIT)
    equal(token(a), "not_found", "%s" % a)
    say("taken out of the configuration")


def main():
    net = Net("abc", ["a-b", "b-c"], rate=8000000, settings=[
        "ksa.session_answer_wait=1500", "ksa.relay_wait=3000",
        "ksa.session_grace=%d" % GRACE, "ksa.session_idle=%d" % IDLE])
    w = World(net)
    ended = limit(w)
    idle = away(w, ended)
    apart(w, ended, idle)
    restarts(w)
    unregistered(w)
    w.over()


run(main)
