"""How a process without a port tells that it lives: a row in `public`, written by itself every ten seconds."""

import json
import socket
import time
from collections.abc import Callable
from typing import Any, LiteralString

EVERY_SECONDS = 10.0
# Three beats were missed.
SILENT_SECONDS = 30

_BEAT: LiteralString = """
    INSERT INTO public.heartbeat (part, host, at, detail) VALUES (%s, %s, clock_timestamp(), %s::jsonb)
    ON CONFLICT (part, host) DO UPDATE SET at = excluded.at, detail = excluded.detail
"""
_FORGET: LiteralString = "DELETE FROM public.heartbeat WHERE at < clock_timestamp() - interval '1 day'"

# Django's cursors and psycopg's connections both have it.
Execute = Callable[[Any, Any], object]


class Heart:
    """One process's. The caller passes by as often as it likes."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.host = socket.gethostname()[:64]
        self.beaten = -EVERY_SECONDS

    def beat(self, execute: Execute, **detail: int) -> None:
        """Write when it is time to. `detail` is what this process is at; it names nobody."""
        if time.monotonic() - self.beaten < EVERY_SECONDS:
            return
        execute(_BEAT, (self.part, self.host, json.dumps(detail)))
        self.beaten = time.monotonic()


def forget_gone(execute: Execute) -> None:
    """Forget hosts that have been silent for a day: on a cluster they come and go."""
    execute(_FORGET, ())
