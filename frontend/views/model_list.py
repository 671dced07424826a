from django.http import HttpResponse
from django.shortcuts import render

from classifier.models import Model
from frontend.loaders import MemberRequest, require
from frontend.pagination import paged
from tenants.permissions import Scope


@require(Scope.READ)
def model_list(request: MemberRequest) -> HttpResponse:
    models = Model.objects.select_related("champion")
    return render(request, "frontend/model_list.html", {"models": paged(request, models)})
