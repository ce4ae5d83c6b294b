#!/usr/bin/python3
"""Scarce link key: who draws by many connections through a node leaves
another one that relays there its part, and that node's own applications."""
import threading

from lib import Net, check, equal, run, say, wait_for

SETTINGS = ["block_octets=2048", "pool_low=2048", "pool_high=4096"]
RATE = 120000			# bits/s: 4 blocks a second in each direction
ENOUGH = 10 * 1824		# octets, ten blocks
GREEDY, OTHER, OWN = "SAE-A1", "SAE-C1", "SAE-B1"


class Drawer:
    """Connections of one application that ask again and again."""

    def __init__(self, net, master, slaves, connections):
        self.net, self.master = net, master
        self.octets, self.faults = 0, []
        self.ended, self.lock = threading.Event(), threading.Lock()
        self.threads = [threading.Thread(
            target=self.work, args=(slaves[i % len(slaves)],), daemon=True)
            for i in range(connections)]

    def work(self, slave):
        c = self.net.client(self.master, timeout=40)
        while not self.ended.is_set():
            status, body = c.enc(slave, 8, 256)
            with self.lock:
                if status == 200:
                    self.net.oracle.drawn(self.master, slave, body, 8, 256)
                    self.octets += 256
                elif status != 503:
                    self.faults.append("%d %s" % (status, body))
                    return


def way_onwards(net):
    return [x for x in net.ctl("b", "kma")["links"]
            if x["peer"] == "KME-D"][0]


def main():
    net = Net("abcd", ["a-b", "b-c", "b-d"], rate=RATE, settings=SETTINGS)
    greedy = Drawer(net, GREEDY, ["SAE-D1", "SAE-D2"], 16)
    others = [Drawer(net, m, ["SAE-D1"], 2) for m in (OTHER, OWN)]
    all_ = [greedy, *others]
    for t in greedy.threads:
        t.start()
    wait_for("the greedy one to be served", lambda: greedy.octets > 8192)
    for d in others:
        for t in d.threads:
            t.start()
    before = greedy.octets
    wait_for("all others to be served", lambda: all(
        d.octets >= ENOUGH for d in others) or any(
        d.faults for d in all_), 60)
    got = greedy.octets - before
    equal([d.faults for d in all_], [[], [], []], "answers")
    say("greedy %d, other %d, own %d octets" % (
        got, *(d.octets for d in others)))
    for d in others:
        check(got <= 3 * d.octets, "%s has %d octets, the greedy one %d" %
              (d.master, d.octets, got))
    link = way_onwards(net)
    say("at b: %s, %s" % (link["waiting"], link["counters"]))
    check(link["counters"]["dealt_own"] >= 10 and
          link["counters"]["dealt_transit"] >= 14, link)
    for d in all_:
        d.ended.set()
    for d in all_:
        for t in d.threads:
            t.join(40)
    net.all_alive()


run(main)
