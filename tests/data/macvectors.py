#!/usr/bin/python3
"""Computes the known answers of tests/unit/check_relaymac.c, apart from the
product and from OpenSSL: Poly1305 as RFC 8439 2.5 defines it,
over fields that are each preceded by 4 octets of length."""
import hashlib
import struct


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s = int.from_bytes(key[16:32], "little")
    a = 0
    for i in range(0, len(data), 16):
        a = (a + int.from_bytes(data[i:i + 16] + b"\1", "little")) * r
        a %= (1 << 130) - 5
    return ((a + s) & ((1 << 128) - 1)).to_bytes(16, "little")


def fields(*f):
    f = [x.encode() if isinstance(x, str) else x for x in f]
    return b"".join(struct.pack(">I", len(x)) + x for x in f)


def be64(n):
    return struct.pack(">Q", n)


# RFC 8439 2.5.2
assert poly1305(bytes.fromhex("85d6be7857556d337f4452fe42d506a8"
                              "0103808afb0db2fd4abff6af4149f51b"),
                b"Cryptographic Forum Research Group").hex() == \
    "a8061dc1305136c6c22b8baf0c0127a9"

# A link key block of 1024 octets: octet i is (i * 7 + 3) % 256.
block = bytes((i * 7 + 3) % 256 for i in range(1024))
# The block of the next hop: octet i is (i * 11 + 5) % 256.
other = bytes((i * 11 + 5) % 256 for i in range(1024))
# What is relayed, 928 octets: octet i is (i * 13 + 1) % 256.
pool = bytes((i * 13 + 1) % 256 for i in range(928))

LINK, INDEX = "a-b", 0x0102030405060708
ROUTE = "KME-A,KME-B,KME-C"
REQUEST = "0123abcd-89ef-4fed-8cba-0011223344ff"
BLOCK, PAD, PAD2 = 0x1122334455667788, 42, 77


def xor(*parts):
    return bytes(a ^ b for a, b in zip(parts[0], parts[1]))


def show(name, tag):
    print("%-8s %s" % (name, tag.hex()))


def main():
    show("offer", poly1305(block[0:32], fields(
        "offer", LINK, be64(INDEX), block[64:])))
    show("accept", poly1305(block[32:64], fields(
        "accept", LINK, be64(INDEX), block[64:])))
    text = xor(pool, block[96:])
    show("hop", poly1305(block[64:96], fields(
        "relay", "KME-A", "KME-B", ROUTE, REQUEST, be64(BLOCK), be64(PAD),
        text)))
    onward = xor(pool, other[96:])
    show("onward", poly1305(other[64:96], fields(
        "relay", "KME-B", "KME-C", ROUTE, REQUEST, be64(BLOCK), be64(PAD2),
        onward)))
    show("done", poly1305(pool[96:128], fields(
        "done", ROUTE, REQUEST, be64(BLOCK), "success")))
    part = struct.pack(">II", 2, 3)
    show("part", poly1305(block[64:96], fields(
        "relay", "KME-A", "KME-B", ROUTE, REQUEST, be64(BLOCK), be64(PAD),
        text, part)))
    show("partdone", poly1305(pool[96:128], fields(
        "done", ROUTE, REQUEST, be64(BLOCK), "success", part)))
    show("text", hashlib.sha256(text).digest())
    show("text2", hashlib.sha256(onward).digest())


main()
