"""What was accepted, asked for again: by the API, as customers do, and in PostgreSQL, which sees what happens twice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from saas import process
from tests.faults.stage import Customer, Stage

CLASSIFICATION, TRAINING = "classification", "training"
PATHS = {CLASSIFICATION: "classifications", TRAINING: "training_jobs"}
TERMINAL = ("succeeded", "failed", "canceled")
# A machine that is busy with other things trains slowly, and what waits for its turn is not lost.
SETTLE_SECONDS = 180.0

OPEN = "SELECT id, kind, state, attempt FROM public.job WHERE state <> 'done' AND queue NOT IN ('record', 'batch')"
# Whatever happens to a job is written down by the database itself: each attempt, its end, and what comes after that.
WITNESS = """
    CREATE TABLE IF NOT EXISTS public.witness (
        job text NOT NULL, became text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX IF NOT EXISTS witness_job ON public.witness (job);
    CREATE OR REPLACE FUNCTION public.bear_witness() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        INSERT INTO public.witness (job, became) VALUES (new.id, new.state);
        RETURN NULL;
    END $$;
    CREATE OR REPLACE TRIGGER witness AFTER UPDATE ON public.job FOR EACH ROW
    WHEN (old.state = 'done' OR (old.state, old.attempt) <> (new.state, new.attempt))
    EXECUTE FUNCTION public.bear_witness();
"""
# When each of some jobs was in somebody's hands again, or at its end, after a moment.
RESUMED = """
    SELECT extract(epoch FROM min(at))::float8 FROM public.witness
    WHERE job = ANY (%s) AND at > to_timestamp(%s) AND became IN ('running', 'done') GROUP BY job
"""


@dataclass(frozen=True)
class Accepted:
    """A job that the API has accepted, with a 202 or 201."""

    id: str
    kind: str
    customer: Customer
    may_be_canceled: bool = False


@dataclass
class Verdict:
    """What became of accepted jobs: how many of each kind there were, and what is wrong, in words."""

    counts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrongs: list[str] = field(default_factory=list)


class Ledger:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._lock = Lock()
        self._accepted: list[Accepted] = []
        with stage.owner() as database:
            database.execute(WITNESS)

    def note(self, *accepted: Accepted) -> None:
        with self._lock:
            self._accepted += accepted

    def close(self) -> Verdict:
        """Wait until everything that was accepted has come to its end, and return the verdict; then begin anew."""
        with self._lock:
            accepted, self._accepted = self._accepted, []
        verdict = Verdict(Counter(job.kind for job in accepted))
        for customer in self._stage.customers:
            mine = [job for job in accepted if job.customer == customer]
            verdict.outcomes += self._asked(customer, mine, verdict.wrongs)
            verdict.wrongs += self._effects(customer, [job for job in mine if job.kind == CLASSIFICATION])
        verdict.wrongs += self._ends([job.id for job in accepted])
        return verdict

    def resumed(self, jobs: Sequence[str], began: float) -> float:
        """Return when the last of these was taken up again after the moment `began`; all of them have ended."""
        return max((at for (at,) in self._stage.ask(RESUMED, list(jobs), began)), default=began)

    def _asked(self, customer: Customer, jobs: Sequence[Accepted], wrongs: list[str]) -> Counter[str]:
        """Return how the jobs ended, as the API says."""
        outcomes: Counter[str] = Counter()
        with (api := customer.api(self._stage)).client:
            for job in jobs:
                try:
                    found = api.until(
                        f"{PATHS[job.kind]}/{job.id}", lambda found: found["status"] in TERMINAL, SETTLE_SECONDS
                    )
                except AssertionError as error:
                    wrongs.append(f"{job.kind} {job.id} is lost: {error}")
                    continue
                outcomes[found["status"]] += 1
                if found["status"] != "succeeded" and not (found["status"] == "canceled" and job.may_be_canceled):
                    wrongs.append(f"{job.kind} {job.id} {found['status']}: {found.get('error')}")
        return outcomes

    def _effects(self, customer: Customer, classifications: Sequence[Accepted]) -> list[str]:
        """Return what took effect not at all, or twice: an answer has a row for each input, a training a version."""
        schema = f"t_{customer.tenant}"
        with self._stage.owner() as database:
            answers = database.execute(
                f"SELECT accepted.id, jsonb_array_length(accepted.results), count(answer.id)"
                f" FROM {schema}.classifier_classification AS accepted"
                f" LEFT JOIN {schema}.classifier_answer AS answer ON answer.classification_id = accepted.id"
                f" WHERE accepted.id = ANY (%s) GROUP BY accepted.id, accepted.results",
                [[job.id for job in classifications]],
            ).fetchall()
            versions = database.execute(
                f"SELECT (SELECT count(*) FROM {schema}.classifier_modelversion),"
                f" (SELECT count(*) FROM {schema}.classifier_trainingjob WHERE status = 'succeeded')"
            ).fetchall()
        wrongs = [f"{id} has {kept} of {given} answers" for id, given, kept in answers if given != kept]
        wrongs += [f"{len(answers)} of {len(classifications)} answers are there"] * (
            len(answers) != len(classifications)
        )
        [(made, succeeded)] = versions
        return wrongs + [f"{made} versions of {succeeded} trainings"] * (made != succeeded)

    def _ends(self, ids: Sequence[str]) -> list[str]:
        """Return which jobs did not end exactly once, as the database saw it, and what is still open."""
        ends = Counter(
            job
            for (job,) in self._stage.ask(
                "SELECT job FROM public.witness WHERE became = 'done' AND job = ANY (%s)", list(ids)
            )
        )
        wrongs = [f"{id} ended {ends[id]} times" for id in ids if ends[id] != 1]
        # Some were accepted without anybody's hearing of it; they come to an end all the same.
        process.wait_for(lambda: not self._stage.ask(OPEN), SETTLE_SECONDS)
        return wrongs + [
            f"{kind} {id} is {state} after {made} attempts" for id, kind, state, made in self._stage.ask(OPEN)
        ]
