"""How two plans meet: everything that is known of it, before it is put into words."""

from __future__ import annotations

import json
from typing import NamedTuple

from meekoppel_contracts.codes import OpportunityPart, OverlapKind, Severity
from meekoppel_contracts.ids import OverlapId, overlap_id
from meekoppel_hub.coordination.facts import PlanFacts


class PartOfScore(NamedTuple):
    """One part of a score, 0 to 100 points, and how much it counts."""

    part: OpportunityPart
    points: int
    weight: float


def score_parts_to_text(parts: tuple[PartOfScore, ...]) -> str | None:
    """Write the parts of a score as the view keeps them; None when there are none."""
    rows = [{"part": one.part, "points": one.points, "weight": one.weight} for one in parts]
    return json.dumps(rows) if rows else None


def score_parts_from_text(text: str | None) -> tuple[PartOfScore, ...]:
    """Read what `score_parts_to_text` wrote."""
    rows = json.loads(text) if text else []
    return tuple(PartOfScore(OpportunityPart(row["part"]), row["points"], row["weight"]) for row in rows)


class Meeting(NamedTuple):
    """How two plans meet, as a function of the two versions and the agreements.

    Attributes:
        first: the plan with the lower id; in a breach, the plan.
        second: the other; in a breach, the moratorium.
        kind: the heaviest that holds.
        severity: by the agreement.
        sure: whether both are there at the same time for certain, by their windows.
        area_m2: what the zones share, to 0.1 m2; buffers do not count.
        distance_m: between the zones, to a centimetre; 0 where they touch.
        overlap_days: stretches of 24 hours that both periods share, a begun one included; of detours and nuisance,
            those in which it holds.
        gap_days: the same between the periods; 0 when they overlap.
        shift_days: by how many days the shift that helps most brings them nearer; 0 when they overlap.
        shifts_first: whether that is a shift of the first.
        by_buffer: whether they lie within their buffers.
        by_nuisance: whether only nuisance makes the conflict.
        firsts_detour: whether a detour that is hit is the first's.
        score: 0 to 100 for an opportunity, else None.
        parts: how the score came about.
        disciplines: the two disciplines that go together best, the first's and the second's; None when one names none.
        fit: how well they do, 0 to 1.
        before: the discipline that goes before the other, being deeper; None where there is no order.
        after: that other discipline.
        ruleset: name and version of the agreement that gave the verdict.
        rulesets: the same of all that were applied.
        assess_days: within how many days the parties are to assess it; None when the agreement sets no term.
        location: WKB of the point where they meet, in the hub's CRS.
    """

    first: PlanFacts
    second: PlanFacts
    kind: OverlapKind
    severity: Severity
    sure: bool
    area_m2: float
    distance_m: float
    overlap_days: int
    gap_days: int
    shift_days: int
    shifts_first: bool
    by_buffer: bool
    by_nuisance: bool
    firsts_detour: bool
    score: int | None
    parts: tuple[PartOfScore, ...]
    disciplines: tuple[str, str] | None
    fit: float
    before: str | None
    after: str | None
    ruleset: str
    rulesets: tuple[str, ...]
    assess_days: int | None
    location: bytes

    @property
    def overlap_id(self) -> OverlapId:
        """The id of the pair."""
        return overlap_id(self.first.plan_id, self.second.plan_id)
