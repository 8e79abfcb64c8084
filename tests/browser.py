"""A headless Chromium of Debian's, driven by its own driver over WebDriver (https://www.w3.org/TR/webdriver2/)."""

from __future__ import annotations

import base64
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
)  # fmt: skip

NETWORK_CHANGED = "ERR_NETWORK_CHANGED"
"""Machines of the lab that come and go change this machine's network, and a browser here gives up what it loads."""


class Browser:
    """
    A browser with one window.

    Args:
        session: the address of its session with the driver
    """

    def __init__(self, session: str) -> None:
        self._session = session
        self._client = httpx.Client(timeout=60, trust_env=False)

    def _do(self, path: str, **parameters: Any) -> Any:
        answer = self._client.post(f"{self._session}/{path}", json=parameters).json()["value"]
        if isinstance(answer, dict) and "error" in answer:
            raise AssertionError(f"{path}: {answer['error']}: {answer['message'].splitlines()[0]}")
        return answer

    def open(self, url: str) -> None:
        """Load a page."""
        self._do("url", url=url)

    def script(self, text: str) -> Any:
        """What a function's body returns in the page; a promise is waited for."""
        return self._do("execute/sync", script=text, args=[])

    def command(self, name: str, **parameters: Any) -> Any:
        """A command of Chromium's own protocol (https://chromedevtools.github.io/devtools-protocol/)."""
        return self._do("goog/cdp/execute", cmd=name, params=parameters)

    def shown(self, width: int, dark: bool) -> None:
        """Look as on a screen of this width, of somebody who wants it dark or light."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1,
                     mobile=width < 600)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])

    def complaints(self) -> list[str]:
        """What the console was told since the last time: errors of scripts, and what a policy refused."""
        entries = self._do("se/log", type="browser")
        messages = [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]
        return [message for message in messages if NETWORK_CHANGED not in message]

    def until(self, condition: str, within: float = 30) -> None:
        """Wait until an expression is true in the page."""
        end = time.monotonic() + within
        while not self.script(f"return Boolean({condition})"):
            assert time.monotonic() < end, f"{condition} did not come true within {within:.0f} s"
            time.sleep(0.1)

    def screenshot(self, path: Path) -> None:
        """Keep a picture of the whole page, also of what must be scrolled to."""
        size = self.script("return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
        shot = self.command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def started() -> Iterator[Browser]:
    """A browser that remembers nothing, for as long as this goes on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        with tempfile.TemporaryDirectory() as profile, httpx.Client(timeout=60, trust_env=False) as client:
            _wait(client, base)
            wanted = {
                "acceptInsecureCerts": True,
                "goog:chromeOptions": {"args": [*FLAGS, f"--user-data-dir={profile}"]},
                "goog:loggingPrefs": {"browser": "ALL"},
            }
            made = client.post(f"{base}/session", json={"capabilities": {"alwaysMatch": wanted}}).json()["value"]
            assert "sessionId" in made, made
            session = f"{base}/session/{made['sessionId']}"
            try:
                yield Browser(session)
            finally:
                client.delete(session)
    finally:
        driver.terminate()
        driver.wait(20)


def _wait(client: httpx.Client, base: str) -> None:
    for _ in range(200):
        try:
            if client.get(f"{base}/status").json()["value"]["ready"]:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("chromedriver did not start")
