from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage, Warning
from django.core.files.storage import FileSystemStorage, Storage

NODE_MODULES = Path(__file__).parent / "node_modules"
# What the pages use of the npm packages; nothing else of them is served.
SERVED = (
    "@tabler/core/dist/css/tabler.min.css",
    # The style names its map, and what a style names must be there.
    "@tabler/core/dist/css/tabler.min.css.map",
    "echarts/dist/echarts.common.min.js",
)


class NodeModulesFinder(BaseFinder):
    """Finds the listed files of the npm packages, under their path below `node_modules`."""

    def __init__(self, app_names: Iterable[str] | None = None, *args: Any, **kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=NODE_MODULES)

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        missing = ", ".join(path for path in SERVED if not self.storage.exists(path))
        if not missing:
            return []
        hint = "Run `npm ci` in frontend/, or start with ./assort up, which does it."
        return [Warning(f"The pages have no style: {missing} is missing.", hint=hint, id="frontend.W001")]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = self.storage.path(path) if path in SERVED and self.storage.exists(path) else None
        if find_all:
            return [found] if found else []
        return found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        for path in SERVED:
            if self.storage.exists(path):
                yield path, self.storage
