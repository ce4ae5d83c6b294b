"""TLS by hand: the test decides which octets leave in which segment, when a
side stops sending, and how a connection ends."""
import ctypes
import re
import socket
import ssl
import struct

from wire import Answer
from lib import check

SO_ATTACH_FILTER = 26


class Raw:
    """One connection of an application, below its TLS."""

    def __init__(self, address, ca, cert=None, key=None, *, version=None,
                 shake=True, rcvbuf=None, timeout=20):
        host, port = address.rsplit(":", 1)
        self.sock = socket.socket()
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.settimeout(timeout)
        self.sock.connect((host, int(port)))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ctx = ssl.create_default_context(cafile=ca)
        if version:
            ctx.minimum_version = ctx.maximum_version = version
        if cert:
            ctx.load_cert_chain(cert, key)
        self.inward, self.outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = ctx.wrap_bio(self.inward, self.outward,
                                server_hostname=host)
        self.kept = b""
        if shake:
            self.shake()

    def _pull(self):
        data = self.sock.recv(65536)
        if data:
            self.inward.write(data)
        else:
            self.inward.write_eof()

    def hello(self):
        """The first octets of a handshake."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return self.outward.read()
        raise AssertionError("a handshake of one message")

    def shake(self):
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.push()
                self._pull()
        self.push()

    def sealed(self, *records):
        """The octets of these records; they have not left."""
        for r in records:
            self.tls.write(r)
        return self.outward.read()

    def push(self, octets=b""):
        self.sock.sendall(self.outward.read() + octets)

    def farewell(self):
        """A close_notify: no more comes from here."""
        try:
            self.tls.unwrap()
        except (ssl.SSLWantReadError, ssl.SSLSyscallError, ssl.SSLEOFError):
            pass
        return self.outward.read()

    def send(self, octets):
        self.push(self.sealed(octets))

    def recv(self):
        """Some octets; b"": the end, in good order."""
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                self._pull()
            except ssl.SSLZeroReturnError:
                return b""

    def answer(self, body=True):
        while b"\r\n\r\n" not in self.kept:
            self.more()
        head, _, self.kept = self.kept.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 1"):
            return Answer(head, b"", [])
        m = re.search(rb"\r\nContent-Length: (\d+)", head)
        check(m, "no Content-Length: %r" % head)
        length = int(m[1]) if body else 0
        while len(self.kept) < length:
            self.more()
        octets, self.kept = self.kept[:length], self.kept[length:]
        return Answer(head, octets, [])

    def more(self):
        data = self.recv()
        if not data:
            raise EOFError("the connection ended")
        self.kept += data

    def ended(self):
        """Closed by the other side, with nothing before it."""
        try:
            return self.kept + self.recv() == b""
        except OSError:
            return True

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()

    def vanish(self):
        """Nothing that is sent to us arrives or is confirmed any more, as if
        the cable had been cut."""
        code = ctypes.create_string_buffer(
            struct.pack("HBBI", 6, 0, 0, 0))        # BPF: return 0
        self.sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                             struct.pack("HL", 1, ctypes.addressof(code)))

    def close(self):
        self.sock.close()


def raw(net, sae, **more):
    j = net.json
    s = j["saes"].get(sae) or j["strangers"][sae]
    return Raw(j["nodes"][s.get("node", "a")]["https"], j["ca"], s["cert"],
               s["key"], **more)
