"""Read a plan event of the log straight into what the view keeps of it, without building the event's model.

Intake checked the event's meaning before it went into the log. Here the bytes are checked (one whole record of the
contract) and what the view relies on: the key, the version, moments that exist, zones that can be placed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final, NamedTuple

from meekoppel_contracts.codes import Certainty, PlanEventType, Visibility
from meekoppel_contracts.errors import ContractError
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.plain import PlainReader
from meekoppel_contracts.plan import ENDED
from meekoppel_contracts.registry import PLAN_EVENT
from meekoppel_hub.coordination.facts import MOST_SHIFT_DAYS
from meekoppel_hub.coordination.windows import ToldPeriod
from meekoppel_hub.coordination.zone_periods import RECURRING, merged, to_text
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId

Row = tuple[Any, ...]

_READER: Final = PlainReader(PLAN_EVENT)
_TYPES, _STATUSES, _PHASES = (_READER.names[name] for name in ("PlanEventType", "Status", "Phase"))
_CERTAINTIES, _PRECISIONS, _ROLES = (_READER.names[name] for name in ("Certainty", "Precision", "ZoneRole"))
_VISIBILITIES, _DISCIPLINES = _READER.names["Visibility"], _READER.names["Discipline"]
_WORK_TYPES, _COOPERATION_KINDS = _READER.names["WorkType"], _READER.names["CooperationKind"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# From year 1 to year 9999: what a date can be. Beyond it lie only accidents, and sums that run over 64 bits.
_FIRST_US, _LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999
_ENDED = frozenset(status.value for status in ENDED)


class ZoneRow(NamedTuple):
    """One zone of a plan as the view keeps it, but for its box."""

    role: str
    wkb: bytes
    buffer_m: float
    periods: str | None


@dataclass(frozen=True, slots=True)
class PlanChange:
    """One version of one plan, and where in the log it stands.

    Attributes:
        facts: what is listed and matched of it: the values of `FACT_COLUMNS`.
        event_type: what happened.
        publisher: who put it into the hub.
        visibility: who may see it.
        recorded_at: when intake accepted it.
        zones: in the order of the plan.
        zones_hash: of all that is kept of the zones: equal hashes, equal zones.
        srids: of the zones; one, unless the event is wrong.
        framed: the event as it stands in the log.
        source: where it stands.
        offset: in the partition.
    """

    facts: Row
    event_type: str
    publisher: str
    visibility: str
    recorded_at: datetime
    zones: tuple[ZoneRow, ...]
    zones_hash: int
    srids: frozenset[int]
    framed: bytes
    source: PartitionId
    offset: int

    @property
    def plan_id(self) -> PlanId:
        """The plan."""
        plan_id: PlanId = self.facts[0]
        return plan_id

    @property
    def version(self) -> int:
        """Its version."""
        version: int = self.facts[1]
        return version

    @property
    def withdrawn(self) -> bool:
        """Whether it takes the plan out of sharing."""
        return self.event_type == PlanEventType.WITHDRAWN.value


def read_change(record: LogRecord) -> PlanChange:
    """Read one record of `plans` or `plans-restricted`.

    Raises:
        PoisonRecord: `tombstone`, `undecodable`, `wrong_key`, `missing_version` or `missing_time`.
    """
    if record.value is None:
        raise PoisonRecord("tombstone", "the record has no value; plans are withdrawn by an event")
    change = read_event(record.value, record.source, record.offset)
    if record.key != change.plan_id.encode():
        raise PoisonRecord("wrong_key", f"the key is {record.key!r} and the plan is {change.plan_id}")
    return change


def read_event(framed: bytes, source: PartitionId, offset: int) -> PlanChange:
    """Read one plan event of the log.

    Raises:
        PoisonRecord: `undecodable`, `missing_version` or `missing_time`.
    """
    try:
        event = _READER.read(framed)
        plan = event["plan"]
        event_type = _TYPES[event["type"]]
        facts = _facts(plan, event["version"], event_type)
        zones, srids = _zones(plan)
        visibility = _VISIBILITIES[plan["visibility"]]
    except ContractError as error:
        raise PoisonRecord("undecodable", str(error)) from error
    except (KeyError, OverflowError, ValueError) as error:
        raise PoisonRecord("undecodable", f"the value does not follow contract plan-event: {error}") from error
    plan_id, version = facts[0], facts[1]
    if version < 1:
        raise PoisonRecord("missing_version", f"{plan_id} has version {version}; intake numbers from 1")
    if event["recorded_at"] is None:
        raise PoisonRecord("missing_time", f"{plan_id} version {version} has no recorded_at")
    return PlanChange(
        facts=facts,
        event_type=event_type,
        publisher=event["publisher"],
        visibility=visibility,
        recorded_at=_EPOCH + timedelta(microseconds=event["recorded_at"]),
        zones=zones,
        zones_hash=_hash(zones),
        srids=srids,
        framed=framed,
        source=source,
        offset=offset,
    )


def _facts(plan: dict[str, Any], version: int, event_type: str) -> Row:
    """Give the values of `FACT_COLUMNS`."""
    period, excavation, cooperation = plan["period"], plan["excavation"], plan["cooperation"]
    starts, ends = _moment(period["earliest_start"]), _moment(period["latest_end"])
    if ends < starts:
        raise ValueError("its period ends before it starts")
    latest_start, earliest_end = ToldPeriod(
        starts,
        ends,
        _maybe(period["latest_start"]),
        _maybe(period["earliest_end"]),
        period["duration_days"],
        period["start_confirmed"],
        period["end_confirmed"],
    ).certain()
    status, certainty = _STATUSES[plan["status"]], _CERTAINTIES[plan["certainty"]]
    ended = event_type if event_type == PlanEventType.WITHDRAWN.value else status if status in _ENDED else None
    visibility = _VISIBILITIES[plan["visibility"]]
    return (
        plan["plan_id"],
        version,
        plan["initiator"]["organisation"],
        plan["title"],
        status,
        _PHASES[plan["phase"]],
        certainty,
        ended,
        certainty == Certainty.FIRM.value,
        visibility == Visibility.RESTRICTED.value,
        starts,
        latest_start,
        earliest_end,
        ends,
        _PRECISIONS[period["precision"]],
        _shift(period["can_shift_earlier_days"]),
        _shift(period["can_shift_later_days"]),
        _listed(plan["disciplines"], _DISCIPLINES),
        _listed(plan["work_types"], _WORK_TYPES),
        None if excavation is None else excavation["digs"],
        None if excavation is None else excavation["area_m2"],
        None if excavation is None else excavation["trench_length_m"],
        cooperation is not None and cooperation["open"],
        "" if cooperation is None else _listed(cooperation["kinds"], _COOPERATION_KINDS),
    )


def _zones(plan: dict[str, Any]) -> tuple[tuple[ZoneRow, ...], frozenset[int]]:
    if not plan["zones"]:
        raise ValueError("it has no zones")
    rows = tuple(
        ZoneRow(_ROLES[zone["role"]], zone["geometry"], _buffer(zone["buffer_m"]), _periods(zone, plan))
        for zone in plan["zones"]
    )
    return rows, frozenset(zone["srid"] for zone in plan["zones"])


def _periods(zone: dict[str, Any], plan: dict[str, Any]) -> str | None:
    """Write the intervals of the nuisance that names a nuisance or detour zone; see `zone_periods`."""
    if not plan["nuisance"] or _ROLES[zone["role"]] not in RECURRING:
        return None
    named = [
        entry
        for entry in plan["nuisance"]
        if entry["zone_id"] == zone["zone_id"] and (entry["starts"] is not None or entry["ends"] is not None)
    ]
    period = plan["period"]
    intervals = [
        (
            _moment(period["earliest_start"] if entry["starts"] is None else entry["starts"]),
            _moment(period["latest_end"] if entry["ends"] is None else entry["ends"]),
        )
        for entry in named
    ]
    return to_text(merged(intervals) or None)


def _hash(zones: Sequence[ZoneRow]) -> int:
    """Give a number of 64 bits, signed, as databases keep it."""
    digest = hashlib.blake2b(digest_size=8)
    for zone in zones:
        digest.update(f"{zone.role} {zone.buffer_m!r} {zone.periods} {len(zone.wkb)} ".encode())
        digest.update(zone.wkb)
    return int.from_bytes(digest.digest(), "big", signed=True)


def _moment(micros: int) -> int:
    if not _FIRST_US <= micros <= _LAST_US:
        raise ValueError(f"there is no moment {micros} microseconds from 1970")
    return micros


def _maybe(micros: int | None) -> int | None:
    return None if micros is None else _moment(micros)


def _shift(days: int | None) -> int:
    """More than a century of shift says nothing more."""
    return min(max(days or 0, 0), MOST_SHIFT_DAYS)


def _buffer(metres: float) -> float:
    if not (isfinite(metres) and metres >= 0):
        raise ValueError(f"a zone has a buffer of {metres} m")
    return metres


def _listed(codes: Iterable[int], names: Mapping[int, str]) -> str:
    return ",".join(sorted({names[code] for code in codes}))
