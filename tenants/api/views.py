from datetime import timedelta
from typing import ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from tenants import accounts, keys, usage
from tenants.api.pagination import PARAMETERS, list_of, page
from tenants.api.scoped_view import KeyRequest, ScopedView, valid
from tenants.api.serializers import (
    KeyChange,
    KeyInput,
    KeySerializer,
    MeSerializer,
    NewKeySerializer,
    OrganisationInput,
    OrganisationSerializer,
    UsageSerializer,
)
from tenants.permissions import Scope
from tenants.records.models import Usage


class Me(ScopedView):
    scopes: ClassVar = {"GET": Scope.READ}

    @extend_schema(operation_id="me", summary="Whose key this is", responses=MeSerializer)
    def get(self, request: KeyRequest) -> Response:
        organisation = request.auth.organisation
        organisation.used = usage.this_month(timezone.now().date())
        me = {"object": "me", "key": request.auth, "organisation": organisation}
        return Response(MeSerializer(me).data)


class OrganisationSettings(ScopedView):
    scopes: ClassVar = {"PATCH": Scope.ADMIN}
    outside = True

    @extend_schema(
        operation_id="update_organisation",
        summary="Change the name, what is kept of answers, or the cap on a month's rows",
        request=OrganisationInput,
        responses=OrganisationSerializer,
    )
    def patch(self, request: KeyRequest) -> Response:
        wanted = valid(OrganisationInput(data=request.data))
        accounts.change(organisation=request.auth.organisation, by=request.auth.id, **wanted)
        return Response(OrganisationSerializer(request.auth.organisation).data)


class ApiKeys(ScopedView):
    scopes: ClassVar = {"GET": Scope.ADMIN, "POST": Scope.ADMIN}
    outside = True

    @extend_schema(
        operation_id="list_api_keys", summary="List keys", parameters=PARAMETERS, responses=list_of(KeySerializer)
    )
    def get(self, request: KeyRequest) -> Response:
        return page(request, request.auth.organisation.api_keys.all(), lambda key: KeySerializer(key).data)

    @extend_schema(
        operation_id="create_api_key", summary="Make a key", request=KeyInput, responses={201: NewKeySerializer}
    )
    def post(self, request: KeyRequest) -> Response:
        wanted = valid(KeyInput(data=request.data))
        row, key = keys.issue(organisation=request.auth.organisation, by=request.auth.id, **wanted)
        row.key = key  # type: ignore[attr-defined]  # shown this once
        location = {"Location": f"/api/v1/api_keys/{row.id}"}
        return Response(NewKeySerializer(row).data, status=201, headers=location)


class ApiKeyDetail(ScopedView):
    scopes: ClassVar = {"PATCH": Scope.ADMIN, "DELETE": Scope.ADMIN}
    outside = True

    @extend_schema(
        operation_id="update_api_key", summary="Change a key's cap", request=KeyChange, responses=KeySerializer
    )
    def patch(self, request: KeyRequest, key_id: str) -> Response:
        rows = valid(KeyChange(data=request.data))["rows_cap"]
        row = keys.cap(organisation=request.auth.organisation, key_id=key_id, rows=rows, by=request.auth.id)
        return Response(KeySerializer(row).data)

    @extend_schema(operation_id="revoke_api_key", summary="Revoke a key", responses={204: None})
    def delete(self, request: KeyRequest, key_id: str) -> Response:
        keys.revoke(organisation=request.auth.organisation, key_id=key_id, by=request.auth.id)
        return Response(status=204)


class UsageList(ScopedView):
    scopes: ClassVar = {"GET": Scope.READ}

    @extend_schema(
        operation_id="list_usage",
        summary="Requests, rows and errors of the last 31 days, by day, key and model",
        responses=list_of(UsageSerializer),
    )
    def get(self, request: KeyRequest) -> Response:
        rows = Usage.objects.filter(day__gt=timezone.now().date() - timedelta(days=31))
        data = UsageSerializer(rows.order_by("-day", "api_key", "model"), many=True).data
        return Response({"object": "list", "data": data, "has_more": False, "next_cursor": None})
