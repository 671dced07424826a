"""Three organisations do everything; then each one's words are looked for where another's, or nobody's, things are.

Each place has a control: the same look finds an organisation's own words where they belong.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.urls import reverse
from psycopg import sql

from tenants import isolation
from tenants.models import User
from tests.isolation import canaries, memory, neighbours
from tests.isolation.canaries import Canary, holds
from tests.isolation.test_matrix import READS, parameters_of
from tests.isolation.test_pages import ELSEWHERE, OPERATORS, PAGES, address
from tests.service import Service

Figure = Callable[[str, object], None]
# Who keeps the data of all: these files are theirs, and looked at from inside.
SERVERS = {"postgres", "valkey"}
# What is larger than anything that a worker or a page leaves.
LARGEST = 50 * 2**20


@pytest.fixture(scope="module")
def began() -> float:
    return time.time()


@pytest.fixture(scope="module")
def birds(service: Service, django_db_setup: None, django_db_blocker: Any, began: float) -> Iterator[list[Canary]]:
    with django_db_blocker.unblock():
        hatched = [canaries.hatched() for _ in range(3)]
        with ThreadPoolExecutor(len(hatched)) as together:
            list(together.map(lambda canary: canaries.live(service, canary), hatched))
        yield hatched


def whose(text: str, birds: Sequence[Canary]) -> Canary | None:
    return next((canary for canary in birds if canary.tenant in text), None)


def strays(place: str, content: bytes, birds: Sequence[Canary]) -> list[str]:
    """Return the words in there that are not of the organisation whose id is in the name of the place."""
    own = whose(place, birds)
    return [word for canary in birds if canary is not own for word in canary.words if holds(content, word)]


# --- the databases


def rows_of(url: str) -> Iterator[tuple[str, str]]:
    """Yield every row of every table as text, with the name of the table."""
    named = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    with psycopg.connect(url, autocommit=True) as database:
        for schema, table in database.execute(named).fetchall():
            every = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, table))
            for (row,) in database.execute(every):
                yield f"{schema}.{table}", row


@pytest.fixture(scope="module")
def rows(service: Service, birds: list[Canary]) -> list[tuple[str, str]]:
    mlflow = service.instance.environment("registrar")["MLFLOW_DATABASE_URL"]
    of_mlflow = [(f"mlflow {table}", row) for table, row in rows_of(mlflow)]
    return [*rows_of(service.instance.owner_database_url()), *of_mlflow]


@pytest.mark.proves("database", "PostgreSQL, code", "After a run, one's words in another's schema")
def test_no_schema_holds_words_of_another(
    rows: list[tuple[str, str]], birds: list[Canary], record_property: Figure
) -> None:
    inside = [(table, row) for table, row in rows if whose(table, birds)]
    assert [table for table, row in inside if strays(table, row.encode(), birds)] == []
    record_property("figure", f"{len(inside):,} rows of {len(birds)} schemas")


@pytest.mark.proves("database", "code", "After a run, what stands in the tables of all, and in MLflow's")
def test_what_is_common_holds_no_content_and_nothing_of_two(rows: list[tuple[str, str]], birds: list[Canary]) -> None:
    common = [(table, row) for table, row in rows if not whose(table, birds)]
    assert [
        table for table, row in common if table.startswith("public.") and any(c.content in row for c in birds)
    ] == []
    # A host says whom it serves, and how many those are.
    for table, row in ((table, row) for table, row in common if table != "public.fleet_host"):
        named = {canary.tenant for canary in birds if canary.tenant in row or any(word in row for word in canary.words)}
        assert len(named) <= 1, table
    assert len(common) > 100


@pytest.mark.control
def test_ones_own_words_are_in_ones_own_schema_and_in_mlflow(rows: list[tuple[str, str]], birds: list[Canary]) -> None:
    for canary in birds:
        inside = {table for table, row in rows if canary.tenant in table and canary.content in row}
        assert {f"t_{canary.tenant}.classifier_row", f"t_{canary.tenant}.classifier_classification"} <= inside
        assert any(canary.name in row for table, row in rows if table == "mlflow public.model_versions")


# --- the broker


@pytest.fixture(scope="module")
def commands(service: Service, birds: list[Canary]) -> list[list[bytes]]:
    """Every command that has changed the broker's data, from its own file."""
    time.sleep(1.5)  # It is written once a second.
    files = sorted((service.instance.data / "valkey").rglob("*.incr.aof"))
    return [command for file in files for command in parsed(file.read_bytes())]


