"""What the system tests share: the network, HTTPS clients, load.

Each test is a script that calls run(main). Exit code: 0 passed, 77 skipped,
anything else failed. The network lives under a directory of its own, which is
removed when the test has passed and kept otherwise.
"""
import glob
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

from oracle import Oracle

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "tests", "netlib"))     # hosts
BUILD = os.environ.get("QKDNODE_BUILD", os.path.join(ROOT, "build"))
SHORT = bool(os.environ.get("QKDNODE_SHORT"))   # under sanitizers
GONE = (OSError, http.client.HTTPException)      # no answer
# Limits are written for an idle machine and there to find what hangs: a busy
# one has so many times as long.
PATIENCE = 4 if SHORT else 3
LIMIT_S = 720           # of a whole test, unless it asks for more


class Skip(Exception):
    pass


def say(*text):
    print("[%6.2f]" % (time.monotonic() - START), *text, flush=True)


START = time.monotonic()


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def equal(got, wanted, text):
    check(got == wanted, "%s: %r, expected %r" % (text, got, wanted))


def wait_for(what, condition, seconds=20, pause=0.1):
    """Waits until condition() is true and returns it."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %d s for %s" % (
                seconds * PATIENCE, what))
        time.sleep(pause)


class Client:
    """One application's keep-alive connection to its node."""

    def __init__(self, address, ca, cert=None, key=None, timeout=15):
        ctx = ssl.create_default_context(cafile=ca)
        if cert:
            ctx.load_cert_chain(cert, key)
        host, port = address.rsplit(":", 1)
        self.http = http.client.HTTPSConnection(host, int(port), context=ctx,
                                                timeout=timeout)
        self.headers = {}

    def request(self, method, path, body=None):
        """(status, JSON or text). A connection that broke: OSError or
        HTTPException; the next call dials anew."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        try:
            self.http.request(method, path, body,
                              {"Content-Type": "application/json"}
                              if body is not None else {})
            r = self.http.getresponse()
            data = r.read()
        except GONE:
            self.http.close()
            raise
        self.headers = {k.lower(): v for k, v in r.getheaders()}
        try:
            return r.status, json.loads(data)
        except ValueError:
            return r.status, data.decode(errors="replace")

    def call(self, sae, what, body=None, query=None):
        path = "/api/v1/keys/%s/%s" % (urllib.parse.quote(sae, safe=""), what)
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.request("GET" if body is None else "POST", path, body)

    def status(self, slave):
        return self.call(slave, "status")

    def enc(self, slave, number=1, size=256):
        return self.call(slave, "enc_keys", {"number": number, "size": size})

    def dec(self, master, ids):
        return self.call(master, "dec_keys",
                         {"key_IDs": [{"key_ID": i} for i in ids]})

    def close(self):
        self.http.close()


class Net:
    """A test network and the checker that watches it."""

    def __init__(self, nodes, links, *, rate=None, settings=(), more=()):
        self.base = tempfile.mkdtemp(prefix="qkdnode-test.")
        os.chmod(self.base, 0o755)
        self.dir = os.path.join(self.base, "net")
        self.oracle = Oracle()
        words = ["up", "--dir", self.dir, "--nodes", ",".join(nodes),
                 "--links", ",".join(links)]
        if rate:
            words += ["--rate", str(rate)]
        for s in settings:
            words += ["--set", s]
        NETS.append(self)
        self.testnet(*words, *more)
        say("network is up:", ",".join(links))

    def testnet(self, *words):
        env = dict(os.environ, QKDNODE_BUILD=BUILD)
        p = subprocess.run([os.path.join(ROOT, "tests", "testnet"), *words],
                           env=env, stdin=subprocess.DEVNULL, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        check(p.returncode == 0, "testnet %s: exit %d\n%s" % (
            " ".join(words), p.returncode, p.stdout))
        return p.stdout

    def do(self, verb, node, daemon=None):
        """kill, stop or start."""
        return self.testnet(verb, "--dir", self.dir, node,
                            *([daemon] if daemon else []))

    def link(self, name, state):
        return self.testnet("link", "--dir", self.dir, name, state)

    @property
    def json(self):
        with open(os.path.join(self.dir, "testnet.json")) as f:
            return json.load(f)

    def pid(self, node, daemon):
        return self.json["nodes"][node]["pids"][daemon]

    def node_of(self, sae):
        return self.json["saes"][sae]["node"]

    def client(self, sae, **more):
        net = self.json
        s = net["saes"][sae]
        return Client(net["nodes"][s["node"]]["https"], net["ca"], s["cert"],
                      s["key"], **more)

    def conf(self, node, daemon):
        """The file with a daemon's configuration."""
        name = daemon.replace(":", "-") + ".conf"
        return os.path.join(self.json["nodes"][node]["etc"], name)

    def option(self, node, daemon, name):
        with open(self.conf(node, daemon)) as f:
            m = re.search(r'^\s*%s\s*[=:]\s*"?([^";\n]*)' % name, f.read(),
                          re.M)
        return m[1].strip() if m else None

    def ctl(self, node, daemon, line="status"):
        """One command on a daemon's control socket."""
        path = os.path.join(self.option(node, daemon, "run_dir"), "ctl-%s"
                            % daemon.replace(":", "-"), "sock")
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(path)
            s.sendall(line.encode() + b"\n")
            data = b""
            while True:
                more = s.recv(65536)
                data += more
                if not more or data.endswith(b"\n") and complete(data):
                    break
        return json.loads(data)

    def logs(self):
        return [p for p in glob.glob(self.dir + "/**/*", recursive=True)
                if p.endswith(".log") and os.path.isfile(p)]

    def down(self):
        """All ends by SIGTERM in time, or testnet says what does not."""
        if os.path.exists(os.path.join(self.dir, "testnet.json")):
            self.testnet("down", "--dir", self.dir)

    def all_alive(self):
        for node, n in self.json["nodes"].items():
            for daemon, pid in n["pids"].items():
                check(os.path.exists("/proc/%d" % pid),
                      "%s of %s has ended by itself" % (daemon, node))

    def draw(self, master, slave, number=1, size=256, client=None):
        """Keys for the checker; must succeed."""
        c = client or self.client(master)
        status, body = c.enc(slave, number, size)
        check(status == 200, "enc_keys %s to %s: %d %s" % (
            master, slave, status, body))
        return self.oracle.drawn(master, slave, body, number, size)

    def fetch(self, keys, client=None):
        """Fetches keys of one master and slave; must succeed."""
        c = client or self.client(keys[0].slave)
        ids = [k.id for k in keys]
        status, body = c.dec(keys[0].master, ids)
        check(status == 200, "dec_keys of %s from %s: %d %s" % (
            keys[0].slave, keys[0].master, status, body))
        self.oracle.fetched(keys[0].slave, ids, body)

    def pair(self, master, slave, number=1, size=256):
        keys = self.draw(master, slave, number, size)
        self.fetch(keys)
        return keys

    def await_supply(self, master, slave, seconds=30):
        """Waits until a key can be drawn and fetched."""
        def works():
            try:
                status, body = self.client(master).enc(slave)
            except GONE:
                return False
            check(status in (200, 503), "enc_keys: %d %s" % (status, body))
            if status != 200:
                return False
            keys.extend(self.oracle.drawn(master, slave, body, 1, 256))
            return True
        keys = []
        wait_for("supply from %s to %s" % (master, slave), works, seconds)
        self.settle(seconds, keys)

    def settle(self, seconds=40, keys=None):
        """Every key that a master got can be fetched by its slave."""
        end = time.monotonic() + seconds * PATIENCE
        left = keys or self.oracle.pending()
        while left:
            left = self._fetch_all(left)
            if left and time.monotonic() > end:
                self.oracle.fault("%d keys could not be fetched in %d s, "
                                  "such as %s from %s to %s" % (
                                      len(left), seconds * PATIENCE,
                                      left[0].id, left[0].master,
                                      left[0].slave))
                break
            if left:
                time.sleep(0.3)
        self.oracle.verdict()

    def _fetch_all(self, keys):
        """In batches of one master and slave; returns what is to be tried
        again."""
        again, batches = [], {}
        for k in keys:
            batches.setdefault((k.master, k.slave), []).append(k)
        for (_, slave), batch in batches.items():
            c = self.client(slave)
            for at in range(0, len(batch), 64):
                if fetch_keys(self.oracle, c, batch[at:at + 64]) == "again":
                    again += batch[at:at + 64]
        return again


