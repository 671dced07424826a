from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `about` names it for machines; `todo` mends what is not well."""

    state: State
    about: str
    said: str
    todo: str = ""

    def __str__(self) -> str:
        """One line, whatever a server has said."""
        line = f"{self.state:<8} {' '.join(self.said.split())}"
        return f"{line.rstrip('.?')}. To do: {self.todo}" if self.todo else line

    def to_json(self) -> dict[str, Any]:
        return {"state": self.state, "about": self.about, "said": self.said, "todo": self.todo}


def ok(about: str, said: str) -> Finding:
    return Finding(State.OK, about, said)


def warning(about: str, said: str, todo: str) -> Finding:
    return Finding(State.WARNING, about, said, todo)


def missing(about: str, said: str, todo: str) -> Finding:
    return Finding(State.MISSING, about, said, todo)
