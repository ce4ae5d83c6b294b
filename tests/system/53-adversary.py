#!/usr/bin/python3
"""Somebody in the middle of Kx with stolen certificates of both nodes, who
flips, drops, repeats, delays and reorders frames: no key is affected, what he
does is counted, and supply goes on or resumes."""
import asyncio
import os
import random
import re
import struct
import time

from akapp import LOOP
from capture import Proxy
from lib import Load, Net, run, say, wait_for

PAIRS = [("SAE-A1", "SAE-C1"), ("SAE-C1", "SAE-A1"), ("SAE-A1", "SAE-B1"),
         ("SAE-B1", "SAE-A1")]
RELAY, ALIVE = 0x1101, 0x11C3
BASE64 = re.compile(rb'"(?:key|mac|message)": ?"([A-Za-z0-9+/]{16,})')
NUMBER = re.compile(rb'"(?:pad|block)": ?"(\d)')
LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class Adversary(Proxy):
    """`tricks` by name with their chance; `done` counts them."""

    def __init__(self, net, rnd):
        super().__init__(net, "a", "b", None)
        self.rnd, self.tricks, self.done, self.kept = rnd, {}, {}, []

    def flipped(self, payload):
        """One letter of a ciphertext, MAC or message, or a digit."""
        spots = [m.span(1) for m in BASE64.finditer(payload)] + \
            [m.span(1) for m in NUMBER.finditer(payload)]
        if not spots:
            return None
        first, last = self.rnd.choice(spots)
        at = self.rnd.randrange(first, last)
        pool = b"0123456789" if last - first == 1 else LETTERS
        other = self.rnd.choice([x for x in pool if x != payload[at]])
        return payload[:at] + bytes([other]) + payload[at + 1:]

    def choose(self):
        for name, chance in self.tricks.items():
            if self.rnd.random() < chance:
                return name
        return None

    def count(self, name, code):
        self.done[name, code] = self.done.get((name, code), 0) + 1

    async def later(self, writer, frame):
        await asyncio.sleep(self.rnd.random() * 1.5)
        if not writer.is_closing():
            writer.write(frame)

    def pass_on(self, writer, head, payload, held):
        """What becomes of one frame; held: one that the next overtakes."""
        code, name = struct.unpack(">H", head[6:8])[0], self.choose()
        frame = head + payload
        if code == ALIVE or name is None:
            writer.write(frame)
        else:
            self.count(name, code)
            if name == "flip":
                other = self.flipped(payload)
                writer.write(head + (payload if other is None else other))
            elif name == "repeat":
                self.kept.append(frame)
                writer.write(frame + frame +
                             self.rnd.choice(self.kept[-500:]))
            elif name == "delay":
                self.tasks.append(LOOP.create_task(self.later(writer,
                                                              frame)))
            elif name == "reorder":
                held.append(frame)
                return
        while held:
            writer.write(held.pop())

    async def _copy(self, reader, writer, on):
        held = []
        try:
            while True:
                head = await reader.readexactly(10)
                payload = await reader.readexactly(
                    struct.unpack(">H", head[8:])[0])
                self.codes.add((struct.unpack(">H", head[6:8])[0], on))
                self.pass_on(writer, head, payload, held)
                await writer.drain()
        except (OSError, EOFError):
            pass
        writer.close()


def attack(net, adversary, load, seen=lambda: True, **tricks):
    """Until each was done to relays too, and seen; then supply comes back."""
    adversary.done, adversary.tricks = {}, tricks
    wait_for("relays to be struck", lambda: all(
        adversary.done.get((t, RELAY), 0) >= 3 for t in tricks), 20)
    wait_for("it to be counted", seen, 20)
    net.oracle.verdict()
    adversary.tricks = {}
    began = time.monotonic()
    load.await_progress(30)
    say("%s: %d frames, supply %.1f s after it" % (
        ", ".join(tricks), sum(adversary.done.values()),
        time.monotonic() - began))


def counted(net):
    """(bad MACs of relays, control messages refused)"""
    links = [x["counters"] for node in "ab"
             for x in net.ctl(node, "kma")["links"]]
    return (sum(x["bad_mac"] for x in links),
            sum(x["bad_control"] for x in links))


def main():
    seed = int(os.environ.get("QKDNODE_SEED", time.time()))
    say("QKDNODE_SEED=%d" % seed)
    net = Net("abc", ["a-b", "b-c"], rate=4000000, settings=[
        "pool_low=16384", "pool_high=32768"])
    adversary = Adversary(net, random.Random(seed))
    adversary.lead()
    with Load(net, PAIRS, number=48, sizes=(1024,), pause=0.02) as load:
        load.await_progress(30)
        before = counted(net)
        attack(net, adversary, load, flip=0.15, seen=lambda: all(
            now > was for now, was in zip(counted(net), before)))
        attack(net, adversary, load, drop=0.15)
        attack(net, adversary, load, repeat=0.3)
        attack(net, adversary, load, delay=0.15, reorder=0.15)
    net.settle(60)
    adversary.close()
    say(load.summary())


run(main, 150)
