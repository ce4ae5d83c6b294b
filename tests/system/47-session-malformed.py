#!/usr/bin/python3
"""Sessions: every field of Tables 4 to 11 wrong in type, presence and range;
answers to nothing; MessageIDs; many at once."""
import asyncio

import ak
import akapp
from ak import connect, frame, token
from akapp import accept, application, first
from akfields import (BIG, CONFIRMED, DRAW, INVITED, NOT_JSON, OPENING,
                      UNKNOWN, variants, without)
from lib import Net, check, equal, run, say, wait_for
from sessionbook import Book
from sessionpair import D, S, Two, refused

UNSUPPORTED = "bad_request: not all extension_mandatory parameters are " \
    "supported"


# ---- requests ----

def openings(net):
    """0x2104: Table 4."""
    base = {"application_source_ID": S, "application_destination_ID": D}
    c = connect(net, S)
    n = 0
    for payload, word in (*variants(base, OPENING),
                          *((x, "") for x in NOT_JSON)):
        a = refused(c.ask(ak.SESSION_REQUEST, payload), "bad_request", word)
        equal(a["session_ID"], "", "of no session")
        n += 1
    c.send(frame(ak.SESSION_REQUEST, base, 77, version=3))
    message_id, code, a = c.receive()
    equal((message_id, code, token(a)), (77, ak.SESSION_RESPONSE,
                                         "bad_request"), "wrong Version")
    for x, what, why in (
            ({"application_source_ID": "SAE-A2"}, "unauthorized",
             "application_source_ID"),
            ({"application_destination_ID": "SAE-NOWHERE"}, "not_found",
             "SAE-NOWHERE"),
            ({"extension": [{"extension_mandatory": [{"x": 1}]}]},
             "bad_request", "supported"),
            ({"extension": [{"extension_mandatory": [
                {"qkdnode_route_type": "direct"}]}]}, "bad_request",
             "supported"),
            ({"x": [None], "application_name": "y" * 1024, "number_of_keys":
              2 ** 62, "extension": [{"extension_optional": [{"x": 1}],
                                      "y": 2}, {}]}, "unavailable", "")):
        a = refused(c.ask(ak.SESSION_REQUEST, dict(base, **x)), what, why)
        equal(a["session_ID"], "", "of no session")
    c.close()
    say("%d requests for sessions" % (n + 6))


def draws(net):
    """0x2108: Table 8, in a session that is good."""
    t = Two(net)
    session = t.s.session(D)
    base = {"session_ID": session}
    c = connect(net, S)
    n = 0
    for payload, word in (*variants(base, DRAW), *((x, "") for x in NOT_JSON)):
        a = refused(c.ask(ak.SESSION_KEY_REQUEST, payload), "bad_request",
                    word)
        good = isinstance(payload, dict) and BIG not in payload.values() \
            and payload.get("session_ID") == session
        equal(a["session_ID"], session if good else "", "%s" % payload)
        n += 1
    for number, size in ((128, 65536), (128, 4096), (1000, 64), (2 ** 62, 256),
                         (1, 2 ** 62)):
        refused(c.ask(ak.SESSION_KEY_REQUEST, dict(
            base, number_of_keys=number, size_of_key=size)), "too_large")
    a = c.ask(ak.SESSION_KEY_REQUEST, dict(base, extension=[{
        "extension_mandatory": [{"x": 1}]}]))
    equal(a["response"], UNSUPPORTED, "unsupported")
    a = refused(c.ask(ak.SESSION_KEY_REQUEST, {"session_ID": UNKNOWN.upper()}),
                "not_found")
    equal(a["session_ID"], UNKNOWN, "as it was asked for")
    equal(t.d.of(ak.SUPPLY), [], "keys that were brought")
    a = t.s.draw(session.upper(), 2, 512, extension=[{"x": 1}, {
        "extension_optional": [{"qkdnode_route_type": "direct"}]}],
        x=None).result(akapp.WAIT)
    equal(a["response"], "success", "what is good")
    equal(len(t.s.keys(session, 600, 64)), 600, "many keys")
    most = (65535 - len('{"session_ID":"","keys":[],"response":"success"}') -
            36 + 1) // (len('{"key_ID":"","key":""},') + 36 + 684)
    wait_for("so much key", lambda: token(t.s.draw(
        session, most, 4096).result(akapp.WAIT)) == "success")
    refused(t.s.draw(session, most + 1, 4096).result(akapp.WAIT), "too_large")
    c.close()
    t.over()
    say("%d requests for keys; %d of 4096 bits fit" % (n + 7, most))


