"""Does a request cost more when much is stored? Ten thousand keys, a million,
ten million: assigned and not fetched, or in stock."""

import os
import random
import time

import loader
from network import BULK, KEY_OCTETS, say

LEVELS = (10000, 1000000, 10000000)
FLAT = 1.3
STEP = 500000		# keys drawn at once while filling
ROUNDS = 5
REQUESTS = 6000		# in a round, with one key each; with 128, a tenth
SETTINGS = ("key_expiry=31536000", "tombstone=31536000")
CASES = ("enc 1 x 256", "dec 1", "enc 128 x 256")


def store_mib(net):
    """ksa's stores, with their logs."""
    size = 0
    for node in net.net["nodes"].values():
        for end in ("", "-wal"):
            path = node["stores"]["ksa"] + end
            size += os.path.getsize(path) if os.path.exists(path) else 0
    return size / 1048576


class Level:
    """Measures at one size of the stores. old: lines of key_IDs that were
    assigned while the stores were filled; None: dec fetches fresh ones.
    limit: keys that may be drawn before the stock is filled up again."""

    def __init__(self, bench, net, name, limit, old=None):
        self.bench, self.net, self.name, self.old = bench, net, name, old
        self.limit = limit
        self.ids = os.path.join(bench.tmp, "ids-stored")
        bench.net = net

    def words(self, number, count, ids):
        return ["--connections", str(min(32, count)), "--number",
                str(number), "--count", str(count), "--ids", ids]

    def count(self, number):
        wanted = self.bench.scaled(REQUESTS if number == 1 else
                                   REQUESTS // 10)
        return max(8, min(wanted, self.limit // number))

    def row(self, case, report):
        self.bench.row("stored", f"{case}, {self.name}", 32, qkdnode=report)

    def enc(self, case, number):
        count = self.count(number)
        self.net.await_stock("SAE-A1", "SAE-B1", count * number)
        self.row(case, self.bench.ours(
            "a", self.words(number, count, self.ids) +
            self.net.caller("SAE-A1", "SAE-B1")))

    def fetch_words(self, number, count, ids):
        return self.words(number, count, ids) + ["--dec"] + \
            self.net.caller("SAE-B1", "SAE-A1")

    def fetch(self, number):
        """Not measured: so that the stores stay as large as they were."""
        loader.run(self.bench.args.build, self.fetch_words(
            number, self.count(number), self.ids))

    def dec_old(self, part):
        path = self.ids + "-old"
        with open(path, "w") as f:
            f.writelines(part)
        self.net.await_quiet()
        self.row("dec 1", self.bench.ours(
            "b", self.fetch_words(1, len(part), path)))

    def dec_fresh(self):
        self.net.await_quiet()
        self.row("dec 1", self.bench.ours(
            "b", self.fetch_words(1, self.count(1), self.ids)))

    def run(self):
        for i in range(ROUNDS):
            self.enc("enc 1 x 256", 1)
            if self.old is None:
                self.dec_fresh()
            else:
                self.fetch(1)
                self.dec_old(self.old[i::ROUNDS])
            self.enc("enc 128 x 256", BULK)
            self.fetch(BULK)


def middle(values):
    return sorted(values)[len(values) // 2]


def figures(bench, case, name):
    """CPU time, and time, of a request."""
    rounds = bench.rows["stored", f"{case}, {name}", 32]["qkdnode"]
    return (middle([r["cpu_us"] for r in rounds]),
            middle([1e6 / r["requests_s"] for r in rounds]))


def compared(bench, state, levels):
    """Ratios to the smallest store."""
    for case in CASES if len(levels) > 1 else ():
        first, *others = (figures(bench, case, f"{level} {state}")
                          for level in levels)
        ratios = [[a / b for a, b in zip(o, first)] for o in others]
        flat = all(x <= FLAT for r in ratios for x in r)
        bench.note("stored", f"{case}, {state}: " + "; ".join(
            f"{level} keys: CPU x {r[0]:.2f}, time x {r[1]:.2f}"
            for level, r in zip(levels[1:], ratios)) +
            f" of {levels[0]} keys: " + ("flat" if flat else "NOT flat"),
            case=case, state=state, levels=list(levels), ratios=ratios,
            flat=flat)


def unfetched(net):
    """Keys that wait for node b's applications."""
    return net.status("a")["count"]["enc_keys"] - \
        net.status("b")["count"]["dec_keys"]


def assign(bench, net, level, singles):
    """Draws until so many keys wait to be fetched, some of them with a
    request of their own, here and there; returns the lines of those. The
    pool is filled up meanwhile."""
    lines, path = [], os.path.join(bench.tmp, "ids-single")
    before, told = unfetched(net), time.monotonic()
    begin = told
    while (have := unfetched(net)) < level:
        stock = net.stock("a", "b")[0] // KEY_OCTETS
        part = min(STEP, level - have, stock * 9 // 10)
        alone = min(part, singles * part // (level - before) + 1)
        if part < min(level - have, 2000):
            if time.monotonic() - begin > bench.args.fill:
                net.stalled("a", "b")
            time.sleep(0.2)
            continue
        begin = time.monotonic()
        loader.run(bench.args.build, [
            "--connections", "32", "--ids", path, "--count", str(alone),
            *net.caller("SAE-A1", "SAE-B1")])
        with open(path) as f:
            lines += f.readlines()
        if part - alone >= BULK:
            net.draw("SAE-A1", "SAE-B1", part - alone)
        if time.monotonic() - told > 10:
            say(f"  stored: {have} of {level} keys assigned")
            told = time.monotonic()
    random.Random(1).shuffle(lines)
    return lines


def await_bindings(net):
    """Until the other node knows all of them."""
    while any(p.get("outbox") for p in net.status("a")["pools"]):
        time.sleep(0.2)


def assigned(bench, levels):
    net = bench.network("assigned", settings=SETTINGS)
    begin = time.monotonic()
    for level in levels:
        singles = min(bench.scaled(REQUESTS) * ROUNDS, level // 2)
        old = assign(bench, net, level, singles)
        await_bindings(net)
        say(f"  stored: {level} keys assigned after "
            f"{time.monotonic() - begin:.0f} s, both stores "
            f"{store_mib(net):.0f} MiB")
        Level(bench, net, f"{level} assigned", net.high // KEY_OCTETS // 2,
              old).run()
    compared(bench, "assigned", levels)
    bench.end(net.down)


def in_stock(bench, levels):
    for level in levels:
        begin, octets = time.monotonic(), level * KEY_OCTETS
        net = bench.network(f"stock-{level}", settings=SETTINGS, pool=octets,
                            low=octets // 2)
        net.await_stock("SAE-A1", "SAE-B1", level)
        say(f"  stored: {level} keys in stock after "
            f"{time.monotonic() - begin:.0f} s, both stores "
            f"{store_mib(net):.0f} MiB")
        Level(bench, net, f"{level} in stock", level * 4 // 10).run()
        bench.end(net.down)
    compared(bench, "in stock", levels)


def stored(bench):
    """cost of a request with 10 thousand, 1 million, 10 million keys"""
    levels = [x for x in LEVELS if x <= bench.args.most_keys]
    common = bench.net
    try:
        assigned(bench, levels)
        in_stock(bench, levels)
    finally:
        bench.net = common
