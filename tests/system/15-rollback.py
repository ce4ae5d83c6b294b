#!/usr/bin/python3
"""Older copies of a node's stores come back: no octet of key is used again,
and supply resumes."""
import os
import shutil
import subprocess

from lib import Net, check, run, say

BOTH = [("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1"), ("SAE-A1", "SAE-B1"),
        ("SAE-B1", "SAE-A1")]


def folders(net, node):
    return {name: os.path.dirname(path) for name, path in
            net.json["nodes"][node]["stores"].items()}


def save(net, node):
    """With the node stopped."""
    for name, path in folders(net, node).items():
        subprocess.run(["cp", "-a", path, "%s/old-%s-%s" % (
            net.base, node, name)], check=True)


def restore(net, node, name):
    path, old = folders(net, node)[name], "%s/old-%s-%s" % (
        net.base, node, name)
    check(os.path.isdir(old), "no copy of " + path)
    shutil.rmtree(path)
    subprocess.run(["cp", "-a", old, path], check=True)


def use(net, times=3):
    for master, slave in BOTH:
        for _ in range(times):
            net.pair(master, slave, 64)


def rolled_back(net, node, names):
    net.do("stop", node)
    for name in names:
        restore(net, node, name)
    net.do("start", node)
    for master, slave in BOTH:
        net.await_supply(master, slave, 40)
    use(net)
    say("%s of %s rolled back: no key again" % (" and ".join(names), node))


def main():
    net = Net("abc", ["a-b", "b-c"], rate=4000000)
    use(net, 1)
    for node in "ab":
        net.do("stop", node)
        save(net, node)
        net.do("start", node)
    for master, slave in BOTH:
        net.await_supply(master, slave, 40)
    use(net)
    for node, names in (("a", ["ksa"]), ("a", ["kma"]), ("b", ["kma"]),
                        ("a", ["kma", "ksa"])):
        rolled_back(net, node, names)


run(main, 150)
