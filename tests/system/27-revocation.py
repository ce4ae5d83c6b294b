#!/usr/bin/python3
"""A certificate that is revoked, expires, or loses its application gets
nothing more, on open connections too; the others notice nothing."""
import os
import ssl
import time

from certs import Authority, Peer, application, lines, openssl, reload, rewrite
from lib import GONE, ROOT, Net, check, equal, run, say, wait_for

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
APPS = {"SAE-A1": "KME-A", "SAE-A2": "KME-A", "SAE-B1": "KME-B",
        "SAE-B2": "KME-B"}


class Others:
    """Connections that must outlast everything."""

    def __init__(self, net, files):
        self.peers = [Peer(net, "a", files, v) for v in (V12, V13)]
        self.served()

    def served(self):
        for p in self.peers:
            status, body = p.status("SAE-B1")
            equal((status, body.get("master_SAE_ID")), (200, "SAE-A2"),
                  "another connection, %s" % body)


def configure(net, ca, apps=None, crl=True, more=""):
    rewrite(net, "a", [application(s, km) for s, km in (apps or APPS).items()],
            ('crl = "%s";\n' % ca.crl if crl else "") + more)


def serial(path):
    return openssl("x509", "-in", path, "-noout",
                   "-serial").strip().partition("=")[2]


def refused(peer, *words):
    """401 with a reason, then the end."""
    status, body = peer.status("SAE-B1")
    equal(status, 401, "%s" % body)
    for w in words:
        check(w in body["message"], "%s not in %s" % (w, body))
    check("connection: close" in peer.head.lower(), peer.head)
    check(peer.ended(), "not closed after 401")


def shut_out(net, files, what):
    """No handshake; in TLS 1.3 a client learns of it when it reads."""
    for version in (V12, V13):
        try:
            status, body = Peer(net, "a", files, version).status("SAE-B1")
        except (ssl.SSLError, *GONE):
            continue
        raise AssertionError("%s, %s: %d %s" % (what, version, status, body))


def not_resumed(net, peers):
    """Sessions of before: no handshake, or nothing but 401."""
    for old in peers:
        try:
            p = Peer(net, "a", None, session=old.session, context=old.context)
            refused(p)
        except (ssl.SSLError, *GONE):
            continue


def named(net, path, reason):
    """The log says which certificate was refused and why."""
    said, number = lines(net, "a", "certificate refused"), serial(path)
    check([x for x in said if "serial=%s " % number in x and
           'issuer="CN=QKD network CA"' in x and 'subject="CN=' in x and
           'reason="' + reason in x],
          "%s, %s: not in the log:\n%s" % (path, reason, "".join(said)))


def revocation(net, ca, others):
    files = ca.issue("lost", "/CN=SAE-A1")
    kept = ca.issue("kept", "/CN=SAE-A1", key="rsa")
    open_ones = [Peer(net, "a", files, v) for v in (V12, V13)]
    same = Peer(net, "a", kept)
    for p in (*open_ones, same):
        equal(p.status("SAE-B1")[0], 200, "before")
    ca.revoke(files[0])
    ca.list()
    for p in open_ones:
        equal(p.status("SAE-B1")[0], 200, "before the reload")
    reload(net, "a")
    for p in open_ones:
        refused(p, "revoked 20", "CN=SAE-A1", serial(files[0]))
    named(net, files[0], "revoked 20")
    shut_out(net, files, "revoked")
    not_resumed(net, open_ones)
    equal(same.status("SAE-B1")[0], 200, "its other certificate")
    others.served()
    say("revoked: 401 on open connections, no new ones, no resumption")


def expiry(net, ca, others):
    """While a connection lasts, without any reload."""
    files = ca.issue("brief", "/CN=SAE-A1", seconds=5)
    peers = [Peer(net, "a", files, v) for v in (V12, V13)]
    end = time.time() + 5
    for p in peers:
        equal(p.status("SAE-B1")[0], 200, "before")
    while time.time() < end + 1:
        time.sleep(0.2)
    for old in peers:
        p = Peer(net, "a", None, session=old.session, context=old.context)
        check(p.reused, "not resumed: nothing was tested")
        refused(p, "expired 20")
    for p in peers:
        refused(p, "expired 20", serial(files[0]))
    named(net, files[0], "expired 20")
    shut_out(net, files, "expired")
    others.served()
    say("expired: 401 on open connections and on sessions resumed")