def complete(data):
    try:
        json.loads(data)
        return True
    except ValueError:
        return False


def fetch_keys(oracle, client, keys):
    """done, again (503 or no answer), or failed (a fault was noted)."""
    ids, now = [k.id for k in keys], time.monotonic()
    try:
        status, body = client.dec(keys[0].master, ids)
    except GONE:
        for k in keys:
            k.tried = k.tried or now
        return "again"
    if status == 200:
        oracle.fetched(keys[0].slave, ids, body)
        return "done"
    if status == 503:
        return "again"
    if len(keys) > 1:           # which of them?
        fates = {fetch_keys(oracle, client, [k]) for k in keys}
        return "again" if "again" in fates else "done"
    # The answer to an earlier try may have been lost; the key can be had
    # again within the redelivery window only.
    if status == 400 and keys[0].tried and now - keys[0].tried > 25:
        keys[0].fetched = True
        return "done"
    oracle.fault("dec_keys of %s from %s for %s: %d %s" % (
        keys[0].slave, keys[0].master, ids[0], status, body))
    keys[0].fetched = True      # said once
    return "failed"


class Load:
    """Applications that draw and fetch until told to stop."""

    def __init__(self, net, pairs, *, workers=1, pause=0.004, number=4,
                 sizes=(128, 256, 512), tolerant=True):
        self.net, self.pairs, self.pause = net, pairs, pause
        self.number, self.sizes, self.tolerant = number, sizes, tolerant
        self.done = {p: 0 for p in pairs}       # keys fetched
        self.refused = {p: 0 for p in pairs}    # 503
        self.gone = {p: 0 for p in pairs}       # no answer
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._guard, args=(p,),
                                         daemon=True)
                        for p in pairs for _ in range(workers)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for t in self.threads:
            t.join(40)

    def _guard(self, pair):
        try:
            self._work(pair)
        except Exception:
            self.net.oracle.fault("load died: " + traceback.format_exc())

    def _work(self, pair):
        master, slave = pair
        m, s = self.net.client(master), self.net.client(slave)
        rnd = random.Random()
        while not self.ended.is_set():
            keys = self._draw(m, pair, rnd)
            if not keys:
                time.sleep(0.05)
            while keys and not self.ended.is_set():
                r = fetch_keys(self.net.oracle, s, keys)
                if r == "again":
                    self._count(self.gone, pair)
                    time.sleep(0.05)
                    continue
                if r == "done":
                    self.done[pair] += len(keys)
                break
            time.sleep(self.pause)

    def _count(self, what, pair):
        what[pair] += 1
        if not self.tolerant:
            self.net.oracle.fault("%s to %s: no key" % pair)

    def _draw(self, client, pair, rnd):
        number, size = rnd.randint(1, self.number), rnd.choice(self.sizes)
        try:
            status, body = client.enc(pair[1], number, size)
        except GONE:
            self._count(self.gone, pair)
            return None
        if status == 503:
            self._count(self.refused, pair)
            return None
        if status != 200:
            self.net.oracle.fault("enc_keys %s to %s: %d %s" % (
                *pair, status, body))
            return None
        return self.net.oracle.drawn(*pair, body, number, size)

    def await_progress(self, seconds=30, pairs=None):
        """Every pair draws and fetches again."""
        before = dict(self.done)
        end = time.monotonic() + seconds * PATIENCE
        waiting = list(pairs or self.pairs)
        while waiting:
            waiting = [p for p in waiting if self.done[p] == before[p]]
            check(not waiting or time.monotonic() < end,
                  "no supply within %d s: %s" % (seconds * PATIENCE,
                                                 waiting))
            time.sleep(0.05)
        self.net.oracle.verdict()

    def summary(self):
        return "%d keys fetched, %d refusals, %d without answer" % (
            sum(self.done.values()), sum(self.refused.values()),
            sum(self.gone.values()))


