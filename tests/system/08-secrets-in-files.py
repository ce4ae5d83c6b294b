#!/usr/bin/python3
"""No key stands in any file, in an environment or on a command line: neither
delivered ones nor pending ones nor those still in pools nor link keys."""
import os
import stat
import time

import simulated
from lib import Load, Net, check, need_root, run, say
from needles import Needles

PAIRS = [("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1"), ("SAE-A1", "SAE-B1")]


def on_disk(net):
    """(name, octets) of every file of the network."""
    for folder, _, names in os.walk(net.dir):
        for name in names:
            path = os.path.join(folder, name)
            try:
                if stat.S_ISREG(os.lstat(path).st_mode):
                    with open(path, "rb") as f:
                        yield path, f.read()
            except FileNotFoundError:       # a -shm or -wal that went away
                pass


def of_processes(net):
    for node, n in net.json["nodes"].items():
        for daemon, pid in n["pids"].items():
            for what in ("environ", "cmdline"):
                with open("/proc/%d/%s" % (pid, what), "rb") as f:
                    yield "%s of %s %s" % (what, node, daemon), f.read()


def secrets(net):
    n = Needles()
    for key in net.oracle.octets():
        n.add(key, "a key")
    for name, link in simulated.of_network(net).items():
        for i in range(1, min(simulated.produced(net, name), 600) + 1):
            n.add(link.block(i)[:2048], "link key block %d of %s" % (i, name),
                  forms=i < 40)
    return n


def search(needles, snapshot, when):
    total = 0
    for path, data in snapshot:
        total += len(data)
        found = needles.search(data)
        check(not found, "%s, %s: %s" % (when, path, ", ".join(found[:5])))
    say("%s: nothing in %d files, %d KiB, of %d secrets" % (
        when, len(snapshot), total >> 10, needles.n))


def planted(net, needles):
    """The search would find a key in a file."""
    path = os.path.join(net.dir, "planted")
    with open(path, "wb") as f:
        f.write(b"key=" + net.oracle.octets()[0].hex().encode())
    check(any(needles.search(data) for p, data in on_disk(net) if p == path),
          "the search does not find a planted key")
    os.unlink(path)


def main():
    need_root()
    net = Net("abc", ["a-b", "b-c"])
    with Load(net, PAIRS) as load:
        time.sleep(2)
        running = list(on_disk(net)) + list(of_processes(net))
        load.await_progress(20)
    pending = net.draw("SAE-A1", "SAE-C1", 32)
    time.sleep(0.5)
    idle = list(on_disk(net)) + list(of_processes(net))
    for _ in range(8):                  # what was in pools at that time
        net.pair("SAE-A1", "SAE-C1", 128)
        net.pair("SAE-A1", "SAE-B1", 128)
    for node in "abc":
        net.do("kill", node)
    dead = list(on_disk(net))
    for node in "abc":
        net.do("start", node)
    needles = secrets(net)
    planted(net, needles)
    search(needles, running, "under load")
    search(needles, idle, "with %d keys pending" % len(pending))
    search(needles, dead, "after kill -9")
    net.settle()


run(main, 150)
