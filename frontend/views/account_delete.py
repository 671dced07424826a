from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render

from frontend.forms.accounts import AccountDeletionForm
from frontend.loaders import AccountRequest
from frontend.outcomes import add_errors
from tenants import accounts
from tenants.errors import TenantError


@login_required
def account_delete(request: AccountRequest) -> HttpResponse:
    """Ask first, then delete the account and sign its owner out."""
    form = AccountDeletionForm(request.POST or None, user=request.user)
    if form.is_valid():
        try:
            accounts.close(user=request.user)
        except TenantError as error:
            add_errors(form, error)
        else:
            logout(request)
            messages.success(request, "Your account is deleted.")
            return redirect("home")
    return render(request, "account/delete.html", {"form": form})
