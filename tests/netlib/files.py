"""Directories, certificates, keys and configuration files of a network."""

import os
import secrets
import shutil
import subprocess

from plan import DAEMONS, REPO, Failed, binary

# Small blocks and pools: a network that can supply within seconds.
QUICK = {"block_octets": 4096, "pool_low": 65536, "pool_high": 131072}


def text_of(value, depth=0):
    """A value as libconfig writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}L" if abs(value) >= 1 << 31 else str(value)
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'
    if isinstance(value, dict):
        return "{ " + " ".join(f"{k} = {text_of(v)};"
                               for k, v in value.items()) + " }"
    inner = ",\n\t".join(text_of(v, depth + 1) for v in value)
    return f"(\n\t{inner}\n)"


def parse_value(text):
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text)
    except ValueError:
        return text


def known_options(path):
    """The top-level options of a daemon, by its own word."""
    out = subprocess.run([path, "--options"], capture_output=True, text=True,
                         check=True).stdout
    return {line.partition(":")[0] for line in out.splitlines()
            if line.strip() and not line[0].isspace()}


def parse_settings(args, build):
    """--set [DAEMON.]KEY=VALUE to {daemon: {key: value}}."""
    known = {d: known_options(binary(build, d)) for d in DAEMONS}
    result = {d: {} for d in DAEMONS}
    for arg in args:
        name, eq, value = arg.partition("=")
        daemon, dot, key = name.rpartition(".")
        if not eq or (dot and daemon not in DAEMONS):
            raise Failed(f"--set {arg}: KEY=VALUE or DAEMON.KEY=VALUE "
                         f"expected, DAEMON one of {', '.join(DAEMONS)}")
        takers = [d for d in ([daemon] if dot else DAEMONS) if key in known[d]]
        if not takers:
            raise Failed(f"--set {arg}: no such option in " +
                         (daemon if dot else "any daemon"))
        for d in takers:
            result[d][key] = parse_value(value)
    return result


def write(path, text, mode, uid=None, gid=None):
    """A new file that never had a wider mode than it ends with."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as f:
        f.write(text)
        if uid is not None:
            os.fchown(fd, uid, gid)
        os.fchmod(fd, mode)


def make_dir(path, mode, uid=None, gid=None):
    os.mkdir(path)
    if uid is not None:
        os.chown(path, uid, gid)
    os.chmod(path, mode)


def install(plan, node, daemon, source, path, mode):
    """A copy as the daemon's own."""
    with open(source) as f:
        write(path, f.read(), mode, plan.uid(node, daemon),
              plan.gid(node, daemon))


def blocked_parent(path):
    """The first directory above that other users cannot pass, or None."""
    while path != "/":
        if not os.stat(path).st_mode & 0o001:
            return path
        path = os.path.dirname(path)
    return None


def make_reachable(plan):
    """As root the daemons run as users that own nothing on the way."""
    if not plan.root:
        return
    blocked = blocked_parent(plan.dir)
    if blocked:
        raise Failed(f"{blocked}: other users cannot enter it, so the "
                     "daemons, each its own user, could not reach --dir")
    if blocked_parent(plan.build) is None:
        return
    copy = os.path.join(plan.dir, "bin")
    for d in DAEMONS:
        os.makedirs(os.path.join(copy, d), mode=0o755)
        shutil.copy2(binary(plan.build, d), os.path.join(copy, d, d))
    plan.build = plan.data["build"] = copy


def make_pki(plan):
    tool = os.path.join(REPO, "etc", "qkdnode-pki")
    pki = plan.pki("")
    make_dir(pki, 0o755)
    loopback = ("--address", "127.0.0.1")
    jobs = [("ca", pki)]
    for n in plan.nodes:
        jobs += [("km", pki, plan.km(n), *loopback),
                 ("ksa", pki, plan.km(n), *loopback)]
        jobs += [("sae", pki, s) for s in plan.saes_of(n)]
    jobs += [("km", pki, plan.km(x), *loopback) for x in plan.foreign]
    jobs.append(("sae", pki, "SAE-X"))
    for job in jobs:
        r = subprocess.run([tool, *job], capture_output=True, text=True)
        if r.returncode != 0:
            raise Failed(f"qkdnode-pki {' '.join(job)}: {r.stderr.strip()}")


def make_dirs(plan, node):
    make_dir(plan.path(node), 0o755)
    for name in ("etc", "keys", "run", "log"):
        make_dir(plan.path(node, name), 0o755)
    for d in plan.daemons(node):
        make_dir(plan.key_path(node, d), 0o700, plan.uid(node, d),
                 plan.gid(node, d))
    for name in ("kma", "ksa"):
        make_dir(plan.path(node, name), 0o2750, plan.uid(node, name),
                 plan.operators())
    pairs = [("kma-ksa", "kma", "ksa"), ("kma-relayd", "kma", "relayd"),
             ("ksa-relayd", "ksa", "relayd")]
    pairs += [("mod-" + x, "qkdmod:" + x, "kma") for x in plan.links_of(node)]
    for name, server, caller in pairs:
        make_dir(plan.run_path(node, name), 0o2750, plan.uid(node, server),
                 plan.gid(node, caller))
    for d in plan.daemons(node):
        make_dir(os.path.dirname(plan.ctl_path(node, d)), 0o2750,
                 plan.uid(node, d), plan.operators())


