"""Nodes on booted hosts, configured by hand: what "qkdctl init" does, so that
tests of packages and units do not depend on it."""
import json
import os
import secrets
import subprocess

from lib import BUILD, ROOT, Client, Skip, check, say, wait_for

import hosts
from files import text_of

DAEMONS = ("kma", "ksa", "relayd")
USERS = {"kma": "qkdnode-kma", "ksa": "qkdnode-ksa",
         "relayd": "qkdnode-relay", "qkdmod": "qkdnode-mod"}
ETC = "/etc/qkdnode"


def boot(directory, names):
    """Hosts(): booted, nothing installed. Skips where that cannot be."""
    reason = hosts.require()
    if reason:
        raise Skip(reason)
    return hosts.Hosts(os.path.join(directory, "hosts"), names, BUILD)


def unit(daemon):
    return "qkdnode-%s.service" % daemon.replace("qkdmod:", "qkdmod@")


class Network:
    """Some nodes on hosts, each linked with the next by a simulated link,
    with one application each: SAE-A at host a."""

    def __init__(self, directory, nodes):
        self.nodes = list(nodes)
        self.pki = os.path.join(directory, "pki")
        self._pki("ca", self.pki)
        for node in self.nodes:
            for kind in ("km", "ksa"):
                self._pki(kind, self.pki, self.kme(node), "--address",
                          node.address)
            self._pki("sae", self.pki, self.sae(node))
        self.links = {}
        for one, two in zip(self.nodes, self.nodes[1:]):
            self.links[one.name + "-" + two.name] = (one, two)
        for node in self.nodes:
            self._configure(node)

    def _pki(self, *words):
        p = subprocess.run([os.path.join(ROOT, "etc", "qkdnode-pki"), *words],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True)
        check(p.returncode == 0, p.stdout)

    def kme(self, node):
        return "KME-" + node.name.upper()

    def sae(self, node):
        return "SAE-" + node.name.upper()

    def links_of(self, node):
        """{link: the host at its other end}"""
        return {name: ends[1 - ends.index(node)]
                for name, ends in self.links.items() if node in ends}

    # ---- a node's files

    def _options(self, node):
        others = [n for n in self.nodes if n is not node]
        near = self.links_of(node)

        def tls(kind):
            base = "%s/pki/%s-%s" % (ETC, self.kme(node), kind)
            return {"certificate": base + ".crt", "private_key":
                    base + ".key", "ca": ETC + "/pki/ca.crt"}

        def store(daemon):
            return {"node_key": "/run/credentials/%s/node_key" % unit(daemon)}

        yield "kma", {
            **store("kma"), "user_ksa": USERS["ksa"],
            "user_relayd": USERS["relayd"], "block_octets": 4096,
            "links": [{"name": x, "peer": self.kme(n), "user": USERS["qkdmod"]}
                      for x, n in near.items()]}
        yield "ksa", {
            **store("ksa"), **tls("ak"), "user_kma": USERS["kma"],
            "user_relayd": USERS["relayd"], "pool_low": 65536,
            "pool_high": 131072, "listen": node.address + ":8443",
            "ak_listen": node.address + ":8444",
            "peers": [{"kme_id": self.kme(n)} for n in others],
            "applications": [{"id": self.sae(node), "km": self.kme(node)}]}
        yield "relayd", {
            **tls("kx"), "user_kma": USERS["kma"], "user_ksa": USERS["ksa"],
            "listen": node.address + ":8445",
            "peers": [{"kme_id": self.kme(n), "address": n.address + ":8445"}
                      for n in near.values()]}

    def _configure(self, node):
        for daemon, options in self._options(node):
            options = {"kme_id": self.kme(node), **options}
            node.put("%s/%s.conf" % (ETC, daemon), as_text(options))
        for daemon in ("kma", "ksa"):
            node.run("systemd-creds", "encrypt", "--name=node_key", "-",
                     "%s/credentials/%s.node_key.cred" % (ETC, daemon),
                     input=secrets.token_hex(32))
        for kind, daemon in (("ak", "ksa"), ("kx", "relayd")):
            base = "%s-%s" % (self.kme(node), kind)
            self._copy(node, base + ".crt")
            self._copy(node, base + ".key", USERS[daemon])
        self._copy(node, "ca.crt")
        for link in self.links_of(node):
            self._module(node, link)

    def _copy(self, node, name, user=None):
        with open(os.path.join(self.pki, name)) as f:
            secret(node, "%s/pki/%s" % (ETC, name), f.read(), user)

    def _module(self, node, link):
        seed = os.path.join(self.pki, link + ".seed")
        if not os.path.exists(seed):
            with open(seed, "w") as f:
                f.write(secrets.token_hex(32) + "\n")
        with open(seed) as f:
            secret(node, "%s/qkdmod-%s.seed" % (ETC, link), f.read(),
                   USERS["qkdmod"])
        node.put("%s/qkdmod-%s.conf" % (ETC, link), as_text({
            "link": link, "driver": "sim", "user_kma": USERS["kma"],
            "sim_seed_file": "%s/qkdmod-%s.seed" % (ETC, link),
            "sim_lump": 200, "block_octets": 4096}))

    # ---- use

    def start(self):
        for node in self.nodes:
            for link in self.links_of(node):
                node.run("systemctl", "enable", "qkdnode-qkdmod@" + link)
            node.run("systemctl", "start", "qkdnode.target")

    def client(self, node):
        base = os.path.join(self.pki, self.sae(node))
        return Client(node.address + ":8443",
                      os.path.join(self.pki, "ca.crt"), base + ".crt",
                      base + ".key")

    def draw(self, master, slave, number=1, seconds=40):
        """{key_ID: key}, as soon as the nodes supply."""
        def answer():
            try:
                status, body = self.client(master).enc(
                    self.sae(slave), number, 256)
            except OSError:
                return None
            return by_id(body) if status == 200 else None
        return wait_for("keys from %s for %s" % (master.name, slave.name),
                        answer, seconds, 0.3)

    def fetch(self, keys, master, slave, seconds=40):
        """The same keys, at the other end."""
        def answer():
            try:
                status, body = self.client(slave).dec(
                    self.sae(master), list(keys))
            except OSError:
                return None
            return by_id(body) if status == 200 else None
        got = wait_for("the keys at %s" % slave.name, answer, seconds, 0.3)
        check(got == keys, "master and slave have different keys")
        say(len(keys), "keys of", master.name, "fetched at", slave.name)


def by_id(body):
    return {k["key_ID"]: k["key"] for k in body["keys"]}


def as_text(options):
    return "".join("%s = %s;\n" % (k, text_of(v)) for k, v in options.items())


def secret(node, path, text, user=None):
    """A file of root's, readable by all, or by one user's group alone."""
    node.put(path, text, 0o600 if user else 0o644)
    if user:
        node.run("chgrp", user, path)
        node.run("chmod", "0640", path)


def show(node, name, *properties):
    """Properties of a unit."""
    out = node.run("systemctl", "show", "-p", ",".join(properties), name)
    return dict(line.split("=", 1) for line in out.splitlines() if line)


def active(node, name):
    return show(node, name, "ActiveState")["ActiveState"] == "active"


def status(node, daemon):
    return json.loads(node.run("qkdctl", daemon, "status"))
