#!/usr/bin/python3
"""Applications here draw keys for one of a key manager that knows only the
four messages of Q.4163: it gets them under the request's key_IDs, and they are
supplied after it said success and in no other case, whoever is killed."""
import base64
import os
import random
import sqlite3
import sys
import threading
import time
import uuid

sys.dont_write_bytecode = True
import ak  # noqa: E402
from kx import KM, DONE, Closed, frame  # noqa: E402
from lib import GONE, Net, check, equal, run, say, wait_for  # noqa: E402


def pairs(body):
    return [(k["key_ID"], k["key"]) for k in body["keys"]]


class Peer:
    """KME-X as it behaves: dials, keeps what it confirmed."""

    def __init__(self, net):
        j = net.json
        f = j["foreign"]["x"]
        self.address = j["nodes"]["a"]["kx"]
        self.km = KM(f["kme_id"], "KME-A", f["cert"], f["key"], j["ca"])
        self.taken = {}         # key_ID: key, after success was said
        self.seen = set()
        self.reuse = []         # key_IDs that came twice
        self.answer = "success"
        self.link = None

    def policy(self, body):
        ids = [k["key_ID"] for k in body["keys"]]
        self.reuse += [i for i in ids if i in self.seen]
        self.seen.update(ids)
        answer = self.answer(body) if callable(self.answer) else self.answer
        if answer == "success" or isinstance(answer, dict):
            for k in body["keys"]:
                self.taken[k["key_ID"]] = k["key"]
        return answer

    def dial(self):
        self.link = self.km.dial(self.address, self.policy)
        return self.link

    def redial(self):
        """As a KM does: until it is connected."""
        def up():
            try:
                if self.link is None or self.link.closed:
                    self.dial()
                return True
            except OSError:
                return False
        wait_for("a connection", up)


def drawn(peer, body, number, octets, what):
    keys = pairs(body)
    equal(len(keys), number, what)
    for i, k in keys:
        equal(len(base64.b64decode(k)), octets, what)
        equal(peer.taken.get(i), k, "%s: what the peer has under %s" % (
            what, i))


def both_doors(net, peer):
    a1 = net.client("SAE-A1")
    status, body = a1.enc("SAE-X1", 3, 128)
    equal(status, 200, "enc_keys: %s" % body)
    drawn(peer, body, 3, 16, "by HTTPS")
    relay = peer.link.relays[0]
    equal((relay["source_KMA_ID"], relay["destination_KMA_ID"]),
          ("KME-A", "KME-X"), "ends")
    check("transit_KMA_IDs" not in relay, "transit: %s" % relay)
    equal(relay["extension"], [{"application_source_ID": "SAE-A1",
                                "application_destination_ID": "SAE-X1"}],
          "the applications")
    app = ak.connect(net, "SAE-A2")
    body = app.enc("SAE-X1", 2)
    equal(body["response"], "success", "0x2101")
    drawn(peer, body, 2, 32, "by Q.4161")
    answer = app.ask(0x2104, {"application_source_ID": "SAE-A2",
                              "application_destination_ID": "SAE-X1"})
    equal(ak.token(answer), "unavailable", "a session: %s" % answer)
    check("no sessions" in answer["response"], answer)
    app.close()
    ids = [i for i, _ in pairs(body)]
    for sae in ("SAE-A1", "SAE-A2"):
        equal(net.client(sae).dec("SAE-A2", ids[:1])[0], 401,
              "%s fetches what is for SAE-X1" % sae)
    status, body = a1.status("SAE-X1")
    check(status == 200 and body["stored_key_count"] > 0 and
          body["target_KME_ID"] == "KME-X", "status: %s" % body)


