"""Axe looks for what shuts people out of a page: https://github.com/dequelabs/axe-core."""

from functools import cache
from typing import Any

from playwright.sync_api import Page

from saas.instance import ROOT

PROGRAM = ROOT / "tests" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
# Axe leaves off the rule about the size of targets, which matters to fingers. Its `preload` makes style elements, which
# the content policy refuses.
RUN = """(spared) => axe.run(spared ? { exclude: [spared] } : document, {
  preload: false, resultTypes: ["violations"], rules: {"target-size": {enabled: true}},
})"""


def violations(page: Page, spared: str = "") -> list[str]:
    """Return what is wrong with the page as it stands, without what is in the element `spared`: one line an element."""
    page.evaluate(_source())
    found: dict[str, Any] = page.evaluate(RUN, spared)
    return [
        f"{rule['id']} at {' '.join(map(str, node['target']))}: {' '.join(node['failureSummary'].split())}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@cache
def _source() -> str:
    if not PROGRAM.exists():
        raise RuntimeError(f"{PROGRAM.relative_to(ROOT)} is missing. Run ./assort test, which installs it.")
    return PROGRAM.read_text()
