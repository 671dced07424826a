from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from classifier import registry
from classifier.models import Model
from frontend.loaders import MemberRequest, load_model, require
from frontend.outcomes import told
from tenants.permissions import Scope


@require_POST
@require(Scope.ADMIN)
@load_model
def model_delete(request: MemberRequest, model: Model) -> HttpResponse:
    with told(request, f"The model {model.name} is gone."):
        registry.delete(tenant=request.organisation.tenant, model=model, by=request.user.email)
        return redirect("model_list", request.organisation.slug)
    return redirect("model_detail", request.organisation.slug, model.name)
