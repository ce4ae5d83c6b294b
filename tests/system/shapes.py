"""What clients of ETSI GS QKD 014 send, shape by shape, as octets.

In a request @HOST is the KME's address, @ID a key drawn for the slave just
now, @UP the same in upper case, @IDS 128 of them as members of key_IDs.
`want`: what the answer shall be, besides well formed and of that code:
    keys N BITS     a container; the slave fetches the same
    key             the key @ID; keys: those of @IDS
    status          eleven members within their limits
    message TEXT    exactly; says TEXT: somewhere in the message
"""
import collections
import json

Shape = collections.namedtuple("Shape", "client name octets code want sae tls "
                               "times")
SHAPES = []
DN = "CN=enclave-7,OU=Poller,O=Example Org,C=DE"
LONG = "forti-" + "x" * 285             # 291 characters
SPACED = "Branch Office 7"
MORE_AT = {DN: "c", LONG: "c", SPACED: "c",     # more applications
           "SAE-RSA": "a", "SAE-RSA-C": "c"}    # with RSA certificates
NOT_FOUND = "message one or more keys specified are not found on KME"
MULTIPLE = "message size shall be a multiple of 8"
UNSUPPORTED = "message not all extension_mandatory parameters are supported"
UNKNOWN = "01234567-89ab-7def-8123-456789abcdef"
ENC, DEC = "/api/v1/keys/SAE-C1/enc_keys", "/api/v1/keys/SAE-A1/dec_keys"
STATUS = "/api/v1/keys/SAE-C1/status"


def add(client, name, octets, code=200, want="", sae=None, tls="", times=1):
    if isinstance(octets, str):
        octets = octets.encode()
    if sae is None:
        sae = "SAE-C1" if b"/dec_keys" in octets else "SAE-A1"
    SHAPES.append(Shape(client, name, octets, code, want, sae, tls, times))


def head(first, *fields):
    return "\r\n".join((first, "Host: @HOST") + fields) + "\r\n\r\n"


def get(path, *fields):
    return head("GET %s HTTP/1.1" % path, *fields)


def post(path, body, *fields):
    """Content-Length is counted when @ID has been filled in."""
    if not isinstance(body, str):
        body = json.dumps(body)
    return head("POST %s HTTP/1.1" % path, *fields,
                "Content-Length: @LENGTH") + body


def ids(*several):
    return {"key_IDs": [{"key_ID": i} for i in several]}


# ---- the C client library, and the plug-ins over it

C = ("Accept: */*", "Content-Type: application/json")
add("C library", "status, Content-Type without a body", get(STATUS, *C), 200,
    "status")
add("C library", "enc_keys by GET", get(ENC + "?number=1&size=256", *C), 200,
    "keys 1 256")
add("C library", "enc_keys by POST", post(
    ENC, '{"number":2,"size":512}', *C), 200, "keys 2 512")
add("C library", "enc_keys with all members", post(
    ENC, '{"number":1,"size":256,"additional_slave_SAE_IDs":[],'
    '"extension_mandatory":[],"extension_optional":[]}', *C), 200,
    "keys 1 256")
add("C library", "dec_keys compact", post(
    DEC, '{"key_IDs":[{"key_ID":"@ID"}]}', *C), 200, "key")
add("C library", "master_SAE_ID beside key_ID", post(
    DEC, '{"key_IDs":[{"key_ID":"@ID","master_SAE_ID":"SAE-A1"}]}', *C), 200,
    "key")
add("C library", "dec_keys by GET", get(DEC + "?key_ID=@ID", *C), 200, "key")
add("C library", "128 keys at once", post(DEC, '{"key_IDs":[@IDS]}', *C), 200,
    "keys")
add("C library", "an unknown key_ID", post(DEC, ids(UNKNOWN), *C), 400,
    NOT_FOUND)
add("C library", "an application that is registered nowhere",
    get(STATUS, *C), 401, "says SAE-X", "SAE-X")
