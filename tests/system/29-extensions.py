#!/usr/bin/python3
"""Extension parameters of enc_keys: key of one QKD link, key that is not older
than so many ms; what cannot be met is refused in the words of 014 6.2."""
import time

from lib import Net, check, equal, run, say, wait_for

MASTER = "SAE-A1"
B, C, HERE = "SAE-B1", "SAE-C1", "SAE-A2"
UNMET = "not all extension_mandatory request options could be met"
DIRECT = {"qkdnode_route_type": "direct"}


def age(ms):
    return {"qkdnode_max_age": ms}


def enc(net, slave, must=(), may=(), also=(), number=2, size=256):
    body = {"number": number, "size": size}
    if must:
        body["extension_mandatory"] = list(must)
    if may:
        body["extension_optional"] = list(may)
    if also:
        body["additional_slave_SAE_IDs"] = list(also)
    return net.client(MASTER).call(slave, "enc_keys", body)


def gets(net, slave, must=(), may=(), also=()):
    """What the answer tells of its keys; all slaves fetch them."""
    code, body = enc(net, slave, must, may, also)
    check(code == 200, "enc_keys for %s %s %s: %d %s" % (slave, must, may,
                                                         code, body))
    keys = net.oracle.drawn(MASTER, slave, body, 2, 256, also)
    net.settle(20, [x for k in keys for x in [k, *k.also]])
    told = [k.get("key_extension") for k in body["keys"]]
    equal(told[0], told[1], "what is told of two keys of one answer")
    equal(sorted(body), ["keys"], "members of the container")
    return told[0]


def unmet(net, slave, names, must, also=()):
    began = time.monotonic()
    code, body = enc(net, slave, must, (), also)
    equal((code, body.get("message")), (400, UNMET), "%s: %s" % (must, body))
    equal([d["extension_mandatory_unmet"] for d in body["details"]
           if "extension_mandatory_unmet" in d],
          [n + " could not be met" for n in names], "details")
    check(any("octets of key are needed" in d.get("reason", "")
              for d in body["details"]), "no reason: %s" % body)
    return time.monotonic() - began


def is_like(told, route):
    equal(sorted(set(told) - {"qkdnode_disjoint_paths"}),
          ["qkdnode_age", "qkdnode_route_type"], "told")
    check(told.get("qkdnode_disjoint_paths", 1) == 1, "paths: %s" % told)
    equal(told["qkdnode_route_type"], route, "route")
    check(isinstance(told["qkdnode_age"], int) and told["qkdnode_age"] >= 0,
          "age: %s" % told)
    return told["qkdnode_age"]


def routes(net):
    is_like(gets(net, B, [DIRECT]), "direct")
    is_like(gets(net, HERE, [DIRECT]), "direct")
    is_like(gets(net, C, [{"qkdnode_route_type": "any"}]), "indirect")
    is_like(gets(net, C, (), [DIRECT]), "indirect")
    equal(gets(net, B), None, "told without being asked")
    equal(gets(net, C, (), [{"abc_x": 1}]), None, "told to another's name")
    unmet(net, C, ["qkdnode_route_type"], [DIRECT])
    unmet(net, B, ["qkdnode_route_type"], [DIRECT], [C])
    is_like(gets(net, B, [DIRECT], (), [HERE]), "direct")
    say("direct key for a neighbour and for this node, none for others")


def ages(net):
    """Stocks become older than that."""
    for slave, route in ((B, "direct"), (C, "indirect"), (HERE, "direct")):
        def age_of():
            return is_like(gets(net, slave, [{"qkdnode_route_type": "any"}]),
                           route)
        wait_for("key that is not new", lambda: age_of() > 300)
        old = age_of()
        limit = min(old - 1, 1500)
        new = is_like(gets(net, slave, [age(limit)]), route)
        check(new <= limit, "%d ms old, asked for %d" % (new, limit))
        say("%s: %d ms old, and %d when asked for %d" % (slave, old, new,
                                                         limit))
    told = is_like(gets(net, B, [DIRECT, age(1500)]), "direct")
    check(told <= 1500, "direct and %d ms old" % told)
    is_like(gets(net, C, (), [age(0)]), "indirect")
    unmet(net, C, ["qkdnode_max_age"], [age(0)])
    unmet(net, C, ["qkdnode_route_type", "qkdnode_max_age"],
          [DIRECT, age(0)])


def many_asks_cost_little(net):
    """What cannot be met does not burn the links' key."""
    def relayed():
        return net.ctl("a", "kma")["supply"]["relayed"]
    unmet(net, C, ["qkdnode_max_age"], [age(0)])
    before = relayed()
    for _ in range(40):
        unmet(net, C, ["qkdnode_max_age"], [age(0)])
    check(relayed() - before < 12, "40 refusals took %d blocks"
          % (relayed() - before))


def outlives(net):
    """What blocks are like is in the store."""
    net.do("kill", "a", "ksa")
    net.do("start", "a", "ksa")
    wait_for("supply", lambda: enc(net, B)[0] == 200)
    is_like(gets(net, B, [DIRECT]), "direct")
    unmet(net, C, ["qkdnode_route_type"], [DIRECT])


def main():
    net = Net("abc", ["a-b", "b-c"], rate=4000000)
    routes(net)
    ages(net)
    many_asks_cost_little(net)
    outlives(net)
    net.settle()


run(main)
