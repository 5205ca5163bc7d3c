"""What can become of one request of an organisation: the values that pass between the steps of consultation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from meekoppel_contracts.codes import RejectionReason
from meekoppel_contracts.events import OverlapEvent
from meekoppel_contracts.ids import OrgCode, PlanId
from meekoppel_contracts.plan import Contract
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId


class Outcome(StrEnum):
    """What became of a request; the counts of consultation go by these."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"  # it says what holds already: no event
    RESENT = "resent"  # the same id came before: nothing
    WAITING = "waiting"  # it names what the hub does not know yet
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not accepted.

    Attributes:
        reason: the code.
        message: what is wrong and what to do, in one sentence.
        field: the field of the request that is wrong, where it is one field.
    """

    reason: RejectionReason
    message: str
    field: str | None = None


class Refused(Exception):
    """A handler does not accept the request; the message is for whoever sent it."""

    def __init__(self, reason: RejectionReason, message: str, field: str | None = None) -> None:
        self.refusal = Refusal(reason, message, field)
        super().__init__(message)


class NotYet(Exception):
    """The request names what the hub does not know, or what the sender may not see; which of the two is not told.

    The log may bring it any moment, so the request waits; after a minute it is refused for the reason that is given
    here. What may not be seen waits as long as what does not exist: the time of the answer tells nothing either.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        self.refusal = Refusal(RejectionReason.UNKNOWN_SUBJECT, message, field)
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Request:
    """What an organisation asks for, as far as it could be read.

    Attributes:
        record: the record as it came.
        organisation: the organisation through whose inbox it came.
        request_id: its `ce_id`, by which a resend is known.
        contract: what it follows, such as `assessment-event`.
        event: the request itself, not numbered yet.
    """

    record: LogRecord
    organisation: OrgCode
    request_id: str
    contract: str
    event: Contract


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record of an inbox that could not be read as a request, and why."""

    record: LogRecord
    organisation: OrgCode
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class OverlapTold:
    """An overlap event of the log.

    Attributes:
        topic: in which topic it stands: a pair with a restricted plan has a topic of its own.
    """

    source: PartitionId
    topic: str
    event: OverlapEvent


@dataclass(frozen=True, slots=True)
class PlanTouched:
    """A plan that has a new version that says something new; read from the headers alone."""

    source: PartitionId
    plan_id: PlanId
    version: int


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A record of the log that changes nothing here, such as what consultation itself told."""

    source: PartitionId


Received = Request | Unreadable | OverlapTold | PlanTouched | PassedOver
