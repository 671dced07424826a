from collections.abc import Iterable
from typing import Any

from django import forms

from classifier.models import Dataset, Model
from classifier.models.model import LONGEST_SCHEDULE


class FollowForm(forms.Form):
    """How a model follows a data set."""

    follow = forms.ChoiceField(
        label="When the data set grows",
        choices=[
            (Model.Follow.OFF, "nothing happens by itself"),
            (Model.Follow.ASK, "the admins are told, and decide"),
            (Model.Follow.AUTOMATIC, "a training starts by itself"),
        ],
    )
    dataset = forms.ChoiceField(label="Data set", required=False)
    rows = forms.IntegerField(
        label="As soon as so many rows are new", min_value=1, max_value=2**31 - 1, help_text="1 is every new version."
    )
    every = forms.IntegerField(
        label="And every so many days",
        required=False,
        min_value=1,
        max_value=LONGEST_SCHEDULE,
        help_text="Whatever is new then. Left empty, there is no schedule.",
    )

    def __init__(self, *args: Any, datasets: Iterable[Dataset], followed: str | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nothing = [] if followed else [("", "what it was trained on")]
        known = [(dataset.id, f"{dataset.name}, {dataset.rows:,} rows") for dataset in datasets]
        self.fields["dataset"] = forms.ChoiceField(
            label="Data set",
            required=False,
            choices=[*nothing, *known],
            help_text="With all its later versions.",
        )
