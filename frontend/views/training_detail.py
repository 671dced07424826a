from django.http import HttpResponse
from django.shortcuts import render

from classifier.models import TrainingJob
from frontend.loaders import MemberRequest, load_training, require
from frontend.presenters.training import stages
from tenants.permissions import Scope


@require(Scope.READ)
@load_training
def training_detail(request: MemberRequest, job: TrainingJob) -> HttpResponse:
    page = {
        "job": job,
        "events": job.events.order_by("-id"),
        "stages": stages(job),
        "live": not job.is_finished,
    }
    return render(request, "frontend/training_detail.html", page)
