"""ETSI GS QKD 014, clause 5: steps of 19-clauses.py."""
import os
import subprocess

from clauses import step
from etsi import (KEYS, NOT_FOUND, UNKNOWN, dec_ids, draw, fetch, get_status,
                  refused)
from lib import check, equal
from wire import ENDED, Wire, ask, keys_of, request, well_formed, wire


# ---- 5.1 common

@step("5.1", "utf-8")
def utf_8(net):
    name = "Schl\u00fcssel-\u9375"
    refused(get_status(net, "".join("%%%02X" % o for o in name.encode())), 400,
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
    equal(get_status(net).code, 200, "Get status")
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
        s = get_status(net, slave, "SAE-A1").json
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
        equal(get_status(net, form).json["slave_SAE_ID"], "SAE-C1", form)
    for other in ("sae-c1", "SAE-C1%20", "%2553AE-C1", "SAE+C1"):
        refused(get_status(net, other), 400, "is not registered")


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
    counts = {get_status(net, "SAE-B2", "SAE-A2").json["stored_key_count"]
              for _ in range(10)}
    equal(len(counts), 1, "counts of one pool that nobody draws from")


@step("5.2", "status-400")
def status_400(net):
    refused(get_status(net, "SAE-NO"), 400, "SAE-NO", "not registered")
    refused(get_status(net, "SAE-X"), 400, "SAE-X", "not registered")


@step("5.2", "status-401")
def status_401(net):
    refused(get_status(net, master="SAE-X"), 401, "SAE-X")


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
    a = dec_ids(net, "SAE-C1", "SAE-A1", ids)
    equal([i for i, _ in keys_of(a, 5)], ids, "order of the keys")
    net.oracle.fetched("SAE-C1", ids, a.json)


@step("5.4", "only-for-the-slave")
def only_for_the_slave(net):
    """Nobody whom the master did not name: not its neighbour, not at
    another node, not the master itself."""
    keys = draw(net, number=2)
    for other in ("SAE-C2", "SAE-B1", "SAE-A2", "SAE-A1"):
        refused(dec_ids(net, other, "SAE-A1", [keys[0].id]), 401)
    fetch(net, keys)


@step("5.4", "each-time-it-was-called")
def each_time_it_was_called(net):
    """Two calls, one of them for another: 401, whatever else is wrong with
    the request; what is the caller's own stays."""
    mine, other = draw(net), draw(net, slave="SAE-C2")
    ids = [mine[0].id, other[0].id]
    refused(dec_ids(net, "SAE-C1", "SAE-A1", ids), 401)
    refused(dec_ids(net, "SAE-C1", "SAE-A1", ids[::-1]), 401)
    for more in (UNKNOWN, "550e8400-e29b-41d4-a716-446655440000"):
        refused(dec_ids(net, "SAE-C1", "SAE-A1", ids + [more]), 401)
        refused(dec_ids(net, "SAE-C1", "SAE-A1", [more, ids[1]]), 401)
    fetch(net, mine)
    fetch(net, other)


@step("5.4", "master-in-the-url")
def master_in_the_url(net):
    """Another master than theirs: no key. The caller's own ID, as in the
    example of 6.4: its keys."""
    keys = draw(net)
    for wrong in ("SAE-A2", "SAE-C2", "SAE-NO"):
        refused(dec_ids(net, "SAE-C1", wrong, [keys[0].id]), 401)
    a = dec_ids(net, "SAE-C1", "SAE-C1", [keys[0].id])
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
        a = dec_ids(net, "SAE-C1", form, [keys[0].id])
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
    refused(dec_ids(net, "SAE-X", "SAE-A1", [UNKNOWN]), 401, "SAE-X")
