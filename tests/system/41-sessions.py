#!/usr/bin/python3
"""Q.4161 over TCP: sessions and proactive supply, by an independent client,
message by message. What fails in the middle has tests of its own."""
import random
import time

import ak
from ak import frame, token
from akapp import LOOP, WAIT, accept, accept_each, application, silent
from certs import reload, rewrite
from lib import Net, check, equal, run, say, wait_for
from sessionbook import Book, Store

UNKNOWN = "01234567-89ab-7def-8123-456789abcdef"
UNSUPPORTED = "not all extension_mandatory parameters are supported"
DIRECT = [{"extension_mandatory": [{"qkdnode_route_type": "direct"}]}]
FAR = ("SAE-A2", "SAE-B1", "SAE-C1")    # same node, neighbour, three nodes
GRACE, IDLE = 3, 12     # s
MOST = 60               # sessions of one application


def refused(future, what, why=""):
    answer = future.result(WAIT) if hasattr(future, "result") else future
    equal(token(answer), what, "%s" % answer)
    check(why in answer["response"], "%s: not %r" % (answer, why))
    return answer


def good(future):
    answer = future.result(WAIT)
    equal(answer["response"], "success", "%s" % answer)
    return answer


def reply(notice, *words, **more):
    LOOP.call_soon_threadsafe(lambda: notice.reply(*words, **more))


def hears(app, handler):
    """What is brought to it from now on."""
    app.on = {ak.SESSION_NOTIFY: handler, ak.SUPPLY: handler}


def ready(app):
    """Its KM knows of every line: there is an answer on each."""
    for line in app.lines:
        equal(token(line.ask(ak.KEY_REQUEST_WITH_ID, b"{}")), "bad_request",
              "an empty 0x2102")
    return app


class Scene:
    """Applications that are closed at the end, and the checker's view."""

    def __init__(self, net, book):
        self.net, self.book, self.apps = net, book, []

    def app(self, sae, handler=accept, lines=1, node=None):
        a = application(self.net, sae, node, lines=lines, book=self.book)
        self.apps.append(a)
        hears(a, handler)
        return a if node else ready(a)

    def close(self):
        for a in self.apps:
            a.close()
            equal(a.faults, [], a.sae)
        self.net.oracle.verdict()


def order(scene):
    """Each message, and that the next one does not come before."""
    for source, destination in [("SAE-A1", d) for d in FAR] + [
            ("SAE-C1", "SAE-A1")]:
        s, d = scene.app(source), scene.app(destination, silent)
        opening = s.open(destination, 8, application_name="vpn \u00e4")
        n = d.await_notice(ak.SESSION_NOTIFY)
        equal(n.payload, {"application_source_ID": source,
                          "application_destination_ID": destination,
                          "application_name": "vpn \u00e4",
                          "session_ID": n.session, "number_of_keys": 8},
              "0x1206")
        time.sleep(0.2)
        check(not opening.done(), "0x1205 came before 0x2107")
        reply(n)
        a = good(opening)
        equal(a["session_ID"], n.session, "session_ID of 0x1205")
        equal(a.get("source_KM_ID", "KME-" + source[4]), "KME-" + source[4],
              "source_KM_ID")
        for at, (number, size) in enumerate(((1, 256), (3, 128), (2, 2048),
                                             (None, None))):
            drawing = s.draw(n.session.upper(), number, size)
            k = d.await_notice(ak.SUPPLY, n.session, at + 1)
            equal(len(k.keys), number or 1, "keys of 0x120A")
            time.sleep(0.2)
            check(not drawing.done(), "0x1209 came before 0x210B")
            reply(k)
            a = good(drawing)
            equal(a["session_ID"], n.session, "session_ID of 0x1209")
            equal({x["key_ID"] for x in a["keys"]}, set(k.key_ids), "keys")
        d.on[ak.SESSION_NOTIFY] = accept
        s.session(destination)
        check("number_of_keys" not in d.notices[-1].payload and
              "application_name" not in d.notices[-1].payload,
              "0x1206 of a session without limit: %s" % d.notices[-1].payload)
        scene.close()
    say("same node, neighbours, hops: the order of the messages")


