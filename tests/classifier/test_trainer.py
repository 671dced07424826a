import errno
import json
from datetime import timedelta

import pytest

from classifier import leases, registry, trainer, training
from classifier.ml import split
from classifier.ml.train import train as fit
from classifier.models import EvaluatedRow, Model, TrainingJob
from tenants import isolation, jobs
from tenants.models import Job, Organisation
from tests.classifier import rows


def test_the_first_version_serves_at_once(inside_acme: Organisation) -> None:
    version = rows.trained(inside_acme, quality="auto")
    model = Model.objects.get(name="support")
    assert model.champion == version
    assert version.metrics["accuracy"] > 0.8
    assert "first version" in version.verdict


def test_a_table_is_trained_too(inside_acme: Organisation) -> None:
    version = rows.trained(inside_acme, rows.ready(inside_acme, rows.TABLE), "sizes", quality="auto")
    assert version.kind == "table"
    assert version.metrics["accuracy"] > 0.8


def test_the_same_rows_and_seed_give_the_same_model(inside_acme: Organisation) -> None:
    dataset = rows.ready(inside_acme)
    first, second = (rows.trained(inside_acme, dataset, quality="auto") for _ in range(2))
    assert first.metrics == second.metrics
    assert first.sha256 == second.sha256


def test_every_held_out_row_is_kept_with_what_was_said_of_it(inside_acme: Organisation) -> None:
    version = rows.trained(inside_acme, quality="auto")
    evaluated = EvaluatedRow.objects.filter(version=version)
    cells = {(cell["actual"], cell["predicted"]): cell["count"] for cell in version.metrics["confusion"]}
    assert evaluated.count() == version.metrics["rows"] == sum(cells.values())


@pytest.mark.parametrize(("policy", "serves"), [("auto", 2), ("ask", 1), ("pinned", 1)])
def test_a_later_version_serves_as_the_policy_says(inside_acme: Organisation, policy: str, serves: int) -> None:
    dataset = rows.ready(inside_acme)
    rows.trained(inside_acme, dataset)
    registry.set_policy(model=registry.get("support"), policy=policy, by="alice")
    second = rows.trained(inside_acme, dataset)
    assert registry.champion(registry.get("support")).number == serves
    assert second.verdict


