#!/usr/bin/python3
"""Power cuts under load: what was not on the disk of a node is gone, and yet
no key is lost or used twice."""
import glob
import os
import random
import time

import disks
from lib import Load, Net, run, say

PAIRS = [("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1"), ("SAE-B1", "SAE-A2")]
ROUNDS = 3


def cut(net, node, stores, rnd):
    """The disks first, so that the daemons see writes that fail; then all
    that a machine without power forgets."""
    order = rnd.sample(stores, len(stores))
    for disk in order:
        disk.cut_power()
    time.sleep(rnd.random() * 0.1)
    net.do("kill", node)
    for disk in order:
        disk.power_on()
    run_dir = net.option(node, "ksa", "run_dir")
    for path in glob.glob(run_dir + "/ctl-*/witness*"):
        os.unlink(path)
    net.do("start", node)


def main():
    rnd = random.Random()
    net = Net("abc", ["a-b", "b-c"], rate=4000000)
    disk = {}
    for node in "ab":
        net.do("stop", node)
        disk[node] = [
            disks.Disk(os.path.dirname(path),
                       "%s/%s-%s.img" % (net.base, node, daemon))
            for daemon, path in net.json["nodes"][node]["stores"].items()]
        net.do("start", node)
    for master, slave in PAIRS:
        net.await_supply(master, slave)
    with Load(net, PAIRS, workers=2, number=16, pause=0.001) as load:
        for _ in range(ROUNDS):
            for node in "ab":
                load.await_progress(40)
                cut(net, node, disk[node], rnd)
                net.oracle.verdict()
        load.await_progress(40)
    net.settle(60)
    say("%d power cuts: %s" % (2 * ROUNDS, load.summary()))


disks.own_namespace()
run(main, 150)
