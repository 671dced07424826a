"""HTTP by the standard library: a program with a key, and a browser with cookies and forms."""

import http.client
import json
import re
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from html import unescape
from http.cookiejar import CookieJar
from typing import Any, TypeVar
from urllib.parse import urlencode

from saas.smoke.failures import Failed, NotAnswering

LONGEST_REQUEST = 30.0
LOOK_SECONDS = 0.25
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
REFUSAL = re.compile(r"(?:invalid-feedback|alert)[^>]*>\s*([^<]+)")
# Of a body that is no problem document, so much is told.
TOLD = 200

Found = TypeVar("Found")


class Clock:
    """Bounds the whole course, so that it ends whatever the service does."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left. Raises Failed when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise Failed(f"it was not done within {self._seconds:.0f} s; --timeout allows more")
        return left


@dataclass(frozen=True)
class Answer:
    """What came back: `what` names the request, `url` is where its redirects led."""

    what: str
    status: int
    headers: Message
    body: bytes
    url: str

    def json(self) -> dict[str, Any]:
        """Return the body's object. Raises Failed where it is none."""
        try:
            return dict(json.loads(self.body))
        except (ValueError, TypeError):
            raise Failed(f"{self.what}: {self.status}, and not JSON: {self._beginning()}") from None

    def expect(self, *statuses: int, code: str = "") -> "Answer":
        """Return the answer itself. Raises Failed unless it has one of the statuses, and the problem's code."""
        if self.status not in statuses or (code and self._problem().get("code") != code):
            wanted = " or ".join(map(str, statuses)) + (f" {code}" if code else "")
            raise Failed(f"{self.what}: {self.status} instead of {wanted}: {self._said()}")
        return self

    def _problem(self) -> dict[str, Any]:
        is_problem = self.headers.get_content_type() == "application/problem+json"
        return self.json() if is_problem else {}

    def _said(self) -> str:
        problem = self._problem()
        faults = [f"{fault.get('pointer')}: {fault.get('detail')}" for fault in problem.get("errors", ())]
        return " ".join([str(problem.get("detail", "")), *faults]).strip() or self._beginning()

    def _beginning(self) -> str:
        return " ".join(self.body[:TOLD].decode(errors="replace").split()) or "an empty body"


class _Raw(urllib.request.HTTPErrorProcessor):
    """Takes every answer as it is: errors are answers here, and no call of the API redirects."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        return response

    https_response = http_response


class Client:
    """Asks the service at `url`, for no longer than `clock` allows."""

    def __init__(self, url: str, clock: Clock, *handlers: urllib.request.BaseHandler) -> None:
        self.url = url.rstrip("/")
        self.clock = clock
        self._opener = urllib.request.build_opener(*handlers)

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Raises NotAnswering where no answer comes."""
        what = f"{method} {path}"
        # The command line lets nothing but http and https through.
        request = urllib.request.Request(self.url + path, body, dict(headers or {}), method=method)  # noqa: S310
        try:
            with self._open(request) as response:
                return Answer(what, response.status, response.headers, response.read(), response.url)
        except (OSError, http.client.HTTPException) as error:
            raise NotAnswering(f"{self.url} does not answer {what} ({_reason(error)})") from None

    def _open(self, request: urllib.request.Request) -> Any:
        # What has begun is waited for: nobody could clear away what is made after he has looked.
        self.clock.left()
        try:
            return self._opener.open(request, timeout=LONGEST_REQUEST)
        except urllib.error.HTTPError as error:
            return error  # Which is an answer, too.

    def until(self, look: Callable[[], Found | None], what: str, seconds: float | None = None) -> Found:
        """Look again and again until there is something, and return it. Raises Failed when the time is over."""
        end = time.monotonic() + (seconds or self.clock.left())
        while (found := look()) is None:
            if time.monotonic() > end:
                raise Failed(f"{what} within {seconds:.0f} s" if seconds else what)
            self.clock.left()
            time.sleep(LOOK_SECONDS)
        return found


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    return str(getattr(cause, "strerror", None) or cause) or type(cause).__name__


class Api(Client):
    """The API with a key. Paths are those below /api/v1/."""

    def __init__(self, url: str, clock: Clock, key: str) -> None:
        super().__init__(url, clock, _Raw())
        self._authorization = {"Authorization": f"Bearer {key}"}

    def call(self, method: str, path: str, content: object = None, **headers: str) -> Answer:
        given = self._authorization | {name.replace("_", "-"): value for name, value in headers.items()}
        body = None
        if content is not None:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            given = {"Content-Type": "application/json"} | given
        return self.ask(method, f"/api/v1/{path}", given, body)

    def get(self, path: str) -> dict[str, Any]:
        return self.call("GET", path).expect(200).json()

    def upload(self, path: str, file: str, **fields: str) -> Answer:
        """Send a file of this text, and fields beside it, as a browser does (RFC 7578)."""
        boundary = secrets.token_hex(16)
        parts = [f'name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
        parts.append(f'name="file"; filename="smoke.csv"\r\nContent-Type: text/csv\r\n\r\n{file}')
        lines = [f"--{boundary}\r\nContent-Disposition: form-data; {part}\r\n" for part in parts]
        body = "".join([*lines, f"--{boundary}--\r\n"]).encode()
        return self.call("POST", path, body, Content_Type=f"multipart/form-data; boundary={boundary}")


class Browser(Client):
    """Just enough of one: cookies, forms with their token, redirects."""

    def __init__(self, url: str, clock: Clock) -> None:
        super().__init__(url, clock, urllib.request.HTTPCookieProcessor(CookieJar()))

    def open(self, path: str) -> str:
        """Return the text of a page."""
        return self.ask("GET", path).expect(200).body.decode()

    def submit(self, path: str, fields: Mapping[str, str | list[str]], *, on: str = "") -> Answer:
        """Fill in the form of the page `on` (else `path` itself), send it to `path`, and follow to where it leads."""
        token = TOKEN.search(self.open(on or path))
        if token is None:
            raise Failed(f"GET {on or path}: the page has no form")
        sent = urlencode({**fields, "csrfmiddlewaretoken": token[1]}, doseq=True).encode()
        headers = {"Referer": self.url + (on or path), "Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, headers, sent).expect(200)


def refusal_on(page: Answer) -> str:
    """Return what a form that comes back says is wrong."""
    found = REFUSAL.search(page.body.decode())
    return unescape(" ".join(found[1].split())) if found else "the form came back"
