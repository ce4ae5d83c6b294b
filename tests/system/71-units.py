#!/usr/bin/python3
"""The sandbox of each unit, on a booted host: systemd-analyze gives it 1.5 at
most, and what it forbids is refused. A probe stands in the daemon's place,
with its user and its unit, and tries what the role needs and what it must
not do: kma no network, relayd no store, ksa nothing of kma's."""
import os
import re
import shutil
import tempfile

import booted
from booted import ETC, unit
from lib import BUILD, Skip, check, equal, run, say

PROBE = "/usr/local/bin/unitprobe"
THRESHOLD = "15"                # tenths
LINK = "qkdmod:a-b"
ROLES = ["kma", "ksa", "relayd", LINK, "status"]

# For every role: nothing that a captured process could climb with.
NEVER = ["socket:netlink", "socket:packet", "exec:/bin/sh", "writexec",
         "namespace", "core", "write:%s/relayd.conf" % ETC, "write:/usr/x",
         "write:/var/lib/x", "write:/run/qkdnode/x", "write:/srv/all/x",
         "setgid:/tmp/x",
         "read:%s/credentials/kma.node_key.cred" % ETC,
         "read:/etc/shadow", "read:/proc/1/environ", "read:/dev/mem",
         "read:/root/file", "read:/tmp/outside"]
STORE = "read:/var/lib/qkdnode/%s/keys.db"
BOOT = "read:/proc/sys/kernel/random/boot_id"   # tells a copied store
NO_PROC = [BOOT, "read:/proc/meminfo"]
NO_STORE = ["read:/var/lib/qkdnode", STORE % "kma", STORE % "ksa"]
ALWAYS = ["socket:unix", "write:/tmp/x"]
DOOR = ["landlock", "lock:4194304"]
SECRET = {"kma": ["read:/run/credentials/qkdnode-kma.service/node_key"],
          "ksa": ["read:/run/credentials/qkdnode-ksa.service/node_key",
                  "read:%s/pki/KME-A-ak.key" % ETC],
          "relayd": ["read:%s/pki/KME-A-kx.key" % ETC],
          LINK: ["read:%s/qkdmod-a-b.seed" % ETC], "status": []}
# Role: what it needs besides its own secrets, and what it must not do.
CAN = {
    "kma": DOOR + [STORE % "kma", BOOT, "write:/var/lib/qkdnode/kma/x",
                   "write:/run/qkdnode/kma-ksa/x",
                   "write:/run/qkdnode/kma-relayd/x",
                   "write:/run/qkdnode/ctl-kma/x"],
    "ksa": DOOR + [STORE % "ksa", BOOT, "write:/var/lib/qkdnode/ksa/x",
                   "socket:inet", "socket:inet6", "send:PEER",
                   "write:/run/qkdnode/ksa-relayd/x",
                   "write:/run/qkdnode/ctl-ksa/x"],
    "relayd": DOOR + ["socket:inet", "socket:inet6", "send:PEER",
                      "write:/run/qkdnode/ctl-relayd/x"],
    LINK: DOOR + ["write:/run/qkdnode/mod-a-b/x",
                  "write:/run/qkdnode/ctl-qkdmod-a-b/x"],
    "status": ["socket:inet", "send:127.0.0.1"],
}
NOT = {
    "kma": ["socket:inet", "socket:inet6", "send:PEER", "send:127.0.0.1",
            STORE % "ksa", "write:/run/qkdnode/ksa-relayd/x",
            "write:/run/qkdnode/mod-a-b/x"],
    "ksa": [STORE % "kma", "write:/var/lib/qkdnode/kma/x",
            "write:/run/qkdnode/kma-ksa/x",
            "connect:/run/qkdnode/kma-relayd/data",
            "connect:/run/qkdnode/mod-a-b/data"],
    "relayd": NO_PROC + NO_STORE + [
        "connect:/run/qkdnode/kma-ksa/data",
        "connect:/run/qkdnode/mod-a-b/data"],
    LINK: NO_PROC + NO_STORE + [
        "socket:inet", "send:PEER", "connect:/run/qkdnode/kma-ksa/data"],
    "status": NO_PROC + NO_STORE + [
        "send:PEER", "write:/run/qkdnode/ctl-kma/x",
        "connect:/run/qkdnode/kma-ksa/data",
        "connect:/run/qkdnode/mod-a-b/data"],
}


def scores(host):
    for role in ROLES:
        name = unit(role)
        p = host.call("systemd-analyze", "security", "--no-pager",
                      "--threshold=" + THRESHOLD, name)
        found = re.search(r"exposure level for \S+: ([0-9.]+)", p.stdout)
        check(found, p.stdout)
        check(p.returncode == 0, "%s: %s is more than %s tenths" % (
            name, found[1], THRESHOLD))
        say(name, found[1])
        out = host.run("systemd-analyze", "verify", "--man=no", name)
        equal(out, "", "systemd-analyze verify " + name)


def probe(host, role, wanted):
    """{argument: "yes" or "no"}, as the unit lets it."""
    name, out = unit(role), "/run/probe-%s.out" % role.split(":")[0]
    folder = "/run/systemd/system/%s.d" % name
    host.run("mkdir", "-p", folder)
    host.run("tee", folder + "/probe.conf", input="[Service]\nType=oneshot\n"
             "WatchdogSec=0\nRestart=no\nExecStart=\nExecPaths=%s\n"
             "StandardOutput=truncate:%s\nExecStart=%s %s\n" % (
                 PROBE, out, PROBE, " ".join(wanted)))
    host.run("systemctl", "daemon-reload")
    p = host.call("systemctl", "start", name)
    check(p.returncode == 0, p.stdout + host.run(
        "journalctl", "-u", name, "-n", "20", "--no-pager"))
    host.run("rm", "-r", folder)
    host.run("systemctl", "daemon-reload")
    return dict(line.split(" ", 1) for line in host.run(
        "cat", out).splitlines())


def tried(host, role, peer):
    others = [s for r in ROLES for s in SECRET[r] if r != role]
    can = [w.replace("PEER", peer) for w in ALWAYS + CAN[role] +
           SECRET[role]]
    never = [w.replace("PEER", peer) for w in NEVER + NOT[role] + others]
    got = probe(host, role, can + never)
    for what in can:
        check(got[what] == "yes", "%s cannot: %s %s" % (role, what,
                                                        got[what]))
    for what in never:
        check(got[what].startswith("no"), "%s can: %s" % (role, what))
    say(unit(role), "can", len(can), "things and is refused", len(never))


def main():
    folder = tempfile.mkdtemp(prefix="qkdnode-units.")
    probe_file = os.path.join(BUILD, "tests", "system", "unitprobe")
    if not os.path.exists(probe_file):
        raise Skip("unitprobe is not built")
    try:
        with booted.boot(folder, ["a", "b"]) as hosts:
            hosts.install()
            whole(folder, hosts["a"], hosts["b"], probe_file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def whole(folder, a, b, probe_file):
    net = booted.Network(folder, [a, b])
    net.start()
    net.draw(a, b)
    scores(a)
    shutil.copy(probe_file, a.path(PROBE))
    for path in ("/root/file", "/tmp/outside"):
        a.run("sh", "-c", "echo x > %s; chmod 644 %s" % (path, path))
    a.run("install", "-d", "-m", "1777", "/srv/all")
    for role in ROLES:
        a.run("systemctl", "stop", unit(role))
        tried(a, role, b.address)
        if role != "status":
            a.run("systemctl", "start", unit(role))


run(main, 900)     # the package may have to be built first
