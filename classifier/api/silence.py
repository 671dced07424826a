"""When a version gives no label, as the API takes and shows it."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from classifier.ml.curve import Point
from classifier.models import ModelVersion
from tenants.api.fields import ObjectField, StrictSerializer
from tenants.models import SharedModel


class ModelVersionSettings(StrictSerializer):
    threshold = serializers.FloatField(min_value=0, max_value=1, required=False, allow_null=True)
    goal = serializers.FloatField(
        min_value=0.5,
        max_value=0.999,
        required=False,
        allow_null=True,
        help_text="Instead of a threshold: this share of the answers given must be right.",
    )
    scope_refused = serializers.FloatField(
        min_value=0,
        max_value=0.5,
        required=False,
        allow_null=True,
        help_text="At most this share of the inputs that belong here is refused as foreign.",
    )


class SilencePoint(serializers.Serializer[Any]):
    threshold = serializers.FloatField()
    answered = serializers.FloatField(help_text="The share of the tested rows that gets a label.")
    rows = serializers.IntegerField(help_text="How many rows that are.")
    accuracy = serializers.FloatField(help_text="The share of those that is right.")
    low = serializers.FloatField(help_text="The lower end of its 95 % interval, which a goal must reach.")
    high = serializers.FloatField()


class SilenceSerializer(serializers.Serializer[Any]):
    object = ObjectField("silence")
    threshold = serializers.FloatField(allow_null=True)
    scope_refused = serializers.FloatField(allow_null=True)
    curve = SilencePoint(many=True, help_text="What follows from each threshold, from none to the highest.")


def silence_of(version: ModelVersion | SharedModel, curve: Sequence[Point]) -> dict[str, Any]:
    return {"threshold": version.threshold, "scope_refused": version.scope_refused, "curve": curve}
