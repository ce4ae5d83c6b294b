#!/usr/bin/python3
"""qkdctl serve: figures for Prometheus agree with what was done, strangers and
hanging daemons do no harm, and a browser shows the page: all of it, at any
width, light and dark, with nothing from elsewhere."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

import browser
import promtext
from lib import BUILD, ROOT, Net, check, equal, run, say, wait_for

KEYS = 7
NOBODY = 65534
MANUAL = "/usr/share/doc/qkdnode/operator.md"
QBER = 21000            # ppm, as the simulated modules say


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def operator(net, node):
    """As root: somebody who is only in the group of operators."""
    if os.geteuid() != 0:
        return {}
    run = os.path.join(net.dir, node, "run", "ctl-kma")
    return {"user": NOBODY, "group": NOBODY,
            "extra_groups": [os.stat(run).st_gid]}


class Server:
    def __init__(self, net, node="a", *more):
        self.port = free_port()
        self.log = os.path.join(net.dir, "serve.log")
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "ctl", "qkdctl"), "-r",
             os.path.join(net.dir, node, "run"), "serve", "--listen",
             "127.0.0.1:%d" % self.port, *more],
            stdin=subprocess.DEVNULL, stderr=open(self.log, "w"),
            **operator(net, node))
        try:
            wait_for("an answer of qkdctl serve", self.knows)
        except BaseException:
            self.kill()
            raise

    def get(self, path, method="GET", host=None, timeout=15):
        """(status, headers, body)"""
        c = http.client.HTTPConnection("127.0.0.1", self.port,
                                       timeout=timeout)
        try:
            c.request(method, path, headers={"Host": host} if host else {})
            r = c.getresponse()
            return r.status, dict(r.getheaders()), r.read().decode()
        finally:
            c.close()

    def knows(self):
        check(self.process.poll() is None, "qkdctl serve has ended")
        try:
            return self.get("/metrics")[0] == 200
        except OSError:
            return False

    def raw(self, octets, seconds=15):
        """What comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as s:
            s.settimeout(seconds)
            s.sendall(octets)
            data = b""
            while True:
                more = s.recv(65536)
                if not more:
                    return data
                data += more

    def metrics(self):
        status, headers, body = self.get("/metrics")
        equal(status, 200, "status of /metrics")
        equal(headers["Content-Type"],
              "text/plain; version=0.0.4; charset=utf-8", "its type")
        return promtext.parse(body)

    def value(self, name, **labels):
        return promtext.value(self.metrics(), name, **labels)

    def status(self):
        return json.loads(self.get("/api/status")[2])

    def kill(self):
        """Also of a test that failed."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def end(self):
        self.process.terminate()
        equal(self.process.wait(10), 0, "exit code of qkdctl serve")


# ---- figures

def figures_agree(net, server):
    before = server.value("qkdnode_enc_keys_total") or 0
    took = "qkdnode_request_seconds_count"
    requests = server.value(took, method="enc_keys") or 0
    keys = net.draw("SAE-A1", "SAE-C1", KEYS, 256)
    net.fetch(keys)
    status, _ = net.client("SAE-A1").enc("SAE-nobody")
    equal(status, 400, "an application that there is not")
    wait_for("the keys in the figures", lambda: server.value(
        "qkdnode_enc_keys_total") == before + KEYS)
    equal(server.value(took, method="enc_keys", interface="https"),
          requests + 2, "requests in the histogram")
    wait_for("the refusal in the figures", lambda: (server.value(
        "qkdnode_answers_total", interface="https", code="400") or 0) >= 1)
    m = server.metrics()
    for name, labels, wanted in [
            ("qkdnode_up", {"daemon": "kma"}, 1),
            ("qkdnode_up", {"daemon": "qkdmod-a-b"}, 1),
            ("qkdnode_ready", {"daemon": "ksa"}, 1),
            ("qkdnode_status", {}, 0),
            ("qkdnode_link_usable", {"link": "a-b"}, 1),
            ("qkdnode_link_qber_ratio", {"link": "a-b"}, QBER / 1e6),
            ("qkdnode_kx_peer_up", {"peer": "KME-B"}, 1),
            ("qkdnode_nodes_known", {}, 3),
            ("qkdnode_record_failures_total", {"daemon": "kma"}, 0),
            ("qkdnode_record_failures_total", {"daemon": "ksa"}, 0)]:
        equal(promtext.value(m, name, **labels), wanted, name)
    for name in ("qkdnode_relay_seconds_count",
                 "qkdnode_link_agreement_seconds_count"):
        check(promtext.value(m, name) > 0, name + " has not moved")
    for daemon in ("kma", "ksa"):
        check(promtext.value(m, "qkdnode_store_commit_seconds_count",
                             daemon=daemon) > 0, "commits of " + daemon)
        for name in ("rows", "oldest_row_age_seconds"):
            check(promtext.value(m, "qkdnode_record_" + name,
                                 daemon=daemon) > 0, name + " of " + daemon)
    for daemon in ("ksa", "relayd"):
        left = promtext.value(m, "qkdnode_certificate_left_seconds",
                              daemon=daemon, what="own")
        check(86400 < left < 4000 * 86400, "certificate of %s: %r s"
              % (daemon, left))
    return m


def promtool(*words, text=None):
    p = subprocess.run(["promtool", *words], input=text, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    check(p.returncode == 0 and "error" not in p.stdout.lower(),
          "promtool %s: %s" % (" ".join(words), p.stdout))
    return p.stdout


def prometheus_agrees(server):
    if not shutil.which("promtool"):
        say("promtool is missing (package prometheus): not asked")
        return
    equal(promtool("check", "metrics", text=server.get("/metrics")[2]), "",
          "what promtool says of /metrics")


def of_file(*path):
    with open(os.path.join(ROOT, "etc", *path)) as f:
        return f.read()


def rules_and_dashboard_know_the_names(families):
    """What they ask for there is; each alert has its place in the manual."""
    rules = of_file("prometheus", "qkdnode.rules.yml")
    dashboard = json.loads(of_file("grafana", "qkdnode.json"))
    exprs = [t["expr"] for p in dashboard["panels"] for t in p["targets"]]
    check(len(exprs) > 20, "the dashboard asks for little")
    for text in exprs + re.findall(r"expr: (.*?)\n +(?:for|labels):", rules,
                                   re.S):
        for name in re.findall(r"qkdnode_[a-z0-9_]+", text):
            family = re.sub("_(bucket|count|sum)$", "", name)
            check(family in families or name in families,
                  "%s is not in /metrics: %s" % (name, text))
    alerts = re.findall(r"alert: (\w+)", rules)
    equal(re.findall(r"runbook_url: " + MANUAL + r"#alert-(\w+)", rules),
          alerts, "runbooks of alerts")
    if shutil.which("promtool"):
        promtool("check", "rules", os.path.join(ROOT, "etc", "prometheus",
                                                "qkdnode.rules.yml"))
        promtool("test", "rules", os.path.join(
            ROOT, "tests", "data", "prometheus", "qkdnode.test.yml"))


# ---- strangers

def strangers_do_no_harm(server):
    for request, code in [
            (b"GET / HTTP/1.1\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
            (b"GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", 421),
            (b"GET / HTTP/1.0\r\n\r\n", 421),
            (b"GET /../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
            (b"GET /%2e HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
            (b"GET /?x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
            (b"GET /api/history?since=-1 HTTP/1.1\r\nHost: localhost\r\n"
             b"\r\n", 400),
            (b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
             404),
            (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
             b"\r\n", 405),
            (b"PUT /metrics HTTP/1.1\r\nHost: localhost\r\n"
             b"Content-Length: 5\r\n\r\nhello", 400),
            (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20000 +
             b"\r\n\r\n", 400),
            (b"\x16\x03\x01\x02\x00" * 50, 400),
            (b"GET / SMUGGLED\r\n\r\n", 400)]:
        answer = server.raw(request)
        equal(answer[:12], b"HTTP/1.1 %d" % code, "answer to %r" %
              request[:60])
        equal(answer.count(b"HTTP/1.1"), 1, "answers to %r" % request[:60])
    answer = server.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" *
                        3)
    equal(answer.count(b"HTTP/1.1"), 1, "answers on one connection")
    status, headers, body = server.get("/", "HEAD")
    equal((status, body), (200, ""), "HEAD")
    for name, part in [("Content-Security-Policy", "default-src 'none'"),
                       ("X-Content-Type-Options", "nosniff"),
                       ("Cache-Control", "no-store")]:
        check(part in headers[name], "%s: %r" % (name, headers))


def many_are_slow(server):
    """The oldest of too many connections go; others are served."""
    slow = [socket.create_connection(("127.0.0.1", server.port), 5)
            for _ in range(200)]
    for s in slow:
        s.sendall(b"GET / HTTP/1.1\r\nHost: local")
    begin = time.monotonic()
    equal(server.get("/healthz")[0], 200, "status among the slow")
    # Its own clock would end the slow after 15 s.
    check(time.monotonic() - begin < 5, "the slow keep others waiting")
    for s in slow:
        s.close()


def door_is_shut(server):
    with open("/proc/%d/status" % server.process.pid) as f:
        m = re.search(r"^Seccomp:\s*(\d)", f.read(), re.M)
    equal(m[1], "2", "seccomp of qkdctl serve")


def only_loopback():
    for address in ("0.0.0.0:1", "127.example.org:1"):
        p = subprocess.run([os.path.join(BUILD, "ctl", "qkdctl"), "serve",
                            "--listen", address], text=True,
                           stderr=subprocess.PIPE)
        check(p.returncode == 2 and "proxy" in p.stderr,
              "listening for the world: %d %s" % (p.returncode, p.stderr))


def a_daemon_hangs(net, server):
    pid = net.pid("a", "kma")
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_for("kma as down", lambda: server.value(
            "qkdnode_up", daemon="kma") == 0, 25)
        begin = time.monotonic()
        doc = server.status()
        # Who waited for kma would wait for 4 s, as the page's own asking.
        check(time.monotonic() - begin < 3, "a hanging kma hangs the page")
        check(any(f["daemon"] == "kma" for f in doc["findings"]),
              "nothing is said of kma: %r" % doc["findings"])
        check(doc["state"] != "ok", "all is said to be well")
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for("kma as up", lambda: server.value(
        "qkdnode_up", daemon="kma") == 1, 25)
    check(any(e["daemon"] == "kma" and "does not answer" in e["text"]
              for e in server.status()["events"]), "no event of it")


# ---- the page in a browser

SHOWN = "document.body && document.body.dataset.shown !== undefined"
LOOKS = [("desktop", 1400, 900, False), ("desktop-dark", 1400, 900, True),
         ("phone", 360, 740, False), ("phone-dark", 360, 740, True)]


def removed_is_forgotten(net, server):
    """qkdctl link remove takes the place of the module's socket away."""
    place = os.path.join(net.dir, "a", "run", "ctl-qkdmod-gone")
    mute = socket.socket(socket.AF_UNIX)
    os.mkdir(place)
    mute.bind(place + "/sock")
    os.chmod(place + "/sock", 0o777)
    mute.listen()

    def up():
        return server.value("qkdnode_up", daemon="qkdmod-gone")
    # Meanwhile, as value() sees, there are figures of all others.
    wait_for("a module that is down", lambda: up() == 0, 20)
    mute.close()
    os.unlink(place + "/sock")
    os.rmdir(place)
    wait_for("the module to be forgotten", lambda: up() is None, 20)


