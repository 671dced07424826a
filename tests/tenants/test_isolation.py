import pytest
from django.db import DataError, ProgrammingError, connection, transaction

from classifier.models import Dataset
from tenants import isolation
from tenants.models import Organisation, User


def scalar(statement: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def test_inside_an_organisation_role_and_path_are_its_own(acme: Organisation) -> None:
    with isolation.entered(acme):
        assert scalar("SELECT current_user") == f"t_{acme.tenant}"
        assert scalar("SHOW search_path") == f'"t_{acme.tenant}"'


def test_afterwards_they_are_the_web_processs_again(acme: Organisation) -> None:
    with isolation.entered(acme):
        scalar("SELECT 1")
    assert scalar("SELECT current_user") == "assort_web"
    assert scalar("SHOW search_path") == '"public"'


def test_leaving_works_after_an_error_of_the_database(acme: Organisation) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic(), isolation.entered(acme):
        scalar("SELECT nonsense")
    assert scalar("SELECT current_user") == "assort_web"


def test_a_rolled_back_savepoint_inside_does_not_lose_the_organisation(acme: Organisation) -> None:
    with isolation.entered(acme):
        with pytest.raises(DataError), transaction.atomic():
            scalar("SELECT 1 / 0")
        assert scalar("SELECT current_user") == f"t_{acme.tenant}"


def test_public_cannot_be_read_from_inside(acme: Organisation, alice: User) -> None:
    with isolation.entered(acme), pytest.raises(ProgrammingError, match="does not exist"), transaction.atomic():
        User.objects.count()


def test_public_cannot_be_read_from_inside_by_its_full_name(acme: Organisation) -> None:
    with isolation.entered(acme), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        scalar('SELECT count(*) FROM public."user"')


def test_another_schema_cannot_be_read_from_inside(acme: Organisation, globex: Organisation) -> None:
    statement = f"SELECT count(*) FROM t_{globex.tenant}.classifier_dataset"
    with isolation.entered(acme), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        scalar(statement)


def test_a_process_that_forgets_to_enter_is_refused(acme: Organisation) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        scalar(f"SELECT count(*) FROM t_{acme.tenant}.classifier_dataset")
    with pytest.raises(ProgrammingError, match="does not exist"), transaction.atomic():
        Dataset.objects.count()


def test_entering_twice_is_a_mistake(acme: Organisation, globex: Organisation) -> None:
    with isolation.entered(acme), pytest.raises(RuntimeError, match="already inside"), isolation.entered(globex):
        pass


@pytest.mark.parametrize("name", ["", "a*", "../../etc", "A" * 16, "a" * 15, "a" * 17, "aaaaaaaaaaaaaaa\n"])
def test_what_is_no_tenant_becomes_no_role_key_or_path(name: str) -> None:
    for use in (isolation.schema, isolation.worker_login, isolation.directory):
        with pytest.raises(isolation.NotATenant):
            use(name)


def test_the_audit_is_only_added_to(inside_acme: Organisation) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        scalar("WITH gone AS (DELETE FROM records_auditevent RETURNING 1) SELECT count(*) FROM gone")
