"""Control groups of booted hosts."""

import os


def roots():
    """The hierarchies that systemd wants to see; v2 alone has one."""
    base = "/sys/fs/cgroup"
    both = [f"{base}/{h}" for h in ("systemd", "unified")]
    return [b for b in both if os.path.isdir(b)] or [base]


def remove(root):
    """Whether it is gone, with those below it."""
    for path, _, _ in os.walk(root, topdown=False):
        try:
            os.rmdir(path)
        except OSError:
            return False
    return True


def members(root):
    """The processes of a cgroup and of those below it."""
    for path, _, _ in os.walk(root):
        try:
            with open(path + "/cgroup.procs") as f:
                yield from map(int, f.read().split())
        except OSError:                 # was just removed
            pass
