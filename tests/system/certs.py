"""Certificates by openssl's CA of a test network, and a client that shows TLS:
its version, whether a session was resumed, which socket it is."""
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse

from lib import check, wait_for

CONF = """[ca]
default_ca = ca_here
[ca_here]
database = %(dir)s/index
serial = %(dir)s/serial
crlnumber = %(dir)s/crlnumber
new_certs_dir = %(dir)s
certificate = %(ca)s
private_key = %(key)s
default_md = sha256
policy = any
unique_subject = no
rand_serial = yes
crl_extensions = crl
[any]
commonName = optional
[crl]
authorityKeyIdentifier = keyid
[req]
distinguished_name = dn
[dn]
"""
KEYS = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "rsa": ["-newkey", "rsa:2048"]}


def openssl(*words):
    p = subprocess.run(["openssl", *words], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True)
    check(p.returncode == 0, "openssl %s: %s" % (" ".join(words), p.stdout))
    return p.stdout


def utc(seconds):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))


class Authority:
    """The network's CA, with a folder of its own."""

    def __init__(self, net):
        self.dir = os.path.join(os.path.dirname(net.json["ca"]), "certs")
        os.mkdir(self.dir)
        os.chmod(self.dir, 0o755)
        ca = net.json["ca"]
        self.conf = self.path("conf")
        self.write("conf", CONF % {"dir": self.dir, "ca": ca,
                                   "key": ca.replace(".crt", ".key")})
        self.write("index", "")
        self.write("crlnumber", "01\n")
        self.crl = self.path("crl.pem")

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        os.chmod(self.path(name), 0o644)
        return self.path(name)

    def issue(self, name, subject, san="", key="ec", seconds=86400):
        """(certificate, key): paths."""
        base = self.path(name)
        ext = self.write(name + ".ext", "basicConstraints = CA:FALSE\n"
                         "authorityKeyIdentifier = keyid\n"
                         "extendedKeyUsage = clientAuth\n" +
                         ("subjectAltName = %s\n" % san if san else ""))
        openssl("req", "-new", *KEYS[key], "-noenc", "-utf8", "-config",
                self.conf, "-subj", subject, "-keyout", base + ".key", "-out",
                base + ".csr")
        openssl("ca", "-batch", "-notext", "-preserveDN", "-utf8", "-config", self.conf,
                "-in", base + ".csr", "-extfile", ext, "-startdate",
                utc(-3600), "-enddate", utc(seconds), "-out", base + ".crt")
        return base + ".crt", base + ".key"

    def revoke(self, certificate):
        openssl("ca", "-config", self.conf, "-revoke", certificate)

    def list(self, seconds=3600):
        """A new CRL."""
        openssl("ca", "-config", self.conf, "-gencrl",
                "-crl_lastupdate", utc(-7), "-crl_nextupdate", utc(seconds),
                "-out", self.crl)
        os.chmod(self.crl, 0o644)


def lines(net, node, text):
    """Of ksa's log."""
    path = [p for p in net.logs() if p.endswith("/%s/log/ksa.log" % node)]
    check(path, "no log of ksa of %s: %s" % (node, net.logs()))
    with open(path[0], errors="replace") as f:
        return [x for x in f if text in x]


def reload(net, node, good=True):
    """SIGHUP, and waits for what ksa says to it."""
    word = "certificates and applications read again" if good else \
        "reload failed: nothing has changed"
    before = len(lines(net, node, word))
    os.kill(net.pid(node, "ksa"), signal.SIGHUP)
    wait_for("ksa to say: " + word,
             lambda: len(lines(net, node, word)) > before, 10)


def quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def application(sae, km, names=()):
    return "{ id = %s; km = %s;%s }" % (
        quoted(sae), quoted(km), " names = [%s];" % ", ".join(
            quoted(n) for n in names) if names else "")


def rewrite(net, node, applications=None, more=""):
    """Other applications in ksa.conf; options at its end."""
    path = net.conf(node, "ksa")
    with open(path) as f:
        text = f.read()
    if applications is not None:
        text, n = re.subn(r"(?ms)^applications = \(.*?^\)", lambda _:
                          "applications = (\n%s\n)" % ",\n".join(
                              applications), text)
        check(n == 1, "no applications in " + path)
    text = text.partition("# more\n")[0] + "# more\n" + more
    with open(path, "w") as f:
        f.write(text)


class Peer:
    """One TLS connection of an application."""

    def __init__(self, net, node, files, version=None, session=None,
                 context=None):
        self.context = context or ssl.create_default_context(
            cafile=net.json["ca"])
        if files:
            self.context.load_cert_chain(*files)
        if version:
            self.context.minimum_version = version
            self.context.maximum_version = version
        host, port = net.json["nodes"][node]["https"].rsplit(":", 1)
        raw = socket.create_connection((host, int(port)), timeout=10)
        self.host = host
        try:
            self.tls = self.context.wrap_socket(raw, server_hostname=host,
                                                session=session)
        except Exception:
            raw.close()
            raise
        self.reused = self.tls.session_reused

    def call(self, path):
        self.tls.sendall(("GET /api/v1/keys/%s HTTP/1.1\r\nHost: %s\r\n\r\n"
                          % (path, self.host)).encode())
        data = b""
        while b"\r\n\r\n" not in data:
            self.more(data)
            data = self.data
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        while len(body) < length:
            self.more(body)
            body = self.data
        self.head = head.decode()
        return int(head.split()[1]), json.loads(body)

    def more(self, data):
        got = self.tls.recv(65536)
        if not got:
            raise ConnectionError("closed after %r" % data)
        self.data = data + got

    def status(self, slave):
        return self.call(urllib.parse.quote(slave, safe="") + "/status")

    def ended(self):
        """Nothing follows: the server has closed it."""
        try:
            return self.tls.recv(1) == b""
        except (ssl.SSLError, ConnectionError):
            return True

    @property
    def session(self):
        return self.tls.session

    def close(self):
        self.tls.close()
