#!/usr/bin/python3
"""The client and the checker of sessions: they work against a KM of a few
lines, and find what such a KM does wrong."""
import base64
import os
import socket
import sqlite3
import ssl
import struct
import tempfile
import threading

import ak
import akapp
from akapp import App
from certs import openssl
from lib import check, equal, run, say
from oracle import Oracle
from sessionbook import Book, request_of

SESSION = "5f7c2c1e-93d4-4b0a-8e55-0123456789ab"
NODES = {"SAE-A1": "a", "SAE-B1": "b"}
SCHEMA = "CREATE TABLE %s (peer, request, state, session, keys)"


def key_id(n):
    return "0192f0c1-7a00-7%03x-8000-000000000001" % n


class Km:
    """A listener; each connection is handed to a script."""

    def __init__(self, folder):
        self.cert, self.key = (os.path.join(folder, n) for n in ("c", "k"))
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-noenc", "-subj", "/CN=km",
                "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.key,
                "-out", self.cert)
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(self.cert, self.key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]

    def app(self, sae, script, **more):
        """An application whose connection the script serves."""
        def serve():
            c, _ = self.listener.accept()
            with self.context.wrap_socket(c, server_side=True) as tls:
                try:
                    script(Served(tls))
                except OSError:
                    pass                # the application has gone
        t = threading.Thread(target=serve, daemon=True)
        t.start()
        return App(sae, self.address, self.cert, self.cert, self.key, **more)


class Served:
    def __init__(self, tls):
        self.file = tls.makefile("rwb")

    def read(self):
        head = self.file.read(10)
        if len(head) < 10:
            raise ConnectionError("gone")
        _, message_id, code, length = struct.unpack(">HIHH", head)
        return message_id, code, ak.parse(self.file.read(length))

    def write(self, code, payload, message_id=1):
        self.file.write(ak.frame(code, payload, message_id))
        self.file.flush()


def keys(*pairs):
    return [{"key_ID": key_id(i), "key": base64.b64encode(k).decode()}
            for i, k in pairs]


def invite(**more):
    return dict({"application_source_ID": "SAE-A1", "session_ID": SESSION,
                 "application_destination_ID": "SAE-B1"}, **more)


class World:
    """What a Book needs of a network, and two applications."""

    def __init__(self, folder, km):
        self.oracle, self.km = Oracle(), km
        self.json = {"nodes": {n: {"kme_id": n.upper(), "stores": {
            "ksa": os.path.join(tempfile.mkdtemp(dir=folder), "keys.db")}}
            for n in "ab"}}
        self.node_of = NODES.get
        for n in "ab":
            self.sql(n, *(SCHEMA % t for t in ("issued", "received")),
                     "CREATE TABLE recall (peer, request)",
                     "CREATE TABLE peer (id, km)",
                     "INSERT INTO peer VALUES (1, 'A'), (2, 'B')",
                     "CREATE TABLE session (id, drawn, source_here, "
                     "destination_here)")
        self.book = Book(self)

    def sql(self, node, *statements):
        db = sqlite3.connect(self.json["nodes"][node]["stores"]["ksa"])
        for s in statements:
            db.execute(s)
        db.commit()
        db.close()

    def rows(self, number, at_source, at_destination):
        r = request_of(key_id(number))
        for node, table, peer, state in (
                ("a", "issued", 2, at_source),
                ("b", "received", 1, at_destination)):
            if state is not None:
                self.sql(node, "INSERT INTO %s VALUES (%d, %d, %d, x'%s', 1)"
                         % (table, peer, r, state, SESSION.replace("-", "")))

    def exchange(self, brought, supplied, asked=1, limit=None, on=None):
        """The destination is invited and brought keys, then the source draws
        what it is given."""
        def destination(c):
            more = {"number_of_keys": limit} if limit else {}
            c.write(ak.SESSION_NOTIFY, invite(**more), 1)
            equal(c.read()[2]["response"], "success", "0x2107")
            for i, k in enumerate(brought):
                c.write(ak.SUPPLY, {"session_ID": SESSION, "keys": k}, i + 2)
            answers.append(c.read()[2])

        def source(c):
            more = {"number_of_keys": limit} if limit else {}
            message_id, code, request = c.read()
            equal((code, request), (ak.SESSION_REQUEST, {
                "application_source_ID": "SAE-A1",
                "application_destination_ID": "SAE-B1", **more}), "0x2104")
            c.write(ak.SESSION_RESPONSE, {"session_ID": SESSION,
                                          "response": "success"}, message_id)
            for k in supplied:
                message_id, code, request = c.read()
                c.write(ak.SESSION_KEY_RESPONSE, {
                    "session_ID": SESSION, "keys": k, "response": "success"
                    if k else "timeout"}, message_id)
        answers = []
        b = self.km.app("SAE-B1", destination, book=self.book, on=on)
        b.await_notice(ak.SUPPLY, number=len(brought))
        a = self.km.app("SAE-A1", source, book=self.book)
        s = a.session("SAE-B1", limit)
        for _ in supplied:
            a.draw(s, asked).result(10)
        b.lines[0].ended.wait(0.5)
        for x in (a, b):
            x.close()
        return answers


