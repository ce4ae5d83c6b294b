#!/usr/bin/python3
"""qkdctl check: a node that is right has no finding; each of many planted
faults is found, with its level, its place and what to do."""
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading

from lib import ROOT, Net, check, equal, run, say, wait_for
from nodefiles import daemons_dir, qkdctl, qkdctl_any, read

LEVELS = ["error", "warning", "note"]
PKI = os.path.join(ROOT, "etc", "qkdnode-pki")


def pki(*words):
    subprocess.run([PKI, *words], check=True, stdout=subprocess.DEVNULL)


class Node:
    """A node's files below a directory: a link, a peer, an application."""

    def __init__(self, folder):
        self.folder, self.root = folder, os.path.join(folder, "root")
        self.daemons = daemons_dir(folder)
        os.mkdir(self.root)
        self.etc = os.path.join(self.root, "etc", "qkdnode")
        qkdctl("init", "--daemons", self.daemons, "--root", self.root,
               "--defaults", "--kme-id", "KME-A", "--listen", "127.0.0.1")
        options = ("--etc", self.etc, "--daemons", self.daemons, "--no-start")
        qkdctl("link", "add", "a-b", "--peer", "KME-B", "--driver", "sim",
               "--seed-file", "/etc/qkdnode/a-b.seed", *options)
        qkdctl("peer", "add", "KME-B", "--address", "127.0.0.1:1", *options)
        qkdctl("application", "add", "SAE-A1", *options)

    def path(self, name):
        return os.path.join(self.etc, name)

    def check(self, *words):
        """(exit code, findings)"""
        code, out = qkdctl_any("-j", "check", "--etc", self.etc, "--daemons",
                               self.daemons, *words)
        check(code in (0, 1, 2), f"exit code {code}: {out}")
        answer = json.loads(out)
        equal(answer["level"], ("ok", "warning", "error")[code], "level")
        levels = [f["level"] for f in answer["findings"]]
        equal((answer["errors"], answer["warnings"]), (levels.count("error"),
              levels.count("warning")), "findings that are counted")
        equal(levels, sorted(levels, key=LEVELS.index), "the worst first")
        return code, answer["findings"]

    def findings(self):
        """Of its files; the simulated link is known."""
        return [f for f in self.check("--root", self.root)[1]
                if "SIMULATED" not in f["what"]]

    def edit(self, name, old, new):
        text = read(self.path(name))
        check(old in text, f"{name} has no {old}")
        with open(self.path(name), "w") as f:
            f.write(text.replace(old, new))


def signed(node, name, csr, days, extensions=""):
    """Over a certificate of the node: another one by the same CA."""
    ext = os.path.join(node.folder, "ext")
    with open(ext, "w") as f:
        f.write(extensions)
    ca = node.path("ca/ca")
    subprocess.run(["openssl", "x509", "-req", "-in", csr, "-CA", ca + ".crt",
                    "-CAkey", ca + ".key", "-days", str(days), "-extfile",
                    ext, "-out", node.path("pki/" + name)], check=True,
                   stderr=subprocess.DEVNULL)


def request(node, name):
    """A request with the key that the node has."""
    csr = os.path.join(node.folder, "csr")
    subprocess.run(["openssl", "req", "-new", "-key",
                    node.path(f"pki/{name}.key"), "-subj", "/CN=x", "-out",
                    csr], check=True, stderr=subprocess.DEVNULL)
    return csr


URN = "subjectAltName=URI:urn:qkdnode:km:KME-A,IP:127.0.0.1\n"


def expired(node):
    signed(node, "KME-A-ak.crt", request(node, "KME-A-ak"), -1, URN)


def soon(node):
    signed(node, "KME-A-ak.crt", request(node, "KME-A-ak"), 10, URN)


def nameless(node):
    signed(node, "KME-A-kx.crt", request(node, "KME-A-kx"), 90,
           "subjectAltName=IP:127.0.0.1\n")


def elsewhere(node):
    signed(node, "KME-A-ak.crt", request(node, "KME-A-ak"), 90,
           "subjectAltName=IP:192.0.2.1\n")


def other_ca(node):
    pki("ca", os.path.join(node.folder, "other"))
    shutil.copy(os.path.join(node.folder, "other/ca.crt"),
                node.path("pki/ca.crt"))


