"""Whom this host serves: who may run at all, whose lease it holds, and what the other hosts do."""

import logging
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from classifier.fleet import leases, record
from classifier.scaling import Allowance, may_serve
from tenants.models import Organisation, Plan

log = logging.getLogger(__name__)


@dataclass
class Territory:
    host: str
    # The organisations of a dedicated host.
    only: frozenset[str] = frozenset()
    allowed: dict[str, Allowance] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    neighbours: dict[str, int] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    renewed_at: float = 0.0
    _worked_at: dict[str, float] = field(default_factory=dict)

    def adopt(self) -> None:
        """Take up again what this host held when it was stopped."""
        self.renewed_at = time.monotonic()
        self.tokens = leases.adopt(self.host)
        leases.give_back(tenants=self.tokens)
        self.note_work(self.tokens, self.renewed_at)

    def look(self) -> None:
        """Renew the leases, and learn anew who may run, what their plans give them, and what the others do."""
        now = time.monotonic()
        kept = leases.renew(self.host, self.tokens)
        self.renewed_at = now
        for tenant in self.tokens.keys() - kept:
            log.warning("another host has taken over %s", tenant)
        self.tokens = {tenant: token for tenant, token in self.tokens.items() if tenant in kept}
        self.elsewhere = leases.elsewhere(self.host)
        self.neighbours, dedicated = record.neighbours(self.host)
        plans = {plan.name: plan for plan in Plan.objects.all()}
        active = Organisation.objects.filter(status=Organisation.Status.ACTIVE).values_list("tenant", "plan_id")
        self.plans = {t: plans[name] for t, name in active if may_serve(t, only=self.only, dedicated=dedicated)}
        self.allowed = {t: Allowance(plan.workers, plan.infer_workers) for t, plan in self.plans.items()}

    def claim(self, tenants: Collection[str]) -> None:
        """Take the leases that nobody holds."""
        claimed = leases.claim(self.host, tenants)
        self.tokens |= claimed
        self.note_work(claimed, time.monotonic())
        if len(claimed) < len(tenants):
            self.elsewhere = leases.elsewhere(self.host)

    def release(self, tenants: Iterable[str]) -> None:
        """Let other hosts have these at once."""
        leases.release(self.host, {tenant: self.tokens.pop(tenant) for tenant in list(tenants)})

    def note_work(self, tenants: Iterable[str], now: float) -> None:
        self._worked_at |= {tenant: now for tenant in tenants if tenant in self.tokens}

    def held(self, now: float) -> dict[str, float]:
        """Return who is held, with the time of the last work; nobody, once the leases may be about to run out."""
        if self._is_late(now, leases.STOPPED_AFTER):
            return {}
        return {tenant: self._worked_at.get(tenant, 0.0) for tenant in self.tokens}

    def overdue(self, now: float) -> set[str]:
        """Return those of whom no worker may be left."""
        return set(self.tokens) if self._is_late(now, leases.KILLED_AFTER) else set()

    def _is_late(self, now: float, seconds: float) -> bool:
        # Where there is no other host nobody takes over, and answers go on while the database is away.
        return bool(self.neighbours) and now - self.renewed_at > seconds
