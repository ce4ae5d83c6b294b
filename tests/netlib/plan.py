"""What a test network consists of: names, ports, users, paths."""

import os
import random
import re
import socket

DAEMONS = ("qkdmod", "kma", "ksa", "relayd")	# in the order of starting
UID_BASE = 61000	# no user of this machine; nothing else owns files there
UIDS_PER_NODE = 32
OPERATORS = UID_BASE - 1	# gid: group qkdnode of an installed node
PORTS = range(20000, 32000)	# below what the kernel gives to clients
SOCKET_MAX = 107	# octets of a UNIX socket's path

REPO = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


class Failed(Exception):
    """What went wrong, for a person."""


def build_dir():
    return os.path.abspath(os.environ.get("QKDNODE_BUILD") or
                           os.path.join(REPO, "build"))


def binary(build, daemon):
    path = os.path.join(build, daemon, daemon)
    if not os.access(path, os.X_OK):
        raise Failed(f"{path} is missing: build first (./dev build), or set "
                     "QKDNODE_BUILD")
    return path


def parse_nodes(text):
    nodes = text.split(",")
    for n in nodes:
        if not re.fullmatch("[a-z][a-z0-9]{0,15}", n):
            raise Failed(f"node \"{n}\": a letter and up to 15 letters and "
                         "digits expected, lower case")
    if len(set(nodes)) != len(nodes) or len(nodes) > 100:
        raise Failed("--nodes: a node twice, or more than 100")
    return nodes


def parse_links(text, nodes):
    links = []
    for link in text.split(",") if text else []:
        ends = link.split("-")
        if len(ends) != 2 or ends[0] == ends[1] or not set(ends) <= set(nodes):
            raise Failed(f"link \"{link}\": two nodes of {','.join(nodes)} "
                         "with '-' between expected")
        if any(set(ends) == set(other.split("-")) for other in links):
            raise Failed(f"link \"{link}\" stands there twice")
        links.append(link)
    return links


def parse_foreign(words, nodes):
    """x@a: {"x": "a"}; a key manager of another house."""
    foreign = {}
    for word in words:
        name, _, node = word.partition("@")
        if not re.fullmatch("[a-z][a-z0-9]{0,15}", name) or node not in nodes:
            raise Failed(f"--foreign {word}: a name, '@' and one of "
                         f"{','.join(nodes)} expected")
        if name in nodes or name in foreign:
            raise Failed(f"--foreign {word}: \"{name}\" stands there twice")
        foreign[name] = node
    return foreign


def parse_kx(words, nodes):
    """a=NAMESPACE,ADDRESS: {"a": [NAMESPACE, ADDRESS]}"""
    kx = {}
    for word in words:
        m = re.fullmatch(r"(\w+)=(/[^,]+),([0-9.]+)", word)
        if not m or m[1] not in nodes:
            raise Failed(f"--kx {word}: a node, '=', the path of a network "
                         "namespace, ',' and an IPv4 address expected")
        kx[m[1]] = [m[2], m[3]]
    return kx


def free_ports(count):
    """Ports that nobody listens on now; random, so that two networks that
    start at the same time rarely meet."""
    found = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise Failed("no free ports")


