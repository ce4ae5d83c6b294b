#!/usr/bin/python3
"""The WireGuard example: a tunnel whose pre-shared key comes from two nodes
and changes while packets flow; none is lost, both ends agree or the old key
stays, whatever fails meanwhile."""
import os
import signal
import stat
import subprocess
import time

from lib import Net, ROOT, check, equal, need_root, run, say, wait_for
from netns import Flow, Wire, need, sh
from saetool import QKDCTL, Tool

EXAMPLE = os.path.join(ROOT, "doc", "examples", "wireguard")
PORT = 7014
# In the place of socat: one answer to a commit is lost on its way.
LOSSY = """#!/bin/bash
read -r line
answer=$(echo "$line" | socat -t 20 - TCP:10.81.0.2:%d) || exit 1
case $line in commit*) rm "$1" 2>/dev/null && exit 1 ;; esac
echo "$answer"
""" % PORT


def write(path, text, mode=0o600):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


class End:
    """An interface of wireguard-go, and the scripts' configuration."""

    def __init__(self, net, wire, i, sae):
        self.wire, self.i = wire, i
        self.name = "qkd%d%s" % (os.getpid() % 100000, "ab"[i])
        self.dir = os.path.join(net.base, "wg-" + "ab"[i])
        os.mkdir(self.dir, 0o700)
        self.tool = Tool(net, sae)
        self.key = sh("wg", "genkey").strip()
        self.public = subprocess.run(
            ["wg", "pubkey"], input=self.key, text=True, check=True,
            stdout=subprocess.PIPE).stdout.strip()
        wire.start(i, self.dir + "/log", "wireguard-go", "-f", self.name)
        wait_for("wireguard-go", lambda: os.path.exists(
            "/var/run/wireguard/%s.sock" % self.name))

    def wg(self, *words):
        return sh("wg", *words)

    def add_peer(self, other, *more):
        self.wg("set", self.name, "private-key",
                write(self.dir + "/private", self.key), "listen-port",
                "51820", "peer", other.public, "allowed-ips",
                "10.82.0.%d/32" % (other.i + 1), "endpoint",
                "10.81.0.%d:51820" % (other.i + 1), *more)
        self.peer = other

    def up(self):
        ns = self.wire.ns[self.i]
        sh("ip", "-n", ns, "addr", "add", "10.82.0.%d/24" % (self.i + 1),
           "dev", self.name)
        sh("ip", "-n", ns, "link", "set", self.name, "up", "mtu", "1380")

    def psk(self):
        return self.wg("show", self.name, "preshared-keys").split()[1]

    def handshake(self):
        """A new one, for which both ends need the same key."""
        psk = write(self.dir + "/again", self.psk())
        self.wg("set", self.name, "peer", self.peer.public, "remove")
        self.add_peer(self.peer, "preshared-key", psk)
        os.unlink(psk)

    def conf(self, other, peer, rotate=2):
        """As an operator edits the example's file."""
        with open(EXAMPLE + "/qkd-wg.conf") as f:
            text = f.read()
        # The nodes listen outside of the namespace.
        qkdctl = "nsenter --net=/proc/%d/ns/net %s" % (os.getpid(), QKDCTL)
        values = dict(self.tool.env, INTERFACE=self.name,
                      PEER_KEY=other.public, OTHER_SAE=other.tool.sae,
                      STATE=self.dir + "/state", PEER="(%s)" % peer,
                      ROTATE=str(rotate), CHECK="0.5", QKDCTL="(%s)" % qkdctl)
        for name, value in values.items():
            lines = [x for x in text.splitlines() if x.split("=")[0].split()
                     and x.split("=")[0].split()[-1] == name]
            for line in lines:
                text = text.replace("\n" + line + "\n", "\n%s=%s\n" % (
                    line.split("=")[0], value))
        return write(self.dir + "/conf", text)


def settled(a, b):
    """The key of both ends, when they agree on one."""
    def equal_now():
        psk = a.psk()
        return psk if psk == b.psk() and psk != "(none)" else None
    return wait_for("one key at both ends", equal_now, 30)


def rotated(a, b, old):
    wait_for("another key", lambda: a.psk() != old and b.psk() == a.psk(), 30)
    return a.psk()


def states(*ends):
    """Nothing but the key in use is kept, and only for root."""
    for e in ends:
        path = e.dir + "/state"
        equal(stat.S_IMODE(os.stat(path).st_mode), 0o700, path)
        for name in os.listdir(path):
            equal(stat.S_IMODE(os.stat(path + "/" + name).st_mode), 0o600,
                  name)


