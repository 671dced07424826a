from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from classifier import inference
from classifier.models import Classification
from frontend.loaders import MemberRequest, load_classification, require
from frontend.outcomes import told
from tenants.permissions import Scope


@require_POST
@require(Scope.CLASSIFY)
@load_classification
def classification_explain(request: MemberRequest, classification: Classification) -> HttpResponse:
    """Ask the same again, of the same version, with the reasons."""
    with told(request, "The same was asked again, with the reasons."):
        asked = inference.ask_again(organisation=request.organisation, classification=classification)
        return redirect("classification_detail", request.organisation.slug, asked.id)
    return redirect("classification_detail", request.organisation.slug, classification.id)
