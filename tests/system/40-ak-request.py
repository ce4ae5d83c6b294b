#!/usr/bin/python3
"""Q.4161 over TCP: keys upon request, by an independent client."""
import os
import socket
import ssl
import struct
import time
import uuid

import ak
from ak import Ak, connect, frame, token, words
from certs import reload, rewrite
from lib import ROOT, SHORT, Net, check, equal, run, say, wait_for

UNKNOWN = "01234567-89ab-7def-8123-456789abcdef"
SESSION = "5f7c2c1e-93d4-4b0a-8e55-0123456789ab"
UNSUPPORTED = "not all extension_mandatory parameters are supported"
UNMET = "not all extension_mandatory request options could be met"
DIRECT = [{"qkdnode_route_type": "direct"}]


def drawn(net, master, slave, answer, number, size):
    equal(answer["response"], "success", "0x2101 %s to %s" % (master, slave))
    return net.oracle.drawn(master, slave, answer, number, size)


def fetched(net, slave, keys, answer):
    equal(answer["response"], "success", "0x2102 by " + slave)
    net.oracle.fetched(slave, [k.id for k in keys], answer)


def refused(answer, what, why=""):
    equal(token(answer), what, "%s" % answer)
    check(why in answer["response"], "%s: not %r" % (answer, why))


def supply(net):
    """Both ends by this door, at every distance, and one door each."""
    for master, slave in (("SAE-A1", "SAE-A2"), ("SAE-A1", "SAE-B1"),
                          ("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1")):
        m, s = connect(net, master), connect(net, slave)
        for number, size in ((1, 256), (3, 128), (2, 64), (2, 2048)):
            keys = drawn(net, master, slave, m.enc(slave, number, size),
                         number, size)
            ids = [k.id.upper() for k in keys]
            fetched(net, slave, keys, s.dec(master, ids))
            fetched(net, slave, keys, s.dec(master, ids))   # redelivery
        a = m.ask(ak.KEY_REQUEST, {"application_destination_ID": slave})
        keys = drawn(net, master, slave, a, 1, 256)     # the defaults
        net.fetch(keys)
        keys = net.draw(master, slave, 2, 512)          # by HTTPS
        fetched(net, slave, keys, s.dec(master, [k.id for k in keys],
                                        application_destination_ID=slave,
                                        application_name="x"))
        m.close()
        s.close()
    say("same node, neighbours, hops, from door to door")


def vectors(net):
    """The frames of tests/data/ak as they stand there."""
    def golden(name):
        with open(os.path.join(ROOT, "tests", "data", "ak", name + ".hex"),
                  encoding="ascii") as f:
            return bytes.fromhex("".join(f.read().split()))
    c = connect(net, "SAE-A1")
    c.send(golden("2101"))
    message_id, code, a = c.receive()
    equal((message_id, code), (1, ak.KEY_RESPONSE), "header")
    check(all(k["key_extension"]["qkdnode_route_type"] == "direct"
              for k in a["keys"]), "%s" % a)
    net.fetch(drawn(net, "SAE-A1", "SAE-B1", a, 2, 256))
    b = connect(net, "SAE-B1")
    b.send(golden("2102") + golden("2107") + golden("210b"))
    message_id, code, a = b.receive()
    equal((message_id, code), (2, ak.KEY_RESPONSE), "header")
    refused(a, "not_found")
    equal(token(b.dec("SAE-A1", [UNKNOWN])), "not_found", "afterwards")
    for x in (b, c):
        x.close()
    say("golden frames")


