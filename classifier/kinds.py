"""Kinds of jobs (`public.job.kind`) and names of tasks: whoever hands out work imports nothing that does it."""

CLASSIFICATION, FOLLOWING, TIDYING, TRAINING, VALIDATION = "classify", "follow", "tidy", "train", "validate"

ANSWER, ANSWER_STORED, FOLLOW, TIDY, TRAIN, VALIDATE = (
    "classifier.answer",
    "classifier.answer_stored",
    "classifier.follow",
    "classifier.tidy",
    "classifier.train",
    "classifier.validate",
)
# Which task does a job of which kind.
OF_KIND = {CLASSIFICATION: ANSWER_STORED, FOLLOWING: FOLLOW, TIDYING: TIDY, TRAINING: TRAIN, VALIDATION: VALIDATE}
