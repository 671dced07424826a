from collections.abc import Mapping
from typing import Any

from django import forms

from classifier.models import ModelVersion

# What a page begins with.
GOAL, FOREIGN = "95", "5"


class PercentField(forms.FloatField):
    """A share, typed as so many in a hundred; empty is none."""

    def __init__(self, *, least: float, most: float, **named: Any) -> None:
        widget = forms.NumberInput(attrs={"inputmode": "decimal", "min": least, "max": most, "step": "any"})
        super().__init__(required=False, min_value=least, max_value=most, widget=widget, **named)


class SilenceForm(forms.Form):
    """When a version gives no label. On the page each field has a form of its own; what is not sent stays as it is."""

    goal = PercentField(label="Of the answers given, so many in 100 must be right", least=50, most=99.9)
    foreign = PercentField(
        label="Of questions like yours, at most so many in 100 may be refused as foreign",
        least=0,
        most=50,
        help_text="The more, the more of what does not belong here is refused; 5 is usual.",
    )

    @classmethod
    def shown(cls, version: ModelVersion, asked: Mapping[str, str]) -> "SilenceForm":
        """Return the form with the goal that is asked about, or a usual one: a goal is not kept, only what follows."""
        refused = version.scope_refused
        return cls({"goal": asked.get("goal", GOAL), "foreign": FOREIGN if refused is None else f"{100 * refused:g}"})

    def shares(self) -> dict[str, float | None]:
        """Return what was typed, as the API has it."""
        names = {"goal": "goal", "foreign": "scope_refused"}
        typed = {names[name]: self.cleaned_data.get(name) for name in names if name in self.data}
        return {name: None if value is None else value / 100 for name, value in typed.items()}

    @property
    def asked(self) -> float | None:
        """The goal that was typed, if it can be one."""
        self.full_clean()
        return self.shares().get("goal")
