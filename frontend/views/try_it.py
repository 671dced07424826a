from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from classifier import inference, registry
from classifier.errors import ModelNotReady
from classifier.models import Classification, Model, ModelVersion
from frontend.forms import RecordForm, TextForm, input_form
from frontend.loaders import MemberRequest, load_model, require
from frontend.outcomes import add_errors
from tenants.errors import TenantError
from tenants.permissions import Scope

SHOWN_LABELS = 5


@require(Scope.CLASSIFY)
@load_model
def try_it(request: MemberRequest, model: Model) -> HttpResponse:
    """Take one input, and hand it to the organisation's worker like any request that is answered later."""
    try:
        champion = registry.champion(model)
    except ModelNotReady as error:
        messages.error(request, error.detail)
        return redirect("model_detail", request.organisation.slug, model.name)
    form = input_form(champion.schema, request.POST or None)
    if form.is_valid():
        try:
            accepted = _accept(model, champion, form)
        except TenantError as error:
            add_errors(form, error)
        else:
            return redirect("classification_detail", request.organisation.slug, accepted.id)
    return render(request, "frontend/try_it.html", {"model": model, "form": form})


def _accept(model: Model, champion: ModelVersion, form: TextForm | RecordForm) -> Classification:
    return inference.accept(
        model=model.name,
        version=champion.number,
        inputs=[form.value()],
        top_k=min(SHOWN_LABELS, len(champion.labels)),
        explain=True,
        api_key="",
    )
