from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from classifier import silencing
from classifier.models import Model, ModelVersion
from frontend.forms.silence import SilenceForm
from frontend.loaders import MemberRequest, load_model, load_version, require
from frontend.outcomes import refuse, told
from tenants.permissions import Scope


@require_POST
@require(Scope.TRAIN)
@load_model
@load_version
def version_silence(request: MemberRequest, model: Model, version: ModelVersion) -> HttpResponse:
    form = SilenceForm(request.POST)
    if form.is_valid():
        with told(request, "Saved. It holds within seconds."):
            silencing.change(version=version, by=request.user.email, **form.shares())
    else:
        refuse(request, form)
    page = reverse("version_detail", args=[request.organisation.slug, model.name, version.number])
    return redirect(f"{page}#silence")
