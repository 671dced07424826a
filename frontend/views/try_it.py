from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from classifier import inference, results, sharing
from classifier.errors import ModelNotReady
from classifier.models import Classification, ModelVersion
from frontend.forms.inputs import RecordForm, TextForm, input_form
from frontend.loaders import MemberRequest, found, require
from frontend.outcomes import add_errors
from tenants.errors import TenantError
from tenants.models import Organisation, SharedModel
from tenants.permissions import Scope

SHOWN_LABELS = 5


@require(Scope.CLASSIFY)
def try_it(request: MemberRequest, model: str) -> HttpResponse:
    """Take one input, and hand it to the organisation's worker like any request that is answered later.

    `model` is one of the organisation's own or a shared one.
    """
    try:
        version = found(lambda: inference.answering(model.replace("\0", "")))
    except ModelNotReady as error:
        messages.error(request, error.detail)
        return redirect("model_detail", request.organisation.slug, model)
    form = input_form(version.schema, request.POST or None)
    if form.is_valid():
        try:
            accepted = _accept(request.organisation, model, version, form)
        except TenantError as error:
            add_errors(form, error)
        else:
            return redirect("classification_detail", request.organisation.slug, accepted.id)
    page = {"model": model, "is_shared": sharing.is_shared(model), "form": form}
    return render(request, "frontend/try_it.html", page)


def _accept(
    organisation: Organisation, model: str, version: ModelVersion | SharedModel, form: TextForm | RecordForm
) -> Classification:
    return inference.accept(
        model=model,
        version=version.number,
        inputs=[form.value()],
        top_k=min(SHOWN_LABELS, len(version.labels)),
        explain=True,
        api_key="",
        keeping=results.keeping(organisation),
    )
