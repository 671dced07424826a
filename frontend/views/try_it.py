from django.http import HttpResponse
from django.shortcuts import redirect, render

from classifier import inference, registry
from classifier.models import Model
from frontend.forms import input_form
from frontend.loaders import MemberRequest, load_model, require
from frontend.outcomes import add_errors, told
from tenants.errors import TenantError
from tenants.permissions import Scope

SHOWN_LABELS = 5


@require(Scope.CLASSIFY)
@load_model
def try_it(request: MemberRequest, model: Model) -> HttpResponse:
    """Take one input, and hand it to the organisation's worker like any request that is answered later."""
    if model.champion is None:
        with told(request, ""):
            registry.champion(model)
        return redirect("model_detail", request.organisation.slug, model.name)
    form = input_form(model.champion.schema, request.POST or None)
    if form.is_valid():
        try:
            accepted = inference.accept(
                model=model.name,
                version=model.champion.number,
                inputs=[form.value()],
                top_k=min(SHOWN_LABELS, len(model.champion.labels)),
                explain=True,
                api_key="",
            )
        except TenantError as error:
            add_errors(form, error)
        else:
            return redirect("classification_detail", request.organisation.slug, accepted.id)
    return render(request, "frontend/try_it.html", {"model": model, "form": form})
