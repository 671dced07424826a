"""Every error that a caller can meet has a status, a title, and the code that the API's contract names."""

from collections.abc import Iterator

import pytest

from classifier import errors as classifier_errors
from saas.api_errors import STATUSES, TITLES, problem
from tenants.errors import RetryLater, TenantError

CODES = {
    400: {"malformed"},
    401: {"invalid_key"},
    403: {"missing_scope"},
    404: {"not_found"},
    405: {"method_not_allowed"},
    409: {"conflict"},
    413: {"too_large"},
    415: {"unsupported_media_type"},
    422: {"invalid_input"},
    429: {"rate_limited", "quota_exceeded"},
    503: {"unavailable"},
}


def leaves(kind: type[TenantError] = TenantError) -> Iterator[type[TenantError]]:
    """Yield the errors that are raised; those with heirs only group them."""
    heirs = kind.__subclasses__()
    if not heirs:
        yield kind
    for heir in heirs:
        yield from leaves(heir)


ERRORS = [error for error in leaves() if error.__module__.startswith(("tenants", "classifier", "frontend", "saas"))]


def test_the_errors_of_both_apps_are_found() -> None:
    assert {error.__module__ for error in ERRORS} >= {"tenants.errors", classifier_errors.__name__}


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: str(error.__name__))
def test_an_error_has_a_status_a_title_and_a_code_of_the_contract(error: type[TenantError]) -> None:
    assert error.code in CODES[STATUSES[error]]
    assert TITLES[STATUSES[error]]


@pytest.mark.parametrize("error", [error for error in ERRORS if issubclass(error, RetryLater)])
def test_what_passes_by_itself_says_when(error: type[RetryLater]) -> None:
    _, headers, body = problem(error("Wait.", retry_after=7), request_id="req_x")
    assert headers["Retry-After"] == "7"
    assert body["detail"] == "Wait."


def test_every_row_of_the_table_is_an_error_that_exists() -> None:
    assert set(STATUSES) == set(ERRORS)