def make_keys(plan, node):
    for d in ("kma", "ksa"):
        write(plan.key_path(node, d, d + ".nodekey"),
              secrets.token_hex(32) + "\n", 0o600, plan.uid(node, d),
              plan.gid(node, d))
    for d, kind in (("ksa", "ak"), ("relayd", "kx")):
        base = plan.pki(f"{plan.km(node)}-{kind}")
        install(plan, node, d, base + ".crt",
                plan.path(node, "etc", d + ".crt"), 0o644)
        install(plan, node, d, base + ".key",
                plan.key_path(node, d, d + ".key"), 0o600)


def user(plan, node, daemon):
    return str(plan.uid(node, daemon))


def tls_options(plan, node, daemon, door):
    etc = plan.path(node, "etc")
    return {"listen": plan.address(node, door),
            "certificate": f"{etc}/{daemon}.crt",
            "private_key": plan.key_path(node, daemon, daemon + ".key"),
            "ca": plan.pki("ca.crt")}


def store_options(plan, node, daemon):
    return {"store": plan.path(node, daemon, "keys.db"),
            "node_key": plan.key_path(node, daemon, daemon + ".nodekey")}


def kma_options(plan, node):
    return {"kme_id": plan.km(node), **store_options(plan, node, "kma"),
            "user_ksa": user(plan, node, "ksa"),
            "user_relayd": user(plan, node, "relayd"),
            "links": [{"name": x, "peer": plan.km(plan.other_end(x, node)),
                       "user": user(plan, node, "qkdmod:" + x)}
                      for x in plan.links_of(node)],
            "plain_peers": [{"kme_id": plan.km(x)}
                            for x in plan.foreign_of(node)]}


def ksa_options(plan, node):
    return {"kme_id": plan.km(node), **store_options(plan, node, "ksa"),
            **tls_options(plan, node, "ksa", "https"),
            "ak_listen": plan.address(node, "ak"),
            "user_kma": user(plan, node, "kma"),
            "user_relayd": user(plan, node, "relayd"),
            "peers": [{"kme_id": plan.km(n)} for n in plan.nodes if n != node],
            "applications": [{"id": s, "km": plan.km(node)}
                             for s in plan.saes_of(node)] +
                            [{"id": plan.saes_of(x)[0], "km": plan.km(x)}
                             for x in plan.foreign_of(node)],
            "plain_peers": [{"kme_id": plan.km(x),
                             "source": plan.saes_of(x)[0],
                             "destination": plan.saes_of(node)[0]}
                            for x in plan.foreign_of(node)]}


def relayd_options(plan, node):
    return {"kme_id": plan.km(node), **tls_options(plan, node, "relayd", "kx"),
            "user_kma": user(plan, node, "kma"),
            "user_ksa": user(plan, node, "ksa"),
            "peers": [{"kme_id": plan.km(n), "address": plan.address(n, "kx")}
                      for n in plan.neighbours(node)] +
                     [{"kme_id": plan.km(x), "protection": "tls"}
                      for x in plan.foreign_of(node)]}


def qkdmod_options(plan, node, link, rate):
    return {"link": link, "driver": "sim", "user_kma": user(plan, node, "kma"),
            "sim_seed_file": plan.key_path(node, "qkdmod:" + link, "seed"),
            "sim_rate": rate, "sim_lump": 200}


def make_confs(plan, node, rate):
    base = {"kma": kma_options, "ksa": ksa_options, "relayd": relayd_options}
    for d in plan.daemons(node):
        kind, _, link = d.partition(":")
        options = base[kind](plan, node) if not link else \
            qkdmod_options(plan, node, link, rate)
        options["run_dir"] = plan.run_path(node)
        known = known_options(binary(plan.build, kind))
        options.update((k, v) for k, v in QUICK.items() if k in known)
        options.update(plan.data["settings"][kind])
        text = "".join(f"{k} = {text_of(v)};\n" for k, v in options.items())
        write(plan.conf_path(node, d), text, 0o644)


def make_seeds(plan):
    """Each end has a copy of its own: nothing is shared but its content."""
    for link in plan.links:
        seed = secrets.token_hex(32) + "\n"
        for n in link.split("-"):
            d = "qkdmod:" + link
            write(plan.key_path(n, d, "seed"), seed, 0o600, plan.uid(n, d),
                  plan.gid(n, d))


def make_all(plan, rate):
    make_reachable(plan)
    make_pki(plan)
    for n in plan.nodes:
        make_dirs(plan, n)
        make_keys(plan, n)
        make_confs(plan, n, rate)
    make_seeds(plan)
