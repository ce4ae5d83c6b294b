#!/usr/bin/python3
"""A captured relayd: a liar with its certificate and its uid in the place of
a transit node's, then of an end node's. It drops, changes, repeats, holds
back and reflects what passes, says that it came from another, replays what is
of an earlier life, and invents. Nothing but drops and delays follow."""
import itertools
import os
import random
import shutil
import subprocess
import time

from lib import BUILD, SHORT, Load, Net, check, run, say, wait_for

PAIRS = [("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1"), ("SAE-A1", "SAE-B1"),
         ("SAE-B1", "SAE-C1"), ("SAE-C2", "SAE-B2")]
LIES = ["drop", "flip", "twice", "late", "replay", "elsewhere", "variant",
        "reflect", "invent"]
TOLD = 3 if SHORT else 5       # of each kind, to its own and to peers
BURST = 20000
RSS_MAX, LOG_MAX = 48 << 20, 128 << 10   # that the liar may cost


class Liar:
    """with Liar(net, "b", seed): it runs in the place of b's relayd."""

    def __init__(self, net, node, seed):
        self.net, self.node, self.p = net, node, None
        self.env = dict(os.environ, QKDNODE_SEED=str(seed))

    def __enter__(self):
        net, pid = self.net, self.net.pid(self.node, "relayd")
        ids = {}
        with open("/proc/%d/status" % pid, encoding="ascii") as f:
            for line in f:
                name, _, value = line.partition(":")
                ids[name] = value.split()
        exe = os.path.join(net.base, "liar")
        if not os.path.exists(exe):
            shutil.copy2(os.path.join(BUILD, "tests", "system", "liar"), exe)
        net.do("kill", self.node, "relayd")
        more = {"user": int(ids["Uid"][0]), "group": int(ids["Gid"][0]),
                "extra_groups": []} if os.geteuid() == 0 else {}
        with open(os.path.join(net.dir, self.node, "log", "liar.log"),
                  "ab") as log:
            self.p = subprocess.Popen(
                [exe, "-c", net.conf(self.node, "relayd")], stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, cwd="/", env=self.env,
                start_new_session=True, **more)
        wait_for("the liar to serve", self.serves, 20)
        return self

    def serves(self):
        try:
            return self.told()
        except (OSError, ValueError):
            return None

    def __exit__(self, *_):
        self.p.kill()
        self.p.wait()

    def say(self, line):
        check(self.p.poll() is None, "the liar has ended by itself")
        answer = self.net.ctl(self.node, "relayd", line)
        check("error" not in answer, "%s: %r" % (line, answer))
        return answer

    def told(self):
        """{lie: (to its kma and ksa, to its peers)}"""
        return self.net.ctl(self.node, "relayd", "lies")

    def tell(self, percent, lies, times=TOLD):
        """Until each was told so often, to its own and to peers."""
        before = self.told()
        for name in lies:
            self.say("lie %s %d" % (name, percent))
        wait_for("lies to be told: %s" % ", ".join(lies), lambda: all(
            all(self.gained(name, before, times)) for name in lies), 40)
        say("told:", *lies)

    def gained(self, name, before, times):
        own, peers = (now - was >= times for now, was in zip(
            self.told()[name], before[name]))
        # An end of the chain has no other peer to send a frame to.
        return own, peers or name == "elsewhere" and self.node != "b"


def refused(net, node):
    """What kma and ksa of a node have counted."""
    kma, ksa = net.ctl(node, "kma"), net.ctl(node, "ksa")
    return {"bad control messages": sum(x["counters"]["bad_control"]
                                        for x in kma["links"]),
            "relays refused": kma["relay"]["refused"],
            "bad messages": ksa["count"]["bad_messages"]}


def cost(net, node):
    """{daemon: (resident octets, octets of log)}"""
    out = {}
    for daemon in ("kma", "ksa"):
        with open("/proc/%d/statm" % net.pid(node, daemon),
                  encoding="ascii") as f:
            rss = int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        out[daemon] = (rss, os.path.getsize(os.path.join(
            net.dir, node, "log", daemon + ".log")))
    return out


