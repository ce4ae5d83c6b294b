#!/usr/bin/python3
"""All demand in one direction of one link: key of the other direction moves
over, so that (nearly) all that the link has is used; with kills on the way.
No octet twice, and whatever a master got its slave can fetch."""
import threading
import time

from lib import Net, check, equal, run, say, wait_for

OCTETS, STOCK = 2048, 512
SETTINGS = ["block_octets=%d" % OCTETS, "link_stock_max=%d" % STOCK,
            "pool_low=16384", "pool_high=32768", "relay_wait=1000"]
M, S = "SAE-A1", "SAE-B1"
NUMBER, BITS = 16, 4096
USABLE = OCTETS - 96 - 128      # of a block, for applications
KILLS = [("b", "kma"), ("a", "kma"), ("b", "relayd"), ("b", "kma")]


def link(net, node):
    return net.ctl(node, "kma")["links"][0]


def stock(net):
    """Blocks of a's direction and of b's that both ends agree on; or None."""
    a, b = link(net, "a"), link(net, "b")
    if (a["state"], b["state"]) != ("up", "up") or (
            a["own_blocks"], a["their_blocks"]) != (
            b["their_blocks"], b["own_blocks"]):
        return None
    return a["own_blocks"], a["their_blocks"]


class Drawer(threading.Thread):
    """Draws in one direction until it is told to end."""
    def __init__(self, net):
        super().__init__(daemon=True)
        self.net, self.octets, self.refused = net, 0, 0
        self.wrong, self.over = None, False

    def run(self):
        client = self.net.client(M)
        while not self.over and not self.wrong:
            status, body = client.enc(S, NUMBER, BITS)
            if status == 200:
                self.net.oracle.drawn(M, S, body, NUMBER, BITS)
                self.octets += NUMBER * BITS // 8
                self.refused = 0
                time.sleep(0.03)
            elif status == 503:
                self.refused += 1
            else:
                self.wrong = "enc_keys: %d %s" % (status, body)


def kills(net, drawer, usable):
    """Each after another part of the stock."""
    for n, (node, daemon) in enumerate(KILLS):
        goal = usable * (n + 1) // (len(KILLS) + 2)
        wait_for("%d octets" % goal,
                 lambda: drawer.wrong or drawer.octets >= goal, 30)
        net.do("kill", node, daemon)
        net.do("start", node, daemon)


def main():
    net = Net("ab", ["a-b"], rate=8000000, settings=SETTINGS)
    wait_for("a full stock", lambda: sum(stock(net) or [0]) >= STOCK - 8, 30)
    net.link("a-b", "dark")
    wait_for("both ends to say the same", lambda: stock(net), 20)
    mine, others = stock(net)
    check(abs(mine - others) < STOCK // 8, "halves: %d, %d" % (mine, others))
    usable = (mine + others) * USABLE
    drawer = Drawer(net)
    drawer.start()
    kills(net, drawer, usable)
    wait_for("the link to run dry",
             lambda: drawer.wrong or drawer.refused >= 4, 40)
    drawer.over = True
    drawer.join(20)
    equal(drawer.wrong, None, "the drawer")
    say("%.0f%% of the key that the link had was drawn one way"
        % (100 * drawer.octets / usable))
    # Half would be there without shares; kills void what is on its way.
    check(drawer.octets > usable * 3 // 4, "%d octets of %d" % (
        drawer.octets, usable))
    wait_for("both ends to say the same", lambda: stock(net), 20)
    mine, others = stock(net)
    check(mine + others <= 2 * 16, "left: %d and %d blocks" % (mine, others))
    check(others > 0, "b kept nothing for itself")
    net.settle()
    net.link("a-b", "up")
    for pair in ((M, S), (S, M)):
        net.await_supply(*pair)


run(main)
