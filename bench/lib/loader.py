"""Running bench/load, and looking at the server meanwhile."""

import json
import os
import subprocess

from machine import Core, Usage


class WrongAnswers(Exception):
    """The load generator got answers that it must not get."""


def start(build, words, core=None):
    """Its connections are there (handshakes apart) when this returns."""
    def become():
        if core is not None:
            os.sched_setaffinity(0, {core})

    p = subprocess.Popen([os.path.join(build, "bench", "load"), *words],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         text=True, preexec_fn=become)
    if p.stdout.readline() != "connected\n":
        p.wait()
        raise WrongAnswers("bench/load could not begin: " + " ".join(words))
    return p


def go(p):
    """Lets it work; its report."""
    p.stdin.write("\n")
    p.stdin.flush()
    line = p.stdout.readline()
    if not line:
        raise WrongAnswers("bench/load ended without a report")
    return json.loads(line)


def end(p):
    out = p.communicate()[0]
    if p.returncode != 0:
        raise WrongAnswers("wrong answers; this run does not count")
    return out


def run(build, words):
    p = start(build, words)
    report = go(p)
    end(p)
    return report


def measured(build, cores, server, words):
    """One run against a server: its report, and what it cost the server.
    CPU time counts from after the handshakes (unless they are measured)."""
    p = start(build, [*words, *server.words], cores[1])
    usage, core = Usage(server.pids()), Core(cores[0])
    commits = server.commits()
    r = go(p)
    used = usage.since()
    r.update(core.since(sum(u["cpu"] for u in used.values())))
    end(p)
    n = max(1, r["requests"])
    main = used[server.name]
    r["cpu_us"] = main["cpu"] * 1e6 / n
    r["switches"] = main["switches"] / n
    r["threads_us"] = {k: v * 1e6 / n for k, v in main["groups"].items()}
    r["daemons_us"] = {k: v["cpu"] * 1e6 / n for k, v in used.items()}
    if commits is not None:
        r["commits"] = server.commits() - commits
        r["per_commit"] = n / max(1, r["commits"])
    return r


class Ours:
    """ksa of one node, with the other daemons of that node."""
    name = "ksa"

    def __init__(self, net, node):
        self.net, self.node, self.words = net, node, []

    def pids(self):
        return self.net.daemons(self.node)

    def commits(self):
        return self.net.status(self.node).get("commits")


class Theirs:
    """A server of nginx; its address is after ours in the words, and the
    last one counts."""
    name = "nginx"

    def __init__(self, nginx, address):
        self.nginx = nginx
        self.words = ["--connect", address, "--fixed"]

    def pids(self):
        return {"nginx": self.nginx.workers()}

    def commits(self):
        return None
