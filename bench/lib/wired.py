"""A chain of nodes whose relayds have delaying wires between them."""

import os

import files
import plan
import procs
import supply
from network import Failed, Network, say
from wires import Wires, inside

# No pool is filled up while latencies are measured; and the links' stores are
# full soon, but not by taking all of the machine.
SETTINGS = ("pool_high=524288", "pool_low=65536")
RATE = 50000000


class WiredPlan(plan.Plan):
    """Kx by the wires; all else is local to its node, and stays on
    loopback."""
    wires = None

    def address(self, node, door):
        port = self.data["ports"][node][door]
        return f"{self.wires.address(node)}:{port}" if door == "kx" else \
            super().address(node, door)


class WiredNodes(procs.Network):
    def spawn(self, node, daemon):
        if daemon != "relayd":
            return super().spawn(node, daemon)
        with inside(self.plan.wires.path(node)):
            return super().spawn(node, daemon)


class Chain(Network):
    """As the other networks, but of these nodes, in a row."""

    def __init__(self, args, directory, nodes):
        self.args, self.dir = args, directory
        self.wires = Wires(args.build, nodes)
        self.nodes = None
        try:
            self.wires.make()
            self.begin(nodes)
            self.read()
        except plan.Failed as e:
            self.down()
            raise Failed(str(e)) from e
        except BaseException:
            self.down()
            raise

    def begin(self, nodes):
        os.environ["QKDNODE_BUILD"] = self.args.build
        os.mkdir(self.dir, 0o755)
        settings = {}
        p = WiredPlan.make(self.dir, nodes,
                           [f"{a}-{b}" for a, b in zip(nodes, nodes[1:])],
                           settings)
        p.wires = self.wires
        settings.update(files.parse_settings(
            [*SETTINGS, *self.args.set], p.build))
        files.make_all(p, min(RATE, self.args.rate))
        self.nodes = WiredNodes(p)
        self.nodes.save()
        self.nodes.start(self.nodes.everything())
        supply.wait(self.nodes, self.args.fill, lambda left: None)

    def down(self):
        if self.nodes:
            try:
                self.nodes.stop(self.nodes.everything())
            except plan.Failed as e:
                say(e)
        self.wires.end()
