"""What coordination counts; each with its meaning and what an operator does."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

FOLDED = Counter(
    "meekoppel_coordination_plan_events_total",
    "Plan events folded into the view. Standing still while intake counts on: see the health of coordination.",
)
MATCHED = Counter(
    "meekoppel_coordination_plans_matched_total",
    "Plans of which the pairs were found anew. Far below the plan events: many versions came in one batch; no action.",
)
ANNOUNCED = Counter(
    "meekoppel_coordination_overlap_events_total",
    "Overlap events put into the outbox, by type. A sudden rise: one source changed much at once; ask it.",
    ["type"],
)
PHASE_SECONDS = Histogram(
    "meekoppel_coordination_phase_seconds",
    "How long a batch took, by phase: save, match, and load (the index in memory, at the start and when in doubt). "
    "Match rising: plans lie denser. Load often: the database was restarted, or a worker stood still for long.",
    ["phase"],
)