BAD = [         # payload of 0x2101, a word of the refusal
    (b"", ""), (b"[]", "object"), (b"1", ""), (b"null", ""), (b"{", ""),
    (b"{}x", ""), (b"{}{}", ""),
    (b'{"application_destination_ID": "SAE-B1"', ""),
    (b'{"application_destination_ID": "SAE-B1", '
     b'"application_destination_ID": "SAE-B1"}', "twice"),
    (b'{"application_destination_ID": "SAE-B1", "x": {"a": 1, "a": 1}}',
     "twice"),
    (b'{"application_destination_ID": "SAE-B1", "x": "\xff"}', "UTF-8"),
    (b'{"application_destination_ID": "SAE-B1\\u0000"}', "U+0000"),
    (b'{"application_destination_ID": "SAE-B1", "x": ' + b"[" * 16 +
     b"]" * 16 + b"}", "deep"),
    (b"{" + b'"x":[' * 10000, "deep"),
    ({}, "application_destination_ID is missing"),
    ({"application_destination_ID": None}, "application_destination_ID"),
    ({"application_destination_ID": ""}, "application_destination_ID"),
    ({"application_destination_ID": 1}, "application_destination_ID"),
    ({"application_destination_ID": "x" * 292}, "application_destination_ID"),
    *[({"application_destination_ID": "SAE-B1", name: v}, name)
      for name in ("number_of_keys", "size_of_key")
      for v in (0, -1, 1.5, 1.0, "1", True, None, [1])],
    *[({"application_destination_ID": "SAE-B1", "size_of_key": v},
       "size_of_key") for v in (7, 257, 8, 56)],
    ({"application_destination_ID": "SAE-B1", "number_of_keys": 129},
     "number_of_keys"),
    (b'{"application_destination_ID": "SAE-B1", "number_of_keys": 1e99999}',
     ""),
    (b'{"application_destination_ID": "SAE-B1", '
     b'"number_of_keys": 99999999999999999999}', ""),
    ({"application_destination_ID": "SAE-B1", "application_name": 1},
     "application_name"),
    ({"application_destination_ID": "SAE-B1", "application_source_ID": 1},
     "application_source_ID"),
    *[({"application_destination_ID": "SAE-B1", "extension": v}, "extension")
      for v in ({}, None, "x", [1], [{"extension_mandatory": {}}],
                [{"extension_mandatory": ["x"]}])],
]
BAD_IDS = [     # members of 0x2102 beside the source
    {}, {"key_IDs": []}, {"key_IDs": {}}, {"key_IDs": None},
    {"key_IDs": [UNKNOWN]}, {"key_IDs": [{}]}, {"key_IDs": [{"key_ID": 1}]},
    {"key_IDs": [{"key_ID": ""}]}, {"key_IDs": [{"key_ID": UNKNOWN + "0"}]},
    {"key_IDs": [{"key_ID": UNKNOWN}, {"key_ID": UNKNOWN.upper()}]},
    {"key_IDs": [{"key_ID": UNKNOWN, "key_ID_extension": []}]},
    {"key_IDs": [{"key_ID": str(uuid.uuid4())} for _ in range(129)]},
]


def malformed(net):
    """Requests in whole frames: refused, and the connection goes on."""
    c = connect(net, "SAE-A1")
    for payload, word in BAD:
        refused(c.ask(ak.KEY_REQUEST, payload), "bad_request", word)
    for more in BAD_IDS:
        refused(c.ask(ak.KEY_REQUEST_WITH_ID, dict(
            more, application_source_ID="SAE-C1")), "bad_request", "key_ID")
    refused(c.ask(ak.KEY_REQUEST_WITH_ID, {"key_IDs": [{"key_ID": UNKNOWN}]}),
            "bad_request", "application_source_ID is missing")
    for code in (ak.SESSION_REQUEST, ak.SESSION_KEY_REQUEST):
        a = c.ask(code, b"{}")
        refused(a, "bad_request", "is missing")
        equal(a["session_ID"], "", "of no session")
    a = c.ask(ak.SESSION_KEY_REQUEST, {"session_ID": SESSION.upper(),
                                       "number_of_keys": 0})
    refused(a, "bad_request", "number_of_keys")
    equal(a["session_ID"], SESSION, "of that session")
    for version in (0, 2, 0x100, 0xffff):
        c.send(frame(ak.KEY_REQUEST, {"application_destination_ID": "SAE-B1"},
                     7, version))
        equal(c.receive()[0], 7, "MessageID")
    net.fetch(drawn(net, "SAE-A1", "SAE-B1", c.enc("SAE-B1"), 1, 256))
    c.close()
    say("%d malformed requests" % (len(BAD) + len(BAD_IDS) + 8))


