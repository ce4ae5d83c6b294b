#!/usr/bin/python3
"""A key manager that knows only the four messages of Q.4163 gives keys to an
application here: they keep their key_IDs, each is fetched by whom it is for
and by nobody else; what is repeated, malformed or not its business is refused
and the connection goes on."""
import base64
import os
import sqlite3
import ssl
import sys
import uuid

sys.dont_write_bytecode = True
from kx import KM, DONE, NOTIFIED, NOTIFY, RELAY, Closed  # noqa: E402
import ak  # noqa: E402
from lib import Net, check, equal, run, say, wait_for  # noqa: E402


def fresh(*octets):
    """Keys of these sizes under random UUIDs."""
    return [(str(uuid.uuid4()), os.urandom(n)) for n in octets]


def text(key):
    return base64.b64encode(key).decode()


def fetched(body):
    return [(k["key_ID"], base64.b64decode(k["key"])) for k in body["keys"]]


def refused(answer, token, what):
    check(answer["response"].split(":")[0] == token, "%s: %s, not %s" % (
        what, answer["response"], token))


def both_doors(net, km, link):
    keys = fresh(32, 1, 8192, 16)
    answer = km.give(link, keys, key_relay_request_ID="any string")
    equal(answer["response"], "success", "keys given")
    equal(answer["key_relay_request_ID"], "any string", "request ID")
    a1 = net.client("SAE-A1")
    status, body = net.client("SAE-A2").dec("SAE-X1", [keys[0][0]])
    equal(status, 401, "fetched by another: %s" % body)
    status, body = a1.dec("SAE-B1", [keys[0][0]])
    equal(status, 401, "another master named: %s" % body)
    status, body = a1.dec("SAE-X1", [i for i, _ in keys[:3]])
    equal(status, 200, "dec_keys: %s" % body)
    equal(fetched(body), keys[:3], "keys by HTTPS")
    app = ak.connect(net, "SAE-A1")
    body = app.dec("SAE-X1", [keys[3][0].upper()])
    app.close()
    equal(body["response"], "success", "0x2102")
    equal(fetched(body), keys[3:], "keys by Q.4161")
    status, body = a1.dec("SAE-X1", [keys[1][0]])
    equal((status, fetched(body)), (200, keys[1:2]), "redelivery")
    status, body = a1.dec("SAE-X1", [keys[1][0], str(uuid.uuid4())])
    equal(status, 400, "one is unknown: %s" % body)
    return keys


def unknown_is_400_at_once(net):
    """A plain peer is not asked for bindings."""
    status, body = net.client("SAE-A1").dec("SAE-X1", [str(uuid.uuid4())])
    equal(status, 400, "unknown key_ID: %s" % body)
    v7 = "0192f0c1-7a00-7000-8000-000000000001"
    status, body = net.client("SAE-A1").dec("SAE-X1", [v7])
    equal(status, 400, "unknown key_ID like ours: %s" % body)


def named_applications(net, km, link):
    keys = fresh(32)
    answer = km.give(link, keys, extension=[
        {"application_source_ID": "SAE-X1",
         "application_destination_ID": "SAE-A2"}, {"else": 1}])
    equal(answer["response"], "success", "keys for a named application")
    status, body = net.client("SAE-A2").dec("SAE-X1", [keys[0][0]])
    equal((status, fetched(body)), (200, keys), "by the one named")
    equal(net.client("SAE-A1").dec("SAE-X1", [keys[0][0]])[0], 401,
          "by the usual one")
    for names, token in (
            ({"application_destination_ID": "SAE-B1"}, "unauthorized"),
            ({"application_source_ID": "SAE-A2"}, "unauthorized"),
            ({"application_destination_ID": "SAE-Q"}, "not_found"),
            ({"application_destination_ID": 7}, "bad_request")):
        refused(km.give(link, fresh(32), extension=[names]), token, names)


def repeated(net, km, link, keys):
    """Consumed, waiting, ours, twice in one message: all or nothing."""
    new = fresh(32)[0]
    for known in (keys[0], keys[3]):
        refused(km.give(link, [new, (known[0], b"x" * 32)]), "rejected",
                "a key_ID that is known")
    refused(km.give(link, [new, new]), "rejected", "a key_ID twice")
    ours = net.draw("SAE-B1", "SAE-A1")[0].id
    net.settle()
    refused(km.give(link, [new, (ours, b"x" * 32)]), "rejected",
            "a key_ID of our network")
    mine = net.draw("SAE-A1", "SAE-B1")[0].id
    refused(km.give(link, [new, (mine, b"x" * 32)]), "rejected",
            "a key_ID of a key drawn here")
    net.settle()
    equal(net.client("SAE-A1").dec("SAE-X1", [new[0]])[0], 400,
          "of a message that was refused")
    equal(km.give(link, [new])["response"], "success", "alone it is new")


