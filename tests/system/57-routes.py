#!/usr/bin/python3
"""Routes of key relay: key that is scarce moves them, calmly; an operator sees
them, sets one, which is then used and nothing else, and hears when it fails."""
import json
import os
import subprocess
import time

from lib import Load, Net, check, equal, run, say, wait_for

# Two short ways from a to c, and a long one.
LINKS = ["a-b", "b-c", "a-d", "c-d", "d-e", "c-e"]
BY_B, BY_D = "KME-A,KME-B,KME-C", "KME-A,KME-D,KME-C"
LONG_WAY = "KME-A,KME-D,KME-E,KME-C"


def qkdctl(net, *words):
    r = subprocess.run([os.path.join(os.environ["QKDNODE_BUILD"], "ctl",
                                     "qkdctl"), "-j", "-r",
                        os.path.join(net.dir, "a", "run"), *words],
                       stdout=subprocess.PIPE, text=True, check=False)
    return r.returncode, json.loads(r.stdout)


def shown(net):
    code, answer = qkdctl(net, "route")
    equal(code, 0, "qkdctl route")
    return answer


def way(net, km="KME-C"):
    for r in shown(net)["routes"]:
        if r["to"] == km:
            return r
    return {"route": ""}


def transit(net, node):
    return net.ctl(node, "kma")["relay"]["transit"]


def draw_over(net, nodes, seconds=20):
    """Draws until frames have gone through these nodes and no other."""
    before = {n: transit(net, n) for n in "bde"}

    def gone():
        net.pair("SAE-A1", "SAE-C1", 8, 1024)
        return all(transit(net, n) > before[n] for n in nodes)
    wait_for("frames through " + nodes, gone, seconds)
    for n in "bde":
        if n not in nodes:
            equal(transit(net, n), before[n], "frames through " + n)


def links_shown(net):
    answer = shown(net)
    for node in answer["nodes"]:
        for link in node["links"]:
            check(link["key"] in ("none", "scarce", "fair", "ample") and
                  link["stock_octets"] >= 0 and
                  link["octets_per_second"] >= 0, "a link: %s" % link)
    return {(n["kme_id"], l["peer"]) for n in answer["nodes"]
            for l in n["links"]}


def everything(net):
    both = {("KME-" + x.upper(), "KME-" + y.upper()) for l in LINKS
            for x, y in (l.split("-"), reversed(l.split("-")))}
    wait_for("every link to be announced", lambda: links_shown(net) == both)


def level(net, node, peer):
    for n in shown(net)["nodes"]:
        for link in n["links"]:
            if (n["kme_id"], link["peer"]) == (node, peer):
                return link["key"]
    return None


def scarce(net):
    """A link whose key runs out is left, and not missed when it is back."""
    wait_for("a short way", lambda: way(net)["route"] in (BY_B, BY_D))
    by_b = way(net)["route"] == BY_B
    link, node, other = ("b-c", "KME-B", BY_D) if by_b else (
        "c-d", "KME-D", BY_B)
    net.link(link, "dark")
    with Load(net, [("SAE-A1", "SAE-C1")], number=64, sizes=(1024,)):
        wait_for("the other short way", lambda: way(net)["route"] == other, 25)
    net.link(link, "up")
    wait_for("key of " + link, lambda: level(net, node, "KME-C") == "ample",
             25)
    equal(way(net)["route"], other, "the way that is as good")


def comes_back(net):
    """A way that breaks is left at once; one that is long, when others are
    there again."""
    for link in ("b-c", "c-d"):
        net.link(link, "down")
    wait_for("the long way", lambda: way(net)["route"] == LONG_WAY)
    for link in ("b-c", "c-d"):
        net.link(link, "up")
    wait_for("a short way again",
             lambda: way(net)["route"] in (BY_B, BY_D), 30)


def refused(net, km, route, what):
    code, answer = qkdctl(net, "route", "set", km, route)
    equal(code, 1, what)
    check(what in answer["error"], "%s: %s" % (route, answer))


def is_set(net):
    refused(net, "KME-C", "KME-B,KME-C", "start at this node")
    refused(net, "KME-C", "KME-A,KME-B", "end at the KM")
    refused(net, "KME-C", "KME-A,KME-E,KME-C", "no link of this node")
    refused(net, "KME-C", "KME-A,KME-B,KME-A,KME-C", "none twice")
    code, _ = qkdctl(net, "route", "set", "KME-C", LONG_WAY)
    equal(code, 0, "a route is set")
    equal(way(net)["set"], LONG_WAY, "the route that is set")
    draw_over(net, "de")


def refused_for(net, client, why):
    status, body = client.enc("SAE-C1", 64, 1024)
    if status == 200:
        net.oracle.drawn("SAE-A1", "SAE-C1", body, 64, 1024)
    return status == 503 and why in json.dumps(body)


def fails(net):
    """Its link is cut: no supply, for all that there is another way."""
    net.link("d-e", "down")
    wait_for("the failure to be shown", lambda: "fails" in way(net))
    why = way(net)["fails"]
    check("KME-D to KME-E" in why, "why it fails: " + why)
    equal(way(net)["route"], "", "no other way is used")
    wait_for("the status to say so", lambda: any(
        "KME-C as it was set" in m and "KME-D to KME-E" in m
        for m in net.ctl("a", "kma")["missing"]))
    wait_for("requests to fail and say why", lambda: refused_for(
        net, net.client("SAE-A1"), "qkdctl route"), 30)
    with open(os.path.join(net.dir, "a", "log", "kma.log"),
              errors="replace") as f:
        equal(f.read().count("route that was set cannot be used"), 1,
              "one line of the log")


def lasts(net):
    """It outlives its kma, and works when the link does again."""
    net.do("kill", "a", "kma")
    net.do("start", "a", "kma")
    wait_for("kma", lambda: way(net).get("set") == LONG_WAY)
    net.link("d-e", "up")
    wait_for("the route that was set",
             lambda: way(net)["route"] == LONG_WAY and
             "fails" not in way(net), 30)
    net.await_supply("SAE-A1", "SAE-C1")
    draw_over(net, "de")
    code, _ = qkdctl(net, "route", "clear", "KME-C")
    equal(code, 0, "cleared")
    check("set" not in way(net), "cleared")
    wait_for("a short way",
             lambda: way(net)["route"] in (BY_B, BY_D), 30)
    equal(qkdctl(net, "route", "clear", "KME-C")[0], 1, "cleared twice")


def main():
    net = Net("abcde", LINKS, rate=2000000, settings=[
        "pool_low=8192", "pool_high=16384", "link_stock_max=64"])
    for step in (everything, scarce, comes_back, is_set, fails, lasts):
        began = time.monotonic()
        step(net)
        say("%s: %.1f s" % (step.__name__, time.monotonic() - began))
    net.settle(40)


run(main, 150)
