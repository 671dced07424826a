"""Answers that were given: kept as the organisation says, found again, and forgotten when their time is over."""

import csv
import io
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import IO, Any

import msgspec
from django.db import connection, transaction
from django.db.models import Case, Exists, F, Func, JSONField, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from classifier.models import Answer, Classification
from tenants.errors import InvalidInput
from tenants.models import Organisation

DAY = 24 * 3600
SECONDS = {Organisation.Retention.OFF: 0, Organisation.Retention.DAY: DAY, Organisation.Retention.MONTH: 30 * DAY}
# Requests that are deleted with their answers in one statement.
DELETED_AT_ONCE = 1_000
CSV_ROWS = 1_000_000
# The header's words, and what stands under each.
CSV_COLUMNS = {
    "time": "at",
    "id": "classification_id",
    "index": "index",
    "model": "model",
    "version": "classification__version",
    "label": "shown",
    "confidence": "confidence",
    "input": "input",
    "abstained": "abstained",
}
# What stands under `label` where the model abstained. A label may be called so too, so `abstained` says it again.
NO_ANSWER = "no answer"
# What a spreadsheet would take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")

# The answers are read out of the results that are kept, so that the two cannot differ.
_SPREAD = """
    INSERT INTO classifier_answer (classification_id, index, at, model, label, confidence)
    SELECT kept.id, (result->>'index')::integer, kept.created_at, kept.model,
           coalesce(result->>'label', ''), (result->>'confidence')::float8
    FROM kept, jsonb_array_elements(kept.results) AS result
"""
_EXPECT = """
    INSERT INTO classifier_classification (id, model, version, inputs, keep_inputs, top_k, explain, status, warnings,
        api_key, created_at, expires_at)
    SELECT id, model, version, inputs, keep_inputs, top_k, explain, 'queued', '[]', api_key, created_at, expires_at
    FROM jsonb_to_recordset(%s::jsonb) AS given (id text, model text, version integer, inputs jsonb,
        keep_inputs boolean, top_k integer, explain boolean, api_key text, created_at timestamptz,
        expires_at timestamptz)
"""
_EXPECTED = (
    "id",
    "model",
    "version",
    "inputs",
    "keep_inputs",
    "top_k",
    "explain",
    "api_key",
    "created_at",
    "expires_at",
)
# A message may be delivered twice; its answer is kept once.
_RECORD = """
    WITH kept AS (
        INSERT INTO classifier_classification (id, model, version, inputs, keep_inputs, top_k, explain, status,
            results, warnings, api_key, created_at, finished_at, expires_at)
        SELECT id, model, version, inputs, keep_inputs, top_k, explain, 'succeeded',
            results, warnings, api_key, at, at, at + keep_seconds * interval '1 second'
        FROM jsonb_to_recordset(%s::jsonb) AS given (id text, model text, version integer, inputs jsonb,
            keep_inputs boolean, top_k integer, explain boolean, results jsonb, warnings jsonb, api_key text,
            at timestamptz, keep_seconds integer)
        ON CONFLICT (id) DO NOTHING
        RETURNING id, created_at, model, results
    )
"""
# The inputs stay no longer than it takes to answer, unless they are wanted; and it is the answer that is kept for so
# long, however long it took.
_SETTLE = """
    WITH kept AS (
        UPDATE classifier_classification AS accepted SET status = given.status, results = given.results,
            warnings = given.warnings, error = given.error, inputs = CASE WHEN keep_inputs THEN inputs END,
            finished_at = given.at, expires_at = expires_at + (given.at - created_at)
        FROM jsonb_to_recordset(%s::jsonb) AS given (id text, status text, results jsonb, warnings jsonb, error jsonb,
            at timestamptz)
        WHERE accepted.id = given.id
        RETURNING accepted.id, created_at, model, accepted.results
    )
"""
_FORGET = """
    WITH gone AS (
        SELECT id FROM classifier_classification WHERE expires_at < now() AND finished_at IS NOT NULL LIMIT %s
    ), answers AS (
        DELETE FROM classifier_answer WHERE classification_id IN (SELECT id FROM gone)
    )
    DELETE FROM classifier_classification WHERE id IN (SELECT id FROM gone)
"""


@dataclass(frozen=True)
class Keeping:
    """What is kept of a request: its answer for so many seconds, and what was asked or not."""

    seconds: int = DAY
    inputs: bool = False

    def for_later(self) -> timedelta:
        """Return how long the answer stays of a request that was accepted: long enough to be fetched."""
        return timedelta(seconds=max(self.seconds, DAY))


@dataclass(frozen=True)
class Answered:
    """A request as it came in the gateway's message, the worker's reply to it, and when that was."""

    request: Mapping[str, Any]
    reply: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True)
class Wanted:
    """Which answers are looked for; what is None does not matter. `label` is empty where the model abstained."""

    id: str | None = None
    model: str | None = None
    label: str | None = None
    confidence_min: float | None = None
    confidence_max: float | None = None
    day: date | None = None
    abstained: bool | None = None


def keeping(organisation: Organisation) -> Keeping:
    return Keeping(SECONDS[Organisation.Retention(organisation.retention)], organisation.keep_inputs)


# --- Writing and forgetting ------------------------------------------------------------------------------------------


def is_kept(request: Mapping[str, Any], reply: Mapping[str, Any]) -> bool:
    """Say whether the organisation, whose wish the gateway put into the request, wants this answer kept."""
    return request.get("keep_seconds", 0) > 0 and not reply.get("error")


def expect(accepted: Sequence[Classification]) -> None:
    """Keep requests that are answered later, in one statement; Django's own way takes ten times as long."""
    given = [{name: getattr(row, name) for name in _EXPECTED} for row in accepted]
    with connection.cursor() as cursor:
        cursor.execute(_EXPECT, [msgspec.json.encode(given).decode()])


