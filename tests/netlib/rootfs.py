"""The package of the tree, and a root file system that it can be installed
in without a network: made once, kept under /var/tmp."""

import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import time

from plan import REPO, Failed

EXTRA = ["systemd", "systemd-sysv", "dbus", "iproute2", "procps", "openssl",
         "ca-certificates", "curl", "sqlite3"]
EXCLUDE = ["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*"]
INCLUDE = ["/usr/share/doc/qkdnode*", "/usr/share/man/man?/q*"]
# What a test host does not need: logins, timers.
MASKED = ["console-getty.service", "getty@tty1.service", "apt-daily.timer",
          "apt-daily-upgrade.timer", "e2scrub_all.timer", "fstrim.timer",
          "dpkg-db-backup.timer", "systemd-networkd-wait-online.service"]
KEPT_DAYS = 7


def require():
    """None, or why no host can be booted here."""
    if os.geteuid() != 0:
        return "booting hosts needs root"
    for command in ("systemd-nspawn", "mmdebstrap", "dpkg-buildpackage",
                    "nsenter", "ip"):
        if shutil.which(command, path=os.environ.get("PATH", "") +
                        ":/usr/sbin:/sbin") is None:
            return f"{command} is not installed (./dev test does it)"
    if not glob.glob("/sys/fs/cgroup/*"):
        return "there are no cgroups here"
    return None


def packages(build):
    """{name: path} of the tree's packages; built if the tree has changed."""
    p = subprocess.run([os.path.join(REPO, "dev"), "package"], text=True,
                       env=dict(os.environ, QKDNODE_BUILD=build),
                       stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                       stdout=subprocess.PIPE)
    if p.returncode != 0:
        raise Failed("./dev package: " + p.stdout[-2000:])
    debs = glob.glob(os.path.join(build, "package", "*.deb"))
    return {os.path.basename(d).partition("_")[0]: d for d in debs}


def next_version(deb, folder):
    """The same package, one version up, as a file in the folder."""
    root, out = os.path.join(folder, "next"), os.path.join(folder, "next.deb")
    subprocess.run(["dpkg-deb", "-R", deb, root], check=True)
    control = os.path.join(root, "DEBIAN", "control")
    with open(control) as f:
        text = re.sub(r"(?m)^(Version: .*)$", r"\1+next", f.read())
    with open(control, "w") as f:
        f.write(text)
    subprocess.run(["dpkg-deb", "-b", root, out], check=True,
                   stdout=subprocess.DEVNULL)
    shutil.rmtree(root)
    return out


def dependencies(deb):
    """Names of the packages that this one needs, of alternatives the first."""
    text = subprocess.run(["dpkg-deb", "-f", deb, "Depends"], text=True,
                          check=True, stdout=subprocess.PIPE).stdout
    return sorted({re.match(r"[a-z0-9.+-]+", d.strip()).group()
                   for d in text.split(",")})


def release():
    with open("/etc/os-release") as f:
        found = re.search(r"^VERSION_CODENAME=(\w+)", f.read(), re.M)
    return found.group(1) if found else "bookworm"


def sources():
    """This machine's own package sources."""
    return ["/etc/apt/sources.list"] * os.path.exists(
        "/etc/apt/sources.list") + glob.glob(
        "/etc/apt/sources.list.d/*.sources") + glob.glob(
        "/etc/apt/sources.list.d/*.list")


def make(path, names):
    new = path + ".new"
    shutil.rmtree(new, ignore_errors=True)
    os.mkdir(new)
    os.chmod(new, 0o755)            # every user of a unit must enter it
    p = subprocess.run(
        ["nice", "mmdebstrap", "--mode=root", "--variant=minbase", "--quiet",
         "--include=" + ",".join(names)] +
        ["--dpkgopt=path-exclude=" + e for e in EXCLUDE] +
        ["--dpkgopt=path-include=" + e for e in INCLUDE] +
        [release(), new] + sources(), text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if p.returncode != 0:
        shutil.rmtree(new, ignore_errors=True)
        raise Failed("mmdebstrap: " + p.stdout[-2000:])
    for unit in MASKED:
        link = os.path.join(new, "etc/systemd/system", unit)
        if not os.path.lexists(link):
            os.symlink("/dev/null", link)
    with open(os.path.join(new, "etc/machine-id"), "w"):
        pass                        # each host makes its own
    os.rename(new, path)


def forget_old(base):
    for path in glob.glob(base + "-*"):
        if time.time() - os.stat(path).st_mtime > KEPT_DAYS * 86400:
            subprocess.run(["rm", "-rf", "--one-file-system", path])


def rootfs(deb):
    """A root file system with all that the package needs."""
    names = sorted(set(EXTRA) | set(dependencies(deb)))
    key = hashlib.sha256(" ".join(
        [release()] + names + EXCLUDE + INCLUDE).encode()).hexdigest()
    base = f"/var/tmp/qkdnode-rootfs-{os.getuid()}"
    path = f"{base}-{key[:12]}"
    with open(base + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(path):
            make(path, names)
        os.utime(path)
        forget_old(base)
    return path
