"""Scarce link key: every pair of nodes draws all it can get, and each is
held against its max-min fair share."""

import random
import time

import loader
import maxmin
from flow import Watch
from network import Failed, say

BLOCK = 2048
KEYS = BLOCK - 96 - 128		# octets of a block that applications get
RATE = 120000			# bits/s of a link: nobody has enough
POOL = 4096			# octets: what is measured is no stock
WARM_UP, SECONDS = 12, 50
NUMBER = 8			# keys in a request
SEED = 20
OWN_SHARE = 0.25		# kma's default
SETTINGS = (f"block_octets={BLOCK}", "link_stock_max=512")


def star(names):
    return [names[0] + n for n in names[1:]]


def ring(names):
    return [a + b for a, b in zip(names, names[1:] + names[:1])]


def tangle(names):
    """A tree at random, and half as many links again."""
    rng, links = random.Random(SEED), []
    for i in range(1, len(names)):
        links.append(rng.choice(names[:i]) + names[i])
    others = [a + b for a in names for b in names if a < b and
              a + b not in links]
    return links + rng.sample(others, len(names) // 2)


SHAPES = (("star", "abcdef", star), ("ring", "abcdef", ring),
          ("random graph", "abcdefgh", tangle))


def ways(net):
    """{pair of nodes: its links, each as (from, to)}, as they are now."""
    names = {x["kme_id"]: n for n, x in net.net["nodes"].items()}
    found = {}
    for n in net.net["nodes"]:
        for r in net.ask(n, "kma", "route")["routes"]:
            way = [names[x] for x in r["route"].split(",") if x]
            if way:
                found[n, names[r["to"]]] = list(zip(way, way[1:]))
    return found


def ledger(net):
    """{link: (blocks that were agreed since the start, in stock)}"""
    names = {x["kme_id"]: n for n, x in net.net["nodes"].items()}
    return {frozenset((n, names[x["peer"]])): (
                x["counters"]["agreed"], x["own_blocks"] + x["their_blocks"])
            for n in net.net["nodes"]
            for x in net.status(n, "kma")["links"]}


def started(bench, net, seconds):
    found = {}
    for a in net.net["nodes"]:
        for b in net.net["nodes"]:
            if a != b:
                found[a, b] = loader.start(bench.args.build, [
                    *net.caller(f"SAE-{a.upper()}1", f"SAE-{b.upper()}1"),
                    "--number", str(NUMBER), "--connections", "2",
                    "--seconds", str(seconds), "--count", "10000000"])
    return found


def go(loads):
    for p in loads.values():
        p.stdin.write("\n")
        p.stdin.flush()


def blocks(loads):
    """{pair: blocks a second}"""
    reports = {pair: loader.json.loads(p.stdout.readline())
               for pair, p in loads.items()}
    for p in loads.values():
        loader.end(p)
    return {pair: r["keys_s"] * 32 / KEYS for pair, r in reports.items()}



def measure(bench, net):
    """(blocks/s of each pair, its share, of the links' key used, CPU)"""
    warm = started(bench, net, WARM_UP)
    loads = started(bench, net, SECONDS)
    go(warm)
    time.sleep(WARM_UP)
    before, watch, seen = ledger(net), Watch(net, bench.cores), [ways(net)]
    go(loads)
    while watch.seconds() < SECONDS:
        time.sleep(5)
        seen.append(ways(net))
    after, seconds = ledger(net), watch.seconds()
    got = blocks(loads)
    blocks(warm)
    total = {x: (after[x][0] - before[x][0] + before[x][1] - after[x][1]) /
             seconds for x in before}
    each = [maxmin.shares(w, total) for w in seen]
    share = {p: sum(e.get(p, 0) for e in each) / len(each) for p in got}
    lonely = [p for p in got if share[p] == 0 or p not in seen[-1]]
    if lonely:
        raise Failed(f"no route between some of these: {lonely[:4]}")
    report = watch.report(int(sum(got.values()) * seconds * KEYS))
    report.update(lost=0, changed=sum(w != seen[0] for w in seen))
    return got, share, total, seen[-1], report


def own_part(got, flows, node):
    """The least, over the links of a node, of what its own applications got
    of the key that it gave out there."""
    part = {}
    for (a, b), way in flows.items():
        for x in way:
            if x[0] == node:
                own, all_ = part.get(x, (0, 0))
                part[x] = (own + (got[a, b] if a == node else 0),
                           all_ + got[a, b])
    return min(own / all_ for own, all_ in part.values() if all_)


def tell(bench, shape, got, share, total, flows, report):
    ratio = {p: got[p] / share[p] for p in got}
    worst = min(ratio, key=ratio.get)
    spent = sum(got[p] * len(flows[p]) for p in got)
    for p in sorted(got):
        say(f"    {p[0]}-{p[1]} {len(flows[p])} hops {got[p]:6.2f} of "
            f"{share[p]:6.2f} blocks/s: {ratio[p]:.2f}")
    bench.flow(("fair", shape), report)
    bench.note("fair", f"{shape}, {len(got)} pairs: the worst served, "
               f"{'-'.join(worst)} over {len(flows[worst])} links, has "
               f"{ratio[worst]:.2f} of its share; mean "
               f"{sum(ratio.values()) / len(ratio):.2f}; delivered blocks "
               f"are {spent / sum(total.values()):.0%} of the links' key; "
               f"routes changed: {report['changed']}",
               shape=shape, worst=ratio[worst],
               pairs={"-".join(p): [got[p], share[p]] for p in got})
    if shape == "star":
        own = own_part(got, flows, "a")
        bench.note("fair", f"star: of the key that the hub gives out on a "
                   f"link its own applications get {own:.0%} at least, of "
                   f"{OWN_SHARE:.0%} reserved", own=own)


def fair(bench):
    """scarce key: what each pair gets of its max-min fair share"""
    for shape, names, links in SHAPES:
        found = links(names)
        say(f"starting {len(names)} nodes: {shape}, {' '.join(found)}")
        net = bench.network("fair-" + shape.split()[0], nodes=names,
                            links=found, rate=RATE, pool=POOL, low=POOL // 2,
                            settings=SETTINGS)
        tell(bench, shape, *measure(bench, net))
        bench.end(net.down)