def split(net, peer):
    """More than one frame has; one refused part makes all void."""
    a1 = net.client("SAE-A1")
    before = len(peer.link.relays)
    status, body = a1.enc("SAE-X1", 20, 65536)
    equal(status, 200, "20 large keys: %s" % str(body)[:200])
    drawn(peer, body, 20, 8192, "in parts")
    parts = peer.link.relays[before:]
    check(len(parts) > 1, "one message has 20 keys of 8192 octets")
    requests = [p["key_relay_request_ID"] for p in parts]
    equal(len(set(requests)), len(parts), "request IDs")
    left = [2]

    def third_refused(_):
        left[0] -= 1
        return "success" if left[0] >= 0 else "rejected: enough"
    peer.answer = third_refused
    status, body = a1.enc("SAE-X1", 20, 65536)
    equal(status, 503, "one part was refused: %s" % str(body)[:200])
    peer.answer = "success"


def refusals(net, peer):
    a1 = net.client("SAE-A1")
    peer.answer = "rejected: no room"
    status, body = a1.enc("SAE-X1")
    equal(status, 503, "refused")
    check("rejected: no room" in body["message"] and "KME-X" in
          body["message"], body)
    for words in ({"response": "Success"}, {"response": "OK"},
                  {"response": ""}):
        def other(body, words=words):
            return {**words, "key_relay_request_ID":
                    body["key_relay_request_ID"]}
        peer.answer = other
        equal(a1.enc("SAE-X1")[0], 503, "the peer said %s" % words)
    # Another house: MessageID of its own, the request's ID, or only one.
    peer.answer = None
    for answer in (lambda mid, b: (77, {"response": "success",
                                        "key_relay_request_ID":
                                        b["key_relay_request_ID"].upper()}),
                   lambda mid, b: (mid, {"response": "success"})):
        n = len(peer.link.relays)
        got = []
        t = threading.Thread(target=lambda: got.append(a1.enc("SAE-X1")))
        t.start()
        check(peer.link.wait_relay(n + 1), "no relay came")
        mid, _, body = peer.link.frames[-1]
        mid, payload = answer(mid, body)
        peer.link.write(frame(mid, DONE, payload))
        t.join()
        status, answered = got[0]
        equal(status, 200, "%s: %s" % (payload, answered))
        equal(pairs(answered), [(k["key_ID"], k["key"])
                                for k in body["keys"]], "the keys")
    begin = time.monotonic()
    n = len(peer.link.relays)
    status, body = a1.enc("SAE-X1")
    equal(status, 503, "silence")
    check("timeout" in body["message"], body)
    say("silence cost %.1f s" % (time.monotonic() - begin))
    mid, _, body = peer.link.frames[-1]
    equal(len(peer.link.relays), n + 1, "sent once")
    peer.link.respond(mid, body, "success")     # too late: void
    equal(a1.dec("SAE-A1", [body["keys"][0]["key_ID"]])[0], 401,
          "supplied late")
    peer.answer = "success"
    equal(a1.enc("SAE-X1")[0], 200, "after all this")
    status, body = a1.call("SAE-X1", "enc_keys", {
        "number": 1, "additional_slave_SAE_IDs": ["SAE-B1"]})
    equal(status, 400, "additional slave: %s" % body)
    status, body = a1.call("SAE-B1", "enc_keys", {
        "number": 1, "additional_slave_SAE_IDs": ["SAE-X1"]})
    equal(status, 400, "as additional slave: %s" % body)
    status, body = a1.call("SAE-X1", "enc_keys", {
        "number": 1, "extension_mandatory": [
            {"qkdnode_route_type": "direct"}]})
    equal(status, 400, "no QKD link: %s" % body)


def lost_connection(net, peer):
    """While it is not connected, and when it goes in the middle."""
    a1 = net.client("SAE-A1")
    cut = threading.Event()

    def close(_):
        cut.set()
        peer.link.close()
    peer.answer = close
    begin = time.monotonic()
    status, body = a1.enc("SAE-X1")
    equal(status, 503, "cut: %s" % body)
    check(cut.is_set(), "nothing was sent")
    check(time.monotonic() - begin < 4, "a lost connection is waited for")
    status, body = a1.enc("SAE-X1")
    equal(status, 503, "not connected")
    check("not connected" in body["message"], body)
    equal(a1.status("SAE-X1")[1]["stored_key_count"], 0, "while away")
    peer.answer = "success"
    peer.dial()
    wait_for("keys again", lambda: a1.enc("SAE-X1")[0] == 200)


