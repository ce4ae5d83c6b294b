#!/usr/bin/python3
"""Key that is the XOR of parts over node-disjoint paths, in a ring of four: as
an application wishes, and as ksa.conf says of a peer and of a pair; refused
with the reason where there are too few, also while a link is cut; nothing is
lost or given twice while transit and destination die under load."""
import re
import time

from lib import SHORT, Load, Net, check, equal, run, say, wait_for

A, C = "SAE-A1", "SAE-C1"
UNMET = "not all extension_mandatory request options could be met"
TOO_FEW = "%d node-disjoint path%s to KME-C, %d are demanded"


def enc(net, paths=None, master=A, slave=C, number=4, size=256, may=False):
    body = {"number": number, "size": size}
    if paths:
        body["extension_optional" if may else "extension_mandatory"] = [
            {"qkdnode_min_disjoint_paths": paths}]
    return net.client(master).call(slave, "enc_keys", body)


def gets(net, paths=None, master=A, slave=C, may=False):
    """The slave fetches the same; over how many paths it came."""
    def answer():
        code, body = enc(net, paths, master, slave, may=may)
        check(code in (200, 503), "enc_keys %s: %d %s" % (paths, code, body))
        return body if code == 200 else None
    body = wait_for("keys over paths: %s" % paths, answer)
    net.settle(30, net.oracle.drawn(master, slave, body, 4, 256))
    told = [k.get("key_extension", {}).get("qkdnode_disjoint_paths")
            for k in body["keys"]]
    equal(len(set(told)), 1, "what is told of keys of one answer")
    return told[0]


def reason(body):
    return [d["reason"] for d in body.get("details", []) if "reason" in d]


def refused(net, there, wanted):
    code, body = enc(net, wanted)
    equal((code, body.get("message")), (400, UNMET), "%s" % body)
    equal(reason(body), [TOO_FEW % (there, "s"[:there != 1], wanted)],
          "reason")


def relay(net, node, name):
    return net.ctl(node, "kma")["relay"][name]


def wished(net):
    before = {n: relay(net, n, "transit") for n in "bd"}
    equal(gets(net), None, "nobody asked")
    # All pairs could supply before all links were announced.
    wait_for("two paths", lambda: enc(net, 2)[0] == 200, 40)
    equal(gets(net, 2), 2, "paths")
    check(net.ctl("a", "kma")["supply"]["disjoint"] > 0, "no parts were sent")
    for n in "bd":          # the parts went by both sides
        check(relay(net, n, "transit") > before[n], "nothing crossed " + n)
    refused(net, 2, 3)
    check(gets(net, 3, may=True) in (1, 2), "optional: served without")
    check(net.ctl("a", "ksa")["count"]["enc_paths"] > 0, "not counted")


def neighbours(net):
    """The link is one path, the other goes all the way round."""
    before = {n: relay(net, n, "transit") for n in "cd"}
    equal(gets(net, 2, A, "SAE-B1"), 2, "paths to a neighbour")
    for n in "cd":
        check(relay(net, n, "transit") > before[n], "nothing crossed " + n)


def cut(net):
    """More than is in stock, so that it has to come now."""
    def lacks():
        code, body = enc(net, 2, number=128, size=4096)
        if code == 200:
            net.oracle.drawn(A, C, body, 128, 4096)
            return False
        check(code in (400, 503), "%d %s" % (code, body))
        return reason(body) == [TOO_FEW % (1, "", 2)]
    net.link("b-c", "down")
    wait_for("the reason", lacks, 40)
    equal(gets(net), None, "what asks for nothing is served")
    net.link("b-c", "up")
    wait_for("two paths again", lambda: enc(net, 2)[0] == 200, 40)
    equal(gets(net, 2), 2, "paths")


def configure(net, node, change):
    path = net.conf(node, "ksa")
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(change(text))
    net.do("stop", node, "ksa")
    net.do("start", node, "ksa")


def with_c(text):
    new = re.sub(r'(kme_id\s*=\s*"KME-C"\s*;?)', r'\1 disjoint_paths = 2;',
                 text, count=1)
    check(new != text, "no peer KME-C in ksa.conf")
    return new


def told(net, master, slave):
    code, body = net.client(master).call(slave, "enc_keys", {
        "extension_optional": [{"qkdnode_route_type": "any"}]})
    if code != 200:
        return None
    net.settle(30, net.oracle.drawn(master, slave, body, 1, 256))
    return body["keys"][0]["key_extension"].get("qkdnode_disjoint_paths")


def configured(net):
    """a says it of c: it holds for keys of a, and for those of c."""
    configure(net, "a", with_c)
    for pair in ((A, C), (C, A)):
        wait_for("%s to %s" % pair, lambda: told(net, *pair) == 2, 40)
        for _ in range(5):
            equal(wait_for("keys", lambda: told(net, *pair)), 2,
                  "paths from %s to %s" % pair)
    equal(wait_for("keys", lambda: told(net, A, "SAE-B1")), 1,
          "paths to another peer")


def starved(net):
    """What is configured is refused as a shortage, and the status says it."""
    def lacks():
        code, body = enc(net, number=128, size=4096)
        if code == 200:
            net.oracle.drawn(A, C, body, 128, 4096)
            return False
        equal(code, 503, "%s" % body)
        return body["message"] == TOO_FEW % (1, "", 2)
    net.link("a-d", "down")
    wait_for("the reason", lacks, 40)
    wait_for("the status", lambda: any(
        TOO_FEW % (1, "", 2) in m for m in net.ctl("a", "ksa")["missing"]), 20)
    net.link("a-d", "up")
    wait_for("supply", lambda: told(net, A, C) == 2, 40)


def killed(net):
    with Load(net, [(A, C), (C, A)], pause=0.02) as load:
        load.await_progress(30)
        for node in "bc" if SHORT else "bcd":
            net.do("kill", node, "kma")
            time.sleep(0.4)
            net.do("start", node, "kma")
            load.await_progress(40)
    net.settle(60)
    say(load.summary())


def main():
    net = Net("abcd", ["a-b", "b-c", "c-d", "a-d"], rate=4000000,
              settings=["pool_low=16384", "pool_high=32768"])
    wished(net)
    neighbours(net)
    say("as wished")
    cut(net)
    say("a link cut: refused, and back")
    configured(net)
    say("as configured")
    starved(net)
    killed(net)


run(main, 200)
