#!/usr/bin/python3
"""ETSI GS QKD 014, clauses 4 and 5, demand by demand: the steps that the
table in doc/etsi014.md names. Clause 6 and the annexes are in 20."""
import os
import socket
import ssl
import subprocess
import threading

from clauses import check_table, run_steps, step
from lib import BUILD, Net, check, equal, run
from wire import ENDED, Wire, ask, keys_of, request, well_formed, wire

KEYS = "/api/v1/keys/"
UNKNOWN = "01234567-89ab-7def-8123-456789abcdef"
NOT_FOUND = "one or more keys specified are not found on KME"


def draw(net, master="SAE-A1", slave="SAE-C1", **what):
    """Keys for the checker, by a request written by hand."""
    number, size = what.get("number", 1), what.get("size", 256)
    a = ask(net, master, "POST", KEYS + slave + "/enc_keys", what)
    keys_of(a, number, size)
    return net.oracle.drawn(master, slave, a.json, number, size)


def dec(net, slave, master, ids):
    return ask(net, slave, "POST", KEYS + master + "/dec_keys",
               {"key_IDs": [{"key_ID": i} for i in ids]})


def fetch(net, keys):
    a = dec(net, keys[0].slave, keys[0].master, [k.id for k in keys])
    equal(a.code, 200, str(a))
    net.oracle.fetched(keys[0].slave, [k.id for k in keys], a.json)


def status(net, slave="SAE-C1", master="SAE-A1"):
    return ask(net, master, "GET", KEYS + slave + "/status")


def refused(a, code, *words):
    equal(a.code, code, str(a))
    for word in words:
        check(word in a.message, "%r is not in %s" % (word, a))


def here(net, node="a"):
    host, port = net.json["nodes"][node]["https"].rsplit(":", 1)
    return host, int(port)


# ---- 4

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
    code, said = ksa_check(net, lambda t: t.replace('"SAE-B2"', '"SAE-C2"'))
    check(code != 0 and "SAE-C2" in said, "SAE ID twice: " + said)


@step("4", "forms-of-ids")
def forms_of_ids(net):
    for good in ("x", "7", "a b/c", "CN=a, O=\u00e4", "\u4e2d" * 97):
        a = status(net, "".join("%%%02x" % o for o in good.encode()))
        refused(a, 400, good, "is not registered")
    for bad in ("", "a" * 292, "%0a", "%00", "%c3", "%ed%a0%80", "%e2%80%a8",
                "%zz", "%", "%ff"):
        refused(status(net, bad), 400, "SAE ID in the URL is not valid")


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
    a = status(net, master="SAE-X")
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
    for body in ("{", "[]", "1", '"x"', "null", "{}{}", "{'a':1}", "{\"a\":1,}",
                 '{"number":1,"number":1}', "number=1", "<a/>", b"\xff\xfe{",
                 b"\xef\xbb\xbf{}", b'{"a":"\xff"}', '{"a":NaN}', "{\"a\":01}"):
        refused(ask(net, "SAE-A1", "POST", enc, body), 400, "JSON")
    for answer in (status(net), ask(net, "SAE-A1", "GET", enc)):
        equal(answer.code, 200, str(answer))    # ask() looked at the form
    net.oracle.drawn("SAE-A1", "SAE-C1", answer.json, 1, 256)


@step("4", "master-and-slave")
def master_and_slave(net):
    """Who made the first request is master, in both directions."""
    for master, slave in (("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1")):
        s = status(net, slave, master).json
        equal((s["master_SAE_ID"], s["slave_SAE_ID"]), (master, slave),
              "roles")
        keys = draw(net, master, slave)
        refused(dec(net, master, slave, [keys[0].id]), 401)
        fetch(net, keys)


