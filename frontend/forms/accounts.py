"""Who signs up, and the organisation itself."""

from typing import Any

from allauth.account.forms import SignupForm
from django import forms
from django.http import HttpRequest

from tenants import accounts
from tenants.models import Organisation, User

_SLUG_HELP = "The last part of its address, /o/…: a to z, digits and hyphens. Left empty, it follows from the name."


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


class AccountDeletionForm(forms.Form):
    email = forms.EmailField(label="Your address")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["email"].help_text = f"Type {user.email} to confirm."
        self.fields["email"].widget.attrs["autocomplete"] = "off"

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if email != self.user.email:
            raise forms.ValidationError("This is not your address. Nothing was deleted.")
        return email


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


class DeletionForm(forms.Form):
    name = forms.CharField(label="The organisation's name", max_length=100)

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        # It stands beside a form that has a name as well.
        super().__init__(*args, **kwargs | {"auto_id": "deletion_%s"})
        self.organisation = organisation
        self.fields["name"].help_text = f"Type {organisation.name} to confirm."
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self.organisation.name:
            raise forms.ValidationError("This is not its name. Nothing was deleted.")
        return name