NETS = []


def _tails():
    for net in NETS:
        for path in sorted(net.logs()):
            with open(path, errors="replace") as f:
                lines = f.readlines()
            bad = [x for x in lines if re.match(r"<[0-4]>|.*\b(error|fatal|"
                                                r"ERROR|runtime)\b", x)]
            if bad:
                print("--- %s\n%s" % (path, "".join(bad[-8:])), end="")


def _end_others(net):
    """Programs of ours that a test started itself, with a file of this
    network in their words, and did not end: it failed."""
    for path in glob.glob("/proc/[0-9]*"):
        try:
            with open(path + "/cmdline") as f:
                words = f.read().split("\0")
            exe = os.readlink(path + "/exe")
            if any(net.base in w for w in words) and \
                    exe.startswith((BUILD, net.base)):
                os.kill(int(path[6:]), signal.SIGKILL)
                say("was still running:", *words[:6])
        except (OSError, ValueError):
            pass                        # has just ended, or is not ours


def _late(signum, frame):
    raise AssertionError("took longer than its limit")


def run(main, seconds=90):
    """Runs a test and exits."""
    signal.signal(signal.SIGALRM, _late)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.alarm(max(seconds, min(seconds * PATIENCE, LIMIT_S)))
    code, keep = 1, bool(os.environ.get("QKDNODE_KEEP"))
    try:
        main()
        for net in NETS:
            net.oracle.verdict()
            net.all_alive()
            net.down()
            crashed(net)
        code = 0
    except Skip as e:
        say("skipped:", e)
        code = 77
    except AssertionError as e:
        say("FAILED:", e)
        traceback.print_tb(e.__traceback__, limit=-3)
    except (KeyboardInterrupt, SystemExit):
        say("ended by a signal")
    except Exception:
        traceback.print_exc()
    signal.alarm(0)
    if code == 1:
        try:
            _tails()
        except Exception:
            traceback.print_exc()
    for net in NETS:
        try:
            net.down()
        except Exception as e:
            say("down:", e)
            code = 1
        _end_others(net)
        if code == 1 or keep:
            say("kept:", net.base)
        else:
            shutil.rmtree(net.base, ignore_errors=True)
    say({0: "passed", 77: "skipped"}.get(code, "failed"))
    sys.stdout.flush()
    os._exit(code)


FATAL = re.compile(r"(ERROR: (?!LeakS)\w+Sanitizer|runtime error:|"
                   r"\*\*\* stack smashing|free\(\): |malloc\(\): |"
                   r"Assertion .* failed).*")


def crashed(net):
    """What sanitizers, glibc and asserts write."""
    for path in net.logs():
        with open(path, errors="replace") as f:
            text = f.read()
        m = FATAL.search(text)
        check(not m, "%s: %s" % (path, m and m[0]))
        # nng 1.5 leaks the message that was on its way as a connection broke.
        for leak in re.split(r"(?m)^(?=Direct leak)", text)[1:]:
            check("libnng.so" in leak.split("\n\n")[0], "%s: %s" % (
                path, leak[:600]))


def need_root():
    if os.geteuid() != 0:
        raise Skip("needs root")
