from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from classifier import datasets, following, inference, registry, sharing, silencing, training, uploads, versions
from classifier.api import answers, rows, shared_models
from classifier.api.parsers import StoredFormParser
from classifier.api.serializers import (
    ClassificationSerializer,
    DatasetInput,
    DatasetSerializer,
    FileInput,
    ModelSerializer,
    ModelSettings,
    ModelVersionSerializer,
    PromoteInput,
    ReportSerializer,
    RowList,
    RowSerializer,
    RowsInput,
    TrainingEventSerializer,
    TrainingInput,
    TrainingJobSerializer,
)
from classifier.api.silence import ModelVersionSettings, SilenceSerializer, silence_of
from classifier.models import Dataset, Model, ModelVersion, TrainingJob
from classifier.uploads import Upload
from tenants.api.pagination import PARAMETERS, list_of, page
from tenants.api.parsers import JsonParser
from tenants.api.scoped_view import KeyRequest, ScopedView, valid
from tenants.permissions import Scope

STREAMED = (
    "The stream (server-sent events) has one `progress` for each event of the list, with its `id`, and others without "
    "one whenever percent, stage or remaining time change. `done` holds the finished training; a stream that ends "
    "before it is resumed with `Last-Event-ID`. A comment comes at least every 15 s. 50 streams of one organisation, "
    "and 200 of one server process, may be open at a time."
)


ANSWERS_AS_CSV = (
    "With `Accept: text/csv` or `format=csv`: one row an answer, all that fit, newest first. A text that a "
    "spreadsheet would take for a formula begins with an apostrophe. Inputs are there only where the organisation "
    "keeps them."
)


class Datasets(ScopedView):
    scopes: ClassVar = {"GET": Scope.READ, "POST": Scope.TRAIN}
    parser_classes = (StoredFormParser,)

    @extend_schema(
        operation_id="list_datasets",
        summary="List data sets",
        parameters=PARAMETERS,
        responses=list_of(DatasetSerializer),
    )
    def get(self, request: KeyRequest) -> Response:
        return page(request, Dataset.objects.all(), lambda dataset: DatasetSerializer(dataset).data)

    @extend_schema(
        operation_id="create_dataset",
        summary="Upload rows",
        request={"multipart/form-data": DatasetInput},
        responses={201: DatasetSerializer},
    )
    def post(self, request: KeyRequest) -> Response:
        wanted = valid(DatasetInput(data=request.data))
        upload = wanted.pop("file").upload
        dataset = datasets.create(organisation=request.auth.organisation, upload=upload, by=request.auth.id, **wanted)
        return _created(DatasetSerializer(dataset).data, f"/api/v1/datasets/{dataset.id}")


class DatasetDetail(ScopedView):
    scopes: ClassVar = {"GET": Scope.READ, "DELETE": Scope.ADMIN}

    @extend_schema(operation_id="get_dataset", summary="One data set", responses=DatasetSerializer)
    def get(self, request: KeyRequest, dataset_id: str) -> Response:
        return Response(DatasetSerializer(datasets.get(dataset_id)).data)

    @extend_schema(operation_id="delete_dataset", summary="Destroy a data set's rows", responses={204: None})
    def delete(self, request: KeyRequest, dataset_id: str) -> Response:
        dataset = datasets.get(dataset_id)
        datasets.delete(organisation=request.auth.organisation, dataset=dataset, by=request.auth.id)
        return Response(status=204)


class DatasetRows(ScopedView):
    scopes: ClassVar = {"GET": Scope.READ, "POST": Scope.TRAIN}
    parser_classes = (JsonParser, StoredFormParser)

    @extend_schema(
        operation_id="list_dataset_rows",
        summary="The rows themselves, or those behind a cell of the champion's confusion matrix",
        parameters=[
            *PARAMETERS,
            OpenApiParameter("label", str, description="Only rows of this label."),
            OpenApiParameter("predicted", str, description="Only evaluated rows that were given this label."),
            OpenApiParameter(
                "model", str, description="With `predicted`: whose champion; else the newest trained on it."
            ),
        ],
        responses=list_of(RowSerializer),
    )
    def get(self, request: KeyRequest, dataset_id: str) -> Response:
        return rows.page(request, datasets.get(dataset_id))

    @extend_schema(
        operation_id="add_dataset_rows",
        summary="Add rows: a new data set with its own id, and this one as its parent",
        request={"application/json": RowsInput, "multipart/form-data": FileInput},
        responses={201: DatasetSerializer},
    )
    def post(self, request: KeyRequest, dataset_id: str) -> Response:
        organisation = request.auth.organisation
        parent = datasets.get(dataset_id)
        datasets.check_ready(parent)  # Before rows that came as JSON are written down.
        dataset = datasets.add_rows(
            organisation=organisation, dataset=parent, upload=_rows_upload(request), by=request.auth.id
        )
        return _created(DatasetSerializer(dataset).data, f"/api/v1/datasets/{dataset.id}")