def killed(net, peer):
    """Under load: no key without success, no key_ID sent twice."""
    got, ended = {}, threading.Event()
    faults = []

    def draw(sae):
        c = net.client(sae)
        while not ended.is_set():
            try:
                status, body = c.enc("SAE-X1", 2)
            except GONE:
                time.sleep(0.05)
                continue
            if status != 200:
                if status != 503:
                    faults.append((status, body))
                time.sleep(0.05)
                continue
            for i, k in pairs(body):
                if i in got:
                    faults.append("twice: " + i)
                got[i] = k

    def hold():
        while not ended.is_set():
            try:
                peer.redial()
            except AssertionError:
                pass
            time.sleep(0.1)
    slow = random.Random(7)

    def answer(_):
        time.sleep(slow.random() * 0.02)
        return "success"
    peer.answer = answer
    threads = [threading.Thread(target=draw, args=(s,), daemon=True)
               for s in ("SAE-A1", "SAE-A2", "SAE-A1")]
    threads.append(threading.Thread(target=hold, daemon=True))
    for t in threads:
        t.start()
    for daemon in ("kma", "ksa", "relayd", "ksa", "kma"):
        before = len(got)
        wait_for("supply", lambda: len(got) > before + 20)
        net.do("kill", "a", daemon)
        time.sleep(0.2)
        net.do("start", "a", daemon)
    before = len(got)
    wait_for("supply in the end", lambda: len(got) > before + 20)
    ended.set()
    for t in threads:
        t.join(20)
    check(not faults, faults[:3])
    for i, k in got.items():
        equal(peer.taken.get(i), k, "what the peer confirmed as " + i)
    equal(len(set(got.values())), len(got), "different keys")
    equal(peer.reuse, [], "key_IDs sent twice")
    say("%d keys, %d confirmed" % (len(got), len(peer.taken)))


def on_disk(net, peer):
    """An operator sees each key; no octet of them is there."""
    store = net.json["nodes"]["a"]["stores"]["ksa"]
    with sqlite3.connect("file:%s?mode=ro" % store, uri=True) as db:
        states = dict(db.execute("SELECT state, count(*) FROM plain "
                                 "WHERE direction = 'out' GROUP BY 1"))
        kept = db.execute("SELECT count(*) FROM plain_key WHERE mine = 1 "
                          "AND sealed IS NOT NULL").fetchone()[0]
    equal(set(states), {"supplied", "void"}, "states")
    equal(kept, 0, "octets that are kept of keys drawn")
    wanted = [base64.b64decode(k) for k in peer.taken.values()]
    wanted = [k for k in wanted if len(k) >= 16]
    for path in net.logs() + [store, store + "-wal"]:
        if not os.path.exists(path):
            continue
        with open(path, "rb") as f:
            data = f.read()
        for k in wanted[:200]:
            check(k not in data and base64.b64encode(k) not in data,
                  "a key stands in " + path)


def main():
    net = Net(["a", "b"], ["a-b"], settings=["relay_wait=2000"],
              more=["--foreign", "x@a"])
    status, body = net.client("SAE-A1").enc("SAE-X1")
    equal(status, 503, "before it was ever there: %s" % body)
    peer = Peer(net)
    peer.dial()
    both_doors(net, peer)
    split(net, peer)
    say("split")
    refusals(net, peer)
    lost_connection(net, peer)
    equal(peer.link.unknown, [], "messages that Q.4163 has not")
    killed(net, peer)
    on_disk(net, peer)


run(main)
