"""Prometheus text format 0.0.4, read strictly."""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"'
SAMPLE = re.compile(r'(%s)(?:\{(%s(?:,%s)*)?\})? (\S+)$' % (NAME, LABEL,
                                                            LABEL))
PARTS = {"histogram": ("_bucket", "_sum", "_count")}


class Family:
    def __init__(self, name, text):
        self.name, self.help, self.type = name, text, None
        self.samples = {}       # (name, labels) -> value


def unescape(text):
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text)


def parse(text):
    """{name: Family}; ValueError for anything that is not well formed."""
    if not text.endswith("\n"):
        raise ValueError("the last line does not end")
    families, now = {}, None
    for line in text.split("\n")[:-1]:
        m = re.match(r"# HELP (%s) (.*)$" % NAME, line)
        if m:
            if m[1] in families:
                raise ValueError("twice: " + line)
            now = families[m[1]] = Family(m[1], m[2])
            continue
        m = re.match(r"# TYPE (%s) (counter|gauge|histogram)$" % NAME, line)
        if m:
            if now is None or now.name != m[1] or now.type or now.samples:
                raise ValueError("out of place: " + line)
            now.type = m[2]
            continue
        add(now, line)
    for f in families.values():
        check_histogram(f)
    return families


def add(family, line):
    m = SAMPLE.match(line)
    if not m or family is None or family.type is None:
        raise ValueError("not a sample: " + line)
    names = [family.name + p for p in PARTS.get(family.type, ("",))]
    pairs = re.findall(LABEL, m[2] or "")
    labels = tuple(sorted((k, unescape(v)) for k, v in pairs))
    if m[1] not in names or len({k for k, _ in pairs}) != len(pairs) or \
            (m[1], labels) in family.samples:
        raise ValueError("not of this family, or twice: " + line)
    value = float(m[m.lastindex])
    if family.type == "counter" and not value >= 0:
        raise ValueError("a counter below zero: " + line)
    family.samples[m[1], labels] = value


def check_histogram(f):
    if f.type != "histogram":
        return
    series = {}
    for (name, labels), v in f.samples.items():
        rest = tuple(p for p in labels if p[0] != "le")
        s = series.setdefault(rest, {"buckets": []})
        if name.endswith("_bucket"):
            s["buckets"].append((float(dict(labels)["le"]), v))
        else:
            s[name[len(f.name):]] = v
    for s in series.values():
        v = [n for _, n in sorted(s["buckets"])]
        if v != sorted(v) or sorted(s["buckets"])[-1][0] != float("inf") or \
                v[-1] != s["_count"] or s["_sum"] < 0:
            raise ValueError("not a histogram: " + f.name)


def value(families, name, **labels):
    """The one sample whose labels have these among them; None: none."""
    found = []
    for f in families.values():
        for (n, pairs), v in f.samples.items():
            if n == name and labels.items() <= dict(pairs).items():
                found.append(v)
    if len(found) > 1:
        raise ValueError("%d samples of %s %s" % (len(found), name, labels))
    return found[0] if found else None
