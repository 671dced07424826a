"""From labelled rows to a model: choose, evaluate a twin that has not seen the held-out rows, refit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from . import fit, origin, repeated, scope
from .candidates import FAST, worth_trying
from .chosen import Chosen
from .columns import text_of
from .evaluate import CROSS_VALIDATION, HELD_OUT, Answers, Evaluation, evaluate
from .fit import Trial
from .origin import Origin
from .predictor import Predictor
from .prepared import Prepared, prepare
from .rows import Cell
from .schema import Schema
from .scope import Scope
from .sentences import NOTHING, Embeds, Known, Remembered

Progress = Callable[[str, float, str], None]

STAGES = ("split", "read", "candidates", "evaluate", "refit")

# Looked up while importing: a confined worker cannot read the list of its loaded libraries any more.
_THREADS = ThreadpoolController()

_TEXTS_READ = 100_000
# What remains is for the two models that are fitted of the best candidate.
_SHARE_OF_TRIALS = 0.6
# Fewer held-out rows than this say less than the cross-validation does.
_FEWEST_HELD_OUT = 30


@dataclass(frozen=True)
class Trained:
    """`twin` was fitted without the held-out rows and evaluated; `served` was fitted on all rows.

    `read` are the texts as vectors, where an encoder has read them.
    """

    served: Predictor
    twin: Predictor
    evaluation: Evaluation
    candidates: tuple[dict[str, Any], ...]
    origin: Origin
    seconds: Mapping[str, float]
    read: Remembered | None = None


def train(
    rows: Sequence[Mapping[str, Cell]],
    labels: Sequence[str],
    held_out: NDArray[np.bool_],
    schema: Schema,
    *,
    quality: str = "auto",
    seed: int = 0,
    base: Predictor | None = None,
    encoder: Embeds | None = None,
    known: Known = NOTHING,
    seconds: float = 3_600.0,
    progress: Progress | None = None,
) -> Trained:
    """Train on rows with their labels; `held_out` (rows,) marks the ones that the evaluation is made on.

    A text model may start from a `base`, a text model of whatever labels; one that has not seen the held-out rows, or
    the evaluation flatters. It is tried beside the others, and taken where it is better. With an `encoder`, models that
    know what words mean are tried as well; the texts whose vectors are `known` it need not read again.
    `progress` is called with a stage (split, read, candidates, evaluate, refit), the share of it that is done, and what
    is being done. The same data, seed, library versions and candidates tried give the same numbers; `seconds` only
    decide how many are tried. Raises TableRejected for fewer than two labels or labels that never repeat, and
    ValueError when `held_out` leaves a label without a training row.
    """
    watch = _Watch(progress or (lambda stage, share, said: None))
    with _THREADS.limit(limits=1):
        with watch.stage("split"):
            data = prepare(rows, labels, held_out, schema)
        with watch.stage("read"):
            read = _read(data, None if quality == FAST else encoder, known, watch)
        with watch.stage("candidates"):
            offered = worth_trying(
                schema,
                names=data.names,
                quality=quality,
                base=base.scorer if base else None,
                encoder=read,
                counts=np.bincount(data.targets[data.training], minlength=len(data.names)).tolist(),
            )
            trials = fit.try_all(
                offered,
                data.examples,
                seed=seed,
                seconds=_SHARE_OF_TRIALS * seconds - watch.passed,
                progress=partial(watch.progress, "candidates"),
            )
            chosen = Chosen.of(fit.best(trials), data, seed)
        with watch.stage("evaluate"):
            twin = chosen.fitted(data.training)
            evaluation = _evaluate(twin, chosen)
            twin = replace(twin, scope=_measured(data, twin))
        with watch.stage("refit"):
            served = chosen.served()
            served = replace(served, scope=scope.refitted(twin.scope, served.scorer, data.inputs, data.targets))
    listed = tuple(_summary(trial, trial is chosen.trial) for trial in trials)
    made_from = origin.of(rows, labels, held_out=len(data.held_out), quality=quality, seed=seed, candidates=listed)
    return Trained(served, twin, evaluation, listed, made_from, watch.seconds, read)


@dataclass(frozen=True)
class _Watch:
    """Reports the stages, and times them."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> float:
        return sum(self.seconds.values())

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        self.progress(name, 0.0, "")
        yield
        self.progress(name, 1.0, "")
        self.seconds[name] = round(time.perf_counter() - start, 3)


def _read(data: Prepared, encoder: Embeds | None, known: Known, watch: _Watch) -> Remembered | None:
    """The texts as vectors, where there is an encoder and not so many that reading them would take all the time."""
    texts = _texts(data)
    if encoder is None or not texts or len(texts) > _TEXTS_READ:
        return None

    def report(share: float) -> None:
        watch.progress("read", share, "")

    return Remembered.reading(encoder, texts, progress=report, known=known)


def _texts(data: Prepared) -> Sequence[str]:
    if data.schema.kind == "text":
        return data.inputs
    named = [column.name for column in data.schema.features if column.type == "text"]
    return [text for name in named for record in data.inputs if (text := text_of(record, name))]


def _evaluate(twin: Predictor, chosen: Chosen) -> Evaluation:
    data, trial = chosen.data, chosen.trial
    if len(data.held_out) >= _FEWEST_HELD_OUT or not len(trial.rows):
        rows = data.held_out
        answers = Answers.of(twin.in_batches([data.inputs[row] for row in rows]), data.targets[rows])
        return evaluate(data.names, data.targets[rows], answers, rows=rows, method=HELD_OUT)
    rows = trial.rows
    answers = Answers.of([trial.probabilities()], data.targets[rows])
    found = evaluate(data.names, data.targets[rows], answers, rows=rows, method=CROSS_VALIDATION)
    return replace(found, accuracy_interval=repeated.interval(trial, data.examples, seed=chosen.seed))


def _measured(data: Prepared, twin: Predictor) -> Scope | None:
    training, unseen = ([data.inputs[row] for row in rows] for rows in (data.training, data.held_out))
    return scope.measured(twin, training, data.targets[data.training], unseen)


def _summary(trial: Trial, chosen: bool) -> dict[str, Any]:
    scores = {"accuracy": trial.accuracy, "log_loss": trial.log_loss, "seconds": trial.seconds}
    return {"name": trial.candidate.name, "chosen": chosen, **scores}
