"""The scorecard: on the terminal, as JSON for programs, and as a page for whoever reviews it."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from django.template import Context, Engine

from saas.instance import ROOT
from tests.prove.ledger import Result, Row

FOLDER = Path(__file__).parent
MARK = ROOT / "frontend" / "static" / "frontend" / "mark.svg"
WIDTH = 110


@dataclass(frozen=True)
class Scorecard:
    machine: Mapping[str, str]
    rows: Sequence[Row]
    seconds: float

    @property
    def totals(self) -> dict[str, int]:
        """Return how many attacks were held, how many were not, and by how many tests they were tried."""
        count = {result.name.lower(): sum(row.result == result for row in self.rows) for result in Result}
        return {"attacks": len(self.rows), **count, "tests": sum(row.tests for row in self.rows)}

    @property
    def verdict(self) -> str:
        totals = self.totals
        if totals["broken"]:
            return f"{totals['broken']} of {totals['attacks']} attacks and faults were not held."
        if not totals["held"]:
            return "Nothing was tried."
        absent = f"; {totals['absent']} could not be tried on this machine" if totals["absent"] else ""
        return f"All {totals['held']} attacks and faults were held{absent}."

    def to_json(self) -> str:
        rows = [asdict(row) | {"seconds": round(row.seconds, 3)} for row in self.rows]
        said = {"verdict": self.verdict, "machine": dict(self.machine), "totals": self.totals}
        return (
            json.dumps({**said, "seconds": round(self.seconds, 1), "rows": rows}, indent=2, ensure_ascii=False) + "\n"
        )

    def to_text(self) -> str:
        lines = []
        for layer, rows in self._layers():
            lines += ["", layer.upper()]
            for row in rows:
                lines += _told(row)
        about = textwrap.fill("; ".join(f"{name}: {value}" for name, value in self.machine.items()) + ".", WIDTH)
        return "\n".join([*lines, "", about, "", f"{self.verdict} {self._effort}", ""])

    def to_html(self) -> str:
        """Return one page that needs nothing but itself."""
        engine = Engine(dirs=[str(FOLDER)], autoescape=True)
        given = {
            "mark": MARK.read_text(),
            "verdict": self.verdict,
            "is_broken": bool(self.totals["broken"]),
            "effort": self._effort,
            "machine": dict(self.machine),
            "totals": self.totals,
            "layers": self._layers(),
        }
        return engine.get_template("scorecard.html").render(Context(given))

    @property
    def _effort(self) -> str:
        minutes, seconds = divmod(round(self.seconds), 60)
        return f"{self.totals['tests']} tests in {minutes} min {seconds} s."

    def _layers(self) -> list[tuple[str, list[Row]]]:
        return [(layer, list(rows)) for layer, rows in groupby(self.rows, key=lambda row: row.layer)]


def _told(row: Row) -> list[str]:
    """Return a row's lines on the terminal."""
    head = f"  {row.result:<8}{row.enforcer:<18}"
    notes = "; ".join(filter(None, [*row.figures, row.reason]))
    text = f"{row.attack} ({notes})" if notes else row.attack
    return textwrap.wrap(head + text, WIDTH, subsequent_indent=" " * len(head))
