"""Whatever dies, stands still or is cut off: what was accepted comes to one end, and the service is whole again."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import points, strikes
from tests.faults.campaign import CLASSIFICATIONS, TRAININGS, Campaign
from tests.faults.rounds import Kind
from tests.form import LONG, SEED, cases, some

LONG_SECONDS = 55 * 60
KINDS = [*some(strikes.kinds(), short=5), *some(points.kinds(), short=3)]

pytestmark = [
    pytest.mark.proves("jobs", "code", "a process, a server or a network fails in the middle of work"),
    pytest.mark.timeout(LONG_SECONDS + 300 if LONG else 480),
]


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """All rounds of this form, played. ASSORT_FAULTS names a folder in which a long run goes on where it was ended."""
    folder = os.environ.get("ASSORT_FAULTS")
    campaign = Campaign(Path(folder) if folder else tmp_path_factory.mktemp("campaign"), KINDS, SEED)
    campaign.run(seconds=cases(short=260, long=LONG_SECONDS), times=None if LONG else 1)
    return campaign


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name.replace(" ", "-"))
def test_nothing_is_lost_or_done_twice_and_it_recovers(campaign: Campaign, kind: Kind) -> None:
    found = campaign.of(kind.name)
    assert [wrong for outcome in found for wrong in outcome.wrongs] == []
    assert len(found) == cases(short=1, long=kind.times)


def test_as_much_was_asked_for_as_is_promised(
    campaign: Campaign, record_property: Callable[[str, object], None]
) -> None:
    classifications, trainings = campaign.totals()
    assert classifications >= cases(short=200, long=CLASSIFICATIONS)
    assert trainings >= cases(short=5, long=TRAININGS)
    rounds = [outcome for kind in KINDS for outcome in campaign.of(kind.name)]
    slowest = max(outcome.recovered for outcome in rounds)
    record_property("figure", f"{len(rounds)} rounds, the slowest recovered in {slowest:.1f} s")
    record_property("figure", f"{classifications:,} classifications and {trainings:,} trainings, each ended once")
