#!/usr/bin/python3
"""qkdctl sae listen and session: a complete application in a line of shell at
each end. Keys to commands and files, what a failing command does, programs
and nodes that die in between, and the manual page's examples as they stand."""
import base64
import json
import os
import re
import signal
import stat
import subprocess

from lib import Net, ROOT, SHORT, check, equal, run, say, wait_for
from needles import Needles, mappings
from saetool import QKDCTL, Tool, sane

UNKNOWN = "550e8400-e29b-41d4-a716-446655440000"
APPEND = ("sh", "-c", 'cat >>"$0"')


class Shell(Tool):
    """An application by Q.4161, with a directory of its own."""

    def __init__(self, net, sae):
        super().__init__(net, sae, door="q4161")
        self.net, self.dir = net, os.path.join(net.base, sae)
        os.makedirs(self.dir, exist_ok=True)
        self.n = 0

    def path(self, name):
        return os.path.join(self.dir, name)

    def text(self, name):
        try:
            with open(self.path(name)) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def begin(self, verb, *words, **more):
        """In the background; what it says lies in files."""
        self.n += 1
        out = {name: open(self.path("%d.%s" % (self.n, name)), "w+b")
               for name in ("stdout", "stderr")}
        p = self.start(verb, *words, cwd=self.dir, **out, **more)
        p.tool, p.n = self, self.n
        for f in out.values():
            f.close()
        ALL.append(p)
        if verb == "listen":
            wait_for("%s to listen" % self.sae, lambda: p.poll() is not None
                     or "waiting for sessions" in said(p, "stderr"))
        return p

    def listen(self, *words, **more):
        p = self.begin("listen", *words, **more)
        check(not p.poll(), "listen: " + said(p, "stderr"))
        return p


ALL = []


def said(p, name):
    return p.tool.text("%d.%s" % (p.n, name))


def ended(p, code=0):
    """Ends by itself, with this code; what it said on stderr."""
    p.wait(30)
    err = sane(said(p, "stderr"))
    equal(p.returncode, code, "%s: exit code (%s)" % (
        " ".join(p.args[1:4]), err.strip()))
    return err


def stop(p):
    p.send_signal(signal.SIGTERM)
    return ended(p)


def containers(text):
    """Keys of all JSON texts that stand there one after the other."""
    return [k for line in text.splitlines() for k in json.loads(line)["keys"]]


def supplied(net, source, destination, mine, theirs, number=None):
    """The checker sees what both ends have."""
    keys = net.oracle.drawn(source, destination, {"keys": mine}, number, None)
    net.oracle.fetched(destination, [k.id for k in keys], {"keys": theirs})
    net.oracle.verdict()
    return keys


def confirmed(a, b, name):
    """What b has of the keys in a's file; it may have more, that are void."""
    ids = {k["key_ID"] for k in containers(a.text(name))}
    return [k for k in containers(b.text(name)) if k["key_ID"] in ids]


def keys(net, a):
    """Same node, neighbours, hops: the same keys at both ends, which tell
    the same of them."""
    for other in ("SAE-A2", "SAE-B1", "SAE-C1"):
        b = Shell(net, other)
        l = b.listen("--from", "SAE-X9", "--from", a.sae, "--count", "3",
                     "--json", "--", "sh", "-c",
                     'cat >>keys; echo "$QKDNODE_SOURCE '
                     '$QKDNODE_SESSION_ID $QKDNODE_KEY_IDS" >>env')
        out, err = a.run("session", other, "-n", "2", "--repeat", "3",
                         "--name", "a name", "-s", "512", "-o", "-")
        ended(l)
        session = re.match(r"qkdctl: session (\S{36}) with %s\n$" % other,
                           err)[1]
        drawn = supplied(net, a.sae, other, containers(out.decode()),
                         containers(b.text("keys")), 6)
        ids = [k.id for k in drawn]
        equal([len(k.octets) for k in drawn], [64] * 6, "octets")
        equal(b.text("env").split(), [
            x for i in (0, 2, 4) for x in (a.sae, session, *ids[i:i + 2])],
            "what the command was told")
        equal([json.loads(x) for x in said(l, "stdout").splitlines()],
              [{"session_ID": session, "source": a.sae, "key_IDs":
                ids[i:i + 2]} for i in (0, 2, 4)], "what listen printed")
    say("keys for commands")


