#!/usr/bin/python3
"""Three booted hosts in a chain: the package is installed, nodes are made and
joined, applications of both protocols draw and fetch; meanwhile daemons are
killed, hosts lose power, the package is upgraded; no key is lost, differs or
comes twice."""
import os
import random
import time

from hostnet import HostNet, unit
from lib import Load, check, equal, run, say, wait_for
from sessionbook import Book
from sessionload import SessionLoad

import rootfs

PAIRS = [("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-B1"), ("SAE-B1", "SAE-A1")]
SESSIONS = [("SAE-A2", "SAE-C2"), ("SAE-C2", "SAE-B2")]
SECONDS = 90            # for supply to come back, on a busy machine


class Both:
    """The load of both protocols."""

    def __init__(self, net, rnd):
        self.net = net
        self.keys = Load(net, PAIRS, pause=0.02)
        self.book = Book(net)
        self.sessions = SessionLoad(net, self.book, rnd, SESSIONS)

    def __enter__(self):
        self.keys.__enter__()
        self.sessions.__enter__()
        return self

    def __exit__(self, *_):
        self.keys.ended.set()
        self.sessions.__exit__()
        self.keys.__exit__()

    def go_on(self, after):
        self.keys.await_progress(SECONDS)
        self.sessions.await_progress(SECONDS)
        say("supply goes on", after, "-", self.keys.summary(), "-",
            self.sessions.summary())


def kills(net, rnd):
    for _ in range(6):
        n = rnd.choice("abc")
        net.kill(n, rnd.choice(net.daemons(n)))
        time.sleep(rnd.random() * 2)


def power(net, rnd, name):
    net.power_off(name)
    time.sleep(1 + rnd.random() * 3)
    net.power_on(name)


def upgrade(net, deb, name):
    host = net.hosts[name]
    host.install(deb)
    check("+next" in host.run("dpkg-query", "-W", "-f", "${Version}",
                              "qkdnode"), "the version of " + name)
    for d in net.daemons(name):
        wait_for("%s of %s to run after the upgrade" % (d, name),
                 lambda: net.active(name, d))


def enabled(net):
    for n in "abc":
        for d in net.daemons(n):
            equal(net.hosts[n].run("systemctl", "is-enabled", unit(d)).strip(),
                  "enabled", "%s of %s" % (d, n))


def main():
    seed = int(os.environ.get("QKDNODE_SEED", time.time()))
    say("QKDNODE_SEED=%d" % seed)
    rnd = random.Random(seed)
    net = HostNet("abc", ["a-b", "b-c"])
    enabled(net)
    deb = rootfs.next_version(net.hosts.debs["qkdnode"], net.base)
    for pair in PAIRS:
        net.await_supply(*pair, seconds=SECONDS)
    with Both(net, rnd) as load:
        load.go_on("at the start")
        kills(net, rnd)
        load.go_on("after kills")
        for n in "abc":
            power(net, rnd, n)
            load.go_on("after a loss of power at " + n)
        for n in "abc":
            upgrade(net, deb, n)
        load.go_on("after the upgrade")
    load.sessions.fine()
    net.settle(SECONDS)
    load.book.settled(SECONDS)
    say("%d keys, all of them agreed upon" % (len(net.oracle.keys) +
                                             len(load.book.keys)))


run(main, 600)
