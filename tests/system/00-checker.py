#!/usr/bin/python3
"""The checker itself: it finds planted faults and accepts what is right."""
import base64
import os

from lib import check, run
from needles import Needles, memory
from oracle import Oracle

A, B = "SAE-A1", "SAE-B1"


def key_id(n):
    return "00000000-0000-7000-8000-%012x" % n


def container(*keys):
    return {"keys": [{"key_ID": i, "key": base64.b64encode(k).decode()}
                     for i, k in keys]}


def finds(text, steps):
    o = Oracle()
    steps(o)
    check(any(text in f for f in o.faults),
          "not found: %s; faults are %s" % (text, o.faults))


def right_things(one, two):
    o = Oracle()
    o.drawn(A, B, container((key_id(1), one), (key_id(2), two)), 2, 256)
    check(len(o.pending()) == 2, "two keys are pending")
    o.fetched(B, [key_id(1)], container((key_id(1), one)))
    o.fetched(B, [key_id(1)], container((key_id(1), one)))
    check([k.id for k in o.pending()] == [key_id(2)], "one is pending")
    o.verdict()


def faults_of_keys(one, two):
    first = container((key_id(1), one))
    shifted = container((key_id(2), one[5:] + two[:5]))

    def draw(*more):
        def steps(o):
            o.drawn(A, B, first, 1, 256)
            for body in more:
                o.drawn(A, B, body, 1, 256)
        return steps

    def fetch(who, ids, body):
        def steps(o):
            o.drawn(A, B, first, 1, 256)
            o.fetched(who, ids, body)
        return steps
    finds("given twice", draw(container((key_id(1), two))))
    finds("are in key", draw(container((key_id(2), one))))
    finds("are in key", draw(shifted))
    finds("not random", draw(container((key_id(2), bytes(32)))))
    finds("bits, not", draw(container((key_id(2), two[:16]))))
    finds("keys where", draw(container()))
    finds("not a key container", draw({"message": "no"}))
    finds("differs", fetch(B, [key_id(1)], container((key_id(1), two))))
    finds("never drawn", fetch(B, [key_id(3)], container((key_id(3), two))))
    finds("other key_IDs", fetch(B, [key_id(3)], first))
    finds("is for", fetch("SAE-C1", [key_id(1)], first))


def secrets_in_data(one, two):
    n = Needles()
    n.add(one, "one")
    for where in (3, 8, 4093):
        for text in (one, one.hex().encode(), one.hex().upper().encode(),
                     base64.b64encode(one), base64.b64encode(b"x" + one),
                     base64.b64encode(b"xy" + one), one[8:]):
            data = os.urandom(where) + text + os.urandom(4096)
            check(n.search(data), "secret not found in data")
    check(not n.search(os.urandom(1 << 20) + two), "found what is not there")


def secrets_in_memory(one):
    n = Needles()
    n.add(one, "one")
    check(n.search(memory(os.getpid())), "secret not found in own memory")


def main():
    one, two = os.urandom(32), os.urandom(32)
    right_things(one, two)
    faults_of_keys(one, two)
    secrets_in_data(one, two)
    secrets_in_memory(one)


run(main)
