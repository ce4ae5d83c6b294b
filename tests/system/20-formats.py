#!/usr/bin/python3
"""ETSI GS QKD 014, clause 6, demand by demand: the steps that the table in
doc/etsi014.md names; and what of clause 5 needs pools that nobody fills."""
from clauses import check_table, run_steps
from etsi import WAIT, WINDOW
from lib import Net, run
import clause6                  # noqa: F401
import clause6ext               # noqa: F401
import clause6keys              # noqa: F401
import clause6multi             # noqa: F401
import clause6wish              # noqa: F401
import clause5pools             # noqa: F401


def main():
    check_table()
    net = Net("abc", ["a-b", "b-c"], settings=[
        "redelivery=%d" % WINDOW, "relay_wait=%d" % WAIT,
        "max_connections_per_application=20", "link_stock_max=128"])
    run_steps(net)
    net.settle()


run(main)
