#!/usr/bin/python3
"""Two freshly booted hosts with the package: qkdctl init makes a node of each,
the second by requests that the first one's CA signs; link, peer, application
join them; then applications outside get the same keys at both, and qkdctl
check finds nothing but what is simulated."""
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile

from lib import BUILD, ROOT, Skip, check, equal, run, say, wait_for

sys.path.insert(0, os.path.join(ROOT, "tests", "netlib"))
import hosts				# noqa: E402

ETC = "/etc/qkdnode"
UNITS = ("qkdnode-kma", "qkdnode-ksa", "qkdnode-relayd")
# On a bench: no device, and a clock that the host has to keep.
EXPECTED = re.compile("SIMULATED|the clock is not synchronised")


def copy(source, source_path, target, target_path):
    """A file from one host to another, as an operator carries it."""
    with open(source.path(source_path)) as f:
        target.put(target_path, f.read(), 0o600)


def before(host):
    """Nothing runs, and systemctl says what is missing."""
    for u in UNITS:
        host.call("systemctl", "start", u)
        out = host.call("systemctl", "status", u).stdout
        check("inactive" in out and ETC in out,
              f"systemctl status {u} does not say what is missing: {out}")


def refused(host, *words, because):
    p = host.call("qkdctl", *words)
    check(p.returncode != 0 and because in p.stdout,
          f"{words}: {p.returncode}: {p.stdout}")


def ready(host):
    for daemon in ("kma", "ksa", "relayd"):
        answer = json.loads(host.run("qkdctl", "-j", daemon, "status"))
        if not answer["ready"] or answer["missing"]:
            return False
    return True


def first_node(host):
    host.run("qkdctl", "init", "--defaults", "--kme-id", "KME-A", "--listen",
             host.address)
    for u in UNITS:
        equal(host.run("systemctl", "is-active", u).strip(), "active", u)
        equal(host.run("systemctl", "is-enabled", u).strip(), "enabled", u)
    wait_for("the empty node to be ready", lambda: ready(host), 20, 0.5)
    status = host.run("systemctl", "status", "qkdnode-kma")
    check("no links are configured" in status, "status: " + status)
    refused(host, "init", "--defaults", "--kme-id", "KME-A", "--listen",
            host.address, because="set up already")
    check(ready(host), "a refused init disturbed the node")


def second_node(host, first):
    """By requests: nothing runs until they are signed."""
    host.run("qkdctl", "init", "--csr", "--kme-id", "KME-B", "--listen",
             host.address)
    before(host)
    for kind in ("ak", "kx"):
        copy(host, f"{ETC}/request/KME-B-{kind}.csr", first,
             f"/root/KME-B-{kind}.csr")
    first.run("qkdnode-pki", "sign", ETC + "/ca", "/root/KME-B-ak.csr",
              "/root/KME-B-kx.csr")
    host.run("mkdir", "/root/signed")
    for name in ("KME-B-ak.crt", "KME-B-kx.crt", "ca.crt"):
        copy(first, f"{ETC}/ca/{name}", host, "/root/signed/" + name)
    host.run("qkdctl", "init", "--certificates", "/root/signed")
    wait_for("the second node to be ready", lambda: ready(host), 20, 0.5)


def join(host, other, km, application):
    host.run("qkdctl", "link", "add", "a-b", "--peer", km, "--driver", "sim",
             "--seed-file", ETC + "/a-b.seed")
    host.run("qkdctl", "peer", "add", km, "--address",
             other.address + ":8445")
    host.run("qkdctl", "application", "add", application)


def seeds(net):
    text = secrets.token_hex(32) + "\n"
    for host in net:
        host.put(ETC + "/a-b.seed", text, 0o640)
        host.run("chown", "root:qkdnode-mod", ETC + "/a-b.seed")


def pki_of(host, folder):
    """Certificates of two applications, made at the CA."""
    for sae in ("SAE-A1", "SAE-B1"):
        host.run("qkdnode-pki", "sae", ETC + "/ca", sae)
    for name in ("ca.crt", "SAE-A1.crt", "SAE-A1.key", "SAE-B1.crt",
                 "SAE-B1.key"):
        subprocess.run(["cp", host.path(f"{ETC}/ca/{name}"), folder],
                       check=True)


