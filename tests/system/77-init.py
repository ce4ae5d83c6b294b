#!/usr/bin/python3
"""qkdctl init below a directory, without systemd: a node that starts, empty,
and says so; certificates of its own CA, of another, by requests; refusals; an
init that is killed at any moment leaves nothing half configured."""
import os
import pty
import re
import signal
import stat
import subprocess
import sys
import tempfile

from lib import BUILD, ROOT, check, equal, run, say, wait_for
from nodefiles import daemons_dir, qkdctl, read, tree

sys.path.insert(0, os.path.join(ROOT, "tests", "netlib"))
from plan import free_ports			# noqa: E402
from procs import ask, raise_memlock		# noqa: E402

PKI = os.path.join(ROOT, "etc", "qkdnode-pki")
SECRET = re.compile(r"(\.key|\.node_key\.plain)$")
MV = """#!/bin/sh
[ "$1" != -n ] || exec /bin/mv "$@"	# qkdnode-pki's
n=$(($(cat "$COUNT") + 1)); echo $n >"$COUNT"
[ $n -ne "$KILL" ] || { kill -9 $PPID; exit 1; }
exec /bin/mv "$@"
"""


class Place:
    """A machine's files below a directory."""

    def __init__(self, folder, daemons):
        self.root, self.daemons = folder, daemons
        os.makedirs(folder, exist_ok=True)
        self.etc = os.path.join(folder, "etc", "qkdnode")

    def init(self, *words, code=0):
        return qkdctl("init", "--daemons", self.daemons, "--root", self.root,
                      *words, code=code)

    def refused(self, *words, because, code=1):
        before = tree(self.root)
        out = self.init(*words, code=code)
        check(because in out, f"{words}: \"{because}\" is not said: {out}")
        equal(tree(self.root), before, f"{words}: files after a refusal")

    def path(self, *parts):
        return os.path.join(self.etc, *parts)


def whole(p, km):
    """All files of a node, none readable that should not be."""
    for name in ("kma.conf", "ksa.conf", "relayd.conf", "pki/ca.crt",
                 f"pki/{km}-ak.key", f"pki/{km}-kx.key", f"pki/{km}-ak.crt",
                 f"pki/{km}-kx.crt", "credentials/kma.node_key.plain",
                 "credentials/ksa.node_key.plain"):
        check(os.path.exists(p.path(name)), name + " is missing")
    for path, (mode, _) in tree(p.root).items():
        if SECRET.search(path):
            check(stat.S_IMODE(mode) in (0o600, 0o640), path + " is too open")
    check(os.stat(p.path("credentials")).st_mode & 0o077 == 0, "credentials")
    equal([n for n in os.listdir(p.etc) if n.startswith(".")], [],
          "what is left of init")
    for kind in ("ak", "kx"):
        subprocess.run(["openssl", "verify", "-CAfile", p.path("pki/ca.crt"),
                        p.path(f"pki/{km}-{kind}.crt")], check=True,
                       stdout=subprocess.DEVNULL)


def localised(p, folder, ports):
    """The same configuration for processes of this user, on loopback."""
    lib = os.path.join(folder, "lib")
    os.mkdir(folder)
    for name in ("lib", "lib/kma", "lib/ksa", "run"):
        os.mkdir(os.path.join(folder, name))
    for name in ("kma-ksa", "kma-relayd", "ksa-relayd", "ctl-kma", "ctl-ksa",
                 "ctl-relayd"):
        os.mkdir(os.path.join(folder, "run", name))
    for d in ("kma", "ksa", "relayd"):
        text = read(p.path(d + ".conf"))
        text = text.replace("/var/lib/qkdnode", lib)
        text = text.replace("/etc/qkdnode", p.etc)
        text = re.sub(r'node_key = "[^"]*"', 'node_key = "%s"' %
                      p.path("credentials", d + ".node_key.plain"), text)
        text = re.sub(r'"qkdnode-[a-z]+"', '""', text)
        for old, new in ports.items():
            text = text.replace(f":{old}\"", f":{new}\"")
        with open(os.path.join(folder, d + ".conf"), "w") as f:
            f.write(text + f'run_dir = "{folder}/run";\n')


def status(folder, daemon):
    try:
        return ask(f"{folder}/run/ctl-{daemon}/sock", "status")
    except OSError:
        return {}


