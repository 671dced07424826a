from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from frontend.views.organisation_list import memberships_of


def home(request: HttpRequest) -> HttpResponse:
    """Lead to where somebody works: an organisation, the choice of one, the operators' desk, or founding one."""
    if not request.user.is_authenticated:
        return render(request, "frontend/welcome.html")
    match memberships_of(request.user)[:2]:
        case [] if request.user.is_staff:
            return redirect("admin:index")
        case []:
            return redirect("organisation_found")
        case [only]:
            return redirect("organisation_home", only.organisation.slug)
    return redirect("organisation_list")
