#!/usr/bin/python3
"""doc/wireshark: the dissector on its sample, and on a capture made now.
`--sample FILE` makes the sample anew: a capture with the TLS keys in it."""
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

import ak
from akapp import application
from capture import Capture, Proxy, await_codes, may_capture, with_keys
from lib import ROOT, Net, Skip, check, equal, run, say, wait_for

LUA = os.path.join(ROOT, "doc", "wireshark", "qkdnode.lua")
SAMPLE = os.path.join(ROOT, "doc", "wireshark", "sample.pcapng")
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PORT = 8444
ROUTE = ["source_kma_id", "destination_kma_id"]
# Fields besides those of the header that a frame of this code has.
CODES = {
    0x2101: ["application_destination_id", "number_of_keys", "size_of_key"],
    0x2102: ["application_source_id", "key_id"],
    0x1203: ["key", "key_id", "response"],
    0x2104: ["application_source_id", "application_destination_id",
             "number_of_keys"],
    0x1205: ["session_id", "response"],
    0x1206: ["application_source_id", "application_destination_id",
             "session_id", "number_of_keys"],
    0x2107: ["session_id", "response"],
    0x2108: ["session_id", "number_of_keys", "size_of_key"],
    0x1209: ["session_id", "key", "key_id", "response"],
    0x120A: ["session_id", "key", "key_id"],
    0x210B: ["session_id", "key_id", "response"],
    0x1101: ROUTE + ["transit_kma_ids", "key_relay_request_id", "key_id",
                     "key", "protection", "pad", "block", "mac"],
    0x1102: ROUTE + ["transit_kma_ids", "key_relay_request_id", "response"],
    0x1103: ROUTE + ["session_id", "number_of_keys", "size_of_key", "key_id",
                     "message"],
    0x1104: ROUTE + ["session_id", "key_id", "response", "message"],
    0x11C0: ROUTE + ["message"],
    0x11C1: ROUTE + ["message"],
    0x11C2: ["origin", "incarnation", "sequence", "neighbours"],
    0x11C3: [],
    0x11C4: ROUTE + ["session_id", "application_source_id",
                     "application_destination_id", "number_of_keys",
                     "message"],
    0x11C5: ROUTE + ["session_id", "response", "message"],
}
ANSWERS = {0x1203: (0x2101, 0x2102), 0x1205: (0x2104,), 0x2107: (0x1206,),
           0x1209: (0x2108,), 0x210B: (0x120A,), 0x1102: (0x1101,),
           0x1104: (0x1103,), 0x11C5: (0x11C4,)}
KX = {c for c in CODES if c >> 8 == 0x11}


class Frame:
    """What the dissector says of one: `fields` of it, `notes` on it."""

    def __init__(self, number, tree):
        self.number, self.fields, self.notes = number, {}, set()
        for x in tree.iter("field"):
            name, show = x.get("name"), x.get("show")
            if name.startswith("qkdframe."):
                self.fields.setdefault(name[9:], []).append(show)
            if name == "_ws.expert":
                self.notes |= {y.get("name")[9:] for y in x.iter("field")
                               if y.get("name").startswith("qkdframe.")}
        self.code = int(self.fields["command"][0], 16)

    def __str__(self):
        return "packet %d: %04x %s %s" % (self.number, self.code,
                                          self.fields, self.notes)


