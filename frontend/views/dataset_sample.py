from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from classifier import datasets
from frontend.loaders import MemberRequest, require
from frontend.outcomes import told
from tenants.permissions import Scope


@require_POST
@require(Scope.TRAIN)
def dataset_sample(request: MemberRequest) -> HttpResponse:
    with told(request, "The sample is being read; then you can train on it."):
        dataset = datasets.create_sample(organisation=request.organisation, by=request.user.email)
        return redirect("dataset_detail", request.organisation.slug, dataset.id)
    return redirect("dataset_list", request.organisation.slug)
