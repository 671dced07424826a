from django.http import HttpResponse
from django.shortcuts import render

from classifier.models import TrainingJob
from frontend.loaders import MemberRequest, require
from frontend.pagination import paged
from tenants.permissions import Scope


@require(Scope.READ)
def training_list(request: MemberRequest) -> HttpResponse:
    jobs = TrainingJob.objects.select_related("model", "dataset", "version")
    return render(request, "frontend/training_list.html", {"jobs": paged(request, jobs)})
