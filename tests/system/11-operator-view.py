#!/usr/bin/python3
"""sqlite3 -readonly reads every store and view while the daemons work."""
import shutil
import subprocess

from lib import Load, Net, Skip, check, equal, run, say

PAIRS = [("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1")]


def sql(path, text):
    p = subprocess.run(["sqlite3", "-readonly", "-batch", path, text],
                       text=True, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=30)
    check(p.returncode == 0, "sqlite3 -readonly %s '%s': %s" % (
        path, text, p.stdout))
    return p.stdout.splitlines()


def read_store(path):
    names = sql(path, "SELECT type || ' ' || name FROM sqlite_master "
                "WHERE type IN ('table', 'view')")
    views = [n.split()[1] for n in names if n.startswith("view ")]
    for kind, name in (n.split() for n in names):
        sql(path, "SELECT count(*) FROM \"%s\"" % name)
        if kind == "view":
            sql(path, "SELECT * FROM \"%s\" LIMIT 5" % name)
    equal(sql(path, "PRAGMA integrity_check"), ["ok"], "integrity of " + path)
    return views


def main():
    if not shutil.which("sqlite3"):
        raise Skip("sqlite3 is not installed")
    net = Net("abc", ["a-b", "b-c"])
    with Load(net, PAIRS) as load:
        for _ in range(3):
            load.await_progress(20)
            views = {}
            for node, n in net.json["nodes"].items():
                for name, path in n["stores"].items():
                    views.setdefault(name, set()).update(read_store(path))
        load.await_progress(20)
    for name, want in (("kma", {"link", "pool", "audit"}),
                       ("ksa", {"pool", "assigned", "supplied", "audit",
                                "sessions"})):
        check(want <= views[name], "%s has the views %s, not all of %s" % (
            name, sorted(views[name]), sorted(want)))
    net.settle()
    say("views: %s" % {k: sorted(v) for k, v in views.items()})


run(main)
