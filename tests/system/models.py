"""The models in tests/model: each step of theirs is named in the code, and
spin finds what it should."""
import glob
import os
import re
import subprocess

from lib import ROOT, Skip, check, equal, say

STEP = re.compile(r'STEP\(\w+, "(\w+)')
NAMED = re.compile(r"/\* model: ([^*]*) \*/")


def read(path):
    with open(path) as f:
        return f.read()


def steps(model):
    """"MODEL STEP" of each step in the model."""
    text = read(os.path.join(ROOT, "tests", "model", model + ".pml"))
    return {"%s %s" % (model, s) for s in STEP.findall(text)}


def named():
    """The same, as comments in the code name them."""
    names = []
    for folder in ("common", "kma", "ksa"):
        for path in glob.glob(os.path.join(ROOT, folder, "*.c")):
            for words in NAMED.findall(read(path)):
                names += [w.strip() for w in words.split(",")]
    return names


def same_names(model):
    names = [n for n in named() if n.split(" ")[0] == model]
    equal(sorted(names), sorted(steps(model)),
          "steps of the model %s, and comments \"model:\" in the code" % model)
    say("%s: %d steps" % (model, len(names)))


def search(*models):
    p = subprocess.run([os.path.join(ROOT, "tests", "model", "run"), *models],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       stdin=subprocess.DEVNULL, text=True)
    say(p.stdout)
    if p.returncode == 77:
        raise Skip(p.stdout.strip())
    check(p.returncode == 0, "tests/model/run: exit %d" % p.returncode)
    found = re.findall(r"^(\w+) .* (holds|refuted)$", p.stdout, re.M)
    for m in models:
        check((m, "holds") in found and (m, "refuted") in found,
              "no result for " + m)


def verify(*models):
    for m in models:
        same_names(m)
    search(*models)
