#!/usr/bin/python3
"""A backup is taken of a node that works; no key is in it. Keys are drawn, the
node is lost, and comes back from its backup with other store keys: nothing of
before is used again, supply resumes by itself, keys that its own applications
had not fetched are void and those at its peer are not. What is damaged, of
another node or newer is refused, and so is a node that runs."""
import fcntl
import glob
import hashlib
import io
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import tarfile

from lib import BUILD, Load, Net, check, equal, run, say, wait_for

PAIRS = [("SAE-A1", "SAE-B1"), ("SAE-B1", "SAE-A1")]
SEALED = {"kma": ("SELECT sealed FROM link_block", "SELECT control_key FROM "
                  "qkd_link", "SELECT sealed FROM inbound",
                  "SELECT wrapped FROM store_key"),
          "ksa": ("SELECT sealed FROM segment", "SELECT sealed FROM control",
                  "SELECT octets FROM copy", "SELECT wrapped FROM store_key")}


def qkdctl(*words):
    p = subprocess.run([os.path.join(BUILD, "ctl", "qkdctl"), *words],
                       text=True, timeout=60, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return p.returncode, p.stdout


def rows(path, sql):
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def stores(net, node="a"):
    return net.json["nodes"][node]["stores"]


def etc(net, node="a"):
    return net.json["nodes"][node]["etc"]


def pieces(net):
    """What must not be in the file: of each sealed value a part, each key,
    each node key."""
    found = [r[0][8:32] for daemon, path in stores(net).items()
             for sql in SEALED[daemon] for r in rows(path, sql) if r[0]]
    check(len(found) > 20, "the stores hold %d sealed values" % len(found))
    for daemon in stores(net):
        with open(net.option("a", daemon, "node_key"), "rb") as f:
            text = f.read().strip()
        found += [text[:24], bytes.fromhex(text.decode())[:24]]
    return found + [octets[:16] for octets in net.oracle.octets()]


def backup(net, path, *options):
    before = pieces(net)
    code, out = qkdctl("backup", "--etc", etc(net), *options, path)
    equal(code, 0, "qkdctl backup: " + out)
    equal(os.stat(path).st_mode & 0o777, 0o600, "mode of a backup")
    equal(glob.glob(path + ".*"), [], "what it leaves beside it")
    with open(path, "rb") as f:
        data = f.read()
    for piece in before + pieces(net):
        check(piece not in data, "a key, sealed or not, is in the backup")
    return data


def node_keys_stay_here(net, path):
    """Also where they look like the keys of certificates, and with those."""
    folder = etc(net)
    os.makedirs(folder + "/pki", exist_ok=True)
    keys = {folder + "/kma-node.key": "kma", folder + "/pki/n.key": "ksa"}
    confs, names = {}, {"etc/kma-node.key", "etc/pki/n.key", "etc/next.key",
                        "etc/pki/link.key", "etc/pki/s.key"}
    for at, daemon in keys.items():
        conf = net.conf("a", daemon)
        with open(conf) as f:
            confs[conf] = f.read()
        old = net.option("a", daemon, "node_key")
        with open(old) as f, open(at, "w") as to:
            to.write(f.read())
        with open(conf, "w") as f:
            f.write(confs[conf].replace('"%s"' % old, '"%s"' % at) +
                    'node_key_next = "%s/next.key";\n' % folder)
    os.symlink(folder + "/kma-node.key", folder + "/pki/link.key")
    conf = net.conf("a", "qkdmod:a-b")
    with open(conf) as f:
        confs[conf] = f.read()
    seed = net.option("a", "qkdmod:a-b", "sim_seed_file")
    with open(conf, "w") as f:
        f.write(confs[conf].replace('"%s"' % seed, '"%s/pki/s.key"' % folder))
    for other in ("next.key", "pki/s.key", "pki/KM-ak.key"):
        with open(os.path.join(folder, other), "w") as f:
            f.write(secrets.token_hex(32))
    members = contents(backup(net, path, "--with-private-keys"))
    equal(names & set(members), set(), "node keys in the backup")
    check("etc/pki/KM-ak.key" in members, sorted(members))
    for conf, text in confs.items():
        with open(conf, "w") as f:
            f.write(text)
    for name in (*names, "etc/pki/KM-ak.key"):
        os.unlink(folder + name[3:])
    os.unlink(path)


def no_private_keys(net, path):
    """Unless they were asked for, also in one file with the certificate."""
    both = etc(net) + "/pki/both.crt"
    with open(both, "w") as f:
        f.write("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n")
    check("etc/pki/both.crt" not in contents(backup(net, path)), "a key")
    check("etc/pki/both.crt" in contents(backup(
        net, path, "--with-private-keys")), "a key that was asked for")
    os.unlink(both)
    os.unlink(path)


def ca_stays_here(net, path):
    """And whoever takes the backup is told so."""
    folder = etc(net) + "/ca"
    os.mkdir(folder)
    with open(folder + "/ca.key", "w") as f:
        f.write(secrets.token_hex(32))
    code, out = qkdctl("backup", "--etc", etc(net), path)
    check(code == 0 and "the CA in %s is not in it" % folder in out, out)
    shutil.rmtree(folder)
    code, out = qkdctl("backup", "--etc", etc(net), path)
    check(code == 0 and "CA" not in out, out)
    os.unlink(path)


def contents(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar}


def what_is_in_it(net, data, path):
    members = contents(data)
    manifest = json.loads(members["manifest.json"])
    equal(manifest["kme_id"], "KME-A", "whose it is")
    equal({m["name"] for m in manifest["members"]} | {"manifest.json"},
          set(members), "what the manifest names")
    for m in manifest["members"]:
        equal(hashlib.sha256(members[m["name"]]).hexdigest(), m["sha256"],
              m["name"])
    check({"etc/kma.conf", "etc/ksa.conf", "etc/relayd.conf",
           "stores/kma.db", "stores/ksa.db"} <= set(members), sorted(members))
    check(not [m for m in members if m.endswith((".key", ".nodekey"))],
          "keys are in it: %s" % sorted(members))
    for daemon in ("kma", "ksa"):
        copy = "%s/copy-%s.db" % (os.path.dirname(path), daemon)
        with open(copy, "wb") as f:
            f.write(members["stores/%s.db" % daemon])
        equal(rows(copy, "PRAGMA integrity_check"), [("ok",)], daemon)
        equal(rows(copy, "PRAGMA user_version"),
              rows(stores(net)[daemon], "PRAGMA user_version"), daemon)
        table = "qkd_link" if daemon == "kma" else "issued"
        check(rows(copy, "SELECT count(*) FROM " + table)[0][0] > 0,
              "no %s in the backup" % table)


def rewritten(data, path, change):
    """The archive with its members changed, and the manifest true again."""
    members = contents(data)
    manifest = json.loads(members.pop("manifest.json"))
    change(manifest, members)
    for m in manifest["members"]:
        if m["name"] in members:
            m["size"] = len(members[m["name"]])
            m["sha256"] = hashlib.sha256(members[m["name"]]).hexdigest()
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, text in [("manifest.json", json.dumps(manifest).encode()),
                           *members.items()]:
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))


