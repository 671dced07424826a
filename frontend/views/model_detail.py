from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render

from classifier.models import Model
from frontend.forms.models import PolicyForm
from frontend.loaders import MemberRequest, load_model, require
from frontend.pagination import paged
from frontend.presenters.calls import example, snippets
from frontend.presenters.models import figures, label_scores
from tenants.permissions import Scope


@require(Scope.READ)
@load_model
def model_detail(request: MemberRequest, model: Model) -> HttpResponse:
    page = {
        "model": model,
        "versions": paged(request, model.versions.select_related("model", "dataset"), "-number"),
        "policy_form": PolicyForm(initial={"policy": model.policy}),
        "can_roll_back": model.promotions.exclude(version=model.champion).exists(),
    }
    if model.champion is not None:
        page |= {
            "figures": figures(model.champion),
            "scores": label_scores(model.champion),
            "snippets": snippets(
                model=model.name,
                value=example(model.champion.schema),
                top_k=1,
                address=settings.ASSORT_PUBLIC_URL,
            ),
        }
    return render(request, "frontend/model_detail.html", page)
