"""The shapes of data sets, trainings, models and answers in the API: inputs and outputs apart."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from classifier.kinds import QUALITIES
from classifier.models import Classification, Dataset, Model, ModelVersion, TrainingJob
from classifier.models.model import LONGEST_SCHEDULE
from tenants.api.fields import ObjectField, StrictSerializer, TextField

# --- Data sets -----------------------------------------------------------------------------------------------------


class FileInput(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="CSV or JSONL.")


class DatasetInput(FileInput):
    name = TextField(max_length=100, default="", allow_blank=True)
    label = TextField(max_length=200, default="", allow_blank=True, help_text="The label's column.")
    text = TextField(max_length=200, default="", allow_blank=True, help_text="The only column to learn from.")


@extend_schema_field({"type": ["string", "number", "boolean"]})
class CellField(serializers.Field[Any, Any, Any, Any]):
    """A JSON value, or the string that would stand in a CSV."""

    default_error_messages = {
        "nested": "A cell is a string, a number, true, false or null.",
        "nul": "A NUL character stands in no cell. Leave it out.",
    }

    def to_internal_value(self, data: Any) -> str | float | bool:
        if not isinstance(data, str | int | float | bool):
            self.fail("nested")
        if isinstance(data, str) and "\0" in data:
            self.fail("nul")
        return data


class RowField(serializers.DictField):
    child = CellField(allow_null=True)
    default_error_messages = {"nul": "A NUL character stands in no column's name. Leave it out."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict) and any("\0" in name for name in data):
            self.fail("nul")
        return super().to_internal_value(data)


class RowList(serializers.ListField):
    child = RowField(allow_empty=False)

    def __init__(self, **options: Any) -> None:
        super().__init__(min_length=1, max_length=10_000, **options)


class RowsInput(serializers.Serializer[Any]):
    rows = RowList()


class ColumnSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.ChoiceField(choices=["text", "number", "category", "boolean", "datetime"])
    missing = serializers.IntegerField()
    distinct = serializers.IntegerField()
    examples = serializers.ListField(child=serializers.CharField())


class RowProblemSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField(allow_null=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class DatasetSerializer(serializers.ModelSerializer[Dataset]):
    object = ObjectField("dataset")
    parent = serializers.CharField(source="parent_id", allow_null=True)
    label = serializers.SerializerMethodField()
    kind = serializers.SerializerMethodField()
    columns = serializers.SerializerMethodField()
    labels = serializers.DictField(child=serializers.IntegerField())
    problems = RowProblemSerializer(many=True)

    class Meta:
        model = Dataset
        fields = (
            "id",
            "object",
            "created_at",
            "name",
            "status",
            "parent",
            "label",
            "kind",
            "columns",
            "rows",
            "labels",
            "file_name",
            "bytes",
            "sha256",
            "problems",
            "created_by",
            "finished_at",
        )

    def get_label(self, dataset: Dataset) -> str | None:
        return dataset.schema["label"] if dataset.schema else dataset.label or None

    def get_kind(self, dataset: Dataset) -> str | None:
        return dataset.schema["kind"] if dataset.schema else None

    @extend_schema_field(ColumnSerializer(many=True))
    def get_columns(self, dataset: Dataset) -> list[dict[str, Any]]:
        return dataset.schema["features"] if dataset.schema else []


class RowSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    inputs = serializers.DictField(child=serializers.CharField(allow_null=True))
    label = serializers.CharField()
    held_out = serializers.BooleanField()
    predicted = serializers.CharField(required=False, help_text="With `predicted`: what the champion's twin said.")
    confidence = serializers.FloatField(required=False)


class FindingSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    severity = serializers.CharField(help_text="`warning` where the model will suffer, else `info`.")
    detail = serializers.CharField()
    rows = serializers.ListField(child=serializers.IntegerField(), help_text="The first of them, at most 20.")
    count = serializers.IntegerField()
    column = serializers.CharField(required=False)
    label = serializers.CharField(required=False)


class ReportSerializer(serializers.Serializer[Any]):
    object = ObjectField("report")
    dataset = serializers.CharField()
    rows = serializers.IntegerField()
    labels = serializers.DictField(child=serializers.IntegerField())
    balance = serializers.FloatField(help_text="1 where all labels are equally frequent.")
    findings = FindingSerializer(many=True)


# --- Trainings -----------------------------------------------------------------------------------------------------


class TrainingOptions(StrictSerializer):
    quality = serializers.ChoiceField(choices=QUALITIES, default="auto")
    seed = serializers.IntegerField(default=0, min_value=0, max_value=2**31 - 1)
    base = TextField(
        max_length=80,
        required=False,
        help_text="A shared text model (`assort.<name>`, or one `@` a version) or a sentence encoder to start from.",
    )


class TrainingInput(StrictSerializer):
    dataset = TextField(max_length=24)
    model = TextField(max_length=63)
    options = TrainingOptions(default=dict)


class ProgressSerializer(serializers.Serializer[Any]):
    percent = serializers.IntegerField()
    stage = serializers.CharField()
    eta_seconds = serializers.IntegerField(allow_null=True)


class TrainingJobSerializer(serializers.ModelSerializer[TrainingJob]):
    object = ObjectField("training_job")
    dataset = serializers.CharField(source="dataset_id", allow_null=True)
    model = serializers.CharField(source="model.name")
    version = serializers.IntegerField(source="version.number", allow_null=True, default=None)
    progress = ProgressSerializer(source="*")
    error = serializers.DictField(child=serializers.CharField(), allow_null=True)

    class Meta:
        model = TrainingJob
        fields = (
            "id",
            "object",
            "status",
            "created_at",
            "dataset",
            "model",
            "options",
            "progress",
            "version",
            "error",
            "created_by",
            "started_at",
            "finished_at",
        )


class TrainingEventSerializer(serializers.Serializer[Any]):
    id = serializers.SerializerMethodField()
    object = ObjectField("training_event")
    created_at = serializers.DateTimeField(source="at")
    stage = serializers.CharField()
    percent = serializers.IntegerField()
    message = serializers.CharField()

    def get_id(self, event: Any) -> str:
        return f"evt_{event.pk}"


# --- Models --------------------------------------------------------------------------------------------------------


class ModelSettings(StrictSerializer):
    policy = serializers.ChoiceField(choices=Model.Policy.choices, required=False)
    follow = serializers.ChoiceField(
        choices=Model.Follow.choices,
        required=False,
        help_text="What happens when the data set has new rows: nothing, a person is asked, or a training starts.",
    )
    follow_rows = serializers.IntegerField(
        source="rows",
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="So many new rows make it act; 1 is every new version of the data set.",
    )
    follow_every_days = serializers.IntegerField(
        source="every",
        required=False,
        allow_null=True,
        min_value=1,
        max_value=LONGEST_SCHEDULE,
        help_text="Also after so many days, if there is any new row; null is no schedule.",
    )
    follow_dataset = TextField(
        source="dataset",
        required=False,
        max_length=24,
        help_text="Any version of the data set to follow; else the one that the model was trained on.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError(f"Give at least one of: {', '.join(self.fields)}.", code="required")
        return attrs


class ModelSerializer(serializers.ModelSerializer[Model]):
    object = ObjectField("model")
    champion = serializers.IntegerField(source="champion.number", allow_null=True, default=None)
    shared = serializers.SerializerMethodField()
    policy = serializers.ChoiceField(
        choices=Model.Policy.choices,
        allow_null=True,
        help_text="Null for a shared model, which the operator cares for.",
    )
    follow = serializers.ChoiceField(choices=Model.Follow.choices, allow_null=True)
    follow_rows = serializers.IntegerField(allow_null=True)
    follow_every_days = serializers.IntegerField(source="follow_every", allow_null=True)
    follow_dataset = serializers.CharField(
        source="followed_id", allow_null=True, help_text="The newest version of the data set that it follows."
    )
    offered_dataset = serializers.CharField(
        source="offered_id", allow_null=True, help_text="New rows that wait for a person to train on them."
    )
    kind = serializers.CharField(source="champion.kind", allow_null=True, default=None)
    labels = serializers.ListField(child=serializers.CharField(), source="champion.labels", default=list)
    columns = serializers.SerializerMethodField()

    class Meta:
        model = Model
        fields = (
            "id",
            "object",
            "created_at",
            "name",
            "shared",
            "policy",
            "follow",
            "follow_rows",
            "follow_every_days",
            "follow_dataset",
            "offered_dataset",
            "champion",
            "kind",
            "columns",
            "labels",
            "created_by",
        )

    def get_shared(self, model: Model) -> bool:
        return False

    @extend_schema_field(ColumnSerializer(many=True))
    def get_columns(self, model: Model) -> list[dict[str, Any]]:
        return model.champion.schema["features"] if model.champion else []


class ModelVersionSerializer(serializers.ModelSerializer[ModelVersion]):
    object = ObjectField("model_version")
    model = serializers.CharField(source="model.name")
    version = serializers.IntegerField(source="number")
    dataset = serializers.CharField(
        source="dataset_id",
        allow_null=True,
        help_text="What it learnt from; of a version that was registered in MLflow, what it was tested on.",
    )
    mlflow_version = serializers.IntegerField(
        allow_null=True, help_text="Its number in MLflow, where an outside pipeline has registered it."
    )

    class Meta:
        model = ModelVersion
        fields = (
            "id",
            "object",
            "created_at",
            "model",
            "version",
            "kind",
            "dataset",
            "dataset_sha256",
            "labels",
            "metrics",
            "parameters",
            "seconds",
            "sha256",
            "mlflow_version",
            "threshold",
            "goal",
            "scope_refused",
            "scope_rows",
            "verdict",
            "created_by",
        )
        extra_kwargs: ClassVar = {
            "threshold": {"help_text": "Below this confidence no label is given; null where one always is."},
            "goal": {"help_text": "This share of the answers given must be right; the threshold follows from it."},
            "scope_refused": {
                "help_text": "This share of inputs that belong here is refused, so that foreign ones are."
            },
            "scope_rows": {
                "help_text": "On so many rows it was measured what belongs here; null where it cannot tell."
            },
        }


class PromoteInput(StrictSerializer):
    version = serializers.IntegerField(min_value=1)


# --- Answers -------------------------------------------------------------------------------------------------------


class ClassificationSerializer(serializers.ModelSerializer[Classification]):
    object = ObjectField("classification")
    inputs = serializers.SerializerMethodField(help_text="Null unless the organisation keeps them.")
    results = serializers.ListField(child=serializers.DictField(), allow_null=True)
    warnings = serializers.ListField(child=serializers.DictField())
    error = serializers.DictField(allow_null=True)

    class Meta:
        model = Classification
        fields = (
            "id",
            "object",
            "status",
            "created_at",
            "model",
            "version",
            "inputs",
            "results",
            "warnings",
            "error",
            "finished_at",
            "expires_at",
        )

    @extend_schema_field({"type": ["array", "null"], "items": {}})
    def get_inputs(self, kept: Classification) -> list[Any] | None:
        return kept.inputs if kept.keep_inputs else None
