"""Finds known secrets in files and memory: raw, as hex, as base64."""
import base64
import re

PIECE = 16                      # octets that must match to count as found


class Needles:
    def __init__(self, stride=8):
        self.stride = stride
        self.windows = {}       # 8 octets as an integer -> (text, secret)
        self.n = 0

    def _add(self, text, what, stride):
        for at in range(0, len(text) - 7, stride):
            self.windows[int.from_bytes(text[at:at + 8], "little")] = (
                text, what)

    def add(self, secret, what, forms=True):
        """forms: look for hex and base64 too, not only the octets."""
        self.n += 1
        self._add(secret, what, self.stride)
        if not forms:
            return
        self._add(secret.hex().encode(), what + " in hex", 8)
        self._add(secret.hex().upper().encode(), what + " in hex", 8)
        for shift in range(3):
            text = base64.b64encode(b"\0" * shift + secret)
            self._add(text[(shift * 4 + 2) // 3:-4], what + " in base64", 8)

    def search(self, data):
        """What is in data, each once."""
        found = set()
        for shift in range(8):
            end = shift + (len(data) - shift) // 8 * 8
            words = memoryview(data)[shift:end].cast("Q")
            for w in filter(self.windows.__contains__, words):
                text, what = self.windows[w]
                if what not in found and self._confirmed(text, data):
                    found.add(what)
        return sorted(found)

    @staticmethod
    def _confirmed(text, data):
        return any(text[at:at + PIECE] in data
                   for at in range(0, len(text) - PIECE + 1))


def memory(pid, limit=1 << 30):
    """What a process has in writable memory, without empty pages."""
    out = []
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            span, mode = line.split()[:2]
            low, high = (int(x, 16) for x in span.split("-"))
            if mode.startswith("rw") and high - low <= limit:
                out.append(pages(mem, low, high))
    return b"".join(out)


def mappings(pid):
    """(octets, locked) of every mapping that can be written."""
    with open("/proc/%d/smaps" % pid) as f, \
            open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in f:
            m = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line)
            if m:
                low, high, mode = int(m[1], 16), int(m[2], 16), m[3]
            elif line.startswith("VmFlags:") and mode.startswith("rw"):
                yield pages(mem, low, high), " lo" in line


def pages(mem, low, high):
    empty, out = bytes(65536), []
    for at in range(low, high, 65536):
        try:
            mem.seek(at)
            data = mem.read(min(65536, high - at))
        except (OSError, ValueError):
            continue
        if data != empty[:len(data)]:
            out.append(data)
    return b"".join(out)
