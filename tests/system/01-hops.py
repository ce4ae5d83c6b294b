#!/usr/bin/python3
"""Keys over one, two and four hops, both ways, are equal at both ends."""
from lib import SHORT, Net, check, equal, run, say

NODES = "abc" if SHORT else "abcde"


def main():
    net = Net(NODES, ["%s-%s" % p for p in zip(NODES, NODES[1:])])
    ends = [n for n in "bce" if n in NODES]
    for end in ends:
        for master, slave in (("SAE-A1", "SAE-%s1" % end.upper()),
                              ("SAE-%s1" % end.upper(), "SAE-A1")):
            for number, size in ((1, 256), (1, 64), (7, 512), (32, 256)):
                net.pair(master, slave, number, size)
            by_get(net, master, slave)
            say("%s to %s: equal" % (master, slave))
    equal(net.oracle.pending(), [], "keys not fetched")


def by_get(net, master, slave):
    """The same by GET with parameters in the URL."""
    status, body = net.client(master).call(
        slave, "enc_keys", query={"number": 2, "size": 128})
    equal(status, 200, "enc_keys by GET")
    keys = net.oracle.drawn(master, slave, body, 2, 128)
    for k in keys:
        status, body = net.client(slave).call(
            master, "dec_keys", query={"key_ID": k.id})
        check(status == 200, "dec_keys by GET: %d %s" % (status, body))
        net.oracle.fetched(slave, [k.id], body)


run(main)
