#!/usr/bin/python3
"""What an operator reads of the stores: every view and column is in the manual
page and the other way round, its examples work; the operators' group reads
while daemons run and while they do not, others never; a reader that keeps a
log from being cleared is told of, and supply goes on."""
import os
import re
import shutil
import subprocess
import sys

from lib import ROOT, Load, Net, Skip, check, equal, run, say, wait_for

sys.path.insert(0, os.path.join(ROOT, "tests", "netlib"))
from plan import OPERATORS    # noqa: E402

PAGE = os.path.join(ROOT, "doc", "man", "qkdnode-stores.7")
INSTALLED = "/var/lib/qkdnode/%s/keys.db"
OPERATOR, STRANGER = 60998, 60997       # uids
PAIRS = [("SAE-A1", "SAE-B1"), ("SAE-B1", "SAE-A1")]


def plain(roff):
    return roff.replace("\\-", "-").replace("\\(aq", "'")


def page():
    """{(daemon, view): [column, ...]}, [example, ...]"""
    views, columns, examples, verbatim = {}, None, [], False
    with open(PAGE) as f:
        lines = [plain(x.rstrip("\n")) for x in f]
    for i, line in enumerate(lines):
        m = re.match(r"\.SS (\w+): (\w+)$", line)
        if m:
            columns = views.setdefault(m.groups(), [])
        elif line.startswith(".SH"):
            columns = None
        elif line == ".TP" and columns is not None:
            columns.append(lines[i + 1].removeprefix(".B "))
        verbatim = line == ".EX" or verbatim and line != ".EE"
        if verbatim and line != ".EX":
            examples.append(line)
    return views, examples


def sql(path, text, *flags, **who):
    return subprocess.run(["sqlite3", "-batch", *flags, path, text], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=30, **who)


def answer(path, text, *flags, **who):
    p = sql(path, text, *flags, **who)
    check(p.returncode == 0, "sqlite3 %s %s '%s': %s" % (
        " ".join(flags), path, text, p.stdout))
    return p.stdout.splitlines()


def views_of(stores):
    found = {}
    for daemon, path in stores.items():
        for view in answer(path, "SELECT name FROM sqlite_master "
                           "WHERE type = 'view'"):
            found[daemon, view] = answer(
                path, "SELECT name FROM pragma_table_info('%s')" % view)
    return found


def documented(stores):
    views, examples = page()
    found = views_of(stores)
    for view, columns in found.items():
        equal(views.get(view), columns, "the manual page's columns of %s: %s"
              % view)
    equal(sorted(views), sorted(found), "views of the manual page")
    check(len(examples) > 5, "no examples found")
    return examples


def try_examples(stores, examples, who):
    for line in examples:
        for daemon, path in stores.items():
            line = line.replace(INSTALLED % daemon, path)
        p = subprocess.run(["sh", "-c", line], text=True, timeout=30,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           **who)
        check(p.returncode == 0, "%s: %s" % (line, p.stdout))


def as_user(uid, gid):
    """Of this group alone; who is not root has but himself."""
    return {"user": uid, "group": gid, "extra_groups": []} \
        if os.geteuid() == 0 else {}


def reads(stores, when):
    for path in stores.values():
        for flags in ((), ("-readonly",)):
            got = answer(path, "SELECT count(*) > 0 FROM pool", *flags,
                         **as_user(OPERATOR, OPERATORS))
            equal(got[-1], "1" if "/ksa/" in path else got[-1], path)
    if os.geteuid() != 0:
        return
    for path in stores.values():
        p = sql(path, "DELETE FROM peer" if "/ksa/" in path else
                "DELETE FROM link_block", **as_user(OPERATOR, OPERATORS))
        check(p.returncode != 0 and "readonly" in p.stdout,
              "the operator writes: " + p.stdout)
        for uid, gid in ((STRANGER, STRANGER), (OPERATOR, STRANGER)):
            p = sql(path, "SELECT count(*) FROM pool", **as_user(uid, gid))
            check(p.returncode != 0, "%d:%d reads %s" % (uid, gid, path))
    say("read by the operators' group alone,", when)


class Reader:
    """A sqlite3 that holds a read transaction, on purpose or forgotten."""

    def __init__(self, path):
        self.p = subprocess.Popen(["sqlite3", "-batch", "-readonly", path],
                                  stdin=subprocess.PIPE, text=True,
                                  stdout=subprocess.PIPE,
                                  **as_user(OPERATOR, OPERATORS))
        self.p.stdin.write("BEGIN; SELECT count(*) FROM pool;\n")
        self.p.stdin.flush()
        self.p.stdout.readline()

    def end(self):
        self.p.stdin.close()
        self.p.wait(10)


def blocked(net, daemon):
    status = net.ctl("a", daemon)
    return status["store"], [w for w in status["warnings"]
                             if "has been reading" in w]


def a_reader_that_stays(net):
    stores = net.json["nodes"]["a"]["stores"]
    equal(blocked(net, "ksa")[1], [], "warnings before")
    before = blocked(net, "ksa")[0]["log_octets"]
    readers = [Reader(path) for path in stores.values()]
    with Load(net, PAIRS) as load:
        for daemon, path in stores.items():
            store, warning = wait_for(
                "the status of %s to tell of the reader" % daemon,
                lambda d=daemon: blocked(net, d)[1] and blocked(net, d), 60)
            check(path in warning[0] and store["blocked_seconds"] >= 10,
                  "%s %s" % (store, warning))
            load.await_progress()       # supply goes on
        grown = blocked(net, "ksa")[0]["log_octets"]
        check(grown > before + 100000, "the log has %d octets" % grown)
    check(net.ctl("a", "ksa")["ready"], "not ready for a reader's sake")
    for r in readers:
        r.end()
    for daemon, path in stores.items():
        wait_for("the log of %s to be cleared" % daemon,
                 lambda d=daemon: blocked(net, d)[0]["blocked_seconds"] == 0
                 and not blocked(net, d)[1], 15)
    say("a reader was told of; the log had grown to %d octets" % grown)


def main():
    if not shutil.which("sqlite3"):
        raise Skip("sqlite3 is not installed")
    net = Net("ab", ["a-b"], settings=["redelivery=2"])
    for master, slave in PAIRS:
        net.pair(master, slave, 3)
    stores = net.json["nodes"]["a"]["stores"]
    examples = documented(stores)
    try_examples(stores, examples, as_user(OPERATOR, OPERATORS))
    reads(stores, "while the daemons run")
    a_reader_that_stays(net)
    net.do("stop", "a")
    reads(stores, "while they do not")
    net.do("start", "a")
    net.do("kill", "a")
    reads(stores, "after they were killed")
    net.do("start", "a")
    for master, slave in PAIRS:
        net.await_supply(master, slave)
    net.settle()


run(main, 150)
