from typing import Any

import pytest

from classifier import datasets, following, training
from classifier.models import ModelVersion
from tenants import isolation
from tenants.errors import Conflict, InvalidInput, NotFound
from tenants.models import Letter, Organisation
from tenants.records.models import AuditEvent
from tests.classifier import rows
from tests.classifier.followed import follow, grow, letters_to, started, support


@pytest.fixture
def version(inside_acme: Organisation) -> ModelVersion:
    return rows.trained(inside_acme)


def test_a_model_follows_what_it_was_trained_on_unless_told(version: ModelVersion) -> None:
    follow()
    assert (support().follow, support().followed) == ("automatic", version.dataset)
    event = AuditEvent.objects.get(action="model.follow")
    assert (event.actor, event.target, event.detail["followed_id"]) == ("alice", "support", version.dataset_id)


def test_a_model_without_a_version_says_what_to_name(inside_acme: Organisation) -> None:
    training.start(organisation=inside_acme, dataset=rows.ready(inside_acme), model_name="support", by="alice")
    with pytest.raises(InvalidInput, match="train the model first") as raised:
        follow()
    assert raised.value.errors[0].pointer == "/follow_dataset"


@pytest.mark.parametrize(
    ("rule", "pointer"),
    [
        ({"follow": "never"}, "/follow"),
        ({"rows": 0}, "/follow_rows"),
        ({"every": 366}, "/follow_every_days"),
        ({"every": 0}, "/follow_every_days"),
        ({"dataset": "ds_of_nobody"}, "/follow_dataset"),
    ],
)
def test_a_wrong_rule_is_pointed_at(version: ModelVersion, rule: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        following.set_rule(model=support(), by="alice", **rule)
    assert raised.value.errors[0].pointer == pointer


def test_what_is_not_given_stays(version: ModelVersion) -> None:
    follow("ask", rows=20, every=7)
    due = support().follow_due
    follow("automatic")
    assert (support().follow_rows, support().follow_every, support().follow_due) == (20, 7, due)
    follow(every=None)
    assert (support().follow_every, support().follow_due) == (None, None)


def test_a_strangers_data_set_cannot_be_followed(acme: Organisation, globex: Organisation) -> None:
    with isolation.entered(globex):
        theirs = rows.ready(globex)
    with isolation.entered(acme):
        rows.trained(acme)
        with pytest.raises(InvalidInput, match="no data set of this id"):
            follow(dataset=theirs.id)
    with isolation.entered(globex), pytest.raises(NotFound):
        following.look("support")


@pytest.fixture
def offered(acme: Organisation) -> str:
    """The id of a data set whose new row is offered to Acme's model `support`."""
    with isolation.entered(acme):
        version = rows.trained(acme)
        follow("ask")
        second = grow(acme, version.dataset)
        following.look("support")
        return second.id


def test_new_rows_are_offered_with_a_letter_and_once(acme: Organisation, offered: str) -> None:
    with isolation.entered(acme):
        following.look("support")
        assert (support().offered_id, started()) == (offered, [])
    assert letters_to(acme) == ["rows_wait"]
    assert "1 row" in Letter.objects.get(tenant=acme.tenant).reason


def test_who_accepts_has_started_the_training(acme: Organisation, offered: str) -> None:
    with isolation.entered(acme):
        job = following.accept(model=support(), by="bob")
        assert (job.dataset_id, job.created_by, support().offered) == (offered, "bob", None)
        with pytest.raises(Conflict, match="No new rows"):
            following.accept(model=support(), by="bob")


def test_what_is_declined_is_not_offered_again_and_later_rows_are(acme: Organisation, offered: str) -> None:
    with isolation.entered(acme):
        following.decline(model=support(), by="bob")
        following.look("support")
        assert support().offered is None
        later = grow(acme, datasets.get(offered))
        following.look("support")
        assert support().offered == later


def test_nothing_is_accepted_while_a_training_runs(acme: Organisation, offered: str) -> None:
    with isolation.entered(acme):
        training.start(organisation=acme, dataset=datasets.get(offered), model_name="support", by="bob")
        with pytest.raises(Conflict, match="Wait for its end"):
            following.accept(model=support(), by="bob")


def test_an_offer_ends_when_a_person_trains_on_the_rows_or_following_is_off(acme: Organisation, offered: str) -> None:
    with isolation.entered(acme):
        rows.trained(acme, datasets.get(offered))
        following.look("support")
        assert support().offered is None
        grow(acme, datasets.get(offered))
        following.look("support")
        assert support().offered is not None
        follow("off")
        assert support().offered is None
