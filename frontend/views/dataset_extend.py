import json

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from classifier import datasets
from classifier.models import Dataset
from frontend.forms.datasets import ExtendForm
from frontend.loaders import MemberRequest, load_dataset, require
from frontend.outcomes import add_errors
from frontend.presenters.datasets import columns, header
from frontend.uploading import accepted, too_large_is_told
from tenants.errors import TenantError
from tenants.permissions import Scope


# As for `dataset_upload`: whose folder a file belongs to is known on the inside.
@csrf_exempt
@require(Scope.TRAIN)
@load_dataset
@too_large_is_told
@csrf_protect
def dataset_extend(request: MemberRequest, dataset: Dataset) -> HttpResponseBase:
    form = ExtendForm(request.POST or None, request.FILES or None, header=header(dataset))
    if form.is_valid():
        made = _extended(request, dataset, form)
        if made is not None:
            return accepted(request, made)
    page = {
        "dataset": dataset,
        "form": form,
        "columns": json.dumps(columns(dataset), ensure_ascii=False),
        "limit": request.organisation.plan.dataset_bytes,
    }
    return render(request, "frontend/dataset_extend.html", page)


def _extended(request: MemberRequest, dataset: Dataset, form: ExtendForm) -> Dataset | None:
    organisation, by, file = request.organisation, request.user.email, form.cleaned_data["file"]
    try:
        if file:
            return datasets.add_rows(organisation=organisation, dataset=dataset, upload=file.upload, by=by)
        text = form.cleaned_data["pasted"]
        return datasets.add_pasted_rows(organisation=organisation, dataset=dataset, text=text, by=by)
    except TenantError as error:
        add_errors(form, error)
        return None
