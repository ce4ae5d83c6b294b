#!/usr/bin/python3
"""Pool blocks and keys of sessions, from one KSA to another: all orders of
messages, commits, crashes and faults within small bounds. Needs spin."""
from lib import run
from models import verify

run(lambda: verify("transfer", "session"), 900)
