"""What key costs by its octets: rate, and CPU time of every daemon."""

import os
import re
import subprocess
import time

from machine import Core, Usage, fdatasync_us

MIB = 1 << 20


def block_octets(net):
    with open(f"{net.node('a')['etc']}/kma.conf") as f:
        for line in f:
            if line.startswith("block_octets"):
                return int(line.split("=")[1].strip(" ;\n"))
    raise ValueError("no block_octets in kma.conf")


def block_size(bench):
    """That of --set, or else the product's own."""
    for s in reversed(bench.args.set):
        key, _, value = s.rpartition(".")[2].partition("=")
        if key == "block_octets":
            return int(value)
    text = subprocess.run([os.path.join(bench.args.build, "kma", "kma"),
                           "--options"], stdout=subprocess.PIPE, check=True,
                          text=True).stdout
    return int(re.search(r"(?m)^block_octets:.*default (\d+)", text)[1])


class Watch:
    """The network from here to report(), while key flows."""

    def __init__(self, net, cores):
        self.net, self.cores = net, [Core(c) for c in cores]
        self.usage = Usage({(n, d): pids for n in net.net["nodes"]
                            for d, pids in net.daemons(n).items()})
        self.before = self.commits()
        self.begin = time.monotonic()

    def commits(self):
        return {n: self.net.status(n, "kma")["commits"]
                for n in self.net.net["nodes"]}

    def seconds(self):
        return time.monotonic() - self.begin

    def report(self, octets):
        """octets of key that arrived meanwhile."""
        seconds, used = self.seconds(), self.usage.since()
        mine = sum(u["cpu"] for u in used.values())
        cores = [c.since(0) for c in self.cores]
        busy = sum(c["busy"] for c in cores)
        commits = self.commits()
        return {
            "mbit_s": octets * 8e-6 / seconds, "mib": octets / MIB,
            "seconds": seconds, "busy": busy / len(cores),
            "foreign": max(0, busy - mine / seconds) / len(cores),
            "fdatasync_us": fdatasync_us(self.net.dir, 50),
            "commits_s": {n: (commits[n] - self.before[n]) / seconds
                          for n in commits},
            "cpu": {f"{n} {d}": {"of_core": u["cpu"] / seconds,
                                 "ms_mib": u["cpu"] * 1e3 * MIB / octets
                                 if octets else 0,
                                 "groups": {g: s * 1e3 * MIB / octets
                                            if octets else 0 for g, s in
                                            u["groups"].items()}}
                    for (n, d), u in used.items()}}
