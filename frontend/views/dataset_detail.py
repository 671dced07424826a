from django.http import HttpResponse
from django.shortcuts import render

from classifier.models import Dataset
from frontend.loaders import MemberRequest, load_dataset, require
from frontend.presenters.datasets import label_counts
from tenants.permissions import Scope


@require(Scope.READ)
@load_dataset
def dataset_detail(request: MemberRequest, dataset: Dataset) -> HttpResponse:
    page = {
        "dataset": dataset,
        "labels": label_counts(dataset),
        "live": dataset.status == Dataset.Status.VALIDATING,
    }
    return render(request, "frontend/dataset_detail.html", page)
