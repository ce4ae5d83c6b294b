#!/usr/bin/python3
"""Link key: agreement and shares, all orders of messages, commits, crashes
and faults within small bounds. Needs spin."""
from lib import run
from models import verify

run(lambda: verify("agreement", "share"), 900)
