import json
import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from saas.directory import DirectoryError
from saas.instance import Instance, InstanceError
from tenants.secrets import derive

PARTS = ("prepare", "provisioner", "gateway", "web", "manage", "relay", "fleet", "registrar", "postman", "mlflow")


@pytest.fixture(autouse=True)
def _no_servers_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance.create(tmp_path / "data")


def test_nobody_else_may_list_the_directory_or_read_the_secrets(instance: Instance) -> None:
    # Where root has it, organisations' own users pass it on the way to what is theirs.
    assert stat.S_IMODE(instance.data.stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)
    assert stat.S_IMODE((instance.data / "tenants").stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)
    assert {name.name for name in instance.data.iterdir() if name.stat().st_mode & 0o004} == set()
    assert stat.S_IMODE((instance.data / "secrets.json").stat().st_mode) == 0o600


def test_secrets_are_long_different_and_stay(instance: Instance) -> None:
    assert len(set(instance.secrets.values())) == len(instance.secrets) == 6
    assert min(map(len, instance.secrets.values())) >= 43
    assert Instance.create(instance.data).secrets == instance.secrets


def test_no_two_instances_share_a_secret(instance: Instance, tmp_path: Path) -> None:
    other = Instance.create(tmp_path / "other")
    assert not set(instance.secrets.values()) & set(other.secrets.values())


def test_a_secret_that_an_older_version_did_not_know_is_added(instance: Instance) -> None:
    path = instance.data / "secrets.json"
    older = {name: value for name, value in instance.secrets.items() if name != "pepper"}
    path.write_text(json.dumps(older))
    again = Instance.create(instance.data).secrets
    assert len(again["pepper"]) >= 43
    assert older.items() <= again.items()


def test_ports_and_options_are_remembered_once_the_instance_has_run(tmp_path: Path) -> None:
    instance = Instance.create(tmp_path, 8123, public_url="https://assort.example", encoder=False, web_processes=3)
    instance.claim()
    instance.release()
    again = Instance.create(tmp_path)
    assert (again.ports, again.web_processes) == (instance.ports, 3)
    assert (again.ports["web"], again.url, again.encoder) == (8123, "https://assort.example", False)


def test_a_refused_start_does_not_change_what_the_running_one_wrote(instance: Instance) -> None:
    instance.claim()
    second = Instance.create(instance.data, 8999)
    with pytest.raises(InstanceError, match=r"Another \./assort is running"):
        second.claim()
    assert Instance.create(instance.data).ports["web"] == instance.ports["web"]


def test_it_runs_as_long_as_somebody_holds_it(instance: Instance) -> None:
    other = Instance.create(instance.data)
    assert not other.is_running
    instance.claim()
    assert other.is_running
    instance.release()
    assert not other.is_running


def test_a_directory_in_which_nothing_can_be_made_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DirectoryError, match="Choose another --data"):
        Instance.create(tmp_path / "file" / "data")


def test_production_begins_with_a_public_address_that_has_tls(tmp_path: Path) -> None:
    assert Instance.create(tmp_path, 8123).mode == "development"
    assert Instance.create(tmp_path, public_url="https://assort.example").mode == "production"


def test_who_may_sign_up_follows_from_the_mode_until_it_is_chosen(tmp_path: Path) -> None:
    public = "https://assort.example"
    assert Instance.create(tmp_path, 8123).who_signs_up == "open"
    assert Instance.create(tmp_path, public_url=public).who_signs_up == "invite"
    chosen = Instance.create(tmp_path, public_url=public, sign_up="closed")
    chosen.claim()
    chosen.release()
    assert Instance.create(tmp_path, public_url=public).environment("web")["ASSORT_SIGN_UP"] == "closed"


def test_a_proxy_is_believed_in_production_alone_until_it_is_named(tmp_path: Path) -> None:
    assert Instance.create(tmp_path, 8123).environment("gateway")["ASSORT_PROXIES"] == ""
    public = Instance.create(tmp_path, public_url="https://assort.example")
    assert public.environment("gateway")["ASSORT_PROXIES"] == "127.0.0.1"
    assert Instance.create(tmp_path, behind_proxy="10.0.0.0/8").environment("gateway")["ASSORT_PROXIES"] == "10.0.0.0/8"


