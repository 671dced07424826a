from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from classifier import following
from classifier.models import Model
from frontend.loaders import MemberRequest, load_model, require
from frontend.outcomes import told
from tenants.permissions import Scope


@require_POST
@require(Scope.TRAIN)
@load_model
def model_offer_accept(request: MemberRequest, model: Model) -> HttpResponse:
    """Train on the new rows that wait for somebody to decide."""
    with told(request, "The training on the new rows has begun."):
        job = following.accept(model=model, by=request.user.email)
        return redirect("training_detail", request.organisation.slug, job.id)
    return redirect("model_detail", request.organisation.slug, model.name)
