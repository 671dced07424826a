import time
from collections.abc import Callable

from django.test import Client

from tenants.models import User
from tests.frontend.conftest import PATIENCE, Studio, address
from tests.universe import Universe


def test_the_answer_appears_with_what_spoke_for_it(
    committed: None, client_of: Callable[[User], Client], cast: Universe, studio: Studio
) -> None:
    client = client_of(cast.bob)
    page = client.post(address(studio, "try_it", "letters"), {"text": "my invoice is wrong"}, follow=True)
    deadline = time.monotonic() + PATIENCE
    while page.context["live"] and time.monotonic() < deadline:
        time.sleep(0.2)
        page = client.get(page.request["PATH_INFO"])
    assert page.context["classification"].results[0]["label"] == "invoice"
    assert "for it" in page.text
    assert "hx-get" not in page.text
