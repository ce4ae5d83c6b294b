#!/usr/bin/python3
"""A store that fails its check, or that another key sealed, stops the daemon
with a clear message; with the good one back, supply resumes."""
import os
import shutil

from lib import Net, check, run, say

M, S = "SAE-A1", "SAE-B1"


def damage_pages(path):
    size = os.path.getsize(path)
    with open(path, "r+b") as f:
        for at in range(4096, size, 4096):
            f.seek(at)
            f.write(b"\xa5" * 64)


def cut_off(path):
    os.truncate(path, os.path.getsize(path) // 2)


def not_a_store(path):
    with open(path, "r+b") as f:
        f.write(b"This is not a database" * 200)


def refuses(net, daemon, path, hurt, what):
    """The daemon does not start and says which file is at fault."""
    net.do("stop", "a", daemon)
    shutil.copy2(path, net.base + "/good")
    hurt(path)
    try:
        net.do("start", "a", daemon)
    except AssertionError as e:
        check(path in str(e), "%s, %s: the message does not name %s: %s" % (
            daemon, what, path, e))
    else:
        raise AssertionError("%s starts with %s" % (daemon, what))
    put_back(net, path)
    net.do("start", "a", daemon)
    net.await_supply(M, S, 40)
    say("%s: refused: %s" % (daemon, what))


def put_back(net, path):
    """Into the same file, so that owner and mode stay."""
    with open(net.base + "/good", "rb") as good, open(path, "r+b") as f:
        f.truncate(0)
        f.write(good.read())


def main():
    net = Net("ab", ["a-b"])
    net.pair(M, S, 8)
    for daemon, path in net.json["nodes"]["a"]["stores"].items():
        for hurt, what in ((damage_pages, "damaged pages"),
                           (cut_off, "half of the file"),
                           (not_a_store, "another kind of file")):
            refuses(net, daemon, path, hurt, what)
        key = net.option("a", daemon, "node_key")
        refuses(net, daemon, key, lambda p: open(p, "w").write("zz"),
                "a node key that is none")
    net.settle()


run(main, 120)
