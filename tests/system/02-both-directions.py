#!/usr/bin/python3
"""Both directions at once, several connections each: no key twice."""
import time

from lib import Load, Net, check, run, say

PAIRS = [("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1"),
         ("SAE-A1", "SAE-B1"), ("SAE-B1", "SAE-A1")]


def main():
    net = Net("abc", ["a-b", "b-c"], rate=4000000)
    with Load(net, PAIRS, workers=2, number=8) as load:
        for _ in range(4):
            time.sleep(2)
            load.await_progress(20)
    check(sum(load.gone.values()) == 0,
          "connections broke: %s" % load.gone)
    net.settle()
    say(load.summary())


run(main)
