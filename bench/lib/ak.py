"""The door of Q.4161 beside the HTTPS door of the same node."""

from calls import common_words

# connections, requests: one at a time, and with some in flight
COUNTS = ((1, 2500, 20000), (32, 40000, 40000))
WINDOWS = (1, 8, 64)


def both(bench, door, connections, count, more=()):
    """enc_keys or 0x2101 at node a, then dec_keys or 0x2102 of those keys at
    node b; the two reports."""
    words = common_words(bench, 1, connections, count) + list(more)
    net = bench.net
    net.await_stock("SAE-A1", "SAE-B1", count)
    enc = bench.ours("a", words + net.caller("SAE-A1", "SAE-B1", door))
    net.await_quiet()
    dec = bench.ours("b", words + ["--dec"] +
                     net.caller("SAE-B1", "SAE-A1", door))
    return {"enc 1 x 256": enc, "dec 1": dec}


def one_round(bench, windows):
    """{(connections, window, what): report}; window None is HTTPS."""
    found = {}
    for connections, single, many in COUNTS:
        for window in windows:
            count = bench.scaled(single if connections * (window or 1) == 1
                                 else many)
            reports = both(bench, "ak" if window else "https", connections,
                           count, ["--ak", "--window", str(window)]
                           if window else [])
            for what, report in reports.items():
                found[connections, window, what] = report
    return found


def ak(bench):
    """Q.4161 with 1, 8 and 64 requests in flight, beside HTTPS"""
    bench.nodes()
    for n in range(bench.args.rounds):
        # Whoever comes first finds the other caches: in turn.
        windows = [None, *WINDOWS][::-1 if n % 2 else 1]
        found = one_round(bench, windows)
        for what in ("enc 1 x 256", "dec 1"):
            for connections, _, _ in COUNTS:
                https = found[connections, None, what]
                bench.row("ak", what + ", HTTPS", connections, qkdnode=https)
                for window in WINDOWS:
                    bench.row("ak", f"{what}, {window} in flight",
                              connections,
                              qkdnode=found[connections, window, what],
                              https=https, https32=found[32, None, what])
