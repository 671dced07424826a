"""Fields that the framework has not, or has more leniently than this API."""

from typing import Any

from drf_spectacular.drainage import set_override
from rest_framework import serializers

# Of unknown fields so many are named, since somebody may have sent a hundred thousand.
MOST_NAMED = 20


class ObjectField(serializers.Field[Any, Any, Any, Any]):
    """The member `object`, which says of everything that is returned what it is."""

    def __init__(self, name: str) -> None:
        super().__init__(read_only=True)
        self.name = name
        set_override(self, "field", {"type": "string", "const": name})

    def get_attribute(self, instance: Any) -> Any:
        return instance

    def to_representation(self, value: Any) -> str:
        return self.name


class TextField(serializers.CharField):
    """A string; the framework's own field makes one of a number, too."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictSerializer(serializers.Serializer[Any]):
    """An input that refuses what it does not know: a mistyped option must not be overlooked in silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields), key=str)):
            detail = f"There is no such field. Known are: {', '.join(self.fields)}."
            raise serializers.ValidationError(dict.fromkeys(unknown[:MOST_NAMED], detail), code="unknown_field")
        return super().to_internal_value(data)
