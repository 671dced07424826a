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
def model_offer_decline(request: MemberRequest, model: Model) -> HttpResponse:
    with told(request, "These rows are left alone. The next new ones are offered again."):
        following.decline(model=model, by=request.user.email)
    return redirect("model_detail", request.organisation.slug, model.name)
