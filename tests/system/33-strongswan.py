#!/usr/bin/python3
"""The strongSwan example: an IKEv2 tunnel whose RFC 8784 PPK comes from two
nodes. A new key makes a new tunnel before the old one goes; without it the old
one stays."""
import os
import re
import shutil
import signal
import stat
import subprocess
import time

from lib import Net, ROOT, check, equal, need_root, run, say, wait_for
from lib import Skip
from netns import Flow, Wire, need
from saetool import QKDCTL, Tool

EXAMPLE = os.path.join(ROOT, "doc", "examples", "strongswan")
PORT = 7015

# ESP in user space: not every kernel has it.
DAEMON = """
charon-systemd {
	load = random nonce openssl pem pkcs1 x509 pubkey hmac kdf gcm \
kernel-libipsec kernel-netlink socket-default vici updown
	plugins {
		vici { socket = unix://%(dir)s/vici }
		kernel-libipsec { allow_peer_ts = yes }
	}
	filelog { log {
		path = %(dir)s/log
		default = 1
		ike = 2
		cfg = 2
		flush_line = yes
	} }
	syslog { daemon { default = -1 } }
}
swanctl { socket = unix://%(dir)s/vici }
"""
CONNECTION = """
connections { qkd {
	version = 2
	local_addrs = 10.79.0.%(me)d
	remote_addrs = 10.79.0.%(you)d
	proposals = aes256gcm16-prfsha384-ecp384
	ppk_required = yes
	local {
		auth = psk
		id = %(name)s.example
	}
	remote { auth = psk }
	children { net {
		local_ts = 10.80.%(me)d.1/32
		remote_ts = 10.80.%(you)d.1/32
		esp_proposals = aes256gcm16-ecp384
	} }
} }
secrets { ike-1 { secret = "pre-shared" } }
include %(dir)s/state/*.conf
"""


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


