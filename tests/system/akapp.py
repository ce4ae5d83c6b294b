"""An application of Q.4161 that stays connected, by one or several lines:
answers are found by their MessageID, and what the KM begins goes to a handler.

A handler is `async def handler(notice)`; those here accept, refuse, keep
silent, answer late or wrongly, and die. All of it runs in one thread; the
methods are called from any.
"""
import asyncio
import base64
import socket
import ssl
import struct
import threading

import ak
from ak import frame, well_formed
from lib import check, equal, wait_for
from wire import parse

LOOP = asyncio.new_event_loop()
threading.Thread(target=LOOP.run_forever, daemon=True).start()
WAIT = 30       # a KM answers within 10 s


def now(coroutine, seconds=WAIT):
    """Its result, from any thread but the loop's."""
    return asyncio.run_coroutine_threadsafe(coroutine, LOOP).result(seconds)


class Gone(ConnectionError):
    """The line ended before the answer came."""


class Notice:
    """0x1206 or 0x120A, to be answered or not."""

    def __init__(self, line, message_id, code, payload):
        self.line, self.app, self.id = line, line.app, message_id
        self.code, self.payload = code, payload
        self.session = payload["session_ID"]
        self.keys = [(k["key_ID"], base64.b64decode(k["key"], validate=True))
                     for k in payload.get("keys", [])]

    @property
    def key_ids(self):
        return [i for i, _ in self.keys]

    def reply(self, response="success", key_ids=None, **more):
        """One response, for all keys unless some are named."""
        payload = {"session_ID": self.session, "response": response}
        if self.code == ak.SUPPLY:
            ids = self.key_ids if key_ids is None else key_ids
            payload["key_ID"] = ids[0]
            if len(ids) > 1:
                payload["extension"] = [{"key_IDs": ids}]
        self.raw(dict(payload, **more))

    def raw(self, payload):
        """Any payload as the response; what it confirms is noted before."""
        code = ak.NOTIFIED[self.code]
        if payload.get("response") == "success" and self.code == ak.SUPPLY:
            self.app.told("confirmed", payload)
        self.line.write(frame(code, payload, self.id))


async def accept(n):
    n.reply()


async def accept_each(n):
    """A response for each key, the last one first."""
    for i in reversed(n.key_ids or [None]):
        n.reply(key_ids=[i])


def refuse(response="rejected: no need", after=0):
    """Refuses; the keys up to `after` are confirmed one by one."""
    async def handler(n):
        for i in n.key_ids[:after]:
            n.reply(key_ids=[i])
        n.reply(response, n.key_ids[after:])
    return handler


async def silent(n):
    pass


def late(seconds, then=accept):
    async def handler(n):
        await asyncio.sleep(seconds)
        await then(n)
    return handler


def wrong(**members):
    """Confirms, but something else than what was brought."""
    async def handler(n):
        n.reply(**members)
    return handler


async def die(n):
    n.line.abort()


async def accept_and_die(n):
    n.reply()
    n.line.abort()


def first(*handlers):
    """One after the other; the last one from then on."""
    left = list(handlers)

    async def handler(n):
        await (left.pop(0) if len(left) > 1 else left[0])(n)
    return handler


class Line:
    """One connection; of `app`, which knows what to do with notices."""

    def __init__(self, app):
        self.app, self.last, self.open = app, 0, {}
        self.alive, self.ended = False, threading.Event()
        self.reading = asyncio.Event()
        self.reading.set()

    async def dial(self, address, context, buffer):
        host, port = address.rsplit(":", 1)
        raw = socket.socket()
        raw.setblocking(False)
        if buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        try:
            await LOOP.sock_connect(raw, (host, int(port)))
            self.reader, self.writer = await asyncio.wait_for(
                asyncio.open_connection(sock=raw, ssl=context,
                                        server_hostname=host), 15)
        except BaseException:
            raw.close()
            raise
        self.alive = True
        self.task = LOOP.create_task(self._read())

    async def _read(self):
        try:
            while True:
                head = await self.reader.readexactly(10)
                await self.reading.wait()
                version, message_id, code, length = struct.unpack(
                    ">HIHH", head)
                equal(version, 1, "Version")
                payload = await self.reader.readexactly(length)
                self._take(message_id, code, parse(payload))
        except (OSError, EOFError, ssl.SSLError):
            pass
        except Exception as e:      # what a KM must not send
            self.app.fault("%s: %s" % (type(e).__name__, e))
        self._over()

    def _over(self):
        self.alive = False
        self.writer.transport.abort()
        for _, _, future in self.open.values():
            if not future.done():
                future.set_exception(Gone("the line ended"))
                future.exception()      # nobody need ask
        self.open.clear()
        self.ended.set()

    def _take(self, message_id, code, payload):
        well_formed(code, payload)
        if code in ak.NOTIFIED:
            n = Notice(self, message_id, code, payload)
            self.app.notice(n)
            LOOP.create_task(self._handle(n))
            return
        check(message_id in self.open, "an answer to nothing: %04x %d %s" % (
            code, message_id, payload))
        asked, request, future = self.open.pop(message_id)
        equal(code, ak.ANSWER[asked], "the command of the answer")
        self.app.told("answered", asked, request, payload)
        if not future.cancelled():
            future.set_result(payload)

    async def _handle(self, n):
        try:
            await self.app.on[n.code](n)
        except Exception as e:
            self.app.fault("the handler: %s: %s" % (type(e).__name__, e))

    def write(self, octets):
        """In the loop's thread."""
        if self.alive:
            self.writer.write(octets)

    async def post(self, code, payload, message_id=None):
        """Sends a request; a future of its answer."""
        if not self.alive:
            raise Gone("the line has ended")
        self.last = self.last + 1 if message_id is None else message_id
        future = LOOP.create_future()
        self.open[self.last] = code, payload, future
        self.write(frame(code, payload, self.last))
        return future

    async def answer(self, code, payload, message_id=None):
        return await (await self.post(code, payload, message_id))

    def begin(self, code, payload, message_id=None):
        """Sends a request; a future of its answer."""
        return asyncio.run_coroutine_threadsafe(
            self.answer(code, payload, message_id), LOOP)

    def ask(self, code, payload):
        return self.begin(code, payload).result(WAIT)

    def send(self, octets):
        """Any octets, that nobody waits for an answer to."""
        LOOP.call_soon_threadsafe(self.write, octets)

    def abort(self, reset=False):
        """As a process that is killed: TCP ends, without a word of TLS; it
        is reset if there was something left to read. In the loop's thread."""
        self.alive = False
        if reset:
            self.writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._over()
        self.task.cancel()

    def die(self, reset=False):
        LOOP.call_soon_threadsafe(self.abort, reset)
        check(self.ended.wait(10), "a line does not end")

    def deaf(self, yes=True):
        """Reads no more; what comes is left in the socket."""
        LOOP.call_soon_threadsafe(
            self.reading.clear if yes else self.reading.set)


