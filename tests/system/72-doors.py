#!/usr/bin/python3
"""Each daemon shuts its own door: an intruder inside it gets no further, even
if all daemons are one user, so that no file mode stands in the way. The same
intruder does get further when the door is left open, or this shows nothing."""
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

from lib import BUILD, SHORT, Net, Skip, check, equal, run, say, wait_for

PROBE = os.path.join(BUILD, "tests", "system", ".libs", "doorprobe.so")
UID = 60900             # whom nothing belongs to
EACCES, EPERM = "EACCES", "EPERM"      # landlock, seccomp
TARGET = """import ctypes, time
ctypes.CDLL(None).prctl(0x59616d61, ctypes.c_ulong(-1))  # any may trace me
print("", flush=True)
time.sleep(600)"""


def as_one_user():
    """As root: once more as somebody who is not, with a folder of its own."""
    if os.geteuid() != 0:
        return
    base = tempfile.mkdtemp(prefix="qkdnode-doors.")
    os.chown(base, UID, UID)

    def become():
        try:
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 28, 1 << 28))
        except ValueError:
            pass                # what there is will have to do
        os.setgroups([])
        os.setgid(UID)
        os.setuid(UID)
    code = subprocess.call([sys.executable, os.path.abspath(__file__)],
                           preexec_fn=become, env=dict(os.environ,
                                                       TMPDIR=base))
    if code in (0, 77):
        shutil.rmtree(base)
    sys.exit(code)


def command(net, daemon, door):
    """What starts it; its door stays open if the configuration says so."""
    if daemon == "serve":
        return [os.path.join(BUILD, "ctl", "qkdctl"), "-r",
                net.option("a", "kma", "run_dir"), "serve", "--listen",
                "127.0.0.1:%d" % free_port(), "--confine",
                "off" if door == "open" else "require"]
    path = net.conf("a", daemon)
    if door == "open":
        with open(path) as f, open(path + ".open", "w") as g:
            g.write(f.read() + 'confine = "off";\n')
        path += ".open"
    kind = daemon.split(":")[0]
    return [os.path.join(BUILD, kind, kind), "-c", path]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Intruder:
    """One daemon of node a, started with the probe."""

    def __init__(self, net, daemon, tries, door):
        r, w = os.pipe()
        self.log = open(os.path.join(net.dir, "a", "log", "probe.log"), "ab")
        self.p = subprocess.Popen(
            command(net, daemon, door), pass_fds=[w], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, env={
                "LD_PRELOAD": PROBE, "QKDNODE_PROBE": "\n".join(tries),
                "QKDNODE_PROBE_FD": str(w)})
        os.close(w)
        self.results = {}
        with os.fdopen(r) as f:
            for line in f:
                if line == "done\n":
                    break
                what, _, how = line.strip().rpartition(": ")
                self.results[what] = how

    def end(self):
        if self.p.poll() is None:
            self.p.terminate()
        self.log.close()
        return self.p.wait(20)


class Place:
    """What is worth having at node a, all of one user."""

    def __init__(self, net):
        self.net = net
        n = net.json["nodes"]["a"]
        self.target = subprocess.Popen([sys.executable, "-c", TARGET],
                                       stdout=subprocess.PIPE)
        self.target.stdout.readline()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.free = free_port()
        self.outside = os.path.join(net.base, "secret")
        with open(self.outside, "w") as f:
            f.write("of somebody else")
        self.kma = [n["stores"]["kma"], net.option("a", "kma", "node_key")]
        self.ksa = [n["stores"]["ksa"], net.option("a", "ksa", "node_key"),
                    net.option("a", "ksa", "private_key")]
        self.relayd = [net.option("a", "relayd", "private_key")]
        self.mod = [net.option("a", "qkdmod:a-b", "sim_seed_file")]
        self.run = net.option("a", "kma", "run_dir")
        self.etc = n["etc"]

    def end(self):
        self.target.kill()
        self.target.wait()
        self.listener.close()


def reads(paths):
    return {"read " + p: EACCES for p in paths}


def makes(*folders):
    return {"make %s/new" % f: EACCES for f in folders}


def everybody(p):
    """What none of them may."""
    return {**reads([p.outside]), "write " + p.outside: EACCES,
            "thread read " + p.outside: EACCES,
            **makes(p.net.base, p.etc, "/dev/shm", "/tmp"),
            "socket udp": EPERM, "socket netlink": EPERM,
            "thread socket udp": EPERM, "code mmap": EPERM,
            "code mprotect": EPERM, "signal %d" % p.target.pid: EPERM}


def no_tcp(p):
    return {"socket tcp": EPERM, "socket tcp6": EPERM,
            "connect %d" % p.port: EPERM, "bind %d" % p.free: EPERM}