def test_erasing_leaves_alone_what_is_not_the_instances(instance: Instance) -> None:
    (instance.data / "letter.txt").write_text("mine")
    (instance.data / "tenants" / "t_1").mkdir()
    instance.erase()
    assert (instance.data / "letter.txt").exists()
    assert not (instance.data / "tenants").exists()
    assert Instance.create(instance.data).secrets != instance.secrets


@pytest.mark.parametrize("part", PARTS)
def test_nothing_of_the_callers_environment_reaches_a_part_by_accident(
    instance: Instance, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the caller's own")
    environment = instance.environment(part)
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert environment["PATH"] == os.environ["PATH"]
    assert environment["ASSORT_PART"] == part


@pytest.mark.parametrize("part", PARTS)
def test_only_who_writes_letters_learns_of_the_mail_server(
    instance: Instance, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSORT_SMTP_URL", "smtp://assort:secret@mail.example")
    writes_letters = part in {"web", "manage", "postman"}
    assert ("ASSORT_SMTP_URL" in instance.environment(part)) is writes_letters


@pytest.mark.parametrize("part", ["gateway", "web", "manage", "relay", "fleet", "registrar", "postman", "mlflow"])
def test_no_part_but_the_owners_can_read_another_login(instance: Instance, part: str) -> None:
    everything = "\n".join(instance.environment(part).values())
    for name in ("login_secret", "owner_password", "broker_password"):
        assert instance.secrets[name] not in everything


def test_each_part_gets_the_secrets_it_uses_and_no_other(instance: Instance) -> None:
    names = {"secret_key", "pepper", "fleet_secret", "login_secret"}
    given = {part: {name for name in names if f"ASSORT_{name.upper()}" in instance.environment(part)} for part in PARTS}
    owners, fronts = {"fleet_secret", "login_secret"}, {"secret_key", "pepper"}
    assert given == {
        "prepare": owners,
        "provisioner": owners,
        "gateway": fronts,
        "web": fronts,
        "manage": fronts,
        "fleet": {"fleet_secret"},
        "relay": set(),
        "registrar": set(),
        "postman": set(),
        "mlflow": set(),
    }


def test_a_parts_login_is_computed_from_its_name(instance: Instance) -> None:
    environment = instance.environment("relay")
    database, broker = urlsplit(environment["DATABASE_URL"]), urlsplit(environment["REDIS_URL"])
    secret = instance.secrets["login_secret"]
    assert (database.username, database.password) == ("assort_relay", derive(secret, "postgres", "relay"))
    assert (broker.username, broker.password) == ("relay", derive(secret, "broker", "relay"))
    assert (database.port, database.path) == (instance.ports["postgres"], "/assort")


def test_the_registrar_also_reaches_mlflows_database(instance: Instance) -> None:
    mlflow = urlsplit(instance.environment("registrar")["MLFLOW_DATABASE_URL"])
    assert (mlflow.username, mlflow.path) == ("assort_registrar", "/assort_mlflow")
    assert "MLFLOW_DATABASE_URL" not in instance.environment("web")


def test_outside_servers_replace_the_embedded_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://boss:pw@db.example:5433/service?sslmode=require")
    monkeypatch.setenv("REDIS_URL", "redis://:pw@broker.example:6380/0")
    instance = Instance.create(tmp_path)
    assert instance.environment("provisioner")["DATABASE_URL"] == os.environ["DATABASE_URL"]
    web = instance.environment("web")
    assert web["DATABASE_URL"].startswith("postgresql://assort_web:")
    assert web["DATABASE_URL"].endswith("@db.example:5433/service?sslmode=require")
    assert web["REDIS_URL"].startswith("redis://web:")
    assert web["REDIS_URL"].endswith("@broker.example:6380/0")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["migrate_schemas"], "prepare"),
        (["makemigrations", "--check"], "prepare"),
        (["organisation", "create", "migrate"], "manage"),
        ([], "manage"),
    ],
)
def test_only_commands_that_change_the_schema_run_as_the_owner(
    instance: Instance, arguments: list[str], part: str
) -> None:
    assert instance.management_part(arguments) == part
