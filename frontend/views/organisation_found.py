from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render

from frontend.forms.accounts import OrganisationForm
from frontend.loaders import AccountRequest
from frontend.outcomes import add_errors
from tenants import accounts
from tenants.errors import TenantError


@login_required
def organisation_found(request: AccountRequest) -> HttpResponse:
    form = OrganisationForm(request.POST or None)
    if form.is_valid():
        try:
            organisation = accounts.found(owner=request.user, **form.cleaned_data)
        except TenantError as error:
            add_errors(form, error)
        else:
            return redirect("organisation_home", organisation.slug)
    return render(request, "frontend/organisation_found.html", {"form": form})
