from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from classifier import datasets
from classifier.models import Dataset
from frontend.loaders import MemberRequest, load_dataset, require
from frontend.outcomes import told
from tenants.permissions import Scope


@require_POST
@require(Scope.ADMIN)
@load_dataset
def dataset_delete(request: MemberRequest, dataset: Dataset) -> HttpResponse:
    with told(request, f"The data set {dataset.name} is gone."):
        datasets.delete(organisation=request.organisation, dataset=dataset, by=request.user.email)
        return redirect("dataset_list", request.organisation.slug)
    return redirect("dataset_detail", request.organisation.slug, dataset.id)
