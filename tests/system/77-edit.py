#!/usr/bin/python3
"""qkdctl link, peer, application: what an operator adds stands in all files
concerned, what he removes is gone, all else stays to the octet; what would be
wrong changes nothing and says why."""
import fcntl
import os
import shutil
import tempfile

from lib import ROOT, check, equal, run, say
from nodefiles import daemons_dir, qkdctl, read, tree


class Node:
    def __init__(self, folder):
        self.etc = os.path.join(folder, "etc")
        os.mkdir(self.etc)
        for name in ("kma", "ksa", "relayd"):
            shutil.copy(os.path.join(ROOT, "etc", name + ".conf"), self.etc)
        self.options = ("--etc", self.etc, "--daemons", daemons_dir(folder),
                        "--no-start")

    def do(self, *words, code=0):
        return qkdctl(*words, *self.options, code=code)

    def refused(self, *words, because, code=1):
        before = tree(self.etc)
        out = self.do(*words, code=code)
        check(because in out, f"{words}: \"{because}\" is not said: {out}")
        check(".new" not in out, f"{words}: names a temporary file: {out}")
        equal(tree(self.etc), before, f"{words}: files after a refusal")

    def conf(self, name):
        return read(os.path.join(self.etc, name + ".conf"))


def there_and_back(node):
    before = tree(node.etc)
    node.do("link", "add", "a-c", "--peer", "KME-C", "--driver", "sim",
            "--seed-file", "/etc/x.seed", "--set", "sim_rate=5000000000")
    check('{ name = "a-c"; peer = "KME-C"; user = "qkdnode-mod"; }' in
          node.conf("kma"), "the link is not in kma.conf")
    module = node.conf("qkdmod-a-c")
    for line in ('driver = "sim";', "sim_rate = 5000000000L;",
                 "block_octets = 16384;", 'sim_seed_file = "/etc/x.seed";'):
        check(line in module, f"qkdmod-a-c.conf lacks {line}")
    node.do("peer", "add", "KME-D", "--address", "192.0.2.4:8445")
    node.do("peer", "add", "KME-E", "--address", "none",
            "--disjoint-paths", "2")
    node.do("application", "add", 'SAE "odd"', "--name", "cn:odd",
            "--rate", "1000")
    check('{ id = "SAE \\"odd\\""; km = "KME-A"; names = ["cn:odd"]; '
          "rate = 1000; }" in node.conf("ksa"), "the application's group")
    check("KME-E" not in node.conf("relayd"), "a distant node in relayd.conf")
    changed = tree(node.etc)
    for words in (("link", "remove", "a-c"), ("peer", "remove", "KME-D"),
                  ("peer", "remove", "KME-E"),
                  ("application", "remove", 'SAE "odd"')):
        node.do(*words)
    check(changed != before, "nothing was changed")
    equal(tree(node.etc), before, "after all was removed again")


def by_halves(node):
    """What an interrupted command or a hand has left can be removed, and what
    is not changed is not said to be."""
    link = ("link", "add", "a-c", "--peer", "KME-C", "--driver", "sim",
            "--seed-file", "/etc/x.seed")
    before = tree(node.etc)
    kma = os.path.join(node.etc, "kma.conf")
    node.do(*link)
    os.unlink(os.path.join(node.etc, "qkdmod-a-c.conf"))
    node.do("link", "remove", "a-c")
    equal(tree(node.etc), before, "a link without a module")
    text = node.conf("kma")
    node.do(*link)
    with open(kma, "w") as f:
        f.write(text)
    node.refused(*link, because="exists already")
    node.do("link", "remove", "a-c")
    equal(tree(node.etc), before, "a module without a link")
    node.refused("link", "remove", "a-c", because="none of this node")
    peer = ("peer", "add", "KME-D", "--address")
    node.do(*peer, "none")
    node.refused(*peer, "192.0.2.4:8445", "--disjoint-paths", "2",
                 because="ksa.conf already")
    ksa = node.conf("ksa")
    node.do(*peer, "192.0.2.4:8445")
    equal(node.conf("ksa"), ksa, "ksa.conf with a peer that becomes one")
    node.do("peer", "remove", "KME-D")
    equal(tree(node.etc), before, "after its removal")
    ksa = node.conf("ksa")
    node.do(*peer, "192.0.2.4:8445")
    with open(os.path.join(node.etc, "ksa.conf"), "w") as f:
        f.write(ksa)
    for address in ("192.0.2.5:8445", "none"):
        node.refused(*peer, address, because="relayd.conf already")
    node.do(*peer, "192.0.2.4:8445")
    node.do("peer", "remove", "KME-D")
    equal(tree(node.etc), before, "a neighbour that was none of ksa's")


def refusals(node):
    link = ("link", "add")
    sim = ("--driver", "sim", "--seed-file", "/etc/x.seed")
    node.refused(*link, "a-b", "--peer", "KME-C", *sim,
                 because="stands there already")
    node.refused(*link, "x", "--peer", "KME-B", *sim,
                 because="one link per peer")
    node.refused(*link, "../x", "--peer", "KME-C", *sim, because="expected",
                 code=2)
    node.refused(*link, "x", "--peer", "KME-C", because="--driver",
                 code=2)
    node.refused(*link, "x", "--peer", "KME-C", "--driver", "magic",
                 because="expected: one of")
    node.refused(*link, "x", "--peer", "KME-C", *sim, "--set", "nosuch=1",
                 because="unknown option")
    node.refused("peer", "add", "KME-B", "--address", "192.0.2.9:1",
                 because="already")
    node.refused("peer", "add", "KME-D", because="--address", code=2)
    node.refused("peer", "add", "KME-D", "--address", "here",
                 because="address")
    node.refused("peer", "remove", "KME-B", because="link remove")
    node.refused("peer", "remove", "KME-Z", because="none of this node")
    node.refused("application", "add", "SAE-A1", because="already")
    node.refused("application", "add", "S", "--km", "KME-Z",
                 because="belongs to a km")
    node.refused("application", "remove", "S", because="does not stand")


def odd_files(node):
    """A file that cannot be edited safely, or is no file, stays as it is."""
    path = os.path.join(node.etc, "ksa.conf")
    good = read(path)
    for text, why in (("@include \"x\"\n" + good, "@include"),
                      (good + "peers = (\n", "a value is missing"),
                      (good.replace("applications = (", "applications = ( 1,"),
                       "something else than groups"),
                      (good + "/* no end", "comment")):
        with open(path, "w") as f:
            f.write(text)
        node.refused("application", "add", "S", because=why)
    os.unlink(path)
    os.symlink("/dev/null", path)
    node.refused("application", "add", "S", because="symbolic")
    os.unlink(path)
    node.refused("application", "add", "S", because="qkdctl init")
    with open(path, "w") as f:
        f.write(good)


def one_at_a_time(node):
    fd = os.open(node.etc, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    node.refused("application", "add", "S", because="another qkdctl")
    os.close(fd)


def modes_stay(node):
    path = os.path.join(node.etc, "ksa.conf")
    os.chmod(path, 0o640)
    node.do("application", "add", "S")
    equal(os.stat(path).st_mode & 0o777, 0o640, "mode of the new file")
    equal(sorted(n for n in os.listdir(node.etc) if n.startswith(".")), [],
          "files left over")


def main():
    with tempfile.TemporaryDirectory() as folder:
        node = Node(folder)
        for part in (there_and_back, by_halves, refusals, odd_files,
                     one_at_a_time, modes_stay):
            part(node)
            say(part.__name__.replace("_", " "))


run(main)
