"""What the pages share that receive a file, whether a script sends it and watches it go or the browser alone."""

from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django_htmx.http import HttpResponseClientRedirect

from classifier.models import Dataset
from frontend.loaders import MemberRequest, View
from tenants.errors import TooLarge


def accepted(request: MemberRequest, dataset: Dataset) -> HttpResponse:
    """Lead to the data set that was made."""
    return _lead(request, resolve_url("dataset_detail", request.organisation.slug, dataset.id))


def too_large_is_told(view: View) -> View:
    """Lead back to the form with the reason, when the file was refused before the form could be read."""

    @wraps(view)
    def told(request: MemberRequest, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, **kwargs)
        except TooLarge as error:
            messages.error(request, error.detail)
            return _lead(request, request.path)

    return told


def _lead(request: MemberRequest, address: str) -> HttpResponse:
    # A script that followed a redirect by itself would use up the page that it leads to, with its messages.
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
