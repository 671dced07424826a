from django.http import HttpResponse
from django.shortcuts import render

from classifier.models import Classification
from frontend.loaders import MemberRequest, load_classification, require
from frontend.presenters.answers import reasons
from tenants.permissions import Scope

OPEN = (Classification.Status.QUEUED, Classification.Status.RUNNING)


@require(Scope.CLASSIFY)
@load_classification
def classification_detail(request: MemberRequest, classification: Classification) -> HttpResponse:
    page = {
        "classification": classification,
        "live": classification.status in OPEN,
        "answers": [(result, reasons(result)) for result in classification.results or []],
        "inputs": classification.inputs or [],
    }
    return render(request, "frontend/classification_detail.html", page)
