"""Max-min fair shares of link key (progressive filling)."""

ROUNDS = 200


def fill(flows, room):
    """flows {name: [resource]}, room {resource: key}: {name: share}. All
    shares grow alike; who comes to a resource that is used up stops."""
    share, open_, left = dict.fromkeys(flows, 0.0), set(flows), dict(room)
    while open_:
        users = {}
        for f in open_:
            for x in flows[f]:
                users[x] = users.get(x, 0) + 1
        step = min(left[x] / n for x, n in users.items())
        for f in open_:
            share[f] += step
        for x, n in users.items():
            left[x] -= step * n
        full = {x for x in users if left[x] <= 1e-9 * max(1, room[x])}
        open_ -= {f for f in open_ if full.intersection(flows[f])}
    return share


def used(flows, share):
    sum_ = {}
    for f, path in flows.items():
        for x in path:
            sum_[x] = sum_.get(x, 0) + share[f]
    return sum_


def lend(room, total, use):
    """Half of a link's key belongs to each direction, and what one does not
    need to the other."""
    new = {}
    for (a, b) in room:
        half = total[frozenset((a, b))] / 2
        idle = max(0, half - use.get((b, a), 0))
        new[a, b] = half + idle
    return new


def shares(flows, total):
    """flows {pair: [(from, to), ...]}, total {frozenset(ends): key}: the
    share of each pair where each direction of a link has half of its key and
    what the other one leaves."""
    room = {(a, b): total[frozenset((a, b))] / 2
            for link in total for a in link for b in link if a != b}
    for _ in range(ROUNDS):
        share = fill(flows, room)
        new = lend(room, total, used(flows, share))
        change = max(abs(new[x] - room[x]) for x in room)
        # In small steps: what is lent to one changes what others need.
        room = {x: (room[x] + new[x]) / 2 for x in room}
        if change < 1e-6:
            break
    return share
