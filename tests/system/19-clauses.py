#!/usr/bin/python3
"""ETSI GS QKD 014, clauses 4 and 5, demand by demand: the steps that the
table in doc/etsi014.md names. Clause 6 is in 20."""
from clauses import check_table, run_steps
from lib import Net, run
import clause4                  # noqa: F401
import clause5                  # noqa: F401


def main():
    check_table()
    net = Net("abc", ["a-b", "b-c"], settings=["redelivery=2"])
    run_steps(net)
    net.settle()


run(main)
