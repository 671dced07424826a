from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from frontend.forms.accounts import DeletionForm, SettingsForm
from frontend.loaders import MemberRequest, outside, require
from frontend.outcomes import add_errors
from frontend.presenters.plans import limits
from tenants import accounts
from tenants.errors import TenantError
from tenants.permissions import Scope


@outside
@require(Scope.ADMIN)
def settings(request: MemberRequest) -> HttpResponse:
    organisation = request.organisation
    initial = {field: getattr(organisation, field) for field in ("name", "retention", "keep_inputs")}
    form = SettingsForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            accounts.change(organisation=organisation, by=request.user.email, **form.cleaned_data)
        except TenantError as error:
            add_errors(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("settings", organisation.slug)
    page = {
        "form": form,
        "deletion_form": DeletionForm(organisation=organisation),
        "limits": limits(organisation.plan),
    }
    return render(request, "frontend/settings.html", page)
