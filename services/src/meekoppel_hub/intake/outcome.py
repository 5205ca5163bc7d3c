"""What can become of one event that an organisation sent: the values that pass between the steps of intake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from meekoppel_contracts.codes import RejectionReason
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.platform.stream.records import LogRecord


class Outcome(StrEnum):
    """What became of an event; the counts of intake go by these."""

    REGISTERED = "registered"
    CHANGED = "changed"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"
    UNCHANGED = "unchanged"  # newer, but it says what the hub knows: no event
    RESENT = "resent"  # not newer than what was seen: no event
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an event is not accepted.

    Attributes:
        reason: the code.
        message: what is wrong and what to do, in one sentence.
        field: the field of the plan event that is wrong, where it is one field.
    """

    reason: RejectionReason
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """An event that could be read.

    Attributes:
        record: the record as it came.
        organisation: the organisation whose inbox it came through.
        event: the event, not numbered yet.
        epoch: under which numbering the connector sent it; later numberings sort after earlier ones as text.
        sequence: its number in that numbering.
        plan_values: what its plan says, as plain values.
        written_plan: the same as bytes of the newest contract.
        content_sha256: of those bytes (hexadecimal); a quick way to see that nothing changed.
    """

    record: LogRecord
    organisation: OrgCode
    event: PlanEvent
    epoch: str
    sequence: int
    plan_values: Mapping[str, Any]
    written_plan: bytes
    content_sha256: str


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A record that could not be read as an event, and why."""

    record: LogRecord
    organisation: OrgCode
    rejection: Rejection


Received = Submission | Undecodable
