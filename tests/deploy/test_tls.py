"""Every role speaks TLS to servers that take nothing else, and believes nobody but whom it was told to believe."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from saas import smoke
from saas.doctor import database, queues
from saas.doctor.finding import State
from saas.ports import HOST
from tests.deploy.cluster import STAY, Cluster
from tests.deploy.tls import Authority, Front


@dataclass
class Encrypted(Cluster):
    """A cluster that reaches its servers through fronts with certificates of `authority`."""

    def addresses(self) -> tuple[str, str]:
        self.authority = Authority(self.folder / "authority")
        ports = self.servers.ports
        context = self.authority.context(HOST)
        self.fronts = [
            Front(ports["postgres"], context, is_asked_for=True),
            Front(ports["valkey"], context, is_asked_for=False),
        ]
        return self.trusting(self.authority.file)

    def trusting(self, authority: Path, host: str = HOST) -> tuple[str, str]:
        """Return the owner's DATABASE_URL and REDIS_URL for whoever believes this authority."""
        plain = super().addresses()
        moved = [
            urlsplit(url)._replace(netloc=f"{urlsplit(url).netloc.rpartition('@')[0]}@{host}:{front.port}")
            for url, front in zip(plain, self.fronts, strict=True)
        ]
        database, broker = moved
        return (
            database._replace(query=f"sslmode=verify-full&sslrootcert={authority}").geturl(),
            broker._replace(scheme="rediss", query=f"ssl_ca_certs={authority}").geturl(),
        )

    def close(self) -> None:
        super().close()
        for front in self.fronts:
            front.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    cluster = Encrypted(tmp_path_factory.mktemp("encrypted"))
    try:
        cluster.begin(*STAY, "mlflow")
        yield cluster
    finally:
        cluster.close()


def test_a_customer_is_served_over_encrypted_connections_alone(cluster: Encrypted) -> None:
    report = smoke.Report(cluster.url)
    smoke.run(cluster.url, key="", seconds=200, report=report)
    assert {step.step: step.said for step in report.steps if not step.ok} == {}


def test_the_doctor_says_that_nobody_listens(cluster: Encrypted) -> None:
    url, broker = cluster.trusting(cluster.authority.file)
    said = {found.about: found.said for found in (*database.examine(url), *queues.examine(broker))}
    assert said["postgresql encryption"] == "PostgreSQL is spoken to by TLS, and its certificate is looked at"
    assert said["broker encryption"] == "the broker is spoken to by TLS, and its certificate is looked at"


def test_nobody_else_is_believed(cluster: Encrypted, tmp_path: Path) -> None:
    url, broker = cluster.trusting(Authority(tmp_path).file)
    (database_says,), (broker_says,) = database.examine(url), queues.examine(broker)
    assert (database_says.state, broker_says.state) == (State.MISSING, State.MISSING)
    assert "certificate verify failed" in database_says.said
    assert "certificate verify failed" in broker_says.said


def test_a_server_of_another_name_is_not_believed_either(cluster: Encrypted) -> None:
    url, broker = cluster.trusting(cluster.authority.file, host="localhost")
    with pytest.raises(psycopg.OperationalError, match="localhost"):
        psycopg.connect(url)
    with redis.Redis.from_url(broker) as client, pytest.raises(redis.ConnectionError, match="localhost"):
        client.ping()
