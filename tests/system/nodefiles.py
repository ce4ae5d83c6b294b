"""The files of one node without systemd: its configuration below a directory,
and qkdctl's commands that change it."""
import os
import subprocess

from lib import BUILD, ROOT

DAEMONS = ("kma", "ksa", "relayd", "qkdmod")


def daemons_dir(folder):
    """The built daemons, laid out as they are installed."""
    path = os.path.join(folder, "daemons")
    os.mkdir(path)
    for name in DAEMONS:
        os.symlink(os.path.join(BUILD, name, name), os.path.join(path, name))
    for name in ("init", "qkdnode-pki"):
        os.symlink(os.path.join(ROOT, "etc", name), os.path.join(path, name))
    return path


def qkdctl_any(*words):
    """(exit code, what it says on both outputs)"""
    p = subprocess.run([os.path.join(BUILD, "ctl", "qkdctl"), *words],
                       text=True, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                       timeout=60)
    return p.returncode, p.stdout


def qkdctl(*words, code=0):
    """What it says, on both outputs."""
    got, out = qkdctl_any(*words)
    if got != code:
        raise AssertionError(f"qkdctl {' '.join(words)}: exit code {got}, "
                             f"expected {code}:\n{out}")
    return out


def read(path):
    with open(path) as f:
        return f.read()


def tree(folder):
    """Every file below with its mode and content."""
    found = {}
    for top, _, names in os.walk(folder):
        for n in names:
            path = os.path.join(top, n)
            if not os.path.islink(path):
                found[path] = (os.stat(path).st_mode, read(path))
    return found
