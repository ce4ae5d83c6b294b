"""qkdctl sae, as one application of a test network runs it."""
import os
import subprocess

from lib import BUILD, FATAL, check, equal

QKDCTL = os.path.join(BUILD, "ctl", "qkdctl")


def sane(err):
    """What it says, and no sanitizer does."""
    check(not FATAL.search(err), err)
    return err


class Tool:
    def __init__(self, net, sae, door="https", **env):
        j = net.json
        s = j["saes"].get(sae) or j["strangers"][sae]
        node = j["nodes"][s.get("node", "a")]
        self.sae = sae
        self.env = {"PATH": os.environ["PATH"], "QKDNODE_DOOR": door,
                    "QKDNODE_KME": node["ak" if door == "q4161" else door],
                    "QKDNODE_CERT": s["cert"], "QKDNODE_KEY": s["key"],
                    "QKDNODE_CA": j["ca"], "QKDNODE_KME_ID": node["kme_id"]}
        for name in os.environ:         # what sanitizers are told
            if name.endswith("SAN_OPTIONS"):
                self.env[name] = os.environ[name]
        self.env.update(env)

    def start(self, *words, env=(), **more):
        return subprocess.Popen(
            [QKDCTL, "sae", *words], env=dict(self.env, **dict(env)),
            stdin=more.pop("stdin", subprocess.DEVNULL),
            stdout=more.pop("stdout", subprocess.PIPE),
            stderr=more.pop("stderr", subprocess.PIPE), **more)

    def run(self, *words, code=0, stdin=None, env=(), **more):
        """(stdout, stderr); the exit code must be this one."""
        more["stdin"] = subprocess.PIPE if stdin else subprocess.DEVNULL
        p = self.start(*words, env=env, **more)
        out, err = p.communicate(stdin, timeout=60)
        err = sane(err.decode())
        equal(p.returncode, code, "qkdctl sae %s: exit code (%s)" % (
            " ".join(words), err.strip()))
        return out, err
