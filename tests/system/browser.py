"""A headless Chromium, driven over a pipe by its own protocol (CDP)."""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

from lib import wait_for

# It gives requests up, loopback too, when this machine gets or loses an
# interface: hosts of another test come or go. The page asks again.
OTHERS = "net::ERR_NETWORK_CHANGED"
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find():
    return next((p for p in map(shutil.which, NAMES) if p), None)


class Browser:
    """One page. What it asked for and what it complained of is kept."""

    def __init__(self, program):
        self.dir = tempfile.mkdtemp(prefix="qkdnode-browser.")
        to_child, self.out = os.pipe()
        self.inp, from_child = os.pipe()
        self.process = subprocess.Popen(
            ["bash", "-c", 'exec "$@" 3<&%d 4>&%d' % (to_child, from_child),
             "browser", program, "--headless=new", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-extensions",
             "--disable-component-update", "--hide-scrollbars",
             "--user-data-dir=" + self.dir, "--remote-debugging-pipe",
             "about:blank"],
            pass_fds=(to_child, from_child), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_child)
        os.close(from_child)
        self.buffer, self.number, self.session = b"", 0, None
        self.requests, self.complaints = [], []
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def _attach(self):
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(t for t in targets if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", flatten=True,
                                 targetId=page["targetId"])["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def _read(self, end):
        while b"\0" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.inp], [], [], left)[0]:
                raise TimeoutError("the browser is silent")
            data = os.read(self.inp, 1 << 20)
            if not data:
                raise OSError("the browser has ended")
            self.buffer += data
        one, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(one)

    def _event(self, m):
        p = m.get("params", {})
        if m["method"] == "Network.requestWillBeSent":
            self.requests.append(p["request"]["url"])
        elif m["method"] == "Runtime.exceptionThrown":
            self.complaints.append(str(p["exceptionDetails"])[:500])
        elif m["method"] == "Runtime.consoleAPICalled":
            self.complaints.append(str(p["args"])[:500])
        elif m["method"] == "Log.entryAdded" and \
                OTHERS not in p["entry"]["text"]:
            self.complaints.append(p["entry"]["text"] + " " +
                                   p["entry"].get("url", ""))

    def call(self, method, seconds=60, **params):
        self.number += 1
        m = {"id": self.number, "method": method, "params": params}
        if self.session:
            m["sessionId"] = self.session
        os.write(self.out, json.dumps(m).encode() + b"\0")
        end = time.monotonic() + seconds
        while True:
            answer = self._read(end)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError("%s: %s" % (method, answer["error"]))
                return answer["result"]
            if "method" in answer:
                self._event(answer)

    def look(self, width, height, dark=False, mobile=False):
        """The size of the screen, and the user's taste."""
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=mobile)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme",
             "value": "dark" if dark else "light"}])

    def open(self, url):
        self.call("Page.navigate", url=url)

    def evaluate(self, expression):
        r = self.call("Runtime.evaluate", expression=expression,
                      returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in r:
            raise RuntimeError(str(r["exceptionDetails"])[:500])
        return r["result"].get("value")

    def wait(self, expression, seconds=20):
        try:
            wait_for(expression, lambda: self.evaluate(expression), seconds)
        except AssertionError as e:
            raise AssertionError("%s; %s" % (e, self.complaints)) from None

    def screenshot(self, path, **clip):
        """All of the page, as far down as it goes; or x, y, width, height
        of it."""
        more = {"clip": dict(clip, scale=1)} if clip else {}
        r = self.call("Page.captureScreenshot", format="png",
                      captureBeyondViewport=True, **more)
        with open(path, "wb") as f:
            f.write(base64.b64decode(r["data"]))

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.out)
        os.close(self.inp)
        shutil.rmtree(self.dir, ignore_errors=True)