def form(key_id, *ids):
    """0x210B for all keys in the words of these functions."""
    async def handler(n):
        n.app.told("confirmed", {
            "session_ID": n.session, "key_ID": n.key_ids[0],
            "extension": [{"key_IDs": n.key_ids}]})
        n.line.write(frame(ak.SUPPLIED, {
            "session_ID": n.session.upper(), "response": "success",
            "key_ID": key_id(n.key_ids)[0],
            "extension": [{"key_IDs": f(n.key_ids)} for f in ids] + [
                {"x": 1}]}, n.id))
    return handler


def confirmations(scene):
    """How 0x210B may name several keys."""
    def upper(ids):
        return [i.upper() for i in ids]

    def objects(ids):
        return [{"key_ID": i} for i in ids]

    def shuffled(ids):
        return random.sample(ids, len(ids))

    async def one_refused(n):
        n.reply(key_ids=n.key_ids[:1])
        n.reply("rejected: not this one", n.key_ids[1:2])
    s, d = scene.app("SAE-A1"), scene.app("SAE-C1")
    session = s.session("SAE-C1")
    for handler in (form(upper, upper), form(upper, objects),
                    form(shuffled, shuffled), accept_each):
        d.on[ak.SUPPLY] = handler
        s.keys(session, 3)
    d.on[ak.SUPPLY] = form(upper)
    s.keys(session, 1)
    d.on[ak.SUPPLY] = one_refused
    refused(s.draw(session, 3), "rejected", "not this one")
    scene.close()
    say("0x210B in every form")


def by_id(scene):
    """No door gives a session's keys by ID, whatever state they are in."""
    net, s = scene.net, scene.app("SAE-A1")
    for destination, neighbour in (("SAE-A2", s), ("SAE-B1",
                                                   scene.app("SAE-B2"))):
        d = scene.app(destination)
        session = s.session(destination)
        d.on[ak.SUPPLY] = silent

        def asks(app, ids):
            return app.ask(ak.KEY_REQUEST_WITH_ID, {
                "application_source_ID": "SAE-A1",
                "key_IDs": [{"key_ID": i} for i in ids]})

        def look(ids):
            refused(asks(d, ids), "not_found")
            refused(asks(neighbour, ids), "unauthorized")
            code, body = net.client(destination).dec("SAE-A1", ids)
            equal(code, 400, "dec_keys: %s" % body)
            code, body = net.client(neighbour.sae).dec("SAE-A1", ids)
            equal(code, 401, "dec_keys by another: %s" % body)
        for at, response in enumerate(("success", "rejected: no")):
            drawing = s.draw(session, 2)
            k = d.await_notice(ak.SUPPLY, session, at + 1)
            look(k.key_ids)
            reply(k, response)
            equal(token(drawing.result(WAIT)), response.split(":")[0],
                  "0x1209")
            look(k.key_ids)
        check(token(asks(scene.app("SAE-C1"), k.key_ids)) in (
            "unauthorized", "not_found"), "given at another node")
    scene.close()
    say("not by ID")


def limit(scene):
    for destination in FAR:
        s, d = scene.app("SAE-A1"), scene.app(destination)
        session = s.session(destination, 5)
        refused(s.draw(session, 6), "rejected")
        s.keys(session, 3)
        refused(s.draw(session, 3), "rejected")
        hears(d, refuse_words)          # what is refused does not count
        for _ in range(2):
            refused(s.draw(session, 2), "rejected", "thank you")
        hears(d, accept)
        s.keys(session, 2)
        for _ in range(2):
            refused(s.draw(session), "rejected")
        session = s.session(destination, 5)
        many = [s.draw(session, 1, 64) for _ in range(9)]
        tokens = sorted(token(f.result(WAIT)) for f in many)
        equal(tokens, ["rejected"] * 4 + ["success"] * 5, "9 draws of 5")
        scene.close()
    say("number_of_keys of a session")


async def refuse_words(notice):
    notice.reply("rejected: no, thank you")


