#!/usr/bin/python3
"""Ten nodes, linked like a street with side roads: all come up, every node
knows every link, and every ordered pair is supplied; then a node in the middle
dies, and all others are supplied by other ways."""
import itertools
import time

from lib import Load, Net, run, say, wait_for

NODES = "abcdefghij"
LINKS = ["a-b", "b-c", "c-d", "d-e", "e-f", "f-g", "g-h", "h-i", "i-j",
         "a-j", "b-i", "c-h", "d-g"]
VICTIM = "h"


def sae(node):
    return "SAE-%s1" % node.upper()


def pairs(nodes):
    return [(sae(x), sae(y)) for x, y in itertools.permutations(nodes, 2)]


def known(net, node):
    return {(n["kme_id"], l["peer"]) for n in
            net.ctl(node, "kma", "route")["nodes"] for l in n["links"]}


def main():
    net = Net(NODES, LINKS, rate=1000000, settings=[
        "pool_low=4096", "pool_high=8192", "link_stock_max=64"])
    began = time.monotonic()
    wait_for("every link to be known everywhere", lambda: all(
        len(known(net, n)) == 2 * len(LINKS) for n in NODES), 40)
    say("every link is known everywhere: %.1f s" % (time.monotonic() - began))
    with Load(net, pairs(NODES), pause=2) as load:
        load.await_progress(60)
        say("all pairs are supplied: %.1f s" % (time.monotonic() - began))
        net.do("kill", VICTIM)
        load.await_progress(60, pairs(NODES.replace(VICTIM, "")))
        say("without %s: %.1f s" % (VICTIM, time.monotonic() - began))
        net.do("start", VICTIM)
        load.await_progress(60)
        say("with it again: %.1f s" % (time.monotonic() - began))
    net.settle(60)
    say(load.summary())


run(main, 200)
