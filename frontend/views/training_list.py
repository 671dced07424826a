from django.http import HttpResponse
from django.shortcuts import render

from classifier.models import TrainingJob
from frontend.loaders import MemberRequest, require
from frontend.pagination import paged
from tenants.permissions import Scope


@require(Scope.READ)
def training_list(request: MemberRequest) -> HttpResponse:
    jobs = paged(request, TrainingJob.objects.select_related("model", "dataset", "version"))
    page = {"jobs": jobs, "live": not all(job.is_finished for job in jobs)}
    return render(request, "frontend/training_list.html", page)