add("strongSwan", "key_ID in upper case", post(DEC, ids("@UP"), *C), 200,
    "key")
add("strongSwan", "key_ID in upper case, GET", get(DEC + "?key_ID=@UP", *C),
    200, "key")
add("strongSwan", "size=32, octets meant", get(ENC + "?size=32", *C), 400,
    "says 64 (min_key_size)")
add("strongSwan", "size 32, octets meant", post(
    ENC, '{"number":1,"size":32}', *C), 400, "says 64 (min_key_size)")

add("C library", "additional slaves", post(
    ENC, '{"number":1,"size":256,"additional_slave_SAE_IDs":["SAE-B1",'
    '"SAE-C2"],"extension_mandatory":[]}', *C), 200, "keys 1 256")

# ---- the feeder of WireGuard

GO = ("User-Agent: Go-http-client/1.1", "Accept-Encoding: gzip")
add("WireGuard feeder", "enc_keys", get(ENC + "?number=1&size=256", *GO), 200,
    "keys 1 256", tls="1.2")
add("WireGuard feeder", "the reply is lost five times",
    get(DEC + "?key_ID=@ID", *GO), 200, "key", times=5)
add("WireGuard feeder", "TLS 1.3", get(DEC + "?key_ID=@ID", *GO), 200, "key",
    tls="1.3")
add("Go client", "POST of structs with zero values", post(
    ENC, '{"number":1,"size":256,"additional_slave_SAE_IDs":[]}\n',
    *GO, "Content-Type: application/json"), 200, "keys 1 256")
add("Go client", "nil slices", post(
    ENC, '{"number":1,"size":256,"additional_slave_SAE_IDs":null}', *GO), 200,
    "keys 1 256")

# ---- Python

PY = ("User-Agent: python-requests/2.31.0", "Accept-Encoding: gzip, deflate",
      "Accept: */*", "Connection: keep-alive")
PYJ = PY + ("Content-Type: application/json",)
add("Python client", "GET without parameters", get(ENC, *PY), 200,
    "keys 1 256")
add("Python client", "POST", post(ENC, {"number": 3, "size": 128}, *PYJ), 200,
    "keys 3 128")
add("Python client", "POST dec_keys", post(DEC, ids("@ID"), *PYJ), 200, "key")
add("Python client", "GET status", get(STATUS, *PY), 200, "status")
add("Python client", "400 in JSON", post(ENC, {"number": 0}, *PYJ), 400,
    "says number")
add("Python client", "401 in JSON", post(ENC, {}, *PYJ), 401, "says SAE-X",
    "SAE-X")
add("Python client", "404 in JSON", get("/api/v1/keys", *PY), 404, "says no")
add("Python client", "405 in JSON", head("DELETE %s HTTP/1.1" % ENC, *PY),
    405, "says DELETE")
add("Python client", "a form instead of JSON", post(
    ENC, "number=1&size=256", *PY,
    "Content-Type: application/x-www-form-urlencoded"), 400, "says JSON")
add("Python client", "escapes in JSON", post(
    ENC, '{"number": 1, "\\u0073ize": 128, "x": "\\ud83d\\ude00"}', *PYJ),
    200, "keys 1 128")

# ---- Rust

RS = ("accept: */*", "content-type: application/json")
add("Rust client A", "POST with additional_target_sae_ids", post(
    ENC, '{"number":1,"size":256,"additional_target_sae_ids":[]}', *RS), 200,
    "keys 1 256")
add("Rust client A", "its first version: null for None", post(
    ENC, '{"number":1,"size":256,"additional_target_sae_ids":[],'
    '"extension_mandatory":null}', *RS), 200, "keys 1 256")
add("Rust client A", "POST dec_keys", post(DEC, ids("@ID"), *RS), 200, "key")
add("Rust suite B", "POST without a body, a length, a type",
    head("POST %s HTTP/1.1" % ENC, "accept: */*"), 200, "keys 1 256",
    tls="1.3")