def test_the_policy_of_the_moment_counts_and_not_that_of_the_beginning(
    inside_acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = rows.ready(inside_acme)
    rows.trained(inside_acme, dataset)

    def fit_while_somebody_pins(*args: object, **named: object) -> object:
        registry.set_policy(model=registry.get("support"), policy="pinned", by="alice")
        return fit(*args, **named)  # type: ignore[arg-type]  # handed on as they come

    monkeypatch.setattr("classifier.ml.train.train", fit_while_somebody_pins)
    assert "`pinned`" in rows.trained(inside_acme, dataset).verdict
    assert registry.champion(registry.get("support")).number == 1


def spoilt_where_it_learns() -> str:
    """The messages with wrong labels on the rows that a twin learns from, and right ones on those held out."""
    pairs = [line.rpartition(",")[::2] for line in rows.LINES]
    held_out = split.held_out([{"text": text} for text, _ in pairs], [label for _, label in pairs])
    wrong = {"billing": "account", "account": "bug", "bug": "billing"}
    lines = [f"{text},{label if out else wrong[label]}" for (text, label), out in zip(pairs, held_out, strict=True)]
    return "text,label\n" + "\n".join(lines) + "\n"


def test_a_worse_version_does_not_take_over(inside_acme: Organisation) -> None:
    rows.trained(inside_acme)
    second = rows.trained(inside_acme, rows.ready(inside_acme, spoilt_where_it_learns()))
    assert second.verdict.startswith("Not promoted: On the same")
    assert registry.champion(registry.get("support")).number == 1


def test_the_end_of_a_training_is_one_transaction(acme: Organisation) -> None:
    with isolation.entered(acme):
        version = rows.trained(acme)
        job = TrainingJob.objects.get(version=version)
        assert job.status == "succeeded"
    assert Job.objects.get(pk=job.id).outcome == "succeeded"
    assert Job.objects.get(pk=version.id).queue == registry.RECORD


def test_a_training_that_was_taken_over_has_no_effect(
    inside_acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = training.start(organisation=inside_acme, dataset=rows.ready(inside_acme), model_name="lost", by="alice")
    finish = jobs.finish
    monkeypatch.setattr(jobs, "finish", lambda job_id, attempt, how: finish(job_id, attempt + 1, how))
    with pytest.raises(jobs.LeaseLost):
        trainer.train(job.id, tenant=inside_acme.tenant)
    assert not Model.objects.get(name="lost").versions.exists()
    assert not list(registry.folder_of(inside_acme.tenant, "lost").iterdir())


def test_a_training_that_is_lost_three_times_fails_with_advice(
    inside_acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = training.start(organisation=inside_acme, dataset=rows.ready(inside_acme), model_name="support", by="alice")
    monkeypatch.setattr(jobs, "LEASE", timedelta(0))
    for _ in range(jobs.ATTEMPTS):
        jobs.claim(job.id)
    trainer.train(job.id, tenant=inside_acme.tenant)
    job.refresh_from_db()
    assert job.status == "failed"
    assert job.error == {"code": "worker_lost", "detail": leases.LOST}


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EACCES, "internal")])
def test_a_training_without_room_on_the_disk_says_so(
    inside_acme: Organisation, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def refuse(*_args: object, **_named: object) -> str:
        raise OSError(number, "not here")

    monkeypatch.setattr("classifier.ml.artefact.save", refuse)
    job = training.start(organisation=inside_acme, dataset=rows.ready(inside_acme), model_name="cramped", by="alice")
    trainer.train(job.id, tenant=inside_acme.tenant)
    job.refresh_from_db()
    assert (job.status, (job.error or {})["code"]) == ("failed", code)


def test_the_registrar_finds_its_record_beside_the_artefacts(inside_acme: Organisation) -> None:
    version = rows.trained(inside_acme)
    folder = registry.folder_of(inside_acme.tenant, "support") / str(version.number)
    record = json.loads((folder / "record.json").read_text())
    assert record["sha256"] == version.sha256
    assert {path.name for path in folder.iterdir()} == {"served", "twin", "record.json"}


def test_a_version_that_lacks_a_label_of_the_champion_waits_for_a_person(inside_acme: Organisation) -> None:
    first = rows.trained(inside_acme)
    without = "".join(f"{line}\n" for line in rows.LINES if not line.endswith(",bug"))
    second = rows.trained(inside_acme, rows.ready(inside_acme, f"text,label\n{without}"))
    assert Model.objects.get(name="support").champion == first
    assert "does not know a label that the champion knows" in second.verdict


def test_a_training_whose_message_comes_twice_trains_once(inside_acme: Organisation) -> None:
    version = rows.trained(inside_acme)
    trainer.train(TrainingJob.objects.get(version=version).id, tenant=inside_acme.tenant)
    assert list(version.model.versions.all()) == [version]


def test_a_training_that_was_deleted_on_its_way_ends_its_job(acme: Organisation) -> None:
    with isolation.entered(acme):
        job = training.start(organisation=acme, dataset=rows.ready(acme), model_name="gone", by="alice")
        job_id = job.id
        job.delete()
        trainer.train(job_id, tenant=acme.tenant)
        assert not Model.objects.get(name="gone").versions.exists()
    assert Job.objects.get(pk=job_id).outcome == "canceled"


def test_a_version_of_another_kind_of_input_waits_for_a_person(inside_acme: Organisation) -> None:
    first = rows.trained(inside_acme)
    second = rows.trained(inside_acme, rows.ready(inside_acme, rows.TABLE))
    assert Model.objects.get(name="support").champion == first
    assert "it takes another kind of input than the champion" in second.verdict
