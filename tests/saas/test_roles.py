"""What a role is told: its own, and nothing of another's."""

import json
import stat
from pathlib import Path

import pytest
import yaml

from saas import manifests, roles
from saas.env import BadEnvironment
from saas.instance import Instance
from tenants.secrets import derive

OWNER = {
    "DATABASE_URL": "postgresql://boss:boss-password@db.example:5432/assort",
    "REDIS_URL": "redis://default:broker-password@broker.example:6379/0",
}
OWNERS = {"migrate", "provisioner"}


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    for name, url in OWNER.items():
        monkeypatch.setenv(name, url)
    return Instance.create(tmp_path / "data")


def test_every_part_of_a_service_has_its_role() -> None:
    parts = {part for names in roles.ROLES.values() for part in names}
    assert parts >= {"gateway", "web", "relay", "postman", "fleet", "provisioner", "registrar", "prepare", "mlflow"}


@pytest.mark.parametrize("role", roles.ROLES)
def test_a_secret_holds_nothing_of_another_role(instance: Instance, role: str) -> None:
    secrets = roles.secrets(instance)
    # Web processes and gateways are one login; furnishing is done with it, and the owner's are two roles.
    alike = next(names for names in ({"gateway", "web", "furnish"}, OWNERS, {role}) if role in names)
    if role in {"registrar", "mlflow"}:
        alike = {"registrar", "mlflow"}
    foreign = {text for other, own in secrets.items() if other not in alike for text in own.values()}
    shared = {text for name, text in secrets[role].items() if text in foreign and name != "ASSORT_FLEET_SECRET"}
    assert not shared


@pytest.mark.parametrize("role", sorted(roles.ROLES.keys() - OWNERS))
def test_no_role_but_the_owners_learns_what_other_logins_are_computed_from(instance: Instance, role: str) -> None:
    told = "\n".join(roles.secrets(instance)[role].values())
    for secret in ("boss-password", "broker-password", instance.secrets["login_secret"]):
        assert secret not in told


def test_only_those_that_start_workers_or_make_their_logins_hold_the_fleets_secret(instance: Instance) -> None:
    holders = {role for role, own in roles.secrets(instance).items() if "ASSORT_FLEET_SECRET" in own}
    assert holders == {"fleet", *OWNERS}


def test_a_host_of_ones_own_knows_the_passwords_of_its_workers_and_nothing_to_compute_others_from(
    instance: Instance,
) -> None:
    tenant = "0123456789abcdef"
    own = roles.dedicated(instance, tenant)
    assert not [name for name in ("fleet_secret", "login_secret") if instance.secrets[name] in "".join(own.values())]
    passwords = {use: derive(instance.secrets["fleet_secret"], tenant, use) for use in ("postgres", "broker")}
    assert json.loads(own["ASSORT_WORKER_PASSWORDS"]) == {tenant: passwords}
    assert own["DATABASE_URL"] == instance.credentials("fleet")["DATABASE_URL"]


@pytest.mark.parametrize("role", roles.ROLES)
def test_what_a_part_is_told_by_its_secret_is_what_up_tells_it(instance: Instance, role: str) -> None:
    secret = roles.secrets(instance)[role]
    for part in roles.ROLES[role]:
        known_as = {"encoder": "manage", "sample": "manage"}.get(part, part)
        told = roles.environment(role, part, secret)
        expected = instance.environment(known_as)
        assert {name: told.get(name) for name in instance.credentials(known_as)} == instance.credentials(known_as)
        assert told["ASSORT_PART"] == expected["ASSORT_PART"]


def test_parts_of_one_role_do_not_see_each_others_logins(instance: Instance) -> None:
    secret = roles.secrets(instance)["scheduler"]
    relay, postman = (roles.environment("scheduler", part, secret) for part in ("relay", "postman"))
    assert not set(relay.values()) & {secret["POSTMAN_DATABASE_URL"], secret["POSTMAN_REDIS_URL"]}
    assert not set(postman.values()) & {secret["RELAY_DATABASE_URL"], secret["RELAY_REDIS_URL"]}


def test_a_secret_that_is_not_a_roles_does_not_reach_it_where_one_file_holds_all() -> None:
    given = {"ASSORT_FLEET_SECRET": "f" * 40, "ASSORT_PEPPER": "p" * 40, "ASSORT_LOGIN_SECRET": "l" * 40}
    assert "ASSORT_FLEET_SECRET" in roles.environment("fleet", "fleet", given)
    assert not {"ASSORT_PEPPER", "ASSORT_LOGIN_SECRET"} & roles.environment("fleet", "fleet", given).keys()


def test_addresses_are_loopback_until_somebody_says_otherwise() -> None:
    alone = roles.parts("gateway", {})[0]
    assert alone.command[alone.command.index("--host") + 1] == "127.0.0.1"
    assert alone.environment["ASSORT_WEB_ADDRESS"] == "http://127.0.0.1:8001"
    open_to_all = roles.parts("web", {"ASSORT_LISTEN": "10.0.0.1:8001"})[0]
    assert open_to_all.command[open_to_all.command.index("--host") + 1] == "10.0.0.1"


@pytest.mark.parametrize("said", ["8000", "host:", "host:0", ":80", "host:99999"])
def test_an_address_that_is_none_is_refused_by_name(said: str) -> None:
    with pytest.raises(BadEnvironment, match="ASSORT_LISTEN"):
        roles.parts("gateway", {"ASSORT_LISTEN": said})


def test_manifests_are_one_secret_for_each_role_and_survive_odd_characters(instance: Instance) -> None:
    secrets = roles.secrets(instance) | {"odd": {"NAME": 'a"b: #\\c\n'}}
    made = {
        document["metadata"]["name"]: document
        for document in yaml.safe_load_all(manifests.secrets(secrets, prefix="x"))
    }
    assert made.keys() == {f"x-{role}" for role in secrets}
    assert all(made[f"x-{role}"]["stringData"] == own for role, own in secrets.items())
    assert {document["kind"] for document in made.values()} == {"Secret"}


def test_files_for_compose_hold_the_same_and_nobody_else_may_read_them(instance: Instance, tmp_path: Path) -> None:
    inside = roles.on_servers(instance, database="postgres", broker="valkey")
    manifests.write_files(roles.secrets(inside) | roles.passwords_of_servers(inside), tmp_path / "secrets")
    read = {path.stem: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert read.keys() == {*roles.ROLES, "postgres", "valkey"}
    assert f"DATABASE_URL={inside.credentials('fleet')['DATABASE_URL']}\n" in read["fleet"]
    assert instance.secrets["owner_password"] in inside.owner_database_url()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "secrets").iterdir()} == {0o600}
