"""Latency of a key that two applications get by a session, over wires."""

import json
import os
import subprocess

from loader import WrongAnswers
from machine import fdatasync_us
from network import say
from wired import Chain

NODES = list("abcde")
HOPS = (1, 4)
DELAYS = (0, 1, 10)	# ms, one way, of each link
KEYS = 100
PAUSE = 20		# ms between two keys, about
KINDS = (("session", []), ("request", ["--request"]))


def pair(build, net, hops, words):
    """Report of two applications so many hops apart."""
    ends = ["SAE-A1", f"SAE-{NODES[hops].upper()}1"]
    found = [net.caller(sae, sae, "ak") for sae in ends]
    p = subprocess.run([os.path.join(build, "bench", "pair"), *words,
                        *found[0], "--destination", *found[1]],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       text=True)
    if p.returncode != 0:
        raise WrongAnswers("bench/pair: " + " ".join(words))
    return json.loads(p.stdout)


def commits(net, hops):
    return sum(net.status(n)["commits"] for n in (NODES[0], NODES[hops]))


def measure(bench, net, hops, kind, more):
    count = bench.scaled(KEYS, 10)
    before = commits(net, hops)
    r = pair(bench.args.build, net, hops,
             ["--count", str(count), "--pause", str(PAUSE), *more])
    r["commits"] = (commits(net, hops) - before) / count
    r["kind"] = kind
    return r


def one_round(bench, net, delay):
    net.wires.delay(delay)
    for hops in HOPS:
        floor = net.wires.round_trip(NODES[0], NODES[hops],
                                     bench.scaled(KEYS, 20))
        sync = fdatasync_us(net.dir, 50)
        for kind, more in KINDS:
            r = measure(bench, net, hops, kind, more)
            r.update(path_us=floor[0], path_p95_us=floor[1], fdatasync_us=sync)
            bench.path((kind, hops, delay), r)


def proactive(bench):
    """a key by a session: 1 and 4 hops, links of 0, 1 and 10 ms; root"""
    if os.geteuid() != 0:
        bench.note("proactive", "left out: network namespaces are for root")
        return
    say("starting five nodes and four wires")
    net = Chain(bench.args, os.path.join(bench.tmp, "chain"), NODES)
    bench.stack.append(net.down)
    net.await_quiet()
    for _ in range(bench.args.rounds):
        for delay in DELAYS:
            one_round(bench, net, delay)
    bench.end(net.down)
