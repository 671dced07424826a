from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from frontend.forms.caps import CapForm
from frontend.loaders import MemberRequest, outside, require
from frontend.outcomes import refuse, told
from tenants import accounts
from tenants.permissions import Scope


@require_POST
@outside
@require(Scope.ADMIN)
def plan_cap(request: MemberRequest) -> HttpResponse:
    form = CapForm(request.POST)
    if form.is_valid():
        with told(request, "Saved. The cap holds within a second."):
            accounts.change(organisation=request.organisation, by=request.user.email, **form.cleaned_data)
    else:
        refuse(request, form)
    return redirect("plan", request.organisation.slug)
