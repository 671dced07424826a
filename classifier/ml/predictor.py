"""The one predictor: worker, MLflow, batch and the bundle of a leaving customer all compute with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from . import cells
from .errors import InputProblem, InputsRejected
from .grams import TEXT_LENGTH
from .isotonic import Isotonic
from .rows import Limits
from .schema import Column, Schema
from .sentences import Encoders
from .silence import DECIMALS, OUT_OF_SCOPE, TALKATIVE, UNSURE, Reason, Silence

if TYPE_CHECKING:
    from .scope import Scope

_REASONS = 10
_SHOWN = 80
_FEW, _MANY = 8, 2_000
_CELL_LENGTH = Limits().cell
_PARSERS = {"number": cells.number, "boolean": cells.boolean, "datetime": cells.instant}


class Scorer(Protocol):
    """What a fitted model computes with. `pack` gives settings for JSON and arrays; `unpack` undoes it.

    `levels` are the known values of each category column, `encoders` the hashes of the sentence encoders that it needs,
    `reasons` what speaks for an input's chosen label.
    """

    form: ClassVar[str]

    @property
    def levels(self) -> Mapping[str, Sequence[str]]: ...
    @property
    def encoders(self) -> Sequence[str]: ...
    def scores(self, inputs: Sequence[Any]) -> NDArray[np.float64]: ...
    def reasons(self, inputs: Sequence[Any], chosen: Sequence[int]) -> list[dict[str, float]]: ...
    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]: ...
    @classmethod
    def unpack(
        cls, schema: Schema, settings: Mapping[str, Any], arrays: dict[str, NDArray[Any]], encoders: Encoders
    ) -> Self: ...


@dataclass(frozen=True)
class Best:
    """Each input's most probable labels, as places in the model's `labels`, and their probabilities, (inputs, number).

    The most probable comes first, of equal ones the one that stands first in `labels`. `silent` says for each input why
    no label is to be given, or None.
    """

    places: NDArray[np.intp]
    probabilities: NDArray[np.float64]
    silent: Sequence[Reason | None]


@dataclass(frozen=True)
class Predictor:
    """A fitted model. `golden` are a few inputs whose answers are stored with it and checked at loading.

    Scores become probabilities by the `temperature` and, where it helps, by `isotonic` steps. `silence` is how it is
    used for the time being, and is not stored with it; `scope` is, where there is one.
    """

    schema: Schema
    labels: tuple[str, ...]
    temperature: float
    scorer: Scorer
    golden: tuple[Any, ...] = ()
    scope: Scope | None = None
    silence: Silence = TALKATIVE
    isotonic: Isotonic | None = None

    @cached_property
    def _levels(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(levels) for name, levels in self.scorer.levels.items()}

    def check(self, inputs: Sequence[object]) -> None:
        """Raise InputsRejected that names every input that is not one of this model's.

        A text model takes strings of 1 to 10,000 characters that are not blank: the answer to nothing would
        be a guess that looks like an answer. A table model takes objects whose values are JSON scalars, in
        any columns.
        """
        find = self._problem_of_text if self.schema.kind == "text" else self._problem_of_record
        problems = [InputProblem(index, *found) for index, value in enumerate(inputs) if (found := find(value))]
        if problems:
            raise InputsRejected(problems)

    def probabilities(self, inputs: Sequence[Any]) -> NDArray[np.float64]:
        """Calibrated probabilities, shape (inputs, labels); each row sums to 1."""
        if not len(inputs):
            return np.empty((0, len(self.labels)))
        return self.calibrated(self.scorer.scores(inputs))

    def calibrated(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities, from the scorer's scores; both (inputs, labels)."""
        result = scores / self.temperature
        result -= result.max(axis=1, keepdims=True)
        np.exp(result, out=result)
        result /= result.sum(axis=1, keepdims=True)
        return self.isotonic.corrected(result) if self.isotonic else result

    def best(self, inputs: Sequence[Any], number: int) -> Best:
        """So many labels for each input, as far as there are."""
        probabilities, foreign = self._judged(inputs)
        places = _greatest(probabilities, min(number, len(self.labels)))
        chosen = probabilities[np.arange(len(places))[:, None], places]
        return Best(places, chosen, self._silent(chosen, foreign))

    def _judged(self, inputs: Sequence[Any]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The probabilities, and which inputs are out of scope; that costs nothing while nothing is refused."""
        refused = self.silence.scope_refused
        if self.scope is None or refused is None or not len(inputs):
            return self.probabilities(inputs), np.zeros(len(inputs), bool)
        seen = self.scope.look(self.scorer, inputs)
        probabilities = self.calibrated(seen.scores)
        return probabilities, self.scope.degrees(seen, probabilities) < self.scope.limit(refused)

    def _silent(self, chosen: NDArray[np.float64], foreign: NDArray[np.bool_]) -> list[Reason | None]:
        silent: list[Reason | None] = [OUT_OF_SCOPE if each else None for each in foreign.tolist()]
        if self.silence.threshold is None:
            return silent
        unsure = chosen[:, 0].round(DECIMALS) < self.silence.threshold
        return [each or (UNSURE if low else None) for each, low in zip(silent, unsure.tolist(), strict=True)]

    def in_batches(self, inputs: Sequence[Any], size: int = 4_096) -> Iterator[NDArray[np.float64]]:
        """The probabilities of many inputs, `size` at a time, so that memory holds one batch of them."""
        for start in range(0, len(inputs), size):
            yield self.probabilities(inputs[start : start + size])

    def warnings(self, inputs: Sequence[Any]) -> list[tuple[int, str, str]]:
        """(index, code, detail) for each value that the model does not take into account."""
        if self.schema.kind == "text":
            return []
        return [(index, *warning) for index, record in enumerate(inputs) for warning in self._overlooked(record)]

    def explain(self, inputs: Sequence[Any], chosen: Sequence[int]) -> list[list[dict[str, Any]]]:
        """For each input the ten words or columns that weigh most for (+) or against (-) its label.

        The weights are log-odds: exact for linear models, for trees their fall when a column is left out. Returns
        {"word", "weight"} for a text model, {"column", "value", "weight"} for a table model.
        """
        reasons = self.scorer.reasons(inputs, chosen)
        return [self._strongest(found, value) for found, value in zip(reasons, inputs, strict=True)]

    def _strongest(self, reasons: Mapping[str, float], value: Any) -> list[dict[str, Any]]:
        ranked = sorted(reasons.items(), key=lambda item: (-abs(item[1]), item[0]))
        weights = [(name, round(weight / self.temperature, 6)) for name, weight in ranked[:_REASONS] if weight]
        if self.schema.kind == "text":
            return [{"word": name, "weight": weight} for name, weight in weights]
        return [{"column": name, "value": value.get(name), "weight": weight} for name, weight in weights]

    def _problem_of_text(self, value: object) -> tuple[str, str] | None:
        if not isinstance(value, str):
            return "not_a_text", "This model classifies texts; send a string."
        if not value or value.isspace():
            return "empty_text", "The text is empty; leave it out of the request."
        if len(value) > TEXT_LENGTH:
            return "text_too_long", f"The text has {len(value):,} characters; send at most {TEXT_LENGTH:,}."
        return None

    def _problem_of_record(self, value: object) -> tuple[str, str] | None:
        if not isinstance(value, Mapping):
            return "not_an_object", "This model classifies rows of a table; send an object of columns."
        for name, cell in value.items():
            if not isinstance(cell, str | int | float | None):
                return (
                    "nested_value",
                    f"{name!r} is a list or an object; send a text, number, true, false or null.",
                )
            if isinstance(cell, str) and len(cell) > _CELL_LENGTH:
                return (
                    "value_too_long",
                    f"{name!r} has {len(cell):,} characters; send at most {_CELL_LENGTH:,}.",
                )
        return None

    def _overlooked(self, record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        known = {column.name for column in (*self.schema.features, *self.schema.ignored)} | {self.schema.label}
        for name in record:
            if name not in known:
                yield "unknown_column", f"The model has no column {name[:_SHOWN]!r}; its value was not used."
        missing = [column.name for column in self.schema.features if column.name not in record]
        if missing:
            more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
            yield "missing_column", f"It has no {missing[0][:_SHOWN]!r}{more}; send null where a value is not known."
        for column in self.schema.features:
            cell = cells.from_json(record.get(column.name))
            if cell is not None and (warning := self._unusable(column, cell)):
                yield warning

    def _unusable(self, column: Column, cell: str) -> tuple[str, str] | None:
        shown = f"{cell[:_SHOWN]!r} in column {column.name!r}"
        if column.type == "category":
            # A model that looks at texts alone knows no values, and overlooks none.
            known = self._levels.get(column.name)
            unseen = known is not None and cells.category(cell) not in known
            return ("unseen_category", f"{shown} is not a value the model has learned.") if unseen else None
        parse = _PARSERS.get(column.type)
        if parse is None or parse(cell) is not None or cells.is_placeholder(cell):
            return None
        return f"unparsable_{column.type}", f"{shown} is no {column.type}; it was taken as missing."


def _greatest(values: NDArray[np.float64], number: int) -> NDArray[np.intp]:
    """The columns of the greatest values in each row; a few of many are found sooner one after the other."""
    if number > _FEW or values.size < _MANY:
        return np.argsort(-values, axis=1, kind="stable")[:, :number]
    rest, rows = values.copy(), np.arange(len(values))
    found = np.empty((len(values), number), np.intp)
    for place in range(number):
        found[:, place] = rest.argmax(axis=1)
        rest[rows, found[:, place]] = -np.inf
    return found
