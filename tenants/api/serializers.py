"""The shapes of keys and organisations in the API: inputs and outputs apart."""

from typing import Any

from rest_framework import serializers

from tenants.api.fields import ObjectField, StrictSerializer, TextField
from tenants.models import ApiKey, Organisation
from tenants.permissions import Scope

# What a column of the database holds.
MOST_ROWS = 2**63 - 1


class CapField(serializers.IntegerField):
    def __init__(self, **named: Any) -> None:
        super().__init__(min_value=0, max_value=MOST_ROWS, allow_null=True, source="rows_cap", **named)


class KeyInput(StrictSerializer):
    name = TextField(max_length=100, default="")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices), min_length=1)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    rows_per_month_cap = CapField(
        required=False, default=None, help_text="How many rows a month it may have classified; null is no cap."
    )


class KeyChange(StrictSerializer):
    rows_per_month_cap = CapField(help_text="How many rows a month it may have classified; null removes the cap.")


class KeySerializer(serializers.ModelSerializer[ApiKey]):
    object = ObjectField("api_key")
    masked = serializers.CharField(read_only=True)
    rows_per_month_cap = CapField(read_only=True)

    class Meta:
        model = ApiKey
        fields = (
            "id",
            "object",
            "name",
            "masked",
            "scopes",
            "rows_per_month_cap",
            "created_by",
            "created_at",
            "expires_at",
            "last_used_at",
            "revoked_at",
        )


class NewKeySerializer(KeySerializer):
    key = serializers.CharField(read_only=True, help_text="Shown this once; only a hash of it is kept.")

    class Meta(KeySerializer.Meta):
        fields = (*KeySerializer.Meta.fields, "key")


class OrganisationInput(StrictSerializer):
    name = TextField(max_length=100, required=False)
    retention = serializers.ChoiceField(
        choices=Organisation.Retention.choices, required=False, help_text="How long answers from now on are kept."
    )
    keep_inputs = serializers.BooleanField(required=False, help_text="Keep what was asked as long as its answer.")
    rows_per_month_cap = CapField(
        required=False,
        help_text="How many rows a month all keys and pages may have classified at most; null removes the cap.",
    )


class OrganisationSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    object = ObjectField("organisation")
    slug = serializers.CharField()
    name = serializers.CharField()
    plan = serializers.CharField(source="plan_id")
    limits = serializers.DictField(child=serializers.IntegerField(allow_null=True), source="plan.limits")
    retention = serializers.ChoiceField(choices=Organisation.Retention.choices)
    keep_inputs = serializers.BooleanField()
    rows_per_month_cap = CapField()
    created_at = serializers.DateTimeField()


class MeOrganisation(OrganisationSerializer):
    used = serializers.DictField(child=serializers.IntegerField())


class MeKey(serializers.Serializer[Any]):
    id = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())


class MeSerializer(serializers.Serializer[Any]):
    object = ObjectField("me")
    key = MeKey()
    organisation = MeOrganisation()


class UsageSerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    api_key = serializers.CharField()
    model = serializers.CharField()
    requests = serializers.IntegerField()
    rows = serializers.IntegerField()
    errors = serializers.IntegerField()