add("Rust suite B", "%20 in an ID", get(
    "/api/v1/keys/Branch%20Office%207/enc_keys", "accept: */*"), 200,
    "keys 1 256", tls="1.3")
add("Rust suite B", "%20 in an ID, status", get(
    "/api/v1/keys/Branch%20Office%207/status", "accept: */*"), 200, "status",
    tls="1.3")
add("Rust suite B", "%20 in an unknown ID", get(
    "/api/v1/keys/Sales%20Dept/enc_keys"), 400, "says Sales Dept", tls="1.3")
add("Rust suite B", "Error without details", post(ENC, '{"number":129}', *RS),
    400, "nodetails")
add("Rust suite B", "an empty list of IDs", post(DEC, '{"key_IDs":[]}', *RS),
    400, "nodetails")
add("Rust suite B", "no UUID", post(DEC, ids("non-uuid"), *RS), 400,
    "nodetails")
add("Rust suite B", "no UUID, GET", get(DEC + "?key_ID=non-uuid"), 400,
    "nodetails")
add("Rust suite B", "an unknown key_ID under a blank", get(
    "/api/v1/keys/%20/dec_keys?key_ID=" + UNKNOWN), 400, "nodetails",
    tls="1.3")
add("Rust client", "null for None", post(
    ENC, '{"number":null,"size":null}', *RS), 400, "says integer")

# ---- a diagnostic tool

add("diagnostic tool", "an optional extension nobody knows", post(
    ENC, {"extension_optional": [{"xyz_probe": {"a": [1, None]}}]}), 200,
    "keys 1 256")
add("diagnostic tool", "a mandatory extension nobody knows", post(
    ENC, {"extension_mandatory": [{"xyz_probe": 1}]}), 400, UNSUPPORTED)
add("diagnostic tool", "one key more than the most", get(
    ENC + "?number=129"), 400, "says 128")
add("diagnostic tool", "size 257", get(ENC + "?size=257"), 400, MULTIPLE)
add("diagnostic tool", "its own ID in the path", get(
    "/api/v1/keys/SAE-C1/dec_keys?key_ID=@ID"), 200, "key")
add("diagnostic tool", "another master in the path", get(
    "/api/v1/keys/SAE-A2/dec_keys?key_ID=@ID"), 401, "says application")
add("diagnostic tool", "another application fetches", get(
    DEC + "?key_ID=@ID"), 401, "says another application", "SAE-C2")
add("diagnostic tool", "the master fetches", get(DEC + "?key_ID=@ID"), 401,
    "says another application", "SAE-A1")

# ---- the poller in an enclave, by hand

add("Enclave poller", "a whole DN in the path", get(
    "/api/v1/keys/CN%3Denclave-7%2COU%3DPoller%2CO%3DExample%20Org%2CC%3DDE/"
    "enc_keys?size=256"), 200, "keys 1 256")
add("Enclave poller", "every octet encoded", get(
    "/api/v1/keys/" + "".join("%%%02x" % ord(c) for c in DN) + "/status"),
    200, "status")
add("Enclave poller", "only what must be is encoded", get(
    "/api/v1/keys/" + DN.replace(" ", "%20") + "/enc_keys"), 200,
    "keys 1 256")
add("Enclave poller", "dec_keys under its DN", get(
    "/api/v1/keys/" + DN.replace(" ", "%20") + "/dec_keys?key_ID=" + UNKNOWN),
    400, NOT_FOUND, DN)
add("Enclave poller", "blanks around values, lower-case names",
    "GET %s HTTP/1.1\r\nhost:\t @HOST  \r\nconnection:close\r\n\r\n" % STATUS,
    200, "status")
add("Enclave poller", "bare line feeds", "GET %s HTTP/1.1\nHost: @HOST\n\n"
    % STATUS, 400, "says HTTP")

# ---- others

add("C client C", "key_type=1", get(ENC + "?number=1&size=256&key_type=1"),
    200, "keys 1 256")
