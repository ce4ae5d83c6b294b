#!/usr/bin/python3
"""On a freshly booted host: members of group qkdnode read the stores with
sqlite3, others do not; a backup of the node is taken while it runs and brought
back, and it runs again."""
import json
import os
import sys
import tempfile

from lib import BUILD, ROOT, Skip, check, equal, run, say, wait_for

sys.path.insert(0, os.path.join(ROOT, "tests", "netlib"))
import hosts				# noqa: E402

STORES = ["/var/lib/qkdnode/%s/keys.db" % d for d in ("kma", "ksa")]
NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup"]
BACKUP = "/root/node.backup"


def sql(host, path, text, *who):
    return host.call(*who, "sqlite3", "-batch", path, text)


def read_by_members_alone(host, when):
    for path in STORES:
        p = sql(host, path, "SELECT count(*) >= 0 FROM pool",
                *NOBODY, "--groups=qkdnode")
        equal((p.returncode, p.stdout.strip()), (0, "1"), path + " " + when)
        p = sql(host, path, "PRAGMA user_version = 0",
                *NOBODY, "--groups=qkdnode")
        check(p.returncode != 0, "a member writes " + path)
        p = sql(host, path, "SELECT 1 FROM pool", *NOBODY, "--clear-groups")
        check(p.returncode != 0, "others read " + path)
    say("read by members of the group alone,", when)


def ready(host):
    p = host.call("qkdctl", "-j", "ksa", "status")
    return p.returncode == 0 and json.loads(p.stdout)["ready"]


def there_and_back(host):
    host.run("qkdctl", "backup", BACKUP)
    equal(host.run("stat", "-c", "%a %U", BACKUP).strip(), "600 root",
          "mode and owner of a backup")
    p = host.call("qkdctl", "restore", BACKUP)
    check(p.returncode == 1 and "the node runs" in p.stdout, p.stdout)
    host.run("systemctl", "stop", "qkdnode.target")
    wait_for("the daemons to end", lambda: host.call(
        "systemctl", "is-active", "qkdnode-kma", "qkdnode-ksa").returncode
        != 0 and not host.call("pgrep", "-u", "qkdnode-kma,qkdnode-ksa")
        .stdout.strip(), 20)
    read_by_members_alone(host, "while it is stopped")
    for path in STORES:
        host.run("sh", "-c", f"rm {path}*")
    host.run("rm", "/etc/qkdnode/ksa.conf")
    host.run("qkdctl", "restore", BACKUP)
    host.run("systemctl", "start", "qkdnode.target")
    wait_for("the node to be ready", lambda: ready(host), 30, 0.5)
    read_by_members_alone(host, "after it was brought back")


def main():
    why = hosts.require()
    if why:
        raise Skip(why)
    with tempfile.TemporaryDirectory() as folder, \
            hosts.Hosts(os.path.join(folder, "hosts"), ["a"], BUILD) as net:
        net.install()
        host = net["a"]
        host.run("qkdctl", "init", "--defaults", "--kme-id", "KME-A",
                 "--listen", host.address)
        wait_for("the node to be ready", lambda: ready(host), 30, 0.5)
        read_by_members_alone(host, "while it runs")
        there_and_back(host)


run(main, 600)
