"""A capture of the test network with the TLS keys in it: of its applications,
whose library writes them, and of one Kx connection, which is led through a
proxy here that has the certificates of both nodes. The daemons write none."""
import asyncio
import os
import re
import signal
import ssl
import struct
import subprocess
import time

from akapp import LOOP, now
from lib import check, say, wait_for


def context(side, files, keys):
    c = ssl.SSLContext(side)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_REQUIRED
    c.load_verify_locations(files["ca"])
    c.load_cert_chain(files["certificate"], files["private_key"])
    if keys:
        c.keylog_filename = keys
    return c


class Proxy:
    """Between the relayds of two neighbours, of which `near` has the lower
    ID: its dialling counts. `codes`: what went through, as (CommandCode,
    towards `far`)."""

    def __init__(self, net, near, far, keys):
        self.net, self.near, self.codes, self.tasks = net, near, set(), []
        self.km = "KME-" + far.upper()
        files = {n: {o: net.option(n, "relayd", o) for o in (
            "ca", "certificate", "private_key")} for n in (near, far)}
        self.server = context(ssl.PROTOCOL_TLS_SERVER, files[far], keys)
        self.client = context(ssl.PROTOCOL_TLS_CLIENT, files[near], None)
        self.far = net.json["nodes"][far]["kx"]
        self.listener = now(asyncio.start_server(
            self._accepted, "127.0.0.1", 0, ssl=self.server))
        self.port = self.listener.sockets[0].getsockname()[1]

    def lead(self):
        """Restarts the relayd of `near`, which comes here from now on."""
        path = self.net.conf(self.near, "relayd")
        with open(path, encoding="ascii") as f:
            text, n = re.subn(r'("%s"; address = )"[^"]*"' % self.km,
                              r'\1"127.0.0.1:%d"' % self.port, f.read())
        check(n == 1, "no peer %s in %s" % (self.km, path))
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        self.net.do("kill", self.near, "relayd")
        self.net.do("start", self.near, "relayd")

    async def _accepted(self, reader, writer):
        try:
            host, port = self.far.rsplit(":", 1)
            r, w = await asyncio.open_connection(
                host, int(port), ssl=self.client, server_hostname="")
            self.tasks += [LOOP.create_task(self._copy(reader, w, True)),
                           LOOP.create_task(self._copy(r, writer, False))]
        except OSError as e:
            say("proxy:", e)
            writer.close()

    async def _copy(self, reader, writer, on):
        try:
            while True:
                head = await reader.readexactly(10)
                code, length = struct.unpack(">HH", head[6:])
                writer.write(head + await reader.readexactly(length))
                self.codes.add((code, on))
                await writer.drain()
        except (OSError, EOFError):
            pass
        writer.close()

    def close(self):
        async def end():
            self.listener.close()
            for t in self.tasks:
                t.cancel()
        now(end())


class Capture:
    """dumpcap on the loopback interface. PermissionError: it may not."""

    def __init__(self, path, ports):
        self.path = path
        self.p = subprocess.Popen(
            ["dumpcap", "-q", "-i", "lo", "-B", "16", "-w", path, "-f",
             " or ".join("tcp port %d" % x for x in ports)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 10
        while not self._begun():
            if self.p.poll() is not None or time.monotonic() > end:
                self.p.kill()
                raise PermissionError(self.p.communicate()[1].strip())
            time.sleep(0.05)

    def _begun(self):
        return os.path.exists(self.path) and os.path.getsize(self.path) > 0

    def stop(self):
        """What came so far is on disk then."""
        size = -1
        while os.path.getsize(self.path) != size:
            size = os.path.getsize(self.path)
            time.sleep(0.7)
        self.p.send_signal(signal.SIGINT)
        _, said = self.p.communicate(timeout=10)
        check(self.p.returncode == 0, "dumpcap: " + said)


def may_capture(folder):
    """PermissionError: not here."""
    path = os.path.join(folder, "try.pcapng")
    try:
        Capture(path, [9]).stop()
    except FileNotFoundError as e:
        raise PermissionError(str(e)) from e
    os.remove(path)


def editcap(*words):
    p = subprocess.run(["editcap", *words], stdin=subprocess.DEVNULL,
                       text=True, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    check(p.returncode == 0, "editcap: " + p.stdout)


def with_keys(capture, keys, path):
    """The capture with the TLS keys in it, that needs no other file; without
    what dumpcap says of the machine."""
    editcap("-F", "nsecpcap", capture, capture + ".plain")
    editcap("-F", "pcapng", "--inject-secrets", "tls," + keys,
            capture + ".plain", path)


def await_codes(proxy, wanted):
    wait_for("0x11.. frames between the nodes",
             lambda: wanted <= {c for c, _ in proxy.codes} or None, 20)
