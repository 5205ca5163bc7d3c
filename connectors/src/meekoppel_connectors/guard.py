"""The guard: a source in which too much changed at once is not believed without a person's word.

In one real feed somebody changed a filter and 30 of 32 plans vanished for an hour. The guard counts plans that were
live in the last snapshot and not past their end: those that went missing, those that changed, and those whose row is
rejected now and was not before. The last are in no danger (a rejected row leaves its plan as it was), but many of
them at once say that the source or the mapping broke. It trips when

- their share of the live plans is more than the set share, and there are ten live plans or more, or at least three of
  them: in a source of five plans, one or two changes are a normal day;
- the source, read as a whole, gives no plan at all while live plans depend on it, however few they are.

Of a source that tells its changes, all that were stored since the guard last had nothing to object count together:
else a run that it stopped would let through a share of the rest each time it is tried again.

A plan counts once in a run. New plans, returning plans, confirmations and plans that end do not count. The first run
has no live plans and so no guard.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Self

from meekoppel_connectors.difference import Change, Verdict
from meekoppel_contracts.ids import PlanId

SMALL_SOURCE = 10
LEAST_IN_SMALL_SOURCE = 3
EXAMPLES = 3
_HINT_OF_ANOTHER = (
    "Every plan of before is gone and others stand in the source: does another connector use the same state file, "
    "or did the ids change? "
)


@dataclass(slots=True)
class Tally:
    """What happened to the live plans in one run.

    Attributes:
        live: how many plans were live before the run.
        accepted: how many plans the source gave; None for a source that only tells what changed, which may be little.
        counts: live plans per way in which they were touched: missing, changed, unreadable.
        examples: the first few plan ids of each way.
    """

    live: int
    accepted: int | None
    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[PlanId]] = field(default_factory=dict)

    def add(self, change: Change, first_of: Callable[[PlanId], bool] = lambda _plan: True) -> None:
        """Count one change, when the guard is concerned with it.

        Args:
            change: what became of a plan.
            first_of: notes a plan, and tells whether it was not noted before in this run; one that changes often counts
                once, and one that was not live when the run began never does.
        """
        how = _how_touched(change)
        if (how is None and change.was_live) or not first_of(change.plan.plan_id) or how is None:
            return
        self.counts[how] += 1
        examples = self.examples.setdefault(how, [])
        if len(examples) < EXAMPLES:
            examples.append(change.plan.plan_id)

    def to_json(self) -> str:
        """Write it down for the next run."""
        return json.dumps({name: getattr(self, name) for name in ("live", "accepted", "counts", "examples")})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what an earlier run wrote down."""
        written = json.loads(text)
        return cls(**written | {"counts": Counter(written["counts"])})

    @property
    def touched(self) -> int:
        """How many live plans went missing, changed or became unreadable."""
        return self.counts.total()


def _how_touched(change: Change) -> str | None:
    if not change.was_live:
        return None
    if change.verdict is Verdict.WITHDRAWN:
        return "missing"
    if change.verdict is Verdict.CHANGED:
        return "changed"
    return "unreadable" if change.newly_unreadable else None


def objection(tally: Tally, share: float) -> str | None:
    """Say why a run must not be published, how many of how many, and how to go on; None when it may be.

    Args:
        tally: what happened to the live plans.
        share: of the live plans that may be touched at once, from 0 to 1.
    """
    if not _trips(tally, share):
        return None
    counts = tally.counts
    examples = "; ".join(f"{how}: {', '.join(plans)}" for how, plans in sorted(tally.examples.items()))
    return (
        f"The guard stopped this run and nothing was published: {tally.touched} of {tally.live} live plans "
        f"({counts['missing']} missing, {counts['changed']} changed, {counts['unreadable']} no longer readable) "
        f"went missing or changed at once, and guard.share allows {share * 100:g} %; "
        f"for example {examples}. "
        f"{_HINT_OF_ANOTHER if counts['missing'] == tally.live and tally.accepted else ''}"
        "Look at the source; when it is right, run once more with --open-guard, or set guard.share higher."
    )


def _trips(tally: Tally, share: float) -> bool:
    if tally.touched == 0:
        return False
    if tally.accepted == 0:
        return True
    if tally.live < SMALL_SOURCE and tally.touched < LEAST_IN_SMALL_SOURCE:
        return False
    return tally.touched > Fraction(str(share)) * tally.live