def places(net, a, b):
    """Files and formats."""
    l = b.listen("-o", b.path("key"), "-f", "hex", "--count", "2")
    out, err = a.run("session", b.sae, "-f", "raw", "-o", a.path("key"),
                     "--json")
    j = json.loads(out)
    equal((set(j), len(j["key_IDs"]), err), ({"session_ID", "key_IDs"}, 1,
                                             ""), "--json")
    wait_for("the file", lambda: b.text("key"))
    with open(a.path("key"), "rb") as f:
        equal(f.read().hex() + "\n", b.text("key"), "the keys in the files")
    for x in (a, b):
        equal(stat.S_IMODE(os.stat(x.path("key")).st_mode), 0o600, "mode")
    out, err = a.run("session", "--session", j["session_ID"].upper(), "-f",
                     "base64", "--", "sh", "-c",
                     'cat; echo "$QKDNODE_SESSION_ID"')
    equal(err, "", "stderr of a session that goes on")
    key, session, key_id = out.decode().split()
    ended(l)
    equal((base64.b64decode(key).hex() + "\n", session, key_id),
          (b.text("key"), j["session_ID"],
           said(l, "stdout").split()[-1]), "the second key")
    say("files and formats")


def by_request(net, a, b):
    """get and fetch through this door, and from door to door."""
    for x, y in ((a, b), (Tool(net, a.sae), b), (a, Tool(net, b.sae))):
        out, _ = x.run("get", "--slave", b.sae, "-n", "3", "-o", "-",
                       "--mandatory", 'qkdnode_route_type="direct"')
        ids = [k.id for k in net.oracle.drawn(a.sae, b.sae, json.loads(out),
                                              3, 256)]
        check("direct" in out.decode(), "no key_extension: %s" % out)
        out, _ = y.run("fetch", "--master", a.sae, "-", "-o", "-", "-r", "5",
                       stdin="\n".join(ids).encode())
        net.oracle.fetched(b.sae, ids, json.loads(out))
    for words, code, word in (
            (["get", "--slave", "SAE-Z1"], 2, "SAE-Z1"),
            (["get", "--slave", b.sae, "-s", "257"], 2, "multiple of 8"),
            (["get", "--slave", b.sae, "--also", "SAE-C1"], 1, "several"),
            (["fetch", "--master", b.sae, UNKNOWN], 2, "not_found")):
        out, err = a.run(*words, "-o", "-", code=code)
        check(not out and word in err, "%s: %s" % (words, err))
    out, err = Shell(net, "SAE-X").run("get", "--slave", b.sae, "-o", "-",
                                       code=2)
    check(not out and "SAE-X.crt" in err, err)
    net.oracle.verdict()
    say("upon request")


def misuse(a):
    for words, word in (
            (["session", "-o", "-"], "with whom"),
            (["session", "SAE-B1"], "--out FILE"),
            (["session", "SAE-B1", "x", "-o", "-"], "not expected"),
            (["session", "SAE-B1", "--session", UNKNOWN, "-o", "-"],
             "with whom"),
            (["session", "--session", UNKNOWN, "--limit", "1", "-o", "-"],
             "new one"),
            (["session", "--session", "x", "-o", "-"], "x"),
            (["session", "SAE-B1", "-o", "-", "--json"], "standard output"),
            (["session", "SAE-B1", "-o", "-", "--every", "0"], "expected"),
            (["session", "SAE-B1", "-o", "-", "--also", "SAE-C1"],
             "not an option"),
            (["session", "SAE-B1", "-o", "-", "--door", "https"], "q4161"),
            (["listen", "-o", "-", "--door", "https"], "q4161"),
            (["listen", "x", "-o", "-"], "not expected"),
            (["listen", "--slave", "x", "-o", "-"], "not an option"),
            (["status", "--slave", "SAE-B1"], "https"),
            (["listen", "-o", "-", "--door", "ftp"], "ftp")):
        out, err = a.run(*words, code=1)
        check(not out and word in err, "%s: %s" % (words, err))
    say("misuse")


