"""When a version gives no label: below a confidence, or where an input is unlike all that it has learnt."""

from django.db import transaction

from classifier import versions
from classifier.ml.curve import Curve, Point
from classifier.ml.silence import can_refuse
from classifier.models import EvaluatedRow, ModelVersion
from tenants import audit
from tenants.errors import InvalidInput

NOTHING_TESTED = "No row of this version was tested, so nothing is known of its mistakes. Set a `threshold` yourself."


def curve(version: ModelVersion) -> Curve:
    """Return what follows from each threshold, on the rows that the version was tested on."""
    tested = EvaluatedRow.objects.filter(version=version).values_list("confidence", "label", "predicted")
    return Curve.of([confidence for confidence, _, _ in tested], [label == said for _, label, said in tested])


@transaction.atomic
def change(*, version: ModelVersion, by: str, **wanted: float | None) -> ModelVersion:
    """Set when the version gives no label; workers follow within a second. What is not named stays, None switches off.

    `threshold` is a confidence, `goal` the share of the answers given that must be right, from which the threshold
    follows; `scope_refused` is the share of inputs that belong here which may be refused, so that most that do not
    belong here are. Raises InvalidInput for a goal that cannot be reached and for what the version cannot tell.
    """
    version = ModelVersion.objects.select_for_update(of=("self",)).select_related("model").get(pk=version.pk)
    if "goal" in wanted:
        if "threshold" in wanted:
            raise InvalidInput.field("goal", "Send either a goal or a threshold: the one follows from the other.")
        goal = wanted["goal"]
        wanted["threshold"] = None if goal is None else _reaching(goal, curve(version)).threshold
    if "threshold" in wanted:
        version.threshold, version.goal = wanted["threshold"], wanted.get("goal")
    if "scope_refused" in wanted:
        version.scope_refused = _refused(wanted["scope_refused"], version)
    version.save(update_fields=["threshold", "goal", "scope_refused"])
    versions.tell_of_change()
    target = f"{version.model.name}@{version.number}"
    threshold, refused = version.threshold, version.scope_refused
    audit.record(by=by, action="model_version.silenced", target=target, threshold=threshold, scope_refused=refused)
    return version


@transaction.atomic
def inherit(*, version: ModelVersion, before: ModelVersion | None) -> None:
    """Let a new version keep silent as the champion before it does, so that a promotion does not make it talkative.

    A goal gets the threshold that reaches it here; where none does, the one that it had stays.
    """
    if before is None:
        return
    version.threshold, version.goal = before.threshold, before.goal
    if before.goal is not None and (point := curve(version).threshold_for(before.goal)):
        version.threshold = point.threshold
    refused = before.scope_refused
    if refused is not None and version.scope_rows and can_refuse(version.scope_rows, refused):
        version.scope_refused = refused
    version.save(update_fields=["threshold", "goal", "scope_refused"])


def _reaching(goal: float, found: Curve) -> Point:
    point, best = found.threshold_for(goal), found.best
    if best is None:
        raise InvalidInput.field("goal", NOTHING_TESTED)
    if point is None:
        detail = (
            f"At no threshold can it be promised that {goal:.1%} of the answers given are right. The most is "
            f"{best.low:.1%}, with {best.answered:.0%} answered: more rows promise more."
        )
        raise InvalidInput.field("goal", detail)
    return point


def _refused(share: float | None, version: ModelVersion) -> float | None:
    if share is None:
        return None
    rows = version.scope_rows
    if rows is None:
        detail = "This version cannot tell what is unlike its rows. Train it again, on more rows where there are few."
        raise InvalidInput.field("scope_refused", detail)
    if share and not can_refuse(rows, share):
        detail = f"It was tested on {rows:,} rows, which do not tell the lowest {share:.1%}. Choose more."
        raise InvalidInput.field("scope_refused", detail)
    return share
