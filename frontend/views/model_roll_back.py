from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from classifier import registry
from classifier.models import Model
from frontend.loaders import MemberRequest, load_model, require
from frontend.outcomes import told
from tenants.permissions import Scope


@require_POST
@require(Scope.TRAIN)
@load_model
def model_roll_back(request: MemberRequest, model: Model) -> HttpResponse:
    with told(request):
        before, now = registry.champion(model), registry.roll_back(model=model, by=request.user.email)
        done = f"Version {now.number} answers now. To take that back, promote version {before.number}."
        messages.success(request, done)
    return redirect("model_detail", request.organisation.slug, model.name)
