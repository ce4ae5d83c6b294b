#!/usr/bin/python3
"""A process of an idle pair of nodes restarts: the other node notices without
any traffic, and the first request after that is served at once."""
import os
import time

from lib import Net, run, say, wait_for

# Process that restarts at b, and the line that says so at a.
CASES = [("relayd", "relayd", "Kx peer up peer=KME-B"),
         ("kma", "kma", "link state link=a-b peer=KME-B state=up"),
         ("ksa", "ksa", "peer is up peer=KME-B")]


def lines(net, daemon, text):
    with open(os.path.join(net.dir, "a", "log", daemon + ".log"),
              errors="replace") as f:
        return sum(text in line for line in f)


def ready(net):
    return all(net.ctl(n, d)["ready"] for n in "ab"
               for d in ("kma", "ksa", "relayd"))


def main():
    net = Net("ab", ["a-b"], rate=2000000)
    for victim, daemon, text in CASES:
        for verb in ("stop", "kill"):
            wait_for("everything to be ready", lambda: ready(net), 20)
            time.sleep(1)           # idle
            before = lines(net, daemon, text)
            net.do(verb, "b", victim)
            net.do("start", "b", victim)
            began = time.monotonic()
            wait_for("a to notice", lambda: lines(net, daemon, text) > before,
                     20)
            wait_for("everything to be ready", lambda: ready(net), 20)
            say("%s %s: noticed and ready after %.1f s" % (
                verb, victim, time.monotonic() - began))
            net.pair("SAE-A1", "SAE-B1")
            net.pair("SAE-B1", "SAE-A1")


run(main, 150)