def alive(net):
    for node in "abc":
        for daemon in ("kma", "ksa"):
            pid = net.pid(node, daemon)
            check(os.path.exists("/proc/%d" % pid),
                  "%s of %s has ended by itself" % (daemon, node))


def bounded(net, node, before):
    """A flood of inventions costs neither memory nor disk."""
    for daemon, (rss, log) in cost(net, node).items():
        was = before[daemon]
        say("%s of %s: %+d KiB, %d KiB of log" % (
            daemon, node, (rss - was[0]) >> 10, (log - was[1]) >> 10))
        check(SHORT or rss - was[0] < RSS_MAX, "%s of %s grew by %d octets" % (
            daemon, node, rss - was[0]))
        check(log - was[1] < LOG_MAX, "%s of %s wrote %d octets of log" % (
            daemon, node, log - was[1]))


def flood(net, liar, node):
    before = cost(net, node)
    liar.say("burst %d" % BURST)
    wait_for("kma and ksa to answer", lambda: refused(net, node), 30)
    bounded(net, node, before)


def told_again(net, liar, node):
    """kma and ksa begin a new life; what is replayed now is of the last."""
    for daemon in ("kma", "ksa"):
        net.do("kill", node, daemon)
        net.do("start", node, daemon)
    liar.say("truth")
    liar.tell(30, ["replay", "late", "reflect", "invent"], 2)


def uncounted(net, nodes, before):
    """What none of these nodes has refused since then."""
    now = {n: refused(net, n) for n in nodes}
    return [what for what in before["a"] if not any(
        now[n][what] > before[n][what] for n in nodes)]


def one_by_one(net, liar, load, others):
    before = {n: refused(net, n) for n in "abc"}
    for lie in LIES:
        liar.tell(40, [lie])
        liar.say("truth")
        net.oracle.verdict()
    # Said twice is counted, and disturbs nobody: there go on to be relays,
    # which variants of other messages soon bring to a halt.
    for lie in itertools.islice(itertools.cycle(["twice", "variant"]), 40):
        if not (left := uncounted(net, others, before)):
            return
        load.await_progress(40)
        liar.say("lie %s 40" % lie)
        till = time.monotonic() + 2
        while time.monotonic() < till and uncounted(net, others, before):
            time.sleep(0.1)
        liar.say("truth")
    raise AssertionError("not counted by others: %s" % left)


def lied_to(net, node, load, rnd, each):
    before = {n: refused(net, n) for n in "abc"}
    with Liar(net, node, rnd.randrange(1 << 32)) as liar:
        load.await_progress(30)         # it can be honest; and learns
        if each:
            one_by_one(net, liar, load, [n for n in "abc" if n != node])
        liar.tell(15, LIES, 2)
        flood(net, liar, node)
        wait_for("all to be counted", lambda: not uncounted(
            net, [node], before), 20)
        for n in "abc":
            say("refused at %s: %s" % (n, refused(net, n)))
        told_again(net, liar, node)
        alive(net)
        said = liar.told()
    say("told by %s: %s" % (node, ", ".join("%s %d+%d" % (
        x, *said[x]) for x in LIES)))
    net.oracle.verdict()
    net.do("start", node, "relayd")
    began = time.monotonic()
    load.await_progress(40)
    say("supply %.1f s after the true relayd" % (time.monotonic() - began))


def main():
    seed = int(os.environ.get("QKDNODE_SEED", time.time()))
    say("QKDNODE_SEED=%d" % seed)
    net = Net("abc", ["a-b", "b-c"], rate=8000000, settings=[
        "pool_low=16384", "pool_high=32768", "relay_timeout=2000"])
    rnd = random.Random(seed)
    with Load(net, PAIRS, number=48, sizes=(256, 1024), pause=0.02) as load:
        load.await_progress(30)
        lied_to(net, "b", load, rnd, LIES)      # transit
        lied_to(net, "c", load, rnd, [])        # an end
    net.settle(60)
    say(load.summary())


run(main, 180)
