#!/usr/bin/python3
"""ksa is killed between its commit and the write of the answer: the slave
gets the same keys again inside the redelivery window, a master's keys go to
nobody. Keys that nobody fetches expire and are gone from both stores."""
import glob
import json
import os
import shutil
import socket
import sqlite3
import ssl
import struct
import tempfile
import time

from lib import Net, check, equal, run, say, wait_for

M, M2, S = "SAE-A1", "SAE-A2", "SAE-B1"
EACH, SIZE = 4, 65536           # an answer of 44 KB
REQUESTS = 120                  # more than buffers of sockets hold
WINDOW = 8                      # s
EXPIRY = 4                      # s
SEGMENT = 1024


def request_of(key_id):
    """The number that a store knows a key's request by."""
    h = key_id.replace("-", "")
    return int(h[:8], 16) << 28 | int(h[8:12], 16) << 12 | int(h[13:16], 16)


def rows(net, node, query):
    """From a copy: what is read must not help the daemon to recover."""
    path = net.json["nodes"][node]["stores"]["ksa"]
    with tempfile.TemporaryDirectory() as d:
        for end in ("", "-wal"):
            if os.path.exists(path + end):
                shutil.copy(path + end, d + "/db" + end)
        db = sqlite3.connect(d + "/db")
        try:
            return db.execute(query).fetchall()
        finally:
            db.close()


def pieces(blob):
    return list(struct.iter_unpack(">QII", blob))


class Deaf:
    """A client that sends many requests and reads no answer."""

    def __init__(self, net, sae, targets):
        n = net.json
        me = n["saes"][sae]
        host, port = n["nodes"][me["node"]]["https"].rsplit(":", 1)
        ctx = ssl.create_default_context(cafile=n["ca"])
        ctx.load_cert_chain(me["cert"], me["key"])
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(10)
        s.connect((host, int(port)))
        self.tls = ctx.wrap_socket(s, server_hostname=host)
        for path in targets:
            self.tls.sendall(("GET /api/v1/keys/%s HTTP/1.1\r\nHost: %s\r\n"
                              "\r\n" % (path, host)).encode())

    def read(self):
        """The whole answers among what arrived after all."""
        data = b""
        try:
            while True:
                more = self.tls.recv(65536)
                if not more:
                    break
                data += more
        except OSError:
            pass
        out = []
        while b"\r\n\r\n" in data:
            head, data = data.split(b"\r\n\r\n", 1)
            n = int(head.lower().split(b"content-length:")[1].split()[0])
            if len(data) < n:
                break
            out.append(json.loads(data[:n]))
            data = data[n:]
        return out


def stuck(net, node, counter):
    """Waits until the node takes no more requests from who does not read."""
    def still():
        before = net.ctl(node, "ksa")["count"][counter]
        time.sleep(0.4)
        return net.ctl(node, "ksa")["count"][counter] == before > 0
    wait_for("full buffers", still)
    return net.ctl(node, "ksa")["count"][counter]


def fetch_again(net):
    """The commit of dec_keys, and no answer."""
    batches = [net.draw(M, S, EACH, SIZE) for _ in range(REQUESTS)]
    paths = ["%s/dec_keys?key_ID=%s" % (M, k.id) for b in batches for k in b]
    deaf = Deaf(net, S, paths)
    n = stuck(net, "b", "dec_requests")
    check(n < len(paths), "all %d answers were taken" % n)
    net.do("kill", "b", "ksa")
    got = set()
    for body in deaf.read():
        ids = [k["key_ID"] for k in body["keys"]]
        net.oracle.fetched(S, ids, body)
        got.update(ids)
    stamps = {r: f for r, f in rows(
        net, "b", "SELECT request, fetched FROM received "
        "WHERE fetched IS NOT NULL")}
    lost = []
    for b in batches:
        stamp = stamps.get(request_of(b[0].id))
        if stamp is None:
            continue
        stamp = stamp * EACH if len(stamp) == 4 else stamp
        lost += [k for i, k in enumerate(b) if k.id not in got and
                 stamp[4 * i:4 * i + 4] != bytes(4)]
    say("%d keys were delivered by the store, %d answers arrived" % (
        len(lost), len(got)))
    check(len(lost) >= 5, "nothing was killed between commit and answer")
    net.do("start", "b", "ksa")
    c = net.client(S)
    for at in range(0, len(lost), 32):
        net.fetch(lost[at:at + 32], client=c)
    say("the same slave has got all of them")
    check(net.client("SAE-B2").dec(M, [lost[0].id])[0] == 401,
          "another application got one")
    for b in batches:                   # those never fetched are all there
        keys = [k for k in b if not k.fetched]
        if keys:
            net.fetch(keys, client=c)
    return lost


def window_over(net, lost):
    def gone():
        return all(c.dec(M, [k.id])[0] == 400 for k in lost[:8])
    c = net.client(S)
    wait_for("the end of the window", gone, WINDOW + 5)
    status, body = c.dec(M, [k.id for k in lost[-8:]])
    equal(status, 400, "dec_keys after the window: %s" % body)
    say("after the window they are gone")


