from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from frontend.forms.accounts import DeletionForm
from frontend.loaders import MemberRequest, outside, require
from tenants import accounts
from tenants.permissions import Scope


@require_POST
@outside
@require(Scope.ADMIN)
def organisation_delete(request: MemberRequest) -> HttpResponse:
    organisation = request.organisation
    form = DeletionForm(request.POST, organisation=organisation)
    if not form.is_valid():
        messages.error(request, "The name is not the organisation's. Nothing was deleted.")
        return redirect("settings", organisation.slug)
    accounts.delete(organisation=organisation, by=request.user.email)
    messages.success(request, f"{organisation.name} is being deleted, with everything in it.")
    return redirect("home")
