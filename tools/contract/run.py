#!/usr/bin/env python3
"""Checks a real drape server from outside against the contract of the Try-On API.

usage: run.py --drape target/debug/drape [--old 0.5] [--seed 1] [--only WORD]

Starts the server on loopback ports with a data folder of its own; `--old` is the share of try-ons that are spelled in
the dialects of versions 1.0 to 1.3.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import traceback

import checks
from client import Client, Web


# The shop of these checks lives on the loopback interface.
ALLOW = 'outbound.allow=["127.0.0.1/32"]'


class Server:
    """The binary under test."""

    def __init__(self, drape, web):
        self.drape, self.web = drape, web
        self.folder = tempfile.TemporaryDirectory()
        self.process = self.base = None
        self.log = open(os.path.join(self.folder.name, "log"), "w")

    def cli(self, *words, ok=True):
        done = subprocess.run([self.drape, "--data-dir", self.folder.name + "/data", "--set", ALLOW, *words], capture_output=True, text=True)
        if ok and done.returncode != 0:
            raise AssertionError(f"drape {' '.join(words)}: {done.stderr}")
        return done

    def account(self, name, credits=1000, rate_limit=100_000):
        import json

        made = self.cli("account", "create", name, "--credits", str(credits), "--rate-limit", str(rate_limit), "--json")
        return json.loads(made.stdout)

    def start(self, *settings):
        import socket

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        words = ["serve", "--listen", f"127.0.0.1:{port}"]
        for setting in (ALLOW, "worker.retry_delay_ms=50", *settings):
            words += ["--set", setting]
        self.process = subprocess.Popen([self.drape, "--data-dir", self.folder.name + "/data", *words],
                                        stdout=self.log, stderr=self.log)
        for _ in range(300):
            try:
                if Client(self.base, None).get("/readyz").status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError("the server does not get ready")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(60)
            self.process = None


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--drape", required=True)
    options.add_argument("--old", type=float, default=0.5)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="")
    options = options.parse_args()

    web = Web()
    server = Server(os.path.abspath(options.drape), web)
    failed = passed = 0
    try:
        server.start()
        for check in checks.ALL:
            if options.only not in check.__name__:
                continue
            world = checks.World(server, web, options.old, options.seed + passed)
            try:
                check(world)
                passed += 1
                print(f"ok    {check.__name__.replace('_', ' ')}")
            except Exception:
                failed += 1
                print(f"FAIL  {check.__name__.replace('_', ' ')}\n{traceback.format_exc()}")
    finally:
        server.stop()
    print(f"{passed} passed, {failed} failed")
    if failed:
        sys.stdout.write(open(server.log.name).read()[-3000:])
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
