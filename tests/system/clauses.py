"""Steps of the clause tests, and the table in doc/etsi014.md: each names the
other, so that neither can say what the other does not."""
import os
import re
import sys

from lib import ROOT, check, equal

TABLE = os.path.join(ROOT, "doc", "etsi014.md")
STEPS = []                      # (clause, name, function)


def step(clause, name):
    """Registers a function as the step that shows a row of the table."""
    def register(function):
        check(name not in [n for _, n, _ in STEPS], "step %s twice" % name)
        STEPS.append((clause, name, function))
        return function
    return register


def rows():
    """(clause, the tests named) of each row of the table."""
    with open(TABLE) as f:
        for line in f:
            cells = re.split(r"(?<!\\)\|", line.strip())[1:-1]
            if len(cells) == 4 and re.match(r"[456]|A|B", cells[0].strip()):
                yield cells[0].strip(), re.findall(r"`([^`]+)`", cells[3])


def _file(name):
    with open(os.path.join(ROOT, name)) as f:
        return f.read()


def _exists(ref):
    """A unit test "check_x: name", or a system test "NN-name.py: text"."""
    where, _, what = ref.partition(": ")
    if where.startswith("check_"):
        return "START_TEST(%s)" % what in _file("tests/unit/%s.c" % where)
    return what in _file("tests/system/" + where)


def check_table():
    """Both ways, for the steps of this test; what the table names of other
    tests exists."""
    number = os.path.basename(sys.argv[0])[:2]
    named = {}
    for clause, refs in rows():
        check(refs, "a row of clause %s names no test" % clause)
        for ref in refs:
            m = re.fullmatch(r"(19|20) ([\w-]+)", ref)
            if m and m[1] == number:
                named.setdefault(m[2], set()).add(clause)
            elif not m:
                check(_exists(ref), "the table names %s" % ref)
    equal(sorted(set(named) - {n for _, n, _ in STEPS}), [],
          "steps that are in the table only")
    for clause, name, _ in STEPS:
        check(clause in named.get(name, ()),
              "no row of clause %s names step %s" % (clause, name))


def run_steps(*what):
    for clause, name, function in STEPS:
        try:
            function(*what)
        except AssertionError as e:
            raise AssertionError("clause %s %s: %s" % (clause, name,
                                                       e)) from e
        print("clause %s %s: ok" % (clause, name), flush=True)