def refusals(scene):
    s = scene.app("SAE-A1")
    for destination in FAR:
        a = refused(s.open(destination), "unavailable", "not connected")
        equal(a["session_ID"], "", "of no session")
    apps = [scene.app(d, refuse_words) for d in FAR]
    for destination in FAR:
        a = refused(s.open(destination), "rejected", "no, thank you")
        equal(a["session_ID"], "", "of no session")
    refused(s.open("SAE-NOWHERE"), "not_found", "SAE-NOWHERE")
    refused(s.open("SAE-B1", application_source_ID="SAE-A2"), "unauthorized",
            "application_source_ID")
    away = scene.app("SAE-B1", node="c")
    refused(away.open("SAE-A1"), "unauthorized", "KME-B")
    hears(apps[1], accept)
    session = s.session("SAE-B1")
    a = refused(scene.app("SAE-A2").draw(session), "unauthorized")
    equal((a["session_ID"], a["keys"]), (session, []), "another's session")
    a = apps[1].draw(session).result(WAIT)      # at the other KM
    check(token(a) in ("unauthorized", "not_found"), "%s" % a)
    a = refused(s.draw(UNKNOWN.upper()), "not_found")
    equal(a["session_ID"], UNKNOWN, "of that session")
    second = s.connect()                # any connection of the source will do
    s.lines[0].die()
    s.keys(session, 2, line=second)
    scene.close()
    say("who may, and who may not")


def extensions(scene):
    s, d = scene.app("SAE-A1"), scene.app("SAE-B1")
    a = refused(s.open("SAE-B1", extension=DIRECT), "bad_request")
    equal(a["response"], "bad_request: " + UNSUPPORTED, "0x2104")
    session = s.session("SAE-B1", extension=[{"x": 1}, {
        "extension_optional": [{"qkdnode_route_type": "direct"}]}])
    a = refused(s.draw(session, extension=[{"extension_mandatory": [
        {"abc": 1}]}]), "bad_request")
    equal(a["response"], "bad_request: " + UNSUPPORTED, "0x2108")
    for number, size in ((128, 65536), (1000, 512), (2 ** 62, 256)):
        refused(s.draw(session, number, size), "too_large")
    for more in ({"number_of_keys": 129}, {"size_of_key": 257}):
        refused(s.draw(session, **more), "bad_request")
    equal(d.of(ak.SUPPLY), [], "keys of requests that were refused")
    for x in good(s.draw(session, 2, extension=DIRECT))["keys"]:
        equal(x["key_extension"]["qkdnode_route_type"], "direct", "told")
    far = s.session(scene.app("SAE-C1").sae)
    refused(s.draw(far, extension=DIRECT), "bad_request", "could be met")
    scene.close()
    say("extensions and sizes")


def several(scene):
    """Several connections of the destination: one of those that live is
    asked, and another when it dies before it has answered."""
    s, orphans = scene.app("SAE-A1"), []
    for destination in FAR:
        d = scene.app(destination, silent, lines=3)
        opening = s.open(destination)
        n = replaced(d, d.await_notice(ak.SESSION_NOTIFY), 2)
        reply(n)
        good(opening)
        drawing = s.draw(n.session, 2)
        k = replaced(d, d.await_notice(ak.SUPPLY), 2)
        reply(k)
        good(drawing)
        drawing = s.draw(n.session, 2)  # the last one dies: one more comes
        k = d.await_notice(ak.SUPPLY, number=3)
        k.line.die()
        check(not any(x.alive for x in d.lines), "a line lives still")
        d.connect()
        reply(d.await_notice(ak.SUPPLY, number=4))
        good(drawing)
        orphans.append(s.draw(n.session, 2))    # and none comes
        d.await_notice(ak.SUPPLY, number=5).line.die()
    for f in orphans:
        refused(f, "unavailable")
    scene.close()
    say("a notification finds a connection that lives")


def replaced(d, n, number):
    """Its line dies; what another one was brought instead."""
    n.line.die()
    again = d.await_notice(n.code, number=number)
    check(again.line is not n.line, "brought to a line that is dead")
    equal((again.session, again.keys), (n.session, n.keys), "the second time")
    return again


def in_flight(scene):
    """Many exchanges at once, in several sessions, confirmed in disorder."""
    s, n = scene.app("SAE-A1"), 48
    apps = [scene.app(d, lines=2) for d in FAR]
    sessions = [s.session(d) for d in FAR for _ in range(2)]
    for d in apps:
        hears(d, silent)
    line = s.lines[0]
    asked = [s.draw(sessions[i % 6], 1 + i % 3, 64, line=line)
             for i in range(n)]
    wait_for("all keys to be brought", lambda: sum(
        len(d.of(ak.SUPPLY)) for d in apps) == n, pause=0.02)
    check(not any(f.done() for f in asked), "some were answered")
    notices = [k for d in apps for k in d.of(ak.SUPPLY)]
    random.shuffle(notices)
    left = set(asked)
    for k in notices[:8]:
        reply(k)
        wait_for("its answer", lambda: any(f.done() for f in left), pause=0)
        done = [f for f in left if f.done()]
        equal(len(done), 1, "answers to one confirmation")
        equal({x["key_ID"] for x in good(done[0])["keys"]}, set(k.key_ids),
              "its keys")
        left.remove(done[0])
    for k in notices[8:]:
        reply(k)
    for f in asked:
        good(f)
    for d in apps:
        hears(d, accept)
    lines = [line, s.connect(), s.connect()]
    asked = [s.draw(sessions[i % 6], 2, 64, line=lines[i % 3])
             for i in range(3 * n)]
    for f in asked:
        good(f)
    scene.close()
    say("%d exchanges, confirmed in disorder, then %d" % (n, 3 * n))


