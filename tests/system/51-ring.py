#!/usr/bin/python3
"""Six nodes in a ring with a chord, every ordered pair drawing keys, while
links are cut, dark or noisy, and processes and a node die: no key twice or
unequal, each that was given can be fetched, supply resumes by itself, and at
once by another way where there is one."""
import itertools
import os
import random
import time

from lib import SHORT, Load, Net, run, say, wait_for

NODES = "abcdef"
LINKS = ["a-b", "b-c", "c-d", "d-e", "e-f", "a-f", "a-d"]
PAIRS = [("SAE-%s1" % x.upper(), "SAE-%s1" % y.upper())
         for x, y in itertools.permutations(NODES, 2)]
OVER_A = [("SAE-B2", "SAE-F2"), ("SAE-F2", "SAE-D2")]   # by the shortest way
OVER_AD = [("SAE-A2", "SAE-D2"), ("SAE-D2", "SAE-A2")]
POOL, STOCK = 16384, 16 * 4096


def resumed(load, what):
    began = time.monotonic()
    load.await_progress(30)
    say("%s: all supplied %.1f s after it" % (what, time.monotonic() - began))


def cut(net, load, rnd):
    for state in ("down", "noise"):
        link = rnd.choice(LINKS)
        net.link(link, state)
        time.sleep(1.5)
        net.link(link, "up")
        resumed(load, "%s %s" % (link, state))


def strike(net, load, rnd):
    """Each kind of process, at a node that the seed chooses."""
    for kind in ("kma", "ksa", "relayd", "qkdmod"):
        node = rnd.choice(NODES)
        daemon = kind if kind != "qkdmod" else "qkdmod:" + rnd.choice(
            [x for x in LINKS if node in x])
        net.do("kill", node, daemon)
        time.sleep(0.5)
        net.do("start", node, daemon)
        resumed(load, "%s of %s killed" % (daemon, node))


def away(net, load, rnd):
    node = rnd.choice(NODES)
    net.do("kill", node)
    time.sleep(1)
    load.await_progress(30, [p for p in load.pairs
                             if "SAE-%s1" % node.upper() not in p])
    net.do("start", node)
    resumed(load, "node %s away" % node)


def goes_round(net, pairs, octets):
    """More than any stock on the way has, so that it was relayed anew."""
    with Load(net, pairs, number=64, sizes=(1024,)) as load:
        wait_for("supply by another way", lambda: all(
            load.done[p] * 128 > octets for p in pairs), 25)


def no_key(net):
    net.link("a-d", "dark")
    goes_round(net, OVER_AD, 2 * POOL + STOCK)
    net.link("a-d", "up")
    say("a-d dark: supplied by another way")


def no_kma(net):
    net.do("kill", "a", "kma")
    goes_round(net, OVER_A, 2 * POOL)
    net.do("start", "a", "kma")
    say("kma of a dead: others are supplied by another way")


def main():
    seed = int(os.environ.get("QKDNODE_SEED", time.time()))
    say("QKDNODE_SEED=%d" % seed)
    rnd = random.Random(seed)
    net = Net(NODES, LINKS, rate=2000000, settings=[
        "pool_low=%d" % (POOL // 2), "pool_high=%d" % POOL,
        "link_stock_max=%d" % (STOCK // 4096)])
    with Load(net, PAIRS, pause=0.4) as load:
        load.await_progress(30)
        no_key(net)
        no_kma(net)
        resumed(load, "kma of a")
        cut(net, load, rnd)
        if not SHORT:
            strike(net, load, rnd)
        away(net, load, rnd)
    net.settle(60)
    say(load.summary())


run(main, 180)