add("C client C", "key_type=1 with dec_keys", get(
    DEC + "?key_type=1&key_ID=@ID"), 200, "key")
add("C client C", "key_type=1 with POST", post(ENC + "?key_type=1", {}), 200,
    "keys 1 256")
add("C client C", "key_type=1 with status", get(STATUS + "?key_type=1"), 200,
    "status")
add("FortiOS", "an ID of 291 characters", get(
    "/api/v1/keys/%s/enc_keys?size=256" % LONG), 200, "keys 1 256", tls="1.2")
add("FortiOS", "an ID of 292 characters", get(
    "/api/v1/keys/%sx/enc_keys" % LONG), 400, "says not valid")
add("FortiOS", "TLS 1.2 with RSA", get(ENC + "?number=1&size=256"), 200,
    "keys 1 256", "SAE-RSA", "1.2")
add("FortiOS", "TLS 1.2 with RSA at both ends", get(
    "/api/v1/keys/SAE-A1/enc_keys"), 200, "keys 1 256", "SAE-RSA-C",
    "1.2 ECDHE-RSA-AES128-GCM-SHA256")
add("PAN-OS", "a connectivity test", get(STATUS, "Accept: application/json"),
    200, "status")
add("MikroTik", "a PPK", get(ENC + "?size=256"), 200, "keys 1 256")
add("Junos", "a PPK by POST", post(ENC, '{"number": "1", "size": "256"}'),
    400, "says integer")
for _path in ("/capabilities", "/key?remoteSystemID=SAE-C1&size=256",
              "/key/%s?remoteSystemID=SAE-C1" % UNKNOWN.replace("-", ""),
              "/entropy?minentropy=256"):
    add("Cisco SKIP", _path.partition("?")[0][:10], get(_path), 404,
        "message there is no such resource")

# ---- HTTP as libraries have it

CURL = ("User-Agent: curl/7.88.1", "Accept: */*")
_pad = '{"number":1,"pad":"%s"}' % ("x" * 1100)
add("curl", "Expect: 100-continue", post(
    ENC, _pad, *CURL, "Content-Type: application/x-www-form-urlencoded",
    "Expect: 100-continue"), 200, "keys 1 256")
add("curl", "ALPN h2", get(ENC, *CURL), 200, "keys 1 256", tls="alpn")
add("curl", "-X POST -d ''", head(
    "POST %s HTTP/1.1" % ENC, *CURL, "Content-Length: 0",
    "Content-Type: application/x-www-form-urlencoded"), 200, "keys 1 256")
add("curl", "-X GET -d", head(
    "GET %s HTTP/1.1" % ENC, *CURL, "Content-Length: 2") + "{}", 400,
    "says POST")
add("curl", "Transfer-Encoding: chunked", head(
    "POST %s HTTP/1.1" % ENC, *CURL, "Transfer-Encoding: chunked") +
    "c\r\n{\"number\":2}\r\n0\r\n\r\n", 200, "keys 2 256")
add("Java", "chunks, the last at once", head(
    "POST %s HTTP/1.1" % ENC, "Transfer-Encoding: chunked") + "0\r\n\r\n",
    200, "keys 1 256")
add("Java", "an offer of h2c", get(
    STATUS, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
    "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA"), 200,
    "status")
add("Java", "nulls for members that are not set", post(
    ENC, '{"number":1,"size":256,"additional_slave_SAE_IDs":null,'
    '"extension_mandatory":null,"extension_optional":null}'), 200,
    "keys 1 256")
add(".NET", "a charset", post(
    ENC, "{}", "Content-Type: application/json; charset=utf-8"), 200,
    "keys 1 256")
add(".NET", "a byte order mark", head(
    "POST %s HTTP/1.1" % ENC, "Content-Length: 5").encode() +
    b"\xef\xbb\xbf{}", 400, "says JSON")
add("node", "Connection: close", get(ENC, "Connection: close"), 200,
    "keys 1 256")
