"""The model of the sample, where its training does not go through at once."""

import pytest
from django.core.management import CommandError, call_command

from classifier import sample, sharing
from tenants import ids, isolation
from tenants.models import Organisation, SharedModel, User
from tests.classifier import rows


@pytest.fixture
def practice(monkeypatch: pytest.MonkeyPatch, acme: Organisation, alice: User) -> str:
    """Its name in this test. It is trained in Acme, whose rows no worker sees before the test has ended."""
    name = f"practice-{ids.random_text(8)}"
    for setting, value in {"NAME": name, "SLUG": acme.slug, "OWNER": alice.email, "PATIENCE_SECONDS": 0}.items():
        monkeypatch.setattr(sample, setting, value)
    return name


def test_without_a_worker_it_says_so_and_how_to_try_again(practice: str) -> None:
    with pytest.raises(CommandError, match=r"No worker has ended .* Run `\./assort manage sample publish`"):
        call_command("sample", "publish")
    assert not SharedModel.objects.filter(name=practice).exists()


def test_a_first_start_goes_on_without_it(practice: str, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("sample", "publish", "--if-possible")
    assert "No worker has ended" in capsys.readouterr().err


def test_what_an_earlier_run_trained_is_published(
    practice: str, acme: Organisation, capsys: pytest.CaptureFixture[str]
) -> None:
    with isolation.entered(acme):
        rows.trained(acme, model=practice)
    call_command("sample", "publish")
    assert capsys.readouterr().out == f"assort.{practice}@1 is there\n"
    call_command("sample", "publish")
    assert capsys.readouterr().out == f"assort.{practice} was published before\n"
    sharing.withdraw(name=practice)
