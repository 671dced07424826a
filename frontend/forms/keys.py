from datetime import datetime, timedelta

from django import forms
from django.utils import timezone

from frontend.forms.caps import RowsField
from tenants.permissions import Scope

LIFETIMES = (("", "It does not expire"), ("30", "30 days"), ("90", "90 days"), ("365", "1 year"))


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
    rows_cap = RowsField(help_text="Beyond it the key is refused until the next month. Left empty, the plan decides.")

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return timezone.now() + timedelta(days=int(days)) if days else None
