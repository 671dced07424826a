"""An organisation with something to see on every page, made over HTTP as its owner would make it."""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from saas.instance import ROOT
from tests.end_to_end.stranger import Api, Browser
from tests.service import Service

SAMPLE = ROOT / "classifier" / "sample" / "support.csv"
NAME, MODEL, TABLE_MODEL = "Northwind", "letters", "fruit"
QUESTIONS = [
    "My parcel has not arrived yet",
    "I was charged twice this month",
    "How do I change my password?",
    "The app closes when I open a photo",
    "Please send me an invoice for March",
]
FRUIT = "colour,grams,label\n" + "".join(
    f"{colour},{grams + n},{label}\n"
    for n in range(30)
    for colour, grams, label in (("yellow", 90, "banana"), ("red", 160, "apple"))
)
INVITATION = re.compile(r"/invitations/[\w-]+/")


@dataclass(frozen=True)
class Person:
    """Somebody with an account, signed in."""

    email: str
    password: str
    session: str = field(repr=False)


@dataclass(frozen=True)
class Gallery:
    slug: str
    owner: Person
    operator: Person
    key: str = field(repr=False)
    key_id: str
    dataset: str
    rejected: str
    job: str
    classification: str
    unexplained: str
    # The path of an invitation that is open.
    invitation: str


@cache
def furnish(service: Service) -> Gallery:
    """Found the organisation, of which a service has one, and return when its workers have ended what was asked."""
    founded = service.create_organisation(NAME, "nora@example.test")
    owner = sign_in(service, founded["owner"], founded["password"])
    api = Api(service.url, founded["key"])
    with api.client:
        api.client.patch("organisation", json={"retention": "30d", "keep_inputs": True}).raise_for_status()
        key_id = api.client.get("me").json()["key"]["id"]
        dataset = api.upload(SAMPLE, name="Letters of spring")["id"]
        rejected = upload(api, "lonely.csv", "text,label\nalone,one\n")
        fruit = upload(api, "fruit.csv", FRUIT)
        jobs = [_train(api, data, model) for data, model in ((dataset, MODEL), (fruit, TABLE_MODEL), (dataset, MODEL))]
        api.classify("assort.support", QUESTIONS).raise_for_status()
        plain = api.classify(MODEL, QUESTIONS).json()["id"]
        explained = api.classify(MODEL, QUESTIONS[:1], explain=True).json()["id"]
        for kept in (plain, explained):
            api.until(f"classifications/{kept}", lambda found: True)
    _invite(service, owner, founded["slug"], "ines@example.test")
    return Gallery(
        slug=founded["slug"],
        owner=owner,
        operator=_operator(service),
        key=founded["key"],
        key_id=key_id,
        dataset=dataset,
        rejected=rejected,
        job=jobs[-1],
        classification=explained,
        unexplained=plain,
        invitation=INVITATION.findall(service.log("web"))[-1],
    )


def sign_in(service: Service, email: str, password: str) -> Person:
    """Sign in on the page for it."""
    browser = Browser(service.url)
    with browser.client:
        browser.submit("/accounts/login/", login=email, password=password).raise_for_status()
        return Person(email, password, browser.client.cookies["sessionid"])


def _invite(service: Service, owner: Person, slug: str, email: str) -> None:
    browser = Browser(service.url)
    with browser.client:
        browser.client.cookies.set("sessionid", owner.session)
        form = {"email": email, "role": "member"}
        browser.submit(f"/o/{slug}/team/invite/", on=f"/o/{slug}/team/", **form).raise_for_status()


def _operator(service: Service) -> Person:
    made = service.manage("operator", "create", "olga@example.test")
    answer = json.loads(made.stdout)
    return sign_in(service, answer["operator"], answer["password"])


def upload(api: Api, file_name: str, content: str) -> str:
    response = api.client.post("datasets", files={"file": (file_name, content)}, data={"name": Path(file_name).stem})
    response.raise_for_status()
    made = response.json()["id"]
    api.until(f"datasets/{made}", lambda found: found["status"] != "validating")
    return str(made)


def _train(api: Api, dataset: str, model: str) -> str:
    wanted = {"dataset": dataset, "model": model, "options": {"quality": "fast"}}
    response = api.client.post("training_jobs", json=wanted)
    response.raise_for_status()
    job = str(response.json()["id"])
    api.until(f"training_jobs/{job}", lambda found: found["finished_at"] is not None)
    return job
