from typing import Any

from django import forms

from classifier.models import ModelVersion


class PercentField(forms.FloatField):
    """A share, typed as so many in a hundred; empty is none."""

    def __init__(self, *, least: float, most: float, **named: Any) -> None:
        widget = forms.NumberInput(attrs={"inputmode": "decimal", "min": least, "max": most, "step": "any"})
        super().__init__(required=False, min_value=least, max_value=most, widget=widget, **named)


class SilenceForm(forms.Form):
    """When a version gives no label. On the page each field has a form of its own; what is not sent stays as it is."""

    goal = PercentField(
        label="Of the answers given, so many in 100 must be right",
        least=50,
        most=99.9,
        help_text="Left empty, every answer is given.",
    )
    foreign = PercentField(
        label="Of questions like yours, at most so many in 100 may be refused as foreign",
        least=0,
        most=50,
        help_text="The more, the more of what does not belong here is refused; 5 is usual. Left empty, none is.",
    )

    @classmethod
    def of(cls, version: ModelVersion) -> "SilenceForm":
        """The form as it is shown first: a goal is not kept, only what followed from it."""
        refused = version.scope_refused
        return cls(initial={"foreign": None if refused is None else f"{100 * refused:g}"})

    def shares(self) -> dict[str, float | None]:
        """What was typed, as the API has it."""
        names = {"goal": "goal", "foreign": "scope_refused"}
        typed = {names[name]: self.cleaned_data[name] for name in names if name in self.data}
        return {name: None if value is None else value / 100 for name, value in typed.items()}
