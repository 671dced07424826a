"""Kinds of jobs (`public.job.kind`), names of tasks, qualities: whoever asks for work imports nothing that does it."""

ADOPTION, CLASSIFICATION, FOLLOWING, TIDYING = "adopt", "classify", "follow", "tidy"
TRAINING, VALIDATION = "train", "validate"

ADOPT, ANSWER, ANSWER_STORED, FOLLOW, TIDY, TRAIN, VALIDATE = (
    "classifier.adopt",
    "classifier.answer",
    "classifier.answer_stored",
    "classifier.follow",
    "classifier.tidy",
    "classifier.train",
    "classifier.validate",
)
# What a training may be asked for.
FAST = "fast"
QUALITIES = ("auto", FAST, "best")
# Which task does a job of which kind.
OF_KIND = {
    ADOPTION: ADOPT,
    CLASSIFICATION: ANSWER_STORED,
    FOLLOWING: FOLLOW,
    TIDYING: TIDY,
    TRAINING: TRAIN,
    VALIDATION: VALIDATE,
}
