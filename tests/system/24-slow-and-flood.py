#!/usr/bin/python3
"""Clients that are slow, silent, half gone or far too many: each is ended on
a clock or made to give way, while an application is served. Keys that may
not have reached a client are named; no others are."""
import os
import re
import resource
import socket
import subprocess
import threading
import time

from lib import BUILD, GONE, ROOT, Net, check, equal, run, say, wait_for
from tlsraw import raw
from wire import request

M, S, OTHER = "SAE-A1", "SAE-B1", "SAE-A2"
ENC = "/api/v1/keys/%s/enc_keys" % S
SETTINGS = ["ksa.%s" % s for s in (
    "relay_wait=500", "query_wait=500", "handshake_timeout=1000",
    "header_timeout=1000", "body_timeout=1000", "idle_timeout=4000",
    "write_timeout=1000", "max_connections=90",
    "max_connections_per_application=60", "max_handshakes=120",
    "max_handshakes_per_address=100")]


def enc(number=1):
    return request("POST", ENC, {"number": number, "size": 256})


def log_of(net, node="a"):
    with open(next(p for p in net.logs() if "/%s/" % node in p and
                   os.path.basename(p).startswith("ksa"))) as f:
        return f.read()


def lost(net):
    """What the log says is delivered-unknown: [(method, number, key_ID)]."""
    return [(m[1], int(m[2]), m[3]) for m in re.finditer(
        r'delivered-unknown sae="%s" method=(\S+) number=(\d+) '
        r'first_key_id=(\S+) peer=127\.0\.0\.1:\d+ reason="' % M,
        log_of(net))]


def drawn(net):
    return net.ctl("a", "ksa")["count"]["enc_keys"]


def closed(c):
    """The other side ends it; nothing is sent meanwhile."""
    try:
        while c.sock.recv(65536):
            pass
    except ConnectionError:
        pass


def drip(c, octets):
    """An octet now and then, until the connection ends."""
    try:
        for octet in octets:
            c.sock.sendall(bytes([octet]))
            c.sock.settimeout(0.1)
            try:
                if not c.sock.recv(65536):
                    return
            except TimeoutError:
                pass
    except ConnectionError:
        return
    raise AssertionError("the connection outlived %d octets" % len(octets))


def slow(net):
    """Each deadline is absolute: octets that trickle in do not move it."""
    silent = raw(net, M, shake=False)
    mute, idle = raw(net, M), raw(net, M)
    mute.send(b"\r\n")          # still no request
    hello = raw(net, M, shake=False)
    head, body, gone = raw(net, M), raw(net, M), raw(net, M)
    gone.vanish()
    body.push(body.sealed(request(
        "POST", ENC, headers=["Content-Length: 400"])))
    jobs = [(drip, hello, (hello.hello() * 2)[:60]),
            (drip, head, head.sealed(*[b"G"] * 30)),
            (drip, body, body.sealed(*[b" "] * 30)),
            (closed, silent), (closed, idle), (closed, mute)]
    faults = []

    def guard(fn, *args):
        try:
            fn(*args)
        except Exception as e:
            faults.append(repr(e))
    threads = [threading.Thread(target=guard, args=j) for j in jobs]
    for t in threads:
        t.start()
    for t in threads:
        t.join(20)
        check(not t.is_alive(), "a slow connection is still open")
    check(not faults, "slow: %s" % faults)
    wait_for("the end of who vanished", lambda: net.ctl("a", "ksa")[
        "connections"] == 0)
    check(log_of(net).count("handshake takes too long") == 2,
          "handshakes: %s" % log_of(net)[-2000:])
    equal(lost(net), [], "delivered-unknown")


def all_answers(c):
    """(keys, answers that are whole) of what still arrives."""
    keys = []
    try:
        while True:
            a = c.answer()
            if a.code == 200 and "keys" in a.json:
                keys += [k["key_ID"] for k in a.json["keys"]]
    except (OSError, EOFError):
        return keys


