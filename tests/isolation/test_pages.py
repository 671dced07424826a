"""Every page and every form, asked by those whose organisation it is not.

They come from the URL configuration, so a new one is covered from its first day. The questions go to the running
service over HTTP, with real sessions.
"""

import re
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from frontend.urls import of_organisation
from tenants import accounts
from tenants.models import User
from tenants.permissions import Role
from tests import universe
from tests.isolation import neighbours
from tests.isolation.neighbours import Names, Neighbour
from tests.service import Service

PAGES = {str(page.name): page for page in of_organisation if isinstance(page, URLPattern)}
CELLS = [(name, method) for name in PAGES for method in ("GET", "POST")]
THAT_NAME = [cell for cell in CELLS if PAGES[cell[0]].pattern.converters]
# The pages' words for what the API calls otherwise.
ALIASES = {"dataset": "dataset_id", "job": "job_id", "classification": "classification_id"}
NOBODYS: Names = {
    **{"dataset_id": f"ds_{'0' * 20}", "job_id": f"job_{'0' * 20}", "classification_id": f"cls_{'0' * 20}"},
    **{"key_id": f"key_{'0' * 20}", "model": "no-such-model", "number": 1, "member": 10**8, "invitation": 10**8},
}
# Forms that name an object in what they send.
BODIES = {
    "training_start": {"model": "taken", "quality": "fast", "dataset": "{dataset_id}"},
    "model_follow": {"follow": "ask", "rows": "1", "dataset": "{dataset_id}"},
}
# What differs between any two answers.
VARY = {"date", "content-length", "set-cookie"}
# What stands in a route for a parameter, in the form of `path` or in that of `re_path`.
PARAMETER = re.compile(r"\(\?P<\w+>[^)]*\)|<[^>]+>")
TOKENS = re.compile(r'(csrfmiddlewaretoken" value="|nonce[-=]"?|"X-CSRFToken": ")[\w+/=-]+')


def address(name: str, slug: str, names: Names) -> str:
    taken = {each: names[ALIASES.get(each, each)] for each in PAGES[name].pattern.converters}
    return reverse(name, kwargs={"slug": slug, **taken})


def told(answer: httpx.Response, said: str) -> tuple[Any, ...]:
    """Return all that the caller is told, but for what the caller has said and what differs every time."""
    text = TOKENS.sub("", answer.text).replace(said, "…")
    headers = {name: value.replace(said, "…") for name, value in answer.headers.items() if name not in VARY}
    return answer.status_code, text, sorted(headers.items())


@pytest.fixture(scope="module")
def former(service: Service, ours: Neighbour) -> Iterator[httpx.Client]:
    """The browser of somebody who was an admin when they signed in, and was removed since."""
    person = universe.person("fred")
    membership = accounts.add_member(organisation=ours.organisation, user=person, role=Role.ADMIN)
    with neighbours.browser(service, person) as browser:
        browser.get(address("team", ours.slug, ours.names)).raise_for_status()
        accounts.remove_member(membership=membership, by=ours.owner.email)
        yield browser


@pytest.fixture(scope="module")
def before(service: Service, ours: Neighbour, theirs: Neighbour, former: httpx.Client) -> dict[str, str]:
    """What the organisation was like before anybody tried anything."""
    return neighbours.fingerprint(service, ours)


@pytest.fixture(scope="module")
def stranger(service: Service, theirs: Neighbour, before: dict[str, str]) -> Iterator[httpx.Client]:
    with neighbours.browser(service, theirs.owner) as browser:
        yield browser


@pytest.fixture(scope="module")
def owner(service: Service, ours: Neighbour) -> Iterator[httpx.Client]:
    with neighbours.browser(service, ours.owner) as browser:
        yield browser


@pytest.mark.proves("dashboard", "code", "Every page and form of an organisation with the session of a stranger")
@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_a_strangers_session_finds_no_page(stranger: httpx.Client, ours: Neighbour, cell: tuple[str, str]) -> None:
    name, method = cell
    there = stranger.request(method, address(name, ours.slug, ours.names))
    nowhere = stranger.request(method, address(name, "no-such-place", ours.names))
    assert there.status_code == 404
    assert told(there, ours.slug) == told(nowhere, "no-such-place")


@pytest.mark.proves("dashboard", "code", "Every page and form of an organisation without a session")
@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_nobody_is_asked_to_sign_in(service: Service, ours: Neighbour, cell: tuple[str, str]) -> None:
    name, method = cell
    with neighbours.browser(service, None) as nobody:
        asked = address(name, ours.slug, ours.names)
        answer = nobody.request(method, asked)
    assert (answer.status_code, answer.text) == (302, "")
    assert answer.headers["location"] == f"{reverse('account_login')}?next={asked}"


@pytest.mark.proves("dashboard", "code", "Every page of an organisation with the session of somebody who was removed")
@pytest.mark.parametrize("name", PAGES)
def test_who_was_removed_finds_no_page(former: httpx.Client, ours: Neighbour, name: str) -> None:
    assert former.get(address(name, ours.slug, ours.names)).status_code == 404


@pytest.mark.proves(
    "dashboard", "PostgreSQL, code", "Every page and form of one's own with the ids of another's objects"
)
@pytest.mark.parametrize("cell", THAT_NAME, ids="-".join)
def test_an_id_of_another_is_nobodys(
    stranger: httpx.Client, ours: Neighbour, theirs: Neighbour, cell: tuple[str, str]
) -> None:
    name, method = cell
    at_ours, at_nobodys = (address(name, theirs.slug, names) for names in (ours.names, NOBODYS))
    of_ours, of_nobody = stranger.request(method, at_ours), stranger.request(method, at_nobodys)
    assert of_ours.status_code in {404, 405}
    assert told(of_ours, at_ours) == told(of_nobody, at_nobodys)


