"""Network namespaces in a row, with delaying wires between neighbours."""

import contextlib
import ctypes
import os
import socket
import statistics
import struct
import subprocess
import time

from network import Failed

CLONE_NEWNET = 0x40000000
PREFIX = "10.79.0."
ECHO, ECHO_REPLY = 8, 0


def ip(*words):
    p = subprocess.run(["ip", *words], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True)
    if p.returncode != 0:
        raise Failed(f"ip {' '.join(words)}: {p.stdout.strip()}")


@contextlib.contextmanager
def inside(path):
    """This thread, and what it starts, in another network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(fd):
        if libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(path, os.O_RDONLY)
    try:
        enter(there)
        try:
            yield
        finally:
            enter(home)
    finally:
        os.close(home)
        os.close(there)


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


class Wires:
    """A namespace for each node, wires between neighbours, one address each,
    and every node reaches every other."""

    def __init__(self, build, nodes):
        self.nodes, self.procs = nodes, []
        self.wire = os.path.join(build, "bench", "wire")
        self.made = []

    def name(self, node):
        return f"qkdbench{os.getpid()}{node}"

    def path(self, node):
        return "/run/netns/" + self.name(node)

    def address(self, node):
        return PREFIX + str(self.nodes.index(node) + 1)

    def make(self):
        for node in self.nodes:
            self.made.append(self.name(node))
            ip("netns", "add", self.name(node))
            ip("-n", self.name(node), "link", "set", "lo", "up")
            ip("-n", self.name(node), "addr", "add", self.address(node),
               "dev", "lo")
            with inside(self.path(node)), \
                    open("/proc/sys/net/ipv4/ip_forward", "w") as f:
                f.write("1")
        for a, b in zip(self.nodes, self.nodes[1:]):
            self.connect(a, b)
        for i, node in enumerate(self.nodes):
            self.route(i, node)

    def connect(self, a, b):
        p = subprocess.Popen([self.wire, self.path(a), "to-" + b,
                              self.path(b), "to-" + a], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             start_new_session=True)
        self.procs.append(p)
        self.confirmed(p)
        for node, other in ((a, b), (b, a)):
            ip("-n", self.name(node), "link", "set", "to-" + other, "up")

    def route(self, i, node):
        for j, other in enumerate(self.nodes):
            if i != j:
                nearest = self.nodes[i + (1 if j > i else -1)]
                ip("-n", self.name(node), "route", "add", self.address(other),
                   "dev", "to-" + nearest, "src", self.address(node))

    @staticmethod
    def confirmed(p):
        if p.stdout.readline() != "ok\n":
            raise Failed("bench/wire has ended")

    def delay(self, ms):
        """One way, of each wire."""
        for p in self.procs:
            p.stdin.write(f"delay {ms}\n")
            p.stdin.flush()
            self.confirmed(p)

    def round_trip(self, a, b, count):
        """Microseconds that an ICMP echo takes: [median, 95 %]."""
        with inside(self.path(a)):
            s = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                              socket.IPPROTO_ICMP)
        with s:
            s.settimeout(5)
            took = sorted(self.echo(s, self.address(b), n)
                          for n in range(count))
        return [statistics.median(took) * 1e6,
                took[int(0.95 * (count - 1))] * 1e6]

    @staticmethod
    def echo(s, address, n):
        ident = os.getpid() & 0xffff
        head = struct.pack("!BBHHH", ECHO, 0, 0, ident, n)
        head = struct.pack("!BBHHH", ECHO, 0, checksum(head), ident, n)
        time.sleep(0.005)
        begin = time.perf_counter()
        s.sendto(head, (address, 0))
        while True:
            kind, _, _, i, k = struct.unpack("!BBHHH", s.recv(2048)[20:28])
            if (kind, i, k) == (ECHO_REPLY, ident, n):
                return time.perf_counter() - begin

    def end(self):
        for p in self.procs:
            p.stdin.close()
            p.wait()
        for name in self.made:
            subprocess.run(["ip", "netns", "del", name],
                           stderr=subprocess.DEVNULL)
