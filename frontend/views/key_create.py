from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from frontend.forms.keys import KeyForm
from frontend.loaders import MemberRequest, outside, require
from frontend.outcomes import add_errors
from tenants import keys
from tenants.errors import TenantError
from tenants.permissions import Scope


# The key stands in this one answer: neither a session nor a browser's cache may keep it.
@never_cache
@outside
@require(Scope.ADMIN)
def key_create(request: MemberRequest) -> HttpResponse:
    form = KeyForm(request.POST or None)
    if form.is_valid():
        try:
            row, key = keys.issue(
                organisation=request.organisation,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=form.expires_at(),
                rows_cap=form.cleaned_data["rows_cap"],
                by=request.user.email,
            )
        except TenantError as error:
            add_errors(form, error)
        else:
            return render(request, "frontend/key_created.html", {"row": row, "key": key})
    return render(request, "frontend/key_create.html", {"form": form})
