#!/usr/bin/python3
"""Applications are registered at their own node only: the others learn of
them, remember them, and say which two nodes claim the same one."""
import os
import re
import sqlite3
import sys

sys.dont_write_bytecode = True
from certs import Authority, application, lines, reload, rewrite  # noqa: E402
from lib import Client, Net, check, equal, run, say, wait_for  # noqa: E402

BEFORE = {n: ["SAE-%s%d" % (n.upper(), i) for i in (1, 2)] for n in "abc"}


def register(net, node, *more, pins=()):
    """Its own two, and more; not a word in any other node's configuration."""
    km = net.json["nodes"][node]["kme_id"]
    rewrite(net, node, [application(s, km) for s in BEFORE[node] +
                        list(more)] + [application(*p) for p in pins])
    reload(net, node)


def client(net, ca, sae, node):
    files = ca.path(sae + ".crt"), ca.path(sae + ".key")
    if not os.path.exists(files[0]):
        files = ca.issue(sae, "/CN=" + sae)
    return Client(net.json["nodes"][node]["https"], net.json["ca"], *files)


def applications(net, node):
    return net.ctl(node, "ksa")["applications"]


def learned(net, node):
    """As an operator sees it, in the store."""
    with sqlite3.connect("file:%s?mode=ro" % net.option(
            node, "ksa", "store"), uri=True) as db:
        return dict(db.execute("SELECT application, node FROM applications"))


def only_their_own(net):
    for node in "abc":
        with open(net.conf(node, "ksa")) as f:
            ids = re.findall(r'SAE-\w+', re.search(
                r"(?ms)^applications = \(.*?^\)|^applications = .*?;$",
                f.read())[0])
        equal(set(ids), set(BEFORE[node]), "applications of " + node)
        want = {s: "KME-" + n.upper() for n in "abc" if n != node
                for s in BEFORE[n]}
        wait_for("what %s has learned" % node,
                 lambda: learned(net, node) == want, 10)
        equal(applications(net, node)["own"], 2, "own")
    net.pair("SAE-A1", "SAE-C1")
    say("each node has its own applications configured, and knows all")


def answer(c, slave):
    status, body = c.enc(slave)
    return status, str(body)


def knows(net, node, slave, status=200, words=""):
    c = net.client(BEFORE[node][0])

    def as_wanted():
        got, body = answer(c, slave)
        return got == status and all(w in body for w in words.split())
    wait_for("%s at %s: %d %s" % (slave, node, status, words), as_wanted, 20)


def a_new_one(net, ca):
    """At b alone; a and c draw for it, and fetch what it drew, at once."""
    equal(answer(net.client("SAE-A1"), "NEW-B")[0], 400, "nobody's")
    register(net, "b", "NEW-B")
    new = client(net, ca, "NEW-B", "b")
    keys = net.draw("NEW-B", "SAE-A1", 2, client=new)
    net.fetch(keys)
    knows(net, "a", "NEW-B")
    knows(net, "c", "NEW-B")
    net.fetch(net.draw("SAE-C1", "NEW-B", 2), client=new)
    say("a new application at b: a and c share keys with it")
    waiting = net.draw("SAE-A1", "NEW-B", 2)
    register(net, "b")
    knows(net, "a", "NEW-B", 400)
    equal(new.dec("SAE-A1", [waiting[0].id])[0], 401, "withdrawn")
    register(net, "b", "NEW-B")
    net.fetch(waiting, client=new)
    knows(net, "a", "NEW-B")
    say("withdrawn and announced again: its keys waited for it")


def away(net):
    """What was learned outlives a restart, and the node's absence."""
    net.do("kill", "b", "ksa")
    net.do("stop", "a", "ksa")
    net.do("start", "a", "ksa")
    status, body = answer(net.client("SAE-A1"), "NEW-B")
    check(status in (200, 503), "b is away: %d %s" % (status, body))
    equal(answer(net.client("SAE-A1"), "SAE-Z")[0], 400, "nobody's")
    net.await_supply("SAE-A1", "SAE-C1")
    net.do("start", "b", "ksa")
    knows(net, "a", "NEW-B")
    say("a restarts while b is away: its applications are known")


def first_start(net):
    """A store without any list, and nobody to ask."""
    for node in "bc":
        net.do("stop", node, "ksa")
    net.do("stop", "a", "ksa")
    with sqlite3.connect(net.option("a", "ksa", "store")) as db:
        db.execute("DELETE FROM announced")
        db.execute("DELETE FROM announcer")
    net.do("start", "a", "ksa")
    status, body = answer(net.client("SAE-A1"), "SAE-C1")
    check(status == 503 and "SAE-C1" in body and "not known yet" in body,
          "%d %s" % (status, body))
    equal([p["known"] for p in applications(net, "a")["peers"]],
          [False, False], "what a knows of b and c")
    for node in "bc":
        net.do("start", node, "ksa")
    knows(net, "a", "SAE-C1")
    knows(net, "a", "SAE-Z", 400)
    say("never heard: 503 names the node; then all is known")


def twice(net, ca):
    """At a and at b: c refuses it and names both, until one withdraws it."""
    register(net, "a", "TWICE")
    knows(net, "c", "TWICE")
    register(net, "b", "NEW-B", "TWICE")
    knows(net, "c", "TWICE", 503, "KME-A KME-B")
    knows(net, "a", "TWICE", 503, "KME-A KME-B")
    ours = client(net, ca, "TWICE", "a")
    keys = net.draw("TWICE", "SAE-C1", 1, client=ours)
    status, body = net.client("SAE-C1").dec("TWICE", [keys[0].id])
    check(status == 503 and "KME-A" in str(body) and "KME-B" in str(body),
          "dec_keys: %d %s" % (status, body))
    found = applications(net, "c")
    equal((found["twice"], found["announced_twice"][0]["application"],
           sorted(found["announced_twice"][0]["nodes"]),
           found["announced_twice"][0]["pinned"]),
          (1, "TWICE", ["KME-A", "KME-B"], False), "status")
    check("TWICE" in str(net.ctl("c", "ksa")["missing"]), "missing")
    equal(len(lines(net, "c", "application announced by two nodes")), 1,
          "lines in the log")
    net.pair("SAE-C1", "SAE-A1")
    say("announced twice: refused with both names, others are supplied")
    register(net, "b", "NEW-B")
    knows(net, "c", "TWICE")
    net.fetch(keys)
    net.fetch(net.draw("SAE-C1", "TWICE"), client=ours)
    equal(applications(net, "c")["twice"], 0, "twice")
    say("one withdraws it: all is well, and what was drawn is fetched")


def pinned(net, ca):
    register(net, "c", pins=[("TWICE", "KME-A")])
    register(net, "b", "NEW-B", "TWICE")
    wait_for("the mismatch in the status of c",
             lambda: applications(net, "c")["twice"] == 1)
    check(applications(net, "c")["announced_twice"][0]["pinned"], "pinned")
    ours = client(net, ca, "TWICE", "a")
    net.fetch(net.draw("SAE-C1", "TWICE"), client=ours)
    net.fetch(net.draw("TWICE", "SAE-C1", client=ours))
    say("pinned: the configuration decides")
    register(net, "c")
    knows(net, "c", "TWICE", 503, "KME-A KME-B")
    register(net, "b", "NEW-B")
    knows(net, "c", "TWICE")


def main():
    net = Net("abc", ["a-b", "b-c"])
    ca = Authority(net)
    only_their_own(net)
    a_new_one(net, ca)
    away(net)
    twice(net, ca)
    pinned(net, ca)
    first_start(net)
    net.settle()


run(main)
