"""The processes of a network: starting, ending, asking."""

import ctypes
import json
import os
import resource
import signal
import socket
import subprocess
import time

from plan import Failed, Plan, binary

START_WAIT = 60		# s until a daemon answers on its control socket
STOP_WAIT = 20		# s from SIGTERM to the end
CLONE_NEWNET = 0x40000000
MEMLOCK = 1 << 28	# octets that a daemon may lock
ENV_KEPT = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS",
            "QKDNODE_CRASH", "SOFTHSM2_CONF")


def process_state(pid):
    """(state letter, start time in ticks), or None when there is none."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[19])


def raise_memlock():
    """As far as this user, in this container, may."""
    hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
    for limit in (MEMLOCK, hard):
        try:
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
            return
        except (OSError, ValueError):
            continue


def namespace(path):
    """A function that enters this network namespace; None: that stays."""
    if path is None:
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)

    def enter():
        fd = os.open(path, os.O_RDONLY)
        if libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.close(fd)
    return enter


def ask(path, line, timeout=10):
    """One line to a control socket, one JSON object back."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout)
        s.connect(path)
        s.sendall(line.encode() + b"\n")
        data = b""
        while not data.endswith(b"\n"):
            piece = s.recv(65536)
            if not piece:
                break
            data += piece
    return json.loads(data)


class Network:
    """A plan with its processes; lives in D/state.json between calls."""

    def __init__(self, plan):
        self.plan = plan
        self.procs = {n: {} for n in plan.nodes}	# name: pid, start, exe
        self.link_state = {x: "up" for x in plan.links}

    @classmethod
    def load(cls, d):
        try:
            with open(os.path.join(d, "state.json")) as f:
                state = json.load(f)
        except FileNotFoundError:
            raise Failed(f"{d}: no test network here") from None
        net = cls(Plan(d, state["plan"]))
        net.procs = state["procs"]
        net.link_state = state["links"]
        return net

    def save(self):
        pids = {n: {d: p["pid"] for d, p in procs.items()}
                for n, procs in self.procs.items()}
        self.write("state.json", {"plan": self.plan.data, "procs": self.procs,
                                  "links": self.link_state})
        self.write("testnet.json", self.plan.description(pids))

    def write(self, name, data):
        path = os.path.join(self.plan.dir, name)
        with open(path + ".new", "w") as f:
            json.dump(data, f, indent=1)
            f.write("\n")
        os.replace(path + ".new", path)

    # -- one daemon

    def pid(self, node, daemon):
        """Its pid while it runs; never that of another process."""
        p = self.procs[node].get(daemon)
        state = p and process_state(p["pid"])
        if not state or state[0] in "ZX" or state[1] != p["start"]:
            return None
        try:
            exe = os.readlink(f"/proc/{p['pid']}/exe")
        except OSError:
            return p["pid"]	# not dumpable: the start time has to do
        if exe.removesuffix(" (deleted)") != os.path.realpath(p["exe"]):
            return None
        return p["pid"]

    def spawn(self, node, daemon):
        exe = binary(self.plan.build, daemon.partition(":")[0])
        uid = self.plan.uid(node, daemon)
        gid = self.plan.gid(node, daemon)

        enter = namespace(self.plan.namespace(node, daemon))

        def become():
            enter()
            raise_memlock()
            if self.plan.root:
                os.setgroups([])
                os.setgid(gid)
                os.setuid(uid)

        env = {k: v for k, v in os.environ.items() if k in ENV_KEPT}
        with open(self.plan.log_path(node, daemon), "ab") as log:
            p = subprocess.Popen(
                [exe, "-c", self.plan.conf_path(node, daemon)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                env=env, start_new_session=True, preexec_fn=become)
        state = process_state(p.pid)
        self.procs[node][daemon] = {"pid": p.pid, "start": state[1],
                                    "exe": exe}
        return p

    def ask(self, node, daemon, line):
        try:
            return ask(self.plan.ctl_path(node, daemon), line)
        except (OSError, ValueError) as e:
            raise Failed(f"{daemon} of {node} does not answer: {e}") from None

    def wait_started(self, node, daemon, process):
        end = time.monotonic() + START_WAIT
        while time.monotonic() < end:
            if process.poll() is not None:
                raise Failed(f"{daemon} of {node} ended at its start (status "
                             f"{process.returncode}):\n" +
                             self.log_tail(node, daemon))
            try:
                return self.ask(node, daemon, "status")
            except Failed:
                time.sleep(0.05)
        raise Failed(f"{daemon} of {node} does not answer on its control "
                     f"socket after {START_WAIT} s:\n" +
                     self.log_tail(node, daemon))

    def log_tail(self, node, daemon, lines=12):
        with open(self.plan.log_path(node, daemon), errors="replace") as f:
            return "".join("    " + x for x in f.readlines()[-lines:])

    # -- several

    def start(self, pairs):
        """Those of the (node, daemon) pairs that do not run."""
        begun = [(n, d, self.spawn(n, d)) for n, d in pairs
                 if self.pid(n, d) is None]
        self.save()
        for n, d, p in begun:
            self.wait_started(n, d, p)
        for n, d, _ in begun:
            self.restore_links(n, d)
        return len(begun)

    def signal(self, pairs, number):
        for n, d in pairs:
            pid = self.pid(n, d)
            if pid is not None:
                os.kill(pid, number)

    def wait_ended(self, pairs, seconds):
        """Those that still run after so many seconds."""
        end = time.monotonic() + seconds
        while True:
            left = [(n, d) for n, d in pairs if self.pid(n, d) is not None]
            if not left or time.monotonic() > end:
                return left
            time.sleep(0.02)

    def kill(self, pairs):
        self.signal(pairs, signal.SIGKILL)
        if self.wait_ended(pairs, STOP_WAIT):
            raise Failed("a process survives SIGKILL")

    def stop(self, pairs):
        self.signal(pairs, signal.SIGTERM)
        left = self.wait_ended(pairs, STOP_WAIT)
        if left:
            self.kill(left)
            raise Failed(f"not ended {STOP_WAIT} s after SIGTERM, so killed: "
                         + ", ".join(f"{d} of {n}" for n, d in left))

    def everything(self):
        return [(n, d) for n in self.plan.nodes for d in self.plan.daemons(n)]

    # -- links

    def link_commands(self, link):
        """(node, daemon, line) that bring the daemons to the link's state."""
        state = self.link_state[link]
        first, second = link.split("-")
        for n, other in ((first, second), (second, first)):
            yield n, "relayd", f"peer {self.plan.km(other)} " + \
                ("down" if state == "down" else "up")
            yield n, "qkdmod:" + link, \
                "pause" if state in ("down", "dark") else "resume"
            yield n, "qkdmod:" + link, \
                "noise " + ("on" if state == "noise" and n == first else "off")

    def command(self, node, daemon, line):
        answer = self.ask(node, daemon, line)
        if "error" in answer:
            raise Failed(f"{daemon} of {node} to \"{line}\": "
                         f"{answer['error']}")

    def set_link(self, link, state):
        """A daemon that does not run gets to know it when it starts."""
        self.link_state[link] = state
        self.save()
        for n, d, line in self.link_commands(link):
            if self.pid(n, d) is not None:
                self.command(n, d, line)

    def restore_links(self, node, daemon):
        for link in self.plan.links_of(node):
            if self.link_state[link] == "up":
                continue
            for n, d, line in self.link_commands(link):
                if (n, d) == (node, daemon):
                    self.command(n, d, line)
