#!/usr/bin/python3
"""doc/operator.md holds: each of its commands is run, in the manual's order, on
booted hosts, from an empty machine to a network of four nodes and to its end."""
import os
import re
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "netlib"))

import hosts
import manual
from lib import BUILD, ROOT, Skip, check, equal, run, say

MANUAL = os.path.join(ROOT, "doc", "operator.md")
RULES = os.path.join(ROOT, "etc", "prometheus", "qkdnode.rules.yml")
STICK = "/media/stick"
IN_TIME_S = 120
OPERATOR = "anna"


def every_alert_has_its_section():
    with open(RULES) as f:
        wanted = re.findall(r"runbook_url: \S+/operator\.md#(\S+)", f.read())
    with open(MANUAL) as f:
        there = re.findall(r'<a id="(alert-\w+)">', f.read())
    equal(sorted(there), sorted(wanted), "sections of alerts")
    check(wanted, "no alerts in " + RULES)


def here(net, text):
    """The manual's addresses are those of documentation."""
    return re.sub(r"192\.0\.2\.(\d+)", lambda m: "%s.%s" % (
        net.prefix, m[1]), text)


def words(net, c):
    shell = ["bash", "-c", "cd && " + here(net, c.text)]
    return shell if c.root else ["runuser", "-u", OPERATOR, "--", *shell]


class Stick:
    """What was put on it at one host is on it at the next."""

    def __init__(self, net):
        self.net, self.at = net, "a"
        for h in net:
            os.makedirs(h.path(STICK), mode=0o755)

    def carry(self, name):
        if self.at != name:
            new = self.net[name].path(STICK)
            shutil.rmtree(new)
            shutil.copytree(self.net[self.at].path(STICK), new)
        self.at = name


def obey(net, c):
    end = time.monotonic() + (IN_TIME_S if c.in_time else 0)
    while True:
        p = net[c.host].call(*words(net, c), timeout=300)
        if p.returncode == c.code or time.monotonic() >= end:
            break
        time.sleep(1)
    say(c, "\n" + p.stdout if p.stdout else "")
    check(p.returncode == c.code, "doc/operator.md, %s\nexit %d, %d is "
          "expected:\n%s" % (c, p.returncode, c.code, p.stdout))


def main():
    every_alert_has_its_section()
    reason = hosts.require()
    if reason:
        raise Skip(reason)
    todo = manual.commands(MANUAL)
    check(len(todo) > 40, "%d commands in %s" % (len(todo), MANUAL))
    names = sorted({c.host for c in todo})
    with tempfile.TemporaryDirectory(prefix="qkdnode-test.") as where, \
            hosts.Hosts(where, names, build=BUILD) as net:
        stick = Stick(net)
        for deb in net.debs.values():
            shutil.copy(deb, net["a"].path(STICK))
        for c in todo:
            stick.carry(c.host)
            obey(net, c)


run(main, 900)