ODD = """(() => {
    const ask = window.fetch;
    window.fetch = async (...a) => {
        const r = await ask(...a);
        if (!a[0].includes("status"))
            return r;
        const odd = await r.json();
        odd.links = odd.saes = [null];
        odd.daemons[0].name = "odd";
        return new Response(JSON.stringify(odd));
    };
})()"""


def odd_answers_spoil_their_part_alone(b):
    b.evaluate(ODD)
    b.wait("document.getElementById('daemons').textContent.includes('odd')",
           15)
    equal(b.evaluate("document.getElementById('stale').hidden"), True,
          "the page still knows the node")


def text_of(b, element):
    return b.evaluate("document.getElementById(%s).innerText" %
                      json.dumps(element))


def page_is_true(b, doc):
    equal(text_of(b, "node"), "KME-A", "the node's name")
    for element, words in [
            ("links", ["a-b", "2.1 %", "KME-B"]),
            ("pools", ["KME-B", "KME-C"]), ("saes", ["SAE-A1", "SAE-C2"]),
            ("notes", ["Keys of link a-b are SIMULATED"]),
            ("daemons", ["kma", "ksa", "relayd", "qkdmod-a-b"]),
            ("certificates", ["CN=KME-A"]), ("map", ["KME-A", "KME-C"]),
            ("chart-keys", ["supplied"]), ("chart-pools", ["KME-C"])]:
        shown = b.evaluate("document.getElementById('%s').textContent" %
                           element)
        for w in words:
            check(w in shown, "%s does not show %r: %r" % (element, w,
                                                           shown[:500]))
    equal(b.evaluate("document.querySelectorAll('#map circle').length"),
          len(doc["network"]["nodes"]), "nodes on the map")
    equal(b.evaluate("document.querySelectorAll('#map path').length"), 2,
          "links on the map")


