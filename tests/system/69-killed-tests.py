#!/usr/bin/python3
"""Booted hosts of a test that was killed, at whatever moment, are gone when
the next one begins: no process, wire, namespace, cgroup, mount or file."""
import os
import shutil
import signal
import tempfile
import time

from lib import BUILD, Skip, check, equal, run, say, wait_for

import cgroups
import hosts

MOMENTS = [(hosts.Host, "_nspawn", "wired, not booted"),
           (hosts.Host, "_up", "it boots, nobody knows its first process"),
           (hosts.Hosts, "install", "up")]


def until_killed(folder, owner, method):
    """A test that gets as far as this."""
    def wait(*_):
        with open(os.path.join(folder, "there"), "w"):
            time.sleep(600)
    setattr(owner, method, wait)
    try:
        hosts.Hosts(os.path.join(folder, "hosts"), ["a"], BUILD).up().install()
    finally:
        os._exit(1)


def killed(folder, owner, method):
    """What it had, as Hosts."""
    pid = os.fork()
    if pid == 0:
        until_killed(folder, owner, method)
    try:
        wait_for("the host", lambda: os.path.exists(os.path.join(
            folder, "there")) or check(os.waitpid(pid, os.WNOHANG)[0] == 0,
                                       "the test ended by itself"), 200)
        return hosts.Hosts.load(os.path.join(folder, "hosts"))
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def mark(trace):
    """Of what a path or a pid means now: another test may take the same
    names afterwards. None: there is no such thing."""
    if isinstance(trace, int):
        return hosts.since(trace)
    return os.stat(trace).st_ino if os.path.exists(trace) else None


def traces(net):
    host = net["a"]
    groups = ["%s/%s" % (r, host.label) for r in cgroups.roots()]
    had = ["/sys/class/net/" + net.bridge, "/sys/class/net/" + host.veth,
           "/run/netns/" + host.label, host.dir, host.root, *groups]
    had += [p for g in groups for p in cgroups.members(g)]
    return {t: mark(t) for t in had if mark(t) is not None}


def all_gone(owner, method, moment):
    folder = tempfile.mkdtemp(prefix="qkdnode-killed.")
    try:
        had = traces(killed(folder, owner, method))
        check(len(had) > 4, "%s: it had only %s" % (moment, list(had)))
        hosts.reclaim()
        equal([t for t, m in had.items() if mark(t) == m], [],
              "what is left: " + moment)
        say("killed when", moment, "-", len(had), "traces are gone")
    finally:
        shutil.rmtree(folder)


def main():
    if (reason := hosts.require()):
        raise Skip(reason)
    for m in MOMENTS:
        all_gone(*m)


run(main, 600)          # the package may have to be built first
