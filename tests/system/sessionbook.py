"""The independent checker of sessions. It hears of everything that the
applications were brought and told, and reads the stores of both KMs.

It knows only the promises of doc/profile.md: no octet of key twice; the source
gets a key only after the destination has confirmed it, the same octets, once,
and no more than the session's limit; and in the end every key is either
supplied at both KMs or void at both.
"""
import base64
import subprocess
import threading

import ak
from lib import check, wait_for
from oracle import UUID

GOOD, VOID, OFFERED = "supplied", "void", "offered"
STATES = {0: GOOD, 1: GOOD, 2: VOID, 3: GOOD, 4: OFFERED}


class Session:
    def __init__(self, source, destination, limit):
        self.ends, self.limit, self.supplied = (source, destination), limit, 0


class Key:
    def __init__(self, octets, session):
        self.octets, self.session = octets, session
        self.confirmed = self.supplied = False


class Book:
    def __init__(self, net):
        self.net, self.oracle = net, net.oracle
        self.sessions, self.keys = {}, {}
        self.requests = {}      # (nodes, request) -> IDs of its keys
        self.lock = threading.RLock()

    def fault(self, text):
        self.oracle.fault(text)

    # What applications tell; `sae` is who was told.

    def noticed(self, sae, n):
        with self.lock:
            if n.code == ak.SESSION_NOTIFY:
                self._invited(sae, n)
            else:
                self._brought(sae, n)

    def _invited(self, sae, n):
        p = n.payload
        ends = p["application_source_ID"], p["application_destination_ID"]
        s = self.sessions.setdefault(n.session, Session(
            *ends, p.get("number_of_keys")))
        if s.ends != ends or sae != ends[1]:
            self.fault("session %s of %s and %s was brought to %s: %s" % (
                n.session, *s.ends, sae, p))

    def _brought(self, sae, n):
        s = self.sessions.get(n.session)
        if s is None or s.ends[1] != sae:
            self.fault("%s was brought keys of session %s, which is not its "
                       "own" % (sae, n.session))
            return
        if len(set(n.key_ids)) != len(n.keys):
            self.fault("a key_ID twice in 0x120A: %s" % n.key_ids)
        for key_id, octets in n.keys:
            self._key(s, n.session, key_id, octets)

    def _key(self, s, session, key_id, octets):
        k = self.keys.get(key_id)
        if k is None:
            if not UUID.match(key_id):
                self.fault("not a key_ID: %r" % key_id)
            self.keys[key_id] = Key(octets, session)
            # The other checker keeps the octets; it need not fetch them.
            self.oracle.drawn(*s.ends, {"keys": [{
                "key_ID": key_id, "key": base64.b64encode(octets).decode()}]},
                1, None)[0].fetched = True
            self.requests.setdefault(self._place(key_id), []).append(key_id)
        elif (k.octets, k.session) != (octets, session):
            self.fault("key %s was brought twice and differs" % key_id)
        elif k.supplied:
            self.fault("key %s was brought again after it was supplied"
                       % key_id)

    def confirmed(self, sae, payload):
        """Just before 0x210B leaves; it may well name nonsense."""
        ids = [payload["key_ID"]]
        for e in payload.get("extension", []):
            ids += [i["key_ID"] if isinstance(i, dict) else i
                    for i in e.get("key_IDs", [])]
        with self.lock:
            for i in ids:
                k = self.keys.get(i.lower())
                if k and self.sessions[k.session].ends[1] == sae and \
                        k.session == payload["session_ID"].lower():
                    k.confirmed = True

    def answered(self, sae, code, request, answer):
        if answer["response"] != "success":
            return
        with self.lock:
            if code == ak.SESSION_REQUEST:
                self._opened(sae, request, answer)
            elif code == ak.SESSION_KEY_REQUEST:
                self._supplied(sae, request, answer)

    def _opened(self, sae, request, answer):
        s = self.sessions.get(answer["session_ID"])
        if s is None:
            self.fault("session %s was never brought to %s" % (
                answer["session_ID"], request["application_destination_ID"]))
        elif s.ends != (sae, request["application_destination_ID"]) or \
                s.limit != request.get("number_of_keys"):
            self.fault("session %s differs: %s" % (answer["session_ID"],
                                                   request))

    def _supplied(self, sae, request, answer):
        s = self.sessions.get(answer["session_ID"])
        if s is None or s.ends[0] != sae or \
                answer["session_ID"] != request["session_ID"].lower():
            self.fault("%s got keys of another's session: %s" % (sae, request))
            return
        got = self.oracle.container(
            answer, request.get("number_of_keys", 1),
            request.get("size_of_key", 256))
        for key_id, octets in got:
            self._give(sae, s, key_id, octets)
        s.supplied += len(got)
        if s.limit and s.supplied > s.limit:
            self.fault("session %s: %d keys, its limit is %d" % (
                answer["session_ID"], s.supplied, s.limit))

    def _give(self, sae, s, key_id, octets):
        k = self.keys.get(key_id)
        if k is None:
            self.fault("%s got key %s, which %s was never brought" % (
                sae, key_id, s.ends[1]))
        elif k.octets != octets or self.sessions[k.session] is not s:
            self.fault("key %s differs between %s and %s" % (key_id, *s.ends))
        elif not k.confirmed:
            self.fault("%s got key %s before %s confirmed it" % (
                sae, key_id, s.ends[1]))
        elif k.supplied:
            self.fault("key %s was supplied twice" % key_id)
        else:
            k.supplied = True

    # What the stores say.

    def _place(self, key_id):
        """(source's node, destination's node, request): two KMs may give the
        same number to a request."""
        ends = self.sessions[self.keys[key_id].session].ends
        return (*(self.net.node_of(e) for e in ends), request_of(key_id))

    def fates(self, wanted=None):
        """{request: (fate at the source's KM, at the destination's)}."""
        with self.lock:
            wanted = wanted or list(self.requests)
        nodes = {n for w in wanted for n in w[:2]}
        issued, received = ({n: Store(self.net, n).rows(t) for n in nodes}
                            for t in ("issued", "received"))
        missing = "not there"
        return {w: ((received if w[0] == w[1] else issued)[w[0]].get(
            w, missing), received[w[1]].get(w, missing)) for w in wanted}

    def fate(self, key_id):
        """Of one key, once the two KMs agree."""
        p = self._place(key_id)
        return wait_for("the KMs to agree on key %s" % key_id,
                        lambda: agreed(self.fates([p])[p]), 20)

    def settled(self, seconds=30):
        """Waits until all KMs agree on all keys; then all must be well."""
        nodes = {self.net.node_of(e) for s in self.sessions.values()
                 for e in s.ends}

        def calm():
            last.clear()
            last.update({r: f for r, f in self.fates().items()
                         if not agreed(f)})
            for n in nodes:
                last.update(Store(self.net, n).loose())
            return not last
        last = {}
        try:
            wait_for("", calm, seconds, 0.3)
        except AssertionError:
            self.fault("after %d s the KMs do not agree: %s" % (
                seconds, dict(list(last.items())[:8])))
        for r, f in self.fates().items():
            self._judge(r, f[0])
        for n in nodes:
            self._unknown(n)
        self.oracle.verdict()

    def _judge(self, request, fate):
        keys = {i: self.keys[i] for i in self.requests[request]}
        for i, k in keys.items():
            if k.supplied and fate != GOOD:
                self.fault("key %s was supplied and is %s" % (i, fate))
            if not k.confirmed and fate != VOID:
                self.fault("key %s was never confirmed and is %s" % (i, fate))

    def _unknown(self, node):
        """Supplied keys of sessions that no application ever saw."""
        store = Store(self.net, node)
        for table in ("issued", "received"):
            for p, fate in store.rows(table).items():
                if fate != VOID and p not in self.requests:
                    self.fault("%s of %s: request %s is %s, but was brought "
                               "to nobody" % (table, node, p, fate))
        for session, drawn, good in store.counts():
            if drawn != good:
                self.fault("%s: session %s has drawn %d, but %d keys are "
                           "supplied" % (node, session, drawn, good))


