from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from frontend.views.organisation_list import memberships_of


def home(request: HttpRequest) -> HttpResponse:
    """Lead to where somebody works: their organisation, the choice of one, or founding one; strangers to the door."""
    if not request.user.is_authenticated:
        return render(request, "frontend/welcome.html")
    match memberships_of(request.user)[:2]:
        case []:
            return redirect("organisation_found")
        case [only]:
            return redirect("organisation_home", only.organisation.slug)
    return redirect("organisation_list")
