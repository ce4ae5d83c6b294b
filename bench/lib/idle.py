"""Memory of idle connections, and who suffers from them."""

import json
import time

import loader
from machine import memory_kib

CONNECTIONS = 10000
ACTIVE = 3000		# requests of the one that is not idle


def held(bench, words, pids, active):
    """Opens the connections, one request on each; then they are silent."""
    count = bench.scaled(CONNECTIONS, 500)
    before = memory_kib(pids)
    alone = active()
    p = loader.start(bench.args.build,
                     ["--hold", "--connections", str(count), "--count",
                      str(count), "--seconds", "60", *words],
                     bench.cores[1])
    loader.go(p)
    time.sleep(2)
    after = memory_kib(pids)
    busy = active()
    alive = json.loads(loader.end(p))["alive"]
    if alive != count:
        raise loader.WrongAnswers(f"only {alive} of {count} idle connections "
                                  "are left at the end")
    return {"connections": count, "alone": alone, "meanwhile": busy,
            **{k + "_kib": (after[k] - before[k]) / count for k in after}}


def result(bench, server, r):
    bench.note("idle", f"{server}: {r['connections']} idle connections, "
               f"{r['rss_kib']:.1f} KiB each resident (PSS "
               f"{r['pss_kib']:.1f}); p99 of one active connection "
               f"{r['alone']['p99_us']:.0f} us without, "
               f"{r['meanwhile']['p99_us']:.0f} us with them",
               server=server, **r)


def idle(bench):
    """memory of 10,000 idle connections, TLS 1.3, after a request each"""
    bench.common()
    net = bench.net
    caller = net.caller("SAE-A1", "SAE-B1")
    net.await_stock("SAE-A1", "SAE-B1", 4 * CONNECTIONS)
    one = ["--count", str(bench.scaled(ACTIVE)), "--seconds", "20", *caller]
    net.pin("a", bench.cores)
    result(bench, "qkdnode", held(bench, caller, net.daemons("a")["ksa"],
                                  lambda: bench.ours("a", one)))
    fixed = ["--connect", bench.nginx.address(1), "--fixed"]
    result(bench, "nginx", held(bench, caller + fixed, bench.nginx.workers(),
                                lambda: bench.theirs(one)))
