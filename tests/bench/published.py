"""What others have published of the data sets, and what is wanted of our models on them."""

from dataclasses import dataclass

from tests.bench.row import Wanted, at_least, at_most

SMALL = at_most(2)


@dataclass(frozen=True)
class Published:
    """`named` are accuracies of others on the same rows; the rest is what ours are to reach, floor and goal.

    Shares are in per cent.
    """

    named: str = "nothing published"
    accuracy: Wanted | None = None
    auc: Wanted | None = None
    calibration: Wanted | None = None
    seconds: Wanted | None = None
    megabytes: Wanted | None = SMALL


# Amazon Comprehend and Hugging Face AutoNLP: philschmid/amazon-comprehend-vs-autonlp, 2021. HWU64:
# AutoFAQ/Intent-Recognition-SaaS-Evaluation, 2021. Tables: Innixma/autogluon-benchmarking, 2020, of other folds.
PUBLISHED = {
    "banking77": Published(
        "Amazon Comprehend 91.3, Hugging Face AutoNLP 93.6",
        accuracy=at_least(93.8, 94.5),
        calibration=at_most(1.5),
        seconds=at_most(75, 60),
    ),
    "hwu64_saas10": Published(
        "AutoFAQ 80.2, IBM Watson 77.6, Microsoft LUIS 67.3, Google Dialogflow 64.0",
        accuracy=at_least(83.2, 86),
        calibration=at_most(5, 3),
        seconds=at_most(8),
    ),
    "hwu64_saas30": Published(
        "IBM Watson 85.5, AutoFAQ 85.1, Microsoft LUIS 78.2, Google Dialogflow 75.6",
        accuracy=at_least(87.2, 89),
    ),
    "sms_spam": Published(accuracy=at_least(98.5, 99.1)),
    "adult": Published(
        "Google AutoML Tables 87.5 and Amazon Autopilot 87.1, an hour each",
        accuracy=at_least(87.3, 87.5),
        auc=at_least(92.9, 93.2),
    ),
    "car": Published("Google AutoML Tables 100 and Amazon Autopilot 99.4, an hour each", accuracy=at_least(99.4, 100)),
}
