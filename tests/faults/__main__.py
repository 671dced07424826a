"""The long form of the faults, `python -m tests.faults FOLDER [--seed N]`; it goes on where it was."""

import argparse
import os
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("folder", type=Path, help="keeps what is done, so that a run that was ended goes on")
    parser.add_argument("--seed", type=int, default=0, help="chooses the moments; printed, and kept in the folder")
    parser.add_argument("--minutes", type=float, default=55, help="no round begins later (55)")
    parser.add_argument("--only", default="", help="only kinds of faults whose name contains this")
    parser.add_argument("--times", type=int, help="so many rounds of each kind, instead of its own number")
    options = parser.parse_args()
    os.environ["ASSORT_PROVE"] = "long"
    if options.seed:
        os.environ["ASSORT_SEED"] = str(options.seed)
    # They read the environment when they are imported.
    from tests import form, service  # noqa: PLC0415
    from tests.faults import points, strikes  # noqa: PLC0415
    from tests.faults.campaign import Campaign  # noqa: PLC0415

    try:
        chosen = [kind for kind in [*strikes.kinds(), *points.kinds()] if options.only in kind.name]
        campaign = Campaign(options.folder, chosen, form.SEED)
        is_done = campaign.run(seconds=options.minutes * 60, times=options.times)
    finally:
        service.end()
    sys.stdout.write(campaign.table() + "\n")
    return 0 if is_done and not any(outcome.wrongs for outcome in campaign.outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
