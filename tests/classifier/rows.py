"""Small data sets for the tests, handed in and read through the verb functions."""

import hashlib

from classifier import datasets, reader, trainer, training, uploads
from classifier.kinds import FAST
from classifier.models import Dataset, ModelVersion
from classifier.uploads import Upload
from tenants.models import Organisation

WORDS = {
    "billing": ["invoice", "charge", "refund", "payment", "price"],
    "account": ["password", "login", "email", "profile", "username"],
    "bug": ["crash", "error", "freeze", "broken", "slow"],
}
LINES = [
    f"the {first} and my {second} again,{label}"
    for label, words in WORDS.items()
    for first in words
    for second in words
    if first != second
]
COUNT = len(LINES)
MESSAGES = "text,label\n" + "\n".join(LINES) + "\n"
TABLE = "size,colour,weight,label\n" + "".join(
    f"{number},{'red' if number % 2 else 'blue'},{number * 1.5},{'big' if number > 30 else 'small'}\n"
    for number in range(60)
)


def upload(organisation: Organisation, text: str = MESSAGES, file_name: str = "messages.csv") -> Upload:
    path = uploads.new_path(organisation.tenant)
    path.write_text(text)
    return Upload(path, file_name, len(text), hashlib.sha256(text.encode()).hexdigest())


def handed_in(organisation: Organisation, text: str = MESSAGES, file_name: str = "messages.csv") -> Dataset:
    stored = upload(organisation, text, file_name)
    return datasets.create(organisation=organisation, upload=stored, name="", by="alice")


def ready(organisation: Organisation, text: str = MESSAGES) -> Dataset:
    """Return a data set that was read here, in the way that a worker reads it."""
    dataset = handed_in(organisation, text)
    reader.validate(dataset.id, tenant=organisation.tenant)
    dataset.refresh_from_db()
    return dataset


def grown(organisation: Organisation, dataset: Dataset, *lines: str) -> Dataset:
    """Return a version of the data set with these rows more, read here."""
    more = upload(organisation, "text,label\n" + "".join(f"{line}\n" for line in lines))
    child = datasets.add_rows(organisation=organisation, dataset=dataset, upload=more, by="alice")
    reader.validate(child.id, tenant=organisation.tenant)
    child.refresh_from_db()
    return child


def trained(
    organisation: Organisation, dataset: Dataset | None = None, model: str = "support", *, quality: str = FAST
) -> ModelVersion:
    """Return a version that was trained here, in the way that a worker trains it.

    Most tests need some model, whichever; those about training ask for the quality that customers get.
    """
    dataset = dataset or ready(organisation)
    job = training.start(
        organisation=organisation, dataset=dataset, model_name=model, by="alice", options={"quality": quality}
    )
    trainer.train(job.id, tenant=organisation.tenant)
    job.refresh_from_db()
    if job.version is None:
        raise AssertionError(job.error)
    return job.version