def other_key(node):
    shutil.copy(node.path("pki/KME-A-kx.key"), node.path("pki/KME-A-ak.key"))


def old_crl(node):
    shutil.copy(node.path("ca/ca.crt"), node.path("pki/ca.crl"))
    node.edit("ksa.conf", "ca = ", 'crl = "/etc/qkdnode/pki/ca.crl";\nca = ')


def crl_ends(node):
    pki("crl", node.path("ca"), "--days", "1")
    shutil.copy(node.path("ca/ca.crl"), node.path("pki/ca.crl"))
    node.edit("ksa.conf", "ca = ", 'crl = "/etc/qkdnode/pki/ca.crl";\nca = ')


def crl_of_another_ca_ends(node):
    """Two lists in a file; the second ends."""
    pki("crl", node.path("ca"))
    shutil.copy(node.path("ca/ca.crl"), node.path("pki/ca.crl"))
    pki("crl", node.path("ca"), "--days", "1")
    with open(node.path("pki/ca.crl"), "a") as f:
        f.write(read(node.path("ca/ca.crl")))
    node.edit("ksa.conf", "ca = ", 'crl = "/etc/qkdnode/pki/ca.crl";\nca = ')


def no_utf8(node):
    with open(node.path("relayd.conf"), "rb") as f:
        text = f.read()
    with open(node.path("relayd.conf"), "wb") as f:
        f.write(text.replace(b'"KME-B"', b'"KME-\xe4"'))


def chained(node, end=90):
    """The node's certificate is by a CA that the root CA signed."""
    signed(node, "between.crt", request(node, "KME-A-kx"), end,
           "basicConstraints=critical,CA:TRUE\n")
    ca, path = node.path("pki/between.crt"), node.path("pki/KME-A-ak.crt")
    ext = os.path.join(node.folder, "ext")
    with open(ext, "w") as f:
        f.write("subjectAltName=IP:127.0.0.1\n")
    subprocess.run(["openssl", "x509", "-req", "-in", request(node,
                    "KME-A-ak"), "-CA", ca, "-CAkey",
                    node.path("pki/KME-A-kx.key"), "-CAcreateserial", "-days",
                    "90", "-extfile", ext, "-out", path], check=True,
                   stderr=subprocess.DEVNULL)
    with open(path, "a") as f:
        f.write(read(ca))


def chain_ends(node):
    chained(node, 10)


def edit(name, old, new):
    return lambda node: node.edit(name, old, new)


def one_node_key(node):
    for name in ("kma.conf", "ksa.conf"):
        text = re.sub('(?m)^node_key = .*', 'node_key = "/etc/qkdnode/key";',
                      read(node.path(name)))
        with open(node.path(name), "w") as f:
            f.write(text)
    with open(node.path("key"), "w") as f:
        f.write("5" * 64)
    os.chmod(node.path("key"), 0o600)


def mode(name, bits):
    return lambda node: os.chmod(node.path(name), bits)


def gone(name):
    return lambda node: os.unlink(node.path(name))


def zeroized(node):
    """Its keys are gone: that alone is said, and the way back."""
    mark = os.path.join(node.root, "var/lib/qkdnode/zeroized")
    os.makedirs(os.path.dirname(mark), exist_ok=True)
    with open(mark, "w"):
        pass
    gone("pki/KME-A-kx.key")(node)