def ignored(net):
    """Unknown codes and late responses, whatever they carry."""
    c = connect(net, "SAE-A1")
    before = net.ctl("a", "ksa")["ak"]
    codes = (0, 1, 0x2103, 0x2100, 0x210c, 0x21ff, 0x1204, 0x1101, 0x11c3,
             0xffff)
    for code in codes:
        c.send(frame(code, b"\xff{", 9, 1) + frame(code, b"", 9, 77))
    c.send(frame(ak.SESSION_NOTIFIED, {"session_ID": SESSION,
                                       "response": "success"}))
    c.send(frame(ak.SUPPLIED, {"session_ID": SESSION, "key_ID": UNKNOWN,
                               "response": "rejected: why not"}))
    refused(c.dec("SAE-C1", [UNKNOWN]), "not_found")
    after = net.ctl("a", "ksa")["ak"]
    equal(after["frames_ignored"] - before["frames_ignored"],
          2 * len(codes), "unknown frames counted")
    equal(after["responses_unexpected"] - before["responses_unexpected"], 2,
          "responses counted")
    c.close()
    say("unknown commands are read over")


def closing(net):
    """After these nothing more is read; what was asked is answered."""
    good = {"session_ID": SESSION, "response": "success"}
    cases = [(code, b"{}") for code in (0x1203, 0x1205, 0x1206, 0x1209,
                                        0x120a)]
    cases += [(ak.SESSION_NOTIFIED, b"{}"), (ak.SESSION_NOTIFIED, b"x"),
              (ak.SESSION_NOTIFIED, {**good, "response": "Well done"}),
              (ak.SUPPLIED, good), (ak.SUPPLIED, {**good, "key_ID": "x"})]
    octets = [frame(*case) for case in cases]
    octets.append(frame(ak.SESSION_NOTIFIED, good, version=2))
    enc = frame(ak.KEY_REQUEST, {"application_destination_ID": "SAE-B1"}, 5)
    for x in octets:
        c = connect(net, "SAE-A1")
        c.send(enc + x + enc)
        message_id, _, a = c.receive()
        net.fetch(drawn(net, "SAE-A1", "SAE-B1", a, 1, 256))
        check(c.ended(), "not closed after %r" % x)
        c.close()
    say("%d frames that end a connection" % len(octets))


def cut(net):
    """Frames in pieces; and one that never ends."""
    enc = frame(ak.KEY_REQUEST, {"application_destination_ID": "SAE-B1"}, 5)
    before = net.ctl("a", "ksa")["count"]["enc_keys"]
    for n in (1, 9, 10, 30, len(enc) - 1):
        c = connect(net, "SAE-A1")
        c.send(enc[:n])
        c.tls.unwrap().close() if n % 2 else c.close()
    c = connect(net, "SAE-A1")
    c.send(frame(ak.KEY_REQUEST, b'{"application_destination_ID":"SAE-B1"}',
                 length=len(enc)))
    check(c.ended(), "half a frame is not closed in its time")
    equal(net.ctl("a", "ksa")["count"]["enc_keys"], before, "keys drawn")
    c = connect(net, "SAE-A1")
    for i in range(len(enc)):
        c.send(enc[i:i + 1])
    net.fetch(drawn(net, "SAE-A1", "SAE-B1", c.receive()[2], 1, 256))
    full = frame(ak.KEY_REQUEST, (b'{"application_destination_ID":"SAE-B1"'
                                  b',"x":"' + b"y" * 65535)[:65533] + b'"}')
    c.send(full)
    net.fetch(drawn(net, "SAE-A1", "SAE-B1", c.receive()[2], 1, 256))
    c.close()
    say("half frames, octets one by one, the largest frame")