def disjoint(net):
    """No octet of a pool lies in two requests."""
    seen, n = {}, 0
    for peer, request, blob in rows(
            net, "a", "SELECT peer, request, pieces FROM issued"):
        for block, at, octets in pieces(blob):
            seen.setdefault((peer, block), []).append(
                (at, at + octets, request))
            n += 1
    for spans in seen.values():
        spans.sort()
        for x, y in zip(spans, spans[1:]):
            check(x[1] <= y[0], "requests %d and %d share octets" % (
                x[2], y[2]))
    return n


def lost_draws(net):
    """The commit of enc_keys, and no answer: nobody has these keys."""
    deaf = Deaf(net, M, ["%s/enc_keys?number=%d&size=%d" % (S, EACH, SIZE)]
                * REQUESTS)
    n = stuck(net, "a", "enc_requests")
    check(n < REQUESTS, "all %d answers were taken" % n)
    net.do("kill", "a", "ksa")
    got = deaf.read()
    for body in got:
        net.oracle.drawn(M, S, body, EACH, SIZE)
    known = {request_of(k) for k in net.oracle.keys}
    lost = {r for r, in rows(net, "a", "SELECT request FROM issued "
                             "WHERE octets = %d" % (SIZE // 8))} - known
    say("%d requests were committed, %d answers arrived" % (
        len(lost), len(got)))
    check(len(lost) >= 5, "nothing was killed between commit and answer")
    net.do("start", "a", "ksa")
    net.await_supply(M2, S)
    for _ in range(20):
        net.pair(M2, S, 16, 8192)
    say("%d pieces of key, none in two requests" % disjoint(net))
    wanted = ",".join(map(str, lost))
    def expired():
        states = [s for s, in rows(net, "b", "SELECT state FROM received "
                                   "WHERE request IN (%s)" % wanted)]
        return len(states) == len(lost) and set(states) == {3}
    wait_for("keys that nobody has to expire", expired, 20)
    say("they have expired at the slave's node")
    for key in net.oracle.pending():    # what the deaf one read
        key.fetched = True


def sealed(net, node, direction):
    """{(block serial, segment): how its octets stand on the disk}."""
    return {(serial, at): blob for serial, at, blob in rows(
        net, node, "SELECT serial, segment.id & 63, sealed FROM segment "
        "JOIN block ON block.id = segment.id >> 6 "
        "WHERE direction = %d" % direction)}


def segments_of(net, node, table, key_id):
    blob, = rows(net, node, "SELECT pieces FROM %s WHERE request = %d" % (
        table, request_of(key_id)))[0]
    return {(block, at // SEGMENT) for block, first, octets in pieces(blob)
            for at in range(first, first + octets, SEGMENT)}


def on_disk(net, node, blobs):
    path = net.json["nodes"][node]["stores"]["ksa"]
    data = b"".join(open(p, "rb").read() for p in glob.glob(path + "*"))
    return sum(b[-64:] in data for b in blobs)


def never_fetched(net):
    own = sealed(net, "a", 0)
    keys = net.draw(M, S, 32, 8192)
    wait_for("the binding", lambda: rows(
        net, "b", "SELECT 1 FROM received WHERE request = %d" %
        request_of(keys[0].id)))
    theirs = sealed(net, "b", 1)
    at_b = [theirs[s] for s in segments_of(net, "b", "received", keys[0].id)]
    at_a = [own[s] for s in segments_of(net, "a", "issued", keys[0].id)
            if s in own]
    equal(on_disk(net, "b", at_b), len(at_b), "segments found before")
    check(len(at_a) >= 16, "no stock at the source: %d" % len(at_a))
    time.sleep(EXPIRY)
    c = net.client(S)
    status, body = c.dec(M, [keys[0].id])
    equal(status, 400, "dec_keys of an expired key: %s" % body)
    check("expired" in json.dumps(body), "without the reason: %s" % body)
    wait_for("their octets to be gone", lambda: on_disk(
        net, "a", at_a) + on_disk(net, "b", at_b) == 0, 20)
    say("%d and %d sealed segments are gone from the files" % (
        len(at_a), len(at_b)))
    for key in keys:
        equal(c.dec(M, [key.id])[0], 400, "an expired key")
        key.fetched = True              # it never will be


def at_most_once(net):
    keys = net.draw(M, S, 2)
    net.fetch(keys)
    for ids in ([keys[0].id], [k.id for k in keys]):
        equal(net.client(S).dec(M, ids)[0], 400, "fetched a second time")
    say("without a window a key is given once")


def main():
    net = Net("ab", ["a-b"], rate=100000000,
              settings=["redelivery=%d" % WINDOW])
    lost = fetch_again(net)
    other = Net("ab", ["a-b"], rate=100000000,
                settings=["redelivery=0", "key_expiry=%d" % EXPIRY])
    at_most_once(other)
    never_fetched(other)
    lost_draws(other)
    window_over(net, lost)
    net.settle()


run(main, 150)
