"""A person's hand: it finds things by what they are called, and its clicks are counted."""

import re
from pathlib import Path
from typing import Literal

from playwright.sync_api import Locator, Page, expect

Kind = Literal["link", "button"]


class Hand:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def click(self, kind: Kind, name: str) -> None:
        """Click what has this name, as a person does: where it has come to rest, and once it can be clicked."""
        self._main_or_page(kind, name).first.click()
        self.clicks += 1

    def type(self, label: str, text: str) -> None:
        self.page.get_by_role("main").get_by_label(label).first.fill(text)

    def pick(self, label: str, file: Path) -> None:
        """Choose a file in the system's dialogue, which counts as one click, or let it fall on its field."""
        self.page.get_by_role("main").get_by_label(label).first.set_input_files(file)
        self.clicks += 1

    def reads(self, text: str, within: str = "", seconds: float = 10) -> None:
        """Wait until the page, or its region of this name, shows the text."""
        main = self.page.get_by_role("main")
        shown = main.get_by_role("region", name=within) if within else main
        expect(shown.get_by_text(text).first).to_be_visible(timeout=seconds * 1000)

    def waits_for(self, kind: Kind, name: str, seconds: float) -> None:
        """Wait for something to click."""
        expect(self._main_or_page(kind, name).first).to_be_visible(timeout=seconds * 1000)

    def _main_or_page(self, kind: Kind, name: str) -> Locator:
        """Return what is called so, in the page's own part or in the bars around it."""
        exact = re.compile(rf"^\s*{re.escape(name)}\s*$", re.IGNORECASE)
        inside = self.page.get_by_role("main").get_by_role(kind, name=exact)
        return inside.or_(self.page.get_by_role("navigation").get_by_role(kind, name=exact))
