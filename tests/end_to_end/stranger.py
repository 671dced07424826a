"""What a stranger does with a browser and a key, over real HTTP."""

import logging
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2 as httpx

from classifier.kinds import FAST

# A line for each request would bury what a failed test has to say.
logging.getLogger("httpx2").setLevel(logging.WARNING)

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Browser:
    """Just enough of one: cookies, forms with their token, redirects."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, follow_redirects=True, timeout=30)

    def submit(self, address: str, *, on: str | None = None, **fields: str | list[str]) -> httpx.Response:
        """Fill in the form of the page `on` (else `address` itself) and send it to `address`."""
        page = self.client.get(on or address)
        token = TOKEN.search(page.text)
        assert token is not None, f"no form on {page.url}: {page.status_code}"
        headers = {"Referer": str(page.url)}
        return self.client.post(address, data={**fields, "csrfmiddlewaretoken": token[1]}, headers=headers)


class Api:
    def __init__(self, url: str, key: str) -> None:
        self.client = httpx.Client(base_url=f"{url}/api/v1/", headers={"Authorization": f"Bearer {key}"}, timeout=30)

    def get(self, path: str) -> dict[str, Any]:
        response = self.client.get(path)
        response.raise_for_status()
        return dict(response.json())

    def upload(self, path: Path, **fields: str) -> dict[str, Any]:
        """Upload a file and return the data set when it has been read."""
        with path.open("rb") as file:
            response = self.client.post("datasets", files={"file": file}, data=fields)
        response.raise_for_status()
        return self.until(f"datasets/{response.json()['id']}", lambda found: found["status"] != "validating")

    def start_training(self, dataset: str, model: str, **options: Any) -> str:
        response = self.client.post("training_jobs", json={"dataset": dataset, "model": model, "options": options})
        response.raise_for_status()
        return str(response.json()["id"])

    def train(self, dataset: str, model: str, quality: str = FAST, seconds: float = 120) -> dict[str, Any]:
        """Train a model, the one that takes the least time unless told otherwise, and return the ended job."""
        job = self.start_training(dataset, model, quality=quality)
        return self.until(f"training_jobs/{job}", lambda found: found["finished_at"] is not None, seconds)

    def classify(self, model: str, inputs: list[Any], **options: Any) -> httpx.Response:
        return self.client.post(f"models/{model}/classify", json={"inputs": inputs, **options})

    def until(self, path: str, condition: Callable[[dict[str, Any]], bool], seconds: float = 60) -> dict[str, Any]:
        """Ask until `condition` holds of the answer; a service that is just coming back is asked again."""
        deadline = time.monotonic() + seconds
        found: dict[str, Any] = {}
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError, httpx.HTTPStatusError):
                found = self.get(path)
                if condition(found):
                    return found
            time.sleep(0.1)
        raise AssertionError(f"{path} is still {found}")
