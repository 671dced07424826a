from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One number, and what it is wanted to be."""

    what: str
    value: float
    unit: str
    wanted: str = ""

    def __str__(self) -> str:
        return f"{self.what:60} {self.value:>10.1f} {self.unit:10} {self.wanted}".rstrip()