def empty_node_starts(p, folder):
    """Ready without links, peers and applications, and says what it lacks."""
    a, b, c = free_ports(3)
    localised(p, folder, {8443: a, 8444: b, 8445: c})
    names = ("kma", "ksa", "relayd")
    running = []
    try:
        for d in names:
            with open(os.path.join(folder, d + ".log"), "w") as log:
                running.append(subprocess.Popen(
                    [os.path.join(BUILD, d, d), "-c",
                     os.path.join(folder, d + ".conf")], stderr=log,
                    stdout=log, preexec_fn=raise_memlock))
        for d in names:
            wait_for(d + " to be ready",
                     lambda d=d: status(folder, d).get("ready"), 30)
        notes = {d: " ".join(status(folder, d)["notes"]) for d in names}
        for d, what in (("kma", "no links"), ("relayd", "no neighbours"),
                        ("ksa", "no peers"), ("ksa", "no applications")):
            check(what in notes[d], f"{d} does not say \"{what}\": {notes[d]}")
            equal(status(folder, d)["missing"], [], d + ": missing")
    finally:
        for proc in running:
            proc.send_signal(signal.SIGTERM)
        for proc in running:
            equal(proc.wait(20), 0, "exit code of a daemon")


def own_ca(p, folder):
    # As a machine has it: units that are masked.
    os.makedirs(os.path.join(p.root, "etc/systemd/system"))
    os.symlink("/dev/null", os.path.join(p.root,
                                         "etc/systemd/system/x.timer"))
    p.init("--defaults", "--kme-id", "KME-A", "--listen", "127.0.0.1")
    whole(p, "KME-A")
    p.refused("--defaults", "--kme-id", "KME-A", "--listen", "127.0.0.1",
              because="set up already")
    empty_node_starts(p, os.path.join(folder, "running"))


def answer(folder, ca, requests):
    """What the operator of a CA sends back."""
    os.mkdir(folder)
    for line in subprocess.run([PKI, "sign", ca, *requests], text=True,
                               check=True, stdout=subprocess.PIPE
                               ).stdout.splitlines():
        subprocess.run(["cp", line.split()[0], folder], check=True)
    subprocess.run(["cp", os.path.join(ca, "ca.crt"), folder], check=True)
    return folder


def by_requests(p, ca, folder):
    out = p.init("--csr", "--kme-id", "KME-B", "--listen", "b.example.org",
                 "--address", "::1")
    check("qkdctl init --certificates" in out, "the next step is not said")
    check(not os.path.exists(p.path("kma.conf")), "half configured")
    p.refused("--defaults", "--kme-id", "KME-B", "--listen", "127.0.0.1",
              because="--certificates")
    requests = [p.path("request", f"KME-B-{k}.csr") for k in ("ak", "kx")]
    good = answer(os.path.join(folder, "good"), ca, requests)
    wrong_answers(p, ca, folder, good)
    p.init("--certificates", good)
    whole(p, "KME-B")
    check(not os.path.exists(p.path("request")), "requests are left")
    check('"b.example.org:8443"' in read(p.path("ksa.conf")), "the address")


def replaced(folder, good, name, source):
    os.mkdir(folder)
    for n in os.listdir(good):
        subprocess.run(["cp", os.path.join(good, n), folder], check=True)
    subprocess.run(["cp", source, os.path.join(folder, name)], check=True)
    return folder


def wrong_answers(p, ca, folder, good):
    """Certificates that do not fit are refused before anything is made."""
    other = os.path.join(folder, "other")
    subprocess.run([PKI, "ca", other], check=True, stdout=subprocess.DEVNULL)
    expired = os.path.join(folder, "expired.crt")
    subprocess.run(["openssl", "x509", "-req", "-in",
                    p.path("request", "KME-B-ak.csr"), "-CA", ca + "/ca.crt",
                    "-CAkey", ca + "/ca.key", "-days", "-1", "-out", expired],
                   check=True, stderr=subprocess.DEVNULL)
    nameless = os.path.join(folder, "nameless.crt")
    subprocess.run(["openssl", "x509", "-req", "-in",
                    p.path("request", "KME-B-kx.csr"), "-CA", ca + "/ca.crt",
                    "-CAkey", ca + "/ca.key", "-days", "9", "-out", nameless],
                   check=True, stderr=subprocess.DEVNULL)
    for i, (name, source, why) in enumerate((
            ("ca.crt", other + "/ca.crt", "not valid by"),
            ("KME-B-kx.crt", good + "/KME-B-ak.crt", "another private key"),
            ("KME-B-ak.crt", expired, "has expired"),
            ("KME-B-kx.crt", nameless, "does not name urn:qkdnode:km:KME-B"),
            ("KME-B-ak.crt", PKI, "not a certificate"))):
        bad = replaced(os.path.join(folder, f"bad{i}"), good, name, source)
        p.refused("--certificates", bad, because=why)
    p.refused("--certificates", good, "--kme-id", "KME-C",
              because="not of KME-C")
    p.refused("--certificates", "/nonexistent", because="ca.crt")


