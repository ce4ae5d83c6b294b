#!/usr/bin/python3
"""libqkdnode-sae as it is installed: what it shows to linkers, the example
compiled with pkg-config and run at both ends by both doors, threads, and no
key in memory that is not locked."""
import base64
import ctypes
import os
import re
import shlex
import shutil
import subprocess
import threading

from lib import BUILD, ROOT, Net, check, equal, run, say, wait_for
from needles import Needles, mappings
from saetool import Tool

EXAMPLE = os.path.join(ROOT, "doc", "examples", "sae")
PARTS = ("libLTLIBRARIES", "includeHEADERS", "nodist_pkgconfigDATA",
         "dist_saeDATA")


def sanitized():
    with open(os.path.join(BUILD, "config.h")) as f:
        return "#define QKD_SANITIZED" in f.read()


def command(words, **more):
    p = subprocess.run(words, stdin=subprocess.DEVNULL, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       **more)
    check(p.returncode == 0, "%s: exit %d\n%s" % (
        " ".join(words), p.returncode, p.stdout[-4000:]))
    return p.stdout


class Installed:
    """The library where `make install` puts it."""

    def __init__(self, base):
        self.root = os.path.join(base, "root")
        command(["make", "-C", BUILD, "-s", "DESTDIR=" + self.root] +
                ["install-" + part for part in PARTS])
        found = [d for d, _, files in os.walk(self.root)
                 if "qkdnode-sae.pc" in files]
        equal(len(found), 1, "pkg-config files")
        self.env = dict(os.environ, PKG_CONFIG_PATH=found[0],
                        PKG_CONFIG_SYSROOT_DIR=self.root)
        self.lib = os.path.dirname(found[0])
        self.cc = os.environ.get("CC", "cc")
        self.flags = ["-fsanitize=address,undefined"] if sanitized() else []
        self.programs = os.path.join(base, "programs")
        os.mkdir(self.programs)

    def pkg_config(self, *words):
        return shlex.split(command(["pkg-config", *words, "qkdnode-sae"],
                                   env=self.env))

    def compile(self, source, *flags, cc=None):
        out = os.path.join(self.programs, os.path.basename(source) + ".out")
        command([cc or self.cc, *flags, *self.flags, "-o", out, source] +
                self.pkg_config("--cflags", "--libs"), env=self.env)
        return out


class App(Tool):
    """An application that is linked with the library."""

    def __init__(self, installed, net, sae, door):
        super().__init__(net, sae, door=door,
                         LD_LIBRARY_PATH=installed.lib)

    def spawn(self, program, *words, **more):
        return subprocess.Popen([program, *words], env=self.env, text=True,
                                stdout=subprocess.PIPE, **more)

    def output(self, program, *words, code=0):
        p = self.spawn(program, *words, stdin=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)
        out, err = p.communicate(timeout=60)
        equal(p.returncode, code, "%s: %s" % (words, err))
        return out if code == 0 else err


def as_answer(lines):
    """What the example prints, as the checker reads keys."""
    pairs = [line.split() for line in lines]
    return {"keys": [{"key_ID": i, "key": to_base64(k)} for i, k in pairs]}


def to_base64(text):
    return base64.b64encode(bytes.fromhex(text)).decode()


def linkage(installed):
    """Nothing is visible but what the header declares; all of that is."""
    so = os.path.join(installed.lib, "libqkdnode-sae.so.0")
    names = {line.split()[-1].split("@")[0] for line in command(
        ["nm", "-D", "--defined-only", so]).splitlines()
        if line.split()[-2] in "TDBRV"}
    with open(os.path.join(ROOT, "sae", "qkdnode-sae.h")) as f:
        declared = {w.split("(")[0].lstrip("*") for w in f.read().split()
                    if w.lstrip("*").startswith("qkdsae_") and "(" in w and
                    "()" not in w}
    equal(names, declared, "functions")
    with open(os.path.join(ROOT, "doc", "man", "libqkdnode-sae.3")) as f:
        manual = f.read()
    with open(os.path.join(ROOT, "sae", "qkdnode-sae.h")) as f:
        codes = re.findall(r"^\t(QKDSAE_\w+) = -", f.read(), re.M)
    check(len(codes) > 10, "codes: %s" % codes)
    equal([n for n in sorted(names) + codes if n not in manual], [],
          "not in the manual page")
    needed = command(["readelf", "-d", so])
    check("[libqkdnode-sae.so.0]" in needed, "soname")
    check("TEXTREL" not in needed, "text relocations")


