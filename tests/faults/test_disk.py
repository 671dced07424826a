"""The organisations' files lie on a disk that is full: callers are told so, and nothing that was there is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.stranger import Api
from tests.service import Service

pytestmark = [
    pytest.mark.proves("files", "code", "the disk is full while customers upload, train and ask"),
    pytest.mark.needs("root"),
]

SIZE = "24m"
# The mount is seen by the service alone, and goes with it.
MOUNTED = ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size={SIZE},mode=700 tmpfs "$0" && exec "$@"')


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose organisations have a small disk."""
    data = tmp_path_factory.mktemp("disk") / "data"
    tenants = data / "tenants"
    service = Service(data, prefix=(*MOUNTED, str(tenants)))
    tenants.mkdir(mode=0o700, exist_ok=True)
    try:
        service.start()
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="module")
def api(victim: Service) -> Iterator[Api]:
    made = victim.create_organisation("Cramped", "carl@example.test")
    api = Api(victim.url, made["key"])
    with api.client:
        yield api


@contextmanager
def full(victim: Service) -> Iterator[None]:
    """Leave no room on the organisations' disk for the block."""
    assert victim.process is not None
    tenants = Path(f"/proc/{victim.process.pid}/root") / (victim.instance.data / "tenants").relative_to("/")
    filler = tenants / "filler"
    with filler.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(bytes(4096))
        except OSError:
            pass
    try:
        yield
    finally:
        filler.unlink()


def test_who_sends_a_file_is_told_to_come_again_and_may(victim: Service, api: Api, csv_file: Path) -> None:
    with full(victim), csv_file.open("rb") as file:
        refused = api.client.post("datasets", files={"file": file})
    assert refused.status_code == 503
    assert "no room on the disk" in refused.json()["detail"]
    assert int(refused.headers["Retry-After"]) >= 1
    assert api.upload(csv_file)["status"] == "ready"


def test_models_answer_and_accept_all_the_while(victim: Service, api: Api, csv_file: Path) -> None:
    api.train(api.upload(csv_file)["id"], "small")
    with full(victim):
        assert api.classify("small", ["my password"]).json()["results"][0]["label"] == "account"
        body = {"inputs": ["the invoice"]}
        later = api.client.post("models/small/classify", json=body, headers={"Prefer": "respond-async"}).json()
        api.until(f"classifications/{later['id']}", lambda found: found["status"] == "succeeded")


def test_a_training_without_room_says_so_and_the_next_one_succeeds(victim: Service, api: Api, csv_file: Path) -> None:
    dataset = api.upload(csv_file)["id"]
    with full(victim):
        failed = api.train(dataset, "cramped")
    assert (failed["status"], failed["error"]["code"]) == ("failed", "disk_full")
    assert api.train(dataset, "cramped")["status"] == "succeeded"
    assert len(api.get("models/cramped/versions")["data"]) == 1
