#!/usr/bin/python3
"""Four programs, each with a user of its own, none of whom can enter
another's socket or open another's files."""
import os
import socket
import stat

from lib import Net, check, equal, need_root, run, say

# Who may connect to a data socket: the one who serves it and the one caller.
DATA = {"kma-ksa": {"kma", "ksa"}, "kma-relayd": {"kma", "relayd"},
        "ksa-relayd": {"ksa", "relayd"}}
NOBODY = 65534


def ids(pid):
    with open("/proc/%d/status" % pid) as f:
        rows = dict(x.rstrip("\n").split(":\t", 1) for x in f if ":\t" in x)
    return (int(rows["Uid"].split()[0]), int(rows["Gid"].split()[0]),
            [int(g) for g in rows["Groups"].split()])


def as_user(who, what):
    """True if what() raises no OSError for that user."""
    pid = os.fork()
    if pid == 0:
        code = 2
        try:
            os.setgroups(who[2])
            os.setgid(who[1])
            os.setuid(who[0])
            what()
            code = 0
        except OSError:
            code = 1
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    check(code in (0, 1), "could not become user %s" % (who,))
    return code == 0


def connect(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(2)
        s.connect(path)


def read(path):
    with open(path, "rb") as f:
        f.read(1)


def programs(net, node):
    pids = net.json["nodes"][node]["pids"]
    exes = {d: os.readlink("/proc/%d/exe" % p) for d, p in pids.items()}
    kinds = {d.split(":")[0]: e for d, e in exes.items()}
    equal(len(set(kinds.values())), 4, "different programs: %s" % kinds)
    users = {d: ids(p) for d, p in pids.items()}
    for d, (uid, _, _) in users.items():
        check(uid != 0, "%s runs as root" % d)
        for e, (other, _, _) in users.items():
            check(d.split(":")[0] == e.split(":")[0] or uid != other,
                  "%s and %s have the same user" % (d, e))
    return users


def sockets(net, node, users):
    run_dir = net.option(node, "kma", "run_dir")
    everyone = dict(users, nobody=(NOBODY, NOBODY, []))
    seen = 0
    for folder in os.listdir(run_dir):
        for name in ("data", "sock"):
            path = os.path.join(run_dir, folder, name)
            if not os.path.exists(path):
                continue
            check(stat.S_ISSOCK(os.stat(path).st_mode), path)
            seen += 1
            for who, user in everyone.items():
                may = allowed(folder, who)
                # One that may connect does not try: it would break in on
                # the pair that uses it.
                check(may or not as_user(user, lambda: connect(path)),
                      "%s can connect to %s" % (who, path))
    check(seen >= 8, "only %d sockets in %s" % (seen, run_dir))


def allowed(folder, who):
    kind = who.split(":")[0]
    if folder.startswith("ctl-"):
        return folder[4:].split("-")[0] == kind
    if folder.startswith("mod-"):
        return who == "kma" or who == "qkdmod:" + folder[4:] or \
            kind == "qkdmod"
    return who in DATA.get(folder, set())


def stores(net, node, users):
    """No other daemon, nor anybody, opens a store or its key."""
    everyone = dict(users, nobody=(NOBODY, NOBODY, []))
    paths = {d: [p, net.option(node, d, "node_key")] for d, p in
             net.json["nodes"][node]["stores"].items()}
    for d in ("ksa", "relayd"):
        paths.setdefault(d, []).append(net.option(node, d, "private_key"))
    for owner, files in paths.items():
        for path in files:
            for who, user in everyone.items():
                can = as_user(user, lambda: read(path))
                equal(can, who == owner, "%s reads %s" % (who, path))


def main():
    need_root()
    net = Net("ab", ["a-b"])
    for node in "ab":
        users = programs(net, node)
        sockets(net, node, users)
        stores(net, node, users)
        say("%s: separate: %s" % (node, {d: u[0] for d, u in users.items()}))
    net.pair("SAE-A1", "SAE-B1")


run(main)
