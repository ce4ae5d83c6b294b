#!/usr/bin/python3
"""HTTP as it comes: pipelined, in crumbs, in one piece, half-closed, old,
chunked, too large, and forged."""
import socket
import subprocess

from lib import Net, check, equal, run, say
from tlsraw import raw
from wire import keys_of, request, well_formed, wire

M, S = "SAE-A1", "SAE-B1"
ENC = "/api/v1/keys/%s/enc_keys" % S
STATUS = "/api/v1/keys/%s/status" % S
CHUNKED = "Transfer-Encoding: chunked"


def enc(number, *headers):
    return request("POST", ENC, {"number": number, "size": 64}, headers)


def ends(c, what):
    check(c.ended(), what + ": the connection is still open")
    c.close()


def in_order(net):
    """Answers come in the order of the requests, whatever each costs."""
    c = raw(net, M)
    all_of_it = b"".join(enc(i) + request("GET", STATUS)
                         for i in range(1, 41))
    c.push(c.sealed(all_of_it))
    for i in range(1, 41):
        keys_of(c.answer(), i, 64)
        equal(c.answer().json["slave_SAE_ID"], S, "status between")
    c.send(enc(2) + enc(3, "Connection: close") + enc(4))
    keys_of(c.answer(), 2, 64)
    keys_of(c.answer(), 3, 64)
    ends(c, "Connection: close")


def crumbs(net):
    """A record for every octet; then one segment for many records, and one
    octet a segment."""
    c = raw(net, M)
    text = enc(3)
    records = [text[i:i + 1] for i in range(len(text))]
    for r in records:
        c.send(r)
    keys_of(c.answer(), 3, 64)
    c.push(c.sealed(*records, *records))
    keys_of(c.answer(), 3, 64)
    keys_of(c.answer(), 3, 64)
    for octet in c.sealed(text):
        c.push(bytes([octet]))
    keys_of(c.answer(), 3, 64)
    c.close()


def half_closed(net):
    """Who sends his last still gets every answer, then a clean end."""
    for farewell in (True, False):
        c = raw(net, M)
        c.push(c.sealed(enc(1) + enc(2)) + (c.farewell() if farewell
                                            else b""))
        c.sock.shutdown(socket.SHUT_WR)
        keys_of(c.answer(), 1, 64)
        a = c.answer()
        keys_of(a, 2, 64)
        ends(c, "half-closed")
    c = raw(net, M)
    c.push(c.sealed(enc(1)[:-3]))
    c.push(c.farewell())
    ends(c, "half a request")


