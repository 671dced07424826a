"""Server-sent events, read back into what was sent."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Message:
    event: str
    data: Any
    id: str = ""


def parse(text: str) -> list[Message]:
    """Return the whole messages in what was sent; comments are none."""
    lines = [[line.split(": ", 1) for line in block.splitlines()] for block in text.split("\n\n")[:-1]]
    fields = [dict(block) for block in lines if block[0][0]]
    return [Message(found["event"], json.loads(found["data"]), found.get("id", "")) for found in fields]