def scenario(net, wire, a, b):
    lose = a.dir + "/lose"
    lossy = write(a.dir + "/lossy", LOSSY, 0o700)
    wire.start(1, b.dir + "/log", "socat",
               "TCP-LISTEN:%d,bind=10.81.0.2,reuseaddr,fork" % PORT,
               "EXEC:%s %s" % (EXAMPLE + "/qkd-wg-slave",
                               b.conf(a, "false")))
    equal((a.psk(), b.psk()), ("(none)", "(none)"), "keys at the start")
    master = wire.start(0, a.dir + "/log", EXAMPLE + "/qkd-wg-master",
                        a.conf(b, "%s %s" % (lossy, lose)))
    first = settled(a, b)
    wire.await_ping(0, "10.82.0.2", "10.82.0.1")
    say("a tunnel with a key from QKD")
    flow = Flow(wire, 0, "10.82.0.2", "10.82.0.1")
    seen = [first]
    for _ in range(3):
        seen.append(rotated(a, b, seen[-1]))
    equal(len(set(seen)), 4, "different keys")
    say("4 keys")
    write(lose, "")
    wait_for("a lost answer", lambda: not os.path.exists(lose), 20)
    old = settled(a, b)
    rotated(a, b, old)
    say("an answer was lost")
    net.do("kill", "b", "ksa")
    time.sleep(1)
    old = settled(a, b)
    time.sleep(4)
    equal((a.psk(), b.psk()), (old, old), "keys while a node is away")
    net.do("start", "b", "ksa")
    rotated(a, b, old)
    sent, lost = flow.end()
    check(sent > 100, "only %d packets were sent" % sent)
    equal(lost, 0, "packets lost of %d" % sent)
    say("%d packets, none lost" % sent)
    os.killpg(master.pid, signal.SIGKILL)


def proof(wire, a, b):
    """A master that was killed and comes back finds the slave's key. The key
    counts: with another one at one end there is no handshake."""
    before = a.psk()
    quiet = wire.start(0, a.dir + "/log", EXAMPLE + "/qkd-wg-master",
                       a.conf(b, "socat - TCP:10.81.0.2:%d" % PORT, 3600))
    wait_for("a master that is done", lambda: a.psk() == b.psk() != before
             and not os.path.exists(a.dir + "/state/next"))
    os.killpg(quiet.pid, signal.SIGTERM)
    quiet.wait()
    old = settled(a, b)
    a.handshake()
    wire.await_ping(0, "10.82.0.2", "10.82.0.1")
    equal(settled(a, b), old, "the key after a handshake")
    wrong = write(a.dir + "/wrong", sh("wg", "genpsk").strip())
    a.wg("set", a.name, "peer", b.public, "remove")
    a.add_peer(b, "preshared-key", wrong)
    check(not wire.ping(0, "10.82.0.2", "10.82.0.1", 1),
          "a tunnel between different keys")


# In the place of wg: refuses one key.
REFUSES = """#!/bin/bash
rm "%s" 2>/dev/null && exit 1
exec wg "$@"
"""


def by_session(net, wire, a, b):
    """The nodes bring the keys; what cannot be set at one end is not set at
    the other."""
    refuse = b.dir + "/refuse"
    wg = write(b.dir + "/wg", REFUSES % refuse, 0o700)
    a.tool, b.tool = (Tool(net, e.tool.sae, door="q4161") for e in (a, b))
    with open(b.conf(a, "false"), "a") as f:
        f.write("\nWG=(%s)\n" % wg)
    before = a.psk()
    wire.start(1, b.dir + "/listen", EXAMPLE + "/qkd-wg-listen", f.name)
    wire.start(0, a.dir + "/session", EXAMPLE + "/qkd-wg-session",
               a.conf(b, "false"))
    old = rotated(a, b, before)
    flow = Flow(wire, 0, "10.82.0.2", "10.82.0.1")
    for _ in range(2):
        old = rotated(a, b, old)
    write(refuse, "")
    wait_for("a refusal", lambda: not os.path.exists(refuse), 20)
    rotated(a, b, settled(a, b))
    with open(a.dir + "/session") as f:
        equal(f.read().count("could not take the keys"), 1, "refusals")
    a.handshake()
    wire.await_ping(0, "10.82.0.2", "10.82.0.1")
    sent, lost = flow.end()
    say("by a session: %d packets" % sent)


def main():
    need_root()
    need("wg", "wireguard-go", "socat", "ip", "ping", "nsenter")
    if not os.path.exists("/dev/net/tun"):
        raise Skip("there is no /dev/net/tun")
    net = Net("ab", ["a-b"])
    with Wire("10.81.0") as wire:
        a, b = End(net, wire, 0, "SAE-A1"), End(net, wire, 1, "SAE-B1")
        for end, other in ((a, b), (b, a)):
            end.add_peer(other)
            end.up()
        scenario(net, wire, a, b)
        proof(wire, a, b)
        states(a, b)
        by_session(net, wire, a, b)


run(main)
