"""The first steps of an organisation, from nothing to a colleague who uses it, and which of them are done."""

from dataclasses import dataclass

from classifier.models import Classification, Dataset, ModelVersion
from tenants import isolation
from tenants.models import Organisation
from tenants.permissions import Scope
from tenants.records.models import Usage


@dataclass(frozen=True)
class Step:
    """`page` is where the step is done, on the home page itself where it begins with #."""

    title: str
    text: str
    page: str
    scope: Scope
    is_done: bool


def steps(organisation: Organisation) -> list[Step]:
    """Return the steps in their order. What is done follows from what there is, so nobody has to tick anything off."""
    keys = organisation.api_keys.exists()
    team = organisation.memberships.count() > 1 or organisation.invitations.exists()
    with isolation.entered(organisation):
        asked = Classification.objects.exists() or Usage.objects.exists()
        rows = Dataset.objects.filter(status=Dataset.Status.READY).exists()
        model = ModelVersion.objects.exists()
        called = Usage.objects.exclude(api_key="").exists()
    # The home page has room for both until there is a model.
    ask, bring = ("model_list", "dataset_upload") if model else ("#ask", "#rows")
    return [
        Step("Ask a model", "One is ready for you: see what an answer looks like.", ask, Scope.CLASSIFY, asked),
        Step("Bring your rows", "A CSV with a label in each row, or the sample.", bring, Scope.TRAIN, rows),
        Step("Train your own model", "One click. It takes seconds to a minute.", "training_start", Scope.TRAIN, model),
        Step("Make a key", "Your programs use it to call the API.", "key_create", Scope.ADMIN, keys),
        Step("Call it from a program", _CALLED if called else _WAITING, "model_list", Scope.CLASSIFY, called),
        Step("Invite a colleague", "They get a letter with a link.", "team", Scope.ADMIN, team),
    ]


_WAITING = "Waiting for your first request. This line changes by itself."
_CALLED = "Your first request has arrived."