class DatasetReport(ScopedView):
    scopes: ClassVar = {"GET": Scope.READ}

    @extend_schema(operation_id="get_dataset_report", summary="What is wrong with the data", responses=ReportSerializer)
    def get(self, request: KeyRequest, dataset_id: str) -> Response:
        dataset = datasets.get(dataset_id)
        datasets.check_ready(dataset)
        return Response({"object": "report", "dataset": dataset.id, **(dataset.report or {})})


class TrainingJobs(ScopedView):
    scopes: ClassVar = {"GET": Scope.READ, "POST": Scope.TRAIN}

    @extend_schema(
        operation_id="list_training_jobs",
        summary="List trainings",
        parameters=PARAMETERS,
        responses=list_of(TrainingJobSerializer),
    )
    def get(self, request: KeyRequest) -> Response:
        jobs = TrainingJob.objects.select_related("model", "version")
        return page(request, jobs, lambda job: TrainingJobSerializer(job).data)

    @extend_schema(
        operation_id="create_training_job",
        summary="Train a model",
        request=TrainingInput,
        responses={202: TrainingJobSerializer},
    )
    def post(self, request: KeyRequest) -> Response:
        wanted = valid(TrainingInput(data=request.data))
        job = training.start(
            organisation=request.auth.organisation,
            dataset=datasets.get(wanted["dataset"]),
            model_name=wanted["model"],
            options=dict(wanted["options"]),
            by=request.auth.id,
        )
        return _created(TrainingJobSerializer(job).data, f"/api/v1/training_jobs/{job.id}", status=202)


class TrainingJobDetail(ScopedView):
    scopes: ClassVar = {"GET": Scope.READ}

    @extend_schema(operation_id="get_training_job", summary="One training", responses=TrainingJobSerializer)
    def get(self, request: KeyRequest, job_id: str) -> Response:
        return Response(TrainingJobSerializer(training.get(job_id)).data)


class TrainingJobCancel(ScopedView):
    scopes: ClassVar = {"POST": Scope.TRAIN}

    @extend_schema(
        operation_id="cancel_training_job", summary="Stop a training", request=None, responses=TrainingJobSerializer
    )
    def post(self, request: KeyRequest, job_id: str) -> Response:
        training.cancel(job=training.get(job_id))
        return Response(TrainingJobSerializer(training.get(job_id)).data)


class TrainingJobEvents(ScopedView):
    scopes: ClassVar = {"GET": Scope.READ}

    @extend_schema(
        operation_id="list_training_job_events",
        summary="A training's history; as a stream with `Accept: text/event-stream`",
        description=STREAMED,
        parameters=[
            OpenApiParameter(
                "Last-Event-ID", str, OpenApiParameter.HEADER, description="Of a stream: go on after this event."
            )
        ],
        responses={
            (200, "application/json"): list_of(TrainingEventSerializer),
            (200, "text/event-stream"): OpenApiTypes.STR,
        },
    )
    def get(self, request: KeyRequest, job_id: str) -> Response:
        job = training.get(job_id)
        data = TrainingEventSerializer(job.events.order_by("id"), many=True).data
        return Response({"object": "list", "data": data, "has_more": False, "next_cursor": None})


class Models(ScopedView):
    scopes: ClassVar = {"GET": Scope.READ}

    @extend_schema(
        operation_id="list_models", summary="List models", parameters=PARAMETERS, responses=list_of(ModelSerializer)
    )
    def get(self, request: KeyRequest) -> Response:
        own = Model.objects.select_related("champion")
        shared = [shared_models.as_model(model) for model in sharing.find_all()]
        return page(request, own, lambda model: ModelSerializer(model).data, then=shared)


class ModelDetail(ScopedView):
    scopes: ClassVar = {"GET": Scope.READ, "PATCH": Scope.TRAIN, "DELETE": Scope.ADMIN}

    @extend_schema(operation_id="get_model", summary="One model", responses=ModelSerializer)
    def get(self, request: KeyRequest, model: str) -> Response:
        if versions.is_shared(model):
            return Response(shared_models.as_model(sharing.get(model)))
        return Response(ModelSerializer(registry.get(model)).data)

    @extend_schema(
        operation_id="update_model",
        summary="Change how new versions are promoted, and which data set the model follows",
        request=ModelSettings,
        responses=ModelSerializer,
    )
    def patch(self, request: KeyRequest, model: str) -> Response:
        found = _own(model)
        following.change(model=found, by=request.auth.id, **valid(ModelSettings(data=request.data)))
        return Response(ModelSerializer(registry.get(model)).data)

    @extend_schema(operation_id="delete_model", summary="Destroy a model and its versions", responses={204: None})
    def delete(self, request: KeyRequest, model: str) -> Response:
        registry.delete(tenant=request.auth.organisation.tenant, model=_own(model), by=request.auth.id)
        return Response(status=204)