@step("4", "figure-2")
def figure_2(net):
    """Get key, the IDs pass between the applications, Get key with IDs:
    identical keys under identical IDs (the checker compares)."""
    keys = draw(net, number=4, size=512)
    a = dec(net, "SAE-C1", "SAE-A1", [k.id for k in keys])
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
            refused(dec(net, other, master, [keys[0].id]), 401)
        fetch(net, keys)


# ---- 5.1

@step("5.1", "utf-8")
def utf_8(net):
    name = "Schl\u00fcssel-\u9375"
    refused(status(net, "".join("%%%02X" % o for o in name.encode())), 400,
            name)
    a = ask(net, "SAE-A1", "POST", KEYS + "SAE-C1/enc_keys",
            '{"extension_optional":[{"\u00fc_\u9375":"\\u9375"}]}')
    equal(a.code, 200, str(a))
    fetch(net, net.oracle.drawn("SAE-A1", "SAE-C1", a.json, 1, 256))


@step("5.1", "content-type")
def content_type(net):
    """Ours is on each answer (ask() looks); theirs is not asked for."""
    for theirs in ("application/json", "application/json; charset=utf-8",
                   "text/plain", "application/x-www-form-urlencoded", ""):
        a = ask(net, "SAE-A1", "POST", KEYS + "SAE-C1/enc_keys",
                {"size": 128}, ["Content-Type: " + theirs])
        keys_of(a, 1, 128)
        fetch(net, net.oracle.drawn("SAE-A1", "SAE-C1", a.json, 1, 128))
    for path in ("/", KEYS + "SAE-C1/status?", KEYS + "SAE-NO/status"):
        ask(net, "SAE-A1", "GET", path)


def no_entry(net, node, *files):
    """No answer at all; what TLS said."""
    address, ca = net.json["nodes"][node]["https"], net.json["ca"]
    try:
        w = Wire(address, ca, *files)
        a = w.ask(request("GET", KEYS + "SAE-C1/status"))
    except ENDED as e:
        return str(e)
    raise AssertionError("let in: %s" % a)


@step("5.1", "mutual-authentication")
def mutual_authentication(net):
    pki = os.path.dirname(net.json["ca"])
    no_entry(net, "a")
    base = os.path.join(net.base, "forged")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    "/CN=SAE-A1", "-days", "2", "-keyout", base + ".key",
                    "-out", base + ".crt"], check=True,
                   stderr=subprocess.DEVNULL)
    no_entry(net, "a", base + ".crt", base + ".key")
    server = os.path.join(pki, "KME-A-ak")      # not for clients
    no_entry(net, "a", server + ".crt", server + ".key")


@step("5.1", "certificate-of-the-kme")
def certificate_of_the_kme(net):
    """Valid under the CA for the address dialled; its CN is the KME ID."""
    for node, sae in (("a", "SAE-A1"), ("c", "SAE-C1")):
        w = wire(net, sae)
        cert = w.tls.getpeercert()
        names = [v for part in cert["subject"] for k, v in part
                 if k == "commonName"]
        equal(names, [net.json["nodes"][node]["kme_id"]], "CN")
        check(("IP Address", "127.0.0.1") in cert["subjectAltName"],
              "SAN: %s" % (cert["subjectAltName"],))
        a = w.ask(request("GET", KEYS + "SAE-B1/status"))
        equal(a.json["source_KME_ID"], names[0], "source_KME_ID")


@step("5.1", "certificate-of-nobody")
def certificate_of_nobody(net):
    """A good certificate of no application: nothing but 401."""
    for method, target, body in (
            ("GET", "SAE-C1/status", None), ("GET", "SAE-C1/enc_keys", None),
            ("POST", "SAE-C1/enc_keys", {"number": 1}),
            ("GET", "SAE-A1/dec_keys?key_ID=" + UNKNOWN, None),
            ("DELETE", "SAE-C1/status", None), ("GET", "x/y/z", None)):
        a = ask(net, "SAE-X", method, KEYS + target, body)
        refused(a, 401, "SAE-X", "registered")


