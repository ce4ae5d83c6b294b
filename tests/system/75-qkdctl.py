#!/usr/bin/python3
"""What an operator asks with qkdctl: each command against real states (a
module dark, a pool dry, a node down, daemons killed and hanging), what it
says to do, its exit code, and its JSON as the manual page has it; members of
the group may look and not change, others neither."""
import errno
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import ak
from akapp import accept, application
from lib import BUILD, ROOT, Net, check, equal, run, say, wait_for
from sessionbook import Book

sys.path.insert(0, os.path.join(ROOT, "tests", "netlib"))
from plan import OPERATORS    # noqa: E402

QKDCTL = os.path.join(BUILD, "ctl", "qkdctl")
PAGE = os.path.join(ROOT, "doc", "man", "qkdctl.1")
COMPLETION = os.path.join(ROOT, "ctl", "bash-completion", "qkdctl")
LISTS = ("links", "pools", "peers", "routes", "saes", "sessions", "keys")
SETTINGS = ["pool_low=16384", "pool_high=32768", "link_stock_max=16",
            "relay_wait=500"]
OPERATOR, STRANGER = 60998, 60997       # uids
OK, WARNING, CRITICAL, UNKNOWN = range(4)


def as_user(uid, gid):
    return {"user": uid, "group": gid, "extra_groups": []}


class Node:
    """qkdctl at one node."""

    def __init__(self, net, name, run_dir=None):
        self.net, self.name = net, name
        self.run_dir = run_dir or net.option(name, "kma", "run_dir")

    def words(self, *words):
        return [QKDCTL, "-r", self.run_dir, *words]

    def run(self, *words, **who):
        return subprocess.run(self.words(*words), text=True, timeout=60,
                              stdin=subprocess.DEVNULL, cwd="/",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              **who)

    def ask(self, *words, code=0, **who):
        p = self.run(*words, **who)
        equal(p.returncode, code, "exit status of qkdctl %s: %s%s" % (
            " ".join(words), p.stdout, p.stderr))
        return p.stdout

    def json(self, *words, code=0):
        return json.loads(self.ask("-j", *words, code=code))

    def verdict(self):
        p = self.run("-j", "status")
        v = json.loads(p.stdout)
        equal(p.returncode, v["code"], "exit status and code")
        return v

    def await_verdict(self, code, text, finding=None, seconds=30):
        """Until it is so; the remedy of the finding."""
        def so():
            v = self.verdict()
            last.append(v)
            found = [f for f in v["findings"] if finding is None or
                     finding in f["what"]]
            return v["code"] == code and text in v["verdict"] and \
                (finding is None or found) and (found or [{"remedy": ""}])
        last = []
        try:
            return wait_for("", so, seconds)[0]["remedy"]
        except AssertionError:
            raise AssertionError("expected %d, %s, %s; got %s" % (
                code, text, finding, json.dumps(last[-1], indent=1)))


def healthy(node):
    node.await_verdict(OK, "KME-A supplies keys to 2 of 2 nodes")
    text = node.ask("status")
    equal(text.splitlines()[0], "KME-A supplies keys to 2 of 2 nodes",
          "the first line")
    for word in ("note: kma: keys of link a-b are SIMULATED", "KME-C",
                 "qkdmod-a-b", "CERTIFICATE"):
        check(word in text, "status without %s: %s" % (word, text))
    check(len(text.splitlines()) < 40, "more than one screen: " + text)
    check("\033" not in text, "colours without a terminal")
    return {name: node.json(name) for name in LISTS}


