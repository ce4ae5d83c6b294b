"""The commands of a manual in Markdown, to be run as they stand there.

Blocks that begin with ```console hold them, a prompt before each: "a# " for
root on host a, "a$ " for the operator there; a backslash at the end goes on in
the next line; other lines are what it may answer. A comment on the line above
a block says what is not plain success:

    <!-- exits 1 -->    so does its last command
    <!-- in time -->    its last command succeeds within a minute or two
"""
import re

PROMPT = re.compile(r"^([a-z])([#$]) (.*)$")
NOTE = re.compile(r"^<!-- (?:exits (\d+)|(in time)) -->$")


class Command:
    def __init__(self, line, host, root, text):
        self.line, self.host, self.root, self.text = line, host, root, text
        self.code, self.in_time = 0, False

    def __repr__(self):
        return "line %d: %s%s %s" % (self.line, self.host,
                                     "#" if self.root else "$", self.text)


def block(lines, first):
    """The commands of the lines between two fences."""
    found, going_on = [], False
    for number, line in enumerate(lines, first):
        m = PROMPT.match(line)
        if going_on:
            found[-1].text += "\n" + line
        elif m:
            found.append(Command(number, m[1], m[2] == "#", m[3]))
        else:
            continue
        going_on = line.endswith("\\")
    return found


def mark(commands, note):
    if note and commands:
        commands[-1].code = int(note[1] or 0)
        commands[-1].in_time = note[2] is not None


def commands(path):
    """All of them in their order. A block that is no console is not looked
    at, but it must say what it is: ```conf, ```text, ..."""
    found, note, begin = [], None, None
    with open(path) as f:
        lines = f.read().split("\n")
    for i, line in enumerate(lines):
        if begin is not None:
            if line == "```":
                if lines[begin] == "```console":
                    new = block(lines[begin + 1:i], begin + 2)
                    mark(new, note)
                    found += new
                begin = note = None
        elif line.startswith("```"):
            begin = i
            assert line != "```", "%s:%d: a block of what?" % (path, i + 1)
        elif line:
            note = NOTE.match(line)
    assert begin is None, "%s:%d: a block without an end" % (path, begin + 1)
    return found
