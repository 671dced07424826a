from django.http import HttpResponse
from django.shortcuts import render

from frontend.loaders import MemberRequest, outside, require
from frontend.pagination import paged
from tenants.permissions import Scope


@outside
@require(Scope.ADMIN)
def key_list(request: MemberRequest) -> HttpResponse:
    return render(request, "frontend/key_list.html", {"keys": paged(request, request.organisation.api_keys.all())})
