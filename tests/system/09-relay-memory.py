#!/usr/bin/python3
"""relayd holds no key: its memory is read while it relays under load, and
has neither applications' keys nor pads. ksa's memory has, so the search
works."""
import simulated
from lib import SHORT, Load, Net, Skip, check, need_root, run, say
from needles import Needles, memory

PAIRS = [("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1")]
ROUNDS = 4


def snapshots(net, load):
    """Memory of every relayd, and of one ksa, several times under load."""
    relay, supply = [], []
    for _ in range(ROUNDS):
        load.await_progress(20)
        for node in "abc":
            relay.append((node, memory(net.pid(node, "relayd"))))
        supply.append(memory(net.pid("a", "ksa")))
    return relay, supply


def busy(net):
    """Draws so much that blocks are relayed all the time."""
    for _ in range(6):
        net.pair("SAE-A1", "SAE-C1", 128)
        net.pair("SAE-C1", "SAE-A1", 128)


def link_keys(net, n):
    for name, link in simulated.of_network(net).items():
        last = simulated.produced(net, name)
        for i in range(max(1, last - 1500), last + 1):
            n.add(link.block(i), "link key block %d of %s" % (i, name),
                  forms=False)


def main():
    need_root()
    if SHORT:
        raise Skip("a sanitizer's memory is too large")
    net = Net("abc", ["a-b", "b-c"], rate=2000000)
    with Load(net, PAIRS, workers=2, number=64) as load:
        relay, supply = snapshots(net, load)
    busy(net)
    net.settle()
    keys, pads = Needles(), Needles(stride=64)
    for key in net.oracle.octets():
        keys.add(key, "a key")
    link_keys(net, pads)
    check(any(keys.search(m) for m in supply),
          "no key in ksa's memory: the search does not work")
    for node, m in relay:
        check(len(m) > 100000, "memory of relayd could not be read")
        found = keys.search(m) + pads.search(m)
        check(not found, "relayd of %s holds %s" % (node, found[:5]))
    say("%d times %d KiB of relayd: none of %d keys and %d link key blocks"
        % (len(relay), sum(len(m) for _, m in relay) // len(relay) >> 10,
           keys.n, pads.n))


run(main, 150)