def parsed(content: bytes) -> Iterator[list[bytes]]:
    """Read the broker's protocol: `*2`, then `$3` and as many bytes, twice."""
    at = 0
    while at < len(content):
        end = content.index(b"\r\n", at)
        kind, count = content[at : at + 1], content[at + 1 : end]
        at = end + 2
        if kind != b"*":  # A note on the side.
            continue
        words = []
        for _ in range(int(count)):
            end = content.index(b"\r\n", at)
            length = int(content[at + 1 : end])
            words.append(content[end + 2 : end + 2 + length])
            at = end + 4 + length
        yield words


@pytest.mark.proves("broker", "Valkey, code", "During a run, one's words in a key of another's or of nobody's")
def test_no_key_held_words_of_another(
    commands: list[list[bytes]], birds: list[Canary], record_property: Figure
) -> None:
    named = [(b" ".join(command[:2]).decode(errors="replace"), b" ".join(command)) for command in commands]
    assert [key for key, content in named if strays(key, content, birds)] == []
    record_property("figure", f"{len(commands):,} commands")


@pytest.mark.control
def test_ones_own_words_went_through_ones_own_queue(commands: list[list[bytes]], birds: list[Canary]) -> None:
    for canary in birds:
        queue = isolation.queue(canary.tenant, "infer").encode()
        assert any(queue in command and holds(b" ".join(command), canary.content) for command in commands)


# --- files


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in [folder, *sorted(folder.rglob("*"))]:
        try:
            if path.is_file() and path.stat().st_size < LARGEST:
                yield str(path.relative_to(folder)), path.read_bytes()
        except OSError:  # Temporary files come and go.
            continue


def changed(folder: Path, since: float) -> Iterator[Path]:
    for each in folder.iterdir():
        with suppress(FileNotFoundError):
            if each.lstat().st_ctime >= since:
                yield each


@pytest.fixture(scope="module")
def files(service: Service, birds: list[Canary]) -> dict[str, bytes]:
    found = contents(service.instance.data)
    return {path: content for path, content in found if Path(path).parts[0] not in SERVERS}


@pytest.mark.proves(
    "files", "kernel, code", "After a run, one's words in another's artefacts, uploads, caches and logs"
)
def test_no_file_holds_words_of_another(files: dict[str, bytes], birds: list[Canary], record_property: Figure) -> None:
    of_somebody = {path: content for path, content in files.items() if whose(path, birds)}
    assert [path for path, content in of_somebody.items() if strays(path, content, birds)] == []
    record_property("figure", f"{len(of_somebody)} files of {len(birds)} organisations")


@pytest.mark.proves(
    "files", "code", "After a run, content in logs, shared models and whatever else lies in common folders"
)
def test_no_common_file_holds_content(files: dict[str, bytes], birds: list[Canary]) -> None:
    common = {path: content for path, content in files.items() if not whose(path, birds)}
    assert [path for path, content in common.items() if any(holds(content, c.content) for c in birds)] == []


@pytest.mark.proves("files", "code", "After a run, content in the machine's own temporary files and shared memory")
def test_no_temporary_file_holds_content(birds: list[Canary], began: float) -> None:
    with tempfile.TemporaryDirectory(prefix="canary-") as planted:
        Path(planted, "seed").write_text(birds[0].content)
        found = {
            each
            for folder in (Path(tempfile.gettempdir()), Path("/dev/shm"))  # noqa: S108 - They are looked at.
            for each in changed(folder, began)
            if not each.name.startswith(("assort-tests-", "pytest-of-"))
            if any(holds(content, canary.content) for _, content in contents(each) for canary in birds)
        }
        # What was planted shows that something would be found.
        assert found == {Path(planted)}