def refused(net, path, text, *options):
    before = {p: os.stat(p).st_mtime_ns
              for p in glob.glob(etc(net) + "/*")}
    code, out = qkdctl("restore", "--etc", etc(net), *options, path)
    check(code == 1 and text in out, "restore: exit %d, %s" % (code, out))
    equal({p: os.stat(p).st_mtime_ns for p in glob.glob(etc(net) + "/*")},
          before, "files of the node after a refusal")


def other_way(manifest, members):
    """A name that leads elsewhere."""
    manifest["members"].append({"name": "etc/../../evil.conf", "size": 0,
                                "sha256": "0" * 64})
    members["etc/../../evil.conf"] = b"evil\n"


def newer(manifest, members):
    manifest["version"] = "99.0"


def other_node(manifest, members):
    manifest["kme_id"] = "KME-Z"
    for name in ("etc/kma.conf", "etc/ksa.conf"):
        members[name] = members[name].replace(b'"KME-A"', b'"KME-Z"')


def more(manifest, members):
    members["etc/more.conf"] = b"more\n"


def accepted_before(manifest, members):
    """What an earlier restore, or the operator, has set."""
    for name in ("etc/kma.conf", "etc/ksa.conf"):
        members[name] += b' \t audit_accept = "5:00";\n'


def accepted_badly(manifest, members):
    members["etc/ksa.conf"] += b'audit_accept =\n "5:00";\n'