# How it is planted; its level, area, place, words; what the remedy names.
FAULTS = [
    (edit("ksa.conf", '"KME-A";', '"KME-Z";'), "error", "agreement",
     "ksa.conf", "kme_id", "alike"),
    (one_node_key, "error", "agreement",
     "ksa.conf", "which kma has too", "copy the file"),
    (edit("qkdmod-a-b.conf", "16384", "4096"), "error", "agreement",
     "qkdmod-a-b.conf", "block_octets is 4096", "alike"),
    (edit("qkdmod-a-b.conf", 'link = "a-b"', 'link = "a-c"'), "error",
     "agreement", "qkdmod-a-b.conf", 'link is "a-c"', "alike"),
    (edit("relayd.conf", '{ kme_id = "KME-B"; address = "127.0.0.1:1"; }',
          ""), "error", "agreement", "relayd.conf", "none of the peers",
     "qkdctl peer add KME-B"),
    (edit("kma.conf", '{ name = "a-b"; peer = "KME-B"; user = '
          '"qkdnode-mod"; }', ""), "warning", "agreement", "kma.conf",
     "no QKD link leads to it", "qkdctl link add"),
    (edit("ksa.conf", '{ kme_id = "KME-B"; }', ""), "warning", "agreement",
     "ksa.conf", "no key is shared", "qkdctl peer add KME-B"),
    (edit("relayd.conf", ":8445", ":8443"), "error", "agreement",
     "relayd.conf", "which ksa has too", "another port"),
    (edit("kma.conf", '"qkdnode-ksa"', '""'), "warning", "agreement",
     "kma.conf", "user_ksa is empty", "name the user"),
    (edit("kma.conf", "links = (", "links = "), "error", "configuration",
     "kma.conf", "syntax", "-n -c"),
    (edit("ksa.conf", "listen", "lisden"), "error", "configuration",
     "ksa.conf", "lisden", "-n -c"),
    (gone("relayd.conf"), "error", "configuration", "relayd.conf",
     "is missing", "qkdctl init"),
    (gone("qkdmod-a-b.conf"), "error", "configuration", "qkdmod-a-b.conf",
     "is missing", "link add"),
    (expired, "error", "certificates", "KME-A-ak.crt", "has expired",
     "qkdnode-pki"),
    (soon, "warning", "certificates", "KME-A-ak.crt", "expires in",
     "qkdnode-pki"),
    (nameless, "error", "certificates", "KME-A-kx.crt", "does not name urn:",
     "qkdnode-pki"),
    (elsewhere, "warning", "certificates", "KME-A-ak.crt",
     "does not name 127.0.0.1", "--address"),
    (other_ca, "error", "certificates", "KME-A-ak.crt", "is not valid by",
     "qkdnode-pki"),
    (other_key, "error", "certificates", "KME-A-ak.key", "does not belong",
     "qkdnode-pki"),
    (old_crl, "error", "certificates", "ca.crl", "no revocation list",
     "qkdnode-pki crl"),
    (crl_ends, "warning", "certificates", "ca.crl", "expires in",
     "qkdnode-pki crl"),
    (crl_of_another_ca_ends, "warning", "certificates", "ca.crl",
     "expires in", "qkdnode-pki crl"),
    (chain_ends, "warning", "certificates", "KME-A-ak.crt",
     "of its chain expires in", "qkdnode-pki"),
    (no_utf8, "warning", "agreement", "kma.conf", "KME-? is a neighbour",
     "qkdctl link add"),
    (mode("qkdmod-a-b.conf", 0o666), "error", "permissions",
     "qkdmod-a-b.conf", "too much", "chmod 644"),
    (gone("pki/KME-A-ak.crt"), "error", "certificates", "KME-A-ak.crt",
     "cannot be read", "qkdctl init"),
    (gone("pki/ca.crt"), "error", "certificates", "ca.crt",
     "holds no certificate", "put the CA"),
    (mode("pki/KME-A-kx.key", 0o644), "error", "permissions", "KME-A-kx.key",
     "too much", "chmod 640"),
    (mode("credentials", 0o755), "error", "permissions", "credentials",
     "too much", "chmod 700"),
    (mode("ca", 0o755), "error", "permissions", "ca", "too much",
     "chmod 700"),
    (mode("credentials/ksa.node_key.plain", 0o640), "error", "permissions",
     "ksa.node_key.plain", "too much", "chmod 600"),
    (gone("credentials/kma.node_key.plain"), "error", "permissions",
     "kma.node_key.*", "kma's store is missing", "put it back"),
    (mode("kma.conf", 0o664), "error", "permissions", "kma.conf", "too much",
     "chmod 644"),
    (zeroized, "error", "node", "zeroized", "was zeroized",
     "qkdctl init --restored"),
]


def planted(node, plant, level, area, place, words, remedy):
    saved = os.path.join(node.folder, "saved")
    subprocess.run(["cp", "-a", node.root, saved], check=True)
    plant(node)
    found = node.findings()
    check(any(f["level"] == level and f["area"] == area and
              f["where"].endswith(place) and words in f["what"] and
              remedy in f["remedy"] for f in found),
          f"{place}: \"{words}\" is not found, but: {json.dumps(found)}")
    check(plant is not zeroized or len(found) == 1, json.dumps(found))
    code = node.check("--root", node.root)[0]
    equal(code, 2 if any(f["level"] == "error" for f in found) else 1,
          "exit code")
    shutil.rmtree(node.root)
    os.rename(saved, node.root)
    equal(node.findings(), [], "after the fault is gone")