def rows(answers):
    links, peers = answers["links"]["links"], answers["peers"]["peers"]
    equal([(x["link"], x["peer"], x["state"], x["module_connected"])
           for x in links], [("a-b", "KME-B", "up", True)], "links")
    equal({(p["peer"], p["direction"]) for p in answers["pools"]["pools"]},
          {("KME-A", "out"), ("KME-B", "out"), ("KME-B", "in"),
           ("KME-C", "out"), ("KME-C", "in")}, "pools")
    equal([(p["peer"], p["neighbour"], p["kx"], p["channel"],
            p["applications"]) for p in peers],
          [("KME-B", True, True, True, 2), ("KME-C", False, None, True, 2)],
          "peers")
    check(peers[0]["certificate_expires_ms"] > time.time() * 1000,
          "the certificate of KME-B: %s" % peers[0])
    equal([(r["to"], r["route"]) for r in answers["routes"]["routes"]],
          [("KME-B", "KME-A,KME-B"), ("KME-C", "KME-A,KME-B,KME-C")],
          "routes")
    equal({s["application"]: s["node"] for s in answers["saes"]["saes"]},
          {"SAE-%s%d" % (n, i): "KME-" + n for n in "ABC" for i in (1, 2)},
          "applications")
    equal(answers["sessions"]["sessions"], [], "sessions")


def keys(net, a, b):
    drawn = net.pair("SAE-A1", "SAE-B1", 3, 512)
    for node, direction, state in ((a, "issued", {"bound", "unacknowledged"}),
                                   (b, "received", {"fetched", "erased"})):
        row = node.json("keys")["keys"][0]
        equal((row["direction"], row["master"], row["slaves"], row["keys"],
               row["octets"]), (direction, "SAE-A1", ["SAE-B1"], 3, 64),
              "the last request")
        check(row["state"] in state, "state %s" % row["state"])
        check(all(k.id.startswith(row["key_IDs"][:18]) for k in drawn),
              "%s are not %s" % ([k.id for k in drawn], row["key_IDs"]))
    for _ in range(60):
        net.draw("SAE-A1", "SAE-B1")
    first = a.json("keys")
    equal((len(first["keys"]), first["more"]), (50, True), "a page of keys")
    last = first["keys"][-1]["request"]
    second = a.json("keys", "--before", str(last))
    check(second["keys"][0]["request"] < last and not second["more"],
          "the page after %d: %s" % (last, second["keys"][0]))
    check("more: qkdctl keys --before %d" % last in a.ask("keys"),
          "the table does not tell how to go on")
    equal(net.client("SAE-A1").status("SAE-B1")[0], 200, "a connection")


def sessions(net, a, b):
    book = Book(net)
    source, destination = (application(net, sae, book=book)
                           for sae in ("SAE-A1", "SAE-B1"))
    try:
        for app in (source, destination):   # its KM knows of its line
            app.line.ask(ak.KEY_REQUEST_WITH_ID, b"{}")
            app.on = {ak.SESSION_NOTIFY: accept, ak.SUPPLY: accept}
        session = source.session("SAE-B1", 9, application_name="vpn")
        source.keys(session, 2)
        for node, here in ((a, (True, False)), (b, (False, True))):
            row = node.json("sessions")["sessions"][0]
            equal((row["session"], row["source"], row["destination"],
                   row["state"], row["keys"], row["max_keys"], row["name"]),
                  (session, "SAE-A1", "SAE-B1", "open", 2 if here[0] else
                   None, 9, "vpn"), "row")
            equal((row["source_here"], row["destination_here"]), here, "here")
        equal({x["application"]: x["connections"] for x in
               a.json("saes")["saes"] if x["local"]},
              {"SAE-A1": 1, "SAE-A2": 0}, "connections")
        row = a.json("keys")["keys"][0]
        equal((row["session"], row["keys"]), (session, 2), "its keys")
        return a.json("sessions")
    finally:
        source.close()
        destination.close()


