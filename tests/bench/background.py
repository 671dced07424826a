"""Work that goes on beside a measurement, in a thread with an event loop of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager

IsOver = Callable[[], bool]


@contextmanager
def running(work: Callable[[IsOver], Coroutine[None, None, None]]) -> Iterator[None]:
    """Do this until the block ends; what went wrong in it is raised there."""
    over, failed = threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            asyncio.run(work(over.is_set))
        except Exception as error:  # noqa: BLE001  # Raised again below, in the thread that asked for the work.
            failed.append(error)

    thread = threading.Thread(target=run, name="bench-background")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if failed:
        raise failed[0]