class Door:
    """A TLS server with some certificate, or a port that hangs up."""

    def __init__(self, cert=None, key=None, ca=None):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.sock.getsockname()[1]
        self.ctx = None
        self.shown = []
        if cert:
            self.ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.ctx.load_cert_chain(cert, key)
        if ca:
            self.ctx.verify_mode = ssl.CERT_OPTIONAL
            self.ctx.load_verify_locations(ca)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            conn, _ = self.sock.accept()
            try:
                if self.ctx:
                    conn = self.ctx.wrap_socket(conn, server_side=True)
                    self.shown.append(conn.getpeercert())
                    conn.recv(1)
            except OSError:
                pass
            conn.close()


def neighbours(node):
    """Seen from outside: not there, no TLS, another CA, another node, right."""
    for name in ("ksa.conf", "relayd.conf", "kma.conf"):
        text = read(node.path(name)).replace("/etc/qkdnode", node.etc)
        with open(node.path(name), "w") as f:
            f.write(text)
    for ca, km in ((node.path("ca"), "KME-B"), (node.path("ca"), "KME-C"),
                   (os.path.join(node.folder, "stranger"), "KME-B")):
        if not os.path.exists(ca):
            pki("ca", ca)
        pki("km", ca, km)
    own, strange = node.path("ca"), os.path.join(node.folder, "stranger")
    good = Door(own + "/KME-B-kx.crt", own + "/KME-B-kx.key",
                own + "/ca.crt")
    doors = [("127.0.0.1:1", "cannot be reached"),
             (Door().address, "handshake with KME-B fails"),
             (Door(strange + "/KME-B-kx.crt",
                   strange + "/KME-B-kx.key").address, "fails: unable to"),
             (Door(own + "/KME-C-kx.crt", own + "/KME-C-kx.key").address,
              "is not KME-B"),
             (good.address, None)]
    at = "127.0.0.1:1"
    for address, words in doors:
        node.edit("relayd.conf", f'"{at}"', f'"{address}"')
        at = address
        found = [f for f in node.check()[1] if f["area"] == "peers"]
        if words is None:
            equal(found, [], "a neighbour that is right")
        else:
            check(len(found) == 1 and found[0]["level"] == "error" and
                  found[0]["where"] == address and words in found[0]["what"]
                  and found[0]["remedy"], f"{words}: {found}")
    wait_for("the neighbour that is right is tried", lambda: good.shown)
    equal(good.shown, [None], "certificates shown to the neighbour")


def connections(net):
    """Both relayds': connected now, how often since the start."""
    said = [net.ctl(node, "relayd", "status")["peers"][0] for node in "ab"]
    return [(p["connected"], p["connections"]) for p in said]


def looks_around(net, node, daemons):
    answer = json.loads(qkdctl_any(
        "-j", "-r", net.option(node, "relayd", "run_dir"), "check", "--etc",
        net.json["nodes"][node]["etc"], "--daemons", daemons)[1])
    equal([f for f in answer["findings"] if f["area"] == "peers"], [],
          "neighbours of " + node)


def undisturbed(net, daemons):
    before = connections(net)
    for node in "ab" * 5:	# what the first did shows before the last
        looks_around(net, node, daemons)
    return all(up for up, _ in before) and connections(net) == before


def nodes_that_run(daemons):
    """More than one try: both ends may have dialled as they began."""
    net = Net("ab", ["a-b"])
    wait_for("a check leaves the connections of relayd alone",
             lambda: undisturbed(net, daemons))


def main():
    with tempfile.TemporaryDirectory() as folder:
        node = Node(folder)
        code, found = node.check("--root", node.root)
        equal((code, len(found)), (1, 1), "findings of a node on a bench")
        check("SIMULATED" in found[0]["what"], "simulated keys are not told")
        for fault in FAULTS:
            planted(node, *fault)
        say(f"{len(FAULTS)} planted faults, each found with its remedy")
        chained(node)
        equal(node.findings(), [], "a certificate with its chain")
        neighbours(node)
        say("neighbours: not there, no TLS, another CA, another node")
        nodes_that_run(node.daemons)
        say("a check leaves the connections of relayd alone")


run(main)
