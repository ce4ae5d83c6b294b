#!/usr/bin/python3
"""kill -9 of each daemon in turn under load, at the source, in transit and
at the destination: no key twice, none lost, supply resumes by itself."""
import time

from lib import SHORT, Load, Net, run, say

PAIRS = [("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1"), ("SAE-A2", "SAE-B1")]
VICTIMS = [("a", "kma"), ("b", "kma"), ("c", "kma"),
           ("a", "ksa"), ("b", "ksa"), ("c", "ksa"),
           ("a", "relayd"), ("b", "relayd"), ("c", "relayd"),
           ("a", "qkdmod:a-b"), ("b", "qkdmod:b-c"), ("c", "qkdmod:b-c")]
FEW = [("b", "kma"), ("c", "ksa"), ("a", "relayd"), ("b", "qkdmod:b-c")]


def main():
    net = Net("abc", ["a-b", "b-c"], rate=2000000)
    with Load(net, PAIRS, workers=2) as load:
        load.await_progress(20)
        for node, daemon in FEW if SHORT else VICTIMS:
            net.do("kill", node, daemon)
            time.sleep(0.7)
            net.do("start", node, daemon)
            began = time.monotonic()
            load.await_progress(30)
            say("%s %s: supply after %.1f s" % (
                node, daemon, time.monotonic() - began))
    net.settle(60)
    say(load.summary())


run(main, 200)
