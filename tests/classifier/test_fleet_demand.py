import pytest
import redis

from classifier.fleet.demand import REPORT_SECONDS, Demand
from classifier.queues import LATER
from classifier.scaling import Waiting
from tenants import isolation
from tenants.models import Organisation
from tenants.secrets import derive
from tests.service import SERVICE, Service
from tests.tenants.test_broker import as_user


@pytest.fixture
def demand(service: Service) -> Demand:
    """What a fleet sees of the broker, with a fleet's login and in the place of a host that nobody calls."""
    client = as_user("fleet", derive(service.instance.secrets["login_secret"], "broker", "fleet"))
    client.connection_pool.connection_kwargs["decode_responses"] = True
    return Demand(client, "test")


def test_a_call_names_an_organisation_and_perhaps_what_its_gateway_holds_back(demand: Demand) -> None:
    one, other = "a" * 16, "b" * 16
    assert demand.read([one, f"{other} 40", f"{other} 12", "* 3", "t:* x", ""], now=5.0) == {one, other}
    assert demand.reports == {one: (1, 5.0), other: (40, 5.0)}


def test_a_report_counts_for_a_moment(demand: Demand, globex: Organisation) -> None:
    demand.read([f"{globex.tenant} 40"], now=5.0)
    assert demand.waiting([globex.tenant], now=5.0) == [Waiting(globex.tenant, "infer", 0, 40)]
    assert demand.waiting([globex.tenant], now=5.1 + REPORT_SECONDS) == []


def test_what_is_answered_later_is_told_apart(demand: Demand, globex: Organisation) -> None:
    owner = redis.Redis.from_url(SERVICE.instance.owner_redis_url())
    queue = isolation.queue(globex.tenant, LATER)
    owner.lpush(queue, "a", "b", "c")
    try:
        assert demand.waiting([globex.tenant], now=5.0) == [Waiting(globex.tenant, "infer", 3, later=3)]
    finally:
        owner.delete(queue)


def test_a_call_is_passed_on_to_another_host(demand: Demand, globex: Organisation) -> None:
    neighbour = Demand(demand.client, "neighbour")
    demand.pass_on(globex.tenant, "neighbour")
    assert neighbour.called(1) == {globex.tenant}