@pytest.mark.control
def test_ones_own_words_are_in_ones_own_files(files: dict[str, bytes], birds: list[Canary]) -> None:
    for canary in birds:
        holding = [path for path, content in files.items() if holds(content, canary.content)]
        assert any(path.startswith(f"tenants/{canary.tenant}/models/") for path in holding)
        assert any(path.startswith(f"mlflow/{canary.tenant}/") or f"/{canary.tenant}." in path for path in holding)


# --- memory


@pytest.fixture(scope="module")
def below(service: Service, birds: list[Canary]) -> dict[str, bytes]:
    """What the fleet's processes have in mind."""
    return memory.below(service.pid_of("fleet"))


@pytest.mark.needs("tracing")
@pytest.mark.proves(
    "memory", "kernel, code", "After a run, one's words in the memory of another's workers, or of the fleet"
)
def test_no_worker_has_words_of_another_in_mind(
    below: dict[str, bytes], birds: list[Canary], record_property: Figure
) -> None:
    # The one that forks workers, and those of the three.
    minds = {title: mind for title, mind in below.items() if whose(title, birds) or "forkserver" in title}
    assert len(minds) > len(birds)
    assert {title: words for title, mind in minds.items() if (words := strays(title, mind, birds))} == {}
    record_property("figure", f"{sum(map(len, minds.values())) // 2**20} MB of memory")


@pytest.mark.needs("tracing")
@pytest.mark.control
def test_a_worker_has_its_own_words_in_mind(below: dict[str, bytes], birds: list[Canary]) -> None:
    for canary in birds:
        assert any(holds(mind, canary.content) for title, mind in below.items() if f"infer {canary.tenant}" in title)


# --- what is shown


@pytest.fixture(scope="module")
def shown(service: Service, birds: list[Canary]) -> dict[str, bytes]:
    """Every page, list and export that takes no name of an object, as each organisation sees it."""
    lists = [reverse(name) for name, method in READS if not parameters_of(name) and method == "GET"]
    found = {}
    for canary in birds:
        pages = [
            address(name, canary.organisation.slug, {}) for name, page in PAGES.items() if not page.pattern.converters
        ]
        elsewhere = [page for page in ELSEWHERE if page not in OPERATORS]
        for path, content in canaries.seen(service, canary, [*lists, *pages, *elsewhere]):
            found[f"{canary.tenant} {path}"] = content
    return found


@pytest.mark.proves("exports", "PostgreSQL, code", "After a run, another's words on one's own pages, lists and exports")
def test_nobody_is_shown_words_of_another(
    shown: dict[str, bytes], birds: list[Canary], record_property: Figure
) -> None:
    assert [place for place, content in shown.items() if strays(place, content, birds)] == []
    record_property("figure", f"{len(shown)} pages, lists and exports")


@pytest.mark.control
def test_everybody_is_shown_their_own_words(shown: dict[str, bytes], birds: list[Canary]) -> None:
    for canary in birds:
        assert holds(shown[f"{canary.tenant} /api/v1/classifications"], canary.content)
        assert holds(shown[f"{canary.tenant} {address('dataset_list', canary.organisation.slug, {})}"], canary.name)


@pytest.mark.proves(
    "dashboard", "code", "After a run, content on the operators' pages and where the service tells how it is"
)
def test_what_tells_how_the_service_is_shows_no_content(service: Service, birds: list[Canary]) -> None:
    service.manage("operator", "create", "opal@example.test")
    with neighbours.browser(service, User.objects.get(email="opal@example.test")) as operator:
        told = {path: operator.get(path).content for path in ("/readyz", "/healthz", *OPERATORS)}
    assert [path for path, content in told.items() if any(holds(content, c.content) for c in birds)] == []
    # Who the customers are, operators do see.
    assert holds(told["/operators/tenants/organisation/"], birds[0].name)
