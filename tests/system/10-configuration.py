#!/usr/bin/python3
"""The shipped configuration files are right; in wrong ones, file and line
are named. No daemon is started."""
import os
import re
import subprocess
import tempfile

from lib import BUILD, ROOT, check, equal, run, say

SHIPPED = {"kma": "kma.conf", "ksa": "ksa.conf", "relayd": "relayd.conf",
           "qkdmod": "qkdmod-example.conf"}
DRIVER = '\ndriver = "sim";\nsim_seed_file = "/nonexistent/seed";\n'


def daemon(name, *words):
    p = subprocess.run([os.path.join(BUILD, name, name), *words], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       stdin=subprocess.DEVNULL, timeout=20)
    return p.returncode, p.stdout


def shipped(name):
    with open(os.path.join(ROOT, "etc", SHIPPED[name])) as f:
        text = f.read()
    # The example names no driver: which device it is, is the operator's word.
    return text + DRIVER if name == "qkdmod" else text


def verdict(folder, name, text):
    path = os.path.join(folder, name + ".conf")
    with open(path, "w") as f:
        f.write(text)
    code, out = daemon(name, "-n", "-c", path)
    return code, out, path


def right_ones(folder):
    for name in SHIPPED:
        code, out, _ = verdict(folder, name, shipped(name))
        check(code == 0, "%s -n: exit %d\n%s" % (SHIPPED[name], code, out))
    path = os.path.join(ROOT, "etc", "qkdmod-example.conf")
    code, out = daemon("qkdmod", "-n", "-c", path)
    check(code != 0 and "driver" in out, "a module without driver: " + out)
    say("shipped files pass")


def faulty(name):
    """(what is wrong, text, line at fault)."""
    text = shipped(name)
    last = text.count("\n") + 1
    yield "unknown option", text + "no_such_option = 1;\n", last
    yield "wrong type", text + 'locked_memory = "much";\n' \
        if name != "relayd" else text + 'keepalive = "often";\n', last
    yield "out of range", text + "locked_memory = 1;\n" \
        if name != "relayd" else text + "keepalive = 0;\n", last
    yield "no syntax", text + "= = ;\n", last


def wrong_ones(folder):
    for name in SHIPPED:
        for what, text, line in faulty(name):
            code, out, path = verdict(folder, name, text)
            check(code != 0, "%s: %s is accepted" % (name, what))
            check("%s:%d:" % (path, line) in out,
                  "%s, %s: %s:%d is not named:\n%s" % (
                      name, what, path, line, out))
        code, out = daemon(name, "-n", "-c", folder + "/absent.conf")
        check(code != 0 and "absent.conf" in out, "no file: " + out)
        missing(folder, name)
    say("wrong ones are refused with file and line")


def missing(folder, name):
    """An option without default that is left out is named."""
    option = "link" if name == "qkdmod" else "kme_id"
    text = re.sub(r"(?m)^%s\s*=.*$" % option, "", shipped(name), count=1)
    code, out, path = verdict(folder, name, text)
    check(code != 0 and option in out and path in out,
          "%s without %s: exit %d\n%s" % (name, option, code, out))


MISFITS = [     # for ksa: what is right by itself, and what is wrong with it
    ("locked_memory = 2097152;", "locked_memory: must be at least"),
    ("max_key_size = 524288;", "must not exceed 4194304"),
    ('quotas = ({ master = "SAE-Z"; slave = "SAE-B1"; rate = 100; });',
     'quotas: "SAE-Z" is none of applications'),
    ('quotas = ({ master = "SAE-A1"; slave = "SAE-B1"; rate = 100; },'
     '{ master = "SAE-A1"; slave = "SAE-B1"; rate = 200; });',
     "stands there twice"),
    ('quotas = ({ master = "SAE-A1"; slave = "SAE-B1"; rate = 31; });',
     "may not draw one key"),
]


def misfits(folder):
    for text, words in MISFITS:
        code, out, _ = verdict(folder, "ksa", shipped("ksa") + text + "\n")
        check(code != 0 and words in out, "%s: exit %d\n%s" % (
            text, code, out))
    good = MISFITS[-1][0].replace("31", "32") + "\n"
    code, out, _ = verdict(folder, "ksa", shipped("ksa") + good)
    check(code == 0, "a quota of one key: exit %d\n%s" % (code, out))
    say("options that do not fit each other are refused")


def arguments():
    for name in SHIPPED:
        for word in ("-h", "-V", "--options", "--man-options"):
            code, out = daemon(name, word)
            equal(code, 0, "%s %s" % (name, word))
            check(out.strip(), "%s %s says nothing" % (name, word))
        check(daemon(name, "--no-such")[0] != 0, name + " --no-such")


def main():
    with tempfile.TemporaryDirectory() as folder:
        right_ones(folder)
        wrong_ones(folder)
        misfits(folder)
    arguments()


run(main)