def record(answered: Sequence[Answered]) -> None:
    """Keep these answers, in one statement."""
    given = msgspec.json.encode([_row(each) for each in answered]).decode()
    with connection.cursor() as cursor:
        cursor.execute(_RECORD + _SPREAD, [given])


def settle(replies: Sequence[Mapping[str, Any]]) -> None:
    """Keep the replies to requests that were accepted for later, in one statement."""
    given = msgspec.json.encode([_settled(reply, timezone.now()) for reply in replies]).decode()
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE + _SPREAD, [given])


def forget_expired() -> int:
    """Delete what the organisation does not want kept any longer, and return how many requests that were."""
    forgotten = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_FORGET, [DELETED_AT_ONCE])
            gone = int(cursor.rowcount)
            forgotten += gone
            if gone < DELETED_AT_ONCE:
                return forgotten


def _row(answered: Answered) -> dict[str, Any]:
    request, reply = answered.request, answered.reply
    taken = {name: request[name] for name in ("id", "model", "top_k", "explain", "api_key", "keep_seconds")}
    return {
        **taken,
        "keep_inputs": request["keep_inputs"],
        "inputs": request["inputs"] if request["keep_inputs"] else None,
        "version": reply["version"],
        "results": reply["results"],
        "warnings": reply["warnings"],
        "at": answered.at,
    }


def _settled(reply: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    error = reply.get("error")
    return {
        "id": reply["id"],
        "status": Classification.Status.FAILED if error else Classification.Status.SUCCEEDED,
        "results": reply.get("results"),
        "warnings": reply.get("warnings", []),
        "error": error,
        "at": at,
    }


# --- Finding ---------------------------------------------------------------------------------------------------------


def visible() -> QuerySet[Classification]:
    """Return the requests that are kept, and those that still wait for their answer."""
    return Classification.objects.filter(Q(expires_at__gt=timezone.now()) | Q(finished_at=None))


def find(wanted: Wanted) -> QuerySet[Classification]:
    """Return the requests of which at least one answer is wanted; also unanswered ones, if nothing rules them out."""
    found = visible()
    if wanted.id is not None:
        found = found.filter(pk=wanted.id)
    if wanted.model is not None:
        found = found.filter(model=wanted.model)
    if wanted.day is not None:
        found = found.filter(created_at__range=_day(wanted.day))
    if (wanted.label, wanted.abstained, wanted.confidence_min, wanted.confidence_max) != (None, None, None, None):
        found = found.filter(Exists(_matching(wanted).filter(classification=OuterRef("pk"))))
    return found


def answers(wanted: Wanted, *, after: int | None = None) -> QuerySet[Answer]:
    """Return the answers, newest first, with their `input` where it is kept; `after` is the last that was seen."""
    found = _matching(wanted).filter(classification__expires_at__gt=timezone.now())
    if after is not None:
        last = Answer.objects.filter(pk=after).values_list("at", flat=True).first()
        found = found.none() if last is None else found.filter(Q(at__lt=last) | Q(at=last, pk__lt=after))
    place = Func(F("classification__inputs"), F("index"), template="(%(expressions)s)", arg_joiner=" -> ")
    place.output_field = JSONField()
    return found.select_related("classification").defer(*_UNSHOWN).annotate(input=place).order_by("-at", "-pk")


_UNSHOWN = [f"classification__{name}" for name in ("inputs", "results", "warnings", "error")]


def _matching(wanted: Wanted) -> QuerySet[Answer]:
    found = Answer.objects.all()
    if wanted.id is not None:
        found = found.filter(classification=wanted.id)
    if wanted.model is not None:
        found = found.filter(model=wanted.model)
    if wanted.label is not None:
        found = found.filter(label=wanted.label)
    if wanted.abstained is not None:
        found = found.filter(label="") if wanted.abstained else found.exclude(label="")
    if wanted.confidence_min is not None:
        found = found.filter(confidence__gte=wanted.confidence_min)
    if wanted.confidence_max is not None:
        found = found.filter(confidence__lte=wanted.confidence_max)
    return found if wanted.day is None else found.filter(at__range=_day(wanted.day))


def _day(day: date) -> tuple[datetime, datetime]:
    return datetime.combine(day, time.min, UTC), datetime.combine(day, time.max, UTC)


# --- A file for a spreadsheet ----------------------------------------------------------------------------------------


def as_csv(wanted: Wanted) -> IO[bytes]:
    """Return a temporary file with one row an answer, newest first. Raises InvalidInput when there are too many.

    It is complete when this returns: the organisation has been left by the time a response is sent.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115  # whoever sends it closes it
    try:
        text = io.TextIOWrapper(file, "utf-8", newline="")
        rows = csv.writer(text)
        rows.writerow(CSV_COLUMNS)
        rows.writerows(_rows(answers(wanted)))
        text.detach()  # This flushes.
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


@transaction.atomic
def _rows(found: QuerySet[Answer]) -> Iterator[list[object]]:
    shown = found.annotate(
        shown=Case(When(label="", then=Value(NO_ANSWER)), default=F("label")),
        abstained=Case(When(label="", then=Value("true")), default=Value("false")),
    )
    for number, (at, *cells) in enumerate(shown.values_list(*CSV_COLUMNS.values()).iterator(chunk_size=500)):
        if number == CSV_ROWS:
            detail = f"These are more than {CSV_ROWS:,} answers. Ask for one day, model or label at a time."
            raise InvalidInput.field("day", detail, "too_many")
        yield [at.isoformat(), *map(plain, cells)]


def plain(value: object) -> object:
    """Return what a cell shows: a spreadsheet must not take what somebody typed for a formula."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(FORMULA) else text
