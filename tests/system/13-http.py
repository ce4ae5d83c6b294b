#!/usr/bin/python3
"""ETSI GS QKD 014: members, forms of a request, errors in its words."""
from lib import Net, check, equal, run, say

M, S = "SAE-A1", "SAE-C1"
STATUS = {"source_KME_ID": str, "target_KME_ID": str, "master_SAE_ID": str,
          "slave_SAE_ID": str, "key_size": int, "stored_key_count": int,
          "max_key_count": int, "max_key_per_request": int,
          "max_key_size": int, "min_key_size": int, "max_SAE_ID_count": int}
NOT_FOUND = "one or more keys specified are not found on KME"
MULTIPLE = "size shall be a multiple of 8"
MANDATORY = "not all extension_mandatory parameters are supported"


def status(net):
    code, s = net.client(M).status(S)
    equal(code, 200, "status")
    for name, kind in STATUS.items():
        check(type(s.get(name)) is kind, "status: %s is %r" % (
            name, s.get(name)))
        check(kind is str or 0 <= s[name] < 1 << 31, "status: " + name)
    equal((s["source_KME_ID"], s["target_KME_ID"], s["master_SAE_ID"],
           s["slave_SAE_ID"]), ("KME-A", "KME-C", M, S), "names in status")
    check(0 < s["min_key_size"] <= s["key_size"] <= s["max_key_size"],
          "sizes in status: %s" % s)
    check(s["stored_key_count"] <= s["max_key_count"], "counts: %s" % s)
    return s


def good_forms(net, c):
    """Each form of a request that clients in the field send."""
    forms = [("GET", "", None, 1, 256), ("POST", "", None, 1, 256),
             ("POST", "", "", 1, 256), ("POST", "", {}, 1, 256),
             ("GET", "?number=3&size=512", None, 3, 512),
             ("GET", "?size=128", None, 1, 128),
             ("GET", "?number=2&key_type=1", None, 2, 256),
             ("POST", "", {"number": 2, "size": 64}, 2, 64),
             ("POST", "", {"number": 1, "additional_target_sae_ids": []},
              1, 256),
             ("POST", "", {"extension_optional": [{"x_y": 1}]}, 1, 256)]
    for method, query, body, number, size in forms:
        code, answer = c.request(
            method, "/api/v1/keys/%s/enc_keys%s" % (S, query), body)
        check(code == 200, "%s %s %r: %d %s" % (method, query, body, code,
                                                answer))
        net.fetch(net.oracle.drawn(M, S, answer, number, size))
    equal(c.headers.get("cache-control"), "no-store", "Cache-Control")
    check(c.headers.get("content-type", "").startswith("application/json"),
          "Content-Type: %s" % c.headers.get("content-type"))


def refused(c, method, path, body, code, message=None):
    got, answer = c.request(method, path, body)
    text = "%s %s %.80r" % (method, path, body)
    equal(got, code, text + " " + str(answer)[:200])
    check(isinstance(answer, dict) and isinstance(answer.get("message"), str),
          text + ": no message: %s" % str(answer)[:200])
    if message:
        equal(answer["message"], message, text)


def bad_requests(c, limits):
    enc = "/api/v1/keys/%s/enc_keys" % S
    most, largest = limits["max_key_per_request"], limits["max_key_size"]
    for number in (0, -1, 1.5, "two", None, [], most + 1, 10 ** 20):
        refused(c, "POST", enc, {"number": number}, 400)
    for size in (0, -8, 8.5, "big", limits["min_key_size"] - 8, largest + 8,
                 10 ** 20):
        refused(c, "POST", enc, {"size": size}, 400)
    refused(c, "POST", enc, {"size": 257}, 400, MULTIPLE)
    for query in ("number=0", "number=", "number=abc", "number=-1", "size=1",
                  "number=%d" % (most + 1), "size=99999999999999999999"):
        refused(c, "GET", enc + "?" + query, None, 400)
    refused(c, "POST", enc, {"extension_mandatory": [{"x_y": 1}]}, 400,
            MANDATORY)
    for body in ("{", "[]", "1", '{"number":1,"number":2}', "\xff\xfe",
                 "[" * 200):
        refused(c, "POST", enc, body, 400)
    refused(c, "GET", "/api/v1/keys/SAE-NOBODY/enc_keys", None, 400)


def bad_fetches(c):
    dec = "/api/v1/keys/%s/dec_keys" % M
    unknown = "01234567-89ab-7def-8123-456789abcdef"
    refused(c, "POST", dec, {"key_IDs": [{"key_ID": unknown}]}, 400,
            NOT_FOUND)
    refused(c, "GET", dec + "?key_ID=" + unknown, None, 400, NOT_FOUND)
    for body in ({}, {"key_IDs": []}, {"key_IDs": 1}, {"key_IDs": [1]},
                 {"key_IDs": [{}]}, {"key_IDs": [{"key_ID": "x"}]}):
        refused(c, "POST", dec, body, 400)
    refused(c, "GET", dec, None, 400)


def off_the_map(c):
    for method, path in (("GET", "/"), ("GET", "/api/v1/keys"),
                         ("GET", "/api/v2/keys/%s/status" % S),
                         ("GET", "/api/v1/keys/%s/nothing" % S)):
        refused(c, method, path, None, 404)
    for method in ("DELETE", "PUT", "PATCH"):
        refused(c, method, "/api/v1/keys/%s/status" % S, None, 405)


def escaped(net, c):
    """Percent-encoding in the path; key_IDs in upper case."""
    code, body = c.request("GET", "/api/v1/keys/%53AE%2dC1/enc_keys")
    equal(code, 200, "an escaped SAE ID")
    key = net.oracle.drawn(M, S, body, 1, 256)[0]
    code, body = net.client(S).dec(M, [key.id.upper()])
    equal(code, 200, "a key_ID in upper case")
    net.oracle.fetched(S, [key.id], {"keys": [
        dict(k, key_ID=k["key_ID"].lower()) for k in body["keys"]]})
    key = net.draw(M, S)[0]
    code, body = net.client(S).dec(S, [key.id])     # as in 014, 6.4
    equal(code, 200, "the caller's own ID in the path")
    net.oracle.fetched(S, [key.id], body)


def keep_alive(net):
    c = net.client(M)
    c.status(S)
    sock = c.http.sock
    for _ in range(50):
        equal(c.status(S)[0], 200, "status again")
    c.request("POST", "/api/v1/keys/%s/enc_keys" % S, "{")
    equal(c.enc("SAE-NOBODY")[0], 400, "an error")
    check(c.http.sock is sock, "the connection was not kept")


def main():
    net = Net("abc", ["a-b", "b-c"])
    limits = status(net)
    c = net.client(M)
    good_forms(net, c)
    bad_requests(c, limits)
    bad_fetches(net.client(S))
    off_the_map(c)
    escaped(net, c)
    keep_alive(net)
    net.settle()
    say("members, forms and errors are right")


run(main)