def frames(path, *words):
    """All of a capture, in two passes: in the second one a request knows its
    response."""
    p = subprocess.run(
        ["tshark", "-n", "-2", "-X", "lua_script:" + LUA, "-r", path, "-Y",
         "qkdframe", "-T", "pdml", "-J", "frame qkdframe", *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    check(p.returncode == 0, "tshark: " + p.stderr)
    check("Lua" not in p.stderr, p.stderr)
    out = []
    for packet in ElementTree.fromstring(p.stdout).iter("packet"):
        number = next(x.get("show") for x in packet.iter("field")
                      if x.get("name") == "frame.number")
        out += [Frame(int(number), x) for x in packet.iter("proto")
                if x.get("name") == "qkdframe"]
    return out


def good(frame):
    """Has every field of its code, with values that can be."""
    interface = "Kx" if frame.code in KX else "Ak"
    wanted = ["version", "message_id", "length", "direction"]
    return (all(frame.fields.get(x) for x in wanted + CODES[frame.code]) and
            frame.fields["interface"] == [interface] and
            frame.fields.get("response", ["success"]) == ["success"] and
            all(UUID.fullmatch(x) for name in ("session_id", "key_id")
                for x in frame.fields.get(name, [])))


def check_codes(found, codes):
    for code in sorted(codes):
        check(any(good(x) for x in found if x.code == code),
              "no good 0x%04x among: %s" % (code, [str(x) for x in found
                                                   if x.code == code]))
    for x in found:
        check(x.notes <= {"failure"}, "the dissector complains: %s" % x)


def check_pairs(found):
    """Every response names its request, which names its response."""
    kinds = set()
    for x in found:
        if x.code not in ANSWERS:
            continue
        to = int(x.fields.get("response_to", ["0"])[0])
        asked = [y for y in found if y.number == to and
                 y.code in ANSWERS[x.code] and
                 y.fields["message_id"] == x.fields["message_id"]]
        check(asked, "answers nothing: %s" % x)
        equal(asked[0].fields.get("response_in"), [str(x.number)],
              "response of %s" % asked[0])
        kinds.add(x.code)
    equal(kinds, set(ANSWERS), "responses with their requests")


def packet(payload, from_port, to_port, seq, ack):
    """IPv4 and TCP around it, as libpcap writes it."""
    tcp = struct.pack(">HHIIBBHHH", from_port, to_port, seq, ack, 0x50, 0x18,
                      65535, 0, 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0,
                     b"\x7f\0\0\1", b"\x7f\0\0\1") + tcp
    return struct.pack("<IIII", 0, 0, len(ip), len(ip)) + ip


def by_hand(path, segments):
    """A capture without TLS: (sent by the KM, octets) each."""
    at = {True: 1, False: 1}
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 101))
        for km, octets in segments:
            f.write(packet(octets, *((PORT, 40000) if km else (40000, PORT)),
                           at[km], at[not km]))
            at[km] += len(octets)


def golden():
    folder = os.path.join(ROOT, "tests", "data", "ak")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".hex"):
            with open(os.path.join(folder, name), encoding="ascii") as f:
                yield bytes.fromhex("".join(f.read().split()))


