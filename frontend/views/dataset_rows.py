from django.http import HttpResponse
from django.shortcuts import render

from classifier.models import Dataset, Row
from frontend.loaders import MemberRequest, load_dataset, require
from frontend.pagination import paged
from tenants.permissions import Scope


@require(Scope.READ)
@load_dataset
def dataset_rows(request: MemberRequest, dataset: Dataset) -> HttpResponse:
    """Show the rows themselves, of one label where the address names it."""
    rows = Row.objects.filter(dataset=dataset)
    # No label has a NUL in it, and PostgreSQL would refuse the question.
    label = request.GET.get("label", "").replace("\0", "")
    if label:
        rows = rows.filter(label=label)
    page = {"dataset": dataset, "label": label, "rows": paged(request, rows, "number")}
    return render(request, "frontend/dataset_rows.html", page)
