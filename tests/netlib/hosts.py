"""Booted hosts: systemd as PID 1, own network namespace and disk, the package
installed. They share a bridge that this machine is on as well.

    with Hosts(directory, ["a", "b"]) as h:
        h["a"].run("systemctl", "is-active", "qkdnode-kma")
        h["a"].address          # "10.87.N.1", to be reached from here and b
        h["a"].crash()          # power off: SIGKILL to all; then boot()

A Hosts() leaves nothing behind, however it ends: what a killed test left is
removed by the next. tests/hosts is the same for the shell.
"""

import contextlib
import fcntl
import glob
import json
import os
import shutil
import signal
import subprocess
import time

import cgroups
import rootfs
from plan import Failed
from procs import process_state

REGISTER = "/run/qkdnode-hosts"         # N.json: who has network N
BOOT_S, STOP_S, END_S = 120, 60, 30     # END_S: of what was killed
# nspawn refuses these to the host; a real one has them.
CALLS = ["bpf", "@keyring", "memfd_secret", "@memlock", "seccomp",
         "landlock_create_ruleset", "landlock_add_rule",
         "landlock_restrict_self"]
ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
       "HOME": "/root", "TERM": "dumb", "LANG": "C.UTF-8",
       "DEBIAN_FRONTEND": "noninteractive"}

require = rootfs.require
packages = rootfs.packages


