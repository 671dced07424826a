"""The pages for what cannot be shown. The same words for what is not there and for what is somebody else's."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", {"exception": str(exception)}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer without a look at session or database: one of them may be what has failed."""
    return render(None, "500.html", {"request_id": getattr(request, "request_id", "")}, status=500)
