#!/usr/bin/python3
"""Store keys: new data keys and node keys while applications draw and fetch,
daemons killed meanwhile; wrong and missing node keys; node keys in a PKCS#11
token; zeroize with daemons up, stopped and hung."""
import fcntl
import glob
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time

from lib import BUILD, Load, Net, Skip, check, equal, run, say, wait_for

M, S = "SAE-A1", "SAE-B1"
QKDCTL = os.path.join(BUILD, "ctl", "qkdctl")
STORES = ("kma", "ksa")


def qkdctl(net, node, *words, code=0, text=None, at=None):
    run_dir = net.option(at or node, "kma", "run_dir")
    p = subprocess.run([QKDCTL, "-j", "-r", run_dir, *words], text=True,
                       input=text, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=60)
    check(p.returncode == code, "qkdctl %s: exit %d\n%s" % (
        " ".join(words), p.returncode, p.stdout))
    return p.stdout


def etc(net, node):
    return ["--etc", net.json["nodes"][node]["etc"]]


def store(net, node, daemon):
    return net.json["nodes"][node]["stores"][daemon]


def wrapped(net, node, daemon):
    """The wrapped data keys, as they stand in the store."""
    with sqlite3.connect("file:%s?mode=ro" % store(net, node, daemon),
                         uri=True) as db:
        return [r[0] for r in db.execute("SELECT wrapped FROM store_key")]


def on_disk(net, node, daemon, octets):
    for path in glob.glob(store(net, node, daemon) + "*"):
        with open(path, "rb") as f:
            if octets in f.read():
                return path
    return None


# ---- rotation ----

def rotate_under_load(net):
    before = {d: wrapped(net, "a", d) for d in STORES}
    keys = {d: open(net.option("a", d, "node_key"), "rb").read()
            for d in STORES}
    with Load(net, [(M, S), (S, M)], workers=2) as load:
        load.await_progress()
        qkdctl(net, "a", "rotate-key")
        load.await_progress()
        others = {d: wrapped(net, "b", d) for d in STORES}
        qkdctl(net, "a", "rotate-key", "--node-key", *etc(net, "a"), at="b")
        equal({d: wrapped(net, "b", d) for d in STORES}, others,
              "wrapped keys of the node whose configuration is not named")
        load.await_progress()
    for d in STORES:
        path = net.option("a", d, "node_key")
        check(open(path, "rb").read() != keys[d],
              "%s has its node key of before" % d)
        equal(sorted(glob.glob(path + ".*")), [], "keys that are left")
        for octets in before[d]:
            equal(on_disk(net, "a", d, octets), None,
                  "where the wrapped key of before is")
        equal(net.ctl("a", d, "key")["unreadable"], 0, "rows that are lost")
    net.settle()
    say("rotated under load:", load.summary())
    return keys


