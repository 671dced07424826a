from collections.abc import Iterable
from typing import Any

from django import forms

from classifier.models import Model

ORDERS = (("number", "as in the file"), ("worst", "worst first"))


class PolicyForm(forms.Form):
    policy = forms.ChoiceField(
        label="When a new version is trained",
        choices=[
            (Model.Policy.AUTO, "it serves, unless it is worse"),
            (Model.Policy.ASK, "a person decides"),
            (Model.Policy.PINNED, "the champion stays"),
        ],
    )


class EvaluatedRowsForm(forms.Form):
    """Which of a version's evaluated rows to show. What makes no sense is left out, so every address shows rows."""

    label = forms.ChoiceField(label="Labelled", required=False)
    predicted = forms.ChoiceField(label="Taken for", required=False)
    order = forms.ChoiceField(choices=ORDERS, required=False)
    only = forms.ChoiceField(label="Show", choices=[("", "all"), ("wrong", "only wrong answers")], required=False)

    def __init__(self, *args: Any, labels: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("label", "predicted"):
            choices = [("", "any label"), *((label, label) for label in labels)]
            self.fields[name] = forms.ChoiceField(label=self.fields[name].label, choices=choices, required=False)

    def wanted(self, name: str) -> str | None:
        """Return what the address says, or None where it says nothing that can be."""
        self.full_clean()
        return self.cleaned_data.get(name) or None