def identity(net):
    c = connect(net, "SAE-A1")
    keys = drawn(net, "SAE-A1", "SAE-C1", c.enc(
        "SAE-C1", 2, application_source_ID="SAE-A1"), 2, 256)
    ids = [k.id for k in keys]
    refused(c.enc("SAE-C1", application_source_ID="SAE-A2"), "unauthorized",
            "application_source_ID")
    refused(c.enc("SAE-NOWHERE"), "not_found", "SAE-NOWHERE")
    refused(c.ask(ak.SESSION_REQUEST, {
        "application_source_ID": "SAE-C1",
        "application_destination_ID": "SAE-A1"}), "unauthorized")
    a = c.ask(ak.SESSION_KEY_REQUEST, {"session_ID": SESSION})
    refused(a, "not_found")
    equal(a["session_ID"], SESSION, "of that session")
    time.sleep(0.3)                     # the binding arrives
    for who in ("SAE-C2", "SAE-A1", "SAE-A2", "SAE-B1"):
        other = connect(net, who)
        refused(other.dec("SAE-A1", ids), "unauthorized")
        other.close()
    s = connect(net, "SAE-C1")
    refused(s.dec("SAE-A1", ids, application_destination_ID="SAE-C2"),
            "unauthorized", "application_destination_ID")
    refused(s.dec("SAE-A2", ids), "unauthorized")
    refused(s.dec("SAE-A1", [ids[0], UNKNOWN]), "not_found")
    fetched(net, "SAE-C1", keys, s.dec("SAE-A1", ids))
    x = connect(net, "SAE-X")
    for _ in range(2):                  # to each, even if it is malformed
        refused(x.enc("SAE-C1"), "unauthorized", "CN=SAE-X")
        refused(x.dec("SAE-A1", ids), "unauthorized")
        refused(x.ask(ak.SESSION_KEY_REQUEST, b"{"), "unauthorized")
    away = connect(net, "SAE-B1", "a")
    refused(away.enc("SAE-C1"), "unauthorized", "KME-B")
    for y in (c, s, x, away):
        y.close()
    try:
        Ak(net.json["nodes"]["a"]["ak"], net.json["ca"], None,
           None).enc("SAE-B1")
    except (ssl.SSLError, *ak.GONE):
        say("who may and who may not")
        return
    raise AssertionError("served without a certificate")


def extensions(net):
    c = connect(net, "SAE-A1")

    def ask(slave, *ext):
        return c.enc(slave, extension=list(ext))
    before = net.ctl("a", "ksa")["count"]["enc_keys"]
    for x in ({"extension_mandatory": [{"abc": 1}]},
              {"extension_mandatory": [*DIRECT, {"abc": 1}]}):
        equal(ask("SAE-B1", x)["response"], "bad_request: " + UNSUPPORTED,
              "unsupported")
    refused(ask("SAE-C1", {"extension_mandatory": DIRECT}), "bad_request",
            UNMET + ": ")
    refused(ask("SAE-B1", {"extension_mandatory": [
        {"qkdnode_route_type": "x"}]}), "bad_request", "qkdnode_route_type")
    equal(net.ctl("a", "ksa")["count"]["enc_keys"], before, "keys drawn")
    for x, told in (([{"extension_mandatory": DIRECT}], True),
                    ([{"x": 1}, {"extension_optional": DIRECT}], True),
                    ([{"extension_optional": [{"abc": []}]}, {}], False),
                    ([{"extension_mandatory": []}], False), ([], False)):
        a = ask("SAE-B1", *x)
        net.fetch(drawn(net, "SAE-A1", "SAE-B1", a, 1, 256))
        equal("key_extension" in a["keys"][0], told, "%s: %s" % (x, a))
    equal(c.dec("SAE-C1", [UNKNOWN], extension=[
        {"extension_mandatory": DIRECT}])["response"],
        "bad_request: " + UNSUPPORTED, "0x2102")
    refused(c.dec("SAE-C1", [UNKNOWN], extension=[
        {"extension_optional": DIRECT, "x": 1}]), "not_found")
    c.close()
    say("extensions")