def header(installed):
    """Strict C of two ages, and C++."""
    strict = ("-Wall", "-Wextra", "-Werror", "-pedantic")
    example = os.path.join(EXAMPLE, "example.c")
    for standard in ("c99", "c17"):
        installed.compile(example, "-std=" + standard, *strict)
    if shutil.which("c++"):
        source = os.path.join(installed.programs, "only.cc")
        with open(source, "w") as f:
            f.write("#include <qkdnode-sae.h>\nint\nmain()\n{\n\t"
                    "struct qkdsae_conf c = {};\n\tstruct qkdsae *q;\n\t"
                    "return qkdsae_open(&q, &c) == QKDSAE_ARGUMENT ? 0 : 1;"
                    "\n}\n")
        program = installed.compile(source, "-std=c++11", *strict, cc="c++")
        command([program], env=dict(os.environ,
                                    LD_LIBRARY_PATH=installed.lib))


def make_example(installed):
    """As its README says, in a copy."""
    where = os.path.join(installed.programs, "example")
    shutil.copytree(EXAMPLE, where)
    command(["make", "-s", "-C", where, "CC=" + installed.cc, "CFLAGS=" +
             " ".join(["-Werror", "-Wall", "-Wextra"] + installed.flags)],
            env=installed.env)
    return os.path.join(where, "example")


def upon_request(installed, net, program):
    """By each door, and from door to door."""
    for here, there in (("https", "https"), ("q4161", "q4161"),
                        ("https", "q4161"), ("q4161", "https")):
        a = App(installed, net, "SAE-A1", here)
        c = App(installed, net, "SAE-C1", there)
        drawn = a.output(program, "master", "SAE-C1").splitlines()
        keys = net.oracle.drawn("SAE-A1", "SAE-C1", as_answer(drawn), 2, 256)
        ids = [k.id for k in keys]
        got = c.output(program, "slave", "SAE-A1", *ids).splitlines()
        net.oracle.fetched("SAE-C1", ids, as_answer(got))
        err = c.output(program, "slave", "SAE-A1", ids[0][:-1] + "x", code=1)
        check("is not a key_ID" in err and "(argument)" in err, err)


def in_session(installed, net, program):
    a = App(installed, net, "SAE-A1", "q4161")
    c = App(installed, net, "SAE-C1", "q4161")
    p = c.spawn(program, "destination", "SAE-A1")
    equal(p.stdout.readline(), "ready\n", "the destination")
    drawn = a.output(program, "source", "SAE-C1").splitlines()
    got = [p.stdout.readline() for _ in range(3)]
    keys = net.oracle.drawn("SAE-A1", "SAE-C1", as_answer(drawn), 3, 256)
    net.oracle.fetched("SAE-C1", [k.id for k in keys], as_answer(got))
    b = App(installed, net, "SAE-B1", "q4161")
    err = b.output(program, "source", "SAE-C1", code=1)
    check("(rejected)" in err and "you are not expected" in err, err)
    # The node of the destination goes; it comes back by itself.
    net.do("kill", "c", "ksa")
    net.do("start", "c", "ksa")
    wait_for("a session after a restart", lambda: a.spawn(
        program, "source", "SAE-C1", stderr=subprocess.DEVNULL).wait() == 0)
    p.kill()
    p.wait()


# ---- threads, from a program in another language

class Conf(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("door", ctypes.c_int)] + [
        (name, ctypes.c_char_p) for name in (
            "address", "certificate", "private_key", "ca", "crl", "km_id",
            "application_id")] + [
        ("wait_ms", ctypes.c_uint), ("retry_ms", ctypes.c_uint)]


