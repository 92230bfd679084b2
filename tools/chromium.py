"""Headless Chromium, driven by the DevTools protocol over a pipe."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--no-first-run",
    "--remote-debugging-pipe",
)


class ChromiumNotFoundError(Exception):
    """Chromium is not installed."""


class Page:
    """One tab of a browser."""

    def __init__(self, commands: BinaryIO, messages: BinaryIO) -> None:
        self._commands = commands
        self._messages = messages
        self._count = 0
        self._loads: list[Any] = []
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def open(self, url: str) -> None:
        """Open a page and wait until it is loaded."""
        self._loads.clear()
        failed = self.call("Page.navigate", url=url).get("errorText")
        assert failed is None, failed
        self._wait_for_load()

    def submit(self, script: str) -> None:
        """Run a script that leads to another page, and wait until that is loaded."""
        self._loads.clear()
        self.evaluate(script)
        self._wait_for_load()

    def evaluate(self, script: str) -> Any:
        """The JSON value of an expression in the page; a promise is awaited."""
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def mouse(self, kind: str, x: float, y: float, *, is_pressed: bool = False) -> None:
        """Press, move or release the left button at a point of the window: ``mousePressed``, ``mouseMoved``, ``mouseReleased``."""
        button = "left" if is_pressed or kind != "mouseMoved" else "none"
        self.call(
            "Input.dispatchMouseEvent",
            type=kind,
            x=x,
            y=y,
            button=button,
            buttons=1 if is_pressed or kind == "mousePressed" else 0,
            clickCount=0 if kind == "mouseMoved" else 1,
        )

    def wheel(self, x: float, y: float, delta: float, *, with_control: bool = False) -> None:
        """Turn the wheel at a point of the window; a positive number scrolls down."""
        self.call(
            "Input.dispatchMouseEvent",
            type="mouseWheel",
            x=x,
            y=y,
            deltaX=0,
            deltaY=delta,
            modifiers=2 if with_control else 0,
        )

    def resize(self, width: int, height: int, *, is_dark: bool = False) -> None:
        """Set the size of the window, and the colour scheme that the user prefers; nothing moves smoothly."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        motion = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.call("Emulation.setEmulatedMedia", features=[scheme, motion])

    def screenshot(self, max_size: int) -> bytes:
        """The visible part of the page as WebP, in the best quality that is not larger than a number of bytes."""
        for quality in (80, 70, 60, 50, 40):
            taken = self.call("Page.captureScreenshot", format="webp", quality=quality)
            content = base64.b64decode(taken["data"])
            if len(content) <= max_size:
                return content
        raise ValueError(f"The picture has {len(content)} bytes")

    def _wait_for_load(self) -> None:
        while not self._loads:
            self._read()
        self._loads.clear()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command of the DevTools protocol."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        self._commands.write(json.dumps(message).encode() + b"\0")
        self._commands.flush()
        while True:
            answer = self._read()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def _read(self) -> dict[str, Any]:
        content = bytearray()
        while (octet := self._messages.read(1)) != b"\0":
            assert octet, "Chromium has ended"
            content += octet
        message: dict[str, Any] = json.loads(content)
        if message.get("method") == "Page.loadEventFired":
            self._loads.append(message)
        return message


@contextmanager
def open_browser(*options: str) -> Iterator[Page]:
    """A browser with a fresh profile.

    Raises:
        ChromiumNotFoundError: if none is installed.
    """
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        raise ChromiumNotFoundError("Chromium is not installed")
    commands_in, commands_out = os.pipe()
    messages_in, messages_out = os.pipe()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        open(commands_out, "wb") as commands,
        open(messages_in, "rb") as messages,
    ):
        # The protocol is spoken over the descriptors 3 and 4.
        script = f'exec "$0" "$@" 3<&{commands_in} 4>&{messages_out}'
        process = subprocess.Popen(
            ["bash", "-c", script, program, *_OPTIONS, *options, f"--user-data-dir={profile}"],
            pass_fds=(commands_in, messages_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands_in)
        os.close(messages_out)
        try:
            yield Page(commands, messages)
        finally:
            process.kill()
            process.wait()
