from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from classifier import training
from classifier.models import TrainingJob
from frontend.loaders import MemberRequest, load_training, require
from frontend.outcomes import told
from tenants.permissions import Scope


@require_POST
@require(Scope.TRAIN)
@load_training
def training_cancel(request: MemberRequest, job: TrainingJob) -> HttpResponse:
    with told(request, "The training is asked to stop."):
        training.cancel(job=job)
    return redirect("training_detail", request.organisation.slug, job.id)
