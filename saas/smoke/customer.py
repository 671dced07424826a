"""What a customer's program does, step by step; each raises Failed where the service does not keep to its contract."""

from collections.abc import Callable
from typing import Any

from saas.smoke.client import Api
from saas.smoke.failures import Failed
from saas.smoke.visitor import SCOPES

THINGS = {
    "billing": ("the invoice", "the refund", "the payment", "the receipt", "the charge"),
    "account": ("my password", "my login", "my profile", "my username", "my email"),
    "bug": ("the app", "the page", "the button", "the search", "the export"),
}
WHAT = {
    "billing": ("is wrong", "is missing", "came twice"),
    "account": ("is lost", "does not work", "was changed"),
    "bug": ("crashes", "is too slow", "stays empty"),
}
ROWS = [(f"{thing} {what}", label) for label, things in THINGS.items() for thing in things for what in WHAT[label]]
MORE = [{"text": f"hello, {text}", "label": label} for text, label in ROWS]
QUESTION, LABEL = "I have lost my password", "account"
BATCH = [text for text, _ in ROWS]
# Of the contract: a promotion reaches every worker in 5 s.
PROMOTED_SECONDS = 10.0
# A revoked key is refused by every process within 1 s.
REVOKED_SECONDS = 5.0
LATER_SECONDS = 60.0
# What is used is written down in a while.
USAGE_SECONDS = 90.0
NOBODYS = "ds_" + "0" * 20


