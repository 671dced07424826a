"""Writes docs/dashboard.png, the picture in the README: `.venv/bin/python -m tests.browser.screenshot`."""

import io
from datetime import timedelta

import django
from PIL import Image

from saas.instance import ROOT
from tests import service

FILE = ROOT / "docs" / "dashboard.png"
WIDTH, HEIGHT = 1280, 900
# A small palette is enough for a page, and makes the file a quarter as large.
COLOURS = 128
DAYS = 14


def main() -> None:
    service.SERVICE.start()
    try:
        _save(_picture())
    finally:
        service.end()


def _picture() -> bytes:
    django.setup()
    from tests import gallery as galleries  # noqa: PLC0415  # It knows the models, which want Django's settings.
    from tests.browser import chromium  # noqa: PLC0415

    gallery = galleries.furnish(service.SERVICE)
    with chromium.started() as browser:
        window = browser.new_context(base_url=service.SERVICE.url, viewport={"width": WIDTH, "height": HEIGHT})
        window.add_cookies([{"name": "sessionid", "value": gallery.owner.session, "url": service.SERVICE.url}])
        page = window.new_page()
        page.goto(f"/o/{gallery.slug}/models/{galleries.MODEL}/", wait_until="networkidle")
        return page.screenshot()


def _save(picture: bytes) -> None:
    FILE.parent.mkdir(exist_ok=True)
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS).save(FILE, optimize=True)


if __name__ == "__main__":
    main()
