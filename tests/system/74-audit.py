#!/usr/bin/python3
"""The record of keys: whole after any crash under load, archives included; it
agrees with what applications got; what is changed in it is found and named;
without it nothing is supplied."""
import base64
import glob
import json
import os
import random
import re
import shutil
import sqlite3
import struct
import subprocess
import uuid

from lib import BUILD, Load, Net, check, equal, run, say, wait_for

PAIRS = [("SAE-A1", "SAE-B1"), ("SAE-B1", "SAE-C1"), ("SAE-A1", "SAE-A2"),
         ("SAE-C1", "SAE-A2")]
KILLS = 6
SIZE = 4096             # of a page
ROWS = 1000             # until some go into an archive


def qkdctl(net, node, *words):
    p = subprocess.run([BUILD + "/ctl/qkdctl", "-r", net.dir + "/%s/run" %
                        node, "audit", *words], text=True, timeout=60,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return p.returncode, p.stdout


def verified(net, node, daemon):
    """As a table of what verify says; it must be whole."""
    store = net.json["nodes"][node]["stores"][daemon]
    code, text = qkdctl(net, node, "verify", daemon, "--store", store, "-j")
    check(code == 0, "%s of %s: %s" % (daemon, node, text))
    found = json.loads(text)
    check(found["whole"] and found["absent"] == "", text)
    return found


def rows(store):
    """All rows, of archives too, by what matters here."""
    found = []
    db = sqlite3.connect("file:%s?mode=ro" % store, uri=True)
    archives = db.execute("SELECT file, last FROM audit_archive ORDER BY "
                          "first").fetchall()
    text = ("SELECT event, application, peer, request, first, last "
            "FROM audit_log")
    for name, last in archives:
        a = sqlite3.connect("file:%s/%s?mode=ro" % (os.path.dirname(store),
                                                    name), uri=True)
        found += a.execute(text + " WHERE seq <= ?", (last,)).fetchall()
        a.close()
    found += db.execute(text).fetchall()
    again = db.execute("SELECT file, last FROM audit_archive ORDER BY "
                       "first").fetchall()
    db.close()
    return found if again == archives else rows(store)


def place(key_id):
    """Request and place, as keyid.h has it."""
    n = uuid.UUID(key_id).int
    high = n >> 64
    return (high >> 16) << 12 | high & 0xfff, n >> 52 & 0x3ff


def count(book, event, application, km, key_id):
    request, at = place(key_id)
    return sum(1 for e, who, first, last in book.get((request, km), ())
               if e == event and who == application and first <= at <= last)


def agrees(net):
    books = {}
    for node, n in net.json["nodes"].items():
        book = books[node] = {}
        for event, who, km, request, *places in rows(n["stores"]["ksa"]):
            if request is not None and places[0] is not None:
                book.setdefault((request, km), []).append(
                    (event, who, *places))
    kms = {node: n["kme_id"] for node, n in net.json["nodes"].items()}
    for key in net.oracle.keys.values():
        master, slave = net.node_of(key.master), net.node_of(key.slave)
        equal(count(books[master], "supplied", key.master, kms[slave],
                    key.id), 1, "rows that tell of the supply of " + key.id)
        told = count(books[slave], "delivered", key.slave, kms[master],
                     key.id)
        check(told == 1 or told == 0 and not key.fetched,
              "%d rows tell of the delivery of %s, fetched: %s" % (
                  told, key.id, key.fetched))
    say("%d keys are where the record has them" % len(net.oracle.keys))


def killed_under_load(net):
    rnd = random.Random(74)
    with Load(net, PAIRS) as load:
        for _ in range(KILLS):
            load.await_progress()
            node, daemon = rnd.choice("abc"), rnd.choice(["kma", "ksa"])
            net.do("kill", node, daemon)
            net.do("start", node, daemon)
        load.await_progress()
        wait_for("%d rows of ksa of a, and an archive" % ROWS, lambda:
                 glob.glob(net.dir + "/a/ksa/audit-*.db"), 60)
    net.settle(40)
    for node in "abc":
        for daemon in ("kma", "ksa"):
            found = verified(net, node, daemon)
            check(found["daemon_asked"], "nobody asked %s" % daemon)


# ---- somebody with the file and sqlite3 ----

def cut(db, seq):
    db.execute("DELETE FROM audit_log WHERE seq > ?", (seq - 1,))


TAMPERED = [
    (lambda db, n: db.execute("UPDATE audit_log SET application = 'X' WHERE "
                              "seq = ?", (n,)), "row {n} was changed"),
    (lambda db, n: db.execute("UPDATE audit_log SET at = at - 1 WHERE seq = ?",
                              (n,)), "row {n} was changed"),
    (lambda db, n: db.execute("DELETE FROM audit_log WHERE seq = ?", (n,)),
     "row {n} is missing"),
    (lambda db, n: db.executescript(
        "UPDATE audit_log SET seq = -1 WHERE seq = {0};"
        "UPDATE audit_log SET seq = {0} WHERE seq = {1};"
        "UPDATE audit_log SET seq = {1} WHERE seq = -1;".format(n, n + 1)),
     "row {n} was changed"),
    (cut, "rows {n} to {last} are missing at the end"),
]


def copy_of(net, store):
    there = net.base + "/copy"
    shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(os.path.dirname(store), there)
    return there + "/keys.db"


def refused(net, store, wanted, *words):
    code, text = qkdctl(net, "a", "verify", "--store", store, *words)
    check(code == 1 and wanted in text, "not '%s' but %d %s" % (wanted, code,
                                                               text))


def found_by_configuration(net):
    etc = net.json["nodes"]["a"]["etc"]
    code, text = qkdctl(net, "a", "verify", "--etc", etc, "-j")
    equal(code, 0, text)
    said = [json.loads(line) for line in text.splitlines()]
    equal([v["store"] for v in said],
          [net.json["nodes"]["a"]["stores"][d] for d in ("kma", "ksa")],
          "stores that were read")
    code, text = qkdctl(net, "a", "show", "ksa", "--etc", etc, "--limit", "3")
    check(code == 0 and "EVENT" in text, text)


def tampering_is_found(net):
    net.do("stop", "a", "ksa")
    store = net.json["nodes"]["a"]["stores"]["ksa"]
    code, text = qkdctl(net, "a", "verify", "--store", store, "-j")
    equal(code, 0, text)
    whole = json.loads(text)
    last = whole["rows"]
    for act, wanted in TAMPERED:
        copy = copy_of(net, store)
        db = sqlite3.connect(copy)
        n = (db.execute("SELECT min(seq) FROM audit_log").fetchone()[0] +
             last) // 2
        act(db, n)
        db.commit()
        db.close()
        refused(net, copy, wanted.format(n=n, last=last))
    # A tail with the head: only who knows the last row sees it.
    copy = copy_of(net, store)
    db = sqlite3.connect(copy)
    cut(db, last)
    db.execute("UPDATE audit_head SET seq = ?1, hash = (SELECT hash FROM "
               "audit_log WHERE seq = ?1)", (last - 1,))
    db.commit()
    db.close()
    refused(net, copy, "rows %d to %d are missing at the end" % (last, last),
            "--anchor", whole["anchor"])
    code, text = qkdctl(net, "a", "verify", "--anchor", whole["anchor"])
    check(code == 2 and "name kma or ksa" in text, text)
    copy = copy_of(net, store)
    archive = sorted(glob.glob(os.path.dirname(copy) + "/audit-*.db"))[0]
    db = sqlite3.connect(archive)
    db.execute("UPDATE audit_log SET peer = 'X' WHERE seq = 20")
    db.commit()
    db.close()
    refused(net, copy, "row 20 was changed")
    os.unlink(archive)
    code, text = qkdctl(net, "a", "verify", "--store", copy)
    check(code == 0 and "whole as far as it is here" in text and
          "not here, so not checked: audit-1.db" in text, text)
    code, text = qkdctl(net, "a", "verify", "--store", copy, "-j", "--anchor",
                        "20:" + "0" * 64)
    found = json.loads(text)
    check(code == 3 and found["whole"] is None and
          found["anchors_unchecked"] == "row 20", "%d %s" % (code, text))
    os.mkdir(archive)
    code, text = qkdctl(net, "a", "verify", "--store", copy)
    check(code == 3 and "its archive audit-1.db may not be read" in text,
          text)
    db = sqlite3.connect(copy)
    db.executescript("DROP TABLE audit_log; CREATE VIEW audit_log AS WITH "
                     "RECURSIVE n(seq) AS (SELECT -1 UNION ALL SELECT seq - 1 "
                     "FROM n) SELECT * FROM n")
    db.close()
    for word in ("verify", "show"):
        code, text = qkdctl(net, "a", word, "--store", copy)
        check(code == 3 and "damaged" in text, text)
    say("what was changed is found")


def a_changed_record_stops_the_daemon(net):
    store = net.json["nodes"]["a"]["stores"]["ksa"]
    db = sqlite3.connect(store)
    db.execute("UPDATE audit_log SET application = 'X' WHERE seq = (SELECT "
               "max(seq) - 3 FROM audit_log)")
    db.commit()
    db.close()
    try:
        net.do("start", "a", "ksa")
        raise AssertionError("ksa starts with a record that was changed")
    except AssertionError as e:
        check("testnet start" in str(e), e)
    said = [line for path in net.logs() for line in open(path)
            if "the record of keys was changed" in line and "/a/" in path]
    anchor = re.search(r"anchor=(\S+)", said[-1])[1]
    with open(net.conf("a", "ksa"), "a") as f:
        f.write('audit_accept = "%s";\n' % anchor)
    net.do("start", "a", "ksa")
    net.await_supply("SAE-A1", "SAE-B1")
    found = verified(net, "a", "ksa")
    equal(found["accepted"], 1, "faults that the operator let pass")
    say("the operator goes on:", found["accepted_fault"])


def without_the_record_nothing_is_supplied(net):
    waiting = net.draw("SAE-B1", "SAE-A1", 3)
    store = net.json["nodes"]["a"]["stores"]["ksa"]
    user = os.stat(store).st_uid
    trigger = ("CREATE TRIGGER full BEFORE INSERT ON audit_log BEGIN "
               "SELECT RAISE(ABORT, 'no'); END")
    wait_for("the binding to be at a",
             lambda: net.ctl("a", "ksa")["count"]["bindings_in"] > 0)

    def sql(text):
        subprocess.run(["sqlite3", "-cmd", ".timeout 9000", store, text],
                       check=True, **({"user": user, "group": user,
                                       "extra_groups": []}
                                      if os.geteuid() == 0 else {}))
    sql(trigger)
    for _ in range(3):
        status, body = net.client("SAE-A1").enc("SAE-B1")
        equal(status, 503, "enc_keys without a record: %s" % body)
        status, body = net.client("SAE-A1").dec(
            "SAE-B1", [k.id for k in waiting])
        equal(status, 503, "dec_keys without a record: %s" % body)
    sql("DROP TRIGGER full")
    net.await_supply("SAE-A1", "SAE-B1")
    net.fetch(waiting)
    verified(net, "a", "ksa")


def shown(net):
    store = net.json["nodes"]["a"]["stores"]["ksa"]
    code, text = qkdctl(net, "a", "show", "--store", store, "--event",
                        "delivered", "--application", "SAE-A1", "--limit",
                        "5", "-j")
    equal(code, 0, text)
    found = json.loads(text)
    check(0 < len(found) <= 5 and all(r["event"] == "delivered" and
          r["application"] == "SAE-A1" for r in found), text)
    code, text = qkdctl(net, "a", "show", "--store", store, "--limit", "3")
    check(code == 0 and "EVENT" in text and len(text.splitlines()) == 4, text)
    equal(qkdctl(net, "a", "show", "--event", "stolen")[0], 2, "usage")
    equal(qkdctl(net, "a", "show", "--since", "2026-13-01")[0], 2, "no time")
    equal(qkdctl(net, "a", "show", "--store", store, "--peer", "KME-Z"),
          (0, "none\n"), "no row of a stranger")
    code, text = qkdctl(net, "a", "show", "--store", store, "--limit",
                        "1000000", "-j")
    numbers = [r["seq"] for r in json.loads(text)]
    check(code == 0 and numbers[0] == 1 and numbers == sorted(set(numbers)),
          "all rows, once, in their order: %s" % numbers[:3])


def page(cells, offset=0, leaf=False, right=0):
    """A page of a table's tree with the cells, as SQLite has it."""
    at, head, body = SIZE, b"", b""
    for cell in cells:
        at, body = at - len(cell), cell + body
        head += struct.pack(">H", at)
    head = struct.pack(">BHHHB", 13 if leaf else 5, 0, len(cells), at,
                       0) + (b"" if leaf else struct.pack(">I", right)) + head
    return head.ljust(at - offset, b"\0") + body


def for_ever(f, below):
    """Writes fifteen levels of pages behind the others, each of which leads
    fifty times to the next, and the last to that page; the highest's number."""
    f.seek(0, 2)
    for _ in range(15):
        f.write(page([struct.pack(">IB", below, i + 1) for i in range(50)],
                     right=below))
        below = f.tell() // SIZE
    return below


def set_root(f, root, octets):
    f.seek((root - 1) * SIZE + (100 if root == 1 else 0))
    f.write(octets)
    f.seek(0, 2)
    n = f.tell() // SIZE
    f.seek(28)                          # the length, in pages
    f.write(struct.pack(">I", n))


def rows_without_end(path, table):
    """The rows of a table, again and again."""
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?",
                      (table,)).fetchone()[0]
    equal(db.execute("PRAGMA page_size").fetchone()[0], SIZE, "page size")
    db.close()
    with open(path, "r+b") as f:
        f.seek((root - 1) * SIZE)
        before = f.read(SIZE)
        f.seek(0, 2)
        f.write(before)
        top = for_ever(f, f.tell() // SIZE)
        set_root(f, root, page([struct.pack(">IB", top, 1)], right=top))


def schema_without_end(path):
    """The schema is one index, again and again, behind what it needs."""
    texts = [b"index", b"sqlite_autoindex_t_1", b"t"]
    record = (bytes([6] + [13 + 2 * len(t) for t in texts] + [1, 0]) +
              b"".join(texts) + b"\3")
    if os.path.exists(path):
        os.unlink(path)
    db = sqlite3.connect(path)
    db.executescript("PRAGMA page_size = %d; CREATE TABLE t (a UNIQUE)" % SIZE)
    db.close()
    with open(path, "r+b") as f:
        data = f.read()
        rows = [data[s:s + 2 + data[s]]         # length, number, record
                for s in struct.unpack(">HH", data[108:112])]
        f.write(page(rows, leaf=True))
        first = f.tell() // SIZE
        f.write(page([bytes([len(record), 3]) + record], leaf=True))
        top = for_ever(f, f.tell() // SIZE)
        set_root(f, 1, page([struct.pack(">IB", first, 2)], offset=100,
                            right=top))


def a_file_of_a_stranger_comes_to_an_end(net):
    copy = copy_of(net, net.json["nodes"]["a"]["stores"]["ksa"])
    db = sqlite3.connect(copy)
    db.execute("PRAGMA journal_mode = DELETE")
    db.close()
    rows_without_end(copy, "audit_log")
    schema = net.base + "/schema.db"
    schema_without_end(schema)
    running = [(words, subprocess.Popen(
        [BUILD + "/ctl/qkdctl", "audit", *words], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)) for words in (
        ["show", "--limit", "1000000", "--store", copy],
        ["show", "--peer", "KME-Z", "--store", copy],
        ["verify", "--store", schema])]
    for words, p in running:
        text = p.communicate(timeout=100)[0]
        check(p.returncode == 3 and "damaged" in text, "%s: %d %s" % (
            words, p.returncode, text[:200]))


def no_key_in_it(net):
    kept = b""
    for path in glob.glob(net.dir + "/?/k?a/audit-*.db"):
        with open(path, "rb") as f:
            kept += f.read()
    for key in list(net.oracle.keys.values())[:200]:
        for form in (key.octets, base64.b64encode(key.octets),
                     key.octets.hex().encode()):
            check(form not in kept, "the record has a key")


def main():
    net = Net("abc", ["a-b", "b-c"], settings=[
        "audit_rows=%d" % ROWS, "redelivery=1"])
    without_the_record_nothing_is_supplied(net)
    killed_under_load(net)
    agrees(net)
    no_key_in_it(net)
    shown(net)
    found_by_configuration(net)
    tampering_is_found(net)
    a_file_of_a_stranger_comes_to_an_end(net)
    a_changed_record_stops_the_daemon(net)
    net.settle(20)


run(main, 150)