def one_at_a_time(net):
    """Two changes at once would destroy each other's keys."""
    before = {d: wrapped(net, "a", d) for d in STORES}
    fd = os.open(net.json["nodes"]["a"]["etc"], os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    said = qkdctl(net, "a", "rotate-key", "--node-key", *etc(net, "a"),
                  code=1)
    os.close(fd)
    check("another qkdctl" in said, said)
    equal({d: wrapped(net, "a", d) for d in STORES}, before, "wrapped keys")


def shared_key_stays(net):
    """With a new one in its place the other store would be lost."""
    conf = net.conf("a", "ksa")
    with open(conf) as f:
        text = f.read()
    key = net.option("a", "kma", "node_key")
    link = os.path.join(net.base, "link")
    os.symlink(key, link)
    before = open(key, "rb").read()
    put(conf, text.replace(net.option("a", "ksa", "node_key"), link).encode())
    for daemon in STORES:
        said = qkdctl(net, "a", "rotate-key", "--node-key", *etc(net, "a"),
                      daemon, code=1)
        check("is the node key of" in said, said)
    equal(open(key, "rb").read(), before, "the node key")
    equal(glob.glob(key + ".*"), [], "keys that are left")
    put(conf, text.encode())
    os.unlink(link)


def old_key_opens_nothing(net, keys):
    for d in STORES:
        path = net.option("a", d, "node_key")
        good = open(path, "rb").read()
        refused(net, d, lambda: put(path, keys[d]), "does not open the store")
        put(path, good)
        net.do("start", "a", d)
    net.await_supply(M, S, 40)
    say("the node keys of before open nothing")


def put(path, octets):
    with open(path, "wb") as f:         # owner and mode stay
        f.write(octets)


def refused(net, daemon, spoil, words):
    """Does not start, says why; changes nothing."""
    net.do("stop", "a", daemon)
    spoil()
    try:
        net.do("start", "a", daemon)
    except AssertionError as e:
        check(words in str(e) and "remedy" in str(e),
              "%s: not told what to do: %s" % (daemon, e))
    else:
        raise AssertionError("%s starts all the same" % daemon)


def missing(net):
    for d in STORES:
        path = net.option("a", d, "node_key")
        refused(net, d, lambda: os.rename(path, path + "-away"),
                "No such file")
        os.rename(path + "-away", path)
        net.do("start", "a", d)
    net.await_supply(M, S, 40)
    say("without a node key neither starts, and both say so")


def killed_meanwhile(net):
    """kill -9 of daemon or of qkdctl at some moment of a change."""
    for turn, wait in enumerate((0.0, 0.02, 0.05, 0.1, 0.02, 0.004,
                                 0.008, 0.012, 0.016, 0.03)):
        d = STORES[turn % 2]
        p = subprocess.Popen([QKDCTL, "-r", net.option("a", d, "run_dir"),
                              "rotate-key", "--node-key", *etc(net, "a"), d],
                             stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        time.sleep(wait)
        if turn < 4:
            net.do("kill", "a", d)
        if turn > 1:
            p.kill()
        p.wait()
        if turn < 4:
            net.do("start", "a", d)
    for d in STORES:        # what the daemon was told goes on without qkdctl
        wait_for("%s to have sealed its store" % d, lambda: not net.ctl(
            "a", d, "key")["sealing_again"])
        qkdctl(net, "a", "rotate-key", "--node-key", *etc(net, "a"), d)
        equal(net.ctl("a", d, "key")["node_key_unsettled"], False, d)
        net.do("kill", "a", d)
        net.do("start", "a", d)
    net.await_supply(M, S, 40)
    net.pair(M, S, 4)
    net.settle()
    say("killed in the middle: one of the two keys opens the store")


# ---- a token ----

def softhsm(net):
    module = next(iter(glob.glob("/usr/lib/softhsm/libsofthsm2.so") +
                       glob.glob("/usr/lib/*/softhsm/libsofthsm2.so")), None)
    if not module or not shutil.which("softhsm2-util") or \
            not shutil.which("pkcs11-tool"):
        say("no softhsm2 or opensc here: no token is tried")
        return
    d = "kma"
    home = net.base + "/token"
    os.makedirs(home + "/tokens")
    with open(home + "/softhsm2.conf", "w") as f:
        f.write("directories.tokendir = %s/tokens\nlog.level = ERROR\n" % home)
    os.environ["SOFTHSM2_CONF"] = home + "/softhsm2.conf"
    with open(home + "/pin", "w") as f:
        f.write("4711\n")
    quiet = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label",
                    "node", "--pin", "4711", "--so-pin", "0815"], **quiet)
    subprocess.run(["pkcs11-tool", "--module", module, "--login", "--pin",
                    "4711", "--token-label", "node", "--keygen", "--key-type",
                    "AES:32", "--label", "kma", "--id", "01"], **quiet)
    owner = os.stat(store(net, "a", d))
    for where, dirs, files in os.walk(home):
        for name in [""] + files:
            os.chown(os.path.join(where, name), owner.st_uid, owner.st_gid)
    os.chmod(home + "/pin", 0o400)
    uri = ("pkcs11:token=node;object=kma?module-path=%s&pin-source=%s/pin"
           % (module, home))
    path = net.option("a", d, "node_key")
    configure(net, d, path, 'node_key_next = "%s"; confine_keep = ("%s");'
              % (uri, home))
    equal(net.ctl("a", d, "key")["node_key_unsettled"], True, "two keys")
    configure(net, d, uri, 'confine_keep = ("%s");' % home)
    equal(net.ctl("a", d, "key")["node_key_unsettled"], False, "the token's")
    os.rename(path, path + "-away")     # nobody needs it any more
    qkdctl(net, "a", "rotate-key", d)
    net.do("kill", "a", d)
    net.do("start", "a", d)
    net.await_supply(M, S, 40)
    refused(net, d, lambda: put(home + "/pin", b"4712\n"), "pin-source")
    put(home + "/pin", b"4711\n")
    net.do("start", "a", d)
    net.await_supply(M, S, 40)
    say("a node key in a token wraps and opens; a wrong PIN is refused")


def configure(net, daemon, node_key, more):
    """Another node key, other options beside it."""
    path = net.conf("a", daemon)
    with open(path) as f:
        lines = [x for x in f.read().splitlines(True)
                 if not x.startswith(("node_key", "confine_keep"))]
    net.do("stop", "a", daemon)
    with open(path, "w") as f:
        f.writelines(lines + ['node_key = "%s"; %s\n' % (node_key, more)])
    net.do("start", "a", daemon)


