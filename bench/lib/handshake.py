"""Handshakes: one request on each connection."""

from network import Failed

CONNECTIONS = 32
SECONDS = 1.5
COUNT = 1000000		# more than anybody does in that time


def check(kind, report):
    """A session that was not resumed, or was, measures the other thing."""
    resumed = report["resumed"] / max(1, report["requests"])
    if (kind == "resumed") != (resumed > 0.99) or 0.01 < resumed < 0.99:
        raise Failed(f"handshake: {report['resumed']} of "
                     f"{report['requests']} connections were resumed; "
                     f"\"{kind}\" was asked for")


def one(bench, kind, certificate, version):
    net = bench.net
    node, me, other = ("a", "SAE-A1", "SAE-B1") if certificate == "ec" else \
        ("b", "SAE-B1", "SAE-A1")
    seconds = max(0.3, SECONDS * bench.args.scale)
    words = ["--handshakes", "--connections", str(CONNECTIONS), "--count",
             str(COUNT), "--seconds", str(seconds),
             *net.caller(me, other)]
    if certificate == "rsa":
        words += bench.rsa.identity(net)
    if kind == "resumed":
        words.append("--resume")
    if version == "1.2":
        words.append("--tls12")
    net.await_stock(me, other, int(seconds * 10000))
    ours = bench.ours(node, words)
    theirs = bench.theirs(words, 1, certificate)
    check(kind, ours)
    check(kind, theirs)
    bench.row("handshake", f"{kind} {certificate.upper()} {version}",
              CONNECTIONS, qkdnode=ours, nginx=theirs)


def version(bench, v):
    bench.common()
    for _ in range(bench.args.rounds):
        for certificate in ("ec", "rsa"):
            for kind in ("full", "resumed"):
                one(bench, kind, certificate, v)


def handshake(bench):
    """TLS 1.3: connections with one request each, full and resumed"""
    version(bench, "1.3")


def handshake12(bench):
    """the same with TLS 1.2"""
    version(bench, "1.2")