def forged(ca, folder):
    """A request that asks for more than its name is not signed."""
    key, csr = os.path.join(folder, "k"), os.path.join(folder, "forged.csr")
    both = "extendedKeyUsage=serverAuth,clientAuth"
    before = tree(ca)
    for subject, extensions, why in (
            ("/CN=KME-Q/O=x", ["extendedKeyUsage=clientAuth"],
             "a CN and nothing else"),
            ("/CN=KME-Q", ["subjectAltName=URI:urn:qkdnode:km:KME-A", both],
             "nor that of KME-Q"),
            ("/CN=KME-Q", ["subjectAltName=email:x@y", both], "nor that of"),
            ("/CN=KME-Q", [both], "asks for the usage"),
            ("/CN=KME-Q", ["basicConstraints=CA:TRUE"], "asks for the usage"),
            ("/CN=SAE-Q", ["subjectAltName=DNS:q",
                           "extendedKeyUsage=clientAuth"], "no address")):
        words = [w for e in extensions for w in ("-addext", e)]
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-noenc", "-subj", subject,
                        "-keyout", key, "-out", csr, *words], check=True,
                       stderr=subprocess.DEVNULL)
        r = subprocess.run([PKI, "sign", ca, csr], text=True,
                           stderr=subprocess.PIPE)
        check(r.returncode == 1 and why in r.stderr,
              f"{subject} {extensions}: {r.returncode} {r.stderr}")
    equal(tree(ca), before, "the CA's files after refusals")


def refusals(p):
    d = ("--defaults", "--kme-id")
    p.refused(*d, "KME A", "--listen", "127.0.0.1", because="KME ID")
    p.refused(*d, "K" * 65, "--listen", "127.0.0.1", because="KME ID")
    for bad in ("127.0.0.1:8443", "1.2.3.400", "a b", "-x", '"', "1.2.3"):
        p.refused(*d, "KME-A", "--listen", bad,
                  because="without a port")
    p.refused(*d, "KME-A", "--listen", "0.0.0.0", because="--address")
    p.refused(*d, "KME-A", code=2, because="--listen is missing")
    for words in (("--csr", "--ca", "own"), ("--ca", "own", "--csr")):
        p.refused(*d, "KME-A", "--listen", "::1", *words, code=2,
                  because="not both")
    p.refused(*d, "KME-A", "--listen", "::1", "--ca", "/nonexistent",
              because="/nonexistent/ca.key")
    p.refused("--what", code=2, because="unknown argument")
    left = os.path.join(p.root, "etc/systemd/system/qkdnode-ksa.service.d")
    os.makedirs(left)
    with open(os.path.join(left, "node-key.conf"), "w"):
        p.refused(*d, "KME-A", "--listen", "::1", because="an earlier node")


