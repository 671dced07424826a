from django.http import HttpResponse
from django.shortcuts import render

from classifier import evaluated, silencing
from classifier.models import Model, ModelVersion
from frontend.forms.silence import SilenceForm
from frontend.loaders import MemberRequest, load_model, load_version, require
from frontend.presenters import charts
from frontend.presenters.confusion import matrix
from frontend.presenters.models import choices, columns, confusions, figures, label_scores
from frontend.presenters.silence import promises
from tenants.permissions import Scope


@require(Scope.READ)
@load_model
@load_version
def version_detail(request: MemberRequest, model: Model, version: ModelVersion) -> HttpResponse:
    """Show all that is known of a version.

    `?sort=` orders the labels, `?cells=shares` fills the matrix with shares, `?goal=95` asks what it takes to be right
    so often.
    """
    curve, silence = silencing.curve(version), SilenceForm.shown(version, request.GET)
    order = request.GET.get("sort", "f1")
    page = {
        "model": model,
        "title": f"Version {version.number}",
        "version": version,
        "figures": figures(version),
        "scores": label_scores(version, order),
        "columns": columns(order),
        "matrix": matrix(version),
        "in_shares": request.GET.get("cells") == "shares",
        "confusions": confusions(version),
        "reliability": charts.reliability(evaluated.reliability(version)),
        "coverage": charts.coverage(curve.thinned()),
        "choices": choices(version),
        "promises": promises(curve, silence.asked),
        "silence_form": silence,
    }
    return render(request, "frontend/version_detail.html", page)
