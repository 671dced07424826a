from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from frontend.forms.caps import CapForm
from frontend.loaders import MemberRequest, load_key, outside, require
from frontend.outcomes import refuse, told
from tenants import keys
from tenants.models import ApiKey
from tenants.permissions import Scope


@require_POST
@outside
@require(Scope.ADMIN)
@load_key
def key_cap(request: MemberRequest, key: ApiKey) -> HttpResponse:
    form = CapForm(request.POST)
    if form.is_valid():
        rows = form.cleaned_data["rows_cap"]
        with told(request, "Saved. The cap holds within a second."):
            keys.cap(organisation=request.organisation, key_id=key.id, rows=rows, by=request.user.email)
    else:
        refuse(request, form)
    return redirect("key_detail", request.organisation.slug, key.id)