@pytest.mark.control
def test_every_page_that_names_an_object_refuses_it_at_least_once(
    stranger: httpx.Client, ours: Neighbour, theirs: Neighbour
) -> None:
    for name in {name for name, _ in THAT_NAME}:
        asked = address(name, theirs.slug, ours.names)
        assert 404 in {stranger.request(method, asked).status_code for method in ("GET", "POST")}, name


@pytest.mark.proves("dashboard", "PostgreSQL, code", "Forms that name another's data set in what they send")
@pytest.mark.parametrize("name", BODIES)
def test_a_form_that_names_what_is_anothers_names_nothing(
    stranger: httpx.Client, ours: Neighbour, theirs: Neighbour, name: str
) -> None:
    asked = address(name, theirs.slug, theirs.names)

    def sent(names: Names) -> httpx.Response:
        return stranger.post(asked, data={field: value.format_map(names) for field, value in BODIES[name].items()})

    of_ours, of_nobody = sent(ours.names), sent(NOBODYS)
    # A page that shows the form again, or one that goes back and says why; none that goes on to a training.
    assert told(of_ours, ours.names["dataset_id"]) == told(of_nobody, NOBODYS["dataset_id"])
    assert "/trainings/job_" not in of_ours.headers.get("location", "")


@pytest.mark.proves("dashboard", "code", "Every form from a page of somebody else, in the browser of the owner")
@pytest.mark.parametrize("name", PAGES)
def test_a_form_from_elsewhere_is_refused(owner: httpx.Client, ours: Neighbour, before: object, name: str) -> None:
    answer = owner.post(address(name, ours.slug, ours.names), headers={"X-CSRFToken": "forged"})
    assert answer.status_code == 403


def elsewhere(resolver: URLResolver | None = None, route: str = "") -> Iterator[str]:
    """Yield an address of every route that belongs neither to the API nor to an organisation."""
    for pattern in (resolver or get_resolver()).url_patterns:
        whole = route + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from elsewhere(pattern, whole)
        elif not whole.startswith(("api/v1/", "o/<slug:slug>/")):
            yield "/" + PARAMETER.sub("1", whole).removesuffix("$").removesuffix("\\Z")


ELSEWHERE = sorted(set(elsewhere()))
OPERATORS = [address for address in ELSEWHERE if address.startswith("/operators/")]


@pytest.mark.proves(
    "dashboard", "code", "Every other page, with a stranger's session: does it show another organisation?"
)
@pytest.mark.parametrize("asked", [address for address in ELSEWHERE if address not in OPERATORS])
def test_no_other_page_shows_a_stranger_anything_of_ours(
    service: Service, ours: Neighbour, theirs: Neighbour, asked: str
) -> None:
    # Not the browser of the other tests, which is still to be told why its forms were refused.
    with neighbours.browser(service, theirs.owner) as stranger:
        answer = stranger.get(asked)
    assert answer.status_code < 500
    assert [word for word in ours.words() if word in answer.text] == []


@pytest.mark.proves("dashboard", "code", "Every page of the operators with the session of an organisation's owner")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("asked", OPERATORS)
def test_the_desk_is_not_there_for_an_owner(owner: httpx.Client, asked: str, method: str) -> None:
    answer = owner.request(method, asked, follow_redirects=True)
    # Who is no operator is led to the desk's own page to sign in, which is not there for whoever is signed in.
    assert (answer.status_code, answer.url.path) in {(404, asked), (404, "/operators/login/")}


@pytest.mark.proves("dashboard", "code", "Every page of the operators without a session")
@pytest.mark.parametrize("asked", OPERATORS)
def test_the_desk_lets_nobody_in(service: Service, asked: str) -> None:
    with neighbours.browser(service, None) as nobody:
        answer = nobody.get(asked, follow_redirects=True)
    assert (answer.status_code, answer.url.path) == (200, reverse("account_login"))


@pytest.mark.control
def test_an_operator_sees_the_desk(service: Service) -> None:
    made = service.manage("operator", "create", "otto@example.test")
    assert made.returncode == 0, made.stderr
    with neighbours.browser(service, User.objects.get(email="otto@example.test")) as operator:
        pages = [operator.get(asked).status_code for asked in OPERATORS]
    assert pages.count(200) > 10


@pytest.mark.control
@pytest.mark.parametrize(
    "name", [name for name in PAGES if name in {"dataset_detail", "model_detail", "team", "usage_csv"}]
)
def test_the_owner_sees_what_a_stranger_does_not(owner: httpx.Client, ours: Neighbour, name: str) -> None:
    assert owner.get(address(name, ours.slug, ours.names)).status_code == 200


@pytest.mark.proves(
    "dashboard", "PostgreSQL, code", "All of the above: did any of it change anything of the organisation?"
)
def test_nothing_of_it_has_changed_anything(service: Service, ours: Neighbour, before: dict[str, str]) -> None:
    assert neighbours.fingerprint(service, ours) == before


@pytest.mark.control
def test_a_form_of_the_owner_changes_something_and_is_seen(
    service: Service, owner: httpx.Client, ours: Neighbour, before: dict[str, str]
) -> None:
    owner.post(address("dataset_delete", ours.slug, ours.names))
    assert neighbours.fingerprint(service, ours) != before