def curl(folder, sae, host, path):
    """(status, answer) from outside."""
    out = subprocess.run(
        ["curl", "-s", "--cacert", "ca.crt", "--cert", sae + ".crt", "--key",
         sae + ".key", "-w", "\n%{http_code}",
         f"https://{host.address}:8443/api/v1/keys/{path}"], text=True,
        cwd=folder, stdout=subprocess.PIPE, check=True).stdout
    body, _, code = out.rpartition("\n")
    return int(code), json.loads(body)


def supply(net, folder):
    def drawn():
        code, answer = curl(folder, "SAE-A1", net["a"],
                            "SAE-B1/enc_keys?number=3")
        return answer["keys"] if code == 200 else None
    keys = wait_for("keys between the two hosts", drawn, 60, 1)
    for k in keys:
        code, answer = curl(folder, "SAE-B1", net["b"],
                            "SAE-A1/dec_keys?key_ID=" + k["key_ID"])
        equal((code, answer["keys"]), (200, [k]), "the same key at the slave")


def clean(host):
    def findings():
        out = host.call("qkdctl", "check", "-j").stdout
        return [f for f in json.loads(out)["findings"]
                if not EXPECTED.search(f["what"])]
    equal(findings(), [], host.name + ": qkdctl check")
    text = host.call("qkdctl", "check")
    check(text.returncode == 1 and "SIMULATED" in text.stdout,
          "simulated keys are a warning: " + text.stdout)


def faults(host):
    """Those that only a running host can have."""
    def found(words):
        p = host.call("qkdctl", "check")
        return p.returncode == 2 and words in p.stdout
    host.run("systemctl", "stop", "qkdnode-relayd")
    check(found("qkdnode-relayd.service: is inactive"), "a daemon is down")
    host.run("systemctl", "start", "qkdnode-relayd")
    host.run("chown", "nobody", "/var/lib/qkdnode/kma/keys.db")
    check(found("chown qkdnode-kma"), "the store belongs to another")
    host.run("chown", "qkdnode-kma", "/var/lib/qkdnode/kma/keys.db")
    host.run("chgrp", "root", f"{ETC}/pki/KME-A-kx.key")
    check(found("qkdnode-relay cannot read it"), "a key that relayd lacks")
    host.run("chgrp", "qkdnode-relay", f"{ETC}/pki/KME-A-kx.key")
    host.run("chmod", "600", f"{ETC}/ksa.conf")
    check(found("qkdnode-ksa cannot read it"), "a configuration for root")
    host.run("chmod", "644", f"{ETC}/ksa.conf")


def not_root(host):
    p = host.call("setpriv", "--reuid=nobody", "--clear-groups", "qkdctl",
                  "application", "add", "SAE-X")
    check(p.returncode == 1 and "only root" in p.stdout,
          "somebody who is not root: " + p.stdout)


def take_away(net, folder):
    a = net["a"]
    a.run("qkdctl", "application", "remove", "SAE-A1")
    code, _ = curl(folder, "SAE-A1", a, "SAE-B1/enc_keys")
    equal(code, 401, "an application that was removed")
    a.run("qkdctl", "link", "remove", "a-b")
    a.run("qkdctl", "peer", "remove", "KME-B")
    wait_for("the node to be empty again", lambda: ready(a), 20, 0.5)
    check("qkdmod-a-b" not in a.call("qkdctl", "status").stdout,
          "the module of the removed link is missed")


def main():
    why = hosts.require()
    if why:
        raise Skip(why)
    with tempfile.TemporaryDirectory() as folder, \
            hosts.Hosts(os.path.join(folder, "hosts"), ["a", "b"],
                        BUILD) as net:
        net.install()
        say("two hosts are up")
        before(net["a"])
        first_node(net["a"])
        say("qkdctl init --defaults: an empty node that runs and says so")
        second_node(net["b"], net["a"])
        say("the second one by requests")
        seeds(net)
        join(net["a"], net["b"], "KME-B", "SAE-A1")
        join(net["b"], net["a"], "KME-A", "SAE-B1")
        pki_of(net["a"], folder)
        supply(net, folder)
        say("the same keys at both, over HTTPS from outside")
        for host in net:
            clean(host)
        faults(net["a"])
        not_root(net["a"])
        say("qkdctl check")
        take_away(net, folder)
        say("link, peer, application removed")


run(main, 600)		# the package may have to be built first
