"""Masters that draw keys for slaves at several nodes, which fetch."""
import random
import threading
import time
import traceback

from lib import GONE, fetch_keys, wait_for

MASTER = "SAE-A1"


def post(net, slave, also, number=1, size=256, client=None):
    return (client or net.client(MASTER, timeout=40)).call(
        slave, "enc_keys", {"number": number, "size": size,
                            "additional_slave_SAE_IDs": also})


class MultiLoad:

    def __init__(self, net):
        self.net, self.ended, self.done = net, threading.Event(), 0
        self.threads = [threading.Thread(target=self._guard, args=(m,),
                                         daemon=True)
                        for m in ("SAE-A1", "SAE-C2", "SAE-D1", "SAE-A1")]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for t in self.threads:
            t.join(40)

    def _guard(self, master):
        try:
            self._work(master)
        except Exception:
            self.net.oracle.fault("load died: " + traceback.format_exc())

    def _draw(self, master, client, rnd):
        slaves = rnd.sample([s for s in self.net.json["saes"] if s != master],
                            rnd.randint(2, 6))
        number, size = rnd.randint(1, 4), rnd.choice((128, 256, 8192))
        try:
            code, body = post(self.net, slaves[0], slaves[1:], number, size,
                              client)
        except GONE:
            return []
        if code != 200:
            if code != 503:
                self.net.oracle.fault("enc_keys: %d %s" % (code, body))
            return []
        return self.net.oracle.drawn(master, slaves[0], body, number, size,
                                     slaves[1:])

    def _work(self, master):
        client, rnd = self.net.client(master), random.Random()
        clients = {s: self.net.client(s) for s in self.net.json["saes"]}
        while not self.ended.is_set():
            keys = self._draw(master, client, rnd)
            if not keys:
                time.sleep(0.05)
                continue
            for i in range(1 + len(keys[0].also)):
                mine = [[k, *k.also][i] for k in keys]
                # What cannot be had now is fetched at the end.
                if fetch_keys(self.net.oracle, clients[mine[0].slave],
                              mine) == "done":
                    self.done += len(mine)

    def await_progress(self, seconds=30):
        before = self.done
        wait_for("multicast to go on", lambda: self.done > before + 20,
                 seconds)
        self.net.oracle.verdict()