def sizes(net):
    """What does not fit into 65,535 octets is too large, and not used up."""
    c, s = connect(net, "SAE-A1"), connect(net, "SAE-B1")
    before = net.ctl("a", "ksa")["count"]["enc_keys"]
    one = len('{"key_ID":"","key":""},') + 36 + 684     # 4096 bits
    most = (65535 - len('{"keys":[],"response":"success"}') + 1) // one
    for number, size in ((most + 1, 4096), (128, 65536), (1000, 512),
                         (2 ** 62, 256), (1, 2 ** 62), (2, 400000)):
        refused(c.enc("SAE-B1", number, size), "too_large", "65535")
    equal(net.ctl("a", "ksa")["count"]["enc_keys"], before, "keys drawn")
    keys = drawn(net, "SAE-A1", "SAE-B1", wait_for(
        "so much key", lambda: (lambda a: a["keys"] and a)(
            c.enc("SAE-B1", most, 4096))), most, 4096)
    fetched(net, "SAE-B1", keys, s.dec("SAE-A1", [k.id for k in keys]))
    net.await_supply("SAE-A1", "SAE-B1")
    keys = wait_for("more key", lambda: more(net, most + 1))
    time.sleep(0.3)
    refused(s.dec("SAE-A1", [k.id for k in keys]), "too_large")
    net.fetch(keys)             # by HTTPS, whose answers have no such end
    for x in (c, s):
        x.close()
    say("%d keys of 4096 bits fit, %d do not" % (most, most + 1))


def more(net, number):
    status, body = net.client("SAE-A1").enc("SAE-B1", number, 4096)
    check(status in (200, 503), "%s" % body)
    return status == 200 and net.oracle.drawn("SAE-A1", "SAE-B1", body,
                                              number, 4096)


def pipelined(net):
    """300 requests in one go; each is answered once."""
    c, s = connect(net, "SAE-A1"), connect(net, "SAE-C1")
    n = 300
    c.send(b"".join(frame(ak.KEY_REQUEST, {
        "application_destination_ID": ("SAE-C1", "SAE-NOWHERE")[i % 3 == 2],
        "size_of_key": 64}, i + 1000) for i in range(n)))
    answers = {}
    for _ in range(n):
        message_id, _, a = c.receive()
        check(message_id not in answers, "%d answered twice" % message_id)
        answers[message_id] = a
    equal(set(answers), set(range(1000, 1000 + n)), "MessageIDs")
    keys = {}
    for i, a in answers.items():
        if i % 3 == (1000 + 2) % 3:
            refused(a, "not_found")
        else:
            keys[i] = drawn(net, "SAE-A1", "SAE-C1", a, 1, 64)[0]
    s.send(b"".join(frame(ak.KEY_REQUEST_WITH_ID, {
        "application_source_ID": "SAE-A1", "key_IDs": [{"key_ID": k.id}]}, i)
        for i, k in keys.items()))
    for _ in range(len(keys)):
        message_id, _, a = s.receive()
        fetched(net, "SAE-C1", [keys.pop(message_id)], a) \
            if message_id in keys else net.oracle.fault("a wrong MessageID")
    for x in (c, s):
        x.close()
    say("%d requests at once" % n)


def out_of_order(net):
    """Who waits does not hold up the others; at the end all are answered."""
    rewrite(net, "a", more='quotas = ({ master = "SAE-A2"; slave = "SAE-B2"; '
            'rate = 32; burst = 64; });\n')
    reload(net, "a")
    c = connect(net, "SAE-A2")
    slow = {"application_destination_ID": "SAE-B2", "number_of_keys": 2}
    fast = {"application_destination_ID": "SAE-B1"}
    drawn(net, "SAE-A2", "SAE-B2", c.ask(ak.KEY_REQUEST, slow), 2, 256)
    c.send(frame(ak.KEY_REQUEST, slow, 1) + frame(ak.KEY_REQUEST, fast, 2))
    order = []
    for _ in range(2):
        message_id, _, a = c.receive()
        order.append(message_id)
        drawn(net, "SAE-A2", "SAE-B%d" % (3 - message_id), a, 3 - message_id,
              256)
    equal(order, [2, 1], "order of the answers")
    c.send(frame(ak.KEY_REQUEST, slow, 3))
    c.tls.setblocking(False)
    try:
        c.tls.unwrap()                  # close_notify: it sends no more
    except ssl.SSLWantReadError:
        pass                            # and waits for the other's
    c.tls.settimeout(15)
    message_id, _, a = c.receive()
    equal(message_id, 3, "MessageID")
    drawn(net, "SAE-A2", "SAE-B2", a, 2, 256)
    check(c.ended(), "not closed")
    c = connect(net, "SAE-A2")
    c.send(frame(ak.KEY_REQUEST, slow, 4))
    time.sleep(0.1)
    net.do("stop", "a", "ksa")          # SIGTERM
    message_id, _, a = c.receive()
    equal(message_id, 4, "MessageID")
    if token(a) == "success":
        drawn(net, "SAE-A2", "SAE-B2", a, 2, 256)
    else:
        refused(a, "unavailable")
    check(c.ended(), "not closed")
    net.do("start", "a", "ksa")
    net.settle()
    say("answers overtake; SIGTERM leaves none behind")