class App:
    """`book`, if any, hears of every notice, confirmation and answer."""

    def __init__(self, sae, address, ca, cert, key, lines=1, on=None,
                 book=None, greets=False):
        self.sae, self.address, self.book = sae, address, book
        self.context = ssl.create_default_context(cafile=ca)
        self.context.load_cert_chain(cert, key)
        self.on = {ak.SESSION_NOTIFY: accept, ak.SUPPLY: accept, **(on or {})}
        self.notices, self.faults, self.lines = [], [], []
        self.greets = greets
        for _ in range(lines):
            self.connect()

    async def dial(self, buffer=None):
        """A client's handshake ends before the KM's. Once that has answered
        something it knows that the application is there."""
        line = Line(self)
        await line.dial(self.address, self.context, buffer)
        try:
            if self.greets:
                await line.answer(ak.SESSION_KEY_REQUEST, {})
        except BaseException:
            line.abort()
            raise
        self.lines.append(line)
        return line

    def connect(self, buffer=None):
        return now(self.dial(buffer))

    @property
    def line(self):
        """One that is alive; dials if there is none."""
        self.lines = [x for x in self.lines if x.alive]
        return self.lines[0] if self.lines else self.connect()

    def fault(self, text):
        self.faults.append(text)
        if self.book:
            self.book.fault("%s: %s" % (self.sae, text))

    def told(self, what, *args):
        if self.book:
            getattr(self.book, what)(self.sae, *args)

    def notice(self, n):
        self.notices.append(n)
        self.told("noticed", n)

    def of(self, code, session=None):
        """Notices that came."""
        return [n for n in list(self.notices) if n.code == code and
                session in (None, n.session)]

    def await_notice(self, code, session=None, number=1, seconds=15):
        return wait_for("%d of 0x%04x to %s" % (number, code, self.sae),
                        lambda: self.of(code, session)[number - 1:], seconds,
                        0.01)[0]

    def ask(self, code, payload):
        return self.line.ask(code, payload)

    def open(self, destination, number=None, line=None, **more):
        """0x2104; a future of 0x1205."""
        payload = dict({"application_source_ID": self.sae,
                        "application_destination_ID": destination}, **more)
        if number is not None:
            payload["number_of_keys"] = number
        return (line or self.line).begin(ak.SESSION_REQUEST, payload)

    def session(self, destination, number=None, **more):
        """The ID of a session that must come about."""
        a = self.open(destination, number, **more).result(WAIT)
        equal(a["response"], "success", "0x2104 %s to %s" % (
            self.sae, destination))
        return a["session_ID"]

    def draw(self, session, number=None, size=None, line=None, **more):
        """0x2108; a future of 0x1209."""
        payload = dict({"session_ID": session}, **more)
        if number is not None:
            payload["number_of_keys"] = number
        if size is not None:
            payload["size_of_key"] = size
        return (line or self.line).begin(ak.SESSION_KEY_REQUEST, payload)

    def keys(self, session, number=None, size=None, **more):
        """Keys that must come: their IDs."""
        a = self.draw(session, number, size, **more).result(WAIT)
        equal(a["response"], "success", "0x2108 by " + self.sae)
        return [k["key_ID"] for k in a["keys"]]

    def close(self):
        """All lines, as if the process were killed."""
        for line in self.lines:
            if line.alive:
                line.die()
        self.lines = []


def application(net, sae, node=None, **more):
    j = net.json
    s = j["saes"].get(sae) or j["strangers"][sae]
    return App(sae, j["nodes"][node or s.get("node", "a")]["ak"], j["ca"],
               s["cert"], s["key"], greets=True, **more)
