#!/usr/bin/python3
"""A pool that runs dry: 503 for the whole request, nothing lost, refills."""
import time

from lib import Net, check, equal, run, say, wait_for

SETTINGS = ["pool_low=16384", "pool_high=32768", "link_stock_max=16",
            "relay_wait=1000"]
M, S = "SAE-A1", "SAE-B1"


def stock(net):
    status, body = net.client(M).status(S)
    equal(status, 200, "status")
    return body["stored_key_count"]


def drain(net):
    """Draws until the node refuses; returns how many requests it took."""
    for n in range(1000):
        status, body = net.client(M).enc(S, 16, 512)
        if status == 503:
            check("message" in body, "503 without a message: %s" % body)
            return n
        equal(status, 200, "enc_keys %s" % body)
        net.oracle.drawn(M, S, body, 16, 512)
    raise AssertionError("the pool never ran dry without QKD")


def refused_whole(net):
    """More than there is: refused, and what there is stays."""
    before = stock(net)
    status, body = net.client(M).enc(S, 128, 65536)
    equal(status, 503, "1 MiB of key from a pool of 32 KiB")
    time.sleep(0.5)
    check(stock(net) >= before, "a refused request took %d keys"
          % (before - stock(net)))


def main():
    net = Net("ab", ["a-b"], rate=800000, settings=SETTINGS)
    net.pair(M, S, 4)
    refused_whole(net)
    net.link("a-b", "dark")
    say("dry after %d requests" % drain(net))
    left = stock(net)
    if left:
        net.draw(M, S, min(left, 128))
    equal(net.client(M).enc(S, 16, 512)[0], 503, "a dry pool")
    say("%d keys that were left could be had" % left)
    net.settle()
    equal(net.client(M).status(S)[0], 200, "status of an empty pool")
    net.link("a-b", "up")
    wait_for("the pool to refill", lambda: stock(net) >= 256, 40)
    net.pair(M, S, 16, 512)
    say("refilled")


run(main)