def by_openssl(net):
    j = net.json
    s = j["saes"][M]
    p = subprocess.run(
        ["openssl", "s_client", "-quiet", "-connect",
         j["nodes"]["a"]["https"], "-CAfile", j["ca"], "-cert", s["cert"],
         "-key", s["key"]], input=enc(2, "Connection: close"), timeout=20,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    check(p.stdout.startswith(b"HTTP/1.1 200 ") and
          p.stdout.count(b"key_ID") == 2, "s_client: %r" % p.stdout[:300])


def old(net):
    c = wire(net, M)
    a = c.ask(b"GET %s HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
              % STATUS.encode())
    equal((a.code, a.headers.get("connection")), (200, "keep-alive"), "1.0")
    a = c.ask(b"POST %s HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"
              % ENC.encode())
    equal((a.code, a.headers.get("connection")), (200, "close"), "1.0")
    ends(c, "HTTP/1.0")


def chunks(net):
    c = wire(net, M)
    post = request("POST", ENC, headers=[CHUNKED])
    body = b'{"number":7,"size":64}'
    single = b"".join(b"1\r\n%c\r\n" % o for o in body)
    for text in (b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
                 single + b"0\r\n\r\n",
                 b'%x;a="b"\r\n%s\r\n0;e\r\nX-Sum: 1\r\nHost: x\r\n\r\n'
                 % (len(body), body)):
        keys_of(c.ask(post + text), 7, 64)
    keys_of(c.ask(post + b"0\r\n\r\n"), 1)
    c.close()


def asks_first(net):
    c = raw(net, M)
    head, _, body = enc(2, "Expect: 100-continue").partition(b"\r\n\r\n")
    c.send(head + b"\r\n\r\n")
    equal(c.answer(False).code, 100, "Expect")
    c.send(body)
    keys_of(c.answer(), 2, 64)
    c.send(enc(2, "Expect: 100-continue"))      # does not wait
    keys_of(c.answer(), 2, 64)
    c.close()


def forms(net):
    """HEAD; a target with a scheme; methods off the API."""
    c = wire(net, M)
    a = c.ask(request("HEAD", STATUS), body=False)
    equal((a.code, a.headers.get("allow")), (405, "GET"), "HEAD")
    for target in ("https://kme:8443" + STATUS, "HTTPS://other" + STATUS):
        a = c.ask(request("GET", target))
        equal(a.code, 200, target)
    for method, target, code in (("OPTIONS", "*", 404), ("GET", "/", 404),
                                 ("CONNECT", "kme:443", 404),
                                 ("TRACE", STATUS, 405)):
        a = c.ask(request(method, target))
        equal(a.code, code, method + " " + target)
        well_formed(a)
    equal(c.ask(request("GET", STATUS)).code, 200, "the connection is kept")
    c.close()


def too_large(net):
    """400, the end, and the limit is named."""
    big = ["X-%d: %s" % (i, "x" * 1000) for i in range(40)]
    many = ["X-%d: y" % i for i in range(100)]
    trailers = b"0\r\n" + b"T: x\r\n" * 100 + b"\r\n"
    for text, word in (
            (request("GET", STATUS, headers=big), "header"),
            (request("GET", STATUS, headers=many), "header fields"),
            (request("GET", "/" + "x" * 40000), "header"),
            (request("POST", ENC, headers=["Content-Length: 9999999"]),
             "body"),
            (request("POST", ENC, headers=[CHUNKED]) + b"20001\r\n" +
             b" " * 0x20001, "body"),
            (request("POST", ENC, headers=[CHUNKED]) + trailers, "header"),
            (request("POST", ENC, headers=[CHUNKED]) + b"1;" + b"x" * 99999,
             "chunk header")):
        c = raw(net, M)
        try:
            c.send(text)
        except OSError:
            pass                # closed before all of it was sent
        a = c.answer()
        equal(a.code, 400, word)
        well_formed(a)
        check(word in a.message, "%s: %s" % (word, a))
        ends(c, word)


def forged(net):
    """What two readers could take for different requests is refused, and
    nothing behind it is looked at."""
    g = b"GET %s HTTP/1.1\r\nHost: kme\r\n" % STATUS.encode()
    p = b"POST %s HTTP/1.1\r\nHost: kme\r\n" % ENC.encode()
    te = b"Transfer-Encoding: chunked\r\n"
    behind = g + b"\r\n"
    cases = [
        p + b"Content-Length: 5\r\n" + te + b"\r\n0\r\n\r\n",
        p + te + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
        p + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        p + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        p + b"Content-Length: 2, 2\r\n\r\n{}",
        p + b"Content-Length: +2\r\n\r\n{}",
        p + b"Content-Length : 2\r\n\r\n{}",
        p + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        p + b"Transfer-Encoding: gzip, chunked, identity\r\n\r\n0\r\n\r\n",
        p + te + b"\r\n2\r\n{}0\r\n\r\n",
        p + te + b"\r\n2\n{}\r\n0\r\n\r\n",
        p + te + b"\r\n0x2\r\n{}\r\n0\r\n\r\n",
        g + b"X: a\r\n folded: b\r\n\r\n",
        g + b"X: a\nY: b\r\n\r\n",
        g + b"X: a\rY: b\r\n\r\n",
        g + b"X: a\x00b\r\n\r\n",
        g + b"X\x00Y: a\r\n\r\n",
        g + b"X Y: a\r\n\r\n",
        g + b"Host: other\r\n\r\n",
        b"GET %s HTTP/1.1\r\n\r\n" % STATUS.encode(),
        b"GET %s HTTP/1.1\nHost: kme\n\n" % STATUS.encode(),
        b"GET %s\r\nHost: kme\r\n\r\n" % STATUS.encode(),
        b"GET %s HTTP/2.0\r\nHost: kme\r\n\r\n" % STATUS.encode(),
        b"get %s HTTP/1.1\r\nHost: kme\r\n\r\n" % STATUS.encode(),
    ]
    for text in cases:
        c = raw(net, M)
        c.send(text + behind)
        a = c.answer()
        equal(a.code, 400, repr(text[-60:]))
        equal(a.headers.get("connection"), "close", repr(text[-60:]))
        well_formed(a)
        ends(c, repr(text[-60:]))
    return len(cases)


def nothing_lost(net):
    figures = net.ctl("a", "ksa")
    equal(figures["answers_delivered_unknown"], 0, "delivered-unknown")


def main():
    net = Net("ab", ["a-b"])
    for part in (in_order, crumbs, half_closed, by_openssl, old, chunks,
                 asks_first, forms, nothing_lost, too_large):
        part(net)
    say("forged requests refused:", forged(net))
    nothing_lost(net)


run(main)
