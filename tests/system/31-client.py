#!/usr/bin/python3
"""qkdctl sae: keys of two nodes in every format, to files, commands and
standard output; what is refused, and with which exit code; and no copy of a
key in memory that is not locked."""
import base64
import json
import os
import socket
import stat
import time

from lib import Net, check, equal, run, say, wait_for
from needles import Needles, mappings
from saetool import Tool

UNKNOWN = "550e8400-e29b-41d4-a716-446655440000"


def ids_of(out):
    return out.decode().split()


def status(net, a):
    s = json.loads(a.run("status", "--slave", "SAE-B1")[0])
    code, door = net.client("SAE-A1").status("SAE-B1")
    equal(code, 200, "the door's own status")
    for name in door:
        if name not in ("stored_key_count", "status_extension"):
            equal(s[name], door[name], name)
    check(s["stored_key_count"] > 0, "status: nothing is stored")


def as_json(net, a, b):
    """The checker sees what both sides get."""
    out, _ = a.run("get", "--slave", "SAE-B1", "-n", "5", "-s", "512",
                   "--out", "-")
    keys = net.oracle.drawn("SAE-A1", "SAE-B1", json.loads(out), 5, 512)
    ids = [k.id for k in keys]
    out, _ = b.run("fetch", "--master", "SAE-A1", *ids, "--out", "-")
    net.oracle.fetched("SAE-B1", ids, json.loads(out))
    equal([k["key_ID"] for k in json.loads(out)["keys"]], ids, "order")


