from collections.abc import Iterable
from typing import Any

from django import forms

from classifier.models import Dataset, Model

QUALITIES = (
    ("auto", "Automatic: the best that these rows allow. Right for almost everybody"),
    ("fast", "Fast: a linear model, in seconds"),
    ("best", "Best: tries everything, and takes longest"),
)


class TrainingForm(forms.Form):
    dataset = forms.ChoiceField(label="Data set")
    model = forms.CharField(
        max_length=63,
        help_text="A new name makes a new model; a known one gets a new version. Small letters, digits, _ and -.",
    )
    quality = forms.ChoiceField(
        choices=QUALITIES, initial="auto", widget=forms.RadioSelect(attrs={"class": "form-check-input"})
    )
    base = forms.ChoiceField(label="Start from", required=False)

    def __init__(
        self,
        *args: Any,
        datasets: Iterable[Dataset],
        models: Iterable[Model],
        shared: Iterable[str] = (),
        encoders: Iterable[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [(dataset.id, f"{dataset.name}, {dataset.rows:,} rows") for dataset in datasets]
        self.fields["dataset"] = forms.ChoiceField(label="Data set", choices=choices)
        help_text = "For texts. A shared model helps most where there are few rows of each label."
        self.fields["base"] = forms.ChoiceField(
            label="Start from",
            required=False,
            choices=_bases(shared, encoders),
            help_text=help_text,
        )
        self.known_models = [model.name for model in models]
        self.fields["model"].widget.attrs.update({"list": "known-models", "autocomplete": "off"})


def _bases(shared: Iterable[str], encoders: Iterable[str]) -> list[Any]:
    groups = (("Shared models", shared), ("Sentence encoders", encoders))
    named = [(title, [(name, name) for name in names]) for title, names in groups]
    return [("", "nothing: learn from these rows alone"), *(group for group in named if group[1])]