# ---- responses ----

def bad_responses(net):
    """One that is malformed ends its connection; another one gets the
    notice, and all goes well."""
    t = Two(net)
    session = t.s.session(D)
    n = 0

    def sends(payload, version=1):
        async def handler(notice):
            bad.append(notice.line)
            notice.line.write(frame(ak.NOTIFIED[notice.code], payload(notice),
                                    notice.id, version))
        return handler

    def tried(code, payload, what, version=1):
        t.ready(2)
        bad.clear()
        t.d.on[code] = first(sends(payload, version), accept)
        if code == ak.SUPPLY:
            t.s.keys(session)
        else:
            opened.append(t.s.session(D, 1))
            t.s.keys(opened[-1])        # and it is over
        check(bad[0].ended.wait(10), "not closed after %s" % what)
        t.d.on[code] = accept
    bad, opened = [], []
    good = {ak.SESSION_NOTIFY: lambda x: {"session_ID": x.session,
                                          "response": "success"},
            ak.SUPPLY: lambda x: {"session_ID": x.session, "response":
                                  "success", "key_ID": x.key_ids[0]}}
    for code, table in ((ak.SESSION_NOTIFY, INVITED), (ak.SUPPLY, CONFIRMED)):
        for name, mandatory, values in table:
            if mandatory:
                tried(code, lambda x: without(good[code](x), name), name)
                n += 1
            for v in values:
                tried(code, lambda x: dict(good[code](x), **{name: v}),
                      "%s: %r" % (name, v))
                n += 1
        for x in NOT_JSON:
            tried(code, lambda _: x, "%r" % x)
        for version in (0, 2):
            tried(code, good[code], "Version %d" % version, version)
        n += len(NOT_JSON) + 2
    t.over()
    say("%d malformed responses" % n)


def directions(net):
    """What only a KM sends ends the connection, not the session."""
    t = Two(net)
    session = t.s.session(D)
    for code in ak.MEMBERS:
        for app in (t.s, t.d):
            line = app.line
            line.send(frame(code, {"session_ID": session, "keys": [],
                                   "response": "success"}, 3))
            check(line.ended.wait(10), "not closed after %x" % code)
        t.ready(1)
        t.s.keys(session)
    t.over()
    say("the wrong direction")


def strays(net):
    """Responses to nothing, of another's, twice; codes that nobody knows."""
    t = Two(net)
    session, other = t.s.session(D), t.s.session(D)
    thief = application(net, "SAE-B2", book=t.book)

    def unexpected():
        return net.ctl("b", "ksa")["ak"]["responses_unexpected"]

    def before_it(*frames, app=None, counted=None):
        """These come while keys are outstanding, from another connection of
        `app` if there is one, then the right answer."""
        async def handler(n):
            line = [x for x in app.lines if x is not n.line][0] if app \
                else n.line
            for f in frames:
                line.write(f(n))
            await asyncio.sleep(0.2)
            said.append(unexpected() - had)
            n.reply()
            n.reply()               # twice
        said, had = [], unexpected()
        t.d.on[ak.SUPPLY] = handler
        ids = t.s.keys(session, 2)
        equal(t.book.fate(ids[0]), "supplied", "fate")
        equal(said, [counted], "responses counted")
        wait_for("the second one to be counted", lambda: unexpected() - had ==
                 counted + 1, 5)
        t.d.on[ak.SUPPLY] = accept
    def response(session=None, key=None, message_id=0, code=ak.SUPPLIED):
        return lambda n: frame(code, {
            "session_ID": session or n.session, "response": "success",
            **({"key_ID": key or n.key_ids[0], "extension": [{
                "key_IDs": n.key_ids if key is None else [key]}]}
               if code == ak.SUPPLIED else {})}, n.id + message_id)
    before_it(counted=0)
    before_it(response(message_id=1), response(message_id=1 << 20), counted=2)
    before_it(response(code=ak.SESSION_NOTIFIED), counted=1)
    # The MessageID is another connection's, perhaps another application's.
    before_it(response(), app=thief, counted=1)
    t.ready(2)
    before_it(response(), app=t.d, counted=1)
    before_it(*(lambda n, c=c: frame(c, b"\xff", n.id) for c in
                (0x2103, 0x210c, 0, 0xffff, 0x11c4)), counted=0)
    thief.close()
    t.s.keys(other)
    t.over()
    say("responses to nothing")


