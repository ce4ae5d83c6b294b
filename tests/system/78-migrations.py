#!/usr/bin/python3
"""The daemons of now take over the stores of every version since the first
landed: no row is lost, keys that waited are fetched with the right octets, the
views answer, supply goes on without a stock being void. A store of a newer
version is refused, naming both."""
import base64
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import time

from lib import BUILD, ROOT, Net, check, equal, run, say
from oracle import Key

STORES = os.path.join(ROOT, "tests", "data", "stores")
TIMES = {"made", "born", "heard", "at", "ended"}     # ms since 1970
KEPT = {"ksa": ("peer", "issued", "received"),
        "kma": ("qkd_link",)}   # rows that no daemon removes at its start


def connect(path):
    return sqlite3.connect(path, isolation_level=None)


def reader(path):
    return sqlite3.connect("file:%s?mode=ro" % path, uri=True)


def names(db, kind):
    return [r[0] for r in db.execute(
        "SELECT name FROM sqlite_master WHERE type = ?", (kind,))]


def shift(path, ms):
    """As if what it holds had been made so much later; not its record, whose
    rows are chained as they are."""
    db = connect(path)
    for table in names(db, "table"):
        if table.startswith("audit"):
            continue
        for column in db.execute("SELECT name FROM pragma_table_info(?)",
                                 (table,)).fetchall():
            if column[0] in TIMES:
                db.execute("UPDATE %s SET %s = %s + ? WHERE %s > 0" % (
                    table, *column * 3), (ms,))
    db.close()


def put(net, fixture, ms):
    """The stores and node keys of the fixture, as the daemons' own."""
    for node, n in net.json["nodes"].items():
        for daemon, path in n["stores"].items():
            for old in glob.glob(path + "*"):
                os.unlink(old)
            name = "%s/%s-%s" % (fixture, node, daemon)
            where = os.stat(os.path.dirname(path))
            key = net.option(node, daemon, "node_key")
            shift(name + ".db", ms)
            shutil.copyfile(name + ".db", path)
            shutil.copyfile(name + ".nodekey", key)
            os.chmod(path, 0o640)
            os.chown(path, where.st_uid, where.st_gid)
        for witness in glob.glob(net.dir + "/%s/run/*/witness" % node):
            os.unlink(witness)


def rows(net):
    found = {}
    for node, n in net.json["nodes"].items():
        for daemon, path in n["stores"].items():
            db = connect(path)
            for table in KEPT[daemon]:
                found[node, table] = db.execute(
                    "SELECT count(*) FROM " + table).fetchone()[0]
            db.close()
    return found


def looked_at(net):
    """As they are now: whole, of the newest version, each view answers."""
    versions = set()
    for n in net.json["nodes"].values():
        for daemon, path in n["stores"].items():
            db = reader(path)
            equal(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)],
                  path)
            for view in names(db, "view"):
                db.execute("SELECT * FROM " + view).fetchall()
            versions.add((daemon, db.execute("PRAGMA user_version")
                          .fetchone()[0]))
            db.close()
    equal(len(versions), 2, "schemas of two nodes: %s" % versions)
    return dict(versions)


def waiting(net, keys):
    """Keys for the checker to be fetched, as their master got them."""
    out = []
    for k in keys:
        key = Key(k["id"], base64.b64decode(k["key"]), k["master"],
                  k["slaves"][0])
        key.also = [Key(key.id, key.octets, key.master, s)
                    for s in k["slaves"][1:]]
        net.oracle.keys[key.id] = key
        out += [key, *key.also]
    return out


def old_blocks(net):
    db = reader(net.json["nodes"]["a"]["stores"]["ksa"])
    found = {r[0] for r in db.execute("SELECT serial FROM block "
                                      "WHERE direction = 0 AND state = 1")}
    db.close()
    return found


def taken_over(net, archive):
    fixture = net.base + "/" + os.path.basename(archive)
    with tarfile.open(archive) as tar:
        tar.extractall(fixture)
    with open(fixture + "/keys.json") as f:
        told = json.load(f)
    for node in "ab":
        net.do("stop", node)
    put(net, fixture, int(time.time() * 1000) - told["made"])
    before, blocks = rows(net), old_blocks(net)
    for node in "ab":
        net.do("start", node)
    net.settle(20, waiting(net, told["keys"]))
    versions = looked_at(net)
    after = rows(net)
    for what, n in before.items():
        check(after[what] >= n, "%s: %d rows were %d" % (what, after[what], n))
    for node in "ab":
        equal(net.ctl(node, "ksa")["count"]["rollbacks"], 0,
              "stocks void at " + node)
    check(blocks & old_blocks(net), "none of %d pool blocks is left"
          % len(blocks))
    net.await_supply("SAE-A1", "SAE-B1")
    net.await_supply("SAE-B1", "SAE-A1")
    net.pair("SAE-B1", "SAE-A1", 3)
    say("%s: %d keys that waited, %d pool blocks" % (
        os.path.basename(archive), len(told["keys"]), len(blocks)))
    return versions


def newer_is_refused(net, daemon, newest):
    n = net.json["nodes"]["a"]
    net.do("stop", "a")
    db = connect(n["stores"][daemon])
    db.execute("PRAGMA user_version = %d" % (newest + 1))
    db.close()
    user = os.stat(os.path.dirname(n["stores"][daemon])).st_uid
    p = subprocess.run([os.path.join(net_build(net), daemon, daemon), "-c",
                        net.conf("a", daemon)], text=True, timeout=30,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       **({"user": user, "group": user, "extra_groups": []}
                          if os.geteuid() == 0 else {}))
    check(p.returncode not in (0, None), daemon + " starts")
    check("version=%d newest_known=%d" % (newest + 1, newest) in p.stdout,
          "%s says: %s" % (daemon, p.stdout))
    db = connect(n["stores"][daemon])
    db.execute("PRAGMA user_version = %d" % newest)
    db.close()
    net.do("start", "a")


def net_build(net):
    """Where testnet has its binaries."""
    copy = os.path.join(net.dir, "bin")
    return copy if os.path.isdir(copy) else BUILD


def all_there(archives, versions):
    """The stores of the newest version can be made once that has landed."""
    there = [os.path.basename(a).split(".")[0].split("-") for a in archives]
    for i, daemon in enumerate(("ksa", "kma")):
        lacks = set(range(1, versions[daemon])) - {int(t[i]) for t in there}
        check(not lacks, "no stores with schema %s of %s: HACKING.md says "
              "how they are made" % (sorted(lacks), daemon))


def main():
    archives = sorted(glob.glob(STORES + "/*.tar.xz"))
    check(archives, "no stores in " + STORES)
    net = Net("ab", ["a-b"], settings=[
        "block_octets=1024", "pool_low=4096", "pool_high=8192",
        "link_stock_max=24"])
    for archive in archives:
        versions = taken_over(net, archive)
    all_there(archives, versions)
    for daemon, version in versions.items():
        newer_is_refused(net, daemon, version)
    net.await_supply("SAE-A1", "SAE-B1")


run(main, 150)
