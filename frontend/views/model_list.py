from django.http import HttpResponse
from django.shortcuts import render

from classifier import sharing
from classifier.models import Model
from frontend.loaders import MemberRequest, require
from frontend.pagination import paged
from tenants.permissions import Scope


@require(Scope.READ)
def model_list(request: MemberRequest) -> HttpResponse:
    models = Model.objects.select_related("champion")
    page = {"models": paged(request, models), "shared_models": sharing.find_all()}
    return render(request, "frontend/model_list.html", page)
