from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from classifier import datasets
from frontend.forms.datasets import UploadForm
from frontend.loaders import MemberRequest, require
from frontend.outcomes import add_errors
from tenants.errors import TenantError, TooLarge
from tenants.permissions import Scope


# The middleware's own check of the form's token would read the file before it is known whose folder it belongs to. So
# the check is done here, on the inside.
@csrf_exempt
@require(Scope.TRAIN)
def dataset_upload(request: MemberRequest) -> HttpResponse:
    try:
        return _answer(request)
    except TooLarge as error:
        messages.error(request, error.detail)
        return redirect("dataset_upload", request.organisation.slug)


@csrf_protect
def _answer(request: MemberRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        dataset = _created(request, form)
        if dataset is not None:
            return redirect("dataset_detail", request.organisation.slug, dataset.id)
        _discard(request)
    limit = request.organisation.plan.dataset_bytes
    return render(request, "frontend/dataset_upload.html", {"form": form, "limit": limit})


def _created(request: MemberRequest, form: UploadForm) -> Any:
    if not form.is_valid():
        return None
    wanted = dict(form.cleaned_data)
    upload = wanted.pop("file").upload
    try:
        return datasets.create(organisation=request.organisation, upload=upload, by=request.user.email, **wanted)
    except TenantError as error:
        add_errors(form, error)
        return None


def _discard(request: MemberRequest) -> None:
    """Remove the received files, to which nothing refers."""
    received: Iterable[Any] = request.FILES.values()
    for stored in received:
        stored.upload.path.unlink(missing_ok=True)
