"""A key manager that knows the four messages of ITU-T Q.4163 and nothing
else, written from the Recommendation: it knows no code and no private message
of the product.
"""
import base64
import json
import socket
import ssl
import struct
import threading
import time
import uuid

RELAY, DONE, NOTIFY, NOTIFIED = 0x1101, 0x1102, 0x1103, 0x1104
HEADER = struct.Struct(">HIHH")


class Closed(Exception):
    pass


def frame(message_id, command, payload, version=1):
    if not isinstance(payload, bytes):
        payload = json.dumps(payload).encode()
    return HEADER.pack(version, message_id, command, len(payload)) + payload


class Link:
    """One connection to a KM. What comes is kept; key relay messages are
    answered by `policy`, a function that gets the message and returns the
    response or None for silence."""

    def __init__(self, sock, policy=None):
        self.sock = sock
        self.policy = policy
        self.frames = []        # (message_id, command, object)
        self.unknown = []       # commands that Q.4163 has not
        self.relays = []        # key relay messages that came
        self.closed = False
        self.news = threading.Condition()
        self.writing = threading.Lock()
        self.next_id = 1000
        threading.Thread(target=self._read, daemon=True).start()

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise Closed
            data += more
        return data

    def _read(self):
        try:
            while True:
                version, mid, command, n = HEADER.unpack(
                    self._exactly(HEADER.size))
                body = self._exactly(n)
                assert version == 1, "version %d" % version
                self._take(mid, command, json.loads(body) if n else {})
        except (Closed, OSError, ValueError):
            pass
        with self.news:
            self.closed = True
            self.news.notify_all()

    def _take(self, mid, command, body):
        with self.news:
            if command not in (RELAY, DONE, NOTIFY, NOTIFIED):
                self.unknown.append(command)
            if command == RELAY:
                self.relays.append(body)
            self.frames.append((mid, command, body))
            self.news.notify_all()
        if command == RELAY and self.policy:
            self.respond(mid, body, self.policy(body))

    def respond(self, mid, body, response):
        """`response`: a string, or the whole payload, or None."""
        if response is None:
            return
        if isinstance(response, str):
            response = {"response": response}
            if "key_relay_request_ID" in body:
                response["key_relay_request_ID"] = \
                    body["key_relay_request_ID"]
        self.write(frame(mid, DONE, response))

    def write(self, data):
        with self.writing:
            try:
                self.sock.sendall(data)
            except OSError as e:
                raise Closed from e

    def send(self, command, payload, version=1):
        self.next_id += 1
        self.write(frame(self.next_id, command, payload, version))
        return self.next_id

    def wait(self, mid, command, seconds=10):
        """The answer with that MessageID."""
        end = time.monotonic() + seconds
        with self.news:
            while True:
                for f in self.frames:
                    if f[0] == mid and f[1] == command:
                        self.frames.remove(f)
                        return f[2]
                left = end - time.monotonic()
                if self.closed or left <= 0:
                    raise Closed("no answer to %d%s" % (
                        mid, ": closed" if self.closed else ""))
                self.news.wait(left)

    def wait_closed(self, seconds=10):
        with self.news:
            self.news.wait_for(lambda: self.closed, seconds)
            return self.closed

    def wait_relay(self, number=1, seconds=10):
        with self.news:
            self.news.wait_for(lambda: len(self.relays) >= number or
                               self.closed, seconds)
            return len(self.relays) >= number

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


class KM:
    """A key manager of another house, with its certificate."""

    def __init__(self, name, other, cert, key, ca):
        self.name, self.other = name, other
        self.cert, self.key, self.ca = cert, key, ca

    def context(self, purpose):
        c = ssl.SSLContext(purpose)
        c.check_hostname = False
        c.verify_mode = ssl.CERT_REQUIRED
        c.load_verify_locations(self.ca)
        if self.cert:
            c.load_cert_chain(self.cert, self.key)
        return c

    def dial(self, address, policy=None):
        host, port = address.rsplit(":", 1)
        s = socket.create_connection((host, int(port)), timeout=10)
        s = self.context(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(s)
        s.settimeout(None)
        return Link(s, policy)

    def relay(self, keys, **more):
        """The payload of a key relay message."""
        return {"source_KMA_ID": self.name, "destination_KMA_ID": self.other,
                "keys": [{"key_ID": i, "key": base64.b64encode(k).decode()}
                         for i, k in keys], **more}

    def give(self, link, keys, **more):
        """Sends keys; the response."""
        mid = link.send(RELAY, self.relay(keys, **more))
        return link.wait(mid, DONE)
