from django import forms

from classifier.results import Wanted


def _share(label: str) -> forms.FloatField:
    return forms.FloatField(label=label, required=False, min_value=0, max_value=1)


class ResultsForm(forms.Form):
    """Which answers are looked for. A field that is left empty does not matter."""

    model = forms.CharField(
        max_length=80, required=False, widget=forms.TextInput(attrs={"list": "known-models", "autocomplete": "off"})
    )
    label = forms.CharField(max_length=500, required=False, strip=False)
    abstained = forms.TypedChoiceField(
        label="Answered",
        choices=[("", "or not"), ("no", "with a label"), ("yes", "not at all")],
        coerce=lambda chosen: chosen == "yes",
        empty_value=None,
        required=False,
    )
    day = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    confidence_min = _share("Confidence from")
    confidence_max = _share("Confidence to")
    id = forms.CharField(label="Request", max_length=24, required=False)

    def wanted(self) -> Wanted:
        given = {name: value for name, value in self.cleaned_data.items() if value not in {None, ""}}
        return Wanted(**given)
