#!/usr/bin/python3
"""Who may be a plain peer: kma lets keys in clear pass for those alone that
stand in its own configuration, and for the applications listed there, whatever
relayd and ksa are told; a peer that is known by its certificate has no other.
"""
import hashlib
import os
import re
import ssl
import sys
import uuid

sys.dont_write_bytecode = True
from kx import KM, Closed  # noqa: E402
from lib import Net, check, equal, run, say, wait_for  # noqa: E402


def fresh():
    return [(str(uuid.uuid4()), os.urandom(32))]


def configure(net, daemon, pattern, text):
    """Changes a daemon's file and starts it anew."""
    path = net.conf("a", daemon)
    with open(path) as f:
        old = f.read()
    new, n = re.subn(pattern, lambda _: text, old, flags=re.S)
    equal(n, 1, "places of %s in %s" % (pattern, path))
    with open(path, "w") as f:
        f.write(new)
    net.do("stop", "a", daemon)
    net.do("start", "a", daemon)


class Peer:
    def __init__(self, net):
        j = net.json
        f = j["foreign"]["x"]
        self.net, self.address, self.ca = net, j["nodes"]["a"]["kx"], j["ca"]
        self.cert, self.key = f["cert"], f["key"]

    def link(self, cert=None, key=None):
        self.km = KM("KME-X", "KME-A", cert or self.cert, key or self.key,
                     self.ca)
        return self.km.dial(self.address, lambda _: "success")

    def serves(self, cert=None, key=None):
        """Whether it takes keys from who shows this certificate."""
        try:
            link = self.link(cert, key)
            return self.km.give(link, fresh())["response"] == "success"
        except (OSError, ssl.SSLError, Closed):
            return False


def given(peer, link, **more):
    return peer.km.give(link, fresh(), **more)["response"].split(":")[0]


def drawn(net, sae):
    status, body = net.client(sae).enc("SAE-X1")
    return status, body.get("message", "")


def kma_decides(net, peer):
    link = peer.link()
    wait_for("keys taken", lambda: given(peer, link) == "success")
    wait_for("keys drawn", lambda: drawn(net, "SAE-A1")[0] == 200)
    configure(net, "kma", r"plain_peers = \(.*?\);", "plain_peers = ();")
    wait_for("refusal by kma", lambda: given(peer, link) == "unauthorized")
    wait_for("refusal by kma", lambda: "kma.conf" in drawn(net, "SAE-A1")[1])
    taken = len(link.relays)
    equal(drawn(net, "SAE-A1")[0], 503, "a key in clear")
    equal(len(link.relays), taken, "keys that left")
    configure(net, "kma", r"plain_peers = \(\);", 'plain_peers = ( { kme_id '
              '= "KME-X"; applications = [ "SAE-A2" ]; } );')
    a2 = [{"application_destination_ID": "SAE-A2"}]
    wait_for("keys for SAE-A2",
             lambda: given(peer, link, extension=a2) == "success")
    equal(given(peer, link), "unauthorized", "keys for SAE-A1")
    wait_for("keys drawn by SAE-A2", lambda: drawn(net, "SAE-A2")[0] == 200)
    status, words = drawn(net, "SAE-A1")
    check(status == 503 and "kma.conf" in words, "%d %s" % (status, words))
    configure(net, "kma", r"plain_peers = \(.*?\);",
              'plain_peers = ( { kme_id = "KME-X"; } );')
    wait_for("keys for all", lambda: given(peer, link) == "success")


def certificates(net, peer):
    """A fingerprint, or a subject: then the URI is not enough."""
    with open(peer.cert) as f:
        der = ssl.PEM_cert_to_DER_cert(f.read())
    other = net.json["strangers"]["SAE-X"]
    digest = hashlib.sha256(der).hexdigest()
    plain = r'protection = "tls";( certificate = "[^"]*";)?'

    def known_by(what):
        configure(net, "relayd", plain,
                  'protection = "tls"; certificate = "%s";' % what)
    known_by("sha256:" + digest)
    wait_for("its fingerprint", peer.serves)
    check(not peer.serves(other["cert"], other["key"]), "another served")
    known_by("sha256:" + hashlib.sha256(der + b"x").hexdigest())
    check(not peer.serves(), "served with another fingerprint")
    known_by("cn:SAE-X")
    wait_for("its subject",
             lambda: peer.serves(other["cert"], other["key"]))
    check(not peer.serves(), "served by the URI")


def main():
    net = Net(["a", "b"], ["a-b"], more=["--foreign", "x@a"])
    peer = Peer(net)
    kma_decides(net, peer)
    say("kma decides")
    certificates(net, peer)


run(main)
