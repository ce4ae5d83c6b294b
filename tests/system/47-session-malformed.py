#!/usr/bin/python3
"""Sessions: every field of Tables 4 to 11 wrong in type, presence and range;
answers to nothing; many at once; limits; revocation."""
import asyncio

import ak
import akapp
from ak import connect, frame, token
from akapp import accept, application, first
from certs import Authority, reload, rewrite
from lib import Net, check, equal, run, say, wait_for
from sessionbook import Book, Store

S, D = "SAE-A1", "SAE-B1"
UNKNOWN = "01234567-89ab-7def-8123-456789abcdef"
UNSUPPORTED = "bad_request: not all extension_mandatory parameters are " \
    "supported"
BIG = 2 ** 64
COUNTS = (0, -1, 1.5, 1.0, "1", True, None, [1], BIG)
TEXTS = (None, 1, True, [], {})
EXTENSIONS = ({}, None, "x", 1, [1], [[]], [None],
              [{"extension_mandatory": {}}], [{"extension_mandatory": [1]}],
              [{"extension_optional": "x"}])
NOT_JSON = (b"", b"[]", b"{", b"null", b"{}{}", b'{"x": "\xff"}',
            b'{"x":' * 17 + b"1" + b"}" * 17, b'{"x": 1, "x": 1}',
            b'{"x": "\\u0000"}')
LIMIT = 24      # sessions of an application


def without(base, name):
    return {k: v for k, v in base.items() if k != name}


def variants(base, table):
    """(payload, a word of the refusal): each member wrong in each way."""
    for name, mandatory, values in table:
        if mandatory:
            yield without(base, name), name + " is missing"
        for v in values:
            yield dict(base, **{name: v}), name if v != BIG else ""


IDS = (*TEXTS, "", "x" * 292, "a\x01b", "\x7f")
UUIDS = (*TEXTS, "", "x", UNKNOWN + "0", UNKNOWN.replace("-", ""),
         "g" + UNKNOWN[1:])
OPENING = (("application_source_ID", True, IDS),
           ("application_destination_ID", True, IDS),
           ("application_name", False, (*TEXTS, "x" * 1025)),
           ("number_of_keys", False, COUNTS),
           ("extension", False, EXTENSIONS))
DRAW = (("session_ID", True, UUIDS),
        ("number_of_keys", False, (*COUNTS, 129)),
        ("size_of_key", False, (*COUNTS, 7, 257, 8, 56)),
        ("extension", False, EXTENSIONS))
RESPONSES = (*TEXTS, "", "well done", "success ", "success:", ": x")
INVITED = (("session_ID", True, UUIDS), ("response", True, RESPONSES),
           ("extension", False, ({}, None, "x", [1])))
CONFIRMED = (*INVITED, ("key_ID", True, UUIDS), ("extension", False, (
    [{"key_IDs": {}}], [{"key_IDs": "x"}], [{"key_IDs": ["x"]}],
    [{"key_IDs": [1]}], [{"key_IDs": [{}]}], [{"key_IDs": [{"key_ID": 1}]}])))


class Two:
    """A source and a destination."""

    def __init__(self, net, lines=1):
        self.net, self.book = net, net.book
        self.s = application(net, S, book=self.book)
        self.d = application(net, D, book=self.book, lines=lines)

    def ready(self, lines):
        """The destination has so many lines."""
        self.d.lines = [x for x in self.d.lines if x.alive]
        while len(self.d.lines) < lines:
            self.d.connect()

    def over(self):
        for a in (self.s, self.d):
            check(not a.faults, "%s: %s" % (a.sae, a.faults))
            a.close()
        self.book.settled()


def refused(answer, what, why=""):
    equal(token(answer), what, "%s" % answer)
    check(why in answer["response"], "%s: not %r" % (answer, why))
    return answer


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
    for number, size in ((128, 65536), (128, 4096), (2 ** 62, 256),
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


# ---- limits ----

def limits(net):
    """Sessions of an application, and one quota over both doors."""
    for node in "ab":           # those of the steps before end
        wait_for("no sessions", lambda: not Store(net, node).ask(
            "SELECT 1 FROM sessions WHERE state <> 'ended'"), 20)
    t = Two(net)
    sessions = [t.s.session(D) for _ in range(LIMIT)]
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
    t.s.keys(sessions[1], 16)
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
        reload(net, node)
    had = len(t.d.of(ak.SUPPLY))
    refused(t.s.draw(session).result(akapp.WAIT), "unavailable")
    equal(len(t.d.of(ak.SUPPLY)), had, "keys brought to a revoked one")
    good = application(net, D, book=t.book)
    t.s.keys(session)
    ca.revoke(ca.path("lost-%s.crt" % S))
    ca.list()
    reload(net, "a")
    line = t.s.line
    refused(t.s.draw(session, line=line).result(akapp.WAIT), "unauthorized",
            "revoked")
    check(line.ended.wait(10), "not closed")
    again = application(net, S, book=t.book)
    again.keys(session)
    for x in (good, again):
        x.close()
    t.over()
    say("revoked")


def main():
    net = Net("ab", ["a-b"], rate=8000000, settings=[
        "ksa.session_answer_wait=1500", "ksa.session_grace=2",
        "ksa.relay_wait=3000", "ksa.write_timeout=2000",
        "ksa.max_sessions_per_application=%d" % LIMIT])
    net.book = Book(net)
    for step in (openings, draws, bad_responses, directions, strays,
                 mismatched, message_ids, crossing, revoked, limits):
        step(net)
        net.oracle.verdict()


run(main)
