"""Chromium for a test, by its DevTools protocol over two pipes.

    with Browser(width=1280) as b:
        b.open("http://127.0.0.1:8650/")
        b.wait("document.querySelector('h1')")
        b.run("document.title")
        b.problems     # errors of the page and of its content policy
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")


class Browser:
    def __init__(self, width=1280, height=860, language="en-US"):
        self.size = (width, height)
        self.language = language
        self.number = 0
        self.problems = []
        self.buffer = b""

    def __enter__(self):
        to_it, self.out = os.pipe()
        self.inp, from_it = os.pipe()
        self.folder = tempfile.TemporaryDirectory(prefix="tocsin-page-",
                                                  ignore_cleanup_errors=True)

        def wire():
            os.dup2(to_it, 3)
            os.dup2(from_it, 4)

        self.process = subprocess.Popen(
            [PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--no-proxy-server",
             f"--user-data-dir={self.folder.name}",
             f"--window-size={self.size[0]},{self.size[1]}",
             "--remote-debugging-pipe", "about:blank"],
            preexec_fn=wire, pass_fds=(3, 4),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_it)
        os.close(from_it)
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")
        self.session = self.call("Target.attachToTarget", flatten=True,
                                 targetId=target["targetId"])["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=self.size[0],
                  height=self.size[1], deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setLocaleOverride", locale=self.language)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:  # a loaded machine
            self.process.kill()
            self.process.wait()
        os.close(self.out)
        os.close(self.inp)
        self.folder.cleanup()

    def read(self, timeout):
        until = time.monotonic() + timeout
        while b"\0" not in self.buffer:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.inp], [], [], left)[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self.inp, 1 << 20)
            if not data:
                raise EOFError("the browser ended")
            self.buffer += data
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def note(self, message):
        kind, p = message.get("method"), message.get("params", {})
        if kind == "Runtime.exceptionThrown":
            self.problems.append(str(p["exceptionDetails"])[:600])
        elif kind == "Log.entryAdded" and p["entry"]["level"] == "error":
            self.problems.append(p["entry"]["text"])
        elif kind == "Runtime.consoleAPICalled" and p["type"] == "error":
            self.problems.append(str(p["args"])[:600])

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            reply = self.read(120)
            if reply.get("id") == self.number:
                assert "error" not in reply, (method, reply["error"])
                return reply["result"]
            self.note(reply)

    def open(self, url):
        self.call("Page.navigate", url=url)

    def run(self, script):
        r = self.call("Runtime.evaluate", expression=script,
                      awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in r, r["exceptionDetails"]
        return r["result"].get("value")

    def wait(self, script, seconds=60):
        until = time.monotonic() + seconds
        while not self.run(f"!!({script})"):
            assert time.monotonic() < until, \
                f"never came: {script}\n{self.run('document.body.innerText')}"
            time.sleep(0.05)

    def text(self):
        return self.run("document.body.innerText")

    def picture(self, path):
        """The whole page as a PNG, for a person to look at."""
        r = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(r["data"]))