def refusals(net, a, b):
    """A command that fails refuses; both ends are without keys then."""
    out, err = a.run("session", b.sae, "-o", "-", code=3)
    check(not out and "unavailable" in err, err)
    l = b.listen("--from", a.sae, "--", "sh", "-c",
                 'cat >>seen; [ ! -e "$0" ] || exit 5', b.path("fail"))
    out, err = Shell(net, "SAE-A2").run("session", b.sae, "-o", "-", code=2)
    check(not out and "SAE-A2" in err and "rejected" in err, err)
    open(b.path("fail"), "w").close()
    out, err = a.run("session", b.sae, "-n", "2", "--", *APPEND,
                     a.path("never"), code=2)
    check(not out and "could not take the keys" in err, err)
    equal((a.text("never"), said(l, "stdout")), ("", ""), "keys refused")
    void = containers(b.text("seen"))
    equal(len(void), 2, "keys that were brought")
    for x in (b, Tool(net, b.sae)):
        x.run("fetch", "--master", a.sae, void[0]["key_ID"], "-o", "-",
              code=2)
    os.unlink(b.path("fail"))
    session = json.loads(a.run("session", b.sae, "--limit", "3", "-n", "2",
                               "--json", "--", "true")[0])["session_ID"]
    out, _ = a.run("session", "--session", session, "-o", "-")
    supplied(net, a.sae, b.sae, containers(out.decode()),
             containers(b.text("seen"))[-1:], 1)
    for who, which in ((a, session), (Shell(net, "SAE-A2"), session),
                       (a, UNKNOWN)):
        out, _ = who.run("session", "--session", which, "-o", "-", *(
            ("--every", "1") if which == UNKNOWN else ()), code=2)
        equal(out, b"", "keys of session %s" % which)
    err = stop(l)
    check("ended with 5" in err and "session with SAE-A2 was refused" in err,
          err)
    l = b.listen("--", "/no/such")
    out, err = a.run("session", b.sae, "-o", "-", code=2)
    check("could not take" in err, err)
    stop(l)
    say("refusals")


def endings(net, a, b):
    """--timeout, SIGTERM while nothing happens and while a command runs."""
    l = b.begin("listen", "--timeout", "1", "-o", "-")
    check("no keys came" in ended(l, 3), "--timeout")
    stop(b.listen("-o", "-"))
    l = b.listen("--", "sh", "-c", 'cat >seen; touch begun; sleep 1; '
                 'touch finished')
    s = a.begin("session", b.sae, "-o", "-")
    wait_for("the command", lambda: os.path.exists(b.path("begun")))
    stop(l)
    check(os.path.exists(b.path("finished")), "the command was cut short")
    ended(s)
    supplied(net, a.sae, b.sae, containers(said(s, "stdout")),
             containers(b.text("seen")), 1)
    s = a.begin("session", b.sae, "--every", "1", "--limit", "2", "--",
                *APPEND, a.path("every"))
    wait_for("a failure", lambda: "not connected" in said(s, "stderr"))
    l = b.listen("--", *APPEND, b.path("every"))
    wait_for("five keys", lambda: a.text("every").count("\n") >= 5)
    stop(s)
    stop(l)
    check(len(set(re.findall(r"session (\S+) with", said(s, "stderr")))) >= 3,
          "a limit of 2: " + said(s, "stderr"))
    supplied(net, a.sae, b.sae, containers(a.text("every")),
             confirmed(a, b, "every"))
    out, err = a.run("session", b.sae, "--retry", "1", "-o", "-", code=3)
    say("ends in order")


def killed(net, a, b):
    """kill -9 of listen with keys in its hands: another one gets them in
    time, or nobody does; then of ksa at either end."""
    hold = ("sh", "-c", 'cat >"$0.new"; mv "$0.new" "$0"; exec sleep 60')
    for again in (True, False):
        l = b.listen("--", *hold, b.path("held"), start_new_session=True)
        s = a.begin("session", b.sae, "-o", "-")
        held = containers(wait_for("keys", lambda: b.text("held")))
        os.killpg(l.pid, signal.SIGKILL)
        l.wait(10)
        if again:
            l = b.listen("--once", "--", *APPEND, b.path("after"))
            ended(s)
            ended(l)
            equal(containers(b.text("after")), held, "what the second got")
            supplied(net, a.sae, b.sae, containers(said(s, "stdout")), held,
                     1)
        else:
            check("unavailable" in ended(s, 3), said(s, "stderr"))
            equal(said(s, "stdout"), "", "keys that nobody confirmed")
        os.unlink(b.path("held"))
    l = b.listen("--", *APPEND, b.path("through"))
    s = a.begin("session", b.sae, "--every", "1", "--", *APPEND,
                a.path("through"))
    for node in ("b", "a"):
        before = a.text("through").count("\n")
        wait_for("a key", lambda: a.text("through").count("\n") > before)
        net.do("kill", node, "ksa")
        net.do("start", node, "ksa")
        before = a.text("through").count("\n")
        wait_for("keys again", lambda: a.text("through").count("\n") >
                 before + 1, 30)
    stop(s)
    stop(l)
    check(said(l, "stderr").count("trying again") == 1, said(l, "stderr"))
    supplied(net, a.sae, b.sae, containers(a.text("through")),
             confirmed(a, b, "through"))
    say("kill -9")


