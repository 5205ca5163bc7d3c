"""Turn records of the log into events again: decoded, each once, chosen by organisation, plan and kind. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from meekoppel_contracts.codec import decode_overlap_event, decode_plan_event
from meekoppel_contracts.errors import ContractError
from meekoppel_contracts.events import OverlapEvent, PlanEvent
from meekoppel_contracts.headers import EventHeaders
from meekoppel_hub.platform.stream.records import LogRecord

_PLAN_TYPES = "nl.meekoppel.plan."
_OVERLAP_TYPES = "nl.meekoppel.overlap."


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events are wanted; None and empty mean all.

    Attributes:
        organisation: it published the plan or takes its initiative; for an overlap, it owns one of the two plans.
        plan: this plan id; for an overlap, one of the two.
        kinds: what happened: registered, changed, withdrawn, detected and so on.
    """

    organisation: str | None = None
    plan: str | None = None
    kinds: frozenset[str] = frozenset()

    def wants(self, event: PlanEvent | OverlapEvent) -> bool:
        """Tell whether an event is wanted."""
        if self.kinds and event.type.value not in self.kinds:
            return False
        if isinstance(event, PlanEvent):
            organisations = {event.publisher, event.plan.initiator.organisation}
            plans = {event.plan.plan_id}
        else:
            organisations = {event.first.organisation, event.second.organisation}
            plans = {event.first.plan_id, event.second.plan_id}
        return self.organisation in {None, *organisations} and self.plan in {None, *plans}


@dataclass(frozen=True, slots=True)
class Replayed:
    """One event of the history, with its place in the log."""

    record: LogRecord
    headers: EventHeaders
    event: PlanEvent | OverlapEvent


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One record of the log that is no event, and why. It is never left out in silence."""

    record: LogRecord
    why: str


@dataclass(slots=True)
class Tally:
    """What a replay met: events given out, doubles left out, events not asked for, records that are no events."""

    events: int = 0
    doubles: int = 0
    not_wanted: int = 0
    unreadable: int = 0

    @property
    def records(self) -> int:
        """Count all records."""
        return self.events + self.doubles + self.not_wanted + self.unreadable


class Replay:
    """Takes records in the order of the log and gives events, the doubles of at-least-once publishing left out.

    Attributes:
        tally: what it met so far.
    """

    def __init__(self, selection: Selection | None = None) -> None:
        self.tally = Tally()
        self._selection = selection or Selection()
        self._seen = SeenVersions()

    def take(self, record: LogRecord) -> Iterator[Replayed | Unreadable]:
        """Give what one record holds: an event, a record that is none, or nothing."""
        try:
            headers = EventHeaders.parse(record.headers)
            event = _decode(record, headers)
        except ContractError as error:
            self.tally.unreadable += 1
            yield Unreadable(record, str(error))
            return
        if not self._seen.is_new(*_identity(event)):
            self.tally.doubles += 1
        elif not self._selection.wants(event):
            self.tally.not_wanted += 1
        else:
            self.tally.events += 1
            yield Replayed(record, headers, event)


def _decode(record: LogRecord, headers: EventHeaders) -> PlanEvent | OverlapEvent:
    if record.value is None:
        raise ContractError("the record has no value (a tombstone), which the hub never writes")
    if headers.type.startswith(_PLAN_TYPES):
        return decode_plan_event(record.value)
    if headers.type.startswith(_OVERLAP_TYPES):
        return decode_overlap_event(record.value)
    raise ContractError(f"events of type {headers.type!r} are not known to this version")


def _identity(event: PlanEvent | OverlapEvent) -> tuple[str, int]:
    """Give whose numbering an event is in, and its number: together they are the event's id."""
    if isinstance(event, PlanEvent):
        return event.plan.plan_id, event.version
    return event.overlap_id, event.revision


@dataclass(slots=True)
class SeenVersions:
    """Remembers which versions were met, in two numbers per plan as long as they come without gaps."""

    _runs: dict[str, tuple[int, int]] = field(default_factory=dict)
    _outside: set[tuple[str, int]] = field(default_factory=set)

    def is_new(self, subject: str, version: int) -> bool:
        """Tell whether a version was not met before, and remember it."""
        low, high = self._runs.get(subject, (version, version - 1))
        if low <= version <= high or (subject, version) in self._outside:
            return False
        if version == high + 1:
            self._runs[subject] = (low, version)
        else:
            self._outside.add((subject, version))
        return True