def talk(p, turns):
    """On a terminal: (what is awaited, the answer) each; the exit code, and
    all that was said."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(os.path.join(p.daemons, "init"),
                 ["init", "--root", p.root])
    said, at = b"", 0
    try:
        for awaited, answer_given in turns:
            while awaited.encode() not in said[at:]:
                said += os.read(fd, 4096)
            at = len(said)
            os.write(fd, answer_given.encode())
        while True:
            said += os.read(fd, 4096)
    except OSError:                     # the terminal's end
        pass
    os.close(fd)
    return os.waitpid(pid, 0)[1], said.decode()


def questions(p):
    """What is not given is asked for, again if the answer is wrong."""
    code, said = talk(p, (
        ("ID of this node", "KME D\n"), ("ID of this node", "\n"),
        ("ID of this node", "KME-D\n"), ("Address", "192.0.2.4:8443\n"),
        ("Address", "0.0.0.0\n"), ("Address", "192.0.2.4\n"),
        ("Certificates", "/nonexistent\n"), ("Certificates", "\n")))
    equal(code, 0, "exit code of init on a terminal: " + said)
    for why in ('KME ID "KME D": 1 to 64', 'KME ID "": 1 to 64',
                'address "192.0.2.4:8443": an IP', "0.0.0.0 is any address",
                "/nonexistent/ca.key: cannot be read"):
        check(said.count(why) == 1, f"\"{why}\" is not said once: {said}")
    whole(p, "KME-D")
    check('"192.0.2.4:8443"' in read(p.path("ksa.conf")), "the answer")


def no_answer(p):
    """Who ends the questions has changed nothing."""
    code, said = talk(p, (("ID of this node", "KME-F\n"),
                          ("Address", "\x04")))
    check(code != 0 and "nothing has changed" in said, f"{code}: {said}")
    equal(tree(p.root), {}, "files")


def no_room(p, folder):
    """It does not begin what it has no room for."""
    hook = os.path.join(folder, "small")
    os.mkdir(hook)
    with open(os.path.join(hook, "df"), "w") as f:
        f.write("#!/bin/sh\necho Filesystem 1024-blocks Used Available\n"
                "echo none 96 64 32 67% /\n")
    os.chmod(os.path.join(hook, "df"), 0o755)
    r = subprocess.run(
        [os.path.join(p.daemons, "init"), "--root", p.root, "--defaults",
         "--kme-id", "KME-A", "--listen", "127.0.0.1"], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PATH": hook + ":" + os.environ["PATH"]})
    check(r.returncode == 1 and "only 32 KiB" in r.stdout, r.stdout)
    equal(tree(p.root), {}, "files")


def groups(p):
    """Who may read a key is said by the machine that it is for."""
    os.makedirs(os.path.join(p.root, "etc"))
    with open(os.path.join(p.root, "etc", "group"), "w") as f:
        f.write("root:x:0:\nqkdnode-ksa:x:4711:\n")
    p.init("--defaults", "--kme-id", "KME-G", "--listen", "127.0.0.1")
    for kind, gid in (("ak", 4711), ("kx", 0)):
        if os.geteuid() == 0:
            equal(os.stat(p.path(f"pki/KME-G-{kind}.key")).st_gid, gid,
                  kind + ": group")


def killed(folder, daemons):
    """At every third move of a file: the next init makes the same of it."""
    hook = os.path.join(folder, "hook")
    os.mkdir(hook)
    with open(os.path.join(hook, "mv"), "w") as f:
        f.write(MV)
    os.chmod(os.path.join(hook, "mv"), 0o755)
    count, at = os.path.join(folder, "count"), -2
    words = ("--defaults", "--kme-id", "KME-A", "--listen", "127.0.0.1")
    finished = 0
    while True:
        at += 3
        p = Place(os.path.join(folder, f"killed{at}"), daemons)
        with open(count, "w") as f:
            f.write("0\n")
        r = subprocess.run(
            [os.path.join(daemons, "init"), "--root", p.root, *words],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "PATH": hook + ":" + os.environ["PATH"],
                 "COUNT": count, "KILL": str(at)}).returncode
        if r == 0:
            break
        if os.path.exists(p.path("kma.conf")):
            check(os.path.exists(p.path("relayd.conf")) and
                  os.path.exists(p.path("pki/KME-A-kx.key")),
                  "half configured")
        finished += "interrupted" in p.init(*words)
        whole(p, "KME-A")
    check(finished > 3, f"killed until move {at}, {finished} finished")
    say(f"killed until move {at}, {finished} times after it counted")


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        daemons = daemons_dir(folder)
        refusals(Place(os.path.join(folder, "none"), daemons))
        say("refusals")
        a = Place(os.path.join(folder, "a"), daemons)
        own_ca(a, folder)
        say("a CA of its own; the empty node starts and says what it lacks")
        by_requests(Place(os.path.join(folder, "b"), daemons), a.path("ca"),
                    folder)
        forged(a.path("ca"), folder)
        say("certificates by requests to another CA")
        c = Place(os.path.join(folder, "c"), daemons)
        c.init("--kme-id", "KME-C", "--listen", "::1", "--ca", a.path("ca"))
        whole(c, "KME-C")
        check("[::1]:8445" in read(c.path("relayd.conf")), "IPv6 address")
        say("certificates by a CA in a directory")
        questions(Place(os.path.join(folder, "d"), daemons))
        no_answer(Place(os.path.join(folder, "f"), daemons))
        say("questions on a terminal")
        no_room(Place(os.path.join(folder, "h"), daemons), folder)
        groups(Place(os.path.join(folder, "g"), daemons))
        killed(folder, daemons)


run(main, 180)
