"""An nginx with the same certificates and fixed answers of the same length."""

import base64
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time

from machine import pin
from network import KEY_OCTETS, Failed, get, say

CONF = """
worker_processes 1;
worker_rlimit_nofile 20000;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
events {{ worker_connections 15000; }}
http {{
    access_log off;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_header_timeout 1h;
    client_body_buffer_size 64k;
    default_type application/json;
    etag off;
    server_tokens off;
    max_ranges 0;
    add_header Last-Modified "";
    open_file_cache max=16 inactive=1h;
    open_file_cache_valid 1h;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK;
    ssl_prefer_server_ciphers on;
    ssl_session_cache shared:sessions:16m;
    ssl_session_timeout 600;
    ssl_session_tickets off;
    ssl_conf_command NumTickets 1;
    ssl_client_certificate {ca};
    ssl_verify_client on;
{servers}
}}
"""
SERVER = """
    server {{
        listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_certificate {base}.crt;
        ssl_certificate_key {base}.key;
        root {dir};
        error_page 405 =200 /answer-{number};
        location / {{ rewrite ^ /answer-{number} break; }}
    }}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def disguise(body):
    """The same answer with other keys: ours are not for nginx's disk."""
    def other(m):
        raw = secrets.token_bytes(KEY_OCTETS)
        return b'"key":' + m[1] + b'"' + base64.b64encode(raw) + b'"'
    return re.sub(rb'"key":( *)"[^"]*"', other, body)


class Nginx:
    """One worker; a port for each (keys in the answer, certificate)."""

    def __init__(self, directory, net, core, certificates, numbers):
        """certificates: {name: path without .crt and .key}"""
        self.dir, self.net, self.core = directory, net, core
        self.proc = None
        os.makedirs(directory, mode=0o755)
        self.ports = {(n, c): free_port() for n in numbers
                      for c in certificates}
        lengths = {n: self.copy(n) for n in numbers}
        self.start(certificates)
        try:
            for n, wanted in lengths.items():
                self.fit(n, wanted)
        except BaseException:
            self.stop()
            raise

    def write(self, number, body):
        with open(os.path.join(self.dir, f"answer-{number}"), "wb") as f:
            f.write(body)

    def copy(self, number):
        length, body = self.net.get(
            "SAE-A1", f"/api/v1/keys/SAE-B1/enc_keys?number={number}"
            f"&size={KEY_OCTETS * 8}")
        self.write(number, disguise(body))
        return length

    def start(self, certificates):
        servers = "".join(SERVER.format(
            port=p, dir=self.dir, number=n, base=certificates[c])
            for (n, c), p in self.ports.items())
        path = os.path.join(self.dir, "nginx.conf")
        with open(path, "w") as f:
            f.write(CONF.format(dir=self.dir, servers=servers,
                                ca=self.net.ca))
        exe = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        if not exe:
            raise Failed("nginx is missing: install nginx-light")
        self.proc = subprocess.Popen(
            [exe, "-p", self.dir, "-c", path, "-e", self.dir + "/error.log",
             "-g", "daemon off;"], stdin=subprocess.DEVNULL)
        for _ in range(100):
            time.sleep(0.05)
            try:
                for p in self.ports.values():
                    socket.create_connection(("127.0.0.1", p), 1).close()
                return
            except OSError:
                if self.proc.poll() is not None:
                    break
        self.stop()
        raise Failed(f"nginx did not start; see {self.dir}/error.log")

    def fit(self, number, wanted):
        """Blanks at the end until the whole answer is as long as ours."""
        path = os.path.join(self.dir, f"answer-{number}")
        with open(path, "rb") as f:
            body = f.read()
        have, _ = get(self.address(number), self.net.net["saes"]["SAE-A1"],
                      self.net.ca, "/")
        if have > wanted:
            say(f"nginx's answer of {number} keys is {have - wanted} octets "
                "longer than ours")
        self.write(number, body + b" " * max(0, wanted - have))
        self.proc.send_signal(signal.SIGHUP)     # drops the cached file
        time.sleep(0.5)

    def address(self, number, certificate="ec"):
        return f"127.0.0.1:{self.ports[number, certificate]}"

    def workers(self):
        pid = self.proc.pid
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            found = [int(p) for p in f.read().split()]
        for p in found:
            pin(p, self.core)
        return found

    def stop(self):
        if self.proc and self.proc.poll() is None:
            self.proc.terminate()
            self.proc.wait(10)
