from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from classifier import datasets
from classifier.models import Dataset
from frontend.forms.datasets import UploadForm
from frontend.loaders import MemberRequest, require
from frontend.outcomes import add_errors
from frontend.uploading import accepted, too_large_is_told
from tenants.errors import TenantError
from tenants.permissions import Scope


# The middleware's own check of the form's token would read the file before it is known whose folder it belongs to. So
# the check is done here, on the inside.
@csrf_exempt
@require(Scope.TRAIN)
@too_large_is_told
@csrf_protect
def dataset_upload(request: MemberRequest) -> HttpResponseBase:
    form = UploadForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        dataset = _created(request, form)
        if dataset is not None:
            return accepted(request, dataset)
    return _page(request, form)


def _created(request: MemberRequest, form: UploadForm) -> Dataset | None:
    wanted = dict(form.cleaned_data)
    upload = wanted.pop("file").upload
    try:
        return datasets.create(organisation=request.organisation, upload=upload, by=request.user.email, **wanted)
    except TenantError as error:
        add_errors(form, error)
        return None


def _page(request: MemberRequest, form: UploadForm) -> HttpResponse:
    page = {"form": form, "limit": request.organisation.plan.dataset_bytes}
    return render(request, "frontend/dataset_upload.html", page)
