from tenants.models import Organisation, User
from tests.frontend.conftest import Studio, Visit, told


def test_typing_the_name_deletes_the_organisation(send: Visit, visit: Visit, alice: User, studio: Studio) -> None:
    page = send(alice, "organisation_delete", name="Studio")
    assert told(page) == ["Studio is being deleted, with everything in it."]
    assert Organisation.objects.get(pk=studio.organisation.pk).status == "deleting"
    assert visit(alice, "organisation_home").status_code == 404


def test_another_name_deletes_nothing(send: Visit, alice: User, studio: Studio) -> None:
    page = send(alice, "organisation_delete", name="studio")
    assert "Nothing was deleted" in told(page)[0]
    assert Organisation.objects.get(pk=studio.organisation.pk).is_active
