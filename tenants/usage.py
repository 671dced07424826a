"""What was asked of this service, per organisation, day, key and model.

Each process adds up in memory and writes twice a second: a write for each request would cost more than many
a request does. A request that failed counts as an error and as nothing else: it is not billed.
"""

import logging
import threading
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.models import Sum

from tenants import isolation, logs
from tenants.models import Organisation
from tenants.records.models import Usage

log = logging.getLogger(__name__)

# Does not wait for the disk: with a hundred active organisations the waits would add up to more than the half second
# of counts that a database loses when its machine falls.
_ADD = """
    WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO records_usage AS old (day, api_key, model, requests, rows, errors)
    SELECT line.*
    FROM quick,
         unnest(%s::date[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[]) AS line
    ON CONFLICT (day, api_key, model) DO UPDATE SET requests = old.requests + excluded.requests,
        rows = old.rows + excluded.rows, errors = old.errors + excluded.errors
"""


# Organisations whose counts are written in one transaction.
_TOGETHER = 100


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
# What is on its way to the records, until it is known to be there.
_leaving: dict[Organisation, Sheet] = {}
_flushing = threading.Lock()


def note(*, organisation: Organisation, api_key: str, model: str, rows: int = 0, failed: bool = False) -> None:
    """Count one request, which either answered `rows` rows or failed. `flush` writes it down."""
    count = Count(errors=1) if failed else Count(requests=1, rows=rows)
    with _lock:
        _add(organisation, {(datetime.now(UTC).date(), api_key, model): count})


def is_noted() -> bool:
    """Whether there is something to write down."""
    with _lock:
        return bool(_sheets or _leaving)


def flush() -> None:
    """Write down what was noted. While the database is away: raise OperationalError, and forget nothing."""
    with _flushing:
        with _lock:
            _leaving.update(_sheets)
            _sheets.clear()
        try:
            _write_what_leaves()
        finally:
            with _lock:
                for organisation, sheet in _leaving.items():
                    _add(organisation, sheet)
                _leaving.clear()


def noted(organisation: Organisation, api_key: str = "") -> int:
    """Return the rows of this organisation, or of one key of it, that this process has yet to write down."""
    with _lock:
        sheets = [_sheets.get(organisation, {}), _leaving.get(organisation, {})]
        return sum(count.rows for sheet in sheets for line, count in sheet.items() if api_key in ("", line[1]))


def rows_of_month(organisation: Organisation, today: date, api_key: str = "") -> int:
    """Return the rows of the organisation, which is entered, or of one key of it; also those not written down yet."""
    # First, as what is written down in between must rather count twice than not at all.
    unwritten = noted(organisation, api_key)
    return unwritten + this_month(today, api_key)["rows"]


def this_month(today: date, api_key: str = "") -> dict[str, int]:
    """Return requests, rows and errors since the month began, of the organisation that is entered, or of one key."""
    days = Usage.objects.filter(day__gte=today.replace(day=1), day__lte=today)
    if api_key:
        days = days.filter(api_key=api_key)
    sums = days.aggregate(requests=Sum("requests"), rows=Sum("rows"), errors=Sum("errors"))
    return {name: int(value or 0) for name, value in sums.items()}


def _add(organisation: Organisation, lines: Mapping[Line, Count]) -> None:
    sheet = _sheets[organisation]
    for line, count in lines.items():
        sheet.setdefault(line, Count()).add(count)


def _write_what_leaves() -> None:
    # In one order, so that two processes that write at the same time never wait for each other in a ring.
    leaving = sorted(_leaving, key=lambda each: each.tenant)
    groups = deque(leaving[start : start + _TOGETHER] for start in range(0, len(leaving), _TOGETHER))
    while groups:
        group = groups.popleft()
        if not _is_written(group) and len(group) > 1:
            # Alone, each of them meets no error but its own.
            groups.extendleft([each] for each in reversed(group))
            continue
        with _lock:
            for organisation in group:
                del _leaving[organisation]


def _is_written(group: Sequence[Organisation]) -> bool:
    try:
        isolation.write_as_each((each, _ADD, _columns(_leaving[each])) for each in group)
    except _AWAY:
        raise
    except (DatabaseError, psycopg.Error) as error:
        # The schema of one of them is gone with it, and with it whoever could ask for these numbers.
        log.warning(
            "the usage of %s cannot be written: %s", ", ".join(each.tenant for each in group), logs.words(error)
        )
        return False
    return True


def _columns(sheet: Sheet) -> list[list[object]]:
    rows = [(*line, *astuple(count)) for line, count in sorted(sheet.items(), key=lambda item: item[0])]
    return [list(column) for column in zip(*rows, strict=True)]