def memory(net, a, b):
    """While a command has the key, it is in locked memory and nowhere else
    in qkdctl, at either end."""
    wait = ("sh", "-c", 'cat >"$0.new"; mv "$0.new" "$0"; '
            'while [ ! -e "$1" ]; do sleep 0.05; done')
    l = b.listen("--once", "-f", "raw", "--", *wait, b.path("raw"),
                 b.path("go"))
    s = a.begin("session", b.sae, "-f", "raw", "--", *wait, a.path("raw"),
                a.path("go"))
    for x, p in ((b, l), (a, s)):
        wait_for("the command", lambda: os.path.exists(x.path("raw")))
        needles = Needles(stride=1)
        with open(x.path("raw"), "rb") as f:
            needles.add(f.read(), "the key")
        found = {True: 0, False: 0}
        for data, locked in mappings(p.pid):
            found[locked] += bool(needles.search(data))
        check(found[True] > 0, "the search does not find the key at all")
        equal(found[False], 0, "mappings with a key that are not locked")
        open(x.path("go"), "w").close()
        ended(p)
    say("memory")


def examples():
    """Command lines of qkdctl sae in the manual page, as they stand."""
    with open(os.path.join(ROOT, "doc", "man", "qkdctl.1")) as f:
        blocks = re.findall(r"^\.nf\n(.*?)^\.fi$", f.read(), re.M | re.S)
    for b in blocks:
        for old, new in (("\\-", "-"), ("\\e", "\\"), ("\\(aq", "'")):
            b = b.replace(old, new)
        check(not re.search(r"\\[^\n]", b), "an escape is left: " + b)
        for line in b.replace("\\\n", "").splitlines():
            if "qkdctl sae" in line:
                yield " ".join(line.split())


WG = """#!/bin/sh
[ "$1 $2 $3 $4 $5" = "set wg0 peer $PEER preshared-key" ] || exit 1
cat "$6" >>wg
"""


def manual(net, a, b):
    """The examples of the manual page; names are what is replaced."""
    where = os.path.join(net.base, "bin")
    os.mkdir(where)
    os.symlink(QKDCTL, os.path.join(where, "qkdctl"))
    with open(os.path.join(where, "wg"), "w") as f:
        f.write(WG)
    os.chmod(f.name, 0o755)
    env = {"PATH": where + ":" + os.environ["PATH"], "PEER": "x=/+"}
    seen = []
    for line in examples():
        verb = line.split()[2]
        x = b if verb in ("fetch", "listen") else a
        line = line.replace("vpn-a", a.sae).replace("vpn-b", b.sae)
        if verb in ("get", "listen"):
            for y in (a, b):            # each pair begins with nothing
                for name in os.listdir(y.dir):
                    if name[0] not in "0123456789" or name.endswith(".json"):
                        os.unlink(y.path(name))
        p = shell(x, line, env)
        if verb == "listen":
            wait_for("listen", lambda: "waiting for" in said(p, "stderr"))
            listener = p
            continue
        if "--every" in line:
            wait_for("a key", lambda: a.text("wg"))
            stop(p)
        else:
            ended(p)
        env["KEY_ID"] = said(p, "stdout").strip()
        if verb == "session":
            ended(listener) if "--once" in " ".join(listener.args) else \
                stop(listener)
        if verb != "get":
            same(a, b, line)
            seen.append(verb)
    equal(seen, ["fetch", "session", "session", "session"], "examples")
    say("the manual page's examples")


def shell(x, line, env):
    x.n += 1
    out = {name: open(x.path("%d.%s" % (x.n, name)), "wb")
           for name in ("stdout", "stderr")}
    p = subprocess.Popen(["bash", "-c", "exec " + line], cwd=x.dir,
                         env=dict(x.env, **env), stdin=subprocess.DEVNULL,
                         **out)
    p.tool, p.n = x, x.n
    ALL.append(p)
    return p


def same(a, b, line):
    """What both ends have afterwards is the same."""
    mine, theirs = (sorted(open(x.path(name), "rb").read()
                           for name in os.listdir(x.dir)
                           if not re.match(r"\d+\.std", name))
                    for x in (a, b))
    check(mine and all(mine), "nothing was written by " + line)
    equal(mine, theirs, line)


def main():
    net = Net("abc", ["a-b", "b-c"], settings=[
        "ksa.session_answer_wait=4000"])
    a, b = Shell(net, "SAE-A1"), Shell(net, "SAE-B1")
    try:
        keys(net, a)
        places(net, a, b)
        by_request(net, a, b)
        misuse(a)
        refusals(net, a, b)
        endings(net, a, b)
        if not SHORT:   # a sanitizer's own memory is too much to look at
            memory(net, a, b)
        killed(net, a, b)
        manual(net, Shell(net, "SAE-A2"), Shell(net, "SAE-C2"))
        net.settle()
    finally:
        for p in ALL:
            if p.poll() is None:
                p.kill()


run(main)
