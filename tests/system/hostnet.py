"""Nodes on booted hosts, each made by "qkdctl init" and joined as
doc/operator.md says, with the interface of lib.Net: what draws, fetches and
checks on a test network does so here too."""
import os
import secrets
import tempfile

from lib import BUILD, NETS, Net, Skip, check, say, wait_for
from oracle import Oracle

import hosts
from procs import ask

PKI = "/etc/qkdnode/ca"
STICK = "/var/tmp/stick"
RATE = 8000000          # bit/s of each simulated link


def unit(daemon):
    return "qkdnode-" + daemon.replace(":", "@") + ".service"


class HostNet(Net):
    def __init__(self, names, links, applications=2):
        reason = hosts.require()
        if reason:
            raise Skip(reason)
        self.base = self.dir = tempfile.mkdtemp(prefix="qkdnode-test.")
        os.chmod(self.base, 0o755)
        self.oracle, self.links, self.saes = Oracle(), links, {}
        self.hosts = hosts.Hosts(os.path.join(self.base, "hosts"), names,
                                 BUILD)
        NETS.append(self)
        self.hosts.up().install()
        self.ca = names[0]
        self._init(names)
        for link in links:
            self._link(link)
        for n in names:
            self._peers(n, names)
            for i in range(1, applications + 1):
                self._application(n, "SAE-%s%d" % (n.upper(), i))
        say("nodes are up on hosts:", ",".join(links))

    # ---- as an operator does it

    def _run(self, name, *words):
        return self.hosts[name].run(*words)

    def _carry(self, source, path, target):
        with open(self.hosts[source].path(path)) as f:
            text = f.read()
        os.makedirs(self.hosts[target].path(STICK), exist_ok=True)
        at = os.path.join(STICK, os.path.basename(path))
        self.hosts[target].put(at, text)
        return at

    def _init(self, names):
        self._run(self.ca, "qkdctl", "init", "--defaults", "--kme-id",
                  self.km(self.ca), "--listen", self.address(self.ca))
        for n in names[1:]:
            self._run(n, "qkdctl", "init", "--csr", "--kme-id", self.km(n),
                      "--listen", self.address(n))
            for kind in ("ak", "kx"):
                base = "%s-%s" % (self.km(n), kind)
                self._run(self.ca, "qkdnode-pki", "sign", PKI, self._carry(
                    n, "/etc/qkdnode/request/%s.csr" % base, self.ca))
                self._carry(self.ca, "%s/%s.crt" % (PKI, base), n)
            self._carry(self.ca, PKI + "/ca.crt", n)
            self._run(n, "qkdctl", "init", "--certificates", STICK)

    def _link(self, link):
        seed, path = secrets.token_hex(32) + "\n", "/etc/qkdnode/%s.seed" % link
        for one, two in ((0, 2), (2, 0)):
            n = link[one]
            self.hosts[n].put(path, seed, 0o600)
            self._run(n, "chown", "qkdnode-mod", path)
            self._run(n, "qkdctl", "link", "add", link, "--peer",
                      self.km(link[two]), "--driver", "sim", "--seed-file",
                      path, "--set", "sim_rate=%d" % RATE)

    def _peers(self, name, names):
        near = {x.replace(name, "").strip("-") for x in self.links
                if name in x}
        for n in names:
            if n != name:
                self._run(name, "qkdctl", "peer", "add", self.km(n),
                          "--address", self.address(n) + ":8445"
                          if n in near else "none")

    def _application(self, name, sae):
        self._run(name, "qkdctl", "application", "add", sae)
        self._run(self.ca, "qkdnode-pki", "sae", PKI, sae)
        self.saes[sae] = name

    # ---- what tests ask

    def km(self, name):
        return "KME-" + name.upper()

    def address(self, name):
        return self.hosts[name].address

    @property
    def json(self):
        """As testnet.json; files are where this machine sees them."""
        pki = self.hosts[self.ca].path(PKI)
        return {"ca": pki + "/ca.crt", "nodes": {h.name: {
            "kme_id": self.km(h.name), "https": h.address + ":8443",
            "ak": h.address + ":8444", "kx": h.address + ":8445",
            "etc": h.path("/etc/qkdnode"), "stores": {
                d: h.path("/var/lib/qkdnode/%s/keys.db" % d)
                for d in ("kma", "ksa")}} for h in self.hosts}, "saes": {
            s: {"node": n, "cert": "%s/%s.crt" % (pki, s),
                "key": "%s/%s.key" % (pki, s)}
            for s, n in self.saes.items()}}

    def daemons(self, name):
        return ["kma", "ksa", "relayd"] + ["qkdmod:" + x for x in self.links
                                           if name in x]

    def active(self, name, daemon):
        return self.hosts[name].call("systemctl", "is-active", "-q",
                                     unit(daemon)).returncode == 0

    def kill(self, name, daemon):
        """SIGKILL; systemd starts it again."""
        self.hosts[name].call("systemctl", "kill", "-s", "KILL", unit(daemon))

    def power_off(self, name):
        self.hosts[name].crash()

    def power_on(self, name):
        self.hosts[name].boot()

    def ctl(self, node, daemon, line="status"):
        return ask(self.hosts[node].path("/run/qkdnode/ctl-%s/sock"
                                         % daemon.replace(":", "-")), line)

    # ---- the end

    def logs(self):
        """The journals, for what went wrong."""
        out = []
        for h in self.hosts:
            path = os.path.join(self.base, h.name + ".log")
            p = h.call("journalctl", "-o", "cat", "-u", "qkdnode-*")
            with open(path, "w") as f:
                f.write(p.stdout)
            out.append(path)
        return out

    def all_alive(self):
        for h in self.hosts:
            for d in self.daemons(h.name):
                wait_for("%s of %s to run" % (d, h.name),
                         lambda: self.active(h.name, d))

    def down(self):
        self.hosts.wipe()
