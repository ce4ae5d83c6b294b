#!/usr/bin/python3
"""kill -9 of ksa and relayd at random moments, at source, destination and
between them, while keys are drawn in sessions and confirmed: every key is
supplied at both KMs or void at both, none twice, and the sessions survive."""
import os
import random
import time

from lib import SHORT, Net, run, say
from sessionbook import Book
from sessionload import SessionLoad

PAIRS = [("SAE-A1", "SAE-C1"), ("SAE-C2", "SAE-A2"), ("SAE-B1", "SAE-B2"),
         ("SAE-A1", "SAE-B2"), ("SAE-B1", "SAE-C1")]
VICTIMS = [(n, d) for n in "abc" for d in ("ksa", "ksa", "relayd")]


def strike(net, rnd):
    """Kills, waits or not, starts, kills perhaps again; or a link is lost."""
    if rnd.random() < 0.15:
        link = rnd.choice(("a-b", "b-c"))
        net.link(link, "down")
        time.sleep(rnd.random())
        net.link(link, "up")
    victims = {rnd.choice(VICTIMS) for _ in range(rnd.choice((1, 1, 2)))}
    for _ in range(rnd.choice((1, 1, 2))):
        for v in victims:
            net.do("kill", *v)
        time.sleep(rnd.random() * 0.4)
        for v in victims:
            net.do("start", *v)
        time.sleep(rnd.random() * 0.8)


def main():
    seed = int(os.environ.get("QKDNODE_SEED", time.time()))
    say("QKDNODE_SEED=%d" % seed)
    rnd = random.Random(seed)
    net = Net("abc", ["a-b", "b-c"], rate=8000000, settings=[
        "ksa.session_answer_wait=1500", "ksa.relay_wait=2000"])
    book = Book(net)
    with SessionLoad(net, book, rnd, PAIRS) as load:
        load.await_progress()
        say(load.summary())
        end = time.monotonic() + (8 if SHORT else 16)
        while time.monotonic() < end:
            strike(net, rnd)
            load.fine()
            net.oracle.verdict()
        load.await_progress(40)
    load.fine()
    say(load.summary())
    book.settled(40)
    say("%d keys, all of them agreed upon" % len(book.keys))


run(main, 150)
