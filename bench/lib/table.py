"""One table of all rows: medians over the rounds."""

import json
import statistics


def thread(name):
    return lambda r: r["threads_us"].get(name, 0)


def daemon(name):
    return lambda r: r["daemons_us"].get(name, 0)


# per request at the node that is measured
COSTS = (
    ("loop", 7, thread("loop")), ("commit", 7, thread("commit")),
    ("helper", 7, thread("helper")), ("nng", 6, thread("nng")),
    ("other", 6, thread("other")),
    ("kma", 6, daemon("kma")), ("relayd", 7, daemon("relayd")),
    ("qkdmod", 7, daemon("qkdmod")),
    ("req/com.", 9, lambda r: r.get("per_commit")),
    ("com./s", 8, lambda r: r["commits"] / r["seconds"]
     if "commits" in r else None),
    ("switches", 9, lambda r: r["switches"]),
    ("busy %", 7, lambda r: 100 * r["busy"]),
    ("load %", 7, lambda r: 100 * r["load_cpu"]),
    ("others %", 9, lambda r: 100 * r["foreign"]),
)


def text(value, width):
    if value is None:
        return f"{'-':>{width}}"
    if value >= 1000:
        return f"{value:{width}.0f}"
    return f"{value:{width}.2f}" if value < 10 else f"{value:{width}.1f}"


def median(reports, value):
    found = [v for v in map(value, reports or []) if v is not None]
    return statistics.median(found) if found else None


def ratio(other):
    def value(row):
        found = [a["requests_s"] / b["requests_s"] for a, b in
                 zip(row.get("qkdnode", ()), row.get(other, ()))
                 if b["requests_s"]]
        return statistics.median(found) if found else None
    return value


def cpu(r):
    return r["cpu_us"]


def cpu_of_all(r):
    return sum(r["daemons_us"].values())


def cpu_ratio(other, ours):
    def value(row):
        one = median(row.get("qkdnode"), ours)
        theirs = median(row.get(other), cpu)
        return theirs / one if one and theirs else None
    return value


# title, width, whose reports (None: the row's), value of one
def figures(other, ours):
    """other: what the row is compared with; ours: our CPU time for that."""
    return (
        ("req/s", 8, "qkdnode", lambda r: r["requests_s"]),
        (other, 7, other, lambda r: r["requests_s"]),
        ("ratio", 6, None, ratio(other)),
        ("by CPU", 7, None, cpu_ratio(other, ours)),
        ("keys/s", 9, "qkdnode", lambda r: r["keys_s"]),
        ("p50 us", 8, "qkdnode", lambda r: r["p50_us"]),
        (other, 7, other, lambda r: r["p50_us"]),
        ("p99 us", 8, "qkdnode", lambda r: r["p99_us"]),
        (other, 7, other, lambda r: r["p99_us"]),
        ("p99.9", 7, "qkdnode", lambda r: r["p999_us"]),
        (other, 7, other, lambda r: r["p999_us"]),
        ("CPU us", 8, "qkdnode", cpu),
        (other, 7, other, cpu),
    )


NGINX = figures("nginx", cpu_of_all)
# The HTTPS door of the same ksa; and that door with 32 connections.
HTTPS = figures("https", cpu) + (("to 32", 7, None, ratio("https32")),)


def label(key):
    scene, case, connections = key
    return f"{scene:<10}{case:<31}{connections:>5}"


def header(machine):
    return (f"{machine['cores']} cores, {machine['model']}, Linux "
            f"{machine['kernel']}, {machine['memory_gib']} GiB; fdatasync "
            f"{machine['fdatasync_us']:.0f} us; load before the run "
            f"{machine['load_before']:.1f}")


def results(rows, columns):
    if not rows:
        return
    head = label(("scene", "case", "conn.")) + "".join(
        f"{t:>{w}}" for t, w, _, _ in columns)
    print(head)
    print("-" * len(head))
    for key, row in rows.items():
        print(label(key) + "".join(
            text(median(row.get(server), value) if server else value(row),
                 width)
            for _, width, server, value in columns))
    print()


def costs(rows):
    print("CPU us per request at the node measured: threads of ksa | other "
          "daemons; what else tells where time goes")
    head = label(("scene", "case", "conn.")) + "".join(
        f"{t:>{w}}" for t, w, _ in COSTS)
    print(head)
    print("-" * len(head))
    for key, row in rows.items():
        if "qkdnode" in row:
            print(label(key) + "".join(
                text(median(row["qkdnode"], value), width)
                for _, width, value in COSTS))


def ms(*names):
    """Of a report's figure in microseconds."""
    def value(r):
        for name in names:
            r = r[name]
        return r / 1000
    return value