def mismatched(net):
    """The right MessageID, but another session or key: nobody gets keys that
    were not confirmed."""
    t = Two(net)
    session, other = t.s.session(D), t.s.session(D)
    for members in ({"session_ID": other}, {"key_ID": UNKNOWN},
                    {"session_ID": UNKNOWN}):
        async def handler(n):
            n.reply(**members)
        t.d.on[ak.SUPPLY] = handler
        a = t.s.draw(session).result(akapp.WAIT)
        check(token(a) != "success", "%s: %s" % (members, a))
        n = t.d.of(ak.SUPPLY, session)[-1]
        equal(t.book.fate(n.key_ids[0]), "void", "%s: %s" % (members, a))
        t.d.on[ak.SUPPLY] = accept
        t.ready(1)
        t.s.keys(session)
    t.over()
    say("another session, another key")


# ---- many at once ----

def message_ids(net):
    """MessageIDs are echoed, whatever they are; those of the KM are its
    own."""
    t = Two(net)
    session = t.s.session(D)
    c = connect(net, S)
    ask = {"session_ID": session}
    for message_id in (0, 0xffffffff, 7, 7):
        c.send(frame(ak.SESSION_KEY_REQUEST, ask, message_id))
    equal(sorted(c.receive()[0] for _ in range(4)), [0, 7, 7, 0xffffffff],
          "MessageIDs")
    c.close()

    async def asks_itself(n):
        """A request with the KM's own MessageID before the answer."""
        asked.append(await n.line.answer(ak.KEY_REQUEST, {
            "application_destination_ID": S}, n.id))
        n.reply()
    asked = []
    t.d.on[ak.SUPPLY] = asks_itself
    t.s.keys(session)
    equal(token(asked[0]), "success", "0x2101 of the same MessageID")
    net.fetch(net.oracle.drawn(D, S, asked[0], 1, 256))
    t.d.on[ak.SUPPLY] = accept
    t.over()
    say("MessageIDs")


def crossing(net):
    """Several sessions at once, in both directions, answered as they come."""
    t = Two(net, lines=3)
    forth = [t.s.session(D) for _ in range(3)]
    back = [t.d.session(S, 40) for _ in range(2)]
    for a in (t.s, t.d):
        a.on[ak.SUPPLY] = jitter()
    futures = [a.draw(x, 1 + i % 3, (64, 256, 1024)[i % 3])
               for i in range(12) for a, x in
               [(t.s, x) for x in forth] + [(t.d, x) for x in back]]
    for f in futures:
        equal(token(f.result(akapp.WAIT)), "success", "0x2108")
    lines = {n.line for n in t.d.of(ak.SUPPLY)}
    check(lines <= set(t.d.lines), "a line that is none")
    t.over()
    say("%d draws in %d sessions" % (len(futures), len(forth + back)))


def jitter():
    turns = iter(range(1 << 30))

    async def handler(n):
        await asyncio.sleep(next(turns) % 7 * 0.01)
        n.reply()
    return handler


def main():
    net = Net("ab", ["a-b"], rate=8000000, settings=[
        "ksa.session_answer_wait=1500",
        "ksa.relay_wait=3000", "ksa.max_key_per_request=620",
        "ksa.max_key_size=16384"])
    net.book = Book(net)
    for step in (openings, draws, bad_responses, directions, strays,
                 mismatched, message_ids, crossing):
        step(net)
        net.oracle.verdict()


run(main)
