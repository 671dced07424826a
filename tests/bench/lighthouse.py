"""What Lighthouse finds on the pages that people see most, on a phone and at a desk."""

import json
import os
import statistics
import subprocess
from pathlib import Path
from typing import Any

import playwright

from saas.instance import ROOT
from tests import gallery as galleries
from tests.bench.row import Row, at_least
from tests.browser import chromium
from tests.gallery import MODEL, Gallery
from tests.service import Service

PROGRAM = ROOT / "tests" / "browser" / "node_modules" / "lighthouse" / "cli" / "index.js"
# Playwright brings a Node.js that is new enough.
NODE = Path(playwright.__file__).parent / "driver" / "node"
PAGES = {"home": "", "model": f"models/{MODEL}/", "try it": f"models/{MODEL}/try/"}
DEVICES: dict[str, tuple[str, ...]] = {"phone": (), "desk": ("--preset=desktop",)}
CATEGORIES = ("performance", "accessibility")
# One run says little about a machine that does other things as well.
RUNS = 3


def measure(service: Service) -> list[Row]:
    gallery = galleries.furnish(service)
    return [
        Row(f"{name} on a {device}, {category}", score, "of 100", at_least(95))
        for name, path in PAGES.items()
        for device, options in DEVICES.items()
        for category, score in _scores(f"{service.url}/o/{gallery.slug}/{path}", gallery, options).items()
    ]


def _scores(address: str, gallery: Gallery, options: tuple[str, ...]) -> dict[str, float]:
    reports = [_run(address, gallery, options)["categories"] for _ in range(RUNS)]
    return {name: statistics.median(report[name]["score"] * 100 for report in reports) for name in CATEGORIES}


def _run(address: str, gallery: Gallery, options: tuple[str, ...]) -> dict[str, Any]:
    command = [
        *(str(NODE), str(PROGRAM), address, "--quiet", "--output=json", "--no-enable-error-reporting"),
        f"--only-categories={','.join(CATEGORIES)}",
        f"--chrome-flags=--headless=new {' '.join(chromium.FLAGS)}",
        f"--extra-headers={json.dumps({'Cookie': f'sessionid={gallery.owner.session}'})}",
        *options,
    ]
    environment = {**os.environ, "CHROME_PATH": chromium.PROGRAM}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)
    if done.returncode:
        raise RuntimeError(f"Lighthouse failed on {address}:\n{done.stderr}")
    return dict(json.loads(done.stdout))