def registration(net, ca, others):
    files = ca.issue("guest", "/CN=SAE-A3")
    p = Peer(net, "a", files)
    equal(p.status("SAE-B1")[0], 401, "before it is registered")
    equal(others.peers[0].status("SAE-B3")[0], 400, "an unknown slave")
    configure(net, ca, dict(APPS, **{"SAE-A3": "KME-A", "SAE-B3": "KME-B"}))
    reload(net, "a")
    equal(p.status("SAE-B1")[0], 200, "registered, same connection")
    equal(others.peers[0].status("SAE-B3")[0], 200, "a slave elsewhere")
    configure(net, ca)
    reload(net, "a")
    refused(p, "not that of a registered application")
    equal(others.peers[0].status("SAE-B3")[0], 400, "gone again")
    q = Peer(net, "a", files)
    equal(q.status("SAE-B1")[0], 401, "a new connection")
    others.served()
    say("registered and unregistered while connected")


def faulty(net, ca, others):
    """What is wrong is named; all of the old stays."""
    good = open(ca.crl).read()
    lost = ca.path("lost.crt"), ca.path("lost.key")
    cases = [
        (lambda: ca.write("crl.pem", "rubbish\n"), "file without a CRL"),
        (lambda: os.unlink(ca.crl), "file cannot be read"),
        (lambda: configure(net, ca, {"SAE-A2": "KME-X"}), "SAE-A2"),
        (lambda: configure(net, ca, more="nonsense = 1;\n"), "nonsense"),
        (lambda: ca.list(-2), "CRL has expired"),
    ]
    for spoil, word in cases:
        before = len(lines(net, "a", word))
        spoil()
        reload(net, "a", good=False)
        check(len(lines(net, "a", word)) > before, "the log: no " + word)
        ca.write("crl.pem", good)
        configure(net, ca)
        others.served()
        shut_out(net, lost, "revoked, after a faulty reload")
    configure(net, ca, more="nonsense = 1;\n")
    check("nothing has changed" in str(net.ctl("a", "ksa", "reload")),
          "qkdctl ksa reload of a faulty file")
    configure(net, ca)
    equal(net.ctl("a", "ksa", "reload"), {"reloaded": True}, "qkdctl")
    others.served()
    say("faulty files change nothing")


def restart_only(net, ca, others):
    configure(net, ca, more="idle_timeout = 59000;\nmax_connections = 77;\n")
    reload(net, "a")
    said = "".join(lines(net, "a", "restart ksa to apply it"))
    for name in ("idle_timeout", "max_connections"):
        check("option=%s\n" % name in said, "%s: %s" % (name, said))
    check("option=applications" not in said, said)
    configure(net, ca)
    reload(net, "a")
    others.served()
    say("options that need a restart are named")


def list_is_over(net, ca, others):
    """A CRL that expires: a warning first, then nobody is served."""
    ca.list(6)
    reload(net, "a")
    end = time.time() + 6
    files = ca.path("kept.crt"), ca.path("kept.key")
    p = Peer(net, "a", files)
    equal(p.status("SAE-B1")[0], 200, "before")
    wait_for("a warning", lambda: [w for w in net.ctl("a", "ksa")["warnings"]
                                   if "CRL of CN=QKD network CA" in w and
                                   ca.crl in w], 8)
    while time.time() < end + 1:
        time.sleep(0.2)
    refused(p, "the CRL of its issuer has expired 20")
    shut_out(net, files, "without a valid CRL")
    named(net, files[0], "the CRL of its issuer has expired 20")
    check([m for m in net.ctl("a", "ksa")["missing"] if "CRL of" in m],
          "nothing is missing")
    ca.list()
    reload(net, "a")
    equal(Peer(net, "a", files).status("SAE-B1")[0], 200, "a new list")
    for q in others.peers:
        q.close()
    say("a CRL that is over refuses everybody until there is another")


def by_script(net):
    """qkdnode-pki's own revocation."""
    pki = os.path.dirname(net.json["ca"])
    tool = os.path.join(ROOT, "etc", "qkdnode-pki")
    s = net.json["saes"]["SAE-A2"]
    p = Peer(net, "a", (s["cert"], s["key"]))
    check(os.system("%s revoke %s %s >/dev/null" % (tool, pki, os.path.join(
        pki, "SAE-A2.crt"))) == 0, "qkdnode-pki revoke")
    rewrite(net, "a", None, 'crl = "%s/ca.crl";\n' % pki)
    reload(net, "a")
    refused(p, "revoked 20")
    s = net.json["saes"]["SAE-A1"]
    equal(Peer(net, "a", (s["cert"], s["key"])).status("SAE-B1")[0], 200,
          "not revoked")
    say("qkdnode-pki revokes")


def main():
    net = Net("ab", ["a-b"])
    ca = Authority(net)
    ca.list()
    s = net.json["saes"]["SAE-A2"]
    others = Others(net, (s["cert"], s["key"]))
    configure(net, ca)
    reload(net, "a")
    others.served()
    revocation(net, ca, others)
    expiry(net, ca, others)
    registration(net, ca, others)
    faulty(net, ca, others)
    restart_only(net, ca, others)
    list_is_over(net, ca, others)
    by_script(net)


run(main)
