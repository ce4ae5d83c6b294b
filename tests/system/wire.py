"""HTTP over TLS by hand: every octet that is sent is the test's own choice,
and every octet that comes back is looked at."""
import base64
import json
import re
import socket
import ssl
import uuid

from lib import check, equal

ENDED = (OSError, EOFError)     # the connection, before an answer came


def _no_doubles(pairs):
    names = [k for k, _ in pairs]
    check(len(set(names)) == len(names), "a member twice: %s" % names)
    return dict(pairs)


def parse(text):
    """JSON as RFC 8259 has it and strict readers need it: no member twice,
    no NaN."""
    def refuse(word):
        raise AssertionError("not JSON: " + word)
    return json.loads(text.decode("utf-8"), object_pairs_hook=_no_doubles,
                      parse_constant=refuse)


class Answer:
    def __init__(self, head, body, interim):
        lines = head.decode("ascii").split("\r\n")
        m = re.fullmatch(r"HTTP/1\.1 ([1-5]\d\d) [A-Z][A-Za-z ]+", lines[0])
        check(m, "status line: %r" % lines[0])
        self.code, self.interim = int(m[1]), interim
        self.headers = {}
        for line in lines[1:]:
            m = re.fullmatch(r"([A-Za-z-]+): (\S(?:.*\S)?)", line)
            check(m and m[1].lower() not in self.headers,
                  "header field: %r" % line)
            self.headers[m[1].lower()] = m[2]
        self.octets = body
        self.json = parse(body) if body else None

    def __str__(self):
        return "%d %s" % (self.code, self.octets[:300])

    @property
    def message(self):
        return self.json.get("message")


class Wire:
    """One connection of an application."""

    def __init__(self, address, ca, cert=None, key=None, *, version=None,
                 ciphers=None, alpn=None, timeout=15):
        ctx = ssl.create_default_context(cafile=ca)
        if ciphers:
            ctx.set_ciphers(ciphers)
        if alpn:
            ctx.set_alpn_protocols(alpn)
        if version:
            ctx.minimum_version = ctx.maximum_version = version
        if cert:
            ctx.load_cert_chain(cert, key)
        host, port = address.rsplit(":", 1)
        raw = socket.create_connection((host, int(port)), timeout)
        try:
            self.tls = ctx.wrap_socket(raw, server_hostname=host)
        except BaseException:
            raw.close()
            raise
        self.kept = b""

    def send(self, octets):
        self.tls.sendall(octets)

    def _more(self):
        data = self.tls.recv(65536)
        if not data:
            raise EOFError("the connection ended")
        self.kept += data

    def read(self, body=True):
        """The next answer; what was said before it, 100, in interim."""
        interim = []
        while True:
            while b"\r\n\r\n" not in self.kept:
                self._more()
            head, _, self.kept = self.kept.partition(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 1"):
                break
            interim.append(head)
        m = re.search(rb"\r\nContent-Length: (\d+)", head)
        check(m, "no Content-Length: %r" % head)
        length = int(m[1]) if body else 0
        while len(self.kept) < length:
            self._more()
        octets, self.kept = self.kept[:length], self.kept[length:]
        return Answer(head, octets, interim)

    def ended(self):
        """Nothing more comes."""
        try:
            return self.kept == b"" and self.tls.recv(1) == b""
        except OSError:
            return True

    def ask(self, octets, body=True):
        self.send(octets)
        return self.read(body)

    def close(self):
        self.tls.close()


def wire(net, sae, **more):
    j = net.json
    s = j["saes"].get(sae) or j["strangers"][sae]
    return Wire(j["nodes"][s.get("node", "a")]["https"], j["ca"], s["cert"],
                s["key"], **more)


def request(method, target, body=None, headers=(), host="kme"):
    """A request as one would write it by hand."""
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    lines = ["%s %s HTTP/1.1" % (method, target), "Host: " + host, *headers]
    if body is not None:
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


def ask(net, sae, method, target, body=None, headers=()):
    """One request on a connection of its own; the answer has the form that
    every answer has."""
    w = wire(net, sae)
    a = w.ask(request(method, target, body, headers))
    w.close()
    well_formed(a)
    return a


def well_formed(a):
    """What holds for every answer (5.1, 6.3, 6.5)."""
    equal(a.headers.get("content-type"), "application/json", "Content-Type")
    equal(a.headers.get("cache-control"), "no-store", "Cache-Control")
    check(isinstance(a.json, dict), "no JSON object: %s" % a)
    if a.code == 200:
        check("message" not in a.json, "200 with an error: %s" % a)
        return
    check(a.code in (400, 401, 404, 405, 503), "code %s" % a)
    check(set(a.json) <= {"message", "details"}, "members of Error: %s" % a)
    check(isinstance(a.message, str) and a.message, "no message: %s" % a)
    if "details" in a.json:
        details = a.json["details"]
        check(isinstance(details, list) and details, "details: %s" % a)
        for d in details:
            check(isinstance(d, dict) and len(d) == 1, "detail: %s" % a)


KEY = {"key_ID", "key"}


def keys_of(a, number=1, bits=256, members=KEY):
    """[(key_ID, octets)] of a Key container, member by member (6.3)."""
    equal(a.code, 200, str(a))
    equal(set(a.json), {"keys"}, "members of the container")
    out = []
    for k in a.json["keys"]:
        equal(set(k), members, "members of a key")
        equal(str(uuid.UUID(k["key_ID"])), k["key_ID"], "UUID format")
        octets = base64.b64decode(k["key"], validate=True)
        equal(base64.b64encode(octets).decode(), k["key"], "base64, padded")
        equal(len(octets) * 8, bits or len(octets) * 8, "size of a key")
        out.append((k["key_ID"], octets))
    equal(len(out), number, "number of keys")
    return out
