#!/usr/bin/python3
"""Node keys as credentials of systemd, on a booted host: rotate-key replaces
them under running daemons, and they are what the next start gets; zeroize
leaves none, nothing starts over by itself, and init makes the node anew."""
import json
import os
import sys
import tempfile

from lib import BUILD, ROOT, Skip, check, equal, run, say, wait_for

sys.path.insert(0, os.path.join(ROOT, "tests", "netlib"))
import hosts				# noqa: E402

CREDENTIALS = "/etc/qkdnode/credentials/"
STORES = ("kma", "ksa")


def active(host, daemon):
    return host.call("systemctl", "is-active", "qkdnode-" + daemon
                     ).stdout.strip() == "active"


def init(host):
    host.run("qkdctl", "init", "--defaults", "--kme-id", "KME-A", "--listen",
             host.address)
    for d in STORES:
        wait_for("qkdnode-" + d, lambda: active(host, d), 20, 0.2)


def sealed(host, daemon):
    with open(host.path(CREDENTIALS + daemon + ".node_key.cred"), "rb") as f:
        return f.read()


def rotate(host):
    before = {d: sealed(host, d) for d in STORES}
    host.run("qkdctl", "rotate-key", "--node-key")
    for d in STORES:
        check(active(host, d), d + " has ended")
        check(sealed(host, d) != before[d], "the credential of before")
        host.run("systemctl", "restart", "qkdnode-" + d)
        answer = json.loads(host.run("qkdctl", "-j", d, "key"))
        equal((answer["node_key_unsettled"], answer["key"]), (False, 2), d)
    equal(sorted(os.listdir(host.path(CREDENTIALS))),
          ["kma.node_key.cred", "ksa.node_key.cred"], "credentials")
    host.run("qkdctl", "rotate-key", "--node-key", "kma")
    host.run("systemctl", "restart", "qkdnode-kma")
    # With the credential of before: refused, the unit says so.
    with open(host.path(CREDENTIALS + "ksa.node_key.cred"), "wb") as f:
        f.write(before["ksa"])
    host.call("systemctl", "restart", "qkdnode-ksa")
    wait_for("the journal to say why", lambda: "does not open the store" in
             host.run("journalctl", "-u", "qkdnode-ksa", "-o", "cat"))
    say("new node keys in credentials; old ones open nothing")


def away(host):
    folder = host.run("mktemp", "-d", "/root/old.XXXXXX").strip()
    host.run("mkdir", folder + "/etc", folder + "/lib")
    host.run("mv", "/etc/qkdnode", folder + "/etc")
    host.run("mv", "/var/lib/qkdnode", folder + "/lib")


def restored(host):
    """As on a machine that has the package and nothing else."""
    host.run("qkdctl", "backup", "--with-private-keys", "/root/node.tar")
    host.run("systemctl", "stop", "qkdnode.target")
    host.run("qkdctl", "zeroize", "--yes")
    away(host)
    host.run("systemd-tmpfiles", "--create", "qkdnode.conf")
    host.run("touch", "/var/lib/qkdnode/zeroized")
    host.run("qkdctl", "restore", "/root/node.tar")
    host.run("qkdctl", "init", "--restored")
    for d in STORES:
        wait_for("qkdnode-" + d, lambda: active(host, d), 20, 0.2)
    before = [sealed(host, d) for d in STORES]
    host.run("systemctl", "stop", "qkdnode.target")
    host.run("qkdctl", "init", "--restored")
    equal([sealed(host, d) for d in STORES], before, "credentials")
    check(all(active(host, d) for d in STORES), "a second time")
    say("a backup on a new machine gets new store keys, and runs")


def zeroize_damaged(host):
    """A configuration that cannot be read keeps no key from going."""
    good = open(host.path("/etc/qkdnode/kma.conf")).read()
    host.run("sh", "-c", "echo 'node_key =' >> /etc/qkdnode/kma.conf")
    p = host.call("qkdctl", "-j", "zeroize", "--yes")
    said = json.loads(p.stdout[p.stdout.index("{"):])
    equal((p.returncode, said["zeroized"], said["left"]), (1, False, [
        {"what": "not known: no configuration", "path": "kma"}]), "damaged")
    equal(os.listdir(host.path(CREDENTIALS)), [], "credentials")
    equal(os.listdir(host.path("/var/lib/qkdnode/kma")), [], "kma")
    with open(host.path("/etc/qkdnode/kma.conf"), "w") as f:
        f.write(good)


def zeroize(host):
    said = json.loads(host.run("qkdctl", "-j", "zeroize", "--yes"))
    equal((said["zeroized"], said["left"]), (True, []), "what it says")
    equal(os.listdir(host.path(CREDENTIALS)), [], "credentials")
    for d in STORES:
        equal(os.listdir(host.path("/var/lib/qkdnode/" + d)), [], d)
        host.call("systemctl", "start", "qkdnode-" + d)
        check(not active(host, d), d + " starts over by itself")
    host.run("systemctl", "stop", "qkdnode.target")
    for d in (*STORES, "relayd"):
        host.call("systemctl", "start", "qkdnode-" + d)
        check("lib/qkdnode/zeroized was not met" in host.call(
            "systemctl", "status", "qkdnode-" + d).stdout, d)
    for word in ("status", "check"):
        said = host.call("qkdctl", word).stdout
        check("was zeroized" in said and "qkdctl init" in said and
              "systemctl start" not in said, said)
    # As the refusal of another init says.
    p = host.call("qkdctl", "init", "--defaults", "--kme-id", "KME-A",
                  "--listen", host.address)
    check("move /etc/qkdnode and /var/lib/qkdnode away" in p.stdout, p.stdout)
    away(host)
    said = host.call("qkdctl", "status").stdout
    check(said.startswith("no QKD node is set up here: qkdctl init"), said)
    # With an address that is not this host's, it says what is wrong.
    p = host.call("qkdctl", "init", "--defaults", "--kme-id", "KME-A",
                  "--listen", "192.0.2.9")
    check(p.returncode == 1 and "cannot listen" in p.stdout, p.stdout)
    host.run("systemctl", "stop", "qkdnode.target")
    host.run("qkdctl", "zeroize", "--yes")
    away(host)
    init(host)
    say("zeroized; init makes the node anew")


def main():
    why = hosts.require()
    if why:
        raise Skip(why)
    with tempfile.TemporaryDirectory() as folder, \
            hosts.Hosts(os.path.join(folder, "hosts"), ["a"], BUILD) as net:
        net.install()
        init(net["a"])
        rotate(net["a"])
        restored(net["a"])
        zeroize_damaged(net["a"])
        zeroize(net["a"])


run(main, 200)