# ---- zeroize ----

def zeroize(net, node, what, at=None):
    stores = {d: store(net, node, d) for d in STORES}
    pids = [net.pid(node, d) for d in STORES]
    qkdctl(net, node, "zeroize", *etc(net, node), code=1, text="no\n")
    check(all(os.path.exists(p) for p in stores.values()),
          "a \"no\" has destroyed something")
    began = time.monotonic()
    said = json.loads(qkdctl(net, node, "zeroize", "--yes",
                             *etc(net, node), at=at))
    took = time.monotonic() - began
    equal((said["zeroized"], said["left"]), (True, []), "what it says")
    for d, path in stores.items():
        equal(glob.glob(path + "*"), [], "files of the store")
        check(not os.path.exists(net.option(node, d, "node_key")),
              "the node key of %s is there" % d)
    gone = {g["path"] for g in said["gone"]}
    check(set(stores.values()) <= gone, "stores are not named: %s" % gone)
    check(net.option(node, "ksa", "private_key") in gone, "TLS key: %s" % gone)
    for pid in pids:
        check(not alive(pid), "a daemon lives: %s" % pid)
    for d in STORES:
        try:
            net.do("start", node, d)
        except AssertionError as e:
            check("this node was zeroized" in str(e), str(e))
        else:
            raise AssertionError("%s starts over by itself" % d)
        check(not os.path.exists(stores[d]), "a new store of %s" % d)
    again = json.loads(qkdctl(net, node, "zeroize", "--yes",
                              *etc(net, node)))
    equal(again["zeroized"], True, "a second time")
    say("zeroized with daemons %s in %.1f s, %d killed" % (
        what, took, said["killed"]))


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def told(net):
    """The daemons of the configuration, not those of -r."""
    for d in STORES:
        check(net.ctl("b", d, "key")["key"] > 0, "another node's " + d)
        log = os.path.join(os.path.dirname(etc(net, "a")[1]), "log",
                           d + ".log")
        with open(log) as f:
            check("the keys in memory are wiped" in f.read(), d + " of a")


def held(net, node):
    """Who reads a store meanwhile is named, and what is not known; nothing is
    claimed to be gone."""
    path, conf = store(net, node, "ksa"), net.conf(node, "relayd")
    key = net.option(node, "relayd", "private_key")
    with open(conf) as f:
        text = f.read()
    put(conf, (text + "private_key =\n").encode())
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    db.execute("SELECT count(*) FROM block").fetchall()
    said = json.loads(qkdctl(net, node, "zeroize", "--yes", *etc(net, node),
                             code=1).splitlines()[-1])
    db.close()
    check(any(x.get("pid") == os.getpid() for x in said["left"]),
          "who has it open is not named: %s" % said)
    check({"what": "not known: no configuration", "path": "relayd"} in
          said["left"], "what is not known: %s" % said)
    put(conf, text.encode())
    said = json.loads(qkdctl(net, node, "zeroize", "--yes",
                             *etc(net, node)))
    equal(said["zeroized"], True, "when it is closed")
    check(not os.path.exists(key), "the TLS key of relayd is there")
    say("a store that somebody reads is not gone")


def main():
    net = Net("ab", ["a-b"])
    net.pair(M, S, 4)
    keys = rotate_under_load(net)
    one_at_a_time(net)
    shared_key_stays(net)
    old_key_opens_nothing(net, keys)
    missing(net)
    killed_meanwhile(net)
    softhsm(net)
    net = Net("abcd", ["a-b", "b-c", "c-d"])
    zeroize(net, "a", "up", at="b")
    told(net)
    for d in STORES:
        net.do("stop", "b", d)
    link = net.option("b", "ksa", "node_key")
    far = os.path.join(os.path.dirname(link), "elsewhere")
    os.rename(link, far)
    os.symlink(far, link)
    put(far + "-2", b"7" * 64)
    with open(net.conf("b", "kma"), "a") as f:
        f.write('node_key_next = "%s-2";\n' % far)
    zeroize(net, "b", "down")
    check(not os.path.exists(far), "the node key that a link named is there")
    check(not os.path.exists(far + "-2"), "the next node key is there")
    for d in STORES:
        os.kill(net.pid("c", d), signal.SIGSTOP)
    zeroize(net, "c", "hung")
    held(net, "d")
    net.all_alive = lambda: None        # that is the point


run(main, 120)
