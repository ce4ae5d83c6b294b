"""ETSI GS QKD 014, clause 4 and annex A: steps of 19-clauses.py."""
import os
import socket
import ssl
import subprocess
import threading

from clauses import step
from etsi import KEYS, dec_ids, draw, fetch, get_status, refused
from lib import BUILD, check, equal
from wire import ask, keys_of, request, wire


def here(net, node="a"):
    host, port = net.json["nodes"][node]["https"].rsplit(":", 1)
    return host, int(port)


@step("4", "links-and-kmes")
def links_and_kmes(net):
    for node, n in net.json["nodes"].items():
        modules = [p for p in n["pids"] if p.startswith("qkdmod:")]
        equal(len(modules), 2 if node == "b" else 1, "modules of " + node)
        equal(sorted(set(n["pids"]) - set(modules)),
              ["kma", "ksa", "relayd"], "one KME at " + node)


@step("4", "keys-reach-other-kmes")
def keys_reach_other_kmes(net):
    for slave in ("SAE-B1", "SAE-C1"):          # neighbour; relayed
        fetch(net, draw(net, "SAE-A1", slave, number=3))


@step("4", "several-applications")
def several_applications(net):
    """At one KME at the same time, each with keys of its own."""
    found = []

    def work(sae):
        for _ in range(5):
            found.append(draw(net, sae, "SAE-C2", number=2))
    threads = [threading.Thread(target=work, args=(s,))
               for s in ("SAE-A1", "SAE-A2")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal(len(found), 10, "requests that were answered")
    for keys in found:
        fetch(net, keys)


@step("4", "one-address")
def one_address(net):
    """Nobody finds the API elsewhere than where `listen` has it."""
    _, port = here(net)
    for other in ("127.0.0.2", "::1"):
        try:
            socket.create_connection((other, port), 5).close()
        except OSError:
            continue
        raise AssertionError("ksa listens at %s too" % other)


@step("4", "https-only")
def https_only(net):
    with socket.create_connection(here(net), 10) as s:
        s.sendall(request("GET", KEYS + "SAE-C1/status"))
        data = b""
        try:
            while more := s.recv(4096):
                data += more
        except OSError:
            pass
    check(b"HTTP/" not in data and b"{" not in data, "in clear: %r" % data)


def ksa_check(net, change):
    """`ksa -n` over a's configuration, changed."""
    path = os.path.join(net.base, "changed.conf")
    with open(net.conf("a", "ksa")) as f:
        text = f.read()
    changed = change(text)
    check(changed != text, "nothing was changed")
    with open(path, "w") as f:
        f.write(changed)
    p = subprocess.run([os.path.join(BUILD, "ksa", "ksa"), "-n", "-c", path],
                       capture_output=True, text=True)
    return p.returncode, p.stderr


@step("4", "ids-are-unique")
def ids_are_unique(net):
    code, said = ksa_check(net, lambda t: t.replace('"KME-B"', '"KME-A"'))
    check(code != 0 and "is this node" in said, "KME ID twice: " + said)
    code, said = ksa_check(net, lambda t: t.replace('"KME-B"', '"KME-C"'))
    check(code != 0 and "twice" in said, "peer twice: " + said)
    code, said = ksa_check(net, lambda t: t.replace('"SAE-A2"', '"SAE-A1"'))
    check(code != 0 and "SAE-A1" in said, "SAE ID twice: " + said)


@step("4", "forms-of-ids")
def forms_of_ids(net):
    for good in ("x", "7", "a b/c", "CN=a, O=\u00e4", "\u4e2d" * 97):
        a = get_status(net, "".join("%%%02x" % o for o in good.encode()))
        refused(a, 400, good, "is not registered")
    for bad in ("", "a" * 292, "%0a", "%00", "%c3", "%ed%a0%80", "%e2%80%a8",
                "%zz", "%", "%ff"):
        refused(get_status(net, bad), 400, "SAE ID in the URL is not valid")


@step("4", "tls-versions")
def tls_versions(net):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        w = wire(net, "SAE-A1", version=version)
        equal(w.tls.version(), version.name.replace("_", "."), "version")
        equal(w.ask(request("GET", KEYS + "SAE-C1/status")).code, 200,
              version.name)
        w.close()
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        try:
            wire(net, "SAE-A1", version=version, ciphers="ALL:@SECLEVEL=0")
        except (ssl.SSLError, OSError):
            continue
        raise AssertionError("%s is spoken" % version.name)


@step("4", "http-as-the-rfcs-have-it")
def http_as_the_rfcs_have_it(net):
    """RFC 7230: persistence, pipelining, chunks, 100, HTTP/1.0."""
    w = wire(net, "SAE-A1")
    get = request("GET", KEYS + "SAE-C1/status")
    w.send(get * 20)
    for _ in range(20):
        equal(w.read().code, 200, "pipelined")
    a = w.ask(b"POST " + KEYS.encode() + b"SAE-C1/enc_keys HTTP/1.1\r\n"
              b"Host: kme\r\nTransfer-Encoding: chunked\r\n\r\n"
              b"5;x=y\r\n{\"num\r\n8\r\nber\": 2}\r\n0\r\nT: u\r\n\r\n")
    keys = net.oracle.drawn("SAE-A1", "SAE-C1", a.json, 2, 256)
    w.send(request("POST", KEYS + "SAE-C1/enc_keys", b"{}",
                   ["Expect: 100-continue"])[:-2])
    while b"\r\n\r\n" not in w.kept:
        w._more()
    check(w.kept.startswith(b"HTTP/1.1 100 "), "no 100: %r" % w.kept)
    a = w.ask(b"{}")
    keys += net.oracle.drawn("SAE-A1", "SAE-C1", a.json, 1, 256)
    equal(w.ask(get.replace(b"1.1\r\nHost: kme", b"1.0")).code, 200,
          "HTTP/1.0")
    check(w.ended(), "HTTP/1.0: the connection stays without being asked to")
    fetch(net, keys)


@step("4", "challenge")
def challenge(net):
    a = get_status(net, master="SAE-X")
    equal(a.code, 401, str(a))
    check("www-authenticate" in a.headers, "no challenge: %s" % a.headers)


@step("4", "identity-from-the-certificate")
def identity_from_the_certificate(net):
    """Each request, whatever it says of itself."""
    for sae in ("SAE-A1", "SAE-A2"):
        w = wire(net, sae)
        for _ in range(2):
            a = w.ask(request("GET", KEYS + "SAE-C1/status", None,
                              ["X-SAE-ID: SAE-C2", "From: SAE-C2",
                               "Authorization: Basic U0FFLUMyOng="]))
            equal(a.json["master_SAE_ID"], sae, "the caller")
        w.close()


@step("4", "bodies-are-json")
def bodies_are_json(net):
    enc = KEYS + "SAE-C1/enc_keys"
    for body in ("{", "[]", "1", '"x"', "null", "{}{}", "{'a':1}",
                 '{"a":1,}', '{"number":1,"number":1}', "number=1", "<a/>",
                 b"\xff\xfe{", b"\xef\xbb\xbf{}", b'{"a":"\xff"}',
                 '{"a":NaN}', '{"a":01}'):
        refused(ask(net, "SAE-A1", "POST", enc, body), 400, "JSON")
    for answer in (get_status(net), ask(net, "SAE-A1", "GET", enc)):
        equal(answer.code, 200, str(answer))    # ask() looked at the form
    net.oracle.drawn("SAE-A1", "SAE-C1", answer.json, 1, 256)


@step("4", "master-and-slave")
def master_and_slave(net):
    """Who made the first request is master, in both directions."""
    for master, slave in (("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1")):
        s = get_status(net, slave, master).json
        equal((s["master_SAE_ID"], s["slave_SAE_ID"]), (master, slave),
              "roles")
        keys = draw(net, master, slave)
        refused(dec_ids(net, master, slave, [keys[0].id]), 401)
        fetch(net, keys)


@step("4", "figure-2")
def figure_2(net):
    """Get key, the IDs pass between the applications, Get key with IDs:
    identical keys under identical IDs (the checker compares)."""
    keys = draw(net, number=4, size=512)
    a = dec_ids(net, "SAE-C1", "SAE-A1", [k.id for k in keys])
    equal(keys_of(a, 4, 512), [(k.id, k.octets) for k in keys], "keys")
    net.oracle.fetched("SAE-C1", [k.id for k in keys], a.json)


@step("4", "key-ids-are-unique")
def key_ids_are_unique(net):
    ids = []
    for slave in ("SAE-B1", "SAE-C1", "SAE-A2"):
        keys = draw(net, "SAE-A1", slave, number=100, size=64)
        ids += [k.id for k in keys]
        fetch(net, keys)
    equal(len(set(ids)), 300, "different key IDs")
    tails = {i[-13:] for i in ids}              # nobody counts them up
    equal(len(tails), 300, "different ends of key IDs")


@step("4", "figure-3")
def figure_3(net):
    """Several applications at each KME, and two of one KME."""
    pairs = [("SAE-A%d" % i, "SAE-C%d" % k) for i in (1, 2) for k in (1, 2)]
    for master, slave in pairs + [("SAE-A1", "SAE-A2"), ("SAE-A2", "SAE-A1")]:
        keys = draw(net, master, slave)
        other = slave[:-1] + "21"[int(slave[-1]) - 1]
        if other != master:
            refused(dec_ids(net, other, master, [keys[0].id]), 401)
        fetch(net, keys)


@step("4", "slave-is-the-caller")
def slave_is_the_caller(net):
    fetch(net, draw(net, "SAE-A1", "SAE-A1", number=2))


@step("A", "no-session")
def no_session(net):
    """Each of two keys is fetched without a word about the other, on a
    connection of its own (each ask() dials), the later one first."""
    first, second = draw(net), draw(net)
    fetch(net, second)
    fetch(net, first)
