"""ETSI GS QKD 014, what of clauses 5 and 6.1 takes time, or pools that
nobody fills: steps of 20-formats.py."""
import re
import time

from clauses import step
from etsi import (KEYS, NOT_FOUND, UNKNOWN, WINDOW, dec, draws, exactly, get,
                  gets, key_ids, post, refused, status)
from lib import check, equal, wait_for
from wire import keys_of, request, wire


@step("5.4", "get-with-ids-removes")
def get_with_ids_removes(net):
    """Again within the window, for a lost answer; then they are gone, and
    stay so for others."""
    keys = draws(net, post(net, {"number": 2}), 2)
    ids = [k.id for k in keys]
    for _ in range(5):
        a = dec(net, key_ids(ids))
        equal(keys_of(a, 2), [(k.id, k.octets) for k in keys], "again")
    net.oracle.fetched("SAE-C1", ids, a.json)
    equal(dec(net, key_ids(ids), "SAE-C2").code, 401, "another")
    time.sleep(WINDOW + 1)
    for i in ids:
        a = dec(net, key_ids([i]))
        exactly(a, NOT_FOUND)
        equal(a.json["details"], [{"reason": "the key was delivered before"}],
              "details")
    equal(dec(net, key_ids(ids), "SAE-C2").code, 401, "another, later")
    other = net.oracle.drawn("SAE-A1", "SAE-C2", post(
        net, {}, "SAE-C2").json, 1, 256)
    wait_for("C to know whose key that is", lambda: net.ctl(
        "c", "ksa", "keys")["keys"][0]["slaves"] == ["SAE-C2"])
    for batch in ([ids[0], other[0].id], [other[0].id, ids[0]]):
        equal(dec(net, key_ids(batch)).code, 401, "one gone, one another's")
    net.fetch(other)


def steady(net, slave="SAE-C1", looks=4):
    """The count of a pool that is not just being filled."""
    seen = []

    def calm():
        seen.append(status(net, slave)["stored_key_count"])
        return len(seen) >= looks and len(set(seen[-looks:])) == 1 and seen[-1]
    return wait_for("a pool at rest", calm, 20, 0.2)


def under_way(net):
    """Whether blocks of A are being relayed; those that wait for key of the
    link are not."""
    kma = net.ctl("a", "kma")
    relay, link = kma["relay"], kma["links"][0]
    return relay["started"] != relay["completed"] + relay["failed"] + \
        link["waiting"]["own"]


def no_more_key(net):
    """No link makes key, and what was made is used up: the pool is below its
    low mark, and stays there."""
    for link in ("a-b", "b-c"):
        net.link(link, "dark")
    low = status(net)["max_key_count"] // 2
    while status(net)["stored_key_count"] >= low or under_way(net) or \
            steady(net, looks=8) >= low:
        if status(net)["stored_key_count"] >= low:
            gets(net, post(net, {"number": 8, "size": low * 32}), 8, low * 32)


@step("6.1", "stored-key-count")
def stored_key_count(net):
    no_more_key(net)
    before = steady(net)
    gets(net, post(net, {"number": 7}), 7)
    equal(steady(net), before - 7, "after 7 keys")
    gets(net, post(net, {"number": 3, "size": 512}), 3, 512)
    equal(steady(net), before - 13, "after 3 keys of twice the size")


@step("5.3", "get-key-removes")
def get_key_removes(net):
    """What is counted down is what was given, and it is never given
    again (the checker compares all octets)."""
    before = steady(net)
    gets(net, post(net, {"number": 100}), 100)
    gets(net, get(net, "?number=28"), 28)
    equal(steady(net), before - 128, "after 128 keys")


def drain(net):
    """Takes all there is; the last answer."""
    for bits in (8192, 1024, 256, 64):
        while (a := post(net, {"number": 16, "size": bits})).code == 200:
            gets(net, a, 16, bits)
    return a


@step("5.3", "get-key-503")
def get_key_503(net):
    a = drain(net)
    refused(a, "octets of key are needed for KM KME-C", 503)
    check(re.search(r"\d+ are there", a.message), "how much: %s" % a)


@step("6.2", "additional-slaves-all-or-none")
def additional_slaves_all_or_none(net):
    """Nothing left for SAE-C1: SAE-B1 gets nothing either, and what there
    is for it stays there."""
    before = steady(net, "SAE-B1")
    for slaves in (("SAE-B1", "SAE-C1"), ("SAE-C1", "SAE-B1")):
        a = post(net, {"number": 16,
                       "additional_slave_SAE_IDs": [slaves[1]]}, slaves[0])
        refused(a, "octets of key are needed", 503)
    equal(steady(net, "SAE-B1"), before, "keys for SAE-B1")
    gets(net, post(net, {}, "SAE-B1"), 1, 256, "SAE-B1")


@step("5.2", "status-with-an-empty-pool")
def status_with_an_empty_pool(net):
    s = status(net)
    check(s["stored_key_count"] < 16, "stored_key_count: %s" % s)
    equal((s["target_KME_ID"], s["key_size"]), ("KME-C", 256), "status")


@step("5.4", "get-with-ids-503")
def get_with_ids_503(net):
    """While the key's source cannot be asked nobody can know."""
    keys = draws(net, post(net, {}, "SAE-B1"), slave="SAE-B1")
    net.do("stop", "a")
    a = dec(net, key_ids([UNKNOWN[:-1] + "e"]), "SAE-B1")
    refused(a, "KM KME-A cannot be asked", 503)
    net.do("start", "a")
    a = wait_for("the key", lambda: (b := dec(net, key_ids(
        [keys[0].id]), "SAE-B1")).code == 200 and b, 20)
    net.oracle.fetched("SAE-B1", [keys[0].id], a.json)


@step("5.2", "status-503")
def status_503(net):
    """More connections than an application may have at once."""
    limit = int(net.option("a", "ksa", "max_connections_per_application"))
    held = []
    for _ in range(limit):
        w = wire(net, "SAE-A2")
        equal(w.ask(request("GET", KEYS + "SAE-C1/status")).code, 200,
              "within the limit")
        held.append(w)
    w = wire(net, "SAE-A2")
    w.send(request("GET", KEYS + "SAE-C1/status"))
    refused(w.read(), "too many connections", 503)
    for w in held:
        w.close()
