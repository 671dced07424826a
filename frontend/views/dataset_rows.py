from django.http import HttpResponse
from django.shortcuts import render

from classifier import rows
from classifier.models import Dataset
from frontend.forms.datasets import RowsForm
from frontend.loaders import MemberRequest, load_dataset, require
from frontend.pagination import PAGE_SIZE, position
from tenants.permissions import Scope


@require(Scope.READ)
@load_dataset
def dataset_rows(request: MemberRequest, dataset: Dataset) -> HttpResponse:
    """Show the rows themselves, those that the address describes."""
    version = rows.evaluated_by(dataset)
    form = RowsForm(
        request.GET,
        labels=sorted(dataset.labels),
        predicted=version.labels if version else (),
        searched=bool(rows.searched_columns(dataset)),
    )
    wanted, after = form.wanted(), position(request, "after") or 0
    page = {
        "dataset": dataset,
        "form": form,
        "version": version,
        "wanted": wanted,
        "after": after,
        "found": rows.page(dataset, wanted, after=after, size=PAGE_SIZE),
    }
    return render(request, "frontend/dataset_rows.html", page)