class End:
    """A charon, and the scripts' configuration."""

    def __init__(self, net, wire, i, sae):
        self.wire, self.i, self.tool = wire, i, Tool(net, sae)
        self.dir = os.path.join(net.base, "ike-" + "ab"[i])
        os.mkdir(self.dir, 0o700)
        values = dict(me=i + 1, you=2 - i, name="ab"[i], dir=self.dir)
        write(self.dir + "/strongswan.conf", DAEMON % values)
        write(self.dir + "/swanctl.conf", CONNECTION % values)
        # Not from their usual place, where AppArmor may confine them to it.
        for path in ("/usr/sbin/charon-systemd", "/usr/sbin/swanctl"):
            shutil.copy(path, self.dir)
        self.env = dict(os.environ, SWANCTL_DIR=self.dir,
                        STRONGSWAN_CONF=self.dir + "/strongswan.conf")
        wire.start(i, self.dir + "/out", self.dir + "/charon-systemd",
                   env=self.env)
        wait_for("charon", lambda: os.path.exists(self.dir + "/vici"))
        subprocess.run(["ip", "-n", wire.ns[i], "addr", "add", "10.80.%d.1/32"
                        % (i + 1), "dev", "lo"], check=True)
        wait_for("vici", lambda: self.swanctl("--stats")[0] == 0)
        equal(self.swanctl("--load-all", "--noprompt")[0], 0, "--load-all")

    def swanctl(self, *words):
        """(exit code, output)"""
        p = subprocess.run([self.dir + "/swanctl", *words], env=self.env,
                           stdin=subprocess.DEVNULL, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return p.returncode, p.stdout

    def tunnels(self):
        """{number: keyed with a PPK} of what is established."""
        out = self.swanctl("--list-sas")[1]
        return {int(n): "/PPK" in rest for n, rest in re.findall(
            r"^qkd: #(\d+), ESTABLISHED(.*\n(?:  .*\n)*)", out, re.M)}

    def state(self, name):
        try:
            with open("%s/state/%s" % (self.dir, name)) as f:
                return f.read().strip()
        except FileNotFoundError:
            return None

    def keys(self):
        """The IDs of the keys that lie ready."""
        return sorted(n[:-5] for n in os.listdir(self.dir + "/state")
                      if re.fullmatch(r"[0-9a-f]{8}-.*\.conf", n))

    def conf(self, other, rotate):
        """As an operator edits the example's file."""
        with open(EXAMPLE + "/qkd-ike.conf") as f:
            text = f.read()
        # The nodes listen outside of the namespace.
        qkdctl = "nsenter --net=/proc/%d/ns/net %s" % (os.getpid(), QKDCTL)
        swanctl = "env SWANCTL_DIR=%s STRONGSWAN_CONF=%s %s" % (
            self.dir, self.env["STRONGSWAN_CONF"], self.dir + "/swanctl")
        values = dict(self.tool.env, OTHER_SAE=other.tool.sae,
                      STATE=self.dir + "/state", ROTATE=rotate, CHECK="0.5",
                      PEER="(socat -t 20 - TCP:10.79.0.2:%d)" % PORT,
                      QKDCTL="(%s)" % qkdctl, SWANCTL="(%s)" % swanctl)
        for name, value in values.items():
            text = re.sub(r"(?m)^((?:export )?%s=).*$" % name,
                          lambda m: m[1] + str(value), text)
        return write(self.dir + "/conf", text)


def agreed(a, b, *, unlike=()):
    """The ID of the one key that both have, with one tunnel keyed by it."""
    def look():
        now = a.state("current")
        if (now is None or now in unlike or a.state("next") or
                a.keys() != [now] or b.keys() != [now]):
            return None
        ta, tb = a.tunnels(), b.tunnels()
        return now if len(ta) == len(tb) == 1 and all(ta.values()) else None
    return wait_for("a tunnel with a key of both ends", look, 25)


def scenario(net, wire, a, b):
    wire.start(1, b.dir + "/out", "socat",
               "TCP-LISTEN:%d,bind=10.79.0.2,reuseaddr,fork" % PORT,
               "EXEC:%s/qkd-ike-slave %s" % (EXAMPLE, b.conf(a, 0)))
    code, out = a.swanctl("--initiate", "--child", "net", "--timeout", "5")
    check(code != 0 and not a.tunnels(), "a tunnel without a PPK: " + out)
    master = wire.start(0, a.dir + "/out", EXAMPLE + "/qkd-ike-master",
                        a.conf(b, 2))
    seen = [agreed(a, b)]
    wire.await_ping(0, "10.80.2.1", "10.80.1.1")
    say("a tunnel with a key from QKD")
    flow = Flow(wire, 0, "10.80.2.1", "10.80.1.1")
    for _ in range(3):
        seen.append(agreed(a, b, unlike=seen))
    say("%d keys" % len(seen))
    net.do("kill", "b", "ksa")
    time.sleep(1)
    old = agreed(a, b)
    number = list(a.tunnels())
    time.sleep(3)
    equal(a.state("current"), old, "the key while a node is away")
    equal(list(a.tunnels()), number, "the tunnel while a node is away")
    net.do("start", "b", "ksa")
    seen.append(agreed(a, b, unlike=[*seen, old]))
    sent, lost = flow.end()
    check(sent > 100, "only %d packets were sent" % sent)
    equal(lost, 0, "packets lost of %d" % sent)
    say("%d packets, none lost" % sent)
    return master, seen


def proof(wire, a, b, seen):
    """charon says which PPK it used. With another one at the other end there
    is no new tunnel."""
    for e in (a, b):
        with open(e.dir + "/log") as f:
            used = set(re.findall(r"PPK_ID '([0-9a-f-]{36})'", f.read()))
        check(used.issuperset(seen), "keys that %s did not use: %s" % (
            e.dir, set(seen) - used))
    fake = "550e8400-e29b-41d4-a716-446655440000"
    for e, octet in ((a, "aa"), (b, "bb")):
        write("%s/state/%s.conf" % (e.dir, fake), "secrets { ppk-x { id = %s"
              "\n secret = 0x%s } }\n" % (fake, octet * 32))
        equal(e.swanctl("--load-creds", "--noprompt")[0], 0, "--load-creds")
    write(a.dir + "/state/ppk_id.conf",
          "connections { qkd { ppk_id = %s } }\n" % fake)
    equal(a.swanctl("--load-conns")[0], 0, "--load-conns")
    before = a.tunnels()
    code, out = a.swanctl("--initiate", "--child", "net", "--timeout", "5")
    check(code != 0 and "AUTHENTICATION_FAILED" in out,
          "different keys at the ends: " + out)
    equal(a.tunnels(), before, "tunnels")
    check(wire.ping(0, "10.80.2.1", "10.80.1.1"), "the old tunnel is gone")


def private(*ends):
    for e in ends:
        path = e.dir + "/state"
        equal(stat.S_IMODE(os.stat(path).st_mode), 0o700, path)
        for name in e.keys():
            equal(stat.S_IMODE(os.stat("%s/%s.conf" % (path, name)).st_mode),
                  0o600, name)


def quiet(wire, master, a, b, seen):
    """A master that was killed and comes back; it ends doing nothing."""
    os.killpg(master.pid, signal.SIGKILL)
    master.wait()
    again = wire.start(0, a.dir + "/out", EXAMPLE + "/qkd-ike-master",
                       a.conf(b, 3600))
    seen.append(agreed(a, b, unlike=seen))
    os.killpg(again.pid, signal.SIGTERM)
    again.wait()


def main():
    need_root()
    need("charon-systemd", "swanctl", "socat", "ip", "ping", "nsenter")
    if not os.path.exists("/dev/net/tun"):
        raise Skip("there is no /dev/net/tun")
    net = Net("ab", ["a-b"])
    with Wire("10.79.0") as wire:
        a, b = End(net, wire, 0, "SAE-A1"), End(net, wire, 1, "SAE-B1")
        master, seen = scenario(net, wire, a, b)
        quiet(wire, master, a, b, seen)
        private(a, b)
        proof(wire, a, b, seen)


run(main)
