"""What a browser may load and run on our pages (Content Security Policy Level 3, https://www.w3.org/TR/CSP3/).

Whatever somebody manages to write into a page, the browser runs only scripts and styles that are files of ours.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

Policy = dict[str, str]

PAGES: Policy = {
    "default-src": "'self'",
    # Tabler's marks in fields and the QR code of the second factor are images in the style and the page themselves.
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# The API's documents are data: a browser that takes one for a page may do nothing with it.
DATA: Policy = {"default-src": "'none'", "frame-ancestors": "'none'"}
# By the beginning of the path; the first that fits.
POLICIES: tuple[tuple[str, Policy], ...] = (
    ("/api/docs", PAGES),
    ("/api/", DATA),
    ("/operators/", PAGES | {"img-src": "'self'"}),
    ("/", PAGES),
)


class ContentPolicy:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers["Content-Security-Policy"] = header(request.path)
        return response


def header(path: str) -> str:
    policy = next(policy for start, policy in POLICIES if path.startswith(start))
    return "; ".join(f"{directive} {sources}" for directive, sources in policy.items())
