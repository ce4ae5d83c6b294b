#!/usr/bin/python3
"""kill -9 of random daemons of four nodes, again and again, while masters
draw for slaves at several of them: the checker finds nothing."""
import os
import random
import time

from lib import Net, run, say
from multiload import MultiLoad

VICTIMS = [(n, d) for n in "abcd" for d in ("ksa", "ksa", "relayd")]
VICTIMS += [("a", "kma"), ("b", None), ("d", None)]


def strike(net, rnd):
    """One or two are killed, and perhaps again while they start."""
    victims = rnd.sample(VICTIMS[:-2], 2) if rnd.random() < 0.4 else \
        [rnd.choice(VICTIMS)]
    for _ in range(rnd.choice((1, 1, 2))):
        for v in set(victims):
            net.do("kill", *v)
        time.sleep(rnd.random() * 0.3)
        for v in set(victims):
            net.do("start", *v)
        time.sleep(rnd.random() * 0.5)


def main():
    seed = int(os.environ.get("QKDNODE_SEED", time.time()))
    say("QKDNODE_SEED=%d" % seed)
    rnd = random.Random(seed)
    net = Net("abcd", ["a-b", "b-c", "c-d"], rate=30000000)
    with MultiLoad(net) as load:
        load.await_progress()
        end = time.monotonic() + 15
        while time.monotonic() < end:
            strike(net, rnd)
            net.oracle.verdict()
        load.await_progress(40)
    net.settle(60)
    say("%d keys fetched by their slaves" % load.done)


run(main, 150)
