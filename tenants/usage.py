"""What was asked of this service, per organisation, day, key and model.

Each process adds up in memory and writes about once a second: a write for each request would cost more than many
a request does. A request that failed counts as an error and as nothing else: it is not billed.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import date, datetime

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Sum
from django.utils import timezone

from tenants import isolation
from tenants.models import Organisation
from tenants.records.models import Usage

log = logging.getLogger(__name__)

_ADD = """
    INSERT INTO records_usage AS old (day, api_key, model, requests, rows, errors)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (day, api_key, model) DO UPDATE SET requests = old.requests + excluded.requests,
        rows = old.rows + excluded.rows, errors = old.errors + excluded.errors
"""


@dataclass
class Count:
    requests: int = 0
    rows: int = 0
    errors: int = 0

    def add(self, other: "Count") -> None:
        self.requests += other.requests
        self.rows += other.rows
        self.errors += other.errors


# (day, key's id, model's name)
Line = tuple[date, str, str]
Sheet = dict[Line, Count]

# Django translates the driver's errors, but not those of entering an organisation.
_AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)

_lock = threading.Lock()
_sheets: defaultdict[Organisation, Sheet] = defaultdict(dict)


def note(*, organisation: Organisation, api_key: str, model: str, rows: int = 0, failed: bool = False) -> None:
    """Count one request, which either answered `rows` rows or failed. `flush` writes it down."""
    count = Count(errors=1) if failed else Count(requests=1, rows=rows)
    _add(organisation, {(timezone.now().date(), api_key, model): count})


def flush() -> None:
    """Write down what was noted. While the database is away: raise OperationalError, and forget nothing."""
    with _lock:
        sheets = dict(_sheets)
        _sheets.clear()
    while sheets:
        organisation, sheet = sheets.popitem()
        try:
            _write(organisation, sheet)
        except _AWAY:
            for unwritten, lines in [(organisation, sheet), *sheets.items()]:
                _add(unwritten, lines)
            raise
        except (DatabaseError, psycopg.Error) as error:
            # Its schema is gone with the organisation, and with it whoever could ask for these numbers.
            log.warning("the usage of %s cannot be written: %s", organisation.tenant, error)


def of_month(organisation: Organisation, now: datetime) -> int:
    """Return the rows that were written down for the organisation in the month of `now`."""
    with isolation.entered(organisation):
        return this_month(now.date())["rows"]


def this_month(today: date) -> dict[str, int]:
    """Return requests, rows and errors since the month began, of the organisation that is entered."""
    days = Usage.objects.filter(day__gte=today.replace(day=1), day__lte=today)
    sums = days.aggregate(requests=Sum("requests"), rows=Sum("rows"), errors=Sum("errors"))
    return {name: int(value or 0) for name, value in sums.items()}


def _add(organisation: Organisation, lines: Mapping[Line, Count]) -> None:
    with _lock:
        sheet = _sheets[organisation]
        for line, count in lines.items():
            sheet.setdefault(line, Count()).add(count)


def _write(organisation: Organisation, sheet: Sheet) -> None:
    # In one order, so that two processes that write at the same time never wait for each other in a ring.
    rows = [(*line, *astuple(count)) for line, count in sorted(sheet.items(), key=lambda item: item[0])]
    with isolation.entered(organisation), transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(_ADD, rows)