def documented(node, answers):
    """Each field of each command stands in the manual page, whose examples
    work."""
    with open(PAGE) as f:
        page = f.read().replace("\\-", "-")

    def walk(value, where):
        if isinstance(value, list):
            for v in value:
                walk(v, where)
        elif isinstance(value, dict):
            for name, v in value.items():
                check(re.search(r"\b%s\b" % re.escape(name), page),
                      "qkdctl.1 does not say what %s of %s is" % (
                          name, where))
                walk(v, where)
    walk(node.verdict(), "status")
    walk(json.loads(node.ask("events", "-j", "-n", "1")), "events")
    for name, answer in answers.items():
        walk(answer, name)
    looks = "status|watch|events|peers|pools|ksa|kma"
    examples = re.findall(r"^qkdctl ((?:-j )?(?:%s)\b.*)$" % looks,
                          page.split(".SH EXAMPLES")[1], re.M)
    check(len(examples) > 5, "examples: %s" % examples)
    for line in examples:
        words = line.split("|")[0].split()
        node.ask(*words, *(["-n", "1"] if words == ["watch"] else []))


def usage(node):
    for words, code in ((["status", "more"], UNKNOWN), (["links", "--no"], 2),
                        (["keys", "-b", "x"], 2), (["events", "-n", "0"], 2),
                        (["links", "-f"], 2), ([], 2), (["kma"], 2),
                        (["links", "--help"], 0), (["kma", "--help"], 0),
                        (["route", "--help"], 0), (["backup", "--help"], 0),
                        (["restore", "--help"], 0), (["restore"], 2),
                        (["status", "-h"], 0), (["nobody", "status"], 3),
                        (["route", "set"], 2), (["link", "add", "a b"], 2),
                        (["peer", "add", "KME-X"], 2),
                        (["kma", "nothing"], 1)):
        node.ask(*words, code=code)
    p = subprocess.run([QKDCTL, "-r", "/nonexistent", "status"], text=True,
                       stdout=subprocess.PIPE)
    check(p.returncode == UNKNOWN and p.stdout.startswith("no QKD node runs "
          "here: there is no /nonexistent\n"), "elsewhere: %s" % p)


def nobody_there():
    for words in (["watch", "-n", "1"], ["watch", "-j", "-n", "1"]):
        p = subprocess.run([QKDCTL, "-r", "/nonexistent", *words],
                           stdout=subprocess.DEVNULL)
        equal(p.returncode, 3, "%s with no daemon there" % words)


def who_may(node):
    if os.geteuid() != 0:
        return
    group = as_user(OPERATOR, OPERATORS)
    for name in ("status", *LISTS, "events"):
        node.ask(name, **group)
    p = node.run("kma", "route", "clear", "KME-B", **group)
    check(p.returncode == 1 and "only root may do this" in p.stderr,
          "the group changes: %s" % p)
    stranger = as_user(STRANGER, STRANGER)
    p = node.run("status", **stranger)
    check(p.returncode == UNKNOWN and "usermod -aG qkdnode" in p.stdout and
          p.stdout.startswith("the state of this node is unknown"),
          "a stranger: %s" % p)
    for name in (*LISTS, "events"):
        p = node.run(name, **stranger)
        check(p.returncode == 3 and "usermod -aG qkdnode" in p.stderr and
              "KME" not in p.stdout, "a stranger: %s" % p)


def read_pty(fd, until, seconds=60):
    data, end = b"", time.monotonic() + seconds
    while not until(data) and time.monotonic() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                data += os.read(fd, 65536)
            except OSError as e:
                if e.errno == errno.EIO:    # the other end has closed
                    break
                raise
    return data


