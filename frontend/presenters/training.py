"""What a page shows of a training."""

from dataclasses import dataclass

from classifier.models import TrainingJob

# The stages of a training in their order, and what happens in each.
STAGES = {
    "queued": "Waiting for a worker",
    "reading": "Reading the rows",
    "split": "Setting rows aside to test on",
    "read": "Reading what the rows say",
    "candidates": "Trying several models",
    "evaluate": "Testing the best one",
    "refit": "Learning from all rows",
    "succeeded": "Done",
}


@dataclass(frozen=True)
class Stage:
    title: str
    is_over: bool
    is_now: bool


def stages(job: TrainingJob) -> list[Stage]:
    """Return the way that a training goes, and where this one is. One that failed or was canceled stopped on it."""
    names = list(STAGES)
    here = names.index(job.stage) if job.stage in STAGES else -1
    done = job.status == TrainingJob.Status.SUCCEEDED
    return [
        Stage(title, is_over=done or place < here, is_now=not done and place == here)
        for place, title in enumerate(STAGES.values())
    ]
