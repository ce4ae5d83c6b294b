"""RSA certificates of the test network's CA: many applications have them."""

import os
import subprocess

from network import Failed

BITS = 2048
COMMON = ("basicConstraints=critical,CA:FALSE",
          "keyUsage=critical,digitalSignature")


class Rsa:
    """A server certificate for node b and one for an application of it."""

    def __init__(self, net, directory):
        self.ca = os.path.dirname(net.ca)
        os.mkdir(directory)
        self.server = os.path.join(directory, "server")
        self.client = os.path.join(directory, "client")
        self.issue(self.server, net.node("b")["kme_id"],
                   "extendedKeyUsage=serverAuth",
                   "subjectAltName=IP:127.0.0.1")
        self.issue(self.client, "SAE-B1", "extendedKeyUsage=clientAuth")

    def issue(self, base, cn, *extensions):
        words = ["openssl", "req", "-x509", "-newkey", f"rsa:{BITS}",
                 "-noenc", "-sha256", "-subj", "/CN=" + cn, "-days", "30",
                 "-config", "/dev/null", "-keyout", base + ".key",
                 "-out", base + ".crt", "-CA", self.ca + "/ca.crt",
                 "-CAkey", self.ca + "/ca.key"]
        for e in COMMON + extensions:
            words += ["-addext", e]
        p = subprocess.run(words, capture_output=True, text=True)
        if p.returncode != 0:
            raise Failed("openssl could not make an RSA certificate: " +
                         p.stderr)

    def identity(self, net):
        return ["--cert", self.client + ".crt", "--key", self.client + ".key",
                "--ca", net.ca]