class ModelVersions(ScopedView):
    scopes: ClassVar = {"GET": Scope.READ}

    @extend_schema(
        operation_id="list_model_versions",
        summary="List a model's versions",
        parameters=PARAMETERS,
        responses=list_of(ModelVersionSerializer),
    )
    def get(self, request: KeyRequest, model: str) -> Response:
        if versions.is_shared(model):
            shared = [shared_models.as_version(version) for version in sharing.versions_of(model)]
            return page(request, ModelVersion.objects.none(), lambda version: version, then=shared)
        own = registry.get(model).versions.select_related("model")
        return page(request, own, lambda version: ModelVersionSerializer(version).data)


class ModelVersionDetail(ScopedView):
    scopes: ClassVar = {"GET": Scope.READ, "PATCH": Scope.TRAIN}

    @extend_schema(operation_id="get_model_version", summary="One version", responses=ModelVersionSerializer)
    def get(self, request: KeyRequest, model: str, number: int) -> Response:
        if versions.is_shared(model):
            return Response(shared_models.as_version(sharing.get_version(model, number)))
        return Response(ModelVersionSerializer(registry.get_version(registry.get(model), number)).data)

    @extend_schema(
        operation_id="update_model_version",
        summary="Change when a version gives no label",
        request=ModelVersionSettings,
        responses=ModelVersionSerializer,
    )
    def patch(self, request: KeyRequest, model: str, number: int) -> Response:
        found = registry.get_version(_own(model), number)
        wanted = valid(ModelVersionSettings(data=request.data))
        return Response(ModelVersionSerializer(silencing.change(version=found, by=request.auth.id, **wanted)).data)


class ModelVersionSilence(ScopedView):
    scopes: ClassVar = {"GET": Scope.READ}

    @extend_schema(
        operation_id="get_model_version_silence",
        summary="What follows from each threshold",
        description="Of a shared model the curve is empty: the rows behind it are the publisher's.",
        responses=SilenceSerializer,
    )
    def get(self, request: KeyRequest, model: str, number: int) -> Response:
        if versions.is_shared(model):
            return Response(SilenceSerializer(silence_of(sharing.get_version(model, number), ())).data)
        found = registry.get_version(registry.get(model), number)
        return Response(SilenceSerializer(silence_of(found, silencing.curve(found).thinned())).data)


class ModelPromote(ScopedView):
    scopes: ClassVar = {"POST": Scope.TRAIN}

    @extend_schema(
        operation_id="promote_model", summary="Let a version answer", request=PromoteInput, responses=ModelSerializer
    )
    def post(self, request: KeyRequest, model: str) -> Response:
        found = _own(model)
        version = registry.get_version(found, valid(PromoteInput(data=request.data))["version"])
        registry.promote(model=found, version=version, by=request.auth.id)
        return Response(ModelSerializer(found).data)


class ModelRollback(ScopedView):
    scopes: ClassVar = {"POST": Scope.TRAIN}

    @extend_schema(
        operation_id="roll_back_model",
        summary="Let the champion before this one answer again",
        request=None,
        responses=ModelSerializer,
    )
    def post(self, request: KeyRequest, model: str) -> Response:
        found = _own(model)
        registry.roll_back(model=found, by=request.auth.id)
        return Response(ModelSerializer(registry.get(model)).data)


class Classifications(ScopedView):
    scopes: ClassVar = {"GET": Scope.CLASSIFY}

    @extend_schema(
        operation_id="list_classifications",
        summary="What was answered, for as long as the organisation keeps it",
        description=ANSWERS_AS_CSV,
        parameters=[*PARAMETERS, answers.AnswersQuery],
        responses={
            (200, "application/json"): list_of(ClassificationSerializer),
            (200, answers.CSV): OpenApiTypes.STR,
        },
    )
    def get(self, request: KeyRequest) -> HttpResponseBase:
        return answers.give(request)


class ClassificationDetail(ScopedView):
    scopes: ClassVar = {"GET": Scope.CLASSIFY}

    @extend_schema(operation_id="get_classification", summary="One answer", responses=ClassificationSerializer)
    def get(self, request: KeyRequest, classification_id: str) -> Response:
        return Response(ClassificationSerializer(inference.get(classification_id)).data)


def _own(model: str) -> Model:
    """Return the model that is about to be changed. Raises Conflict for a shared one."""
    sharing.check_own(model)
    return registry.get(model)


def _created(body: Any, location: str, status: int = 201) -> Response:
    return Response(body, status=status, headers={"Location": location})


def _rows_upload(request: KeyRequest) -> Upload:
    """Return the rows to add as a file on disk, whether they came as one or as JSON."""
    if request.content_type.startswith(StoredFormParser.media_type):
        return valid(FileInput(data=request.data))["file"].upload  # type: ignore[no-any-return]  # a StoredFile's
    if isinstance(request.data, list):
        wanted = RowList().run_validation(request.data)
    else:
        wanted = valid(RowsInput(data=request.data))["rows"]
    return uploads.write_rows(request.auth.organisation.tenant, wanted)