def sh(*words, check=True):
    p = subprocess.run(words, text=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if check and p.returncode != 0:
        raise Failed(" ".join(words) + ": " + p.stdout.strip())
    return p.stdout


def since(pid):
    """When it began, in ticks; None: it has ended. With its pid this names
    a process; the pid alone is soon another's."""
    state = process_state(pid)
    return state[1] if state and state[0] not in "ZX" else None


def alive(pid, begun):
    now = since(pid)
    return now is not None and begun in (now, None)


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@contextlib.contextmanager
def register():
    """Meanwhile nobody else takes a number, or removes what is left."""
    os.makedirs(REGISTER, exist_ok=True)
    with open(REGISTER + "/lock", "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


class Host:
    def __init__(self, net, name, number):
        self.net, self.name = net, name
        self.address = f"{net.prefix}.{number}"
        self.label = f"qkdh{net.number}-{name}"     # netns, cgroup, machine
        self.veth = f"qkdh{net.number}v{number}"
        self.dir = os.path.join(net.dir, name)
        self.root = os.path.join(self.dir, "root")

    def _note(self, which, pid):
        with open(os.path.join(self.dir, which + ".pid"), "w") as f:
            f.write(f"{pid} {since(pid) or 0}")

    def _pid(self, which):
        """Of "nspawn" or "leader", while it lives; or 0."""
        try:
            with open(os.path.join(self.dir, which + ".pid")) as f:
                pid, begun = map(int, f.read().split())
        except (OSError, ValueError):
            return 0
        return pid if alive(pid, begun) else 0

    # ---- boot

    def _mount(self):
        for d in ("upper", "work", "root"):
            os.makedirs(os.path.join(self.dir, d), exist_ok=True)
        if not os.path.ismount(self.root):
            sh("mount", "-t", "overlay", "overlay", "-o",
               f"lowerdir={self.net.lower},upperdir={self.dir}/upper,"
               f"workdir={self.dir}/work", self.root)
        with open(os.path.join(self.root, "etc/hostname"), "w") as f:
            f.write(self.name + "\n")

    def _wire(self):
        if os.path.exists("/run/netns/" + self.label):
            return
        sh("ip", "netns", "add", self.label)
        sh("ip", "link", "add", self.veth, "type", "veth", "peer", "name",
           "eth0", "netns", self.label)
        sh("ip", "link", "set", self.veth, "master", self.net.bridge, "up")
        ip = ("ip", "-n", self.label)
        sh(*ip, "addr", "add", self.address + "/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            sh(*ip, "link", "set", device, "up")

    def _nspawn(self):
        groups = [f"{r}/{self.label}" for r in cgroups.roots()]

        def enter():                    # or all hosts would share one
            for g in groups:
                with open(g + "/cgroup.procs", "w") as f:
                    f.write(str(os.getpid()))

        for g in groups:
            os.makedirs(g, exist_ok=True)
        words = ["systemd-nspawn", "-q", "--register=no", "--keep-unit",
                 "--link-journal=no", "--resolv-conf=off", "--timezone=off",
                 "-M", self.label, "-D", self.root, "--console=pipe", "-b",
                 "--network-namespace-path=/run/netns/" + self.label,
                 "--capability=CAP_IPC_LOCK"]
        words += ["--system-call-filter=" + c for c in CALLS]
        with open(os.path.join(self.dir, "console.log"), "ab") as log:
            p = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1"),
                preexec_fn=enter, start_new_session=True)
        self.net.started[p.pid] = p
        self._note("nspawn", p.pid)

    def _leader(self):
        """The child of nspawn that is PID 1 in there."""
        found = [self._pid("nspawn")]
        for _ in range(2):
            children = []
            for pid in found:
                for path in glob.glob(f"/proc/{pid}/task/*/children"):
                    with open(path) as f:
                        children += f.read().split()
            for pid in children:
                with open(f"/proc/{pid}/status") as f:
                    if "\nNSpid:" in (t := f.read()) and t.partition(
                            "\nNSpid:")[2].split("\n")[0].split()[-1] == "1":
                        return int(pid)
            found = children
        return 0

    def _up(self):
        try:
            leader = self._leader()
        except OSError:                 # came and went
            return False
        if not leader:
            return False
        self._note("leader", leader)
        state = self.run("systemctl", "is-system-running", check=False)
        return state.strip() in ("running", "degraded")

    def boot(self):
        self._mount()
        self._wire()
        self._nspawn()
        if not wait_until(self._up, BOOT_S):
            raise Failed(f"{self.name} did not boot: " + sh(
                "tail", "-n", "20", f"{self.dir}/console.log", check=False))
        return self

    # ---- use

    def inside(self, *words):
        """The command line that runs `words` in the host."""
        return ["nsenter", "-t", str(self._pid("leader")), "-m", "-u", "-i",
                "-n", "-p", "-C", "--", "env", "-i",
                *(f"{k}={v}" for k, v in ENV.items()), *words]

    def run(self, *words, check=True, input=None, timeout=120):
        """What it wrote to stdout and stderr; Failed when it fails."""
        p = self.call(*words, input=input, timeout=timeout)
        if check and p.returncode != 0:
            raise Failed(f"{self.name}: {' '.join(words)}: exit "
                         f"{p.returncode}: {p.stdout.strip()}")
        return p.stdout

    def call(self, *words, input=None, timeout=120):
        """(returncode, stdout)"""
        give = {"input": input} if input is not None else {
            "stdin": subprocess.DEVNULL}
        return subprocess.run(self.inside(*words), text=True, timeout=timeout,
                              stdout=subprocess.PIPE, **give,
                              stderr=subprocess.STDOUT, errors="replace")

    def path(self, inside):
        """Where a file of the host is for this machine. Its tmpfs (/run,
        /tmp) are not there."""
        return self.root + inside

    def put(self, path, text, mode=0o644):
        with open(self.path(path), "w") as f:
            os.fchmod(f.fileno(), mode)
            f.write(text)

    def install(self, *debs):
        """dpkg -i inside, as an operator does it; what it said."""
        os.makedirs(self.path("/var/cache/qkdnode-test"), exist_ok=True)
        names = []
        for deb in debs:
            shutil.copy(deb, self.path("/var/cache/qkdnode-test"))
            names.append("/var/cache/qkdnode-test/" + os.path.basename(deb))
        return self.run("dpkg", "-i", *names)

    # ---- end

    def _gone(self):
        for p in self.net.started.values():
            p.poll()
        return not self._pid("nspawn") and not self._pid("leader")

    def _end(self, sig):
        if leader := self._pid("leader"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(leader, sig)
        if not wait_until(self._gone, STOP_S):
            self._kill()
        sh("umount", "-l", self.root, check=False)

    def _kill(self):
        """All of it: the leader too if the test was killed before it knew
        which that was."""
        def none_left():
            self._gone()
            left = [p for r in cgroups.roots()
                    for p in cgroups.members(f"{r}/{self.label}") if since(p)]
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return not left
        wait_until(none_left, END_S)

    def down(self):
        """An orderly shutdown; boot() starts it again."""
        self._end(signal.SIGRTMIN + 3)

    def crash(self):
        """Power off. What was written stays written: page cache is ours."""
        self._end(signal.SIGKILL)

    def clear(self):
        """Nothing of its name runs, or has a wire."""
        self._kill()
        # The kernel takes a namespace away when it has time, and its end of
        # the wire with it: the next host of this number would meet ours.
        sh("ip", "link", "del", self.veth, check=False)
        sh("ip", "netns", "del", self.label, check=False)

    def wipe(self):
        """Nothing of it stays."""
        self.clear()
        sh("umount", "-l", self.root, check=False)
        for r in cgroups.roots():        # busy while the last process ends
            wait_until(lambda: cgroups.remove(f"{r}/{self.label}"), END_S)
        subprocess.run(["rm", "-rf", "--one-file-system", self.dir])


class Hosts:
    """Hosts by name. `build`: whose package is installed; None: none is."""

    def __init__(self, directory, names=(), build=None, owner=None):
        self.dir = os.path.abspath(directory)
        self.hosts, self.started = {}, {}
        self.build, self.owner = build, owner or os.getpid()
        self.since = since(self.owner)
        self.names = list(names)

    def __getitem__(self, name):
        return self.hosts[name]

    def __iter__(self):
        return iter(self.hosts.values())

    def _use(self, number):
        self.number, self.bridge = number, f"qkdh{number}"
        self.prefix = f"10.87.{number}"

    def _add(self, name):
        self.hosts[name] = Host(self, name, len(self.hosts) + 1)

    def _save(self):
        state = {"dir": self.dir, "number": self.number, "owner": self.owner,
                 "since": self.since, "lower": self.lower,
                 "names": list(self.hosts)}
        for path in (f"{REGISTER}/{self.number}.json",
                     os.path.join(self.dir, "hosts.json")):
            with open(path + ".new", "w") as f:
                json.dump(state, f)
            os.rename(path + ".new", path)

    @classmethod
    def load(cls, path):
        """Those of a directory, or of an entry of the register."""
        if os.path.isdir(path):
            path = os.path.join(path, "hosts.json")
        try:
            with open(path) as f:
                state = json.load(f)
        except (OSError, ValueError):
            raise Failed(f"{path}: no hosts are there; tests/hosts up")
        net = cls(state["dir"], owner=state["owner"])
        net.lower, net.since = state["lower"], state.get("since")
        net._use(state["number"])
        for name in state["names"]:
            net._add(name)
        return net

    def _take_number(self):
        """In the register first: should we be killed, others find it."""
        for n in range(1, 255):
            if os.path.exists(f"{REGISTER}/{n}.json"):
                continue
            self._use(n)
            self._save()
            p = subprocess.run(["ip", "link", "add", self.bridge, "type",
                                "bridge"], stderr=subprocess.PIPE, text=True)
            if p.returncode == 0:
                return
            self._forget()
            if "exists" not in p.stderr:
                raise Failed("no bridge can be made: " + p.stderr.strip())
        raise Failed("254 networks of hosts are up already")

    def up(self):
        if os.path.exists(os.path.join(self.dir, "hosts.json")):
            raise Failed(f"{self.dir}: hosts are there already; wipe them")
        reclaim()
        self.debs = packages(self.build)
        self.lower = rootfs.rootfs(self.debs["qkdnode"])
        os.makedirs(self.dir, exist_ok=True)
        with register():
            self._take_number()
        sh("ip", "addr", "add", self.prefix + ".254/24", "dev", self.bridge)
        sh("ip", "link", "set", self.bridge, "up")
        for name in self.names:
            self._add(name)
            self._save()
            self[name].clear()
            self[name].boot()
        return self

    def install(self):
        for host in self:
            host.install(self.debs["qkdnode"])
        return self

    def keep(self):
        """They stay when this process ends."""
        self.owner = -1
        self._save()

    def _forget(self):
        for path in (f"{REGISTER}/{self.number}.json",
                     os.path.join(self.dir, "hosts.json")):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def wipe(self):
        for host in self:
            host.wipe()
        sh("ip", "link", "del", self.bridge, check=False)
        self._forget()

    def __enter__(self):
        try:
            return self.up()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if hasattr(self, "number"):
            self.wipe()


def reclaim():
    """Removes the hosts of tests that were killed."""
    with register():
        for path in glob.glob(REGISTER + "/*.json"):
            try:
                net = Hosts.load(path)
            except Failed:
                continue                # was just removed
            if net.owner > 0 and not alive(net.owner, net.since):
                net.wipe()
