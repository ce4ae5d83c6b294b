"""Two network namespaces with a wire between them, for the examples."""
import os
import shutil
import signal
import subprocess

from lib import Skip, check, wait_for


def need(*commands):
    for c in commands:
        if shutil.which(c, path=os.environ["PATH"] + ":/usr/sbin:/sbin"
                        ) is None:
            raise Skip("%s is not installed (./dev test does it)" % c)


def sh(*words, **more):
    return subprocess.run(words, check=True, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more).stdout


def add(ns):
    """A namespace of a name with our pid in it: if there is one already, a
    process that had this pid before was killed."""
    subprocess.run(["ip", "netns", "del", ns], stderr=subprocess.DEVNULL)
    sh("ip", "netns", "add", ns)
    sh("ip", "-n", ns, "link", "set", "lo", "up")


class Wire:
    """with Wire("10.81.0") as w: 10.81.0.1 in w.ns[0], .2 in w.ns[1]."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.ns = ["qkdtest%d%s" % (os.getpid(), end) for end in "ab"]
        self.started = []

    def __enter__(self):
        try:
            self._make()
        except subprocess.CalledProcessError as e:
            self.__exit__()
            raise Skip("no network namespaces here: " + e.stdout.strip())
        return self

    def _make(self):
        for ns in self.ns:
            add(ns)
        sh("ip", "link", "add", "eth0", "netns", self.ns[0], "type", "veth",
           "peer", "name", "eth0", "netns", self.ns[1])
        for i, ns in enumerate(self.ns):
            sh("ip", "-n", ns, "addr", "add", "%s.%d/24" % (
                self.prefix, i + 1), "dev", "eth0")
            sh("ip", "-n", ns, "link", "set", "eth0", "up")

    def __exit__(self, *_):
        for p in reversed(self.started):
            if p.poll() is None:
                os.killpg(p.pid, signal.SIGTERM)
        for p in self.started:
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(p.pid, signal.SIGKILL)
                p.wait()
        for ns in self.ns:
            subprocess.run(["ip", "netns", "del", ns],
                           stderr=subprocess.DEVNULL)

    def inside(self, end, *words):
        return ["ip", "netns", "exec", self.ns[end], *words]

    def start(self, end, log, *words, env=None):
        """A process group that ends with the test."""
        with open(log, "ab") as f:
            p = subprocess.Popen(self.inside(end, *words), stdout=f,
                                 stderr=f, stdin=subprocess.DEVNULL,
                                 env=env, start_new_session=True)
        self.started.append(p)
        return p

    def ping(self, end, address, source, count=3):
        """Whether all answers come."""
        p = subprocess.run(self.inside(
            end, "ping", "-q", "-n", "-c", str(count), "-i", "0.1", "-W",
            "2", "-I", source, address), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        return p.returncode == 0

    def await_ping(self, end, address, source, seconds=20):
        wait_for("a ping through the tunnel",
                 lambda: self.ping(end, address, source, 1), seconds)


class Flow:
    """A ping that goes on while things happen; at the end none is lost."""

    def __init__(self, wire, end, address, source):
        self.p = subprocess.Popen(wire.inside(
            end, "ping", "-q", "-n", "-i", "0.05", "-I", source, address),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            start_new_session=True)
        wire.started.append(self.p)

    def end(self):
        """(sent, lost)"""
        self.p.send_signal(signal.SIGINT)
        out = self.p.communicate(timeout=10)[0]
        words = out.replace(",", "").split()
        check("transmitted" in words, "ping says: " + out)
        sent = int(words[words.index("packets") - 1])
        return sent, sent - int(words[words.index("received") - 1])