def check_vectors(path):
    """The golden vectors, and frames that are wrong, on a plain port."""
    whole = list(golden())
    wrong = [(ak.frame(0x2101, b"{"), "malformed"),
             (ak.frame(0x2101, b""), "malformed"),
             (ak.frame(0x2101, b"[]"), "malformed"),
             (ak.frame(0x2101, b'{"application_destination_ID": "x"} x'),
              "malformed"),
             (ak.frame(0x2101, b'{"x": ' + b"[" * 17 + b"]" * 17 + b"}"),
              "malformed"),
             (ak.frame(0x2101, {"x": {"application_destination_ID": "x"}}),
              "missing"),
             (ak.frame(0x210B, {"session_ID": "x", "response": "timeout"}),
              "missing"),
             (ak.frame(0x2103, {}), "command.unknown"),
             (ak.frame(0x2101, {"application_destination_ID": "x"},
                       version=2), "version.unknown"),
             (ak.frame(0x1203, {"keys": [], "response": "unavailable: x"}),
              "failure")]
    # Two in a segment, and one in two.
    octets = whole[0] + whole[1], whole[2][:7], whole[2][7:]
    by_hand(path, [(x[6:7] == b"\x12", x) for x in whole] +
            [(True, x) for x, _ in wrong] + [(False, x) for x in octets])
    found = frames(path, "-d", "tcp.port==%d,qkdframe" % PORT)
    equal(len(found), len(whole) + len(wrong) + 3, "frames")
    check_codes(found[:len(whole)] + found[-3:], set(CODES) - KX)
    for (octets, note), x in zip(wrong, found[len(whole):]):
        check(note in x.notes, "%s: not %s" % (x, note))
    key = found[0].fields["key"] if found[0].code == 0x1203 else None
    equal(key, ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="], "keys")
    say("golden vectors, and %d frames that are wrong" % len(wrong))


def talk(net, keys):
    """All eleven messages of Ak, from a to c."""
    a, c = (application(net, sae, lines=0) for sae in ("SAE-A1", "SAE-C1"))
    for app in (a, c):
        app.greets = False
        app.context.keylog_filename = keys
        app.connect()
    answer = a.ask(ak.KEY_REQUEST, {
        "application_destination_ID": "SAE-C1", "number_of_keys": 2,
        "size_of_key": 256})
    drawn = net.oracle.drawn("SAE-A1", "SAE-C1", answer, 2, 256)
    ids = [k.id for k in drawn]
    net.oracle.fetched("SAE-C1", ids, c.ask(ak.KEY_REQUEST_WITH_ID, {
        "application_source_ID": "SAE-A1",
        "key_IDs": [{"key_ID": i} for i in ids]}))
    session = a.session("SAE-C1", 100, application_name="sample")
    for number in (1, 3):
        brought = a.keys(session, number, 256)
        equal(len(brought), number, "keys")
    check({"session_ID": session}.items() <= c.of(ak.SUPPLY)[0].payload
          .items(), "another session's")
    return a, c


def await_calm(net):
    """No frame is on its way: its answer would come over a connection that
    did not carry it."""
    seen = []

    def calm():
        seen.append([(p["octets"], p["unconfirmed"]) for n in "abc"
                     for p in net.ctl(n, "ksa")["pools"]])
        return (len(seen) > 4 and seen[-1] == seen[-5] and
                not any(u for _, u in seen[-1]))
    wait_for("full pools", calm, 20, 0.2)


def record(path, base):
    """A capture with keys of everything; its network ends with the test."""
    raw, keys = (os.path.join(base, x) for x in ("raw.pcapng", "tls.keys"))
    may_capture(base)
    net = Net(["a", "b", "c"], ["a-b", "b-c"], rate=100000, settings=[
        "block_octets=1024", "ksa.pool_low=2048", "ksa.pool_high=4096"])
    port = {n: int(net.json["nodes"][n]["ak"].rsplit(":", 1)[1])
            for n in "ac"}
    proxy = Proxy(net, "a", "b", keys)
    await_calm(net)
    capture = Capture(raw, [proxy.port, *port.values()])
    proxy.lead()
    net.await_supply("SAE-A1", "SAE-C1")
    apps = talk(net, keys)
    net.pair("SAE-A1", "SAE-C1", 96)        # so much is to be relayed anew
    await_codes(proxy, KX)
    for app in apps:
        app.close()
    net.do("kill", "a", "relayd")
    capture.stop()
    proxy.close()
    with_keys(raw, keys, path)
    net.do("start", "a", "relayd")


def check_capture(path, what):
    found = frames(path)
    check_codes(found, CODES)
    check_pairs(found)
    say("%s: %d codes, their fields, %d kinds of responses" % (
        what, len(CODES), len(ANSWERS)))


def main():
    if shutil.which("tshark") is None:
        raise Skip("needs tshark (package tshark)")
    with tempfile.TemporaryDirectory(prefix="qkdnode-capture.") as base:
        if sys.argv[1:2] == ["--sample"]:
            record(sys.argv[2], base)
            check_capture(sys.argv[2], sys.argv[2])
            return
        check_vectors(os.path.join(base, "vectors.pcap"))
        check_capture(SAMPLE, "the sample")
        path = os.path.join(base, "now.pcapng")
        try:
            record(path, base)
        except PermissionError as e:
            say("nothing captured now:", e)
            return
        check_capture(path, "a capture of now")


run(main)
