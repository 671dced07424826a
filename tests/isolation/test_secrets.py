"""Which process knows which secret: each one is looked for in the memory of those that were not told it."""

import httpx2 as httpx
import pytest

from tenants.secrets import derive
from tests.isolation import memory
from tests.isolation.neighbours import Neighbour
from tests.service import Service

# The installation's secrets that no worker, and nothing that forks one, may know.
OF_OTHERS = ("fleet_secret", "login_secret", "secret_key", "pepper", "owner_password", "broker_password")
# And those of the parts, of which each knows its own.
NOT_TOLD = {
    "web": ("fleet_secret", "login_secret", "owner_password", "broker_password"),
    "gateway": ("fleet_secret", "login_secret", "owner_password", "broker_password"),
    "relay": OF_OTHERS,
    "postman": OF_OTHERS,
    "registrar": OF_OTHERS,
    "fleet": ("login_secret", "secret_key", "pepper", "owner_password", "broker_password"),
}
pytestmark = pytest.mark.needs("tracing")


@pytest.fixture(scope="module")
def minds(service: Service, ours: Neighbour, theirs: Neighbour) -> dict[str, bytes]:
    """The memory of the fleet's processes, by their titles: the one that forks, and workers of both organisations."""
    for neighbour in (ours, theirs):
        address = f"{service.url}/api/v1/models/{neighbour.names['model']}/classify"
        headers = {"Authorization": f"Bearer {neighbour.key}"}
        httpx.post(address, json={"inputs": ["the invoice"]}, headers=headers, timeout=30).raise_for_status()
    return memory.below(service.pid_of("fleet"))


def known(service: Service, mind: bytes, *names: str) -> list[str]:
    return [name for name in names if service.instance.secrets[name].encode() in mind]


@pytest.mark.proves(
    "memory", "kernel, code", "The installation's secrets in the memory of workers and of what forks them"
)
def test_no_worker_and_nothing_that_forks_one_knows_the_installations_secrets(
    service: Service, minds: dict[str, bytes]
) -> None:
    assert {title: found for title, mind in minds.items() if (found := known(service, mind, *OF_OTHERS))} == {}


@pytest.mark.proves("memory", "kernel, code", "A worker's passwords in the memory of another's, or of what forks both")
def test_a_workers_passwords_are_known_to_itself(
    service: Service, minds: dict[str, bytes], ours: Neighbour, theirs: Neighbour
) -> None:
    for neighbour in (ours, theirs):
        passwords = [
            derive(service.instance.secrets["fleet_secret"], neighbour.tenant, use) for use in ("postgres", "broker")
        ]
        knowing = {title for title, mind in minds.items() if any(each.encode() in mind for each in passwords)}
        assert knowing == {title for title in minds if neighbour.tenant in title}


@pytest.mark.proves("memory", "code", "Secrets in the memory of parts that were not given them")
@pytest.mark.parametrize("part", NOT_TOLD)
def test_a_part_knows_no_secret_but_its_own(service: Service, ours: Neighbour, part: str) -> None:
    assert known(service, memory.of(service.pid_of(part)), *NOT_TOLD[part]) == []


@pytest.mark.control
def test_the_fleet_and_the_provisioner_know_theirs(service: Service, ours: Neighbour) -> None:
    assert known(service, memory.of(service.pid_of("fleet")), "fleet_secret") == ["fleet_secret"]
    of_provisioner = memory.of(service.pid_of("provisioner"))
    assert known(service, of_provisioner, "fleet_secret", "login_secret") == ["fleet_secret", "login_secret"]