def on_terminal(words, until, key=None, **env):
    """What a terminal sees, and the exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update({"TERM": "xterm", "LC_ALL": "C.UTF-8", **env})
        os.execv(words[0], words)
    data = read_pty(fd, until)
    if key:
        os.write(fd, key)
    data += read_pty(fd, lambda _: False)       # until it ends
    os.close(fd)
    return data.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def terminal(node):
    text, code = on_terminal(node.words("status"), lambda _: False)
    check(code == 0 and text.startswith("\033[32mKME-A supplies"),
          "colours on a terminal: %r" % text)
    text, code = on_terminal(node.words("status"), lambda _: False,
                             NO_COLOR="1")
    check(code == 0 and "\033" not in text, "NO_COLOR: %r" % text)
    text, code = on_terminal(
        node.words("watch"), lambda d: d.count(b"LAST 30 s") >= 4, b"q")
    check(code == 0 and "\u2581" in text and text.count("\033[H") >= 2 and
          text.endswith("\033[?25h\033[?1049l"), "watch: %r" % text)
    text = node.ask("watch", "-n", "2", env=dict(os.environ, LC_ALL="C"))
    equal(text.count("supplies keys to"), 2, "frames")
    check("\033" not in text and text.isascii(), "a plain frame: " + text)
    frame = json.loads(node.ask("watch", "-j", "-n", "1"))
    check(frame["code"] == 0 and len(frame["pools"]) == 5, frame)


def events(net, node):
    text = node.ask("events").splitlines()
    times = [x[:23] for x in text]
    equal(times, sorted(times), "times of events")
    for word in ("kma: ", "relayd: Kx peer up peer=KME-B", "ksa: serving"):
        check(any(word in x for x in text), "no event %s" % word)
    p = subprocess.Popen(node.words("events", "-f", "-n", "1"), text=True,
                         stdout=subprocess.PIPE)
    try:
        p.stdout.readline()
        node.ask("relayd", "peer", "KME-B", "down")
        node.ask("relayd", "peer", "KME-B", "up")
        for _ in range(20):
            line = p.stdout.readline()
            if "peer set by operator" in line:
                break
        check("peer set by operator" in line, "followed: " + line)
    finally:
        p.kill()
        p.wait()
    node.await_verdict(OK, "2 of 2 nodes")


def complete(node, *words):
    script = ("source %s; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
              "_qkdctl; printf '%%s\\n' \"${COMPREPLY[@]}\"" % COMPLETION)
    p = subprocess.run(["bash", "-c", script, "bash", *node.words(*words)],
                       text=True, stdout=subprocess.PIPE, check=True)
    return set(p.stdout.split())


def json_behind(node):
    """-j is heard behind a daemon's command too."""
    for words in (["kma", "status"], ["ksa", "help"], ["route"]):
        for option in ("-j", "--json"):
            text = node.ask(*words, option)
            equal((json.loads(text).keys(), text.count("\n")),
                  (node.json(*words).keys(), 1), "%s %s" % (words, option))


def completion(node):
    check({"status", "watch", "kma", "qkdmod-a-b"} <= complete(node, ""),
          "first words: %s" % complete(node, ""))
    equal(complete(node, "sta"), {"status"}, "sta")
    check({"route", "status", "help"} <= complete(node, "kma", ""), "kma")
    equal(complete(node, "route", ""), {"set", "clear"}, "route")
    check({"--json", "-f", "-n"} <= complete(node, "events", "-"), "events")
    check("a-b" in complete(node, "link", ""), "link")
    check({"verify", "--store"} <= complete(node, "audit", ""), "audit")


def captured_daemon_completes_nothing(net):
    """The shell expands the words that a command is completed from."""
    place = tempfile.mkdtemp(dir=net.dir)
    mark = os.path.join(place, "run")
    os.mkdir(os.path.join(place, "ctl-kma"))
    bad = Node(net, "a", place)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(os.path.join(place, "ctl-kma", "sock"))
        s.listen()
        t = threading.Thread(target=answer_help, daemon=True, args=(
            s, "honest  is a command\n$(touch${IFS}%s)  another" % mark))
        t.start()
        words = complete(bad, "kma", "")
        t.join(10)
    check("honest" in words, "words of a daemon: %s" % words)
    check(not os.path.exists(mark), "a daemon's word was run")


def answer_help(listening, text):
    with listening.accept()[0] as s:
        s.recv(100)
        s.sendall(json.dumps({"help": text}).encode() + b"\n")


