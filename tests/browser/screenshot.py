"""Writes docs/dashboard.png, the picture in the README: `.venv/bin/python -m tests.browser.screenshot`."""

import io

from PIL import Image
from playwright.sync_api import Page, ViewportSize

from saas.instance import ROOT
from tests import gallery, service
from tests.browser import chromium
from tests.end_to_end.stranger import Api, Browser
from tests.gallery import SAMPLE, Person
from tests.service import SERVICE

FILE = ROOT / "docs" / "dashboard.png"
SIZE: ViewportSize = {"width": 1280, "height": 860}
# A small palette is enough for a page, and makes the file a quarter as large.
COLOURS = 128
# The model learns from every so many-th row, and is better each time.
SHARES = (5, 4, 3, 1)
MODEL = "support"


def main() -> None:
    SERVICE.start()
    try:
        _save(_picture())
    finally:
        service.end()


def _picture() -> bytes:
    founded = SERVICE.create_organisation("Northwind", "nora@northwind.example")
    nora = gallery.sign_in(SERVICE, founded["owner"], founded["password"])
    _train(nora, founded["slug"], founded["key"])
    with chromium.started() as browser:
        window = browser.new_context(base_url=SERVICE.url, viewport=SIZE)
        window.add_cookies([{"name": "sessionid", "value": nora.session, "url": SERVICE.url}])
        return _shot(window.new_page(), f"/o/{founded['slug']}/models/{MODEL}/")


def _train(nora: Person, slug: str, key: str) -> None:
    """Upload more and more of the sample, and have a version trained on each part."""
    api, browser = Api(SERVICE.url, key), Browser(SERVICE.url)
    browser.client.cookies.set("sessionid", nora.session)
    header, *rows = SAMPLE.read_text().splitlines(keepends=True)
    with api.client, browser.client:
        for share in SHARES:
            dataset = gallery.upload(api, "Messages to the desk.csv", header + "".join(rows[::share]))
            wanted = {"dataset": dataset, "model": MODEL, "quality": "fast"}
            page = browser.submit(f"/o/{slug}/trainings/start/", **wanted)
            job = str(page.url).rstrip("/").rpartition("/")[2]
            api.until(f"training_jobs/{job}", lambda found: found["finished_at"] is not None)


def _shot(page: Page, address: str) -> bytes:
    page.goto(address, wait_until="networkidle")
    return page.screenshot(animations="disabled")


def _save(picture: bytes) -> None:
    FILE.parent.mkdir(exist_ok=True)
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS).save(FILE, optimize=True)


if __name__ == "__main__":
    main()