def bad_ones(net, data, path):
    bad = path + ".bad"
    spoilt = bytearray(data)
    at = data.index(b"SQLite format 3") + 5000
    spoilt[at] ^= 1
    for octets, text in ((bytes(spoilt), "is damaged: stores/"),
                         (data[:len(data) // 2], "damaged"),
                         (b"nothing", "Unrecognized archive")):
        with open(bad, "wb") as f:
            f.write(octets)
        refused(net, bad, text)
    for change, text in ((other_way, "manifest is damaged"),
                         (newer, "newer version: 99.0"),
                         (more, "its manifest does not say: etc/more.conf"),
                         (accepted_badly, "a line of its own: etc/ksa.conf"),
                         (other_node, "is the backup of KME-Z")):
        rewritten(data, bad, change)
        refused(net, bad, text)
    os.unlink(bad)
    say("what is damaged, newer or another's is refused")


def lose(net):
    """The disk with the stores and their keys."""
    net.do("stop", "a")
    for daemon, path in stores(net).items():
        for file in glob.glob(path + "*"):
            os.unlink(file)
        with open(net.option("a", daemon, "node_key"), "r+") as f:
            f.write(secrets.token_hex(32))
    os.unlink(net.conf("a", "ksa"))


def restored(net, path):
    odd = net.conf("a", "relayd") + ".new"
    os.mkdir(odd)
    code, out = qkdctl("restore", "--etc", etc(net), path)
    check(code == 1 and "only a part of it is in place" in out, out)
    os.rmdir(odd)
    code, out = qkdctl("restore", "--etc", etc(net), path)
    equal(code, 0, "qkdctl restore: " + out)
    check("unless its QKD module never gives a key twice" in out, out)
    for daemon in stores(net):
        with open(net.conf("a", daemon)) as f:
            equal(f.read().count("audit_accept"), 1, "audit_accept")
    for store in stores(net).values():
        st, folder = os.stat(store), os.stat(os.path.dirname(store))
        equal((st.st_uid, st.st_gid, st.st_mode & 0o777),
              (folder.st_uid, folder.st_gid, 0o640), store)
    equal(rows(stores(net)["ksa"], "SELECT count(*) FROM assigned "
               "WHERE state = 'waiting'"), [(0,)], "requests waiting")
    equal(set(rows(stores(net)["ksa"], "SELECT store FROM peers")),
          {("went back",)}, "the view peers")


def main():
    net = Net("ab", ["a-b"], rate=4000000, settings=[
        "pool_low=32768", "pool_high=65536"])
    path = net.base + "/a.backup"
    for master, slave in PAIRS:
        net.pair(master, slave, 8)
    at_a = net.draw("SAE-B1", "SAE-A1", 4)      # nobody fetches them yet
    at_b = net.draw("SAE-A1", "SAE-B1", 4)
    wait_for("the binding at a", lambda: rows(
        stores(net)["ksa"], "SELECT count(*) FROM assigned WHERE state = "
        "'waiting'")[0][0] > 0)
    node_keys_stay_here(net, path)
    no_private_keys(net, path)
    ca_stays_here(net, path)
    with Load(net, PAIRS) as load:
        load.await_progress()
        data = backup(net, path)
        load.await_progress()
    of_load = [k for k in net.oracle.pending() if k not in at_a + at_b]
    if of_load:
        net.settle(20, of_load)
    what_is_in_it(net, data, path)
    refused(net, path, "the node runs")
    for _ in range(6):          # used after the backup
        for master, slave in PAIRS:
            net.pair(master, slave, 64)
    net.do("stop", "a")
    fd = os.open(etc(net), os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    refused(net, path, "another qkdctl changes this node")
    os.close(fd)
    bad_ones(net, data, path)
    net.do("start", "a")
    lose(net)
    rewritten(data, path, accepted_before)
    restored(net, path)
    net.do("start", "a")
    status, body = net.client("SAE-A1").dec("SAE-B1", [k.id for k in at_a])
    check(status in (400, 503), "a void key: %d %s" % (status, body))
    for key in at_a:
        key.fetched = True      # never: they are void
    net.fetch(at_b)             # its peer has lost nothing
    for master, slave in PAIRS:
        net.await_supply(master, slave, 40)
    for _ in range(6):          # the checker knows all octets of before
        for master, slave in PAIRS:
            net.pair(master, slave, 64)
    wait_for("the node to be ready", lambda: net.ctl("a", "ksa")["ready"], 30)
    equal(rows(stores(net)["ksa"], "SELECT count(*) FROM peers WHERE "
               "store = 'went back' AND peer <> 'KME-A'"), [(0,)],
          "the view peers")
    net.settle()
    say("a node came back from its backup")


run(main, 150)