def does_not_read(net):
    """Large answers, and nobody takes them; the write deadline ends it. Every
    key that was drawn was received or is said to be lost, perhaps both."""
    before = drawn(net)
    c = raw(net, M, rcvbuf=4096)
    c.sock.settimeout(0.5)
    status = request("GET", "/api/v1/keys/%s/status" % S)
    try:
        for _ in range(400):
            c.send(status * 30 + enc())
    except TimeoutError:
        pass
    wait_for("the write deadline", lambda: lost(net))
    c.sock.settimeout(10)
    got, said = all_answers(c), lost(net)
    c.close()
    check(drawn(net) - before > 0, "no key was drawn")
    check(len(got) + sum(n for _, n, _ in said) >= drawn(net) - before,
          "%d drawn, %d received, lost: %s" % (drawn(net) - before, len(got),
                                               said))
    equal({m for m, _, _ in said}, {"enc_keys"}, "methods")
    check('reason="peer does not read"' in log_of(net), "the reason")


def leaves(net):
    """Resets while keys are drawn for it: they are drawn and named, or not
    drawn. A cable that is cut: nothing was confirmed, so it is named."""
    before, said = drawn(net), len(lost(net))
    for i in range(20):
        c = raw(net, M)
        c.send(enc(2))
        c.reset()
    c = raw(net, M)
    c.vanish()
    c.send(enc(5))
    wait_for("who vanished to be named",
             lambda: ("enc_keys", 5) in [x[:2] for x in lost(net)[said:]])
    wait_for("what was drawn to be named", lambda: sum(
        n for _, n, _ in lost(net)[said:]) == drawn(net) - before)
    c.close()


def fetched_again(net):
    """A slave that lost the answer is named, and gets its key again."""
    key = net.draw(S, M)[0]
    said = len(lost(net))
    c = raw(net, M)
    c.send(b"")
    c.vanish()
    c.send(request("POST", "/api/v1/keys/%s/dec_keys" % S,
                   {"key_IDs": [{"key_ID": key.id}]}))
    wait_for("the loss to be named", lambda: len(lost(net)) > said)
    equal(lost(net)[said:], [("dec_keys", 1, key.id)], "the loss")
    c.close()
    net.fetch([key])


def figures_agree(net):
    f, said = net.ctl("a", "ksa"), lost(net)
    equal(f["answers_delivered_unknown"], len(said), "answers")
    equal(f["keys_delivered_unknown"], sum(n for _, n, _ in said), "keys")
    return len(said)


def good_ones_are_not_named(net):
    for i in range(30):
        c = raw(net, M)
        c.send(enc() + enc(3))
        c.answer(), c.answer()
        time.sleep(0.1 if i % 3 == 1 else 0)    # until that is confirmed
        (c.close, c.reset, lambda: c.push(c.farewell()))[i % 3]()
        c.close()
    wait_for("all to be gone", lambda: net.ctl("a", "ksa")["connections"] == 0)


def refused_often(net):
    """Who errs all the time does not fill the log, nor hide others."""
    wrong, rounds = request("GET", "/wrong"), 40
    c = raw(net, M)
    for _ in range(rounds):
        c.send(wrong * 100)
        for _ in range(100):
            equal(c.answer().code, 404, "a wrong path")
    c.close()
    equal(net.client(OTHER).request("GET", "/wrong")[0], 404, "another's")
    lines = [x for x in log_of(net).splitlines() if "request refused" in x
             and "no such resource" in x]
    check(50 <= sum('sae="%s"' % M in x for x in lines) < rounds * 50,
          "%d lines" % len(lines))
    check(any('sae="%s"' % OTHER in x for x in lines), "another's line")


