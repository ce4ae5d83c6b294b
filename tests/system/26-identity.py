#!/usr/bin/python3
"""An application is who its certificate says: CN, DN or SAN, as registered."""
import os
import ssl
import subprocess

from certs import Authority, Peer, application, lines, openssl, reload, rewrite
from lib import BUILD, Net, check, equal, run, say

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
# application: its names in ksa.conf, subject and SAN of its certificate
APPS = {
    "APP-CN": (["cn:zähler 1"], "/O=x/CN=zähler 1", ""),
    "APP-DN": (["dn:CN=app,OU=Vault\\, 2nd,O=Org,C=DE"],
               "/C=DE/O=Org/OU=Vault, 2nd/CN=app", ""),
    "APP-DNS": (["dns:VPN.example"], "/CN=x", "DNS:vpn.example"),
    "APP-URI": (["uri:urn:qkd:sae:7"], "/CN=x", "URI:urn:qkd:sae:7"),
    "APP-MAIL": (["email:sae@example.org"], "/CN=x",
                 "email:sae@Example.org"),
    "APP-IP4": (["ip:192.0.2.7"], "/CN=x", "IP:192.0.2.7,DNS:other"),
    "APP-IP6": (["ip:2001:db8::7"], "/O=no CN", "IP:2001:db8:0::7"),
}
OTHERS = [application("SAE-A1", "KME-A", ["cn:old", "cn:new"]),
          application("SAE-A2", "KME-A"), application("SAE-B1", "KME-B"),
          application("SAE-B2", "KME-B")]


def configured():
    return OTHERS + [application(a, "KME-A", v[0]) for a, v in APPS.items()]


def asks(net, files, wanted=200, **more):
    p = Peer(net, "a", files, **more)
    status, body = p.status("SAE-B1")
    equal(status, wanted, "status, %s" % body)
    p.close()
    return body


def every_kind(net, ca):
    for n, (app, (_, subject, san)) in enumerate(APPS.items()):
        files = ca.issue(app, subject, san, ("ec", "rsa")[n % 2])
        equal(asks(net, files)["master_SAE_ID"], app, "who it is")
    say("each kind of name leads to its application")


def rotation(net, ca):
    for name in ("old", "new"):
        files = ca.issue(name, "/CN=" + name)
        equal(asks(net, files)["master_SAE_ID"], "SAE-A1", name)
    # Its ID is no name of its certificates any more; without names it is.
    s = net.json["saes"]
    asks(net, (s["SAE-A1"]["cert"], s["SAE-A1"]["key"]), 401)
    equal(asks(net, (s["SAE-A2"]["cert"], s["SAE-A2"]["key"]))
          ["master_SAE_ID"], "SAE-A2", "without names")
    say("two certificates of one application")


def nobody(net, ca):
    """Wrong, none, or too many names: 401 and a line in the log."""
    cases = {
        "dn-order": ("/CN=app/OU=Vault, 2nd/O=Org/C=DE", ""),
        "dn-part": ("/C=DE/O=Org/OU=Vault, 2nd", ""),
        "two-cns": ("/CN=old/CN=new", ""),
        "case": ("/CN=OLD", ""),
        "wildcard": ("/CN=x", "DNS:*.example"),
        "cn-as-dns": ("/CN=vpn.example", ""),
        "many": ("/CN=old", ",".join("DNS:h%d" % i for i in range(200))),
    }
    for name, (subject, san) in cases.items():
        body = asks(net, ca.issue(name, subject, san), 401)
        check("certificate" in body["message"], "%s: %s" % (name, body))
    serial = openssl("x509", "-in", ca.path("case.crt"), "-noout",
                     "-serial").strip().partition("=")[2]
    said = lines(net, "a", "certificate of no registered application")
    check([x for x in said if 'subject="CN=OLD"' in x and "serial=%s " %
           serial in x and 'issuer="CN=QKD network CA"' in x],
          "not in the log: serial %s\n%s" % (serial, "".join(said)))
    say("unknown: 401, and the log says which certificate")
    body = asks(net, ca.issue("both", "/CN=old", "DNS:vpn.example"), 401)
    check("SAE-A1" in body["message"] and "APP-DNS" in body["message"], body)
    check([x for x in lines(net, "a", "certificate of two applications")
           if "SAE-A1" in x and "APP-DNS" in x], "not in the log")
    say("ambiguous: 401, logged with both")


