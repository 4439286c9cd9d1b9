"""Debian's Chromium, driven by its DevTools protocol: enough of it to open a file, look at it,
click and type.

Nothing else than the browser is needed but a websocket. Every message of the console and every
request is kept, so that a test can say that there was no error and that nothing was loaded."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any

PROGRAM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
WAIT_SECONDS = 30.0
Json = dict[str, Any]


AXE = "axe-core@4.14.1"


def axe_source(folder: Path) -> str:
    """The script of axe-core, which finds what keeps people out of a page, from the npm registry."""
    import pytest

    if shutil.which("npm") is None:
        pytest.skip("no npm on this machine: apt-get install npm")
    packed = subprocess.run(
        ["npm", "pack", "--silent", AXE], cwd=folder, capture_output=True, text=True
    )
    if packed.returncode:
        pytest.skip(f"{AXE} cannot be fetched: {packed.stderr[-200:]}")
    [archive] = folder.glob("*.tgz")
    with tarfile.open(archive) as content:
        script = content.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


class Browser:
    """One browser with one page, as a context; its profile and its process end with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Json] = []
        self._numbers = itertools.count(1)

    def __enter__(self) -> Browser:
        from websockets.sync.client import connect

        assert PROGRAM is not None
        options = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ]
        options += [
            "--remote-debugging-port=0",
            f"--user-data-dir={self.folder}",
            "--no-first-run",
            "--force-color-profile=srgb",
        ]
        options += [
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        self._process = subprocess.Popen(
            [PROGRAM, *options, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        port, path = self._address().splitlines()[:2]
        self._socket = connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None)
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(10)

    def _address(self) -> str:
        """The port that the browser chose, which it writes into its profile."""
        file = self.folder / "DevToolsActivePort"
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            if file.is_file() and file.read_text().count("\n") >= 1:
                return file.read_text()
            assert self._process.poll() is None, (
                f"{PROGRAM} ended with status {self._process.returncode}"
            )
            time.sleep(0.05)
        raise AssertionError(f"{PROGRAM} did not start within {WAIT_SECONDS:g} s")

    def call(self, method: str, **params: Any) -> Json:
        """One command of the protocol; its answer. Events that come meanwhile are kept."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(WAIT_SECONDS))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self.events.append(answer)

    def open(self, file: Path, width: int, height: int = 900, query: str = "") -> None:
        """Open a file at a width of so many CSS pixels, with no network at all, and wait until it
        is drawn."""
        self.events.clear()
        narrow = width < 600
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=narrow,
        )
        self.call(
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )
        self.call("Page.navigate", url=file.as_uri() + query)
        self.wait("document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """Value of an expression in the page."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + WAIT_SECONDS
        while not self.evaluate(f"Boolean({expression})"):
            assert time.monotonic() < end, (
                f"{expression} did not come true within {WAIT_SECONDS:g} s"
            )
            time.sleep(0.1)

    def press(self, key: str) -> None:
        """Press a key."""
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key)

    def move(self, x: float, y: float) -> None:
        """Move the mouse, in CSS pixels of the window."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def prefer(self, scheme: str) -> None:
        """Ask pages for a colour scheme, `light` or `dark`."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def violations(self, axe: str) -> list[str]:
        """What axe-core, whose source is given, finds wrong on the page, seriously or critically."""
        self.evaluate(axe + "; 0")
        found = self.evaluate(
            "axe.run({preload: false}).then((result) => JSON.stringify(result.violations))"
        )
        return [
            f"{one['id']}: {one['help']}: {[node['html'][:120] for node in one['nodes'][:3]]}"
            for one in json.loads(found)
            if one["impact"] in ("serious", "critical")
        ]

    def screenshot(self, file: Path, whole: bool = True) -> None:
        """A picture of the whole page, or of the window."""
        picture = self.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=whole, fromSurface=True
        )
        file.write_bytes(base64.b64decode(picture["data"]))

    def errors(self, also: tuple[str, ...] = ()) -> list[str]:
        """Errors in the console since the page was opened; also of these levels, e.g. `warning`."""
        self.evaluate("0")  # whatever waits on the line comes before this answer
        said = []
        for event in self.events:
            params = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                said.append(str(params["exceptionDetails"].get("exception", {}).get("description")))
            if event.get("method") == "Log.entryAdded" and params["entry"]["level"] in (
                "error",
                *also,
            ):
                said.append(str(params["entry"]))
            if event.get("method") == "Runtime.consoleAPICalled" and params["type"] in (
                "error",
                "assert",
                *also,
            ):
                said.append(str(params["args"]))
        return said

    def requests(self) -> list[str]:
        """Addresses that the page asked for, itself and data in the page excepted."""
        self.evaluate("0")
        asked = [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]
        return [
            address
            for address in asked
            if not address.startswith(("data:", "file:", "about:", "blob:"))
        ]