add("browser", "what it sends", get(
    STATUS, "User-Agent: Mozilla/5.0 (X11; Linux x86_64)", "Accept: text/html",
    "Accept-Language: de,en;q=0.5", "Accept-Encoding: gzip, deflate, br",
    "Cookie: " + "a" * 4000, "Upgrade-Insecure-Requests: 1", "DNT: 1",
    "If-None-Match: \"x\"", "Range: bytes=0-3", "Cache-Control: max-age=0"),
    200, "status")
add("browser", "favicon", get("/favicon.ico"), 404, "says no such")
add("proxy", "absolute form", head("GET https://@HOST%s HTTP/1.1" % ENC,
                                   "Via: 1.1 x", "X-Forwarded-For: 10.0.0.1"),
    200, "keys 1 256")
add("HTTP/1.0", "GET", "GET %s HTTP/1.0\r\n\r\n" % ENC, 200, "keys 1 256")
add("HTTP/1.0", "POST", "POST %s HTTP/1.0\r\nContent-Length: 12\r\n\r\n"
    "{\"number\":2}" % ENC, 200, "keys 2 256")
add("HTTP/1.0", "keep-alive", "GET %s HTTP/1.0\r\nHost: @HOST\r\n"
    "Connection: keep-alive\r\n\r\n" % STATUS, 200, "status")
add("HTTP", "a method in lower case", "get %s HTTP/1.1\r\nHost: @HOST\r\n\r\n"
    % STATUS, 400, "says HTTP")
