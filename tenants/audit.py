"""What was done in an organisation, by whom: rows in its own schema, to which its role can only add."""

from contextlib import nullcontext
from typing import Any

from tenants import isolation
from tenants.models import Organisation
from tenants.records.models import AuditEvent

ACTOR_LENGTH, TARGET_LENGTH = 254, 100


def record(*, by: str, action: str, target: str = "", organisation: Organisation | None = None, **detail: Any) -> None:
    """Write it down, in the transaction of what was done.

    For a verb that runs outside, `organisation` says whose audit it is; otherwise it is that of the one entered.
    """
    with _inside(organisation):
        AuditEvent.objects.create(actor=by[:ACTOR_LENGTH], action=action, target=target[:TARGET_LENGTH], detail=detail)


def _inside(organisation: Organisation | None) -> Any:
    if organisation is None or isolation.current_schema() == isolation.schema(organisation.tenant):
        return nullcontext()
    return isolation.entered(organisation)