def pictures(b, url, where, name, looks):
    """And the grounds that were seen."""
    seen = set()
    for look, width, height, dark in looks:
        b.look(width, height, dark, width < 500)
        b.open(url)
        b.wait(SHOWN)
        wide = b.evaluate("document.documentElement.scrollWidth")
        check(wide <= width, "%s: %d wide on %d" % (look, wide, width))
        b.screenshot(os.path.join(where, "%s-%s.png" % (name, look)))
        seen.add(b.evaluate("getComputedStyle(document.documentElement)"
                            ".backgroundColor"))
    return seen


def browse(net, server, where):
    program = browser.find()
    if program is None:
        say("chromium is missing: the page is not looked at")
        return
    url = "http://127.0.0.1:%d/" % server.port
    b = browser.Browser(program)
    try:
        equal(len(pictures(b, url, where, "well", LOOKS)), 2,
              "grounds of light and dark")
        page_is_true(b, server.status())
        b.evaluate("document.body.dataset.before = "
                   "document.body.dataset.shown")
        b.wait("document.body.dataset.before !== "
               "document.body.dataset.shown", 15)
        odd_answers_spoil_their_part_alone(b)
        net.do("kill", "c")
        wait_for("the verdict to say so", lambda: server.status()[
            "verdict"].endswith("; KME-C not reachable"), 20)
        pictures(b, url, where, "broken", LOOKS[1:3])
        check("KME-C" in text_of(b, "missing"), "nothing is missing: " +
              text_of(b, "missing"))
        equal(b.complaints, [], "complaints of the browser")
        server.end()
        b.wait("!document.getElementById('stale').hidden", 30)
        hosts = {urllib.parse.urlsplit(u).netloc for u in b.requests}
        equal(hosts, {"127.0.0.1:%d" % server.port}, "hosts that were asked")
    finally:
        b.close()
    net.do("start", "c")


def served(net, server, where):
    door_is_shut(server)
    rules_and_dashboard_know_the_names(figures_agree(net, server))
    prometheus_agrees(server)
    say("figures agree")
    strangers_do_no_harm(server)
    many_are_slow(server)
    a_daemon_hangs(net, server)
    removed_is_forgotten(net, server)
    say("strangers and a hanging daemon do no harm")
    browse(net, server, where)
    if server.process.poll() is None:
        server.end()


def main():
    net = Net("abc", ["a-b", "b-c"], settings=["qkdmod.sim_qber=%d" % QBER])
    where = os.environ.get("QKDNODE_PICTURES",
                           os.path.join(net.base, "pictures"))
    os.makedirs(where, exist_ok=True)
    only_loopback()
    server = Server(net)
    try:
        served(net, server, where)
    finally:
        server.kill()
    net.down()


run(main, 120)
