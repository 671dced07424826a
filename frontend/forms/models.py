from django import forms

from classifier.models import Model


class PolicyForm(forms.Form):
    policy = forms.ChoiceField(
        label="When a new version is trained",
        choices=[
            (Model.Policy.AUTO, "it serves, unless it is worse"),
            (Model.Policy.ASK, "a person decides"),
            (Model.Policy.PINNED, "the champion stays"),
        ],
    )
