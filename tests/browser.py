"""A headless Chromium without a network, driven over WebDriver's HTTP protocol; for tests of pages."""

import json
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

CHROMIUM = shutil.which("chromium")
CHROMEDRIVER = shutil.which("chromedriver")
_LONGEST_SECONDS = 30
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key under which WebDriver names an element."""
_KEYS = {"Tab": 9, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}
"""What Windows calls the keys of press(), which the browser goes by."""


class Browser:
    """One session of a browser."""

    def __init__(self, address: str, session: str) -> None:
        """Take a session that has started."""
        self._base = f"{address}/session/{session}"

    def open(self, page: Path, fragment: str = "") -> None:
        """Open a page from disk."""
        self._post("url", url=page.resolve().as_uri() + fragment)

    def run(self, script: str) -> Any:
        """Return the result of a piece of JavaScript."""
        return self._post("execute/sync", script=script, args=[])

    def type_into(self, selector: str, text: str) -> None:
        """Type a text into an input."""
        found = self._post("element", using="css selector", value=selector)
        self._post(f"element/{found[_ELEMENT]}/value", text=text)

    def wait_for(self, script: str) -> Any:
        """Return the first truthy result of a piece of JavaScript; raises TimeoutError after 30 s."""
        end = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < end:
            if found := self.run(script):
                return found
            time.sleep(0.1)
        raise TimeoutError(script)

    def resize(self, width: int, height: int, is_dark: bool = False) -> None:
        """Set the size of the page in CSS pixels, and its colour scheme."""
        self._cdp(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self._cdp("Emulation.setEmulatedMedia", features=[scheme])

    def press(self, key: str, times: int = 1) -> None:
        """Press a key, by its name in JavaScript, such as ArrowRight."""
        for _ in range(times):
            for kind in ("rawKeyDown", "keyUp"):
                self._cdp("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=_KEYS[key])

    def told(self) -> list[str]:
        """Return what the console was told since the last call: warnings, errors, and what a policy refused."""
        return [entry["message"] for entry in self._post("se/log", type="browser")]

    def print_preview(self, is_on: bool) -> None:
        """Show the page as it is on paper, or on the screen again."""
        self._cdp("Emulation.setEmulatedMedia", media="print" if is_on else "")

    def allow_scripts(self, are_allowed: bool) -> None:
        """Run the scripts of pages that are opened from now on, or none."""
        self._cdp("Emulation.setScriptExecutionDisabled", value=not are_allowed)

    def screenshot(self) -> bytes:
        """Return the visible page as PNG."""
        return b64decode(_request("GET", f"{self._base}/screenshot"))

    def close(self) -> None:
        """End the session and its browser."""
        _request("DELETE", self._base)

    def _cdp(self, command: str, **arguments: object) -> None:
        self._post("goog/cdp/execute", cmd=command, params=arguments)

    def _post(self, command: str, **arguments: object) -> Any:
        return _request("POST", f"{self._base}/{command}", arguments)


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start a browser with a fresh profile, and end it; every host name is unknown to it."""
    assert CHROMEDRIVER is not None
    # With port 0 the driver takes a free one and prints which.
    driver = subprocess.Popen([CHROMEDRIVER, "--port=0"], stdout=subprocess.PIPE, encoding="utf-8")
    try:
        assert driver.stdout is not None
        line = next(line for line in driver.stdout if "started successfully on port" in line)
        address = f"http://127.0.0.1:{line.rstrip().rstrip('.').rpartition(' ')[2]}"
        session = Browser(address, _request("POST", f"{address}/session", _capabilities(profile))["sessionId"])
        try:
            yield session
        finally:
            session.close()
    finally:
        driver.terminate()
        driver.wait(_LONGEST_SECONDS)


def _capabilities(profile: Path) -> dict[str, object]:
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    arguments += ["--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND"]
    options = {"binary": CHROMIUM, "args": [*arguments, f"--user-data-dir={profile}"]}
    wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
    return {"capabilities": {"alwaysMatch": wanted}}


def _request(method: str, url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, {"Content-Type": "application/json"}, method=method)) as answer:
        return json.load(answer)["value"]
