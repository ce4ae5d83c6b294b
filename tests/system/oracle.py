"""The independent checker: it sees every key that any node hands out.

It knows nothing of the product but the promises: no octet of key twice, no
key_ID with two values, master and slave get the same octets, and whatever a
master got its slave can fetch.
"""
import base64
import re
import threading

WINDOW = 8
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


class Key:
    def __init__(self, key_id, octets, master, slave):
        self.id, self.octets = key_id, octets
        self.master, self.slave = master, slave
        self.also = []          # the same key, for additional slaves
        self.fetched = False
        self.tried = None       # when a fetch first had an unknown outcome


class Oracle:
    def __init__(self):
        self.keys = {}          # key_ID -> Key
        self.windows = {}       # 8 octets at multiples of 8 -> key_ID
        self.faults = []
        self.lock = threading.Lock()

    def fault(self, text):
        self.faults.append(text)

    def container(self, body, number, bits):
        """[(id, octets)] of a key container; what is wrong is a fault."""
        out = []
        try:
            for k in body["keys"]:
                if not UUID.match(k["key_ID"]):
                    self.fault("not a key_ID: %r" % k["key_ID"])
                out.append((k["key_ID"],
                            base64.b64decode(k["key"], validate=True)))
        except (KeyError, TypeError, ValueError) as e:
            self.fault("not a key container (%s): %.200r" % (e, body))
            return []
        if number is not None and len(out) != number:
            self.fault("%d keys where %d were asked for" % (len(out), number))
        for key_id, octets in out:
            if bits is not None and len(octets) * 8 != bits:
                self.fault("key %s has %d bits, not %d"
                           % (key_id, len(octets) * 8, bits))
        return out

    def drawn(self, master, slave, body, number, bits, also=()):
        """A master got this. Returns its Key objects."""
        with self.lock:
            got = self.container(body, number, bits)
            keys = [self._draw(master, slave, i, o) for i, o in got]
            for k in keys:
                k.also = [Key(k.id, k.octets, master, s) for s in also]
            return keys

    def _draw(self, master, slave, key_id, octets):
        if key_id in self.keys:
            self.fault("key_ID %s given twice by enc_keys" % key_id)
        if len(octets) >= 16 and len(set(octets)) < 4:
            self.fault("key %s is not random" % key_id)
        for at in range(len(octets) - WINDOW + 1):
            other = self.windows.get(octets[at:at + WINDOW])
            if other is not None:
                self.fault("octets of key %s are in key %s too"
                           % (key_id, other))
                break
        for at in range(0, len(octets) - WINDOW + 1, WINDOW):
            self.windows[octets[at:at + WINDOW]] = key_id
        key = Key(key_id, octets, master, slave)
        self.keys[key_id] = key
        return key

    def fetched(self, slave, ids, body):
        """A slave got this when it asked for ids."""
        with self.lock:
            got = self.container(body, len(ids), None)
            if sorted(i for i, _ in got) != sorted(ids):
                self.fault("dec_keys answered other key_IDs than asked for")
            for key_id, octets in got:
                self._fetch(slave, key_id, octets)

    def _fetch(self, slave, key_id, octets):
        key = self.keys.get(key_id)
        if key is None:
            self.fault("key %s was fetched, but never drawn" % key_id)
        elif key.octets != octets:
            self.fault("key %s differs between %s and %s"
                       % (key_id, key.master, key.slave))
        else:
            mine = [k for k in [key, *key.also] if k.slave == slave]
            if not mine:
                self.fault("key %s is for %s, but %s got it"
                           % (key_id, key.slave, slave))
            for k in mine:
                k.fetched = True

    def pending(self):
        with self.lock:
            return [k for key in self.keys.values()
                    for k in [key, *key.also] if not k.fetched]

    def octets(self):
        with self.lock:
            return [k.octets for k in self.keys.values()]

    def verdict(self):
        """Raises with everything that was wrong."""
        if self.faults:
            raise AssertionError("%d faults:\n  %s" % (
                len(self.faults), "\n  ".join(self.faults[:20])))
