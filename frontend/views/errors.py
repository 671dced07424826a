"""The pages for what cannot be shown. The same words for what is not there and for what is somebody else's."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", {"exception": str(exception)}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(None, "500.html", {"request_id": getattr(request, "request_id", "")}, status=500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Answer while the database is away, with the way to ask the same again."""
    address = request.get_full_path() if request.method == "GET" else "/"
    page = render(None, "503.html", {"address": address}, status=503)
    page.headers["Retry-After"] = "5"
    return page
