from collections.abc import Iterable
from typing import Any

from django import forms

from classifier.rows import Wanted

# What the field of the browser offers. The content decides what a file is, whatever it is called.
ENDINGS = ".csv,.tsv,.txt,.jsonl,.ndjson,.json"


class UploadForm(forms.Form):
    file = forms.FileField(
        # An empty file becomes a rejected data set that says so.
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ENDINGS}),
    )
    name = forms.CharField(max_length=100, required=False, help_text="Left empty, it is the file's.")
    label = forms.CharField(
        label="Label column",
        max_length=200,
        required=False,
        help_text="Left empty, it is found: label, class, … or the last.",
    )
    text = forms.CharField(
        label="Text column",
        max_length=200,
        required=False,
        help_text="To learn from this column alone. Left empty, all are used.",
    )


class ExtendForm(forms.Form):
    """Rows to add: a file, or a text as it would stand in one. The text begins with the header."""

    file = forms.FileField(required=False, allow_empty_file=True, widget=forms.FileInput(attrs={"accept": ENDINGS}))
    pasted = forms.CharField(
        label="Or paste rows",
        required=False,
        max_length=1_000_000,
        help_text="CSV below this header, or one JSON object a line instead of it.",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "font-monospace"}),
    )

    def __init__(self, *args: Any, header: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.header = header
        self.fields["pasted"].initial = f"{header}\n"

    def clean(self) -> None:
        pasted = self.cleaned_data.get("pasted", "")
        if self.is_bound and not self.errors and not self.cleaned_data.get("file") and pasted in {"", self.header}:
            self.add_error("pasted", "Choose a file, or paste rows below the header.")


class RowsForm(forms.Form):
    """Which rows of a data set to show. What makes no sense is left out, so every address shows rows."""

    label = forms.ChoiceField(required=False)
    predicted = forms.ChoiceField(label="Taken for", required=False)
    words = forms.CharField(
        label="With the words", max_length=200, required=False, widget=forms.TextInput(attrs={"type": "search"})
    )
    numbers = forms.RegexField(r"\A[0-9]{1,9}(,[0-9]{1,9}){0,99}\Z", required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, labels: Iterable[str], predicted: Iterable[str], searched: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name, offered in (("label", labels), ("predicted", predicted)):
            choices = [("", "any label"), *((label, label) for label in offered)]
            self.fields[name] = forms.ChoiceField(label=self.fields[name].label, choices=choices, required=False)
            if len(choices) == 1:
                del self.fields[name]
        if not searched:
            del self.fields["words"]

    def wanted(self) -> Wanted:
        self.full_clean()
        known = {name: value for name, value in self.cleaned_data.items() if value}
        if "numbers" in known:
            known["numbers"] = [int(number) for number in known["numbers"].split(",")]
        return Wanted(**known)
