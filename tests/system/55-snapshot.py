#!/usr/bin/python3
"""A snapshot of a running node, all of its folder, is used on and then comes
back: what it still holds as fresh has been used, and is void before an octet
of it is used again."""
import os
import shutil
import signal
import sqlite3
import subprocess

from lib import Net, check, run, say, wait_for

BOTH = [("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1"), ("SAE-A1", "SAE-B1"),
        ("SAE-B1", "SAE-A1")]


def rows(path, sql):
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        return set(db.execute(sql).fetchall())
    finally:
        db.close()


def pads(folder):
    """Link key that both ends agree on and nobody has used."""
    return rows(folder + "/kma/keys.db",
                "SELECT key FROM link_block WHERE state = 1")


def own_blocks(folder):
    """Pool blocks that this node cuts keys off: (peer, serial, used)"""
    return rows(folder + "/ksa/keys.db", "SELECT km, serial, used FROM block "
                "JOIN peer ON peer.id = peer WHERE direction = 0 AND "
                "state = 1 AND km <> 'KME-A'")


def snapshot(net, node, copy):
    """All at one moment: nothing runs while it is taken."""
    pids = list(net.json["nodes"][node]["pids"].values())
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        subprocess.run(["cp", "-a", os.path.join(net.dir, node), copy],
                       check=True)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def restore(net, node, copy):
    """The machine as it was then, its run directory included."""
    net.do("kill", node)
    folder = os.path.join(net.dir, node)
    gone = {"pads": pads(folder), "blocks": own_blocks(folder)}
    shutil.rmtree(folder)
    subprocess.run(["cp", "-a", copy, folder], check=True)
    return gone


def use(net, times):
    for _ in range(times):
        for master, slave in BOTH:
            net.pair(master, slave, 64)


def stale_stock(then, now):
    """What the copy holds as fresh and was used since."""
    spent = then["pads"] - now["pads"]
    used = {(km, serial) for km, serial, used in then["blocks"]
            if (km, serial, used) not in now["blocks"]}
    say("the copy has %d link key blocks and %d pool blocks that were used "
        "since" % (len(spent), len(used)))
    check(spent and used, "nothing was used: the test shows nothing")
    return spent, used


def nothing_left(net, folder, spent, used):
    """With the daemons running, as an operator looks."""
    wait_for("the stale link key to be void",
             lambda: not pads(folder) & spent, 20)
    wait_for("the stale pool blocks to be void",
             lambda: not {(k, s) for k, s, _ in own_blocks(folder)} & used,
             20)


def main():
    net = Net("abc", ["a-b", "b-c"], rate=4000000, settings=[
        "pool_low=16384", "pool_high=32768"])
    use(net, 2)
    folder, copy = os.path.join(net.dir, "a"), net.base + "/copy"
    snapshot(net, "a", copy)
    then = {"pads": pads(copy), "blocks": own_blocks(copy)}
    use(net, 24)        # several times what is in any pool
    spent, used = stale_stock(then, restore(net, "a", copy))
    net.do("start", "a")
    for master, slave in BOTH:
        net.await_supply(master, slave, 40)
    nothing_left(net, folder, spent, used)
    use(net, 24)        # the checker compares each octet with all before
    say("the copy came back: no octet again, supply goes on")


run(main, 120)