def malformed(net, km, link):
    good = km.relay(fresh(32))
    key = good["keys"][0]
    bad = (b"", b"[]", b"{", b'{"a":1,"a":2}', b'\xff',
           {**good, "keys": []}, {**good, "keys": 1},
           {k: v for k, v in good.items() if k != "keys"},
           {k: v for k, v in good.items() if k != "source_KMA_ID"},
           {**good, "keys": [{**key, "key": "A"}]},
           {**good, "keys": [{**key, "key": ""}]},
           {**good, "keys": [{**key, "key": text(bytes(8193))}]},
           {**good, "keys": [{**key, "key_ID": "mine"}]},
           {**good, "keys": [{**key, "key_extension": 1}]},
           {**good, "keys": [key, {"key_ID": str(uuid.uuid4())}]},
           {**good, "key_relay_request_ID": "x" * 65},
           {**good, "extension": {}},
           {**good, "source_KMA_ID": "KME-B"},
           {**good, "destination_KMA_ID": "KME-B"},
           {**good, "transit_KMA_IDs": ["KME-B"]})
    for payload in bad:
        mid = link.send(RELAY, payload)
        refused(link.wait(mid, DONE), "bad_request", str(payload)[:80])
    mid = link.send(RELAY, good, version=2)
    refused(link.wait(mid, DONE), "bad_request", "wrong version")
    otp = {**good, "keys": [{**key, "key_extension": {"protection": "otp"}}]}
    mid = link.send(RELAY, otp)
    refused(link.wait(mid, DONE), "rejected", "a protection of ours")
    equal(net.client("SAE-A1").dec("SAE-X1", [key["key_ID"]])[0], 400,
          "none of them was taken")
    for private in range(0x11C0, 0x1200):
        link.send(private, {})
    mid = link.send(RELAY, good)
    equal(link.wait(mid, DONE)["response"], "success", "the connection lives")


def sessions(link):
    session = str(uuid.uuid4())
    mid = link.send(NOTIFY, {"session_ID": session, "number_of_keys": 1})
    answer = link.wait(mid, NOTIFIED)
    refused(answer, "rejected", "0x1103")
    equal((answer["session_ID"], answer["key_ID"]), (session, ""), "0x1104")
    mid = link.send(NOTIFY, {"number_of_keys": 1})
    refused(link.wait(mid, NOTIFIED), "bad_request", "0x1103 without session")


def strangers(net):
    """Who is not configured, or shows another certificate, gets nothing."""
    j = net.json
    kx = j["nodes"]["a"]["kx"]
    sae = j["saes"]["SAE-A1"]
    pki = os.path.join(net.dir, "pki")
    for what, cert in (("no certificate", None),
                       ("an application's", sae["cert"][:-4]),
                       ("a KSA's", os.path.join(pki, "KME-B-ak")),
                       ("a node's", os.path.join(pki, "KME-A-kx"))):
        km = KM("KME-X", "KME-A", cert and cert + ".crt",
                cert and cert + ".key", j["ca"])
        try:
            link = km.dial(kx)
            km.give(link, fresh(32))
        except (OSError, ssl.SSLError, Closed):
            continue
        raise AssertionError("served with " + what)
    # Of another node, where it is not configured.
    f = j["foreign"]["x"]
    km = KM("KME-X", "KME-B", f["cert"], f["key"], j["ca"])
    try:
        km.give(km.dial(j["nodes"]["b"]["kx"]), fresh(32))
    except (OSError, Closed):
        return
    raise AssertionError("served by a node that does not know it")


def erased(net, km, link):
    """After the window the octets are gone, the key_ID is remembered."""
    keys = fresh(32, 32)
    equal(km.give(link, keys)["response"], "success", "keys given")
    a1 = net.client("SAE-A1")
    equal(a1.dec("SAE-X1", [keys[0][0]])[0], 200, "fetched")

    def row(i):
        with sqlite3.connect("file:%s?mode=ro" % net.json["nodes"]["a"][
                "stores"]["ksa"], uri=True) as db:
            return db.execute("SELECT state FROM plain WHERE key_ID = ?",
                              (keys[i][0],)).fetchone()[0]
    wait_for("erasure", lambda: row(0) == "erased")
    equal(row(1), "waiting", "the other")
    equal(a1.dec("SAE-X1", [keys[0][0]])[0], 400, "after the window")
    equal(net.client("SAE-A2").dec("SAE-X1", [keys[0][0]])[0], 401,
          "whose it was is remembered")
    refused(km.give(link, [(keys[0][0], b"y" * 32)]), "rejected",
            "a tombstone")


def killed(net, km):
    """After success they are on disk, whoever is killed."""
    kx = net.json["nodes"]["a"]["kx"]
    given = []

    def works():
        try:
            link = km.dial(kx)
            try:
                keys = fresh(32)
                if km.give(link, keys)["response"] == "success":
                    given.extend(keys)
                    return True
            finally:
                link.close()
        except (OSError, Closed):
            pass
        return False
    for daemon in ("ksa", "kma", "relayd"):
        wait_for("keys taken", works)
        net.do("kill", "a", daemon)
        check(daemon == "relayd" or not works(), "taken without " + daemon)
        net.do("start", "a", daemon)
        wait_for("keys taken after %s was killed" % daemon, works)
    a1 = net.client("SAE-A1")

    def all_there():
        status, body = a1.dec("SAE-X1", [i for i, _ in given])
        return status == 200 and fetched(body) == given
    wait_for("what was taken", all_there)


def main():
    net = Net(["a", "b"], ["a-b"], settings=["redelivery=3"],
              more=["--foreign", "x@a"])
    j = net.json
    f = j["foreign"]["x"]
    km = KM(f["kme_id"], "KME-A", f["cert"], f["key"], j["ca"])
    unknown_is_400_at_once(net)
    link = km.dial(j["nodes"]["a"]["kx"])
    keys = both_doors(net, km, link)
    say("keys by both doors")
    named_applications(net, km, link)
    repeated(net, km, link, keys)
    malformed(net, km, link)
    sessions(link)
    say("refusals")
    strangers(net)
    equal(km.give(link, fresh(32))["response"], "success", "still served")
    erased(net, km, link)
    equal(link.unknown, [], "messages that Q.4163 has not")
    again = km.dial(j["nodes"]["a"]["kx"])
    check(link.wait_closed(), "the first connection stays beside the second")
    equal(km.give(again, fresh(32))["response"], "success", "reconnected")
    again.close()
    say("killing")
    killed(net, km)


run(main)
