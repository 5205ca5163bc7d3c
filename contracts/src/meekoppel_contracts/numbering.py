"""The hub numbers: which submissions of a connector become versions of a plan (rules 2 and 9 of the log).

Pure: how far a plan has come and one submission in, what becomes of it out. Intake decides by it; whoever tests a
connector can fold what it sent into the same log.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from meekoppel_contracts.codes import PlanEventType, Visibility
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.topics import PLANS, PLANS_RESTRICTED

EPOCH_PATTERN: Final = re.compile(r"[0-9]{8}T[0-9]{12}Z-[0-9a-f]{6,16}")
"""How an epoch is written: when it began, in UTC to the microsecond, and a suffix. Later ones sort after earlier ones
as text."""


def new_epoch(now: datetime) -> str:
    """Name a numbering that begins at this moment (UTC); unique."""
    return f"{now:%Y%m%dT%H%M%S%f}Z-{secrets.token_hex(3)}"


class Ruling(StrEnum):
    """What becomes of a submission: a new version of the plan (the first five), nothing, or a rejection (the last two).

    `unchanged`: newer, but it says what is known; `resent`: not newer than what was seen; `stale_epoch`: an older
    numbering says something else; `unknown_plan`: what was never registered is withdrawn.
    """

    REGISTERED = "registered"
    CHANGED = "changed"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"
    UNCHANGED = "unchanged"
    RESENT = "resent"
    STALE_EPOCH = "stale_epoch"
    UNKNOWN_PLAN = "unknown_plan"

    @property
    def event_type(self) -> PlanEventType | None:
        """The type of the new version; None when there is none."""
        return _EVENT_TYPES.get(self.value)


_EVENT_TYPES = {kind.value: kind for kind in PlanEventType}


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a plan has come in the log.

    Attributes:
        version: the last version that was given.
        epoch: the numbering of its connector that was seen last.
        sequence: the highest number seen in that numbering.
        withdrawn: whether the last version is a withdrawal.
        topic: the log topic in which the plan stands.
    """

    version: int
    epoch: str
    sequence: int
    withdrawn: bool
    topic: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one submission.

    Attributes:
        ruling: a new version, nothing, or a rejection.
        standing: how far the plan has come with it; None for a plan that stays unknown.
        changed_fields: the fields in which a new version differs from the last.
        leaves_open_topic: whether the plan became restricted, so that a withdrawal in the open topic takes a version
            of its own before this one.
    """

    ruling: Ruling
    standing: Standing | None
    changed_fields: tuple[str, ...] = ()
    leaves_open_topic: bool = False


def decide(
    last: Standing | None, event: PlanEvent, epoch: str, sequence: int, differences: Callable[[], tuple[str, ...]]
) -> Decision:
    """Decide whether a submission is a new version of its plan.

    Args:
        last: how far the plan has come; None when it is not known.
        event: what was sent.
        epoch: the numbering under which the connector sent it.
        sequence: its number in that numbering.
        differences: names the fields in which its plan differs from the last version's; asked only when that counts.
    """
    withdraws = event.type is PlanEventType.WITHDRAWN
    if last is None:
        return Decision(Ruling.UNKNOWN_PLAN, None) if withdraws else _accept(None, event, epoch, sequence, ())
    if epoch == last.epoch and sequence <= last.sequence:
        return Decision(Ruling.RESENT, last)
    changed = differences()
    same = withdraws if last.withdrawn else not (withdraws or changed)
    if epoch < last.epoch:
        return Decision(Ruling.RESENT if same else Ruling.STALE_EPOCH, last)
    if same:
        return Decision(Ruling.UNCHANGED, replace(last, epoch=epoch, sequence=sequence))
    return _accept(last, event, epoch, sequence, changed)


def _accept(last: Standing | None, event: PlanEvent, epoch: str, sequence: int, changed: tuple[str, ...]) -> Decision:
    topic = PLANS_RESTRICTED if event.plan.visibility is Visibility.RESTRICTED else PLANS
    ruling = _ruling(last, event, topic, changed)
    leaves = last is not None and not last.withdrawn and last.topic == PLANS and topic == PLANS_RESTRICTED
    version = (0 if last is None else last.version) + (2 if leaves else 1)
    standing = Standing(version, epoch, sequence, ruling is Ruling.WITHDRAWN, topic)
    return Decision(ruling, standing, changed, leaves)


def _ruling(last: Standing | None, event: PlanEvent, topic: str, changed: tuple[str, ...]) -> Ruling:
    """Say what happened, from what is known; what the sender calls it counts for a withdrawal only."""
    if last is None:
        return Ruling.REGISTERED
    if event.type is PlanEventType.WITHDRAWN:
        return Ruling.WITHDRAWN
    if last.withdrawn or (last.topic == PLANS_RESTRICTED and topic == PLANS):
        return Ruling.RESTORED
    return Ruling.CONFIRMED if changed == ("confirmed_at",) else Ruling.CHANGED