def formats(net, a, b, where, size):
    """The same octets in every format; IDs over standard input."""
    path = os.path.join(where, "keys")
    ids = ids_of(a.run("get", "--slave", "SAE-B1", "-n", "3", "-s",
                       str(size), "--out", path, "--format", "hex")[0])
    with open(path) as f:
        keys = [bytes.fromhex(line) for line in f.read().splitlines()]
    equal([len(k) for k in keys], [size // 8] * 3, "sizes")
    lines = ("\n".join(ids).upper() + "\n").encode()
    readers = {
        "raw": lambda t: [t[i:i + size // 8]
                          for i in range(0, len(t), size // 8)],
        "base64": lambda t: [base64.b64decode(x, validate=True)
                             for x in t.splitlines()],
        "hex": lambda t: [bytes.fromhex(x) for x in t.decode().split()],
        "json": lambda t: [base64.b64decode(k["key"])
                           for k in json.loads(t)["keys"]],
    }
    for name, reader in readers.items():    # within the redelivery window
        out, _ = b.run("fetch", "--master", "SAE-A1", "-", "-o", "-", "-f",
                       name, stdin=lines)
        equal(reader(out), keys, "keys as " + name)


def files(a, where):
    """Mode 0600, whole or not at all, through no link, over no device."""
    path = os.path.join(where, "one")
    old = os.umask(0)
    a.run("get", "--slave", "SAE-B1", "-o", path, "-f", "raw")
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
    os.chmod(path, 0o644)
    before = os.stat(path).st_ino
    a.run("get", "--slave", "SAE-B1", "-o", path, "-f", "raw")
    st = os.stat(path)
    os.umask(old)
    equal((stat.S_IMODE(st.st_mode), st.st_ino == before), (0o600, False),
          "mode, and an old file that is written to")
    link = os.path.join(where, "link")
    os.symlink(path, link)
    for bad in (link, "/dev/null", where, where + "/no/file"):
        out, err = a.run("get", "--slave", "SAE-B1", "-o", bad, code=1)
        check(not out and bad.split("/")[-2] in err, "%s: %s" % (bad, err))
    equal(sorted(os.listdir(where)), ["keys", "link", "one"], "what is left")


def commands(a, b):
    out, err = a.run("get", "--slave", "SAE-B1", "-f", "hex", "--", "sh",
                     "-c", "cat >&2; echo $QKDNODE_KEY_IDS >&2; exit 0")
    key, known = err.split()
    equal(ids_of(out), [known], "the key_ID that the command was told")
    out, _ = b.run("fetch", "--master", "SAE-A1", known, "-f", "hex",
                   "--exec", "cat")
    equal(out.decode().strip(), key, "key through a command")
    out, err = a.run("get", "--slave", "SAE-B1", "--exec", "sh", "-c",
                     "exit 7", code=7)
    check(not out and "ended with 7" in err, "a command that fails: " + err)
    _, err = a.run("get", "--slave", "SAE-B1", "--", "/no/such", code=127)
    check("/no/such" in err, err)
    a.run("get", "--slave", "SAE-B1", "--", "sh", "-c", "kill -9 $$",
          code=137)


def several(net, a, b):
    """One more slave, at another node, has the same keys; extensions are
    passed on."""
    out, _ = a.run("get", "--slave", "SAE-B1", "--also", "SAE-C1", "-n", "2",
                   "-f", "json", "-o", "-", "--optional", "other_x={}",
                   "--mandatory", 'qkdnode_route_type="any"')
    keys = net.oracle.drawn("SAE-A1", "SAE-B1", json.loads(out), 2, 256)
    lines = "".join(k.id + "\n" for k in keys).encode()
    for tool in (b, Tool(net, "SAE-C1")):
        got, _ = tool.run("fetch", "--master", "SAE-A1", "-", "-o", "-",
                          "-s", "256", "-f", "hex", "-r", "10", stdin=lines)
        equal([bytes.fromhex(x) for x in got.decode().split()],
              [k.octets for k in keys], "keys of " + tool.sae)
    for k in keys:
        k.fetched = True
    net.oracle.verdict()


def misuse(a, b):
    for words, word in (
            (["get", "--slave", "SAE-B1"], "--out FILE"),
            (["get", "-o", "-"], "--slave"),
            (["get", "--slave", "SAE-B1", "-n", "0", "-o", "-"], "expected"),
            (["get", "--slave", "SAE-B1", "-o", "-", "x"], "not expected"),
            (["get", "--slave", "SAE-B1", "-o", "-", "-f", "der"], "json"),
            (["get", "--slave", "SAE-B1", "-o", "-", "--optional", "a=b"],
             "JSON"),
            (["get", "--slave", "SAE-B1", "-o", "x", "--", "cat"], "one"),
            (["get", "--slave", "SAE-B1", "--cert", "/no/crt", "-o", "-"],
             "/no/crt"),
            (["status", "--slave", "SAE-B1", "-o", "-"], "not an option"),
            (["fetch", "--master", "SAE-B1", "-o", "-"], "key_IDs"),
            (["fetch", "--master", "SAE-B1", "x", "-o", "-"], "UUID"),
            (["draw"], "which?")):
        out, err = a.run(*words, code=1)
        check(not out and word in err, "%s: %s" % (words, err))


def refusals(net, a, b):
    for tool, words, word in (
            (a, ["get", "--slave", "SAE-Z1", "-o", "-"], "SAE-Z1"),
            (a, ["get", "--slave", "SAE-B1", "-s", "257", "-o", "-"],
             "multiple of 8"),
            (b, ["fetch", "--master", "SAE-A1", UNKNOWN, "-o", "-"],
             "not found"),
            (Tool(net, "SAE-X"), ["get", "--slave", "SAE-B1", "-o", "-"],
             "SAE-X.crt"),
            (a, ["get", "--slave", "SAE-B1", "-o", "-", "--mandatory",
                 "nobody_knows=true"], "extension_mandatory")):
        out, err = tool.run(*words, code=2)
        check(not out and word in err, "%s: %s" % (words, err))
    # A key is for whom it was made, and stays fetchable for it.
    key = net.draw("SAE-A1", "SAE-B1")[0]
    other = Tool(net, "SAE-B2")
    other.run("fetch", "--master", "SAE-A1", key.id, "-o", "-", code=2)
    out, _ = b.run("fetch", "--master", "SAE-A1", key.id, "-o", "-")
    net.oracle.fetched("SAE-B1", [key.id], json.loads(out))


def unreachable(net, a):
    words = ["get", "--slave", "SAE-B1", "-o", "-"]
    for env, word in (({"QKDNODE_KME": "127.0.0.1:1"}, "refused"),
                      ({"QKDNODE_KME_ID": "KME-B"}, "CN=KME-A"),
                      ({"QKDNODE_KME": a.env["QKDNODE_KME"].replace(
                          "127.0.0.1", "localhost")}, "this host"),
                      ({"QKDNODE_CA": a.env["QKDNODE_CERT"]}, "refused")):
        out, err = a.run(*words, code=4, env=env)
        check(not out and word in err, "%s: %s" % (env, err))
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        _, err = a.run(*words, "--wait", "1", code=4, env={
            "QKDNODE_KME": "127.0.0.1:%d" % deaf.getsockname()[1]})
        check("in time" in err, err)


def outage(net, a, b):
    """503, and a KME that comes back while a fetch waits."""
    key = net.draw("SAE-A1", "SAE-B1")[0]
    net.do("kill", "b", "ksa")
    b.run("fetch", "--master", "SAE-A1", key.id, "-o", "-", code=4)
    waiting = b.start("fetch", "--master", "SAE-A1", key.id, "-o", "-",
                      "--retry", "30")
    time.sleep(1)
    check(waiting.poll() is None, "does not wait for the KME")
    net.do("start", "b", "ksa")
    out, err = waiting.communicate(timeout=30)
    equal(waiting.returncode, 0, err)
    net.oracle.fetched("SAE-B1", [key.id], json.loads(out))
    net.link("a-b", "dark")
    for _ in range(30):                 # more than pools hold
        p = a.start("get", "--slave", "SAE-B1", "-n", "128", "-s", "8192",
                    "-o", "-")
        out, err = p.communicate(timeout=30)
        if p.returncode != 0:
            break
        net.oracle.drawn("SAE-A1", "SAE-B1", json.loads(out), 128, 8192)
    equal(p.returncode, 3, "exit code of an empty pool (%s)" % err.decode())
    check(b"answered 503: " in err and not out, err.decode())


def memory(a, where):
    """While a command has the key, it is in locked memory and nowhere else
    in qkdctl: not in buffers of TLS, JSON or HTTP, not in the environment."""
    path, go = os.path.join(where, "seen"), os.path.join(where, "go")
    p = a.start("get", "--slave", "SAE-B1", "-f", "raw", "--", "sh", "-c",
                'cat >"$0.new"; mv "$0.new" "$0"; '
                'while [ ! -e "$1" ]; do sleep 0.05; done', path, go)
    wait_for("the command", lambda: os.path.exists(path))
    with open(path, "rb") as f:
        key = f.read()
    needles = Needles(stride=1)
    needles.add(key, "the key")
    found = {True: 0, False: 0}
    for data, locked in mappings(p.pid):
        found[locked] += bool(needles.search(data))
    for what in ("environ", "cmdline"):
        with open("/proc/%d/%s" % (p.pid, what), "rb") as f:
            check(not needles.search(f.read()), "the key is in " + what)
    open(go, "w").close()
    p.communicate(timeout=10)
    equal(p.returncode, 0, "exit code")
    check(found[True] > 0, "the search does not find the key at all")
    equal(found[False], 0, "mappings with a key that are not locked")


def main():
    net = Net("abc", ["a-b", "b-c"])
    where = os.path.join(net.base, "keys")
    os.mkdir(where, 0o700)
    a, b = Tool(net, "SAE-A1"), Tool(net, "SAE-B1")
    for name, call in (
            ("status", lambda: status(net, a)),
            ("as JSON", lambda: as_json(net, a, b)),
            ("formats", lambda: formats(net, a, b, where, 256)),
            ("formats of long keys",        # written in pieces
             lambda: formats(net, a, b, where, 65536)),
            ("files", lambda: files(a, where)),
            ("commands", lambda: commands(a, b)),
            ("several slaves", lambda: several(net, a, b)),
            ("misuse", lambda: misuse(a, b)),
            ("refusals", lambda: refusals(net, a, b)),
            ("unreachable", lambda: unreachable(net, a)),
            ("memory", lambda: memory(a, where)),
            ("outage", lambda: outage(net, a, b))):
        call()
        say(name)


run(main)
