from classifier.models import Classification
from tenants.models import User
from tests.frontend.conftest import Inside, Visit, told


def asked(inputs: list[str] | None) -> Classification:
    return Classification.objects.create(model="letters", version=1, inputs=inputs, status="succeeded", results=[])


def test_the_same_is_asked_again_with_the_reasons(send: Visit, bob: User, inside: Inside) -> None:
    with inside():
        first = asked(["my card is gone"])
    again = send(bob, "classification_explain", first.id).context["classification"]
    assert again.id != first.id
    assert (again.model, again.version, again.inputs, again.explain) == ("letters", 1, ["my card is gone"], True)


def test_what_is_not_kept_cannot_be_asked_again_and_that_is_said(send: Visit, bob: User, inside: Inside) -> None:
    with inside():
        first = asked(None)
    page = send(bob, "classification_explain", first.id)
    assert page.context["classification"] == first
    assert "is not kept" in told(page)[0]