def both_ways(scene):
    """Source and destination on one connection."""
    a, c = scene.app("SAE-A1"), scene.app("SAE-C1")
    there, back = a.session("SAE-C1"), c.session("SAE-A1")
    for f in [x.draw(y, 2) for _ in range(5) for x, y in ((a, there),
                                                          (c, back))]:
        good(f)
    mixed = [a.draw(there), a.line.begin(ak.KEY_REQUEST, {
        "application_destination_ID": "SAE-C1"})]
    good(mixed[0])
    scene.net.oracle.drawn("SAE-A1", "SAE-C1", good(mixed[1]), 1, 256)
    scene.net.settle()
    scene.close()
    say("both roles, and both modes, on one connection")


def limits(scene):
    """Quotas and limits of sessions."""
    s = scene.app("SAE-A2")
    session = s.session(scene.app("SAE-B2").sae)
    s.keys(session, 2)
    refused(s.draw(session, 3), "insufficient_keys")
    made = set()
    while len(made) <= MOST:
        a = s.open("SAE-B2").result(WAIT)
        if token(a) != "success":
            break
        made.add(a["session_ID"])
    check(0 < len(made) < MOST, "%d sessions" % len(made))
    refused(a, "unavailable")
    scene.close()
    say("quotas; %d sessions, and no more" % (len(made) + 1))


def back(app):
    app.connect()
    ready(app)


def expired(scene):
    """A session ends with either of its applications."""
    s = scene.app("SAE-A1")
    apps = [scene.app(d) for d in FAR]

    def sessions():
        made = [s.session(d) for d in FAR]
        for session in made:
            s.keys(session)
        return made

    def away():
        """Both KMs know that the grace is over."""
        wanted = {x.replace("-", "") for x in made}
        wait_for("the end of all sessions", lambda: not any(
            row[0] in wanted for n in "abc" for row in Store(
                scene.net, n).ask("SELECT lower(hex(id)) FROM session "
                                  "WHERE state < 2")), GRACE + 15, 0.3)

    def over():
        for session in made:
            a = refused(s.draw(session), "expired")
            equal(a["session_ID"], session, "of that session")
    made = sessions()
    for d in apps:
        d.close()
        back(d)
    for session in made:                # within the grace
        s.keys(session)
    for d in apps:
        d.close()
    away()
    for d in apps:
        back(d)
    over()
    made = sessions()
    s.close()
    away()
    back(s)
    over()
    sessions()
    scene.close()
    say("a grace for connections")


def main():
    net = Net("abc", ["a-b", "b-c"], settings=[
        "ksa.session_answer_wait=4000", "ksa.session_grace=%d" % GRACE,
        "ksa.session_idle=%d" % IDLE,
        "ksa.max_sessions_per_application=%d" % MOST])
    rewrite(net, "a", more='quotas = ({ master = "SAE-A2"; slave = "SAE-B2"; '
            'rate = 32; burst = 64; });\n')
    reload(net, "a")
    book = Book(net)
    for step in (order, confirmations, by_id, limit, refusals, extensions,
                 several, in_flight, both_ways):
        step(Scene(net, book))
    asleep = Scene(net, book)
    sleeper = asleep.app("SAE-C2")
    session = sleeper.session(asleep.app("SAE-B2").sae)
    opened = time.monotonic()
    limits(Scene(net, book))
    expired(Scene(net, book))
    time.sleep(max(0, opened + IDLE + 2 - time.monotonic()))
    refused(sleeper.draw(session), "expired")
    asleep.close()
    say("idle")
    book.settled()


run(main)
