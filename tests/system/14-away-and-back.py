#!/usr/bin/python3
"""A whole node goes away and comes back; a link goes down, dark and up."""
import time

from lib import Load, Net, run, say

FAR = [("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1")]
NEAR = [("SAE-A1", "SAE-B1"), ("SAE-B1", "SAE-C1")]


def node_away(net, load):
    for verb in ("stop", "kill"):
        net.do(verb, "b")
        time.sleep(4)
        net.do("start", "b")
        began = time.monotonic()
        load.await_progress(40)
        say("b %s and started: supply after %.1f s" % (
            verb, time.monotonic() - began))


def link_away(net, load):
    for state in ("down", "dark"):
        net.link("a-b", state)
        time.sleep(7 if state == "down" else 2)
        net.link("a-b", "up")
        began = time.monotonic()
        load.await_progress(40)
        say("a-b %s and up: supply after %.1f s" % (
            state, time.monotonic() - began))


def main():
    net = Net("abc", ["a-b", "b-c"], rate=2000000)
    with Load(net, FAR + NEAR) as load:
        load.await_progress(20)
        node_away(net, load)
        link_away(net, load)
    net.settle(60)
    say(load.summary())


run(main, 150)
