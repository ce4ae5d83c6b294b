#!/usr/bin/python3
"""QKD blocks that are lost or differ at one end: never unequal keys, and
supply goes on."""
import time

from lib import Load, Net, equal, run, say

PAIRS = [("SAE-A1", "SAE-B1"), ("SAE-B1", "SAE-A1")]
MODULE = "qkdmod:a-b"


def lost(net, load):
    """At one end, at the other, at both."""
    for nodes in "a", "b", "ab":
        for node in nodes:
            r = net.ctl(node, MODULE, "lose 7")
            equal(r.get("error"), None, "lose")
        time.sleep(1)
        load.await_progress(20)
    say("lost blocks: supply goes on")


def differing(net, load):
    net.link("a-b", "noise")
    time.sleep(4)
    net.oracle.verdict()
    net.link("a-b", "up")
    load.await_progress(30)
    say("noise has passed: supply goes on")


def restarted(net, load):
    """The module forgets its buffer and its position."""
    for node in "ab":
        net.ctl(node, MODULE, "restart")
        load.await_progress(30)
    say("modules restarted: supply goes on")


def main():
    # Little stock, so that what is supplied is what comes in.
    net = Net("ab", ["a-b"], rate=2000000, settings=[
        "link_stock_max=32", "pool_low=32768", "pool_high=65536"])
    with Load(net, PAIRS, number=16) as load:
        load.await_progress(20)
        lost(net, load)
        differing(net, load)
        restarted(net, load)
    net.settle()
    say(load.summary())


run(main, 120)
