"""Get key, Get key with key IDs, and both in turn."""

import os

from scene import without_ids

# keys per request, connections, requests
CASES = ((1, 32, 40000), (128, 32, 1500), (1, 1, 2500), (128, 1, 500))
MIXED = 20000


def common_words(bench, number, connections, count):
    return ["--number", str(number), "--connections", str(connections),
            "--count", str(count), "--seconds", str(bench.args.seconds),
            "--ids", os.path.join(bench.tmp, "ids")]


def compare(bench, scene, case, connections, node, words, number=1):
    bench.row(scene, case, connections, qkdnode=bench.ours(node, words),
              nginx=bench.theirs(without_ids(words), number))


def supply(bench):
    """enc_keys at node a and dec_keys at node b"""
    bench.common()
    for _ in range(bench.args.rounds):
        for number, connections, requests in CASES:
            count = bench.scaled(requests)
            words = common_words(bench, number, connections, count)
            bench.net.await_stock("SAE-A1", "SAE-B1", count * number)
            compare(bench, "supply", f"enc {number} x 256", connections, "a",
                    words + bench.net.caller("SAE-A1", "SAE-B1"), number)
            bench.net.await_quiet()
            compare(bench, "supply", f"dec {number}", connections, "b",
                    words + ["--dec"] +
                    bench.net.caller("SAE-B1", "SAE-A1"), number)


def mixed_once(bench, case, peer):
    """SAE-A1 draws keys for the peer, and in turn fetches those that the
    peer drew for it before; all that at node a."""
    connections, count = 32, bench.scaled(MIXED)
    words = common_words(bench, 1, connections, count // 2)
    for me, other in ((peer, "SAE-A1"), ("SAE-A1", peer)):
        bench.net.await_stock(me, other, count)
    bench.ours(bench.net.net["saes"][peer]["node"],
               words + bench.net.caller(peer, "SAE-A1"))
    bench.net.await_quiet()
    words = common_words(bench, 1, connections, count)
    compare(bench, "mixed", case, connections, "a",
            words + ["--mixed"] + bench.net.caller("SAE-A1", peer))


def mixed(bench):
    """enc 1 x 256 and dec 1 in turn on each connection"""
    bench.common()
    for _ in range(bench.args.rounds):
        mixed_once(bench, "enc and dec, two nodes", "SAE-B1")
        mixed_once(bench, "enc and dec, one node", "SAE-A2")
