from django.http import HttpResponse
from django.shortcuts import render

from classifier import datasets, training
from classifier.models import Dataset
from frontend.loaders import MemberRequest, load_dataset, require
from frontend.presenters.datasets import balance, findings
from tenants.permissions import Scope

NEWEST = 10


@require(Scope.READ)
@load_dataset
def dataset_detail(request: MemberRequest, dataset: Dataset) -> HttpResponse:
    """Show what is in the data set; with `labels=all` each of its labels."""
    page = {
        "dataset": dataset,
        "balance": balance(dataset, whole=request.GET.get("labels") == "all"),
        "findings": findings(dataset),
        "jobs": dataset.training_jobs.select_related("model", "version").order_by("-created_at")[:NEWEST],
        "versions": datasets.versions_of(dataset).order_by("-created_at")[:NEWEST],
        "model_name": training.suggested_name(dataset) if dataset.is_ready else "",
        "live": dataset.status == Dataset.Status.VALIDATING,
    }
    return render(request, "frontend/dataset_detail.html", page)
