"""The tags under which the registrar finds its own work again in MLflow."""

# On a run and on a model version: the id of our version.
VERSION_ID = "assort.version_id"
# On a run: the model's name.
MODEL = "assort.model"
# On a registered model: the number that we wrote into the alias `champion` the last time.
CHAMPION = "assort.champion"
# On a model version that only keeps a number taken, because nothing was there to record.
LOST = "assort.lost"