def right(folder, km):
    one, two = os.urandom(32), os.urandom(32)
    w = World(folder, km)
    got = w.exchange([keys((1, one), (2, two))], [keys((1, one), (2, two))], 2)
    equal(got, [{"session_ID": SESSION, "key_ID": key_id(1), "response":
                 "success", "extension": [{"key_IDs": [
                           key_id(1), key_id(2)]}]}], "0x210B")
    for i in (1, 2):
        w.rows(i, 0, 1)
        equal(w.book.fate(key_id(i)), "supplied", "fate")
    w.rows(3, 2, 2)
    w.book.settled(1)
    w = World(folder, km)
    w.exchange([keys((1, one))], [[]], on={ak.SUPPLY: akapp.refuse()})
    w.rows(1, 2, 2)
    w.book.settled(1)
    say("what is right")


def wrong(folder, km):
    one, two = os.urandom(32), os.urandom(32)

    def finds(text, *args, rows=((1, 0, 0),), seconds=0, more=(), **named):
        w = World(folder, km)
        try:
            w.exchange(*args, **named)
            for r in rows:
                w.rows(*r)
            for s in more:
                w.sql("a", s)
            w.book.settled(seconds)
        except AssertionError:
            pass
        check([f for f in w.oracle.faults if text in f],
              "not found: %s; faults are %s" % (text, w.oracle.faults))
    k, l = [keys((1, one))], [keys((1, two))]
    refuse = {ak.SUPPLY: akapp.refuse()}
    silent = {ak.SUPPLY: akapp.silent}
    finds("before SAE-B1 confirmed", k, k, on=refuse)
    finds("before SAE-B1 confirmed", k, k, on=silent)
    finds("differs between", k, l)
    finds("never brought", k, [keys((2, two))])
    finds("supplied twice", k, k + k)
    finds("are in key", [*k, keys((2, one))], [])
    finds("brought twice and differs", [*k, *l], [])
    finds("a key_ID twice", [keys((1, one), (1, one))], [])
    finds("its limit is 1", [keys((1, one), (2, two))],
          [keys((1, one), (2, two))], 2, 1)
    finds("2 keys where 1", k, [keys((1, one), (2, two))])
    finds("supplied and is void", k, k, rows=((1, 2, 2),))
    finds("never confirmed and is supplied", k, [], on=refuse)
    for at_source, at_destination in ((0, 2), (2, 0), (4, 0), (0, 4), (4, 4),
                                      (0, None), (None, 2), (None, None)):
        finds("do not agree", k, [], rows=((1, at_source, at_destination),))
    finds("brought to nobody", k, k, rows=((1, 0, 0), (2, 0, 0)))
    finds("do not agree", k, k, more=["INSERT INTO recall VALUES (1, 2)"])
    finds("has drawn 2", k, k, more=[
        "INSERT INTO session VALUES (x'%s', 2, 1, 0)" % SESSION.replace(
            "-", "")])
    say("what is wrong")


def frames(km):
    """Frames that no KM may send."""
    cases = [(0x1209, {"session_ID": SESSION, "keys": [], "response":
                       "success"}, "keys"),
             (0x1206, {"session_ID": SESSION}, "members"),
             (0x1206, invite(number_of_keys=0), "number_of_keys"),
             (0x120a, {"session_ID": SESSION.upper(), "keys": keys((1, b"x"))},
              "session_ID"),
             (0x1205, {"session_ID": "", "response": "Good"}, "response"),
             (0x1203, {"keys": [], "response": "timeout"}, "to nothing"),
             (0x2108, {}, "KeyError")]
    for code, payload, word in cases:
        a = km.app("SAE-A1", lambda c, x=(code, payload): c.write(*x))
        check(a.lines[0].ended.wait(5), "not ended")
        check([f for f in a.faults if word in f], "%x: %s: %s" % (
            code, word, a.faults))
    say("%d frames" % len(cases))


def main():
    with tempfile.TemporaryDirectory() as folder:
        km = Km(folder)
        right(folder, km)
        wrong(folder, km)
        frames(km)


run(main)