class Library:
    def __init__(self, installed, net, sae):
        self.lib = lib = ctypes.CDLL(os.path.join(
            installed.lib, "libqkdnode-sae.so.0"))
        lib.qkdsae_reason.restype = ctypes.c_char_p
        lib.qkdsae_keys_id.restype = ctypes.c_char_p
        lib.qkdsae_keys_octets.restype = ctypes.POINTER(ctypes.c_ubyte)
        s, j = net.json["saes"][sae], net.json
        self.conf = Conf(ctypes.sizeof(Conf), 1,
                         j["nodes"][s["node"]]["ak"].encode(),
                         s["cert"].encode(), s["key"].encode(),
                         j["ca"].encode())
        self.q = ctypes.c_void_p()
        self.must(lib.qkdsae_open(ctypes.byref(self.q),
                                  ctypes.byref(self.conf)))

    def must(self, r):
        check(r >= 0, "%d: %s" % (r, self.lib.qkdsae_reason()))

    def take(self, keys):
        """(ID, octets) of the first key; all are freed."""
        n = ctypes.c_size_t()
        p = self.lib.qkdsae_keys_octets(keys, ctypes.c_size_t(0),
                                        ctypes.byref(n))
        out = (self.lib.qkdsae_keys_id(keys, ctypes.c_size_t(0)).decode(),
               bytes(p[:n.value]))
        self.lib.qkdsae_keys_free(ctypes.byref(keys))
        return out

    def get(self, slave):
        keys = ctypes.c_void_p()
        self.must(self.lib.qkdsae_get(self.q, slave.encode(), None,
                                      ctypes.byref(keys)))
        return self.take(keys)

    def fetch(self, master, key_id):
        keys, ids = ctypes.c_void_p(), (ctypes.c_char_p * 1)(key_id.encode())
        self.must(self.lib.qkdsae_fetch(self.q, master.encode(), ids,
                                        ctypes.c_size_t(1), 0,
                                        ctypes.byref(keys)))
        return self.take(keys)


def threads(installed, net):
    """Eight threads at each end, a connection at each end."""
    a = Library(installed, net, "SAE-A1")
    b = Library(installed, net, "SAE-B1")
    same, faults = [], []

    def work():
        try:
            for _ in range(25):
                key = a.get("SAE-B1")
                same.append(b.fetch("SAE-A1", key[0]) == key)
        except AssertionError as e:
            faults.append(str(e))
    crew = [threading.Thread(target=work) for _ in range(8)]
    for t in crew:
        t.start()
    for t in crew:
        t.join()
    equal(faults, [], "faults")
    equal(same, [True] * 200, "keys at both ends")
    for node in "ab":
        equal(connections(net, node), 1, "connections to " + node)
    for x in (a, b):
        x.lib.qkdsae_close(ctypes.byref(x.q))


def connections(net, node):
    """Of applications to the node's door of Q.4161."""
    with open("/proc/net/tcp") as f:
        port = int(net.json["nodes"][node]["ak"].rsplit(":", 1)[1])
        return sum(line.split()[3] == "01" and
                   int(line.split()[1].rsplit(":", 1)[1], 16) == port
                   for line in f.readlines()[1:])


def beside_requests(installed, net, example):
    """What comes for an application goes to the connection that listens, and
    another one that only asks gives it back."""
    c = App(installed, net, "SAE-C1", "q4161")
    a = App(installed, net, "SAE-A1", "q4161")
    p = a.spawn(example, "destination", "SAE-C1")
    equal(p.stdout.readline(), "ready\n", "destination")
    asking, keys, over = Library(installed, net, "SAE-A1"), [], []

    def work():
        while not over:
            keys.append(asking.get("SAE-B1")[0])
    t = threading.Thread(target=work)
    t.start()
    wait_for("keys", lambda: len(keys) > 10)
    for _ in range(5):
        drawn = c.output(example, "source", "SAE-A1").splitlines()
        got = [p.stdout.readline().strip() for _ in range(3)]
        equal(got, drawn, "keys at both ends")
    n = len(keys)
    wait_for("more keys", lambda: len(keys) > n + 10)
    over.append(True)
    t.join()
    asking.lib.qkdsae_close(ctypes.byref(asking.q))
    p.kill()
    p.wait()