add("HTTP", "no Host", "GET %s HTTP/1.1\r\n\r\n" % STATUS, 400, "says Host")
add("HTTP", "HTTP/2 by prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    400, "says HTTP")
add("HTTP", "HTTP/0.9", "GET %s\r\n\r\n" % STATUS, 400, "says HTTP")
add("HTTP", "two lengths", head(
    "POST %s HTTP/1.1" % ENC, "Content-Length: 2", "Content-Length: 3") +
    "{} ", 400, "says HTTP")
add("HTTP", "a length and chunks", head(
    "POST %s HTTP/1.1" % ENC, "Content-Length: 5",
    "Transfer-Encoding: chunked") + "0\r\n\r\n", 400, "says HTTP")
add("HTTP", "a folded field", get(STATUS, "X: a\r\n b"), 400, "says folded")
add("HTTP", "a compressed body", head(
    "POST %s HTTP/1.1" % ENC, "Content-Encoding: gzip",
    "Content-Length: 22").encode() + bytes.fromhex(
    "1f8b0800000000000003ab0500430bf7a302000000")[:21] + b"\0", 400,
    "says JSON")
add("HTTP", "a body beyond the limit", head(
    "POST %s HTTP/1.1" % ENC, "Content-Length: 131073"), 400,
    "says body is too large")
add("HTTP", "chunks beyond the limit", head(
    "POST %s HTTP/1.1" % ENC, "Transfer-Encoding: chunked") + "20001\r\n" +
    " " * 131073, 400, "says body is too large")
add("HTTP", "a body at the limit", post(ENC, " " * 131070 + "{}"), 200,
    "keys 1 256")
add("HTTP", "a header beyond the limit", get(STATUS, "X: " + "x" * 16384),
    400, "says header is too large")
add("HTTP", "a URL beyond the limit", get(STATUS + "?" + "x" * 16384), 400,
    "says header is too large")
add("HTTP", "65 header fields", get(STATUS, *["X: y"] * 64), 400,
    "says too many header fields")
add("HTTP", "an empty ID", get("/api/v1/keys//status"), 400, "says not valid")
add("HTTP", "a slash in an ID", get("/api/v1/keys/a%2Fb/status"), 400,
    "says a/b")
add("HTTP", "a slash too many", get(STATUS + "/"), 404, "says no such")
add("HTTP", "HEAD", head("HEAD %s HTTP/1.1" % STATUS), 405, "nobody")
add("HTTP", "OPTIONS of a browser", head(
    "OPTIONS %s HTTP/1.1" % ENC, "Origin: https://x"), 405, "says OPTIONS")

# ---- numbers

for _text in ("0", "-1", "1.5", "1.0", "1e1", "1E2", '"3"', "null", "true",
              "[1]", "{}", "129", "99999999999999999999", "-0.0",
              "9223372036854775808", "18446744073709551617"):
    add("numbers", "number " + _text, post(ENC, '{"number":%s}' % _text), 400,
        "says number")
for _text in ("0", "-8", "56", "32", "65544", "8.5", "256.0", '"256"', "null",
              "false", "4294967552"):
    add("numbers", "size " + _text, post(ENC, '{"size":%s}' % _text), 400,
        "says size")
for _text in ("99999999999999999999", "18446744073709551872", "1e999"):
    add("numbers", "size " + _text, post(ENC, '{"size":%s}' % _text), 400,
        "says out of range")
for _text in ("01", "+1", "0x10", "1,2", ".5", "NaN", "Infinity", "1 2"):
    add("numbers", "not JSON: " + _text, post(ENC, '{"number":%s}' % _text),
        400, "says JSON")
for _text in ("", "0", "-1", "1.5", "1e1", "abc", "129", "%31%00", "1;",
              "99999999999999999999", "null", "0x1", "%2B1", "1%201"):
    add("numbers", "?number=" + _text, get(ENC + "?number=" + _text), 400,
        "says number")
for _text in ("0", "-8", "32", "65544", "99999999999999999999", "256bit"):
    add("numbers", "?size=" + _text, get(ENC + "?size=" + _text), 400,
        "says size")
add("numbers", "zeros before", get(ENC + "?number=0002&size=00256"), 200,
    "keys 2 256")
add("numbers", "the largest", post(ENC, {"size": 65536}), 200, "keys 1 65536")
add("numbers", "the smallest, as many as can be", post(
    ENC, {"number": 128, "size": 64}), 200, "keys 128 64")

# ---- JSON

for _name, _body, _code, _want in (
        ("a member twice", '{"number":1,"number":1}', 400, "says twice"),
        ("a member twice inside", '{"x":{"a":1,"a":2}}', 400, "says twice"),
        ("an array", "[]", 400, "says object"),
        ("null", "null", 400, "says object"),
        ("a text", '"{}"', 400, "says object"),
        ("cut short", '{"number":1', 400, "says JSON"),
        ("two objects", "{}{}", 400, "says JSON"),
        ("a comma at the end", '{"number":1,}', 400, "says JSON"),
        ("comments", "{/**/}", 400, "says JSON"),
        ("single quotes", "{'number':1}", 400, "says JSON"),
        ("a NUL", '{"x":"\\u0000"}', 400, "says NUL"),
        ("half a surrogate", '{"x":"\\ud800"}', 400, "says JSON"),
        ("names in other case", '{"Number":3,"SIZE":1}', 200, "keys 1 256"),
        ("unknown members of all kinds", '{"a":null,"b":[{}],"c":1e3,"":0}',
         200, "keys 1 256"),
        ("nested 100 deep", '{"x":%s1%s}' % ("[" * 100, "]" * 100), 200,
         "keys 1 256"),
        ("nested 30,000 deep", '{"x":%s' % ("[" * 30000), 400, "says deep"),
        ("blanks all around", " \r\n\t{ \"number\" :\n2 } \n", 200,
         "keys 2 256")):
    add("JSON", _name, post(ENC, _body), _code, _want)
for _value in ("1", "-1.5", '"x"', "null", "true", "[]", "{}",
               '{"a":[{"b":null}]}'):
    add("extensions", "mandatory, a value " + _value, post(
        ENC, '{"extension_mandatory":[{"abc_x":%s}]}' % _value), 400,
        UNSUPPORTED)
    add("extensions", "optional, a value " + _value, post(
        ENC, '{"extension_optional":[{"abc_x":%s}]}' % _value), 200,
        "keys 1 256")
for _value in ("1", '"x"', "true", "{}", "[1]", '["x"]', "[null]", "[[]]",
               '{"abc_x":1}'):
    for _which in ("mandatory", "optional"):
        add("extensions", "%s %s" % (_which, _value), post(
            ENC, '{"extension_%s":%s}' % (_which, _value)), 400,
            "message extension_%s shall be an array of objects" % _which)
add("extensions", "mandatory in a URL", get(ENC + "?extension_mandatory=x"),
    400, "says POST")
add("extensions", "optional in a URL", get(ENC + "?extension_optional=x"),
    200, "keys 1 256")
add("queries", "number twice", get(ENC + "?number=1&number=1"), 400,
    "says twice")
add("queries", "size twice", get(ENC + "?size=64&x=1&size=128"), 400,
    "says twice")
add("queries", "nothing but separators", get(ENC + "?&&=&"), 200,
    "keys 1 256")
add("queries", "with POST", post(ENC + "?number=3", ""), 400, "says body")

# ---- key IDs

_two = '{"key_IDs":[{"key_ID":"@ID"},{"key_ID":"%s"}]}'
for _name, _body, _code, _want in (
        ("none", {"key_IDs": []}, 400, "says at least one"),
        ("no member", {}, 400, "says at least one"),
        ("no body", "", 400, "says at least one"),
        ("129", ids(*(UNKNOWN[:-3] + "%03x" % i for i in range(129))), 400,
         "says 128"),
        ("5,000", ids(*(UNKNOWN[:-4] + "%04x" % i for i in range(1900))), 400,
         "says 128"),
        ("the same twice", _two % "@ID", 400, "says twice"),
        ("the same twice, once in upper case", _two % "@UP", 400,
         "says twice"),
        ("one known, one not", _two % UNKNOWN, 400, NOT_FOUND),
        ("texts", '{"key_IDs":["@ID"]}', 400, "says array of objects"),
        ("an object", '{"key_IDs":{"key_ID":"@ID"}}', 400, "says array"),
        ("key_ID alone", '{"key_ID":"@ID"}', 400, "says at least one"),
        ("null", '{"key_IDs":null}', 400, "says at least one"),
        ("an integer", '{"key_IDs":[{"key_ID":7}]}', 400, "says string"),
        ("no UUID", ids("key-1"), 400, NOT_FOUND),
        ("an empty text", ids(""), 400, NOT_FOUND),
        ("braces", ids("{@ID}"), 400, NOT_FOUND),
        ("urn:uuid:", ids("urn:uuid:@ID"), 400, NOT_FOUND),
        ("without dashes", ids(UNKNOWN.replace("-", "")), 400, NOT_FOUND),
        ("a UUID of another kind", ids("550e8400-e29b-41d4-a716-"
                                       "446655440000"), 400, NOT_FOUND),
        ("the nil UUID", ids("00000000-0000-0000-0000-000000000000"), 400,
         NOT_FOUND),
        ("with extensions", '{"key_IDs_extension":{"a":1},"key_IDs":[{'
         '"key_ID_extension":{},"key_ID":"@ID"}]}', 200, "key"),
        ("in many lines", json.dumps(ids("@ID"), indent=4), 200, "key")):
    add("key IDs", _name, post(DEC, _body), _code, _want)
add("key IDs", "GET without", get(DEC), 400, "says key_ID is missing")
add("key IDs", "GET, two", get(DEC + "?key_ID=@ID&key_ID=" + UNKNOWN), 400,
    "says twice")
add("key IDs", "GET, encoded", get(DEC + "?key%5FID=@ID".replace(
    "@ID", "%41")), 400, NOT_FOUND)
add("key IDs", "GET with a body", head(
    "GET %s?key_ID=@ID HTTP/1.1" % DEC, "Content-Length: 2") + "{}", 400,
    "says POST")