class Served:
    """An application that goes on: a connection that lasts, and new ones."""

    def __init__(self, net):
        self.net, self.ended = net, threading.Event()
        self.good = self.new = 0
        self.faults = []
        self.thread = threading.Thread(target=self._guard, daemon=True)

    def _guard(self):
        try:
            self._work()
        except Exception as e:
            self.faults.append(repr(e))

    def _work(self):
        lasting = self.net.client(M)
        while not self.ended.is_set():
            for c in (lasting, self.net.client(M)):
                status, body = c.status(S)
                equal(status, 200, "status: %s" % body)
            c.close()
            self.good += 2
            time.sleep(0.02)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        self.thread.join(20)
        check(kind or not self.faults and self.good > 10, "served %d times; %s" % (
            self.good, self.faults))


def flood(net):
    """2,000 who never say anything, or nonsense, or a hello and no more;
    half of them from one address, half from fifty."""
    host, port = net.json["nodes"]["a"]["https"].rsplit(":", 1)
    hello = raw(net, M, shake=False).hello()
    crowd = []
    with Served(net) as s:
        for i in range(2000):
            c = socket.create_connection((host, int(port)), 10, (
                "127.0.0.2" if i % 2 else "127.0.1.%d" % (i // 2 % 50), 0))
            try:
                c.sendall((b"", b"GET / HTTP/1.1\r\n\r\n", hello)[i % 3])
            except ConnectionError:
                pass
            crowd.append(c)
            if i % 500 == 0:
                f = net.ctl("a", "ksa")
                check(f["connections_in_handshake"] <= 120, "porch: %s" % f)
        seen = s.good
        wait_for("more service", lambda: s.good > seen + 10 or s.faults)
    for c in crowd:
        c.close()


def crowd_of_one(net):
    """One application takes all it can have; the other gets all it asks."""
    with Served(net) as s:
        many = [raw(net, OTHER) for _ in range(60)]
        extra = [raw(net, OTHER) for _ in range(10)]
        for c in extra:
            a = c.answer()
            equal((a.code, a.message), (
                503, "too many connections of this application"), "extra")
            check(c.ended(), "an extra connection stays open")
        ours = [net.client(M) for _ in range(38)]
        for c in ours:
            equal(c.status(S)[0], 200, "in a full house")
        kept = many[-1]
        kept.send(request("GET", "/api/v1/keys/%s/status" % S))
        equal(kept.answer().code, 200, "who did not have to give way")
        f = net.ctl("a", "ksa")
        inside = f["connections"] - f["connections_in_handshake"]
        check(inside <= 90, "%d connections" % inside)
    check("most of this application" in log_of(net), "who gave way")
    for c in many + extra + ours:
        c.close()


def few_descriptors(net):
    """Started with too few, it says so, and serves as many as it can."""
    net.do("stop", "a", "ksa")
    subprocess.run(
        [os.path.join(ROOT, "tests", "testnet"), "start", "--dir", net.dir,
         "a", "ksa"], env=dict(os.environ, QKDNODE_BUILD=BUILD), check=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                              (150, 150)))
    wait_for("service", lambda: answers(net))
    check("too few for all connections" in log_of(net), "the warning")
    host, port = net.json["nodes"]["a"]["https"].rsplit(":", 1)
    crowd = [socket.create_connection((host, int(port)), 10,
                                      ("127.0.0.2", 0)) for _ in range(200)]
    ours = [net.client(M) for _ in range(50)]
    for c in ours:
        equal(c.status(S)[0], 200, "with few descriptors")
    equal(ours[0].enc(S)[0], 200, "a key")
    check("connections cannot be accepted" not in log_of(net),
          "descriptors ran out")
    for c in crowd + ours:
        c.close()


def answers(net):
    try:
        return net.client(M).status(S)[0] == 200
    except GONE:
        return False


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (
        resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    net = Net("ab", ["a-b"], settings=SETTINGS)
    for part in (good_ones_are_not_named, slow, does_not_read, leaves,
                 fetched_again, refused_often):
        part(net)
        say(part.__name__.replace("_", " "), "done")
    say(figures_agree(net), "answers may not have arrived, all named")
    for part in (flood, crowd_of_one, few_descriptors):
        part(net)
        say(part.__name__.replace("_", " "), "done")
    check(net.client(M).enc(S)[0] == 200, "no service afterwards")


run(main)
