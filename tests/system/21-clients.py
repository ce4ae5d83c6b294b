#!/usr/bin/python3
"""What real clients send, shape by shape (shapes.py): each gets what it
needs, and nothing that is malformed takes a key."""
import collections
import os
import re
import ssl
import subprocess
import urllib.parse

from lib import ROOT, Net, check, equal, run, say
from shapes import MORE_AT, SHAPES
from wire import Wire, ask, keys_of, well_formed

KEYS = "/api/v1/keys/"
STATUS = {"source_KME_ID": str, "target_KME_ID": str, "master_SAE_ID": str,
          "slave_SAE_ID": str, "key_size": int, "stored_key_count": int,
          "max_key_count": int, "max_key_per_request": int,
          "max_key_size": int, "min_key_size": int, "max_SAE_ID_count": int}
TLS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
files = {}                      # SAE ID: certificate and key


def pki(net, *words):
    subprocess.run([os.path.join(ROOT, "etc", "qkdnode-pki"), *words],
                   check=True, stdout=subprocess.DEVNULL)


def certificates(net):
    """For more applications; an RSA certificate for the KME of c."""
    path = os.path.join(net.base, "pki")
    os.mkdir(path)
    for name in ("ca.crt", "ca.key"):
        os.symlink(os.path.join(os.path.dirname(net.json["ca"]), name),
                   os.path.join(path, name))
    for sae in MORE_AT:
        if len(sae) > 64:       # no CN holds it; it is named in the path only
            continue
        pki(net, "sae", path, sae, *["--rsa"] * ("RSA" in sae))
        files[sae] = tuple(os.path.join(path, sae + e)
                           for e in (".crt", ".key"))
    pki(net, "ksa", path, "KME-C", "--rsa", "--address", "127.0.0.1")
    for name, option in ((".crt", "certificate"), (".key", "private_key")):
        copy(os.path.join(path, "KME-C-ak" + name),
             net.option("c", "ksa", option))


def copy(source, target):
    """Owner and mode of the target stay."""
    with open(source) as f, open(target, "w") as g:
        g.write(f.read())


def register(net):
    """More applications: in the configuration of each node."""
    new = ['{ id = "%s"; km = "KME-%s"; }' % (s, node.upper())
           for s, node in MORE_AT.items()]
    for node in net.json["nodes"]:
        path = net.conf(node, "ksa")
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write(re.sub(r"(?m)^applications = \(", lambda m: m[0] + "\n" +
                           ",\n".join(new) + ",", text, count=1))
        net.do("stop", node, "ksa")
    for node in net.json["nodes"]:
        net.do("start", node, "ksa")


def connect(net, shape):
    j = net.json
    s = j["saes"].get(shape.sae) or j["strangers"].get(shape.sae) or \
        {"node": MORE_AT[shape.sae]}
    cert, key = files.get(shape.sae) or (s["cert"], s["key"])
    version, _, ciphers = shape.tls.partition(" ")
    alpn = ["h2", "http/1.1"] if version == "alpn" else None
    return Wire(j["nodes"][s.get("node", "a")]["https"], j["ca"], cert, key,
                alpn=alpn, version=TLS.get(version), ciphers=ciphers or None)


def draw(net, number=1):
    a = ask(net, "SAE-A1", "GET", KEYS + "SAE-C1/enc_keys?number=%d" % number)
    keys_of(a, number)
    return net.oracle.drawn("SAE-A1", "SAE-C1", a.json, number, 256)


def fill(net, shape, host):
    """The octets to send, and the keys that they ask for."""
    octets, keys = shape.octets, []
    if b"@IDS" in octets:
        keys = draw(net, 128)
        octets = octets.replace(b"@IDS", ",".join(
            '{"key_ID":"%s"}' % k.id for k in keys).encode())
    elif b"@ID" in octets or b"@UP" in octets:
        keys = draw(net)
        octets = octets.replace(b"@ID", keys[0].id.encode())
        octets = octets.replace(b"@UP", keys[0].id.upper().encode())
    body = octets.partition(b"\r\n\r\n")[2]
    octets = octets.replace(b"@LENGTH", b"%d" % len(body), 1)
    return octets.replace(b"@HOST", host.encode()), keys


def fetch_all(net, a, shape, number, bits):
    """The slave gets what the master got."""
    keys_of(a, number, bits)
    m = re.search(rb"/keys/([^/]+)/enc_keys", shape.octets)
    slave = urllib.parse.unquote(m[1].decode())
    keys = net.oracle.drawn(shape.sae, slave, a.json, number, bits)
    if slave in MORE_AT and slave not in files:
        for k in keys:
            k.fetched = True    # there is no certificate for this name
        return
    body = '{"key_IDs":[%s]}' % ",".join('{"key_ID":"%s"}' % k.id
                                         for k in keys)
    w = connect(net, shape._replace(sae=slave, tls=""))
    b = w.ask(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
              % ((KEYS + shape.sae + "/dec_keys").encode(), len(body),
                 body.encode()))
    keys_of(b, number, bits)
    net.oracle.fetched(slave, [k.id for k in keys], b.json)


def is_status(a):
    for name, kind in STATUS.items():
        check(type(a.json.get(name)) is kind, "%s: %s" % (name, a))
        check(kind is str or 0 <= a.json[name] < 1 << 31, "%s: %s" % (name,
                                                                     a))
    s = a.json
    check(0 < s["min_key_size"] <= s["key_size"] <= s["max_key_size"],
          "sizes: %s" % a)
    check(s["stored_key_count"] <= s["max_key_count"], "counts: %s" % a)


def judge(net, shape, a, keys):
    what, _, rest = shape.want.partition(" ")
    if what == "keys" and rest:
        fetch_all(net, a, shape, *map(int, rest.split()))
    elif what in ("key", "keys"):
        equal(keys_of(a, len(keys)), [(k.id, k.octets) for k in keys],
              "keys")
        net.oracle.fetched("SAE-C1", [k.id for k in keys], a.json)
    elif what == "status":
        is_status(a)
    elif what == "message":
        equal(a.message, rest, "message")
    elif what == "nodetails":
        check("details" not in a.json, "details: %s" % a)
    elif what == "says":
        check(rest in a.message, "%r is not in %s" % (rest, a))
    else:
        check(what == "nobody", "a want that is none: " + shape.want)


def replay(net, shape):
    w = connect(net, shape)
    host = "%s:%d" % w.tls.getpeername()
    octets, keys = fill(net, shape, host)
    for _ in range(shape.times):
        w.send(octets)
        a = w.read(body=shape.want != "nobody")
        equal(a.code, shape.code, str(a))
        if shape.want != "nobody":
            well_formed(a)
        judge(net, shape, a, keys)
    w.close()
    if keys and not keys[0].fetched:    # refused: the key is still there
        net.fetch(keys)


def main():
    net = Net("abc", ["a-b", "b-c"])
    certificates(net)
    register(net)
    net.await_supply("SAE-A1", "SAE-C1")
    counts = collections.Counter()
    for shape in SHAPES:
        try:
            replay(net, shape)
        except (AssertionError, OSError, EOFError) as e:
            raise AssertionError("%s: %s: %r" % (shape.client, shape.name, e)
                                 ) from e
        counts[shape.client] += 1
    for client, n in counts.items():
        print("%s: %d ok" % (client, n))
    say("%d shapes of requests" % len(SHAPES))
    net.settle()


run(main)
