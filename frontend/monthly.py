"""What an organisation used in a month, in lines that a page and a file show alike."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import IO

from django.http import HttpRequest
from django.utils import timezone

from classifier import results
from classifier.models import Dataset, Model
from tenants import isolation
from tenants.models import Organisation, Plan
from tenants.records.models import Usage

COLUMNS = ("day", "key", "model", "requests", "rows", "errors")
CLOSE = 0.8
YEARS = range(2000, 2200)


@dataclass(frozen=True)
class Line:
    day: date
    key: str
    model: str
    requests: int
    rows: int
    errors: int
    # The key's id, or "" for a person in the dashboard.
    key_id: str


@dataclass(frozen=True)
class Month:
    """`lines` are the newest day's first."""

    first: date
    lines: list[Line]
    datasets: int
    models: int

    @property
    def after(self) -> date:
        """The first day of the month after it."""
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def rows(self) -> int:
        return sum(line.rows for line in self.lines)

    def rows_of(self, key_id: str) -> int:
        return sum(line.rows for line in self.lines if line.key_id == key_id)

    @property
    def requests(self) -> int:
        return sum(line.requests for line in self.lines)

    @property
    def errors(self) -> int:
        return sum(line.errors for line in self.lines)


@dataclass(frozen=True)
class Share:
    """How much of one limit of the plan is used; `limit` is None where there is none."""

    name: str
    used: int
    limit: int | None

    @property
    def is_close(self) -> bool:
        return self.limit is not None and self.used >= self.limit * CLOSE


def this_month() -> date:
    """Return its first day."""
    return timezone.now().date().replace(day=1)


def asked_for(request: HttpRequest) -> date:
    """Return the first day of the month in the address, `?month=2026-11`, or of this one."""
    this = this_month()
    try:
        asked = datetime.strptime(request.GET.get("month", ""), "%Y-%m").date()
    except ValueError:
        return this
    # Python's calendar has an end, and the links to the months beside this one must not meet it.
    return asked if asked.year in YEARS else this


def load(organisation: Organisation, first: date) -> Month:
    """Read the month that begins on `first`. Keys lie outside the organisation, and what they used inside it."""
    names = dict(organisation.api_keys.values_list("id", "name"))
    with isolation.entered(organisation):
        used = Usage.objects.filter(day__year=first.year, day__month=first.month)
        lines = [_line(row, names) for row in used.order_by("-day", "api_key", "model")]
        return Month(first, lines, Dataset.objects.count(), Model.objects.count())


def shares(month: Month, plan: Plan) -> list[Share]:
    return [
        Share("Rows classified in the month", month.rows, plan.rows_per_month),
        Share("Data sets", month.datasets, plan.dataset_count),
        Share("Models", month.models, plan.model_count),
    ]


def caps(month: Month, organisation: Organisation) -> list[Share]:
    """Return the caps that its admins have set: the organisation's own and those of keys that still work."""
    own = [Share("Rows, against your own cap", month.rows, organisation.rows_cap)]
    capped = organisation.api_keys.filter(rows_cap__isnull=False, revoked_at=None).order_by("name", "id")
    keys = [Share(f"Rows with the key {key.name}", month.rows_of(key.id), key.rows_cap) for key in capped]
    return [share for share in own if share.limit is not None] + keys


def write(lines: Iterable[Line], file: IO[str]) -> None:
    """Write CSV with a header."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for line in lines:
        numbers = (line.requests, line.rows, line.errors)
        writer.writerow((line.day.isoformat(), results.plain(line.key), results.plain(line.model), *numbers))


def _line(row: Usage, names: Mapping[str, str]) -> Line:
    key = names.get(row.api_key, row.api_key) or "dashboard"
    return Line(row.day, key, row.model, row.requests, row.rows, row.errors, row.api_key)
