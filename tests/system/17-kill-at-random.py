#!/usr/bin/python3
"""kill -9 of one or two daemons at random moments, again and again, also
while they start, with whole nodes among them: the checker finds nothing."""
import os
import random
import time

from lib import Load, Net, run, say

PAIRS = [("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1"), ("SAE-A2", "SAE-B1"),
         ("SAE-B2", "SAE-C2")]
VICTIMS = [(n, d) for n in "abc" for d in ("kma", "ksa", "ksa", "relayd")]
VICTIMS += [("a", "qkdmod:a-b"), ("c", "qkdmod:b-c"), ("b", None)]


def strike(net, rnd):
    """Kills, waits or not, starts, kills perhaps again."""
    victims = {rnd.choice(VICTIMS) for _ in range(rnd.choice((1, 1, 2)))}
    if ("b", None) in victims:
        victims = {("b", None)}
    for again in range(rnd.choice((1, 1, 2))):
        for v in victims:
            net.do("kill", *v)
        time.sleep(rnd.random() * 0.4)
        for v in victims:
            net.do("start", *v)
        time.sleep(rnd.random() * 0.6)


def main():
    seed = int(os.environ.get("QKDNODE_SEED", time.time()))
    say("QKDNODE_SEED=%d" % seed)
    rnd = random.Random(seed)
    net = Net("abc", ["a-b", "b-c"], rate=4000000)
    with Load(net, PAIRS, workers=2, number=24, pause=0.001) as load:
        end = time.monotonic() + 25
        while time.monotonic() < end:
            strike(net, rnd)
            net.oracle.verdict()
        load.await_progress(40)
    net.settle(60)
    say(load.summary())


run(main, 180)
