"""Requests of ETSI GS QKD 014 as the clause tests write them."""
from lib import check, equal
from wire import KEY, ask, keys_of

KEYS = "/api/v1/keys/"
ENC, DEC = KEYS + "SAE-C1/enc_keys", KEYS + "SAE-A1/dec_keys"
UNKNOWN = "01234567-89ab-7def-8123-456789abcdef"
NOT_FOUND = "one or more keys specified are not found on KME"
MULTIPLE = "size shall be a multiple of 8"
WINDOW = 4                      # s, of redelivery; in 20
WAIT = 1000                     # ms, for relay; in 20


def key_ids(ids, **more):
    return dict({"key_IDs": [{"key_ID": i} for i in ids]}, **more)


def post(net, body, slave="SAE-C1", master="SAE-A1"):
    return ask(net, master, "POST", KEYS + slave + "/enc_keys", body)


def get(net, query, slave="SAE-C1"):
    return ask(net, "SAE-A1", "GET", KEYS + slave + "/enc_keys" + query)


def dec(net, body, sae="SAE-C1", master="SAE-A1"):
    return ask(net, sae, "POST", KEYS + master + "/dec_keys", body)


def dec_ids(net, slave, master, ids):
    return dec(net, key_ids(ids), slave, master)


def get_status(net, slave="SAE-C1", master="SAE-A1"):
    return ask(net, master, "GET", KEYS + slave + "/status")


def status(net, slave="SAE-C1", master="SAE-A1"):
    a = get_status(net, slave, master)
    equal(a.code, 200, str(a))
    return a.json


def draws(net, a, number=1, size=256, slave="SAE-C1"):
    """This answer to SAE-A1 has those keys."""
    keys_of(a, number, size)
    return net.oracle.drawn("SAE-A1", slave, a.json, number, size)


def gets(net, a, number=1, size=256, slave="SAE-C1", members=KEY):
    """This answer to SAE-A1 has those keys; their slave fetches them."""
    keys_of(a, number, size, members)
    keys = net.oracle.drawn("SAE-A1", slave, a.json, number, size)
    b = dec(net, key_ids([k.id for k in keys]), slave)
    equal(keys_of(b, number, size), [(k.id, k.octets) for k in keys], "keys")
    net.oracle.fetched(slave, [k.id for k in keys], b.json)


def draw(net, master="SAE-A1", slave="SAE-C1", **what):
    """Keys for the checker."""
    number, size = what.get("number", 1), what.get("size", 256)
    a = post(net, what, slave, master)
    keys_of(a, number, size)
    return net.oracle.drawn(master, slave, a.json, number, size)


def fetch(net, keys):
    ids = [k.id for k in keys]
    a = dec_ids(net, keys[0].slave, keys[0].master, ids)
    equal(a.code, 200, str(a))
    net.oracle.fetched(keys[0].slave, ids, a.json)


def refused(a, *what):
    """With that code, 400 if none is named, and those words."""
    code = next((w for w in what if isinstance(w, int)), 400)
    equal(a.code, code, str(a))
    for word in what:
        check(isinstance(word, int) or word in a.message,
              "%r is not in %s" % (word, a))


def exactly(a, message, code=400):
    equal((a.code, a.message), (code, message), str(a))