@step("5.1", "certificate-of-another-node")
def certificate_of_another_node(net):
    j = net.json
    c = j["saes"]["SAE-C1"]
    w = Wire(j["nodes"]["a"]["https"], j["ca"], c["cert"], c["key"])
    a = w.ask(request("GET", KEYS + "SAE-B1/status"))
    well_formed(a)
    refused(a, 401, "SAE-C1", "KME-C")


@step("5.1", "three-methods")
def three_methods(net):
    equal(status(net).code, 200, "Get status")
    for method in ("POST", "GET"):
        a = ask(net, "SAE-A1", method, KEYS + "SAE-C1/enc_keys")
        key = net.oracle.drawn("SAE-A1", "SAE-C1", a.json, 1, 256)[0]
        if method == "POST":
            fetch(net, [key])
            continue
        a = ask(net, "SAE-C1", "GET", KEYS + "SAE-A1/dec_keys?key_ID=" +
                key.id)
        equal(keys_of(a), [(key.id, key.octets)], "GET dec_keys")
        net.oracle.fetched("SAE-C1", [key.id], a.json)


@step("5.1", "other-methods")
def other_methods(net):
    for what, methods, allow in (
            ("status", ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"),
             "GET"),
            ("enc_keys", ("PUT", "DELETE", "PATCH", "OPTIONS"), "GET, POST"),
            ("dec_keys", ("PUT", "DELETE", "PATCH", "OPTIONS"),
             "GET, POST")):
        for method in methods:
            a = ask(net, "SAE-A1", method, KEYS + "SAE-C1/" + what)
            equal((a.code, a.headers.get("allow")), (405, allow), method)
        w = wire(net, "SAE-A1")
        a = w.ask(request("HEAD", KEYS + "SAE-C1/" + what), body=False)
        equal((a.code, a.headers.get("allow")), (405, allow), "HEAD")
        equal(w.ask(request("GET", KEYS + "SAE-C1/status")).code, 200,
              "a request after HEAD")


@step("5.1", "other-urls")
def other_urls(net):
    for path in ("/", "/api", "/api/v1/keys", KEYS, KEYS + "SAE-C1",
                 KEYS + "SAE-C1/", KEYS + "SAE-C1/status/", "/api/v2/keys/"
                 "SAE-C1/status", KEYS + "SAE-C1/STATUS", "//api/v1/keys/"
                 "SAE-C1/status", KEYS + "SAE-C1/enc_keys/1", "/API/v1/keys/"
                 "SAE-C1/status", "/capabilities", "/favicon.ico"):
        a = ask(net, "SAE-A1", "GET", path)
        refused(a, 404, "no such resource")


# ---- 5.2

@step("5.2", "status-of-the-pair")
def status_of_the_pair(net):
    for slave, km in (("SAE-B1", "KME-B"), ("SAE-C2", "KME-C"),
                      ("SAE-A2", "KME-A")):
        s = status(net, slave, "SAE-A1").json
        equal((s["source_KME_ID"], s["target_KME_ID"], s["master_SAE_ID"],
               s["slave_SAE_ID"]), ("KME-A", km, "SAE-A1", slave), "names")
        check(s["stored_key_count"] > 0, "no keys for %s: %s" % (slave, s))


@step("5.2", "status-is-get")
def status_is_get(net):
    a = ask(net, "SAE-A1", "POST", KEYS + "SAE-C1/status", {})
    equal((a.code, a.headers.get("allow")), (405, "GET"), "POST")


def any_host(net, target, what):
    w = wire(net, "SAE-A1")
    for host in ("kme", "127.0.0.1", "127.0.0.1:8443", "[::1]:443", "[::1]",
                 "kme.example.org.:1", "KME"):
        a = w.ask(request("GET", KEYS + target, host=host))
        well_formed(a)
        what(a)
        a = w.ask(request("GET", "https://" + host + KEYS + target,
                          host=host))
        what(a)
    for host in ("", "a b", "a/b", "a:b", "[::1"):
        a = w.ask(request("GET", KEYS + target, host=host))
        refused(a, 400, "Host")
        check(w.ended(), "the connection stays after a bad Host")
        w = wire(net, "SAE-A1")


