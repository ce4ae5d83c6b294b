"""From the module into link keys that both ends have agreed, on disk."""

import time

from flow import Watch, block_octets, block_size
from network import Failed, say

# Nothing but the machine shall be the limit: the modules have key enough, and
# there is room for all of it.
STOCK = 1 << 30			# octets, at each end
SETTINGS = ("sim_lump=10", "sim_buffer=1048576")


def agreed(net):
    """Blocks since the start that both ends have agreed; those lost."""
    links = [net.status(n, "kma")["links"][0] for n in ("a", "b")]
    return (min(x["counters"]["agreed"] for x in links),
            max(x["counters"]["lost"] for x in links),
            max(x["own_blocks"] + x["their_blocks"] + x["new_blocks"]
                for x in links))


def one_round(bench, number, size):
    net = bench.network(f"ingest{number}", pool=131072, low=65536, settings=(
        *SETTINGS, f"block_octets={size}", f"link_stock_max={STOCK // size}"))
    octets = block_octets(net)
    before, lost, _ = agreed(net)
    watch = Watch(net, bench.cores)
    while watch.seconds() < bench.args.seconds:
        time.sleep(0.2)
        after, gone, stock = agreed(net)
        if stock > 0.9 * STOCK / size:
            break
    if watch.seconds() < 1:
        raise Failed("the stock is full before anything was measured: a "
                     "lower --rate")
    report = watch.report((after - before) * octets)
    report["lost"] = (gone - lost) / max(1, after - before)
    bench.flow(("ingest", f"blocks of {octets}"), report)
    bench.end(net.down)


def ingest(bench):
    """a link at full speed: from the module to agreed keys on disk"""
    say("one link, two nodes, modules at full speed")
    for i in range(bench.args.rounds):
        one_round(bench, i, block_size(bench))
