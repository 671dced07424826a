from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from classifier import datasets, following
from classifier.models import Model
from frontend.forms.follow import FollowForm
from frontend.loaders import MemberRequest, load_model, require
from frontend.outcomes import refuse, told
from tenants.permissions import Scope


@require_POST
@require(Scope.TRAIN)
@load_model
def model_follow(request: MemberRequest, model: Model) -> HttpResponse:
    known = datasets.choices(including=request.POST.get("dataset", ""))
    form = FollowForm(request.POST, datasets=known, followed=model.followed_id)
    if not form.is_valid():
        refuse(request, form)
        return redirect("model_detail", request.organisation.slug, model.name)
    rule = form.cleaned_data | {"dataset": form.cleaned_data["dataset"] or None}
    with told(request, "Saved."):
        following.set_rule(model=model, by=request.user.email, **rule)
    return redirect("model_detail", request.organisation.slug, model.name)