@step("5.2", "status-hostname")
def status_hostname(net):
    any_host(net, "SAE-C1/status", lambda a: equal(a.code, 200, str(a)))


def encoded_forms(name):
    return (name, "".join("%%%02X" % ord(c) for c in name),
            "".join("%%%02x" % ord(c) for c in name), name.replace("-", "%2d"))


@step("5.2", "status-url-encoded")
def status_url_encoded(net):
    for form in encoded_forms("SAE-C1"):
        equal(status(net, form).json["slave_SAE_ID"], "SAE-C1", form)
    for other in ("sae-c1", "SAE-C1%20", "%2553AE-C1", "SAE+C1"):
        refused(status(net, other), 400, "is not registered")


@step("5.2", "status-without-request-data")
def status_without_request_data(net):
    for query in ("?", "?number=0&size=x", "?a=b&a=c", "?%zz"):
        equal(ask(net, "SAE-A1", "GET", KEYS + "SAE-C1/status" + query).code,
              200, query)
    for body in ("{}", "garbage"):
        equal(ask(net, "SAE-A1", "GET", KEYS + "SAE-C1/status", body).code,
              200, body)


@step("5.2", "status-changes-nothing")
def status_changes_nothing(net):
    counts = {status(net, "SAE-B2", "SAE-A2").json["stored_key_count"]
              for _ in range(10)}
    equal(len(counts), 1, "counts of one pool that nobody draws from")


@step("5.2", "status-400")
def status_400(net):
    refused(status(net, "SAE-NO"), 400, "SAE-NO", "not registered")
    refused(status(net, "SAE-X"), 400, "SAE-X", "not registered")


@step("5.2", "status-401")
def status_401(net):
    refused(status(net, master="SAE-X"), 401, "SAE-X")


# ---- 5.3

@step("5.3", "get-key")
def get_key(net):
    for what in ({}, {"number": 5}, {"number": 2, "size": 1024}):
        fetch(net, draw(net, **what))


@step("5.3", "get-key-for-another")
def get_key_for_another(net):
    """The slave may have them afterwards, more than once draws later."""
    first = draw(net, number=2)
    for _ in range(5):
        fetch(net, draw(net, number=2))
    fetch(net, first)


@step("5.3", "get-key-hostname")
def get_key_hostname(net):
    any_host(net, "SAE-NO/enc_keys", lambda a: refused(a, 400, "SAE-NO"))


@step("5.3", "get-key-url-encoded")
def get_key_url_encoded(net):
    for form in encoded_forms("SAE-C1"):
        a = ask(net, "SAE-A1", "GET", KEYS + form + "/enc_keys?size=64")
        keys_of(a, 1, 64)
        fetch(net, net.oracle.drawn("SAE-A1", "SAE-C1", a.json, 1, 64))


@step("5.3", "get-key-400")
def get_key_400(net):
    enc = KEYS + "SAE-C1/enc_keys"
    for body in ('{"number":"1"}', '{"size":true}', "[", '{"number":0}'):
        refused(ask(net, "SAE-A1", "POST", enc, body), 400)
    refused(ask(net, "SAE-A1", "GET", KEYS + "SAE-NO/enc_keys"), 400,
            "SAE-NO", "not registered")
    refused(ask(net, "SAE-A1", "GET", enc, "{}"), 400, "POST")


@step("5.3", "get-key-401")
def get_key_401(net):
    refused(ask(net, "SAE-X", "GET", KEYS + "SAE-C1/enc_keys"), 401)


# ---- 5.4

