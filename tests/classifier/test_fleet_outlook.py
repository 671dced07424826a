"""What people read of what the fleet would do next."""

from classifier.fleet.outlook import Prospect, outlook
from classifier.scaling import IDLE_SECONDS, SPARE_IDLE_SECONDS, Running, Waiting
from tests.classifier.situations import NOW, seen


def answering(pid: int, *, idle: float, is_stopping: bool = False) -> Running:
    return Running(pid, "acme", "infer", active_at=NOW - idle, since=NOW - 60, is_stopping=is_stopping)


def test_a_queue_without_a_worker_gets_one_at_once_and_one_with_a_worker_none() -> None:
    found = outlook(seen([Waiting("acme", "infer", 3), Waiting("globex", "train", 1)], [answering(1, idle=0)]))
    assert [prospect for prospect in found if prospect.what == "start"] == [Prospect("start", "globex", "train", 0)]


def test_one_whose_worker_is_stopping_gets_another() -> None:
    stopping = answering(1, idle=0, is_stopping=True)
    assert outlook(seen([Waiting("acme", "infer", 1)], [stopping])) == [Prospect("start", "acme", "infer", 0)]


def test_who_failed_is_tried_again_when_the_time_has_come() -> None:
    barred = {("acme", "infer"): NOW + 20, ("globex", "infer"): NOW - 1}
    waiting = [Waiting(tenant, "infer", 1) for tenant in ("acme", "globex")]
    again, start = Prospect("try again", "acme", "infer", 20), Prospect("start", "globex", "infer", 0)
    assert outlook(seen(waiting, barred=barred)) == [start, again]


def test_who_may_not_run_gets_no_worker() -> None:
    assert outlook(seen([Waiting("acme", "infer", 1)], allowed={})) == []


def test_the_last_worker_stays_longer_than_one_more() -> None:
    found = outlook(seen((), [answering(1, idle=5), answering(2, idle=5)]))
    lasts = [round(SPARE_IDLE_SECONDS - 5), round(IDLE_SECONDS - 5)]
    assert [prospect.seconds for prospect in found if prospect.what == "stop"] == lasts
