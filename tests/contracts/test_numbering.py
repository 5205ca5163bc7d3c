from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from meekoppel_contracts.codes import PlanEventType, Visibility
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.numbering import EPOCH_PATTERN, Decision, Ruling, Standing, decide, new_epoch
from meekoppel_contracts.testing import example_event
from meekoppel_contracts.topics import PLANS, PLANS_RESTRICTED

EARLIER, EPOCH, LATER = (f"202611{day:02}T080000000000Z-00ff00" for day in (1, 2, 3))
KNOWN = Standing(version=4, epoch=EPOCH, sequence=7, withdrawn=False, topic=PLANS)
GONE = replace(KNOWN, withdrawn=True)
RESTRICTED = replace(KNOWN, topic=PLANS_RESTRICTED)
SAME: tuple[str, ...] = ()
OTHER = ("title",)


def event(kind: str = "changed", visibility: Visibility = Visibility.PUBLIC) -> PlanEvent:
    example = example_event()
    plan = example.plan.model_copy(update={"visibility": visibility})
    return example.model_copy(update={"type": PlanEventType(kind), "plan": plan})


def decided(last: Standing | None, sent: PlanEvent, sequence: int, epoch: str, differs: tuple[str, ...]) -> Decision:
    return decide(last, sent, epoch, sequence, lambda: differs)


@pytest.mark.parametrize(
    ("last", "kind", "sequence", "epoch", "differs", "ruling", "version"),
    [
        (None, "changed", 1, EPOCH, SAME, Ruling.REGISTERED, 1),
        (None, "withdrawn", 1, EPOCH, SAME, Ruling.UNKNOWN_PLAN, None),
        (KNOWN, "changed", 8, EPOCH, OTHER, Ruling.CHANGED, 5),
        (KNOWN, "registered", 8, EPOCH, OTHER, Ruling.CHANGED, 5),
        (KNOWN, "changed", 8, EPOCH, ("confirmed_at",), Ruling.CONFIRMED, 5),
        (KNOWN, "changed", 8, EPOCH, SAME, Ruling.UNCHANGED, 4),
        (KNOWN, "changed", 7, EPOCH, OTHER, Ruling.RESENT, 4),
        (KNOWN, "registered", 1, LATER, SAME, Ruling.UNCHANGED, 4),
        (KNOWN, "registered", 1, LATER, OTHER, Ruling.CHANGED, 5),
        (KNOWN, "changed", 99, EARLIER, SAME, Ruling.RESENT, 4),
        (KNOWN, "changed", 99, EARLIER, OTHER, Ruling.STALE_EPOCH, 4),
        (KNOWN, "withdrawn", 8, EPOCH, SAME, Ruling.WITHDRAWN, 5),
        (GONE, "withdrawn", 8, EPOCH, OTHER, Ruling.UNCHANGED, 4),
        (GONE, "changed", 8, EPOCH, SAME, Ruling.RESTORED, 5),
        (RESTRICTED, "changed", 8, EPOCH, ("visibility",), Ruling.RESTORED, 5),
    ],
)
def test_a_submission_becomes_what_the_rules_of_the_log_say(
    last: Standing | None,
    kind: str,
    sequence: int,
    epoch: str,
    differs: tuple[str, ...],
    ruling: Ruling,
    version: int | None,
) -> None:
    decision = decided(last, event(kind), sequence, epoch, differs)
    assert decision.ruling is ruling
    assert (None if decision.standing is None else decision.standing.version) == version


def test_what_says_nothing_new_still_moves_the_numbering_on() -> None:
    decision = decided(KNOWN, event(), 1, LATER, SAME)
    assert decision.standing == replace(KNOWN, epoch=LATER, sequence=1)


def test_a_resend_is_settled_without_comparing_plans() -> None:
    def never() -> Any:
        raise AssertionError("the plans were compared")

    assert decide(KNOWN, event(), EPOCH, 7, never) == Decision(Ruling.RESENT, KNOWN)


def test_a_plan_that_becomes_restricted_takes_two_versions() -> None:
    decision = decided(KNOWN, event(visibility=Visibility.RESTRICTED), 8, EPOCH, ("visibility",))
    assert decision.leaves_open_topic
    assert decision.standing == Standing(6, EPOCH, 8, withdrawn=False, topic=PLANS_RESTRICTED)


def test_a_withdrawn_plan_that_comes_back_restricted_left_the_open_topic_before() -> None:
    decision = decided(GONE, event(visibility=Visibility.RESTRICTED), 8, EPOCH, ("visibility",))
    assert (decision.ruling, decision.leaves_open_topic) == (Ruling.RESTORED, False)


def test_an_epoch_is_written_so_that_a_later_one_sorts_behind_it() -> None:
    moments = [datetime(2026, 11, 2, 8, 0, 0, micro, tzinfo=UTC) for micro in (0, 1, 100_000)]
    epochs = [new_epoch(moment) for moment in moments]
    assert epochs == sorted(epochs)
    assert all(EPOCH_PATTERN.fullmatch(epoch) for epoch in epochs)
    assert new_epoch(moments[0]) != epochs[0]
