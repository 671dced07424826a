"""What makes the service change a job in ways that ordinary work seldom needs."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import httpx2 as httpx
import psycopg
import redis

from classifier.kinds import FAST
from saas import process
from tenants import ids
from tests.faults.ledger import TRAINING, Accepted
from tests.faults.stage import Customer, Stage

# Returns the jobs that it asked for.
Provocation = Callable[[Stage, Customer], Sequence[Accepted]]

PATIENCE = 60.0


def nothing(_stage: Stage, _customer: Customer) -> Sequence[Accepted]:
    """Ordinary work does it."""
    return ()


def train(stage: Stage, customer: Customer) -> Sequence[Accepted]:
    """Ask for a training under one key until it is accepted: who is asked may be the one who dies."""
    options = {"dataset": customer.dataset, "model": "first", "options": {"quality": FAST}}
    headers = {"Idempotency-Key": ids.new("job")}
    with (api := customer.api(stage)).client:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                answer = api.client.post("training_jobs", json=options, headers=headers)
                if answer.is_success:
                    return [Accepted(str(answer.json()["id"]), TRAINING, customer)]
            time.sleep(0.2)
    raise AssertionError("no training was accepted")


def train_long(stage: Stage, customer: Customer) -> Sequence[Accepted]:
    """Start a training of some seconds, and return when it is in the middle."""
    with (api := customer.api(stage)).client:
        job = api.start_training(customer.long_dataset, "long", quality="auto")
        api.until(f"training_jobs/{job}", lambda found: found["progress"]["percent"] > 2)
    return [Accepted(job, TRAINING, customer)]


def stop_training(stage: Stage, customer: Customer) -> Sequence[Accepted]:
    accepted = train_long(stage, customer)
    process.send(stage.processes("trainer", customer.tenant), signal.SIGTERM)
    return accepted


def kill_training(stage: Stage, customer: Customer) -> Sequence[Accepted]:
    accepted = train_long(stage, customer)
    process.send(stage.processes("trainer", customer.tenant), signal.SIGKILL)
    return accepted


def cancel(stage: Stage, customer: Customer) -> Sequence[Accepted]:
    """Cancel a training that no worker has begun."""
    with _without_fleet(stage), (api := customer.api(stage)).client:
        job = api.start_training(customer.dataset, "first")
        with suppress(httpx.TransportError):
            api.client.post(f"training_jobs/{job}/cancel")
    return [Accepted(job, TRAINING, customer, may_be_canceled=True)]


def lose_message(stage: Stage, customer: Customer) -> Sequence[Accepted]:
    """Empty the broker while it holds a message that no worker has taken."""
    with _without_fleet(stage), (api := customer.api(stage)).client:
        job = api.start_training(customer.dataset, "first")
        _until(stage, "SELECT 1 FROM public.job WHERE id = %s AND state = 'sent'", job)
        with redis.Redis.from_url(stage.servers.owner_redis_url()) as broker:
            broker.flushall()
    return [Accepted(job, TRAINING, customer)]


def outlive(stage: Stage, customer: Customer) -> Sequence[Accepted]:
    """Let there be a job that ended longer ago than jobs are kept."""
    stage.ask(
        "INSERT INTO public.job (id, tenant, kind, queue, subject, state, attempt, outcome, created_at, finished_at)"
        " VALUES (%s, %s, 'tidy', 'batch', '', 'done', 1, 'succeeded', now(), now() - interval '8 days')",
        ids.new("job"),
        customer.tenant,
    )
    return ()


def make_appointment(stage: Stage, customer: Customer) -> Sequence[Accepted]:
    stage.ask(
        "INSERT INTO public.appointment (tenant, subject, due_at) VALUES (%s, 'first', now()) ON CONFLICT DO NOTHING",
        customer.tenant,
    )
    return ()


def grow_old(stage: Stage, customer: Customer) -> Sequence[Accepted]:
    """Let half a day have passed since an organisation was tidied."""
    stage.ask(
        "UPDATE public.organisation SET created_at = now() - interval '2 days' WHERE tenant = %s", customer.tenant
    )
    stage.ask("DELETE FROM public.job WHERE tenant = %s AND kind = 'tidy' AND state = 'done'", customer.tenant)
    return ()


def move_alias(stage: Stage, customer: Customer) -> Sequence[Accepted]:
    """Make another version the champion in MLflow, as somebody else's program would."""
    url = stage.service.instance.environment("registrar")["MLFLOW_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as mlflow:
        name = f"{customer.tenant}.first"
        mlflow.execute(
            "UPDATE registered_model_aliases AS alias SET version = other.version FROM model_versions AS other"
            " WHERE alias.name = %s AND other.name = alias.name AND other.version <> alias.version",
            [name],
        )
    return ()


def ask_for_nonsense(stage: Stage, customer: Customer) -> Sequence[Accepted]:
    """Have a version recorded whose files there are not; it is tried again and again."""
    stage.ask(
        "INSERT INTO public.job (id, tenant, kind, queue, subject, state, attempt, outcome, created_at)"
        " VALUES (%s, %s, 'register', 'record', 'nothing@1', 'queued', 0, '', now())",
        ids.new("mv"),
        customer.tenant,
    )
    stage.ask("NOTIFY job")
    return ()


@contextmanager
def _without_fleet(stage: Stage) -> Iterator[None]:
    """Let the fleet stand still for the block, so that no worker begins; those that train end first."""
    fleet = stage.processes("fleet")
    process.send(fleet, signal.SIGSTOP)
    try:
        process.wait_for(lambda: not stage.processes("trainer"), PATIENCE)
        yield
    finally:
        process.send(fleet, signal.SIGCONT)


def _until(stage: Stage, query: str, *values: object) -> None:
    assert process.wait_for(lambda: bool(stage.ask(query, *values)), PATIENCE), query
