"""The machine: what it is, how fast its disk confirms, who uses its cores."""

import os
import platform
import re
import statistics
import tempfile
import time


def pin(pid, core):
    """Every thread of a process to one core; later threads inherit it."""
    try:
        for tid in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(tid), {core})
    except (FileNotFoundError, ProcessLookupError):
        pass


NAMES = {"committer": "commit", "helper": "helper"}


def group(tid, pid, name):
    """What a thread is for, by its name."""
    if tid == pid:
        return "loop"
    return "nng" if name.startswith("nng:") else NAMES.get(name, "other")


def threads(pid):
    """{thread: (group, CPU ns, context switches)} of one process."""
    found = {}
    for tid in os.listdir(f"/proc/{pid}/task"):
        base = f"/proc/{pid}/task/{tid}/"
        try:
            with open(base + "schedstat") as f:
                cpu = int(f.read().split()[0])
            with open(base + "status") as f:
                lines = dict(x.split(":", 1) for x in f)
        except (FileNotFoundError, ProcessLookupError):
            continue
        switches = sum(int(lines[x + "_ctxt_switches"])
                       for x in ("voluntary", "nonvoluntary"))
        found[int(tid)] = (group(int(tid), pid, lines["Name"].strip()), cpu,
                           switches)
    return found


class Usage:
    """CPU time and context switches of some processes since it was made."""

    def __init__(self, pids):
        self.pids = pids		# {name: [pid, ...]}
        self.before = self.now()

    def now(self):
        return {name: [threads(p) for p in pids]
                for name, pids in self.pids.items()}

    def since(self):
        """{name: {"cpu": s, "switches": n, "groups": {group: s}}}"""
        result = {}
        for name, after in self.now().items():
            one = {"cpu": 0, "switches": 0, "groups": {}}
            for old, new in zip(self.before[name], after):
                for tid, (what, cpu, switches) in new.items():
                    _, cpu0, switches0 = old.get(tid, (what, 0, 0))
                    used = (cpu - cpu0) / 1e9
                    one["cpu"] += used
                    one["switches"] += switches - switches0
                    one["groups"][what] = one["groups"].get(what, 0) + used
            result[name] = one
        return result


def core_times(core):
    """(busy, all) seconds of a core since boot."""
    with open("/proc/stat") as f:
        for line in f:
            if line.startswith(f"cpu{core} "):
                v = [int(x) / 100 for x in line.split()[1:9]]
                return sum(v) - v[3] - v[4], sum(v)
    return 0, 0


class Core:
    """How busy a core was, and how much of that was not ours."""

    def __init__(self, core):
        self.core = core
        self.before = core_times(core)

    def since(self, ours):
        busy, total = (b - a for a, b in zip(self.before,
                                             core_times(self.core)))
        total = max(total, 0.01)
        return {"busy": busy / total, "foreign": max(0, busy - ours) / total}


def fdatasync_us(directory, times=200):
    """Median of writing 4 KiB into a file that has its length already, and
    waiting for the disk: below this no answer can be durable."""
    took = []
    with tempfile.NamedTemporaryFile(dir=directory) as f:
        fd = f.fileno()
        os.write(fd, bytes(4096 * 64))
        os.fsync(fd)
        for i in range(times):
            page = os.urandom(4096)
            begin = time.perf_counter()
            os.pwrite(fd, page, i % 64 * 4096)
            os.fdatasync(fd)
            took.append(time.perf_counter() - begin)
    return statistics.median(took) * 1e6


def cpu_model():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def describe(directory):
    with open("/proc/meminfo") as f:
        memory = int(f.readline().split()[1]) / 1048576
    return {"cores": len(os.sched_getaffinity(0)), "model": cpu_model(),
            "kernel": platform.release(), "memory_gib": round(memory, 1),
            "fdatasync_us": round(fdatasync_us(directory), 1),
            "load_before": os.getloadavg()[0]}


def memory_kib(pids):
    """Resident memory of some processes, and their share of it."""
    total = {"rss": 0, "pss": 0}
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup") as f:
                lines = [x.split() for x in f if ":" in x.split()[0]]
        except PermissionError:		# only root sees it of daemons
            with open(f"/proc/{pid}/status") as f:
                rss = re.search(r"VmRSS:\s*(\d+)", f.read())[1]
            lines = [("Rss:", rss), ("Pss:", rss)]
        for name in total:
            total[name] += sum(int(x[1]) for x in lines
                               if x[0].lower() == name + ":")
    return total
