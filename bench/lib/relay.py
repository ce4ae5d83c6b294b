"""Pool blocks by key relay through transit nodes, beside the same octets
through as many TLS connections."""

import json
import os
import subprocess
import threading
import time

import loader
from flow import Watch, block_octets, block_size
from network import Failed, say

TRANSITS = (1, 5)
NODES = "abcdefg"
OTP_PAD = 96			# octets of a link block before the pad
STOCK = 1 << 27			# octets of each link, before it begins
SETTINGS = ("sim_lump=20", "sim_buffer=512")	# it pauses soon
KEY = 65536			# bits of a key that is drawn
NUMBER = 16			# of them in a request
RATE = 400000000		# of a module, while the stock is filled


def relayed(net, node, last):
    """Blocks that the source has completed, the destination received."""
    return (net.status(node, "kma")["relay"]["completed"],
            net.status(last, "kma")["relay"]["received"])


def own_stock(net):
    """Blocks that a node may send with, where there are fewest."""
    return min(x["own_blocks"] for n in net.net["nodes"]
               for x in net.status(n, "kma")["links"])


def modules(net, command):
    for n in net.net["nodes"]:
        for x in net.status(n, "kma")["links"]:
            net.ask(n, "qkdmod-" + x["name"], command)


def fill(bench, net, blocks):
    """Until there is stock for the relay alone: the links agree on no more
    key while it is measured."""
    modules(net, "resume")
    end = time.monotonic() + bench.args.fill
    while own_stock(net) < blocks:
        if time.monotonic() > end:
            raise Failed(f"no {blocks} blocks at each link: raise --fill")
        time.sleep(0.5)
    modules(net, "pause")
    net.await_quiet()


def draw(bench, net, last, seconds):
    """Draws at the source all that comes; the first 503 is no end."""
    words = [*net.caller("SAE-A1", f"SAE-{last.upper()}1"), "--number",
             str(NUMBER), "--size", str(KEY), "--connections", "4",
             "--seconds", str(seconds), "--count", "1000000"]
    return loader.run(bench.args.build, words)


def pump(bench, net, connections, octets):
    base = os.path.join(os.path.dirname(net.ca), "KME-A-kx")
    p = subprocess.run([os.path.join(bench.args.build, "bench", "pump"),
                        base + ".crt", base + ".key", net.ca,
                        str(connections), str(octets)], stdout=subprocess.PIPE, text=True)
    if p.returncode != 0:
        raise Failed("bench/pump failed")
    return json.loads(p.stdout)


def measure(bench, net, last, connections):
    size = block_octets(net) - OTP_PAD
    drawing = threading.Thread(target=draw, args=(
        bench, net, last, bench.args.seconds + 2))
    drawing.start()
    time.sleep(1.5)
    before, watch = relayed(net, "a", last), Watch(net, bench.cores)
    while watch.seconds() < bench.args.seconds and own_stock(net) > 100:
        time.sleep(0.2)
    after = relayed(net, "a", last)
    octets = size * min(b - a for a, b in zip(before, after))
    report = watch.report(octets)
    drawing.join()
    raw = pump(bench, net, connections, max(octets, 1 << 24))
    report.update(raw_mbit_s=raw["mbit_s"], lost=0,
                  raw_ms_mib=raw["cpu_s"] * 1e3 * (1 << 20) /
                  max(octets, 1 << 24))
    return report


def relay(bench):
    """one-time-pad relay through one transit node, and through five"""
    size = block_size(bench)
    for transits in TRANSITS:
        nodes = NODES[:transits + 2]
        say(f"starting {len(nodes)} nodes in a row")
        stock = STOCK // size // (1 if transits == 1 else 4)
        net = bench.network(f"row{transits}", nodes=nodes, rate=RATE, settings=(
            *SETTINGS, f"block_octets={size}", f"link_stock_max={stock}"),
            pool=1 << 21, low=1 << 20)
        for _ in range(bench.args.rounds):
            fill(bench, net, stock * 2 // 5)
            report = measure(bench, net, nodes[-1], transits + 1)
            bench.flow(("relay", f"{transits} transit, blocks of "
                        f"{block_octets(net)}"), report)
        bench.end(net.down)
