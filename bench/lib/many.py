"""The routing code in networks of 1,000 and 10,000 nodes, in one process."""

import os
import subprocess

from network import Failed, say

NETS = (("random", 1000), ("ring", 1000), ("random", 10000), ("ring", 10000))
# what bench/many calls it, and what it is
LINES = (
    ("links", "links"),
    ("engines", "nodes that run all of the code"),
    ("start_ms", "all start: ms until all know all"),
    ("start_messages_per_link", "  announcements over a link"),
    ("start_octets_per_link", "  octets over a link"),
    ("start_refused", "  announcements refused, too many a second"),
    ("cut_ms", "a link is cut: ms until all know"),
    ("cut_messages_per_link", "  announcements over a link"),
    ("cut_octets_per_link", "  octets over a link"),
    ("restart_ms", "a node restarts: ms until it knows all"),
    ("restart_messages_per_link", "  announcements over a link"),
    ("restart_octets_per_link", "  octets over a link"),
    ("node_kib", "memory of a node for all this, KiB"),
    ("take_all_cpu_ms", "CPU ms to take in all other nodes"),
    ("routes_cpu_ms", "CPU ms to compute the routes to all"),
    ("disjoint_cpu_ms", "CPU ms for 3 disjoint routes to one"),
    ("disjoint_found", "  found, of 3"),
    ("frames", "frames sent while nodes learn"),
    ("delivered", "  delivered"),
    ("no_route", "  not sent, there was no route yet"),
    ("lost", "  dropped before a link that was gone"),
    ("calm_frames", "frames sent in a calm network"),
    ("calm_delivered", "  delivered"),
    ("calm_hops", "  links of a way, mean"),
    ("loops", "frames that a node saw twice"),
    ("process_mib", "memory of the simulation, MiB"),
    ("process_cpu_s", "CPU s of the simulation"),
)
SUMS = ("frames", "delivered", "no_route", "lost", "loops")


def one(bench, shape, nodes):
    program = os.path.join(bench.args.build, "bench", "many")
    done = subprocess.run([program, shape, str(nodes)], text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{program} {shape} {nodes}: {done.stderr.strip()}")
    found = {k: float(v) for k, v in
             (line.split("=") for line in done.stdout.split())}
    for name in SUMS:
        found[name] = sum(found[f"{phase}_{name}"] for phase in
                          ("start", "cut", "restart"))
    found["loops"] += found["calm_loops"]
    return found


def text(value):
    return f"{value:,.0f}" if value == int(value) or value >= 1000 else \
        f"{value:.4g}"


def many(bench):
    """routing for 1,000 and 10,000 simulated nodes: convergence, messages"""
    columns = []
    for shape, nodes in NETS:
        say(f"{nodes} nodes, {shape}")
        columns.append(one(bench, shape, nodes))
        bench.networks[(shape, nodes)] = columns[-1]
    print(f"{'':42}" + "".join(f"{shape + ' ' + format(nodes, ','):>15}"
                               for shape, nodes in NETS))
    for name, what in LINES:
        print(f"{what:42}" + "".join(f"{text(c[name]):>15}" for c in columns))
    print()
