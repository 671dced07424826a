from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from classifier import datasets, inference, versions
from classifier.errors import ModelNotReady
from classifier.models import Classification, ModelVersion
from frontend.forms.inputs import RecordForm, TextForm, input_form
from frontend.loaders import MemberRequest, found, require
from frontend.outcomes import add_errors
from frontend.presenters import calls
from tenants.errors import TenantError
from tenants.models import SharedModel
from tenants.permissions import Scope

SHOWN_LABELS = 5


@require(Scope.CLASSIFY)
def try_it(request: MemberRequest, model: str) -> HttpResponse:
    """Take one input, and hand it to the organisation's worker like any request that is answered later.

    `model` is one of the organisation's own or a shared one. `?dataset=…&row=…` fills a row in, and asks at once.
    """
    if "\0" in model:  # No name has a NUL in it, and PostgreSQL would refuse the question.
        raise Http404
    try:
        version = found(lambda: inference.answering(model))
    except ModelNotReady as error:
        messages.error(request, error.detail)
        return redirect("model_detail", request.organisation.slug, model)
    row = datasets.find_row(request.GET.get("dataset", ""), request.GET.get("row", ""))
    form = input_form(version.schema, request.POST or None, row=row)
    asked = _ask(request, model, version, form)
    if asked is not None and not request.htmx:
        return redirect("classification_detail", request.organisation.slug, asked.id)
    page = {
        "model": model,
        "is_shared": versions.is_shared(model),
        "form": form,
        "classification": asked,
        "live": asked is not None,
        "asks_at_once": asked is None and any(form.initial.values()),
        "snippets": calls.snippets(
            model=model,
            value=form.value() if asked else calls.example(version.schema),
            top_k=min(SHOWN_LABELS, len(version.labels)),
            address=settings.ASSORT_PUBLIC_URL,
        ),
    }
    return render(request, "frontend/try_it.html", page)


def _ask(
    request: MemberRequest, model: str, version: ModelVersion | SharedModel, form: TextForm | RecordForm
) -> Classification | None:
    if not form.is_valid():
        return None
    try:
        return inference.ask(
            organisation=request.organisation,
            model=model,
            version=version.number,
            inputs=[form.value()],
            top_k=min(SHOWN_LABELS, len(version.labels)),
        )
    except TenantError as error:
        add_errors(form, error)
        return None
