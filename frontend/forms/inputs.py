"""One input of a model, as one would type it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from classifier.ml.grams import TEXT_LENGTH


class TextForm(forms.Form):
    """One input of a text model."""

    text = forms.CharField(max_length=TEXT_LENGTH, strip=False, widget=forms.Textarea(attrs={"rows": 5}))
    columns: Mapping[str, Mapping[str, Any]] = {}

    def value(self) -> str:
        return str(self.cleaned_data["text"])


class RecordForm(forms.Form):
    """One input of a table model: a field for each of its columns, of which any may stay empty."""

    def __init__(self, *args: Any, columns: Sequence[Mapping[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.columns = {f"column_{place}": column for place, column in enumerate(columns)}
        for name, column in self.columns.items():
            self.fields[name] = _column_field(column)

    def value(self) -> dict[str, str]:
        return {column["name"]: self.cleaned_data[name] for name, column in self.columns.items()}


def input_form(
    schema: Mapping[str, Any], data: Any = None, *, row: Mapping[str, Any] | None = None
) -> TextForm | RecordForm:
    """Return the form for one input of a model with this `ml.schema.Schema`, filled in with what `row` has of it."""
    filled = row or {}
    names = [column["name"] for column in schema["features"]]
    if schema["kind"] == "text":
        return TextForm(data, initial={"text": filled.get(names[0]) if names else None})
    initial = {f"column_{place}": filled.get(name) for place, name in enumerate(names)}
    return RecordForm(data, columns=schema["features"], initial=initial)


def _column_field(column: Mapping[str, Any]) -> forms.Field:
    examples = [str(example) for example in column["examples"]]
    if column["type"] == "boolean":
        known = examples or ["true", "false"]  # A shared model has no examples.
        choices = [("", "missing"), *((example, example) for example in known)]
        return forms.ChoiceField(label=column["name"], choices=choices, required=False)
    help_text = f"{column['type']}, for instance {examples[0]}" if examples else column["type"]
    return forms.CharField(label=column["name"], required=False, max_length=TEXT_LENGTH, help_text=help_text)
