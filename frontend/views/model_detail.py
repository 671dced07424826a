from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render

from classifier import datasets, registry
from classifier.models import Model, ModelVersion
from classifier.models.training_job import FINISHED
from frontend.forms.follow import FollowForm
from frontend.forms.models import PolicyForm
from frontend.loaders import MemberRequest, load_model, require
from frontend.pagination import paged
from frontend.presenters import calls, charts
from frontend.presenters.models import against_baseline, against_version, label_scores, verdict
from tenants.permissions import Scope

WEAKEST = 5
# So many versions, the newest, are in the chart.
CHARTED = 50
# So many refusals, the newest, are on the page.
REFUSED = 5


@require(Scope.READ)
@load_model
def model_detail(request: MemberRequest, model: Model) -> HttpResponse:
    history = registry.history(model)
    charted = list(history.order_by("-number").values_list("number", "accuracy", "interval")[:CHARTED])
    page = {
        "model": model,
        "versions": paged(request, history, "-number"),
        "progress": charts.accuracy_by_version(charted) if len(charted) > 1 else None,
        "refusals": model.refusals.order_by("-at")[:REFUSED],
        "training": model.training_jobs.exclude(status__in=FINISHED).first(),
        "policy_form": PolicyForm(initial={"policy": model.policy}),
        "follow_form": FollowForm(
            datasets=datasets.choices(including=model.followed_id or ""),
            followed=model.followed_id,
            initial={
                "follow": model.follow,
                "dataset": model.followed_id,
                "rows": model.follow_rows,
                "every": model.follow_every,
            },
        ),
        "earlier": registry.earlier_champion(model),
    }
    if model.champion is not None:
        page |= _of(model, registry.get_version(model, model.champion.number))
    return render(request, "frontend/model_detail.html", page)


def _of(model: Model, champion: ModelVersion) -> dict[str, Any]:
    before = model.versions.filter(number__lt=champion.number).order_by("-number").first()
    example = calls.example(champion.schema)
    return {
        "champion": champion,
        "since": model.promotions.order_by("-id").first(),
        "verdict": verdict(champion),
        "baseline": against_baseline(champion),
        "change": against_version(champion, before) if before else None,
        "weakest": label_scores(champion)[:WEAKEST],
        "snippets": calls.snippets(model=model.name, value=example, top_k=1, address=settings.ASSORT_PUBLIC_URL),
    }
