#!/usr/bin/python3
"""The Debian packages: built from the tree, without complaints of lintian;
installed on freshly booted hosts, nothing runs before there is a
configuration, and systemctl says what is missing; then each daemon runs as
its own user, comes back when it is killed or hangs, reads its configuration
again; an upgrade keeps keys, removal too, and a purge overwrites them when
it was told so."""
import os
import re
import shutil
import subprocess
import tempfile
import time

import booted
from booted import ETC, USERS, active, show, unit
from lib import check, equal, run, say, wait_for

import rootfs

UNITS = ["qkdnode-kma.service", "qkdnode-ksa.service",
         "qkdnode-relayd.service"]
WANTED = {
    "qkdnode": ["/usr/bin/qkdctl", "/usr/bin/qkdnode-pki"] +
    ["/usr/libexec/qkdnode/" + d for d in USERS] +
    ["/lib/systemd/system/" + u for u in UNITS] +
    ["/lib/systemd/system/qkdnode.target",
     "/lib/systemd/system/qkdnode-qkdmod@.service",
     "/lib/systemd/system/qkdnode-status.service",
     "/usr/share/man/man8/kma.8.gz", "/usr/share/man/man1/qkdctl.1.gz",
     "/usr/share/man/man5/ksa.conf.5.gz",
     "/usr/share/doc/qkdnode/examples/ksa.conf",
     "/usr/share/doc/qkdnode/wireshark/qkdnode.lua"],
    "libqkdnode-sae0": ["/usr/lib/.*/libqkdnode-sae.so.0"],
    "libqkdnode-sae-dev": ["/usr/include/qkdnode-sae.h",
                           "/usr/lib/.*/pkgconfig/qkdnode-sae.pc",
                           "/usr/share/doc/qkdnode/examples/sae/example.c",
                           "/usr/share/man/man3/libqkdnode-sae.3.gz"],
    "qkdnode-dbgsym": ["/usr/lib/debug/.*"],
}
DIRECTORIES = """
/etc/qkdnode                755 root root
/etc/qkdnode/credentials    700 root root
/etc/qkdnode/pki            755 root root
/var/lib/qkdnode            755 root root
/var/lib/qkdnode/kma       2750 qkdnode-kma qkdnode
/var/lib/qkdnode/ksa       2750 qkdnode-ksa qkdnode
/run/qkdnode                755 root root
/run/qkdnode/kma-ksa       2750 qkdnode-kma qkdnode-ksa
/run/qkdnode/kma-relayd    2750 qkdnode-kma qkdnode-relay
/run/qkdnode/ksa-relayd    2750 qkdnode-ksa qkdnode-relay
/run/qkdnode/ctl-kma       2750 qkdnode-kma qkdnode
/run/qkdnode/ctl-ksa       2750 qkdnode-ksa qkdnode
/run/qkdnode/ctl-relayd    2750 qkdnode-relay qkdnode
"""


# ---- the files