@step("5.4", "get-with-ids")
def get_with_ids(net):
    """Keys of one, of several Get key calls; in the order asked for."""
    keys = draw(net, number=3) + draw(net, number=2)
    ids = [k.id for k in reversed(keys)]
    a = dec(net, "SAE-C1", "SAE-A1", ids)
    equal([i for i, _ in keys_of(a, 5)], ids, "order of the keys")
    net.oracle.fetched("SAE-C1", ids, a.json)


@step("5.4", "only-for-the-slave")
def only_for_the_slave(net):
    """Nobody whom the master did not name: not its neighbour, not at
    another node, not the master itself."""
    keys = draw(net, number=2)
    for other in ("SAE-C2", "SAE-B1", "SAE-A2", "SAE-A1"):
        refused(dec(net, other, "SAE-A1", [keys[0].id]), 401)
    fetch(net, keys)


@step("5.4", "each-time-it-was-called")
def each_time_it_was_called(net):
    """Two calls, one of them for another: 401, whatever else is wrong with
    the request; what is the caller's own stays."""
    mine, other = draw(net), draw(net, slave="SAE-C2")
    ids = [mine[0].id, other[0].id]
    refused(dec(net, "SAE-C1", "SAE-A1", ids), 401)
    refused(dec(net, "SAE-C1", "SAE-A1", ids[::-1]), 401)
    refused(dec(net, "SAE-C1", "SAE-A1", ids + [UNKNOWN]), 401)
    fetch(net, mine)
    fetch(net, other)


@step("5.4", "master-in-the-url")
def master_in_the_url(net):
    """Another master than theirs: no key. The caller's own ID, as in the
    example of 6.4: its keys."""
    keys = draw(net)
    for wrong in ("SAE-A2", "SAE-C2", "SAE-NO"):
        refused(dec(net, "SAE-C1", wrong, [keys[0].id]), 401)
    a = dec(net, "SAE-C1", "SAE-C1", [keys[0].id])
    equal(keys_of(a), [(keys[0].id, keys[0].octets)], "own ID in the URL")
    net.oracle.fetched("SAE-C1", [keys[0].id], a.json)


@step("5.4", "get-with-ids-hostname")
def get_with_ids_hostname(net):
    any_host(net, "SAE-C1/dec_keys?key_ID=" + UNKNOWN,
             lambda a: refused(a, 400, NOT_FOUND))


@step("5.4", "get-with-ids-url-encoded")
def get_with_ids_url_encoded(net):
    for form in encoded_forms("SAE-A1"):
        keys = draw(net)
        a = dec(net, "SAE-C1", form, [keys[0].id])
        equal(keys_of(a), [(keys[0].id, keys[0].octets)], form)
        net.oracle.fetched("SAE-C1", [keys[0].id], a.json)


@step("5.4", "get-with-ids-400")
def get_with_ids_400(net):
    for body in ("", "{}", "[]", '{"key_IDs":{}}', '{"key_IDs":[]}',
                 '{"key_IDs":["x"]}', '{"key_IDs":[{}]}',
                 '{"key_IDs":[{"key_ID":1}]}', '{"key_IDs":[{"key_id":"x"}]}'):
        refused(ask(net, "SAE-C1", "POST", KEYS + "SAE-A1/dec_keys", body),
                400)
    refused(ask(net, "SAE-C1", "GET", KEYS + "SAE-A1/dec_keys"), 400,
            "key_ID")


@step("5.4", "get-with-ids-401")
def get_with_ids_401(net):
    refused(dec(net, "SAE-X", "SAE-A1", [UNKNOWN]), 401, "SAE-X")


# ---- annex A

@step("A", "no-session")
def no_session(net):
    """Each of two keys is fetched without a word about the other, on a
    connection of its own (each ask() dials), the later one first."""
    first, second = draw(net), draw(net)
    fetch(net, second)
    fetch(net, first)


def main():
    check_table()
    net = Net("abc", ["a-b", "b-c"], settings=["redelivery=2"])
    run_steps(net)
    net.settle()


run(main)
