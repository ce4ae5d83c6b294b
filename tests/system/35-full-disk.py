#!/usr/bin/python3
"""The disk of a node is full: 503 that says so, no key lost or used twice;
with room again, supply resumes by itself."""
import os

import disks
from lib import Load, Net, check, run, say, wait_for

PAIRS = [("SAE-A1", "SAE-B1"), ("SAE-B1", "SAE-A1")]


def fill(folder):
    """To the last octet; the name of the file that takes the room."""
    path = os.path.join(folder, "filler")
    with open(path, "wb", buffering=0) as f:
        for size in (1 << 20, 4096, 1):
            try:
                while f.write(b"\0" * size) == size:
                    pass
            except OSError:
                pass
    return path


def refused(net):
    status, body = net.client("SAE-A1").enc("SAE-B1")
    if status == 200:
        net.oracle.drawn("SAE-A1", "SAE-B1", body, 1, 256)
        return False
    check(status == 503, "a full disk: %d %s" % (status, body))
    return "store" in body["message"] or "octets" in body["message"]


def full(net, node, daemon, folder):
    with Load(net, PAIRS, workers=2, number=8) as load:
        load.await_progress()
        filler = fill(folder)
        wait_for("the refusal of keys", lambda: refused(net), 30)
        say("disk of %s of %s is full: 503" % (daemon, node))
        os.unlink(filler)
        load.await_progress(40)
    net.settle(40)
    say("with room again, supply resumes: " + load.summary())


def main():
    net = Net("ab", ["a-b"], settings=[
        "pool_low=8192", "pool_high=16384", "link_stock_max=64"])
    folders = {d: os.path.dirname(p) for d, p in
               net.json["nodes"]["a"]["stores"].items()}
    net.do("stop", "a")
    for folder in folders.values():
        disks.move_onto(folder, "-t", "tmpfs", "-o", "size=8m", "tmpfs")
    net.do("start", "a")
    net.await_supply("SAE-A1", "SAE-B1")
    full(net, "a", "ksa", folders["ksa"])
    full(net, "a", "kma", folders["kma"])


disks.own_namespace()
run(main, 150)
