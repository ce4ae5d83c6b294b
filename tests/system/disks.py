"""File systems of a test's own, in a mount namespace that ends with it."""
import fcntl
import os
import shutil
import struct
import subprocess
import sys

from lib import Skip, need_root, wait_for

EXT4_SHUTDOWN = 0x8004587D      # EXT4_IOC_SHUTDOWN
NO_FLUSH = 2                    # not even the journal's last pages


def own_namespace():
    """Runs this program again where its mounts are nobody else's."""
    need_root()
    if os.environ.get("QKDNODE_MOUNTS") != "own":
        os.environ["QKDNODE_MOUNTS"] = "own"
        os.execvp("unshare", ["unshare", "--mount", "--propagation",
                              "private", sys.executable] + sys.argv)


def mount(*words):
    p = subprocess.run(["mount", *words], capture_output=True, text=True)
    if p.returncode != 0:
        raise Skip("mount %s: %s" % (" ".join(words), p.stderr.strip()))


def umount(path):
    wait_for("the end of all that uses " + path, lambda: subprocess.run(
        ["umount", path], stderr=subprocess.DEVNULL).returncode == 0, 10)


def move_onto(folder, *words):
    """A file system on the folder, with what was in the folder in it."""
    aside = folder + ".aside"
    st = os.stat(folder)
    os.rename(folder, aside)
    os.mkdir(folder)
    mount(*words, folder)
    os.chown(folder, st.st_uid, st.st_gid)
    os.chmod(folder, st.st_mode & 0o7777)
    for name in os.listdir(aside):
        subprocess.run(["cp", "-a", os.path.join(aside, name), folder],
                       check=True)
    shutil.rmtree(aside)
    os.sync()           # what was there before is on the disk


class Disk:
    """A folder on an ext4 file system in a file, whose power can be cut."""

    def __init__(self, folder, image, mib=128):
        self.folder, self.image = folder, image
        with open(image, "wb") as f:
            f.truncate(mib << 20)
        subprocess.run(["mkfs.ext4", "-q", image], check=True)
        move_onto(folder, "-o", "loop", image)

    def cut_power(self):
        """What was not synced is gone; every further write fails."""
        fd = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, EXT4_SHUTDOWN, struct.pack("I", NO_FLUSH))
        finally:
            os.close(fd)

    def power_on(self):
        umount(self.folder)
        mount("-o", "loop", self.image, self.folder)
