"""The real product (`wartemarke try`) and a real browser. Pictures for the README: PICTURES=1."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PICTURES = HERE.parent.parent / "docs" / "pictures"

sync_api = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright")

Open = Callable[..., Any]
"""`open_page("emma", dark=True)`: a window of that person's own, as a Playwright Page."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Product:
    """`wartemarke try`, which can be stopped and started again on the same folder and port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}/"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "bot", "try", "--folder", str(self.folder), "--port", str(self.port)]
        log = (self.folder / "log.txt").open("ab")
        with log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=HERE.parent.parent)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 2):
                return
            time.sleep(0.1)
        pytest.fail("wartemarke try did not start:\n" + (self.folder / "log.txt").read_text(encoding="utf-8"))

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    started = Product(tmp_path_factory.mktemp("playground"))
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        if found is None and not Path(own).exists():
            if os.environ.get("REQUIRE_BROWSER") == "1":
                pytest.fail("REQUIRE_BROWSER=1, but there is no Chromium here")
            pytest.skip("no Chromium here: install it, or run `playwright install chromium`")
        launched = playwright.chromium.launch(executable_path=found or own, args=["--no-sandbox"])
        yield launched
        launched.close()


def is_trouble(said: Any) -> bool:
    """Whether the console speaks of a fault of the page; a server that is away is none."""
    return said.type == "error" and "ERR_CONNECTION" not in said.text


@pytest.fixture
def open_page(product: Product, browser: Any) -> Iterator[Open]:
    """Opens windows; at the end, nothing may have gone wrong in any of them."""
    contexts: list[Any] = []
    troubles: list[str] = []

    def open_window(
        person: str, *, dark: bool = False, width: int = 1360, height: int = 860, first_visit: bool = False
    ) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        if not first_visit:
            context.add_init_script("localStorage.setItem('welcomed', 'yes')")
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"{person}: {error}"))
        page.on("console", lambda said: troubles.append(f"{person}: {said.text}") if is_trouble(said) else None)
        page.on("dialog", lambda dialog: troubles.append(f"{person}: a script spoke: {dialog.message}"))
        page.goto(f"{product.address}?as={person}")
        page.wait_for_selector("#app:not([hidden])")
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture(scope="session")
def picture() -> Callable[[Any, str], None]:
    """Keeps a picture of a window for the README, when PICTURES=1 asks for it."""

    def take(page: Any, name: str) -> None:
        if os.environ.get("PICTURES") == "1":
            PICTURES.mkdir(parents=True, exist_ok=True)
            page.mouse.move(5, 5)
            page.screenshot(path=PICTURES / f"{name}.png")

    return take