def agreed(fates):
    """The fate, if both say the same and it is an end."""
    return fates[0] if fates[0] == fates[1] and fates[0] in (GOOD, VOID) \
        else None


def request_of(key_id):
    """The first 8 octets of a key_ID without the version of the UUID."""
    h = key_id.replace("-", "")
    return int(h[:12] + h[13:16], 16)


class Store:
    """A KM's, as an operator reads it."""

    def __init__(self, net, node):
        nodes = net.json["nodes"]
        self.path, self.node = nodes[node]["stores"]["ksa"], node
        self.names = {nodes[n]["kme_id"]: n for n in nodes}

    def ask(self, text):
        p = subprocess.run(["sqlite3", "-readonly", "-batch", "-cmd",
                            ".timeout 5000", self.path, text],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
        check(p.returncode == 0, "sqlite3 %s '%s': %s" % (self.path, text,
                                                          p.stdout))
        return [line.split("|") for line in p.stdout.splitlines()]

    def rows(self, table):
        """{place, as Book has them: fate}."""
        return {(self.node, self.names[km], int(r)) if table == "issued" else
                (self.names[km], self.node, int(r)): STATES[int(state)]
                for km, r, state in self.ask(
                    "SELECT km, request, state FROM %s AS t JOIN peer ON "
                    "peer.id = t.peer WHERE session IS NOT NULL" % table)}

    def loose(self):
        """What should be nowhere when all is over."""
        out = {}
        for table in ("issued", "received"):
            n = self.ask("SELECT count(*) FROM %s WHERE state = 4" % table)
            out[self.path, table, OFFERED] = int(n[0][0])
        out[self.path, "recall"] = int(self.ask(
            "SELECT count(*) FROM recall")[0][0])
        return {k: n for k, n in out.items() if n}

    def counts(self):
        """(session, keys drawn, keys supplied) of sessions asked for here."""
        return [(r[0], int(r[1]), int(r[2])) for r in self.ask(
            "SELECT lower(hex(id)), drawn, coalesce((SELECT sum(keys) FROM "
            "(SELECT keys, session, state FROM issued UNION ALL SELECT keys, "
            "session, state FROM received WHERE s.destination_here) AS k "
            "WHERE k.session = s.id AND k.state <> 2), 0) "
            "FROM session AS s WHERE source_here")]
