#!/usr/bin/python3
"""Sessions: who does not read, whose certificate is revoked, and who wants
more than there may be."""
import os
import time

import ak
import akapp
from ak import token
from akapp import application
from certs import Authority, reload, rewrite
from lib import SHORT, Net, check, equal, run, say, wait_for
from sessionbook import Book
from sessionpair import D, S, Two, refused

LIMIT = 12      # sessions of an application


# ---- those that do not read ----

def memory(net, node):
    with open("/proc/%d/statm" % net.pid(node, "ksa"), encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def bounded(net, node, what, begin, patience=0, then=None):
    """Memory while all that is begun is answered; after a while `then` is
    done about it."""
    before = peak = memory(net, node)
    futures = begin()
    end = time.monotonic() + patience
    while not all(f.done() for f in futures):
        peak = max(peak, memory(net, node))
        if then and time.monotonic() > end:
            then = then()
        time.sleep(0.02)
    answers = []
    for f in futures:
        try:
            answers.append(token(f.result(0)))
        except ak.GONE:
            answers.append("gone")
    # Sanitizers keep what was freed for a while.
    check(SHORT or peak - before < 6 << 20, "%s: %d octets" % (
        what, peak - before))
    said = {a: answers.count(a) for a in sorted(set(answers))}
    say("%s: %d KiB; %s" % (what, (peak - before) >> 10, said))
    return said


def deaf(net):
    """A destination and a source that read nothing: bounded memory, the other
    end is told, and others do not notice."""
    t = Two(net)
    session = t.s.session(D)
    other = application(net, "SAE-B2", book=t.book)
    fine = t.s.session("SAE-B2")
    t.d.close()
    line = t.d.connect(buffer=4096)
    line.deaf()
    said = bounded(net, "b", "keys for one that reads nothing", lambda: [
        t.s.draw(session, 40, 4096) for _ in range(60)],
        then=lambda: t.s.draw(fine).result(akapp.WAIT) and None)
    check(set(said) <= {"timeout", "unavailable", "insufficient_keys"},
          "it has read: %s" % said)
    line.die()
    t.d.connect(buffer=4096).deaf()
    said = bounded(net, "b", "sessions for one that reads nothing", lambda: [
        t.s.open(D, 1, application_name="x" * 1024) for _ in range(60)])
    check(set(said) <= {"timeout", "unavailable"}, "it has read: %s" % said)
    t.d.close()
    t.d.connect()
    t.s.keys(fine)
    line = t.s.connect(buffer=4096)
    wait_for("key", lambda: token(t.s.draw(session, 40, 4096).result(
        akapp.WAIT)) == "success")
    line.deaf()
    said = bounded(net, "a", "a source that reads nothing", lambda: [
        t.s.draw(session, 40, 4096, line=line) for _ in range(200)], 4,
        lambda: line.deaf(False))
    check(said.get("gone", 0) > 100, "%s" % said)
    t.s.keys(fine)
    other.close()
    t.over()


# ---- limits ----

def limits(net):
    """Sessions of an application, and one quota over both doors."""
    t = Two(net)
    sessions = [t.s.session(D, 20) for _ in range(LIMIT)]
    a = refused(t.s.open(D).result(akapp.WAIT), "unavailable",
                "max_sessions_per_application")
    equal(a["session_ID"], "", "of no session")
    # What is brought to the destination counts too.
    other = application(net, "SAE-A2", book=t.book)
    check(token(other.open(D).result(akapp.WAIT)) in
          ("unavailable", "rejected"), "one more for the destination")
    once = application(net, "SAE-B2", book=t.book)
    s = other.session("SAE-B2", 1)
    other.keys(s)               # over by its limit
    rewrite(net, "a", more='quotas = ({ master = "SAE-A1"; slave = "SAE-B1"; '
            'rate = 32; burst = 256; });\n')
    reload(net, "a")
    net.pair(S, D, 4)                           # 128 octets by HTTPS
    t.s.keys(sessions[0], 4)                    # 128 by a session
    refused(t.s.draw(sessions[1], 16, 256).result(akapp.WAIT),
            "insufficient_keys")
    status, body = net.client(S).enc(D, 16)
    equal(status, 503, "%s" % body)
    rewrite(net, "a", more="")
    reload(net, "a")
    for x in sessions:                          # all end by their limit
        t.s.keys(x, 16)
    for x in sessions[1:]:
        t.s.keys(x, 4)
    t.s.keys(t.s.session(D, 1))
    for x in (other, once):
        x.close()
    t.over()
    say("limits")


def revoked(net):
    """A certificate that is revoked while its connection has a session."""
    ca = Authority(net)
    t = Two(net)
    for sae, node, app in ((D, "b", t.d), (S, "a", t.s)):
        app.close()
        files = ca.issue("lost-" + sae, "/CN=" + sae)
        app.context.load_cert_chain(*files)
        app.connect()
    session = t.s.session(D)
    t.s.keys(session)
    ca.revoke(ca.path("lost-%s.crt" % D))
    ca.list()
    for node in "ab":
        rewrite(net, node, more='crl = "%s";\n' % ca.crl)
    reload(net, "a")

    async def hold(n):
        held.append(n)
    held, t.d.on[ak.SUPPLY] = [], hold
    brought = t.s.draw(session)
    wait_for("keys", lambda: held)
    reload(net, "b")                    # and then they are confirmed
    akapp.LOOP.call_soon_threadsafe(held[0].reply)
    refused(brought.result(akapp.WAIT), "unavailable")
    equal(t.book.fate(held[0].key_ids[0]), "void", "confirmed by a revoked")
    had = len(t.d.of(ak.SUPPLY))
    refused(t.s.draw(session).result(akapp.WAIT), "unavailable")
    equal(len(t.d.of(ak.SUPPLY)), had, "keys brought to a revoked one")
    good = application(net, D, book=t.book)
    t.s.keys(session)
    line = t.s.line
    ca.revoke(ca.path("lost-%s.crt" % S))
    ca.list()
    reload(net, "a")
    try:        # unless the KM has looked at it already, and closed it
        refused(t.s.draw(session, line=line).result(akapp.WAIT),
                "unauthorized", "revoked")
    except akapp.Gone:
        pass
    check(line.ended.wait(10), "not closed")
    again = application(net, S, book=t.book)
    again.keys(session)
    for x in (good, again):
        x.close()
    t.over()
    say("revoked")


def main():
    net = Net("ab", ["a-b"], rate=8000000, settings=[
        "ksa.session_answer_wait=1500",
        "ksa.relay_wait=3000", "ksa.write_timeout=2000",
        "ksa.max_sessions_per_application=%d" % LIMIT])
    net.book = Book(net)
    for step in (limits, deaf, revoked):
        step(net)
        net.oracle.verdict()


run(main)
