#!/usr/bin/python3
"""A key reaches only the application it was made for."""
import os
import ssl
import subprocess
import time

from lib import GONE, Client, Net, check, equal, run, say

NOT_FOUND = "one or more keys specified are not found on KME"


def refused(net, who, master, keys, wanted):
    status, body = net.client(who).dec(master, [k.id for k in keys])
    check(status in wanted, "%s fetching from %s: %d %s" % (
        who, master, status, body))
    check("message" in body and "keys" not in body,
          "answer %d: %s" % (status, body))


def wrong_ones(net):
    keys = net.draw("SAE-A1", "SAE-C1", 3)
    time.sleep(0.5)                     # the binding arrives
    refused(net, "SAE-C2", "SAE-A1", keys, [401])
    refused(net, "SAE-A1", "SAE-C1", keys, [401])   # the master itself
    refused(net, "SAE-A2", "SAE-A1", keys, [401])
    refused(net, "SAE-B1", "SAE-A1", keys, [401])  # at another node
    refused(net, "SAE-C1", "SAE-A2", keys, [401, 400])  # wrong master
    net.fetch(keys)
    say("refused to others, given to the right one")


def all_or_nothing(net):
    """One bad key_ID in a batch; the good ones stay."""
    mine = net.draw("SAE-A1", "SAE-C1", 2)
    other = net.draw("SAE-A1", "SAE-C2", 1)
    unknown = "01234567-89ab-7def-8123-456789abcdef"
    c = net.client("SAE-C1")
    equal(c.dec("SAE-A1", [mine[0].id, other[0].id])[0], 401, "mixed batch")
    status, body = c.dec("SAE-A1", [mine[0].id, unknown])
    equal((status, body.get("message")), (400, NOT_FOUND), "unknown key_ID")
    equal(c.dec("SAE-A1", [mine[0].id, mine[0].id])[0], 400, "one ID twice")
    net.fetch(mine)
    net.fetch(other)
    say("all or nothing")


def delivered_once(net):
    """The redelivery window of 3 s, then the key is gone."""
    keys = net.draw("SAE-A1", "SAE-C1", 1)
    net.fetch(keys)
    net.fetch(keys)
    refused(net, "SAE-C2", "SAE-A1", keys, [401])
    time.sleep(5)
    refused(net, "SAE-C1", "SAE-A1", keys, [400])
    say("removed after the window")


def stranger(net):
    s = net.json["strangers"]["SAE-X"]
    key = net.draw("SAE-A1", "SAE-C1")
    for node in ("a", "c"):
        c = Client(net.json["nodes"][node]["https"], net.json["ca"],
                   s["cert"], s["key"])
        for status, body in (c.status("SAE-C1"), c.enc("SAE-C1"),
                             c.dec("SAE-A1", [key[0].id])):
            equal(status, 401, "a stranger, %s" % body)
            check("message" in body, "401 without a message: %s" % body)
    equal(net.client("SAE-A1").enc("SAE-X")[0], 400, "a stranger as slave")
    net.fetch(key)
    say("a stranger with a good certificate gets nothing")


def self_made(net):
    """A certificate with the right name from another CA."""
    base = os.path.join(net.base, "forged")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    "/CN=SAE-C1", "-days", "2", "-keyout", base + ".key",
                    "-out", base + ".crt"], check=True,
                   stderr=subprocess.DEVNULL)
    return base + ".crt", base + ".key"


def no_certificate(net):
    where, ca = net.json["nodes"]["c"]["https"], net.json["ca"]
    for who, files in (("no certificate", ()),
                       ("a forged certificate", self_made(net))):
        try:
            status, body = Client(where, ca, *files).status("SAE-A1")
        except (ssl.SSLError, *GONE):
            continue
        raise AssertionError("%s: %d %s" % (who, status, body))
    say("no certificate, or another CA's: no connection")


def main():
    net = Net("abc", ["a-b", "b-c"], settings=["redelivery=3"])
    wrong_ones(net)
    all_or_nothing(net)
    delivered_once(net)
    stranger(net)
    no_certificate(net)


run(main)