# The source's request is at the destination, and the answer back again,
# after half of the path's round trip each.
PATHS = (
    ("path", 9, ms("path_us")), ("p95", 9, ms("path_p95_us")),
    ("key p50", 10, ms("whole", "p50_us")),
    ("p95", 9, ms("whole", "p95_us")),
    ("max", 9, ms("whole", "max_us")),
    ("p50 - path", 12,
     lambda r: (r["whole"]["p50_us"] - r["path_us"]) / 1000),
    ("out", 9, ms("out", "p50_us")), ("back", 9, ms("back", "p50_us")),
    ("commits", 9, lambda r: r["commits"]),
    ("x sync", 9, lambda r: r["commits"] * r["fdatasync_us"] / 1000),
)


def paths(found):
    if not found:
        return
    head = f"{'key by':<10}{'hops':>5}{'link ms':>9}" + "".join(
        f"{t:>{w}}" for t, w, _ in PATHS)
    print("Milliseconds until both applications have a key, beside the round "
          "trip of the path alone")
    print(head)
    print("-" * len(head))
    for (kind, hops, delay), reports in sorted(found.items()):
        print(f"{kind:<10}{hops:>5}{delay:>9}" + "".join(
            text(median(reports, value), width)
            for _, width, value in PATHS))
    print()


def busiest(r):
    """The daemon that used most of a core, and its busiest thread."""
    name, used = max(r["cpu"].items(), key=lambda x: x[1]["of_core"])
    group = max(used["groups"], key=used["groups"].get)
    share = used["groups"][group] / (used["ms_mib"] or 1)
    return name, group, used["of_core"] * share


def limit(r):
    """What keeps it from being faster, as far as it shows from outside."""
    name, group, share = busiest(r)
    if share > 0.85:
        return f"{name}, its thread {group}: {share:.0%} of a core"
    if r["busy"] > 0.9:
        return f"the cores: {r['busy']:.0%} busy, {name} most"
    return f"waiting: cores {r['busy']:.0%} busy, {name} {group} {share:.0%}"


FLOWS = (
    ("Mbit/s", 9, lambda r: r["mbit_s"]), ("MiB", 8, lambda r: r["mib"]),
    ("raw TLS", 9, lambda r: r.get("raw_mbit_s")),
    ("ratio", 8, lambda r: r["mbit_s"] / r["raw_mbit_s"]
     if "raw_mbit_s" in r else None),
    ("lost %", 8, lambda r: 100 * r["lost"]),
    ("CPU ms/MiB", 12, lambda r: sum(u["ms_mib"] for u in r["cpu"].values())),
    ("raw TLS", 9, lambda r: r.get("raw_ms_mib")),
    ("busy %", 8, lambda r: 100 * r["busy"]),
    ("others %", 10, lambda r: 100 * r["foreign"]),
    ("fdatasync us", 14, lambda r: r["fdatasync_us"]),
)


def daemons(reports):
    """CPU ms per MiB of each daemon, by its threads; commits a second."""
    for name in reports[0]["cpu"]:
        used = [r["cpu"][name] for r in reports]
        groups = sorted({g for u in used for g in u["groups"]})
        node, daemon = name.split()
        line = f"    {name:<10}" + text(median(used, lambda u: u["ms_mib"]), 9)
        for g in groups:
            line += f"  {g}" + text(median(
                used, lambda u, g=g: u["groups"].get(g, 0)), 5)
        if daemon == "kma":
            line += "  commits/s" + text(median(
                reports, lambda r, n=node: r["commits_s"][n]), 6)
        print(line)


def flows(found):
    if not found:
        return
    head = f"{'scene':<8}{'case':<24}" + "".join(
        f"{t:>{w}}" for t, w, _ in FLOWS)
    print("Octets of key a second; CPU time per MiB of it")
    print(head)
    print("-" * len(head))
    for (scene, case), reports in found.items():
        print(f"{scene:<8}{case:<24}" + "".join(
            text(median(reports, value), w) for _, w, value in FLOWS))
        print("    the limit: " + limit(sorted(
            reports, key=lambda r: r["mbit_s"])[len(reports) // 2]))
        daemons(reports)
    print()


def show(bench, machine):
    print(header(machine))
    doors = {k: row for k, row in bench.rows.items() if k[0] == "ak"}
    results({k: row for k, row in bench.rows.items() if k not in doors},
            NGINX)
    results(doors, HTTPS)
    if bench.rows:
        costs(bench.rows)
        print()
    paths(bench.paths)
    flows(bench.flows)
    for note in bench.notes:
        print(f"{note['scene']}: {note['text']}")
    print("Medians; ratio: ours to what is beside it. bench/README.md explains the "
          "columns.")


def write(path, bench, machine):
    with open(path, "w") as f:
        json.dump({"machine": machine, "options": vars(bench.args),
                   "notes": bench.notes,
                   "rows": [{"scene": k[0], "case": k[1], "connections": k[2],
                             **v} for k, v in bench.rows.items()],
                   "paths": [{"kind": k[0], "hops": k[1], "link_ms": k[2],
                              "rounds": v} for k, v in bench.paths.items()],
                   "flows": [{"scene": k[0], "case": k[1], "rounds": v}
                             for k, v in bench.flows.items()],
                   "networks": [{"shape": k[0], "nodes": k[1], **v}
                                for k, v in bench.networks.items()]},
                  f, indent=1)
