#!/usr/bin/python3
"""Identical keys for slaves at several nodes: sixteen additional ones, large
keys, all or none when one node lacks key, kill -9 under load."""
import re
import time

from certs import Authority, application, reload, rewrite
from lib import SHORT, Client, Net, check, equal, run, say, wait_for
from multiload import MASTER, MultiLoad, post

SETTINGS = ["pool_low=65536", "pool_high=131072", "relay_wait=25000"]
FOURTEEN = ["SAE-%s%d" % (n, i) for n in "BCD" for i in (1, 2, 3, 4, 5)
          if (n, i) != ("B", 1)]


def draw(net, slave, also, number=1, size=256):
    """Keys for the checker; must succeed."""
    code, body = post(net, slave, also, number, size)
    check(code == 200, "enc_keys for %s and %s: %d %s" % (slave, also, code,
                                                          body))
    return net.oracle.drawn(MASTER, slave, body, number, size, also)


def register(net):
    """Five applications at each node; returns certificates of the new."""
    ca, rows, files = Authority(net), [], {}
    for node, n in net.json["nodes"].items():
        for i in range(1, 6):
            sae = "SAE-%s%d" % (node.upper(), i)
            rows.append(application(sae, n["kme_id"]))
            if i > 2:
                files[sae] = ca.issue(sae, "/CN=" + sae)
    for node in net.json["nodes"]:
        rewrite(net, node, rows)
        reload(net, node)
    return files


def slave_client(net, files, sae):
    if sae not in files:
        return net.client(sae)
    j = net.json
    return Client(j["nodes"][sae[4].lower()]["https"], j["ca"], *files[sae])


def fetch_all(net, files, keys):
    """Each slave has all of them."""
    for slave in [keys[0].slave] + [k.slave for k in keys[0].also]:
        ids = [k.id for k in keys]

        def fetched():
            code, body = slave_client(net, files, slave).dec(MASTER, ids)
            check(code in (200, 503), "%s: %d %s" % (slave, code, body))
            if code == 200:
                net.oracle.fetched(slave, ids, body)
            return code == 200
        wait_for("keys of " + slave, fetched, 20)
    net.oracle.verdict()


def sixteen(net, files):
    also = FOURTEEN + ["SAE-A2", "SAE-A3"]
    equal(len(also), 16, "additional slaves")
    keys = draw(net, "SAE-B1", also, 8, 512)
    fetch_all(net, files, keys)
    code, body = slave_client(net, files, "SAE-A4").dec(MASTER, [keys[0].id])
    equal(code, 401, "an application that is not among them: %s" % body)
    code, body = post(net, "SAE-B1", also + ["SAE-A4"])
    equal(code, 400, "seventeen additional slaves")
    say("17 slaves at 4 nodes have 8 keys")


def large(net, files):
    began = time.monotonic()
    number = 16 if SHORT else 128
    keys = draw(net, "SAE-C1", ["SAE-B1", "SAE-D1", "SAE-A2"], number, 65536)
    say("%d keys of 65536 bits drawn in %.1f s" % (
        number, time.monotonic() - began))
    fetch_all(net, files, keys)
    say("and fetched by four at %.1f s" % (time.monotonic() - began))


def stocks(net):
    """Octets of key at a, by node: all that there is."""
    return {p["peer"]: p["octets"] for p in net.ctl("a", "ksa")["pools"]
            if p["direction"] == "out"}


def at_rest(net):
    """Stocks that have stopped growing."""
    def quiet():
        before = stocks(net)
        time.sleep(0.7)
        return before == stocks(net) and before
    return wait_for("stocks at rest", quiet, 30)


def patience(net, ms):
    """relay_wait of a; ksa starts anew with it."""
    path = net.conf("a", "ksa")
    with open(path) as f:
        text = re.sub(r"(?m)^relay_wait = \d+", "relay_wait = %d" % ms,
                      f.read())
    with open(path, "w") as f:
        f.write(text)
    net.do("stop", "a", "ksa")
    net.do("start", "a", "ksa")


def one_lacks(net, files):
    """Without a way to d its stock ends; then nobody's is touched."""
    net.link("c-d", "down")
    patience(net, 500)
    wait_for("supply to b", lambda: net.client(MASTER).enc("SAE-B1")[0] == 200)
    for _ in range(400):
        code, body = net.client(MASTER).enc("SAE-D1", 8, 4096)
        if code == 503:
            break
        equal(code, 200, "enc_keys %s" % body)
        net.oracle.drawn(MASTER, "SAE-D1", body, 8, 4096)
    equal(code, 503, "a stock that nobody fills")
    before = at_rest(net)
    for _ in range(3):
        code, body = post(net, "SAE-B1", ["SAE-D1", "SAE-C2"], 16, 4096)
        equal(code, 503, "slaves of which one has no key: %s" % body)
        check("KME-D" in body["message"], "which node? %s" % body)
    equal(stocks(net), before, "stocks")
    keys = draw(net, "SAE-B1", ["SAE-C2"], 16, 4096)
    net.link("c-d", "up")
    patience(net, 25000)
    fetch_all(net, files, keys)
    say("refused whole without d; nothing was used up")


def kills(net):
    victims = [("a", "ksa"), ("b", "relayd"), ("c", "ksa"), ("d", "ksa")]
    with MultiLoad(net) as load:
        load.await_progress()
        for node, daemon in victims[:2] if SHORT else victims:
            net.do("kill", node, daemon)
            time.sleep(0.4)
            net.do("start", node, daemon)
            load.await_progress()
            say("%s %s killed, supply goes on" % (node, daemon))
    net.settle(60)
    say("%d keys fetched by their slaves" % load.done)


def main():
    net = Net("abcd", ["a-b", "b-c", "c-d"], rate=60000000,
              settings=SETTINGS)
    files = register(net)
    sixteen(net, files)
    one_lacks(net, files)
    large(net, files)
    kills(net)


run(main, 150)
