"""What a simulated QKD link gives: derived from its seed once more, apart
from qkdmod, so that tests know every pad and link key."""
import ctypes
import hashlib
import hmac

LABEL = b"qkdnode simulated link"


def link_key(seed, link):
    """HMAC-SHA-256 over the label and the name, each after its length."""
    fields = b"".join(len(f).to_bytes(4, "big") + f
                      for f in (LABEL, link.encode()))
    return hmac.new(seed, fields, hashlib.sha256).digest()


class Link:
    """AES-256-CTR; the block's index is the upper half of the counter."""

    def __init__(self, seed_file, link, octets):
        with open(seed_file) as f:
            seed = bytes.fromhex(f.read().strip())
        self.key, self.octets = link_key(seed, link), octets
        self.crypto = ctypes.CDLL("libcrypto.so.3")
        self.crypto.EVP_CIPHER_CTX_new.restype = ctypes.c_void_p
        self.crypto.EVP_aes_256_ctr.restype = ctypes.c_void_p

    def block(self, index):
        c, n = self.crypto, ctypes.c_int()
        ctx = ctypes.c_void_p(c.EVP_CIPHER_CTX_new())
        out = ctypes.create_string_buffer(self.octets)
        iv = index.to_bytes(8, "big") + bytes(8)
        ok = c.EVP_EncryptInit_ex(
            ctx, ctypes.c_void_p(c.EVP_aes_256_ctr()), None, self.key, iv)
        ok &= c.EVP_EncryptUpdate(ctx, out, ctypes.byref(n),
                                  bytes(self.octets), self.octets)
        c.EVP_CIPHER_CTX_free(ctx)
        if ok != 1:
            raise RuntimeError("libcrypto refused")
        return out.raw


def of_network(net):
    """The Link of every link of a test network."""
    out = {}
    for node, n in net.json["nodes"].items():
        for daemon in n["pids"]:
            if daemon.startswith("qkdmod:"):
                name = daemon.split(":", 1)[1]
                out[name] = Link(
                    net.option(node, daemon, "sim_seed_file"), name,
                    int(net.option(node, daemon, "block_octets") or 16384))
    return out


def produced(net, link):
    """The highest index that either end has reached."""
    most = 0
    for node, n in net.json["nodes"].items():
        if "qkdmod:" + link in n["pids"]:
            most = max(most, net.ctl(node, "qkdmod:" + link)["produced"])
    return most
