from collections.abc import Callable

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from classifier.models import Dataset
from tenants import isolation
from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, address


def csv_file(text: str = "text,label\na,b\n") -> SimpleUploadedFile:
    return SimpleUploadedFile("march.csv", text.encode(), content_type="text/csv")


def test_an_uploaded_file_becomes_a_data_set_that_is_validated(send: Visit, bob: User, inside: Inside) -> None:
    page = send(bob, "dataset_upload", file=csv_file(), label="label")
    dataset = page.context["dataset"]
    assert (dataset.name, dataset.label, dataset.created_by) == ("march", "label", bob.email)
    assert "validating" in page.text
    with inside():
        assert Dataset.objects.filter(id=dataset.id).exists()


def test_an_empty_file_is_taken_in_too_so_that_its_rejection_says_why(send: Visit, bob: User) -> None:
    assert send(bob, "dataset_upload", file=csv_file("")).context["dataset"].bytes == 0


def test_a_form_without_a_file_is_refused_at_its_field(send: Visit, bob: User) -> None:
    assert "required" in send(bob, "dataset_upload", name="March").context["form"].errors["file"][0]


def test_a_refused_form_leaves_no_file_behind(send: Visit, bob: User, studio: Studio) -> None:
    uploads = isolation.directory(studio.organisation.tenant) / "uploads"
    page = send(bob, "dataset_upload", file=csv_file(), name="x" * 101)
    assert "name" in page.context["form"].errors
    assert list(uploads.iterdir()) == []


def test_a_file_beyond_the_plan_is_refused_with_the_limit(send: Visit, bob: User, studio: Studio) -> None:
    plan = studio.organisation.plan
    plan.dataset_bytes = 3
    plan.save()
    page = send(bob, "dataset_upload", file=csv_file())
    assert "A file may have 3 bytes" in page.text


def test_a_form_from_elsewhere_is_refused(db: None, bob: User, studio: Studio) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    assert client.post(address(studio, "dataset_upload"), {"file": csv_file()}).status_code == 403


def test_the_token_of_the_page_lets_the_form_in(db: None, bob: User, studio: Studio) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    token = client.get(address(studio, "dataset_upload")).context["csrf_token"]
    fields = {"file": csv_file(), "csrfmiddlewaretoken": str(token)}
    assert client.post(address(studio, "dataset_upload"), fields).status_code == 302


def test_the_page_says_how_large_a_file_may_be(visit: Callable[..., object], bob: User) -> None:
    assert "200.0\N{NO-BREAK SPACE}MB" in visit(bob, "dataset_upload").text  # type: ignore[attr-defined]  # a page


def test_a_script_that_sends_the_file_is_told_where_to_go(db: None, bob: User, studio: Studio) -> None:
    client = Client(headers={"HX-Request": "true"})
    client.force_login(bob)
    sent = client.post(address(studio, "dataset_upload"), {"file": csv_file()})
    assert sent.status_code == 200
    assert sent.headers["HX-Redirect"].startswith(address(studio, "dataset_list"))
