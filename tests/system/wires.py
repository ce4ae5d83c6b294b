"""Nodes whose relayds have emulated wires between them: a network namespace
for each node, and for each link a wire (bench/wire) with delay, loss and rate.
All else of a node stays on loopback."""
import os
import subprocess

from lib import BUILD, Net, Skip, check, need_root
from netns import add, need, sh

PREFIX = "10.82.0."


class Wires:
    """with Wires("abc", ["a-b", "b-c"]) as w: net = w.net(rate=...)"""

    def __init__(self, nodes, links):
        self.nodes, self.links, self.wires = nodes, links, {}

    def ns(self, node):
        return "qkdwire%d%s" % (os.getpid(), node)

    def address(self, node):
        return PREFIX + str(self.nodes.index(node) + 1)

    def __enter__(self):
        need_root()
        need("ip")
        try:
            for node in self.nodes:
                add(self.ns(node))
                sh("ip", "-n", self.ns(node), "addr", "add",
                   self.address(node), "dev", "lo")
            for link in self.links:
                self._connect(link)
        except (OSError, subprocess.CalledProcessError) as e:
            self.__exit__()
            raise Skip("no network namespaces or no TUN here: %s" % (
                getattr(e, "stdout", None) or e)) from e
        return self

    def _connect(self, link):
        a, b = link.split("-")
        p = subprocess.Popen(
            [os.path.join(BUILD, "bench", "wire"),
             "/run/netns/" + self.ns(a), "to-" + b,
             "/run/netns/" + self.ns(b), "to-" + a], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True)
        self.wires[link] = p
        if p.stdout.readline() != "ok\n":
            raise OSError("bench/wire has ended")
        for node, other in ((a, b), (b, a)):
            sh("ip", "-n", self.ns(node), "link", "set", "to-" + other, "up")
            sh("ip", "-n", self.ns(node), "route", "add",
               self.address(other), "dev", "to-" + other, "src",
               self.address(node))

    def net(self, *, more=(), **options):
        """Its nodes, and Kx by the wires."""
        more = list(more)
        for node in self.nodes:
            more += ["--kx", "%s=%s,%s" % (node, "/run/netns/" +
                                           self.ns(node),
                                           self.address(node))]
        return Net(self.nodes, self.links, more=more, **options)

    def set(self, links=None, **values):
        """delay, jitter, loss, rate, queue of those wires, or of all."""
        for link in links or self.links:
            p = self.wires[link]
            p.stdin.write(" ".join("%s %g" % x for x in values.items()) +
                          "\n")
            p.stdin.flush()
            check(p.stdout.readline() == "ok\n", "bench/wire has ended")

    def __exit__(self, *_):
        for p in self.wires.values():
            p.stdin.close()
            p.wait()
        for node in self.nodes:
            subprocess.run(["ip", "netns", "del", self.ns(node)],
                           stderr=subprocess.DEVNULL)
