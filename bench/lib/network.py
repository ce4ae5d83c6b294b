"""Nodes of the test network in a row, with stock to draw from."""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time

import loader
from machine import Usage, pin
from procs import ask

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
KEY_OCTETS = 32
BULK = 128		# keys in a request when it is only about many keys


def say(*text):
    print(*text, file=sys.stderr, flush=True)


class Failed(Exception):
    """What went wrong, for a person."""


class Network:
    """pool, low: octets that a pool is filled up to, and when."""

    def __init__(self, args, directory, settings=(), pool=None, low=None,
                 nodes="ab", rate=None, links=()):
        self.args, self.dir = args, directory
        self.high = pool or args.pool
        self.low = low or self.high // 8
        self.testnet("up", "--nodes", ",".join(nodes), "--rate",
                     str(rate or args.rate),
                     *(["--links", ",".join("-".join(x) for x in links)]
                       if links else []),
                     *[w for s in (f"pool_high={self.high}",
                                   f"pool_low={self.low}",
                                   *settings, *args.set)
                       for w in ("--set", s)])
        self.read()

    def read(self):
        with open(os.path.join(self.dir, "testnet.json")) as f:
            self.net = json.load(f)
        self.ca = self.net["ca"]

    def testnet(self, command, *words):
        env = dict(os.environ, QKDNODE_BUILD=self.args.build)
        p = subprocess.run([os.path.join(ROOT, "tests", "testnet"), command,
                            "--dir", self.dir, *words], env=env,
                           stdout=sys.stderr)
        if p.returncode != 0:
            raise Failed(f"tests/testnet {command} failed; see {self.dir}")

    def down(self):
        self.testnet("down")

    def node(self, name):
        return self.net["nodes"][name]

    def daemons(self, name):
        """{daemon: [pid]}, the modules as one."""
        found = {}
        for daemon, pid in self.node(name)["pids"].items():
            found.setdefault(daemon.split(":")[0], []).append(pid)
        return found

    def pin(self, server, cores):
        """The node under test on the first core, the rest on the second."""
        for name in self.net["nodes"]:
            for pid in self.node(name)["pids"].values():
                pin(pid, cores[0] if name == server else cores[1])

    def ask(self, node, daemon, command):
        return ask(os.path.join(self.dir, node, "run", "ctl-" + daemon,
                                "sock"), command, timeout=60)

    def status(self, node, daemon="ksa"):
        return self.ask(node, daemon, "status")

    def conf(self, node, option):
        with open(os.path.join(self.node(node)["etc"], "ksa.conf")) as f:
            m = re.search(r'^%s = "([^"]*)"' % option, f.read(), re.M)
        return m.group(1)

    def use_certificate(self, node, base):
        """Another server certificate: base.crt and base.key, for one ksa."""
        owner = os.stat(self.conf(node, "private_key"))
        for kind, option in (("crt", "certificate"), ("key", "private_key")):
            target = self.conf(node, option)
            with open(f"{base}.{kind}") as f, open(target, "w") as t:
                t.write(f.read())
            os.chown(target, owner.st_uid, owner.st_gid)
        self.testnet("stop", node, "ksa")
        self.testnet("start", node, "ksa")
        self.read()

    # -- applications

    def identity(self, sae):
        s = self.net["saes"][sae]
        return ["--cert", s["cert"], "--key", s["key"], "--ca", self.ca]

    def caller(self, me, other, door="https"):
        """The words of bench/load for an application that talks of another
        one to its own node."""
        return ["--connect", self.node(self.net["saes"][me]["node"])[door],
                "--sae", other, *self.identity(me)]

    def get(self, me, path):
        s = self.net["saes"][me]
        return get(self.node(s["node"])["https"], s, self.ca, path)

    # -- stock

    def stock(self, node, peer):
        """Octets that a node has for applications of another or itself."""
        name = self.node(peer)["kme_id"]
        for p in self.status(node)["pools"]:
            if p["peer"] == name and p["direction"] == "out":
                return p["octets"], p["unconfirmed"]
        raise Failed(f"ksa of {node} has no pool for {name}")

    def stalled(self, node, peer):
        pools = [p for p in self.status(node)["pools"]
                 if p["peer"] == self.node(peer)["kme_id"]]
        raise Failed(f"the pool of {node} for {peer} gets no more key since "
                     f"{self.args.fill} s: raise --pool or --fill, or lower "
                     f"--scale; --keep keeps the logs; {pools}")

    def await_quiet(self, limit=15):
        """Until the daemons have nothing left to do, or nearly."""
        pids = {n: list(self.node(n)["pids"].values())
                for n in self.net["nodes"]}
        end = time.monotonic() + limit
        while time.monotonic() < end:
            usage = Usage(pids)
            time.sleep(0.2)
            if sum(u["cpu"] for u in usage.since().values()) < 0.03:
                return

    def await_stock(self, me, other, keys):
        """Until so many keys can be drawn without the pool being filled up
        meanwhile, or else until it is full."""
        node, peer = (self.net["saes"][s]["node"] for s in (me, other))
        # Full, but for a block or two that were void.
        want = min(keys * KEY_OCTETS + self.low, self.high - self.high // 50)
        # What is on its way counts when ksa compares with pool_low.
        low = self.low * 9 // 10
        last, since, told = -1, time.monotonic(), 0
        while True:
            asked = time.monotonic()
            have, pending = self.stock(node, peer)
            if have >= want and pending == 0:
                self.await_quiet()
                return
            now = time.monotonic()
            if now - since > self.args.fill:
                self.stalled(node, peer)
            if have != last:
                last, since = have, now
            elif now - since > 4 and pending == 0 and have > low:
                # It is not being filled up: it is not low enough.
                self.draw(me, other, (have - low) // KEY_OCTETS + BULK)
            if now - told > 5:
                say(f"  filling: {have >> 20} of {want >> 20} MiB")
                told = now
            # The status counts rows: it must not keep ksa from filling.
            time.sleep(max(0.1, 10 * (now - asked)))

    def draw(self, me, other, keys):
        """Keys that nobody will fetch; as fast as it goes. How many."""
        return loader.run(self.args.build, [
            *self.caller(me, other), "--number", str(BULK), "--connections",
            "16", "--seconds", "600", "--count",
            str((keys + BULK - 1) // BULK)])["keys"]


def get(address, sae, ca, path):
    """(whole answer's octets, body) of one GET, with nothing between."""
    ctx = ssl.create_default_context(cafile=ca)
    ctx.load_cert_chain(sae["cert"], sae["key"])
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 20) as raw, \
            ctx.wrap_socket(raw, server_hostname=host) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += s.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
        while len(body) < length:
            body += s.recv(65536)
    if not head.startswith(b"HTTP/1.1 200"):
        raise Failed(f"{path}: {head[9:12].decode()} "
                     f"{body.decode(errors='replace')}")
    return len(head) + 4 + len(body), body
