"""Q.4161 over TCP/TLS, written from doc/profile.md: frames by hand, so that a
test may also send what no application should. A whole application, which
answers what the KM begins, is in akapp.py."""
import json
import socket
import ssl
import struct
import uuid

from lib import check, equal
from wire import parse

KEY_REQUEST, KEY_REQUEST_WITH_ID, KEY_RESPONSE = 0x2101, 0x2102, 0x1203
SESSION_REQUEST, SESSION_RESPONSE = 0x2104, 0x1205
SESSION_NOTIFY, SESSION_NOTIFIED = 0x1206, 0x2107
SESSION_KEY_REQUEST, SESSION_KEY_RESPONSE = 0x2108, 0x1209
SUPPLY, SUPPLIED = 0x120A, 0x210B
ANSWER = {KEY_REQUEST: KEY_RESPONSE, KEY_REQUEST_WITH_ID: KEY_RESPONSE,
          SESSION_REQUEST: SESSION_RESPONSE,
          SESSION_KEY_REQUEST: SESSION_KEY_RESPONSE}
NOTIFIED = {SESSION_NOTIFY: SESSION_NOTIFIED, SUPPLY: SUPPLIED}
MEMBERS = {KEY_RESPONSE: {"keys", "response"},
           SESSION_RESPONSE: {"session_ID", "response"},
           SESSION_NOTIFY: {"application_source_ID", "session_ID",
                            "application_destination_ID"},
           SESSION_KEY_RESPONSE: {"session_ID", "keys", "response"},
           SUPPLY: {"session_ID", "keys"}}
OPTIONAL = {SESSION_RESPONSE: {"source_KM_ID"},
            SESSION_NOTIFY: {"application_name", "number_of_keys"},
            SUPPLY: {"extension"}}
TOKENS = {"success", "bad_request", "unauthorized", "not_found",
          "insufficient_keys", "too_large", "unavailable", "timeout",
          "rejected", "expired"}
GONE = (OSError, EOFError)


def frame(code, payload, message_id=1, version=1, length=None):
    if not isinstance(payload, bytes):
        payload = json.dumps(payload).encode()
    return struct.pack(">HIHH", version, message_id, code,
                       len(payload) if length is None else length) + payload


class Ak:
    """One connection of an application."""

    def __init__(self, address, ca, cert, key, timeout=15, buffer=None,
                 version=None):
        ctx = ssl.create_default_context(cafile=ca)
        if cert:
            ctx.load_cert_chain(cert, key)
        if version:
            ctx.minimum_version = ctx.maximum_version = version
        host, port = address.rsplit(":", 1)
        raw = socket.socket()
        if buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        raw.settimeout(timeout)
        raw.connect((host, int(port)))
        try:
            self.tls = ctx.wrap_socket(raw, server_hostname=host)
        except BaseException:
            raw.close()
            raise
        self.kept = b""
        self.last = 0

    def send(self, octets):
        self.tls.sendall(octets)

    def _read(self, n):
        while len(self.kept) < n:
            data = self.tls.recv(65536)
            if not data:
                raise EOFError("the connection ended")
            self.kept += data
        out, self.kept = self.kept[:n], self.kept[n:]
        return out

    def receive(self):
        """(MessageID, CommandCode, object) of the next frame."""
        version, message_id, code, length = struct.unpack(
            ">HIHH", self._read(10))
        equal(version, 1, "Version")
        payload = parse(self._read(length))
        check(isinstance(payload, dict), "no object: %r" % payload)
        if code in MEMBERS:
            well_formed(code, payload)
        return message_id, code, payload

    def begin(self, code, payload):
        """Sends a request; its MessageID."""
        self.last += 1
        self.send(frame(code, payload, self.last))
        return self.last

    def ask(self, code, payload):
        """A request and its answer, the only one that is open."""
        wanted = self.begin(code, payload)
        message_id, got, answer = self.receive()
        equal((message_id, got), (wanted, ANSWER[code]), "the answer's header")
        return answer

    def enc(self, slave, number=1, size=256, **more):
        return self.ask(KEY_REQUEST, dict({
            "application_destination_ID": slave, "number_of_keys": number,
            "size_of_key": size}, **more))

    def dec(self, master, ids, **more):
        return self.ask(KEY_REQUEST_WITH_ID, dict({
            "application_source_ID": master,
            "key_IDs": [{"key_ID": i} for i in ids]}, **more))

    def ended(self):
        """Nothing more comes."""
        try:
            return self.kept == b"" and self.tls.recv(1) == b""
        except OSError:
            return True

    def close(self):
        self.tls.close()


def well_formed(code, payload):
    """What holds for all that a KM sends: Tables 3, 5, 6, 9, 10; failures
    too."""
    known = MEMBERS[code] | OPTIONAL.get(code, set())
    check(MEMBERS[code] <= set(payload) <= known, "members: %s" % payload)
    good, session = True, payload.get("session_ID")
    if "response" in payload:
        word, colon, why = payload["response"].partition(": ")
        check(word in TOKENS, "response: %s" % payload)
        check(not colon or why, "no words: %s" % payload)
        good = word == "success"
    if "keys" in payload:
        check(isinstance(payload["keys"], list), "keys: %s" % payload)
        check(bool(payload["keys"]) == good, "keys: %s" % payload)
    if session or good and "session_ID" in payload:
        equal(str(uuid.UUID(session)), session, "session_ID")
    if "number_of_keys" in payload:
        check(type(payload["number_of_keys"]) is int and
              payload["number_of_keys"] > 0, "%s" % payload)


def token(answer):
    return answer["response"].partition(": ")[0]


def words(answer):
    return answer["response"].partition(": ")[2]


def connect(net, sae, node=None, **more):
    j = net.json
    s = j["saes"].get(sae) or j["strangers"][sae]
    return Ak(j["nodes"][node or s.get("node", "a")]["ak"], j["ca"],
              s["cert"], s["key"], **more)
