"""The machine's Chromium."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

PROGRAM = shutil.which("chromium") or ""
MISSING = "there is no Chromium; install it (on Debian: apt-get install chromium)"
# Root, as which a container runs, may not have the browser's own sandbox.
FLAGS = ["--no-sandbox", "--disable-gpu"]


@contextmanager
def started() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=FLAGS)
        yield browser
        browser.close()