def of_role(p, daemon):
    """What is refused to each, besides; and what is not."""
    store = os.path.dirname
    return {
        "kma": ({**no_tcp(p), **reads(p.ksa + p.relayd + p.mod),
                 **reads([p.net.conf("a", d) for d in ("ksa", "relayd")]),
                 **makes(store(p.ksa[0])), "write " + p.ksa[0]: EACCES},
                ["read " + p.kma[0], "write " + p.kma[0],
                 "make %s/new" % store(p.kma[0]), "socket unix"]),
        "ksa": ({**no_tcp(p), **reads(p.kma + p.relayd + p.mod),
                 **makes(store(p.kma[0])), "write " + p.kma[0]: EACCES,
                 "turn %d" % p.port: EACCES},
                ["read " + x for x in p.ksa] +
                ["read " + p.net.conf("a", "ksa"), "socket unix"]),
        "relayd": ({**reads(p.kma + p.ksa[:2] + p.mod),
                    **makes(store(p.kma[0]), store(p.ksa[0]),
                            store(p.relayd[0]), p.run + "/ctl-relayd"),
                    **{"write " + x: EACCES for x in
                       [p.kma[0], p.ksa[0], p.relayd[0]]},
                    "connect %d" % p.port: EACCES,
                    "fastopen %d" % p.port: EPERM,
                    "bind %d" % p.free: EACCES},
                   ["read " + p.relayd[0], "socket tcp", "socket unix"]),
        "qkdmod:a-b": ({**no_tcp(p), **reads(p.kma + p.ksa + p.relayd),
                        **reads([p.net.conf("a", "qkdmod:a-b")]),
                        **makes(store(p.kma[0]), store(p.ksa[0]),
                                p.run + "/mod-a-b")},
                       ["read " + p.mod[0], "socket unix"]),
        "serve": ({**no_tcp(p), **reads(p.kma + p.ksa + p.relayd + p.mod),
                   **reads([p.net.conf("a", "kma")]),
                   **makes(store(p.kma[0]), p.run, p.run + "/ctl-kma")},
                  ["socket unix"]),
    }[daemon]


def probe(p, daemon):
    """Refused with the door shut, done with the door open."""
    own, may = of_role(p, daemon)
    refused = {**everybody(p), **own}
    if daemon != "serve":
        p.net.do("stop", "a", daemon)
    for door in ("shut", "open"):
        i = Intruder(p.net, daemon, may + list(refused), door)
        equal(i.end(), 0, "%s, door %s: exit" % (daemon, door))
        equal(i.results, {**{m: "ok" for m in may},
                          **{k: v if door == "shut" else "ok"
                             for k, v in refused.items()}},
              "%s, door %s" % (daemon, door))
    say("%s: %d tries refused, %d as they should be" % (
        daemon, len(refused), len(may)))


def deadly(p, daemon):
    """What costs an intruder its process."""
    pid = p.target.pid
    for what in ("exec /bin/true", "ptrace %d" % pid, "memory %d" % pid,
                 "keys session"):
        i = Intruder(p.net, daemon, [what], "shut")
        equal(i.end(), -signal.SIGSYS, "%s: %s, door shut" % (daemon, what))
        equal(i.results, {}, "%s: %s, door shut" % (daemon, what))
        i = Intruder(p.net, daemon, [what], "open")
        equal(i.end(), 0, "%s: %s, door open" % (daemon, what))
        # after exec there is nobody left who would say so
        equal(i.results, {} if what.startswith("exec") else {what: "ok"},
              "%s: %s, door open" % (daemon, what))
    if daemon != "serve":
        p.net.do("start", "a", daemon)
    say("%s: dies of another program, of looking into another" % daemon)


def all_shut(net):
    """Every thread of every daemon, seen from outside."""
    threads = 0
    for node, n in net.json["nodes"].items():
        for daemon, pid in n["pids"].items():
            for t in os.listdir("/proc/%d/task" % pid):
                with open("/proc/%d/task/%s/status" % (pid, t)) as f:
                    text = f.read()
                rows = dict(re.findall(r"^(\w+):\t(\d+)", text, re.M))
                equal((rows["Seccomp"], rows["NoNewPrivs"]), ("2", "1"),
                      "thread %s of %s of %s" % (t, daemon, node))
                threads += 1
    say("%d threads, all with their door shut" % threads)


def replace(path):
    """As editors, package managers and qkdctl do: another file, renamed."""
    shutil.copy2(path, path + ".new")
    os.rename(path + ".new", path)


def reloads(net):
    """What SIGHUP reads again may have been replaced, door or no door."""
    for daemon in ("ksa", "relayd"):
        for option in ("certificate", "private_key", "ca"):
            replace(net.option("a", daemon, option))
        replace(net.conf("a", daemon))
    answer = net.ctl("a", "ksa", "reload")
    check(answer.get("reloaded"), "ksa does not reload: %s" % answer)
    os.kill(net.pid("a", "relayd"), signal.SIGHUP)
    log = os.path.join(net.dir, "a", "log", "relayd.log")

    def told():
        with open(log, errors="replace") as f:
            return "certificates read again" in f.read()
    wait_for("relayd to read its certificates again", told)
    say("files that were replaced are read again")


def landlock():
    """The version there is, of the kernel this runs on."""
    import ctypes
    return ctypes.CDLL(None).syscall(444, None, 0, 1)


def main():
    if SHORT:
        raise Skip("the sanitizers' own library must be loaded first")
    if landlock() < 4:
        raise Skip("this kernel's landlock knows no TCP: %d" % landlock())
    net = Net("ab", ["a-b"])
    all_shut(net)
    net.pair("SAE-A1", "SAE-B1")
    reloads(net)
    p = Place(net)
    try:
        for daemon in ("qkdmod:a-b", "kma", "ksa", "relayd", "serve"):
            probe(p, daemon)
            deadly(p, daemon)
    finally:
        p.end()
    net.await_supply("SAE-A1", "SAE-B1")
    check(os.path.exists(p.outside), "the file outside is gone")


as_one_user()
run(main, 120)
