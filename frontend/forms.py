"""What people type: its shape only. The rules stand with the verbs that the views call."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from allauth.account.forms import SignupForm
from django import forms
from django.http import HttpRequest
from django.utils import timezone

from classifier.ml.grams import TEXT_LENGTH
from classifier.models import Dataset, Model
from classifier.results import Wanted
from tenants import accounts
from tenants.models import Organisation, User
from tenants.permissions import Role, Scope

LIFETIMES = (("", "It does not expire"), ("30", "30 days"), ("90", "90 days"), ("365", "1 year"))
QUALITIES = (
    ("auto", "Automatic: as good as the data allows"),
    ("fast", "Fast: a linear model"),
    ("best", "Best: tries everything, takes longest"),
)
_SLUG_HELP = "The last part of its address, /o/…: a to z, digits and hyphens. Left empty, it follows from the name."


def _share(label: str) -> forms.FloatField:
    return forms.FloatField(label=label, required=False, min_value=0, max_value=1)


def _known_models() -> forms.TextInput:
    return forms.TextInput(attrs={"list": "known-models", "autocomplete": "off"})


class SignUpForm(SignupForm):
    """An account together with its organisation, or with the one that `invitation`, a token, leads to."""

    field_order = ("email", "password1", "organisation", "slug")
    organisation = forms.CharField(
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        help_text="Your team or company.",
    )
    slug = forms.CharField(label="Address (optional)", max_length=40, required=False, help_text=_SLUG_HELP)

    def __init__(self, *args: Any, invitation: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = invitation
        if invitation:
            del self.fields["organisation"], self.fields["slug"]

    def signup(self, request: HttpRequest, user: User) -> None:
        """Give the new account its organisation; without one, the account goes as well. Called by allauth's `save`."""
        try:
            if self.invitation:
                accounts.accept_invitation(token=self.invitation, user=user)
            else:
                wanted = self.cleaned_data
                accounts.found(name=wanted["organisation"], slug=wanted["slug"], owner=user)
        except BaseException:
            accounts.unregister(user=user)
            raise


class OrganisationForm(forms.Form):
    name = forms.CharField(max_length=100, widget=forms.TextInput(attrs={"autocomplete": "organization"}))
    slug = forms.CharField(label="Address (optional)", max_length=40, required=False, help_text=_SLUG_HELP)


class SettingsForm(forms.Form):
    name = forms.CharField(max_length=100)
    retention = forms.ChoiceField(
        choices=[
            (Organisation.Retention.OFF, "Keep nothing"),
            (Organisation.Retention.DAY, "24 hours"),
            (Organisation.Retention.MONTH, "30 days"),
        ],
        help_text="How long answers from now on are kept. An answer that was asked for later is kept for 24 hours.",
    )
    keep_inputs = forms.BooleanField(
        label="Keep the inputs, too", required=False, help_text="What was asked, for as long as its answer is kept."
    )


class ResultsForm(forms.Form):
    """Which answers are looked for. A field that is left empty does not matter."""

    model = forms.CharField(max_length=80, required=False, widget=_known_models())
    label = forms.CharField(max_length=500, required=False, strip=False)
    day = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    confidence_min = _share("Confidence from")
    confidence_max = _share("Confidence to")

    def wanted(self) -> Wanted:
        given = {name: value for name, value in self.cleaned_data.items() if value not in {None, ""}}
        return Wanted(**given)


class DeletionForm(forms.Form):
    name = forms.CharField(label="The organisation's name", max_length=100)

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organisation = organisation
        self.fields["name"].help_text = f"Type {organisation.name} to confirm."
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self.organisation.name:
            raise forms.ValidationError("This is not its name. Nothing was deleted.")
        return name


class InvitationForm(forms.Form):
    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(choices=Role, initial=Role.MEMBER)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role)


class KeyForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="What it is for, so that you know it again.")
    scopes = forms.MultipleChoiceField(
        choices=[
            (Scope.READ, "read: look at data sets, trainings and models"),
            (Scope.CLASSIFY, "classify: send inputs and read answers"),
            (Scope.TRAIN, "train: upload, train, promote"),
            (Scope.ADMIN, "admin: keys, deletion and the organisation itself"),
        ],
        initial=[Scope.READ, Scope.CLASSIFY],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    lifetime = forms.ChoiceField(choices=LIFETIMES, required=False, label="Expires")

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class UploadForm(forms.Form):
    file = forms.FileField(
        # An empty file becomes a rejected data set that says so.
        allow_empty_file=True,
        help_text="CSV with a header, or JSONL. One row an example, one column its label.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.jsonl,.ndjson,.json"}),
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


class TrainingForm(forms.Form):
    dataset = forms.ChoiceField(label="Data set")
    model = forms.CharField(
        max_length=63, help_text="A new name makes a new model; a known one gets a new version. a-z, 0-9, _ and -."
    )
    quality = forms.ChoiceField(choices=QUALITIES, initial="auto")
    base = forms.ChoiceField(label="Start from", required=False)

    def __init__(
        self, *args: Any, datasets: Iterable[Dataset], models: Iterable[Model], bases: Iterable[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [(dataset.id, f"{dataset.name}, {dataset.rows:,} rows") for dataset in datasets]
        self.fields["dataset"] = forms.ChoiceField(label="Data set", choices=choices)
        nothing = ("", "nothing: learn from these rows alone")
        help_text = "A shared text model helps most where there are few rows of each label."
        self.fields["base"] = forms.ChoiceField(
            label="Start from",
            required=False,
            choices=[nothing, *((name, name) for name in bases)],
            help_text=help_text,
        )
        self.known_models = [model.name for model in models]
        self.fields["model"].widget.attrs.update({"list": "known-models", "autocomplete": "off"})


class PolicyForm(forms.Form):
    policy = forms.ChoiceField(
        label="When a new version is trained",
        choices=[
            (Model.Policy.AUTO, "it serves, unless it is worse"),
            (Model.Policy.ASK, "a person decides"),
            (Model.Policy.PINNED, "the champion stays"),
        ],
    )


class TextForm(forms.Form):
    """One input of a text model."""

    text = forms.CharField(max_length=TEXT_LENGTH, strip=False, widget=forms.Textarea(attrs={"rows": 5}))

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


def input_form(schema: Mapping[str, Any], data: Any = None) -> TextForm | RecordForm:
    """Return the form for one input of a model with this `ml.schema.Schema`."""
    if schema["kind"] == "text":
        return TextForm(data)
    return RecordForm(data, columns=schema["features"])


def _column_field(column: Mapping[str, Any]) -> forms.Field:
    examples = [str(example) for example in column["examples"]]
    if column["type"] == "boolean":
        known = examples or ["true", "false"]  # A shared model has no examples.
        choices = [("", "missing"), *((example, example) for example in known)]
        return forms.ChoiceField(label=column["name"], choices=choices, required=False)
    help_text = f"{column['type']}, for instance {examples[0]}" if examples else column["type"]
    return forms.CharField(label=column["name"], required=False, max_length=TEXT_LENGTH, help_text=help_text)