def module_dark(net, a):
    net.do("stop", "a", "qkdmod:a-b")
    remedy = a.await_verdict(WARNING, "2 of 2 nodes",
                             "its qkdmod is not connected")
    equal(remedy, "systemctl status qkdnode-qkdmod@a-b; "
          "journalctl -u qkdnode-qkdmod@a-b", "remedy")
    check(not a.json("links")["links"][0]["module_connected"], "links")
    check("qkdctl: " in a.run("qkdmod-a-b", "status").stderr, "its socket")
    net.do("start", "a", "qkdmod:a-b")
    a.await_verdict(OK, "2 of 2 nodes")


def pool_of(node):
    """What supplies applications of KME-B."""
    return next(p for p in node.json("pools")["pools"] if (
        p["peer"], p["direction"]) == ("KME-B", "out"))


def drain(net):
    """Takes what there is; whether anything was there."""
    c, found = net.client("SAE-A1"), False
    for number, bits in ((16, 512), (1, 256)):
        while (answer := c.enc("SAE-B1", number, bits))[0] == 200:
            net.oracle.drawn("SAE-A1", "SAE-B1", answer[1], number, bits)
            found = True
    return found


def pool_dry(net, a):
    net.link("a-b", "dark")
    # More may come: what the link had in stock.
    wait_for("a dry pool", lambda: not drain(net) and
             pool_of(a)["octets"] == 0)
    remedy = a.await_verdict(WARNING, "supplies keys to 1 of 2 nodes",
                             "no key for KME-B")
    check("qkdctl links" in remedy, remedy)
    equal((pool_of(a)["octets"], pool_of(a)["keys"]), (0, 0), "the dry pool")
    net.link("a-b", "up")
    a.await_verdict(OK, "2 of 2 nodes", seconds=40)


def node_down(net, a):
    net.do("stop", "c")
    remedy = a.await_verdict(WARNING, "2 of 2 nodes",
                             "KM KME-C cannot be reached")
    equal(remedy, "is KME-C up? qkdctl peers; qkdctl routes", "remedy")
    equal([p["reachable"] for p in a.json("peers")["peers"]], [True, False],
          "reachable")
    net.do("start", "c")
    a.await_verdict(OK, "2 of 2 nodes", seconds=40)


def daemons_down(net, a):
    net.do("kill", "a", "relayd")
    remedy = a.await_verdict(CRITICAL, "relayd does not answer", "refused")
    equal(remedy, "systemctl start qkdnode-relayd; "
          "journalctl -u qkdnode-relayd", "remedy")
    a.ask("peers", code=3)
    net.do("start", "a", "relayd")
    net.do("kill", "a", "ksa")
    a.await_verdict(CRITICAL, "KME-A supplies no keys: ksa does not answer")
    a.ask("pools", code=3)
    net.do("start", "a", "ksa")
    a.await_verdict(OK, "2 of 2 nodes", seconds=40)
    kma = net.pid("a", "kma")
    os.kill(kma, signal.SIGSTOP)
    try:
        begin = time.monotonic()
        remedy = a.await_verdict(CRITICAL, "kma does not answer",
                                 "the daemon hangs")
        check(time.monotonic() - begin < 20, "status waits for ever")
        check("systemctl restart qkdnode-kma" in remedy, remedy)
    finally:
        os.kill(kma, signal.SIGCONT)
    a.await_verdict(OK, "2 of 2 nodes", seconds=40)


def main():
    net = Net("abc", ["a-b", "b-c"], rate=800000, settings=SETTINGS)
    a, b = Node(net, "a"), Node(net, "b")
    answers = healthy(a)
    rows(answers)
    keys(net, a, b)
    answers["keys"] = a.json("keys")
    answers["sessions"] = sessions(net, a, b)
    documented(a, answers)
    usage(a)
    nobody_there()
    who_may(a)
    say("lists, usage, permissions")
    terminal(a)
    events(net, a)
    json_behind(a)
    completion(a)
    captured_daemon_completes_nothing(net)
    say("terminal, events, completion")
    pool_dry(net, a)
    module_dark(net, a)
    say("pool dry, module dark")
    node_down(net, a)
    daemons_down(net, a)
    say("node and daemons down")
    net.settle()


run(main)