class Plan:
    """All that follows from the arguments of `up`; kept in state.json."""

    def __init__(self, d, data):
        self.dir = d
        self.data = data
        self.nodes = data["nodes"]
        self.links = data["links"]
        self.build = data["build"]
        self.root = data["root"]
        self.foreign = data.get("foreign", {})
        self.kx = data.get("kx", {})

    @classmethod
    def make(cls, d, nodes, links, settings, foreign=None, kx=None):
        ports = free_ports(3 * len(nodes))
        data = {"nodes": nodes, "links": links, "settings": settings,
                "foreign": foreign or {}, "kx": kx or {},
                "ports": {n: dict(zip(("https", "ak", "kx"),
                                      ports[3 * i:3 * i + 3]))
                          for i, n in enumerate(nodes)},
                "build": build_dir(), "root": os.geteuid() == 0}
        plan = cls(d, data)
        plan.check()
        return plan

    def check(self):
        for n in self.nodes:
            if len(self.links_of(n)) > UIDS_PER_NODE - 3:
                raise Failed(f"node {n} has too many links")
            for daemon in self.daemons(n):
                path = self.ctl_path(n, daemon)
                if len(path.encode()) > SOCKET_MAX:
                    raise Failed(f"--dir is too long: {path} exceeds "
                                 f"{SOCKET_MAX} octets")
        reached = self.reachable(self.nodes[0])
        apart = [n for n in self.nodes if n not in reached]
        if apart:
            raise Failed("no chain of links from " + self.nodes[0] + " to " +
                         ", ".join(apart))

    def reachable(self, start):
        seen, todo = {start}, [start]
        while todo:
            for n in self.neighbours(todo.pop()):
                if n not in seen:
                    seen.add(n)
                    todo.append(n)
        return seen

    def links_of(self, node):
        return [x for x in self.links if node in x.split("-")]

    def neighbours(self, node):
        return [self.other_end(x, node) for x in self.links_of(node)]

    @staticmethod
    def other_end(link, node):
        a, b = link.split("-")
        return b if a == node else a

    def daemons(self, node):
        """Names as in `pids`: kma, ksa, relayd, qkdmod:LINK."""
        return ["qkdmod:" + x for x in self.links_of(node)] + \
            list(DAEMONS[1:])

    @staticmethod
    def km(node):
        return "KME-" + node.upper()

    def foreign_of(self, node):
        return [x for x, n in self.foreign.items() if n == node]

    @staticmethod
    def saes_of(node):
        return [f"SAE-{node.upper()}{i}" for i in (1, 2)]

    def uid(self, node, daemon):
        """As root, a user for each daemon: what separates them is tested."""
        if not self.root:
            return os.getuid()
        base = UID_BASE + self.nodes.index(node) * UIDS_PER_NODE
        if daemon.startswith("qkdmod:"):
            return base + 3 + self.links_of(node).index(daemon[7:])
        return base + DAEMONS.index(daemon) - 1

    def gid(self, node, daemon):
        return self.uid(node, daemon) if self.root else os.getgid()

    def operators(self):
        """The group that may look; no daemon is in it."""
        return OPERATORS if self.root else os.getgid()

    def path(self, node, *parts):
        return os.path.join(self.dir, node, *parts)

    def run_path(self, node, *parts):
        return self.path(node, "run", *parts)

    def conf_path(self, node, daemon):
        return self.path(node, "etc", daemon.replace(":", "-") + ".conf")

    def key_path(self, node, daemon, *parts):
        """A folder of secrets for each daemon: apart even if all have one
        user, since a daemon may read what lies around its certificate."""
        return self.path(node, "keys", daemon.replace(":", "-"), *parts)

    def log_path(self, node, daemon):
        return self.path(node, "log", daemon.replace(":", "-") + ".log")

    def ctl_path(self, node, daemon):
        return self.run_path(node, "ctl-" + daemon.replace(":", "-"), "sock")

    def address(self, node, door):
        host = self.kx[node][1] if door == "kx" and node in self.kx else \
            "127.0.0.1"
        return f"{host}:{self.data['ports'][node][door]}"

    def namespace(self, node, daemon):
        """Where it has its network; None: where testnet has."""
        return self.kx[node][0] if daemon == "relayd" and node in self.kx \
            else None

    def pki(self, name):
        return os.path.join(self.dir, "pki", name)

    def description(self, pids):
        """testnet.json: what other programs may rely on."""
        foreign = {"foreign": {
            x: {"kme_id": self.km(x), **self.certificate(self.km(x) + "-kx")}
            for x in self.foreign}} if self.foreign else {}
        return {
            "ca": self.pki("ca.crt"),
            "nodes": {n: self.node_description(n, pids.get(n, {}))
                      for n in self.nodes},
            "saes": {s: {"node": n, **self.certificate(s)}
                     for n in self.nodes for s in self.saes_of(n)},
            "strangers": {"SAE-X": self.certificate("SAE-X")},
            **foreign,
        }

    def certificate(self, sae):
        return {"cert": self.pki(sae + ".crt"), "key": self.pki(sae + ".key")}

    def node_description(self, n, pids):
        return {"kme_id": self.km(n),
                "https": self.address(n, "https"),
                "ak": self.address(n, "ak"),
                "kx": self.address(n, "kx"),
                "etc": self.path(n, "etc"),
                "stores": {x: self.path(n, x, "keys.db")
                           for x in ("kma", "ksa")},
                "pids": pids}