# ---- memory

def searched(p, needles):
    """[mappings that are locked, others] with a key in them."""
    found = [0, 0]
    for data, locked in mappings(p.pid):
        found[not locked] += bool(needles.search(data))
    return found


def examine(p, needles, who):
    """While keys are held, when they are freed, when all is closed."""
    locked, others = searched(p, needles)
    check(locked > 0, who + ": the search does not find the keys at all")
    equal(others, 0, who + ": mappings with a key that are not locked")
    for state in ("freed", "closed"):
        p.stdin.write("\n")
        p.stdin.flush()
        equal(p.stdout.readline(), state + "\n", who)
        equal(searched(p, needles), [0, 0], who + ", " + state +
              ": mappings with a key")
    p.communicate("\n", timeout=20)
    equal(p.returncode, 0, who)


def lines(p, n, end):
    out = [p.stdout.readline().strip() for _ in range(n)]
    equal(p.stdout.readline(), end + "\n", "after %s" % out)
    return out


def told(net, master, slave, ids):
    """Needles of keys that a slave can fetch."""
    status, body = net.client(slave).dec(master, ids)
    equal(status, 200, "%s" % body)
    return needles_of([k["key"] for k in body["keys"]])


def needles_of(texts):
    needles = Needles(stride=1)
    for text in texts:
        needles.add(base64.b64decode(text), "a key")
    return needles


def held_upon_request(installed, net, program):
    for door in ("https", "q4161"):
        a = App(installed, net, "SAE-A1", door)
        b = App(installed, net, "SAE-B1", door)
        p = a.spawn(program, "get", "SAE-B1", stdin=subprocess.PIPE)
        ids = lines(p, 3, "held")
        q = b.spawn(program, "fetch", "SAE-A1", *ids, stdin=subprocess.PIPE)
        equal(lines(q, 3, "held"), ids, "fetched")
        needles = told(net, "SAE-A1", "SAE-B1", ids)    # once more
        examine(p, needles, "get by " + door)
        examine(q, needles, "fetch by " + door)


def held_in_session(installed, net, program, example):
    """Each end in turn prints, so that the test knows what to look for."""
    a = App(installed, net, "SAE-A1", "q4161")
    b = App(installed, net, "SAE-B1", "q4161")
    q = b.spawn(program, "listen", "-", stdin=subprocess.PIPE)
    equal(q.stdout.readline(), "ready\n", "listen")
    drawn = as_answer(a.output(example, "source", "SAE-B1").splitlines())
    equal(lines(q, 3, "held"), [k["key_ID"] for k in drawn["keys"]], "IDs")
    examine(q, needles_of([k["key"] for k in drawn["keys"]]), "listen")
    q = b.spawn(example, "destination", "SAE-A1")
    equal(q.stdout.readline(), "ready\n", "destination")
    p = a.spawn(program, "session", "SAE-B1", stdin=subprocess.PIPE)
    ids = lines(p, 3, "held")
    got = as_answer([q.stdout.readline() for _ in range(3)])
    equal([k["key_ID"] for k in got["keys"]], ids, "IDs")
    examine(p, needles_of([k["key"] for k in got["keys"]]), "session")
    q.kill()
    q.wait()


def main():
    net = Net("abc", ["a-b", "b-c"])
    installed = Installed(net.base)
    linkage(installed)
    header(installed)
    example = make_example(installed)
    say("installed, and the example compiled")
    upon_request(installed, net, example)
    say("upon request")
    in_session(installed, net, example)
    say("in a session")
    if not sanitized():         # they would have to be in Python too
        threads(installed, net)
        say("threads")
        beside_requests(installed, net, example)
        say("requests beside sessions")
        holder = installed.compile(os.path.join(
            ROOT, "tests", "system", "holder.c"), "-Wall", "-Werror")
        held_upon_request(installed, net, holder)
        held_in_session(installed, net, holder, example)
        say("memory")


run(main)
