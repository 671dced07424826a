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
def model_policy(request: MemberRequest, model: Model) -> HttpResponse:
    with told(request, "Saved."):
        registry.set_policy(model=model, policy=request.POST.get("policy", ""), by=request.user.email)
    return redirect("model_detail", request.organisation.slug, model.name)
