from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render

from frontend.loaders import AccountRequest
from tenants.models import Membership, Organisation, User


@login_required
def organisation_list(request: AccountRequest) -> HttpResponse:
    return render(request, "frontend/organisation_list.html", {"memberships": memberships_of(request.user)})


def memberships_of(user: User) -> list[Membership]:
    """Return the user's memberships in organisations that can be entered, by name."""
    members = Membership.objects.select_related("organisation").filter(user=user)
    return list(members.filter(organisation__status=Organisation.Status.ACTIVE).order_by("organisation__name"))
