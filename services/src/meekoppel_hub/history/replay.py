"""Turn records of the log into events again: decoded, each once, chosen by organisation, plan and kind. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from meekoppel_contracts.codec import CODECS, contract_of_record
from meekoppel_contracts.errors import ContractError
from meekoppel_contracts.headers import EventHeaders
from meekoppel_contracts.plan import Contract
from meekoppel_hub.history.kinds import about, numbered, what_happened
from meekoppel_hub.platform.stream.records import LogRecord


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events are wanted; None and empty mean all.

    Attributes:
        organisation: it published the plan or takes its initiative; for an overlap and its assessments, it owns one of
            the two plans; for a cooperation, it proposed it or is a party.
        plan: this plan id; for an overlap and its assessments, one of the two; for a cooperation, one of its plans.
        kinds: what happened: registered, changed, withdrawn, detected, assessed, proposed and so on.
    """

    organisation: str | None = None
    plan: str | None = None
    kinds: frozenset[str] = frozenset()

    def wants(self, event: Contract) -> bool:
        """Tell whether an event is wanted."""
        if self.kinds and what_happened(event) not in self.kinds:
            return False
        if self.organisation is None and self.plan is None:
            return True
        it_is = about(event)
        return self.organisation in {None, *it_is.organisations} and self.plan in {None, *it_is.plans}


@dataclass(frozen=True, slots=True)
class Replayed:
    """One event of the history, with its place in the log.

    Attributes:
        contract: the contract that it follows, such as `plan-event`.
    """

    record: LogRecord
    headers: EventHeaders
    contract: str
    event: Contract


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
            contract, event = _decode(record)
        except ContractError as error:
            self.tally.unreadable += 1
            yield Unreadable(record, str(error))
            return
        if not self._seen.is_new(*numbered(contract, headers, event)):
            self.tally.doubles += 1
        elif not self._selection.wants(event):
            self.tally.not_wanted += 1
        else:
            self.tally.events += 1
            yield Replayed(record, headers, contract, event)


def _decode(record: LogRecord) -> tuple[str, Contract]:
    """Read a record of whichever contract it follows: a topic of the log may hold several."""
    if record.value is None:
        raise ContractError("the record has no value (a tombstone), which the hub never writes")
    contract = contract_of_record(record.value)
    return contract, CODECS[contract].decode(record.value)


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
