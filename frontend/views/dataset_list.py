from django.http import HttpResponse
from django.shortcuts import render

from classifier.models import Dataset
from frontend.loaders import MemberRequest, require
from frontend.pagination import paged
from tenants.permissions import Scope


@require(Scope.READ)
def dataset_list(request: MemberRequest) -> HttpResponse:
    page = {"datasets": paged(request, Dataset.objects.all()), "limit": request.organisation.plan.dataset_bytes}
    return render(request, "frontend/dataset_list.html", page)