def versions(net, ca):
    """TLS 1.2 and 1.3, EC and RSA; sessions resume in both."""
    for kind in ("ec", "rsa"):
        files = ca.issue("new-" + kind, "/CN=new", key=kind)
        for version in (V12, V13):
            p = Peer(net, "a", files, version)
            equal(p.tls.version(), version.name.replace("_", "."), "version")
            equal(p.status("SAE-B1")[0], 200, kind)
            session = p.session
            p.close()
            for _ in range(2):
                again = Peer(net, "a", None, session=session,
                             context=p.context)
                check(again.reused, "%s, %s: not resumed" % (kind, version))
                status, body = again.status("SAE-B1")
                equal((status, body["master_SAE_ID"]), (200, "SAE-A1"),
                      "resumed")
                session = again.session
                again.close()
    say("TLS 1.2 and 1.3 with EC and RSA, resumed")


def early_data(net, ca):
    where = net.json["nodes"]["a"]["https"]
    common = ["s_client", "-connect", where, "-tls1_3", "-CAfile",
              net.json["ca"], "-cert", ca.path("new.crt"), "-key",
              ca.path("new.key")]
    request = "GET /api/v1/keys/SAE-B1/status HTTP/1.1\r\nHost: a\r\n" \
        "Connection: close\r\n\r\n"
    session, data = ca.path("session"), ca.write("early", request)

    def client(*more):
        return subprocess.run(["openssl", *common, *more], input=request,
                              text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=20).stdout
    out = client("-ign_eof", "-sess_out", session)
    check("200 OK" in out and "Max Early Data: 0" in out, out)
    out = client("-ign_eof", "-sess_in", session, "-early_data", data)
    check("Reused, TLSv1.3" in out and "Early data was accepted" not in out,
          out)
    say("no early data")


def faults(net, ca):
    """In the file: named, and the old applications stay."""
    cases = [
        (application("APP-2", "KME-A", ["cn:other", "dns:vpn.EXAMPLE"]),
         ("APP-2", "dns:vpn.EXAMPLE", "APP-DNS")),
        (application("APP-2", "KME-A", ["dn:CN"]),
         ("APP-2", "names", "dn:CN", "expected: dn: and")),
        (application("APP-2", "KME-A", ["vpn.example"]),
         ("APP-2", "names", "vpn.example", "expected: one of cn:")),
        (application("old", "KME-A"), ("old", "SAE-A1")),
    ]
    for entry, words in cases:
        rewrite(net, "a", configured() + [entry])
        p = subprocess.run([os.path.join(BUILD, "ksa", "ksa"), "-n", "-c",
                            net.conf("a", "ksa")], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        check(p.returncode != 0 and all(w in p.stdout for w in words),
              "%s: %s" % (entry, p.stdout))
        reload(net, "a", good=False)
        asks(net, (ca.path("APP-DNS.crt"), ca.path("APP-DNS.key")))
    rewrite(net, "a", configured())
    reload(net, "a")
    say("faulty names are named and change nothing")


def keys(net, ca):
    """Not the status alone: the key is for whom the certificate names."""
    from lib import Client
    s = net.json["nodes"]["a"]["https"]
    master = Client(s, net.json["ca"], ca.path("APP-DNS.crt"),
                    ca.path("APP-DNS.key"))
    rewrite(net, "b", OTHERS + [application("APP-DNS", "KME-A")])
    reload(net, "b")
    got = net.draw("APP-DNS", "SAE-B1", 2, client=master)
    net.fetch(got)
    equal(net.client("SAE-B2").dec("APP-DNS", [got[0].id])[0], 401,
          "somebody else's key")
    say("keys are drawn and fetched; the other node learned of it by reload")


def main():
    net = Net("ab", ["a-b"])
    ca = Authority(net)
    rewrite(net, "a", configured())
    reload(net, "a")
    every_kind(net, ca)
    rotation(net, ca)
    nobody(net, ca)
    versions(net, ca)
    early_data(net, ca)
    faults(net, ca)
    keys(net, ca)


run(main)
