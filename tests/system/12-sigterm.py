#!/usr/bin/python3
"""SIGTERM under load: each daemon ends within 10 s with exit code 0, and no
key is lost."""
import os
import signal
import subprocess
import time

from lib import Load, Net, check, equal, run, say

PAIRS = [("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1")]
VICTIMS = [("a", "kma"), ("b", "kma"), ("a", "ksa"), ("c", "ksa"),
           ("a", "relayd"), ("b", "relayd"), ("a", "qkdmod:a-b")]


def ids(pid):
    with open("/proc/%d/status" % pid) as f:
        rows = dict(x.rstrip("\n").split(":\t", 1) for x in f if ":\t" in x)
    return (int(rows["Uid"].split()[0]), int(rows["Gid"].split()[0]),
            [int(g) for g in rows["Groups"].split()])


def adopt(net, node, daemon):
    """Restarts a daemon as it was, but as our child: its exit code is ours
    to see."""
    pid = net.pid(node, daemon)
    uid, gid, groups = ids(pid)
    with open("/proc/%d/cmdline" % pid, "rb") as f:
        words = f.read().rstrip(b"\0").split(b"\0")
    exe, cwd = os.readlink("/proc/%d/exe" % pid), "/"
    umask = 0o027

    def become():
        os.umask(umask)
        if os.geteuid() == 0:
            os.setgroups(groups)
            os.setgid(gid)
            os.setuid(uid)
    net.do("stop", node, daemon)
    log = open(os.path.join(net.base, "adopted.log"), "ab")
    return subprocess.Popen(words, executable=exe, cwd=cwd,
                            preexec_fn=become, stdin=subprocess.DEVNULL,
                            stdout=log, stderr=log)


def ends_well(net, load, node, daemon):
    child = adopt(net, node, daemon)
    load.await_progress(30)
    began = time.monotonic()
    child.send_signal(signal.SIGTERM)
    try:
        code = child.wait(10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise AssertionError("%s %s ignores SIGTERM" % (node, daemon))
    took = time.monotonic() - began
    equal(code, 0, "%s %s: exit code after SIGTERM" % (node, daemon))
    leftovers(net, node, daemon)
    net.do("start", node, daemon)
    load.await_progress(30)
    say("%s %s: ended in %.2f s" % (node, daemon, took))


def leftovers(net, node, daemon):
    """A clean end leaves an empty write-ahead log, or none."""
    store = net.json["nodes"][node]["stores"].get(daemon)
    if store and os.path.exists(store + "-wal"):
        check(os.path.getsize(store + "-wal") == 0,
              "%s-wal is not empty after SIGTERM" % store)


def main():
    net = Net("abc", ["a-b", "b-c"], rate=2000000)
    with Load(net, PAIRS) as load:
        for node, daemon in VICTIMS:
            ends_well(net, load, node, daemon)
    net.settle()
    say(load.summary())


run(main, 150)