def memory(net):
    with open("/proc/%d/statm" % net.pid("b", "ksa"), encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def slow_reader(net):
    """One that asks for megabytes and takes none of them."""
    keys = net.draw("SAE-A1", "SAE-B1", 128, 64)
    ask = frame(ak.KEY_REQUEST_WITH_ID, {
        "application_source_ID": "SAE-A1",
        "key_IDs": [{"key_ID": k.id} for k in keys]})
    s = connect(net, "SAE-B1")
    s.send(ask)
    fetched(net, "SAE-B1", keys, s.receive()[2])
    before, sent = memory(net), 0
    slow = connect(net, "SAE-B1", buffer=4096, timeout=1)
    try:
        for sent in range(5000):
            slow.send(ask)
    except OSError:
        pass                            # it is not read from any more
    check(sent < 4000, "%d requests were read" % sent)
    grown = memory(net) - before
    # Sanitizers keep what was freed for a while.
    check(SHORT or grown < 6 << 20, "%d octets more" % grown)
    s.send(ask)                         # others do not notice
    fetched(net, "SAE-B1", keys, s.receive()[2])
    wait_for("the end of the slow one", lambda: net.ctl("b", "ksa")[
        "connections"] <= 1, 15)
    check(net.ctl("b", "ksa")["keys_delivered_unknown"] >= 128,
          "nothing is said of answers that were lost")
    for x in (slow, s):
        x.close()
    say("%d requests, %d KiB, then it had to go" % (sent, grown >> 10))


def crowd(net):
    """One limit for the connections of an application by both doors."""
    inside = [connect(net, "SAE-B2") for _ in range(6)]
    for c in inside:
        refused(c.dec("SAE-A1", [UNKNOWN]), "not_found")
    https = [net.client("SAE-B2") for _ in range(6)]
    for h in https:
        equal(h.status("SAE-A1")[0], 200, "by HTTPS")
    c = connect(net, "SAE-B2")
    check(c.ended(), "the thirteenth connection was let in")
    equal(net.client("SAE-B2").status("SAE-A1")[0], 503, "by HTTPS")
    other = connect(net, "SAE-B1")
    refused(other.dec("SAE-A1", [UNKNOWN]), "not_found")
    inside.pop().close()

    def again():
        c = connect(net, "SAE-B2")
        try:
            return token(c.dec("SAE-A1", [UNKNOWN])) == "not_found"
        except ak.GONE:
            return False
        finally:
            c.close()
    wait_for("room", again)
    for x in (*inside, *https, other):
        x.close()
    say("connections are limited over both doors")


def main():
    net = Net("abc", ["a-b", "b-c"], settings=[
        "ksa.max_connections_per_application=12", "ksa.write_timeout=2000",
        "ksa.ak_frame_timeout=1500"])
    equal(struct.calcsize(">HIHH"), 10, "the header")
    for step in (supply, vectors, malformed, ignored, closing, cut, identity,
                 extensions, sizes, pipelined, crowd, slow_reader,
                 out_of_order):
        step(net)
        net.oracle.verdict()


run(main)
