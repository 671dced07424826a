"""What was answered, as the API gives it: pages of requests, or a CSV of their answers."""

import math
from typing import Any

from django.http import FileResponse
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request

from classifier import results
from classifier.api.serializers import ClassificationSerializer
from classifier.results import Wanted
from tenants.api.pagination import page

CSV = "text/csv"


class ShareField(serializers.FloatField):
    """A number from 0 to 1."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=1, **options)

    def to_internal_value(self, data: Any) -> float:
        value = float(super().to_internal_value(data))
        if math.isnan(value):
            self.fail("invalid")
        return value


class AnswersQuery(serializers.Serializer[Any]):
    """The filters of a list of answers. A request is in it when one of its answers fits all of them."""

    model = serializers.CharField(required=False, help_text="Only this model's.")
    label = serializers.CharField(  # type: ignore[assignment]  # the parameter is called like the framework's attribute
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text="Only where an input was given this label; empty: where the model abstained.",
    )
    abstained = serializers.BooleanField(
        required=False, default=None, allow_null=True, help_text="Only where an input was given no label, or was."
    )
    confidence_min = ShareField(required=False, help_text="Only answers of at least this confidence.")
    confidence_max = ShareField(required=False, help_text="Only answers of at most this confidence.")
    day = serializers.DateField(required=False, input_formats=["%Y-%m-%d"], help_text="Only of this day (UTC).")
    format = serializers.ChoiceField(
        choices=["json", "csv"], required=False, help_text="`csv` is the same as `Accept: text/csv`."
    )


def give(request: Request) -> HttpResponseBase:
    query = AnswersQuery(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    filters = dict(query.validated_data)
    asked_as = filters.pop("format", None)
    wanted = Wanted(**filters)
    if asked_as == "csv" or (asked_as is None and _prefers_csv(request)):
        return FileResponse(results.as_csv(wanted), content_type=CSV, as_attachment=True, filename="answers.csv")
    return page(request, results.find(wanted), lambda kept: ClassificationSerializer(kept).data)


def _prefers_csv(request: Request) -> bool:
    return request.headers.get("Accept", "").partition(",")[0].partition(";")[0].strip().lower() == CSV
