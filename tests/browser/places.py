"""Every page there is. Those of an organisation are found, so that no new one is left out."""

from dataclasses import dataclass

from django.urls import URLPattern, reverse

from frontend.operators.site import site
from frontend.operators.urls import DESKS
from frontend.urls import of_organisation
from saas.instance import ROOT
from tests.gallery import MODEL, TABLE_MODEL, Gallery

# The operators' lists; that `DESKS` is imported has registered them.
LISTS = [str(model._meta.model_name) for model, desk in site._registry.items() if type(desk) in DESKS]
TEMPLATES = ROOT / "frontend" / "templates" / "frontend"


@dataclass(frozen=True)
class Place:
    """A page: who looks at it, where it is, and which status it has.

    `shows` is a text that a script brings; `foreign` an element whose inside is written by others, and not judged.
    """

    name: str
    by: str = "owner"
    address: str = ""
    status: int = 200
    shows: str = ""
    foreign: str = ""


def of_an_organisation() -> list[Place]:
    """Return the views that have a template of their name: the others change something and lead to one of these."""
    names = [str(pattern.name) for pattern in of_organisation if isinstance(pattern, URLPattern)]
    return [Place(name) for name in names if (TEMPLATES / f"{name}.html").exists()]


PLACES = [
    *of_an_organisation(),
    Place("what a goal takes", address=f"/o/{{slug}}/models/{MODEL}/versions/1/?goal=97"),
    Place("a goal that is none", address=f"/o/{{slug}}/models/{MODEL}/versions/1/?goal=3"),
    Place("a rejected data set", address="/o/{slug}/datasets/{rejected}/"),
    Place("rows of one label", address="/o/{slug}/datasets/{dataset}/rows/?label=billing"),
    Place("to train on a data set", address="/o/{slug}/trainings/start/?dataset={dataset}"),
    Place("a model of tables", address=f"/o/{{slug}}/models/{TABLE_MODEL}/"),
    Place("to try a model of tables", address=f"/o/{{slug}}/models/{TABLE_MODEL}/try/"),
    Place("to try a shared model", address="/o/{slug}/models/assort.support/try/"),
    Place("results of a label nobody has", address="/o/{slug}/results/?label=none"),
    Place("no such data set", address="/o/{slug}/datasets/ds_none/", status=404),
    Place("the organisations", address="/organisations/"),
    Place("to found an organisation", address="/organisations/found/"),
    Place("the addresses", address="/accounts/email/"),
    Place("a new password", address="/accounts/password/change/"),
    Place("the second factor", address="/accounts/2fa/"),
    Place("to delete an account", address="/accounts/delete/"),
    Place("to sign out", address="/accounts/logout/"),
    Place("welcome", "nobody", "/"),
    Place("to sign in", "nobody", "/accounts/login/"),
    Place("to sign up", "nobody", "/accounts/signup/"),
    Place("a forgotten password", "nobody", "/accounts/password/reset/"),
    Place("a letter was sent", "nobody", "/accounts/password/reset/done/"),
    Place("an invitation", "nobody", "{invitation}"),
    Place("an invitation that is none", "nobody", "/invitations/none/"),
    Place("nowhere", "nobody", "/nowhere/", 404),
    Place("the API", "nobody", "/api/docs", shows="Authorize", foreign="#swagger-ui"),
    Place("the components", "nobody", "/_components"),
    Place("the desk", "operator", "/operators/"),
    *(Place(f"the desk's {name} list", "operator", f"/operators/tenants/{name}/") for name in LISTS),
    Place("the desk's plan", "operator", "/operators/tenants/plan/standard/change/"),
]


def address_of(place: Place, gallery: Gallery) -> str:
    if place.address:
        return place.address.format_map(vars(gallery))
    known = {
        "slug": gallery.slug,
        "dataset": gallery.dataset,
        "job": gallery.job,
        "model": MODEL,
        "number": 1,
        "classification": gallery.classification,
        "key_id": gallery.key_id,
    }
    pattern = next(each for each in of_organisation if each.name == place.name)
    taken = {name: known[name] for name in ("slug", *pattern.pattern.converters)}
    return reverse(place.name, kwargs=taken)
