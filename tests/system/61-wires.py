#!/usr/bin/python3
"""Four nodes with emulated wires between them: lossy and slow ones, one that
is cut without a word and comes back, nodes that dial each other at once, a
wire too thin for what is sent, round trips of more than a second. No key twice
or unequal, each that was given can be fetched, supply goes on or resumes."""
import time

from lib import Load, run, say, wait_for
from wires import Wires

NODES, LINKS = "abcd", ["a-b", "b-c", "a-c", "c-d"]
PAIRS = [("SAE-A1", "SAE-B1"), ("SAE-B1", "SAE-A1"), ("SAE-A1", "SAE-D1"),
         ("SAE-D1", "SAE-A1")]
AB, POOL, STOCK = PAIRS[:2], 16384, 16
PLAIN = {"delay": 2, "jitter": 0, "loss": 0, "rate": 0, "queue": 1000}


def peer(net, node, other):
    return next(p for p in net.ctl(node, "relayd")["peers"]
                if p["kme_id"] == "KME-" + other.upper())


def connected(net, link):
    a, b = link.split("-")
    return peer(net, a, b)["connected"] and peer(net, b, a)["connected"]


def resumed(load, what, pairs=None, seconds=40):
    began = time.monotonic()
    load.await_progress(seconds, pairs)
    say("%s: supply %.1f s after it" % (what, time.monotonic() - began))


def anew(load, pairs, octets):
    """More than was in any stock, so that it came over the wires now."""
    before = dict(load.done)
    wait_for("keys relayed anew", lambda: all(
        (load.done[p] - before[p]) * 128 > octets for p in pairs), 40)
    load.net.oracle.verdict()


def lossy(wires, load):
    wires.set(delay=20, jitter=10, loss=2, rate=20000)
    anew(load, PAIRS, 2 * POOL)
    say("2 % lost, 40 to 60 ms there and back: supply goes on")
    wires.set(**PLAIN)


def cut(wires, net, load):
    """One link: there is another way. All of a node's: there is none."""
    wires.set(["a-b"], loss=100)
    anew(load, AB, 2 * POOL + STOCK * 4096)
    say("a-b cut without a word: supplied by way of c")
    wires.set(["a-b"], loss=0)
    wait_for("a-b to be connected", lambda: connected(net, "a-b"), 30)
    resumed(load, "a-b back")
    wires.set(["a-b", "a-c"], loss=100)
    wait_for("a to notice", lambda: not any(
        peer(net, "a", x)["connected"] for x in "bc"), 30)
    wires.set(["a-b", "a-c"], loss=0)
    resumed(load, "all wires of a back")


def both_dial(wires, net, load):
    """The delay is so long that both have dialled before they know."""
    for node, other in (("a", "b"), ("b", "a")):
        net.ctl(node, "relayd", "peer KME-%s down" % other.upper())
    wires.set(["a-b"], delay=400)
    for node, other in (("a", "b"), ("b", "a")):
        net.ctl(node, "relayd", "peer KME-%s up" % other.upper())
    wait_for("a-b to be connected", lambda: connected(net, "a-b"), 30)
    resumed(load, "both dialled", AB)
    wires.set(["a-b"], delay=2)


def not_supplied(net, load):
    """Refusals, and relays that did not come through in time."""
    return sum(load.refused.values()) + sum(load.gone.values()) + sum(
        net.ctl(n, "kma")["relay"]["failed"] for n in NODES)


def thin(wires, net, load):
    """Less than what the nodes say to each other."""
    before = not_supplied(net, load)
    wires.set(rate=50, queue=20)
    wait_for("queues to fill", lambda: not_supplied(net, load) >= before + 3,
             40)
    net.oracle.verdict()
    wires.set(**PLAIN)
    resumed(load, "50 kbit/s, full queues")


def far(wires, net, load):
    """Channels open over a round trip of more than a second."""
    wires.set(delay=600)
    net.do("kill", "a", "kma")
    net.do("kill", "a", "ksa")
    net.do("start", "a")
    wait_for("links of a to be up", lambda: all(
        x["state"] == "up" for x in net.ctl("a", "kma")["links"]), 40)
    resumed(load, "1.2 s there and back, kma and ksa of a killed")
    wires.set(**PLAIN)


def main():
    with Wires(NODES, LINKS) as wires:
        wires.set(**PLAIN)
        net = wires.net(rate=4000000, settings=[
            "pool_low=%d" % (POOL // 2), "pool_high=%d" % POOL,
            "block_octets=4096", "link_stock_max=%d" % STOCK])
        with Load(net, PAIRS, number=48, sizes=(1024,), pause=0.05) as load:
            load.await_progress(30)
            lossy(wires, load)
            cut(wires, net, load)
            both_dial(wires, net, load)
            thin(wires, net, load)
            far(wires, net, load)
        net.settle(60)
        say(load.summary())


run(main, 180)
