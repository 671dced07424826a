"""How much memory the parts of the service take while something is done to them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

from tests.service import Service

LOOK_SECONDS = 0.01
MB = 1024 * 1024


@dataclass
class Watch:
    """The largest growth of one process of the watched parts, in bytes."""

    before: dict[int, int]
    growth: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        for pid, before in self.before.items():
            with suppress(psutil.NoSuchProcess):
                self.growth = max(self.growth, psutil.Process(pid).memory_info().rss - before)

    def until_ended(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self.look()

    def end(self) -> None:
        self._ended.set()


def processes(service: Service, *parts: str) -> list[psutil.Process]:
    heads = [psutil.Process(service.pid_of(part)) for part in parts]
    return [process for head in heads for process in (head, *head.children(recursive=True))]


@contextmanager
def watched(service: Service, *parts: str) -> Iterator[Watch]:
    """Look at the resident memory of these parts during the block."""
    watch = Watch({process.pid: process.memory_info().rss for process in processes(service, *parts)})
    thread = threading.Thread(target=watch.until_ended)
    thread.start()
    try:
        yield watch
    finally:
        watch.look()
        watch.end()
        thread.join()
