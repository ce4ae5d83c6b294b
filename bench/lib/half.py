"""Latency at half load: requests come when they come, not when the server
has answered the last one."""

CONNECTIONS = 32
SECONDS_MAX = 1.5	# to find the maximum
SECONDS = 3


def half(bench):
    """enc 1 x 256 in an open loop at half of the maximum"""
    bench.common()
    net, scale = bench.net, bench.args.scale
    caller = net.caller("SAE-A1", "SAE-B1")

    def words(seconds, count, *more):
        return ["--connections", str(CONNECTIONS), "--seconds", str(seconds),
                "--count", str(int(count) + 64), *more, *caller]

    for _ in range(bench.args.rounds):
        seconds = max(0.5, SECONDS_MAX * scale)
        closed = words(seconds, seconds * 200000)
        net.await_stock("SAE-A1", "SAE-B1", int(seconds * 60000))
        most = bench.ours("a", closed)["requests_s"] / 2
        most_nginx = bench.theirs(closed)["requests_s"] / 2
        seconds = max(0.5, SECONDS * scale)

        def opened(rate):
            return words(seconds, rate * seconds * 1.5, "--rate",
                         f"{rate:.1f}")

        net.await_stock("SAE-A1", "SAE-B1", int(seconds * most))
        ours = bench.ours("a", opened(most))
        bench.row("half", "enc 1 x 256, half of max.", CONNECTIONS,
                  qkdnode=ours, nginx=bench.theirs(opened(most_nginx)))
        bench.row("half", "nginx at the same rate", CONNECTIONS,
                  nginx=bench.theirs(opened(most)))