class Customer:
    """Works under `name`, by which everything that it makes is found again."""

    def __init__(self, api: Api, name: str) -> None:
        self.api = api
        self.name = name
        self.dataset = ""
        self.has_begun = False

    def look_at_key(self) -> None:
        """Raises Failed for a key that may not do what follows."""
        scopes = self.api.get("me")["key"]["scopes"]
        if missing := sorted(set(SCOPES) - set(scopes)):
            raise Failed(f"the key lacks {', '.join(missing)}: give one with all four scopes")

    def upload(self) -> None:
        self.has_begun = True  # Whatever the answer is, there may be a data set from now on.
        file = "text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS)
        self.dataset = self.api.upload("datasets", file, name=self.name).expect(201).json()["id"]

    def wait_for_reading(self) -> None:
        read = self._until(f"datasets/{self.dataset}", lambda found: found["status"] != "validating")
        if (read["status"], read["rows"]) != ("ready", len(ROWS)):
            raise Failed(f"the data set is {read['status']} with {read['rows']} rows: {read['problems']}")

    def train(self) -> None:
        self._train(version=1)

    def classify_one(self) -> None:
        self._ask_version(1)

    def classify_batch(self) -> None:
        answer = self._classify(BATCH).expect(200).json()
        if [result["index"] for result in answer["results"]] != list(range(len(BATCH))):
            raise Failed(f"{len(BATCH)} texts got other answers than one each, in their order")

    def classify_later(self) -> None:
        """Ask for an answer later, and read it where the answer says."""
        accepted = self._classify([QUESTION], Prefer="respond-async").expect(202)
        place = f"/api/v1/classifications/{accepted.json()['id']}"
        if accepted.headers["Location"] != place:
            raise Failed(f"{accepted.what}: the Location is {accepted.headers['Location']} and not {place}")
        path = place.removeprefix("/api/v1/")
        found = self._until(path, lambda kept: kept["status"] not in {"queued", "running"}, LATER_SECONDS)
        if found["status"] != "succeeded" or found["results"][0]["label"] != LABEL:
            raise Failed(f"{path} is {found['status']}: {found['results'] or found['error']}")

    def train_again(self) -> None:
        """Train on more rows, under a policy that leaves the choice to us."""
        self.api.call("PATCH", f"models/{self.name}", {"policy": "pinned"}).expect(200)
        self.dataset = self.api.call("POST", f"datasets/{self.dataset}/rows", MORE).expect(201).json()["id"]
        self._until(f"datasets/{self.dataset}", lambda found: found["status"] != "validating")
        self._train(version=2)
        self._ask_version(1)

    def promote(self) -> None:
        self.api.call("POST", f"models/{self.name}/promote", {"version": 2}).expect(200)
        self._wait_for_version(2)

    def roll_back(self) -> None:
        self.api.call("POST", f"models/{self.name}/rollback").expect(200)
        self._wait_for_version(1)

    def read_usage(self) -> None:
        def counted() -> bool | None:
            ours = [row["rows"] for row in self.api.get("usage")["data"] if row["model"] == self.name]
            return sum(ours) > len(BATCH) or None

        self.api.until(counted, "the usage does not count what was classified", USAGE_SECONDS)

    def try_wrong_key(self) -> None:
        wrong = Api(self.api.url, self.api.clock, f"ak_live_{'0' * 12}_{'0' * 38}")
        wrong.call("GET", "me").expect(401, code="invalid_key")
        wrong.call("POST", f"models/{self.name}/classify", {"inputs": [QUESTION]}).expect(401, code="invalid_key")

    def try_strangers_id(self) -> None:
        self.api.call("GET", f"datasets/{NOBODYS}").expect(404, code="not_found")
        order = {"dataset": NOBODYS, "model": self.name}
        self.api.call("POST", "training_jobs", order).expect(404, code="not_found")

    def try_malformed_json(self) -> None:
        for path in ("training_jobs", f"models/{self.name}/classify"):
            self.api.call("POST", path, b'{"inputs": [').expect(400, code="malformed")

    def delete_model(self) -> None:
        """Destroy the model; a training that is under way is cancelled first."""
        for job in self._trainings():
            if job["finished_at"] is None:
                self.api.call("POST", f"training_jobs/{job['id']}/cancel").expect(200)
                self._until(f"training_jobs/{job['id']}", lambda found: found["finished_at"] is not None)
        if self._models():
            self.api.call("DELETE", f"models/{self.name}").expect(204)
            self.api.call("GET", f"models/{self.name}").expect(404)

    def delete_datasets(self) -> None:
        for each in self._datasets():
            path = f"datasets/{each['id']}"
            self._until(path, lambda found: found["status"] != "validating")
            self.api.call("DELETE", path).expect(204)
            self.api.call("GET", path).expect(404)

    def look_for_remains(self) -> None:
        left = [each["id"] for each in (*self._models(), *self._datasets(), *self._trainings())]
        if left:
            raise Failed(f"still there: {', '.join(left)}")

    def revoke_key(self) -> None:
        """Revoke the key itself, which is refused from then on."""
        key = self.api.get("me")["key"]["id"]
        self.api.call("DELETE", f"api_keys/{key}").expect(204)
        self.api.until(lambda: self.api.call("GET", "me").status == 401 or None, "the key still works", REVOKED_SECONDS)

    def _classify(self, inputs: list[str], **headers: str) -> Any:
        return self.api.call("POST", f"models/{self.name}/classify", {"inputs": inputs}, **headers)

    def _ask_version(self, version: int) -> None:
        answer = self._classify([QUESTION]).expect(200).json()
        said = (answer["version"], answer["results"][0]["label"])
        if said != (version, LABEL):
            raise Failed(f"version {said[0]} says {said[1]!r}, and version {version} was to say {LABEL!r}")

    def _wait_for_version(self, version: int) -> None:
        def serves() -> bool | None:
            return self._classify([QUESTION]).expect(200).json()["version"] == version or None

        self.api.until(serves, f"version {version} does not answer", PROMOTED_SECONDS)

    def _train(self, *, version: int) -> None:
        order = {"dataset": self.dataset, "model": self.name, "options": {"quality": "fast"}}
        job = self.api.call("POST", "training_jobs", order).expect(202).json()["id"]
        ended = self._until(f"training_jobs/{job}", lambda found: found["finished_at"] is not None)
        if (ended["status"], ended["version"]) != ("succeeded", version):
            raise Failed(f"{job} {ended['status']} with version {ended['version']}: {ended['error']}")

    def _until(
        self, path: str, condition: Callable[[dict[str, Any]], bool], seconds: float | None = None
    ) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = self.api.get(path)
            return found if condition(found) else None

        return self.api.until(look, f"{path} does not end", seconds)

    def _models(self) -> list[dict[str, Any]]:
        return [model for model in self._all("models") if model["name"] == self.name]

    def _datasets(self) -> list[dict[str, Any]]:
        return [dataset for dataset in self._all("datasets") if dataset["name"] == self.name]

    def _trainings(self) -> list[dict[str, Any]]:
        return [job for job in self._all("training_jobs") if job["model"] == self.name]

    def _all(self, kind: str) -> list[dict[str, Any]]:
        """Return what the organisation has of a kind, as far as the newest hundred go."""
        return list(self.api.get(f"{kind}?limit=100")["data"])
