"""What the scenes share: the networks, the comparison, the results."""

import os

import loader
from network import Network, say
from nginx import Nginx
from rsa import Rsa

# Thousands of connections that are silent for minutes, in the idle scene.
SETTINGS = ("max_connections=12000", "max_connections_per_application=12000",
            "idle_timeout=3600000")
NUMBERS = (1, 128)


class Bench:
    """One run of the benchmark."""

    def __init__(self, args, tmp, cores):
        self.args, self.tmp, self.cores = args, tmp, cores
        self.rows = {}		# (scene, case, connections): {server: [...]}
        self.paths = {}		# (kind, hops, ms of each link): [...]
        self.flows = {}		# (scene, case): [...]
        self.networks = {}	# (shape, nodes): {...}
        self.notes = []		# {"scene":, "text":, figures}
        self.stack = []		# what has to be stopped
        self.net = self.nginx = None

    def scaled(self, count, least=64):
        return max(least, int(count * self.args.scale))

    def network(self, name, **words):
        net = Network(self.args, os.path.join(self.tmp, name), **words)
        self.stack.append(net.down)
        return net

    def end(self, last):
        """Stops what was started last."""
        if self.stack and self.stack[-1] == last:
            self.stack.pop()()

    def nodes(self):
        """The network that most scenes use."""
        if not self.net:
            say("starting two nodes")
            self.net = self.network("net", settings=SETTINGS)

    def common(self):
        """It, and nginx: EC certificates at node a, RSA at node b."""
        self.nodes()
        if self.nginx:
            return
        say("starting nginx")
        self.rsa = Rsa(self.net, os.path.join(self.tmp, "rsa"))
        self.net.use_certificate("b", self.rsa.server)
        ec = os.path.join(os.path.dirname(self.net.ca), "KME-A-ak")
        self.net.await_stock("SAE-A1", "SAE-B1", 1000)
        self.nginx = Nginx(os.path.join(self.tmp, "nginx"), self.net,
                           self.cores[0], {"ec": ec, "rsa": self.rsa.server},
                           NUMBERS)
        self.stack.append(self.nginx.stop)

    def stop(self):
        while self.stack:
            self.stack.pop()()

    # -- measuring

    def ours(self, node, words):
        self.net.pin(node, self.cores)
        return loader.measured(self.args.build, self.cores,
                               loader.Ours(self.net, node), words)

    def theirs(self, words, number=1, certificate="ec"):
        server = loader.Theirs(self.nginx,
                               self.nginx.address(number, certificate))
        return loader.measured(self.args.build, self.cores, server, words)

    def row(self, scene, case, connections, **reports):
        """One round of it: qkdnode=, and nginx= or https= beside it."""
        row = self.rows.setdefault((scene, case, connections), {})
        for server, r in reports.items():
            row.setdefault(server, []).append(r)
        say(f"  {scene}: {case}, {connections} conn.: " + ", ".join(
            f"{s} {r['requests_s']:.0f}/s" for s, r in reports.items()) +
            "".join(f", {r['unavailable']} answers 503"
                    for r in reports.values() if r["unavailable"]))

    def path(self, key, report):
        kind, hops, delay = key
        self.paths.setdefault(key, []).append(report)
        say(f"  {kind}: {hops} hops of {delay} ms: "
            f"{report['whole']['p50_us'] / 1000:.2f} ms, the path alone "
            f"{report['path_us'] / 1000:.2f} ms")

    def flow(self, key, report):
        self.flows.setdefault(key, []).append(report)
        say(f"  {key[0]}: {key[1]}: {report['mbit_s']:.1f} Mbit/s, "
            f"{report['mib']:.0f} MiB in {report['seconds']:.1f} s" +
            (f", raw TLS {report['raw_mbit_s']:.0f} Mbit/s"
             if "raw_mbit_s" in report else ""))

    def note(self, scene, text, **figures):
        self.notes.append({"scene": scene, "text": text, **figures})
        say(f"  {scene}: {text}")


def without_ids(words):
    """A fixed answer's key_IDs are nothing to fetch."""
    if "--ids" not in words or "--dec" in words or "--mixed" in words:
        return words
    i = words.index("--ids")
    return words[:i] + words[i + 2:]