def lintian(debs):
    p = subprocess.run(["lintian", "--fail-on", "error,warning",
                        *debs.values()], text=True, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    check(p.returncode == 0, "lintian complains:\n" + p.stdout)
    say("lintian is content")


def contents(debs):
    for name, wanted in WANTED.items():
        check(name in debs, "no package %s: %s" % (name, list(debs)))
        out = subprocess.run(["dpkg-deb", "--fsys-tarfile", debs[name]],
                             stdout=subprocess.PIPE, check=True).stdout
        files = subprocess.run(["tar", "-t"], input=out, check=True,
                               stdout=subprocess.PIPE).stdout.decode()
        files = [f.lstrip(".") for f in files.splitlines()]
        for w in wanted:
            check(any(re.fullmatch(w, f) for f in files),
                  "%s lacks %s" % (name, w))
    say("the packages hold what they should")


# ---- a fresh installation

def directories(host):
    for line in DIRECTORIES.split("\n")[1:-1]:
        path, *wanted = line.split()
        got = host.run("stat", "-c", "%a %U %G", path).split()
        equal(got, wanted, path)
    for user in list(USERS.values()) + ["qkdnode-status"]:
        groups = host.run("id", "-Gn", user).split()
        equal(groups, [user] + ["qkdnode"] * (user == "qkdnode-status"),
              "groups of " + user)


def nothing_runs(host, said):
    check("qkdctl init" in said, "the installation says how to go on: " + said)
    for name in UNITS + ["qkdnode.target"]:
        check(not active(host, name), name + " runs without configuration")
        conf = "kma" if name == "qkdnode.target" else \
            name.split("-")[1].split(".")[0]
        out = host.run("systemctl", "status", name, check=False)
        check("%s/%s.conf was not met" % (ETC, conf) in out,
              "status does not say what is missing: " + out)
    equal(host.run("systemctl", "is-enabled", "qkdnode-status",
                   check=False).strip(), "disabled", "the status page")
    equal(host.run("systemctl", "--failed", "-q"), "", "failed units")
    say("nothing runs, and systemctl says why")


def half_configured(host):
    """A configuration alone starts nothing; a wrong one is not retried."""
    host.put(ETC + "/relayd.conf", "kme_id = 7;\n")
    host.run("systemctl", "start", "qkdnode-relayd", check=False)
    got = show(host, "qkdnode-relayd", "ActiveState", "ExecMainStatus",
               "NRestarts")
    equal(got, {"ActiveState": "failed", "ExecMainStatus": "78",
                "NRestarts": "0"}, "relayd with a wrong configuration")
    wait_for("status to name file and line", lambda: "relayd.conf:1: kme_id"
             in host.run("systemctl", "status", "qkdnode-relayd",
                         check=False))
    host.put(ETC + "/kma.conf", "\n")
    host.run("systemctl", "start", "qkdnode-kma", check=False)
    out = host.run("systemctl", "status", "qkdnode-kma", check=False)
    check("credentials/kma.node_key.* was not met" in out,
          "status does not say that the store's key is missing: " + out)
    host.run("systemctl", "reset-failed")


# ---- running

def daemons(net, node):
    return ["kma", "ksa", "relayd"] + ["qkdmod:" + x
                                       for x in net.links_of(node)]


def pid(node, daemon):
    return int(show(node, unit(daemon), "MainPID")["MainPID"])


def running(node, daemon):
    """Its pid, never 0: a signal to that is one to this test."""
    return wait_for(daemon + " to run", lambda: active(node, unit(daemon)) and
                    pid(node, daemon))


def own_users(net, node):
    for d in daemons(net, node):
        check(active(node, unit(d)), d + " does not run")
        user = node.run("ps", "-o", "user:20=", "-p", str(pid(node, d)))
        equal(user.strip(), USERS[d.split(":")[0]], "user of " + d)
        text = show(node, unit(d), "StatusText", "Type", "WatchdogUSec")
        check(text["Type"] == "notify" and text["StatusText"] and
              text["WatchdogUSec"] == "30s", "%s: %s" % (d, text))
    say("all run as their own users at", node.name)


def comes_back(net, node, daemon, how, seconds):
    before = running(node, daemon)
    how(before)
    wait_for("%s to run again" % daemon,
             lambda: pid(node, daemon) not in (0, before) and
             active(node, unit(daemon)), seconds)


def killed(net, node):
    for d in daemons(net, node):
        comes_back(net, node, d,
                   lambda p: node.run("kill", "-KILL", str(p)), 20)
    say("all come back after SIGKILL")


def hangs(net, node):
    """A stopped process stands for a loop that does not turn."""
    for d in daemons(net, node):
        folder = "/run/systemd/system/%s.d" % unit(d)
        node.run("mkdir", "-p", folder)
        node.run("tee", folder + "/short.conf",
                 input="[Service]\nWatchdogSec=5\n")
    node.run("systemctl", "daemon-reload")
    node.run("systemctl", "restart", "qkdnode.target")
    stopped = {d: running(node, d) for d in daemons(net, node)}
    for p in stopped.values():
        node.run("kill", "-STOP", str(p))
    for d in stopped:
        wait_for(d + " to be started by the watchdog", lambda: pid(
            node, d) not in (0, stopped[d]) and active(node, unit(d)), 30)
        wait_for("the watchdog of " + d, lambda: "Watchdog timeout" in
                 node.run("journalctl", "-u", unit(d), "-o", "cat"))
    node.run("sh", "-c", "rm -r /run/systemd/system/*/short.conf")
    node.run("systemctl", "daemon-reload")
    say("the watchdog ends what hangs")


def reload(net, node):
    """A new application counts after a reload; a wrong file is refused."""
    path = ETC + "/ksa.conf"
    before, old = node.run("cat", path), pid(node, "ksa")
    node.put(path, before + "nonsense = 1;\n")
    p = node.call("systemctl", "reload", "qkdnode-ksa")
    check(p.returncode != 0, "a reload of a wrong file succeeds")
    status = booted.status(node, "ksa")["applications"]["own"]
    node.put(path, before.replace('{ id = "', '{ id = "SAE-NEW"; km = "%s"; '
                                  '},\n\t{ id = "' % net.kme(node), 1))
    node.run("systemctl", "reload", "qkdnode-ksa")
    equal(booted.status(node, "ksa")["applications"]["own"], status + 1,
          "applications after the reload")
    node.run("systemctl", "reload", "qkdnode-relayd")
    equal(pid(node, "ksa"), old, "the process of ksa")
    say("reload works")


def status_page(node):
    """Off unless enabled; its user may ask the daemons and no more."""
    node.run("systemctl", "start", "qkdnode-status")
    equal(show(node, "qkdnode-status", "Type", "ActiveState"),
          {"Type": "notify", "ActiveState": "active"}, "the status page")
    user = node.run("ps", "-o", "user:20=", "-p",
                    show(node, "qkdnode-status", "MainPID")["MainPID"])
    equal(user.strip(), "qkdnode-status", "user of the status page")
    wait_for("metrics", lambda: "qkdnode_" in node.run(
        "curl", "-sS", "http://127.0.0.1:8446/metrics", check=False), 10)
    node.run("systemctl", "stop", "qkdnode-status")
    say("the status page runs as its own user")


# ---- upgrade, removal

def upgrade(net, deb, a, b):
    keys = net.draw(a, b, 8)
    back = net.draw(b, a, 8)
    for node in (a, b):
        before = {d: pid(node, d) for d in daemons(net, node)}
        node.install(deb)
        for d in before:
            check(running(node, d) != before[d], d + " was not started again")
    net.fetch(keys, a, b)
    net.fetch(back, b, a)
    net.fetch(net.draw(a, b), a, b)
    say("an upgrade keeps keys")


def purge(node, answer=None):
    if answer is not None:
        node.run("debconf-set-selections", input="qkdnode qkdnode/"
                 "destroy-keys boolean %s\n" % answer)
    return node.run("dpkg", "--purge", "qkdnode")


def removed(net, node, deb):
    store = "/var/lib/qkdnode/ksa/keys.db"
    node.run("dpkg", "--remove", "qkdnode")
    equal(node.run("sh", "-c", "ps -eo user:20= | grep ^qkdnode || true"),
          "", "processes after the removal")
    node.run("test", "-s", store)
    said = purge(node)
    check("keys and configuration stay" in said, "a purge says: " + said)
    node.run("test", "-s", store)
    node.install(deb)
    wait_for("the node to run after a new installation", lambda: all(
        active(node, unit(d)) for d in daemons(net, node)), 20)
    say("removal and an unconfirmed purge keep keys")


def destroyed(node):
    """What was in the files is not in their old places either."""
    files = ["/var/lib/qkdnode/ksa/keys.db", "/var/lib/qkdnode/kma/keys.db",
             ETC + "/credentials/ksa.node_key.cred",
             ETC + "/pki/KME-A-ak.key"]
    sums = {}
    for i, f in enumerate(files):
        node.run("ln", f, "/root/kept%d" % i)
    node.run("systemctl", "stop", "qkdnode.target")
    # All behind a link, with another file system in it; what "qkdctl init
    # --node-key plain" makes.
    node.run("sh", "-ec", "mv /var/lib/qkdnode /root/lib; cd /root/lib; "
             "ln -s $PWD /var/lib/qkdnode; mkdir mounted; "
             "mount -t tmpfs none mounted; echo key >mounted/key; "
             "d=/etc/systemd/system/qkdnode-kma.service.d; mkdir $d; "
             "echo >$d/node-key.conf")
    for i, f in enumerate(files):
        sums[i] = node.run("sha256sum", "/root/kept%d" % i)
    said = purge(node, "true")
    check("overwritten" in said, "the purge says: " + said)
    for i, f in enumerate(files):
        check(node.run("sha256sum", "/root/kept%d" % i) != sums[i],
              f + " was not overwritten")
    out = node.run("sh", "-c", "ls -d /etc/qkdnode /var/lib/qkdnode "
                   "/run/qkdnode /etc/systemd/system/qkdnode* 2>/dev/null "
                   "|| true")
    equal(out, "", "what a purge leaves")
    equal(node.run("find", "/root/lib/", "-type", "f"), "",
          "files behind a link")
    say("a confirmed purge overwrites keys")


def main():
    folder = tempfile.mkdtemp(prefix="qkdnode-package.")
    try:
        with booted.boot(folder, ["a", "b"]) as hosts:
            whole(folder, hosts, hosts["a"], hosts["b"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def whole(folder, hosts, a, b):
    deb = hosts.debs["qkdnode"]
    lintian(hosts.debs)
    contents(hosts.debs)
    said = a.install(deb)
    directories(a)
    nothing_runs(a, said)
    half_configured(a)
    b.install(deb)
    net = booted.Network(folder, [a, b])
    net.start()
    own_users(net, a)
    net.fetch(net.draw(a, b, 4), a, b)
    killed(net, a)
    net.fetch(net.draw(a, b, 4), a, b)
    hangs(net, a)
    reload(net, a)
    status_page(a)
    upgrade(net, rootfs.next_version(deb, folder), a, b)
    removed(net, a, deb)
    destroyed(a)


run(main, 900)     # the packages may have to be built first
