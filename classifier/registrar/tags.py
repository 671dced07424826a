"""The tags under which the registrar finds its own work again in MLflow."""

# On a run and on a model version: the id of our version. On a model version, our number of it: MLflow counts what
# outside pipelines register as well, so its number may be another.
VERSION_ID = "assort.version_id"
VERSION = "assort.version"
# On a run: the model's name.
MODEL = "assort.model"
# On a registered model: the number to which we moved the alias `champion` the last time; while we move it, both.
CHAMPION = "assort.champion"
# On a model version: the hash of its artefact's manifest.
SHA256 = "assort.sha256"
# On an encoder's version: its licence, and the hash of its weights as they were published.
LICENCE = "assort.licence"
WEIGHTS = "assort.weights_sha256"
# Before an encoder's name, that of its registered model; no organisation's begins so.
ENCODER = "assort.encoder."
# On a model version that only keeps a number taken, because nothing was there to record.
LOST = "assort.lost"
# On a model version that somebody made champion and that does not answer: why.
REFUSED = "assort.refused"
