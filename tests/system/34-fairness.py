#!/usr/bin/python3
"""Scarce key: equal shares for the applications that compete for it, quotas
with words, a status that is true meanwhile, and requests of every size."""
import os
import re
import signal
import threading
import time

from lib import Net, check, equal, run, say, wait_for

SETTINGS = ["pool_low=16384", "pool_high=32768", "relay_wait=3000"]
M1, M2, S = "SAE-A1", "SAE-A2", "SAE-B1"


class Drawer:
    """Connections of one application that ask again and again."""

    def __init__(self, net, master, number, size, connections):
        self.net, self.ended = net, threading.Event()
        self.ask = (S, number, size)
        self.master, self.octets, self.refused = master, 0, 0
        self.lock, self.faults = threading.Lock(), []
        self.threads = [threading.Thread(target=self._work, daemon=True)
                        for _ in range(connections)]

    def _work(self):
        c = self.net.client(self.master, timeout=30)
        while not self.ended.is_set():
            status, body = c.enc(*self.ask)
            with self.lock:
                if status == 200:
                    self.net.oracle.drawn(self.master, S, body,
                                          *self.ask[1:])
                    self.octets += self.ask[1] * self.ask[2] // 8
                elif status == 503:
                    self.refused += 1
                else:
                    self.faults.append("%d %s" % (status, body))

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for t in self.threads:
            t.join(40)
        check(not self.faults, self.faults[:3])


def stored(net, master, slave=S):
    status, body = net.client(master).status(slave)
    equal(status, 200, "status")
    check(body["stored_key_count"] <= body["max_key_count"], body)
    return body["stored_key_count"]


def compete(net, seconds, *drawers):
    """Octets that each got while all of them wanted more."""
    for d in drawers:
        d.__enter__()
    time.sleep(1.5)                     # what was in stock is gone
    before = [d.octets for d in drawers]
    time.sleep(seconds)
    got = [d.octets - b for d, b in zip(drawers, before)]
    for d in drawers:
        d.__exit__()
    return got


def even(got, text):
    say("%s: %s octets" % (text, got))
    check(min(got) > 0 and max(got) < 1.5 * min(got), "%s: %s" % (text, got))


def shares(net):
    even(compete(net, 4, Drawer(net, M1, 8, 1024, 50),
                 Drawer(net, M2, 8, 1024, 1)), "50 connections against one")
    got = compete(net, 4, Drawer(net, M1, 16, 8192, 2),
                  Drawer(net, M2, 8, 256, 4))
    even(got, "16 KiB against 256 octets a request")


def large_one_waits(net):
    """What can never be served leaves others half of what is there."""
    net.link("a-b", "dark")
    while net.client(M2).enc(S, 128, 256)[0] == 200:
        pass
    net.link("a-b", "up")
    wait_for("stock", lambda: stored(net, M2) >= 900, 40)
    net.link("a-b", "dark")
    time.sleep(1)                       # what was on its way
    large = Drawer(net, M1, 128, 65536, 2)
    with large:
        wait_for("the large one to wait", lambda: [
            p for p in net.ctl("a", "ksa")["pools"]
            if p["peer"] == "KME-B" and p.get("waiting")])
        n = stored(net, M2)
        check(n >= 300, "only %d keys are left to others" % n)
        c = net.client(M2)
        for at in range(0, n, 50):
            net.draw(M2, S, min(50, n - at), client=c)
        say("%d keys drawn while a large request waits" % n)
        large.ended.set()
    check(large.octets == 0 and large.refused > 0, "1 MiB from 32 KiB")
    net.link("a-b", "up")


def set_quotas(net, text, rate):
    """Into ksa.conf of a, read by SIGHUP."""
    path = net.conf("a", "ksa")
    with open(path) as f:
        conf = re.sub(r"quotas = \([^)]*\);\n", "", f.read())
    conf = re.sub(r'(\{ id = "SAE-A1"; km = "KME-A";)[^}]*', r"\1 " + rate,
                  conf)
    with open(path, "w") as f:
        f.write(conf + "quotas = (%s);\n" % text)
    os.kill(net.pid("a", "ksa"), signal.SIGHUP)


def refusal(net, master, slave, number, size):
    status, body = net.client(master).enc(slave, number, size)
    equal(status, 503, "enc_keys beyond a quota: %s" % body)
    return body["message"]


def quotas(net):
    wait_for("stock", lambda: stored(net, M2) >= 500, 40)
    set_quotas(net, '{ master = "SAE-A1"; slave = "SAE-B1"; rate = 1; '
               'burst = 3200; }', "rate = 1000; burst = 4800;")
    wait_for("the quota", lambda: stored(net, M1) == 100)
    equal(stored(net, M1, "SAE-B2"), 150, "what the quota of A1 leaves")
    check(stored(net, M2) >= 500, "the quota is not that of A2")
    words = refusal(net, M1, S, 101, 256)
    check("SAE-B1 is 1 octets/s, 3200 octets at once: 3232 are needed" in
          words and "may not be of more" in words, words)
    keys = net.draw(M1, S, 64) + net.draw(M1, S, 36)
    equal(stored(net, M1), 0, "status after the quota was drawn")
    words = refusal(net, M1, S, 1, 256)
    check("for SAE-B1" in words and "32 are needed, " in words and
          "enough again in " in words, words)
    net.draw(M1, "SAE-B2", 40)          # has to wait for some of it
    words = refusal(net, M1, "SAE-B2", 128, 512)
    check("quota of this application is 1000 octets/s" in words, words)
    net.draw(M2, S, 128)
    net.fetch(keys)                     # fetching costs nothing
    count = net.ctl("a", "ksa")["count"]
    check(count["enc_quota"] >= 3, count)
    os.kill(net.pid("a", "ksa"), signal.SIGHUP)
    time.sleep(0.5)
    check(stored(net, M1) < 10, "a reload gave the quota anew")
    set_quotas(net, "", "")
    wait_for("no quota", lambda: stored(net, M1) > 200)
    say("quotas hold, with words")


def sizes():
    """From the smallest to the largest, over one link, two, and none."""
    net = Net("abc", ["a-b", "b-c"], rate=60000000,
              settings=SETTINGS[:2] + ["relay_wait=12000"])
    for slave in ("SAE-B2", "SAE-C1", M2):
        for number, size in ((128, 65536), (1, 64), (128, 72), (1, 65536)):
            net.pair(M1, slave, number, size)
        body = net.client(M1).status(slave)[1]
        equal(body["target_KME_ID"], "KME-" + slave[4], "target_KME_ID")
        status, body = net.client(slave).status(M1)
        equal((status, body["target_KME_ID"], body["master_SAE_ID"]),
              (200, "KME-A", slave), "status asked by the slave")
    say("1 MiB in one request, from pools of 32 KiB")


def main():
    net = Net("ab", ["a-b"], rate=800000, settings=SETTINGS)
    shares(net)
    large_one_waits(net)
    quotas(net)
    net.settle()
    sizes()


run(main)
