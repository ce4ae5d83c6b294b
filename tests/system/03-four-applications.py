#!/usr/bin/python3
"""Four applications at two nodes: each pair has keys of its own."""
import itertools
import time

from lib import Load, Net, check, run, say

SAES = ["SAE-A1", "SAE-A2", "SAE-C1", "SAE-C2"]


def refused(net, other, slave, keys):
    """401 at every node: a third one learns from the source."""
    status, body = net.client(other).dec("SAE-A1", [k.id for k in keys])
    check(status == 401,
          "%s fetching keys of %s: %d %s" % (other, slave, status, body))


def main():
    net = Net("abc", ["a-b", "b-c"], rate=4000000)
    for master, slave in itertools.permutations(SAES, 2):
        net.pair(master, slave, 3)
    say("every pair has keys, those of one node too")
    keys = {s: net.draw("SAE-A1", s, 2) for s in SAES[1:]}
    for other in SAES[1:]:
        for slave, k in keys.items():
            if other != slave:
                refused(net, other, slave, k)
    for k in keys.values():
        net.fetch(k)
    with Load(net, list(itertools.permutations(SAES, 2))) as load:
        time.sleep(3)
        load.await_progress(20)
    net.settle()
    say(load.summary())


run(main)
