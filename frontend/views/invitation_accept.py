from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from frontend import invitations
from tenants import accounts
from tenants.errors import NotFound


def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether somebody wants to join; who has no account yet is sent to make one, and keeps the invitation."""
    if not request.user.is_authenticated:
        invitations.keep(request, token)
        return render(request, "frontend/invitation.html")
    if request.method == "POST":
        try:
            membership = accounts.accept_invitation(token=token, user=request.user)
        except NotFound:
            detail = (
                f"This invitation was not sent to {request.user.email}, was used, or is too old. Ask for a new one."
            )
            messages.error(request, detail)
            return redirect("home")
        invitations.forget(request)
        messages.success(request, f"You are a {membership.role} of {membership.organisation.name} now.")
        return redirect("organisation_home", membership.organisation.slug)
    return render(request, "frontend/invitation.html")
