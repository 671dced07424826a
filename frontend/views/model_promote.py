from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from classifier import registry
from classifier.models import Model, ModelVersion
from frontend.loaders import MemberRequest, load_model, load_version, require
from frontend.outcomes import told
from tenants.permissions import Scope


@require_POST
@require(Scope.TRAIN)
@load_model
@load_version
def model_promote(request: MemberRequest, model: Model, version: ModelVersion) -> HttpResponse:
    with told(request, f"Version {version.number} answers now."):
        registry.promote(model=model, version=version, by=request.user.email)
    return redirect("model_detail", request.organisation.slug, model.name)
