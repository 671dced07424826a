"""The organisation whose model is measured: a bank that sorts questions under 77 labels."""

import csv
import random
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path

from saas.instance import ROOT
from tests.bench import footprint
from tests.bench.wrk import Call
from tests.end_to_end.stranger import Api
from tests.service import Service

# 10,003 questions to train on and 3,080 to ask, where they are at hand; else as many that nobody ever asked.
DATA = ROOT.parent / "shared" / "data" / "banking77"
LABELS, ROWS = 77, 10_003
QUESTIONS = 500
MODEL, SHARED = "bank", "assort.bank"
OWNER = "bank@example.test"
TRAINING_SECONDS = 300


@dataclass(frozen=True)
class Bank:
    slug: str
    tenant: str
    key: str = field(repr=False)
    password: str = field(repr=False)
    questions: tuple[str, ...]
    # What it was trained from, and what came of it.
    dataset: str
    artefact: Path

    def calls(self, *, model: str = MODEL, key: str = "", texts: int = 1) -> list[Call]:
        """Return a request for each question, or for each run of so many of them."""
        asked = self.questions * 2
        path = f"/api/v1/models/{model}/classify"
        return [
            Call(path, {"inputs": list(asked[start : start + texts])}, key or self.key)
            for start in range(0, len(self.questions), max(1, texts // 8))
        ]


@cache
def furnish(service: Service) -> Bank:
    """Found the bank, train its model twice, champion is the first; share it, so that others need not train."""
    founded = service.create_organisation("Bank", OWNER)
    api = Api(service.url, founded["key"])
    with api.client:
        dataset = upload(service, api)
        for seed in (1, 2):
            train(api, dataset, seed=seed)
        promoted = api.client.post(f"models/{MODEL}/promote", json={"version": 1})
        # The first version stays the champion where the second is no better.
        assert promoted.is_success or api.get(f"models/{MODEL}")["champion"] == 1, promoted.text
    shared = service.manage("model", "publish", founded["slug"], MODEL, "1", "--as", SHARED.removeprefix("assort."))
    if shared.returncode:
        raise RuntimeError(shared.stderr)
    footprint.until_idle(service)
    tenant = founded["organisation"].removeprefix("org_")
    return Bank(
        slug=founded["slug"],
        tenant=tenant,
        key=founded["key"],
        password=founded["password"],
        questions=questions(),
        dataset=dataset,
        artefact=service.instance.data / "tenants" / tenant / "models" / MODEL / "1" / "served",
    )


def train_further(service: Service, bank: Bank, *, model: str, quality: str) -> None:
    """Train a model of another quality beside the bank's own, from the same rows."""
    api = Api(service.url, bank.key)
    with api.client:
        train(api, bank.dataset, seed=1, model=model, quality=quality)
    footprint.until_idle(service)


def upload(service: Service, api: Api) -> str:
    """Upload the rows to train on and return the data set's id when it has been read."""
    file = DATA / "train.csv"
    if not file.exists():
        file = service.instance.data.parent / "bank.csv"
        write_invented(file)
    return str(api.upload(file)["id"])


def train(api: Api, dataset: str, *, seed: int, model: str = MODEL, quality: str = "fast") -> None:
    """Train a version, and wait for it."""
    job = start_training(api, dataset, seed=seed, model=model, quality=quality)
    ended = api.until(f"training_jobs/{job}", lambda found: found["finished_at"] is not None, TRAINING_SECONDS)
    if ended["status"] != "succeeded":
        raise RuntimeError(f"the training {ended['status']}: {ended}")


def start_training(api: Api, dataset: str, *, seed: int, model: str = MODEL, quality: str = "fast") -> str:
    options = {"quality": quality, "seed": seed}
    started = api.client.post("training_jobs", json={"dataset": dataset, "model": model, "options": options})
    started.raise_for_status()
    return str(started.json()["id"])


def questions() -> tuple[str, ...]:
    """Return 500 different texts that the model was not trained on."""
    file = DATA / "test.csv"
    if not file.exists():
        return tuple(text for text, _ in invented(QUESTIONS, seed=2))
    with file.open(newline="") as opened:
        texts = dict.fromkeys(row["text"] for row in csv.DictReader(opened))
    return tuple(islice(texts, QUESTIONS))


def write_invented(file: Path) -> None:
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(("text", "label"))
        writer.writerows(invented(ROWS, seed=1))


def invented(count: int, *, seed: int) -> list[tuple[str, str]]:
    """Return so many different texts of about the length of a question, each with its label.

    A label has words of its own, which make up a third of its texts; the words are the same for every seed.
    """
    words = _words(3_000)
    chance = random.Random(seed)  # noqa: S311  # Nothing secret is drawn.
    rows: dict[str, str] = {}
    while len(rows) < count:
        label = len(rows) % LABELS
        own = words[label * 12 : label * 12 + 12]
        text = [chance.choice(own if chance.random() < 1 / 3 else words) for _ in range(chance.randint(8, 16))]
        rows.setdefault(" ".join(text), f"label_{label:02}")
    return list(rows.items())


def _words(count: int) -> list[str]:
    chance = random.Random(0)  # noqa: S311  # Nothing secret is drawn.
    words: dict[str, None] = {}
    while len(words) < count:
        syllables = (chance.choice("bcdfglmnprst") + chance.choice("aeiou") for _ in range(chance.randint(1, 4)))
        words["".join(syllables)] = None
    return list(words)
