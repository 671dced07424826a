"""The course of the test: what is done in which order, and what is cleared away after it, however it ended."""

import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from saas.smoke.client import Api, Client, Clock
from saas.smoke.customer import Customer
from saas.smoke.failures import Failed
from saas.smoke.report import Report
from saas.smoke.visitor import NEEDS_KEY, Visitor

# Clearing away has time of its own: what failed by taking too long is cleared away as well.
CLEARING_SECONDS = 60.0

Step = tuple[str, Callable[[], None]]


def run(url: str, *, key: str, seconds: float, report: Report) -> None:
    """Run the whole course within `seconds`, the end of a request, and a minute to clear away; `report` tells of it.

    Without a key it signs up. Raises Failed before the first step where it cannot begin at all.
    """
    if not key and url.startswith("https://"):
        # An account made there would wait for its letter, for ever.
        raise Failed(f"a service at an https address confirms addresses by letter, which this cannot read. {NEEDS_KEY}")
    course = Course(url, key=key, seconds=seconds, report=report)
    with _stopped_by_signals():
        course.run()


class Course:
    def __init__(self, url: str, *, key: str, seconds: float, report: Report) -> None:
        self.url = url
        self.name = f"smoke-{secrets.token_hex(5)}"
        self.clock = Clock(seconds)
        self.report = report
        self.visitor = None if key else Visitor(url, self.clock, self.name)
        self.customer = self._customer(key) if key else None

    def run(self) -> None:
        # Before anything is printed: where nobody answers there is nothing to tell of.
        ready = Client(self.url, self.clock).ask("GET", "/readyz")
        try:
            self._do("the service is ready", lambda: _be_ready(ready.expect(200).json()))
            if self.visitor is not None:
                self._do("an account is made", self.visitor.sign_up)
                self._do("a key is made", self._make_key)
            for name, act in _steps(self.customer) if self.customer else ():
                self._do(name, act)
        except Failed:
            pass  # It stands in the report.
        finally:
            self._clear_away()

    def _customer(self, key: str) -> Customer:
        return Customer(Api(self.url, self.clock, key), self.name)

    def _make_key(self) -> None:
        if self.visitor is not None:
            self.customer = self._customer(self.visitor.make_key())

    def _do(self, name: str, act: Callable[[], None]) -> None:
        with self.report.timed(name):
            act()

    def _clear_away(self) -> None:
        """Delete all that was made: each thing also when another could not be."""
        clock = Clock(CLEARING_SECONDS)
        if self.customer is not None:
            self.customer.api.clock = clock
        if self.visitor is not None:
            self.visitor.browser.clock = clock
        for name, act in self._remains():
            with suppress(Failed):
                self._do(name, act)

    def _remains(self) -> Iterator[Step]:
        if self.customer is not None and self.customer.has_begun:
            yield "the model is deleted", self.customer.delete_model
            yield "the data sets are deleted", self.customer.delete_datasets
            yield "nothing is left", self.customer.look_for_remains
        if self.customer is not None and self.visitor is not None:
            yield "the key is revoked", self.customer.revoke_key
        if self.visitor is not None and self.visitor.has_account:
            yield "the organisation is deleted", self.visitor.delete_organisation
            yield "the account is deleted", self.visitor.delete_account


def _be_ready(state: dict[str, object]) -> None:
    if absent := [part for part, is_there in state.items() if is_there is False]:
        raise Failed(f"not there: {', '.join(absent)}")


def _steps(customer: Customer) -> list[Step]:
    return [
        ("the key may do all", customer.look_at_key),
        ("rows are uploaded", customer.upload),
        ("rows are read", customer.wait_for_reading),
        ("a model is trained", customer.train),
        ("a text is classified", customer.classify_one),
        ("a batch is classified", customer.classify_batch),
        ("a text is classified later", customer.classify_later),
        ("a second version is trained", customer.train_again),
        ("it is promoted", customer.promote),
        ("it is rolled back", customer.roll_back),
        ("usage is counted", customer.read_usage),
        ("a wrong key is refused", customer.try_wrong_key),
        ("a stranger's id is refused", customer.try_strangers_id),
        ("malformed JSON is refused", customer.try_malformed_json),
    ]


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Clear away also when whoever started this wants it to end; a second signal means at once."""

    def stop(_signum: int, _frame: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        raise Failed("it was told to stop")

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
