"""Which areas and agreements are in force at a moment. Pure, but for the reading of the rows at the end.

A revision that holds from later on leaves the one before in force until then. One that has run out, or was ended, does
not bring an older one back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Protocol, TypeVar

from sqlalchemy import Connection, select

from meekoppel_hub.platform.database.tables.places import agreements, areas

Box = tuple[float, float, float, float]


class _Version(Protocol):
    @property
    def subject(self) -> str: ...
    @property
    def revision(self) -> int: ...
    @property
    def valid_from(self) -> datetime | None: ...
    @property
    def valid_until(self) -> datetime | None: ...
    @property
    def ended(self) -> bool: ...


Version = TypeVar("Version", bound=_Version)


@dataclass(frozen=True, slots=True)
class AreaVersion:
    """One revision of an area; `box` is that of the area itself."""

    subject: str
    revision: int
    valid_from: datetime | None
    valid_until: datetime | None
    ended: bool
    margin_m: float
    wkb: bytes
    box: Box

    @property
    def reach(self) -> Box:
        """Give the box of the area with its margin."""
        min_x, min_y, max_x, max_y = self.box
        margin = self.margin_m
        return (min_x - margin, min_y - margin, max_x + margin, max_y + margin)


@dataclass(frozen=True, slots=True)
class AgreementVersion:
    """One revision of an agreement; no `areas` for the default. `rules` is JSON."""

    subject: str
    revision: int
    valid_from: datetime | None
    valid_until: datetime | None
    ended: bool
    authority: str
    areas: tuple[str, ...]
    rules: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """An agreement in force, and the areas in force in which it holds; none for the default."""

    agreement: AgreementVersion
    areas: tuple[AreaVersion, ...]


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules that hold at a moment.

    Attributes:
        agreements: those that hold in areas, by their ids.
        default: that of all other places; None for the one that is built in.
        until: when this changes by the course of time; None when it does not.
    """

    agreements: tuple[Held, ...]
    default: Held | None
    until: datetime | None

    def changes_to(self, other: InForce) -> tuple[bool, list[Box] | None]:
        """Compare with other rules.

        Returns:
            Whether anything differs, and the boxes in which it does; None for everywhere.
        """
        if self.default != other.default:
            return True, None
        before, after = set(self.agreements), set(other.agreements)
        differing = before ^ after
        boxes = sorted({area.reach for held in differing for area in held.areas})
        return bool(differing), boxes


def rules_in_force(
    area_versions: Iterable[AreaVersion], agreement_versions: Iterable[AgreementVersion], moment: datetime
) -> InForce:
    """Find the rules that hold at a moment.

    Args:
        area_versions: all revisions of all areas, in any order.
        agreement_versions: all revisions of all agreements, in any order.
        moment: which moment.
    """
    areas_held, areas_turn = held_at(area_versions, moment)
    agreements_held, agreements_turn = held_at(agreement_versions, moment)
    held = []
    defaults = []
    for agreement in sorted(agreements_held, key=lambda version: version.subject):
        if not agreement.areas:
            defaults.append(agreement)
            continue
        wanted = set(agreement.areas)
        where = tuple(sorted((area for area in areas_held if area.subject in wanted), key=lambda area: area.subject))
        if where:
            held.append(Held(agreement, where))
    # There is one at most (consultation sees to that); of more, which a log of another hub may hold, the last one.
    default = max(defaults, key=lambda version: (version.recorded_at, version.subject), default=None)
    turns = [turn for turn in (areas_turn, agreements_turn) if turn is not None]
    return InForce(tuple(held), Held(default, ()) if default else None, min(turns, default=None))


def held_at(versions: Iterable[Version], moment: datetime) -> tuple[list[Version], datetime | None]:
    """Give the revision of each that holds at the moment, and when that changes by the course of time."""
    ordered = sorted(versions, key=lambda version: (version.subject, -version.revision))
    held, turns = [], []
    for _, revisions in groupby(ordered, key=lambda version: version.subject):
        holding, turn = _newest_at(list(revisions), moment)
        held += [] if holding is None else [holding]
        turns += [] if turn is None else [turn]
    return held, min(turns, default=None)


def load_in_force(connection: Connection, moment: datetime) -> InForce:
    """Read the rules that hold at a moment from the tables."""
    return rules_in_force(load_areas(connection), load_agreements(connection), moment)


def load_areas(connection: Connection, *, with_geometry: bool = True) -> list[AreaVersion]:
    """Read all revisions of all areas; without geometry `wkb` is empty."""
    columns = [column for column in areas.columns if column.name not in ("event", "wkb")]
    wanted = [*columns, areas.c.wkb] if with_geometry else columns
    return [
        AreaVersion(
            subject=row.area_id,
            revision=row.revision,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            ended=not row.active,
            margin_m=row.margin_m,
            wkb=bytes(row.wkb) if with_geometry else b"",
            box=(row.min_x, row.min_y, row.max_x, row.max_y),
        )
        for row in connection.execute(select(*wanted))
    ]


def load_agreements(connection: Connection) -> list[AgreementVersion]:
    """Read all revisions of all agreements."""
    columns = agreements.c
    return [
        AgreementVersion(
            subject=row.agreement_id,
            revision=row.revision,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            ended=row.ended,
            authority=row.authority,
            areas=tuple(row.area_ids.split()),
            rules=row.rules,
            recorded_at=row.recorded_at,
        )
        for row in connection.execute(select(*[column for column in columns if column.name != "event"]))
    ]


def _newest_at(newest_first: Sequence[Version], moment: datetime) -> tuple[Version | None, datetime | None]:
    turns: list[datetime] = []
    for version in newest_first:
        if version.ended:
            break
        if version.valid_from is not None and moment < version.valid_from:
            turns.append(version.valid_from)
            continue
        if version.valid_until is None or moment < version.valid_until:
            turns += [] if version.valid_until is None else [version.valid_until]
            return version, min(turns, default=None)
        break
    return None, min(turns, default=None)
