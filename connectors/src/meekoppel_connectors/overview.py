"""All plans of a source at a glance: periods, places, counts; and what cannot be right about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import shapely

from meekoppel_connectors.guessing.countries import country_of, in_degrees
from meekoppel_contracts.plan import Plan

FEW = 3
"""Of so few plans nothing can be said together."""
_MOSTLY = 0.5
_LONG = timedelta(days=3650)
_FAR_APART_M = 600_000.0

Bounds = tuple[float, float, float, float]


@dataclass(slots=True)
class Overview:
    """Counts over all plans of a source, filled plan by plan.

    Attributes:
        plans: how many.
        earliest_start: of all plans.
        latest_end: of all plans.
        ended: how many have ended by now.
        long: how many last longer than ten years.
        moments: how many end in the second in which they start.
        named_by_id: how many have a title that is their own id.
        cut: how many have a title that was cut.
        bounds: west, south, east, north of all zones, in the hub's CRS.
        status: plans by status.
        certainty: plans by certainty.
        disciplines: plans by discipline; a plan can have several.
        initiators: plans by the name of their initiator.
    """

    plans: int = 0
    earliest_start: datetime | None = None
    latest_end: datetime | None = None
    ended: int = 0
    long: int = 0
    moments: int = 0
    named_by_id: int = 0
    cut: int = 0
    bounds: Bounds | None = None
    status: Counter[str] = field(default_factory=Counter)
    certainty: Counter[str] = field(default_factory=Counter)
    disciplines: Counter[str] = field(default_factory=Counter)
    initiators: Counter[str] = field(default_factory=Counter)
    _periods: set[tuple[datetime, datetime]] = field(default_factory=set)
    _titles: set[str] = field(default_factory=set)

    def add(self, plan: Plan, now: datetime) -> None:
        """Count one plan."""
        start, end = plan.period.earliest_start, plan.period.latest_end
        self.plans += 1
        self.earliest_start = start if self.earliest_start is None else min(start, self.earliest_start)
        self.latest_end = end if self.latest_end is None else max(end, self.latest_end)
        self.ended += end < now
        self.long += end - start > _LONG
        self.moments += start == end
        self.named_by_id += plan.title == plan.plan_id.split(".", 2)[-1]
        self.cut += plan.title.endswith("…")
        self.status[plan.status.value] += 1
        self.certainty[plan.certainty.value] += 1
        self.disciplines.update(discipline.value for discipline in plan.disciplines)
        self.initiators[plan.initiator.name] += 1
        _remember(self._periods, (start, end))
        _remember(self._titles, plan.title)
        self._stretch(plan)

    @property
    def one_period(self) -> bool:
        """Whether all plans have the same period."""
        return len(self._periods) == 1

    @property
    def one_title(self) -> bool:
        """Whether all plans have the same title."""
        return len(self._titles) == 1

    def as_json(self) -> dict[str, Any]:
        """Give it as values that JSON knows."""
        return {
            "earliest_start": self.earliest_start and self.earliest_start.isoformat(),
            "latest_end": self.latest_end and self.latest_end.isoformat(),
            "ended": self.ended,
            "bounds": self.bounds,
            "status": dict(self.status),
            "certainty": dict(self.certainty),
            "disciplines": dict(self.disciplines),
        }

    def _stretch(self, plan: Plan) -> None:
        for zone in plan.zones:
            west, south, east, north = shapely.from_wkb(zone.geometry).bounds
            known = self.bounds or (west, south, east, north)
            self.bounds = (min(known[0], west), min(known[1], south), max(known[2], east), max(known[3], north))


def whereabouts(bounds: Bounds, crs: int) -> str:
    """Say in words where a box of the hub's CRS lies: its corners in degrees, and the country."""
    corners = [(bounds[0], bounds[1]), (bounds[2], bounds[3])]
    (west, south), (east, north) = in_degrees(corners, crs)
    country = country_of([(west, south), (east, north), ((west + east) / 2, (south + north) / 2)], 4326)
    where = f", in {country.name}" if country else ""
    wide, high = (bounds[2] - bounds[0]) / 1000, (bounds[3] - bounds[1]) / 1000
    box = f"{_in_degrees(south, west)} to {_in_degrees(north, east)}"
    return f"{box}{where}; {wide:,.1f} by {high:,.1f} km"


def warnings_of(overview: Overview, rejected: Counter[str], rows: int) -> Iterator[str]:
    """Say what a planner should look at before anything is published.

    Args:
        overview: of the plans.
        rejected: rows by reason.
        rows: how many there are.
    """
    if rows and not overview.plans:
        reason = f": mostly {rejected.most_common(1)[0][0]}" if rejected else ""
        yield f"No row became a plan{reason}."
    if rejected["outside_area"] > _MOSTLY * rows:
        yield "Most rows lie outside the hub's area: check source.crs, and source.axis_order when x and y are swapped."
    if overview.plans >= FEW:
        yield from _too_much_alike(overview)
        yield from _odd_times(overview)
    if overview.bounds is not None and max(_size(overview.bounds)) > _FAR_APART_M:
        yield f"The plans lie up to {max(_size(overview.bounds)) / 1000:,.0f} km apart: some coordinates may be wrong."


def _too_much_alike(overview: Overview) -> Iterator[str]:
    if overview.one_period:
        yield "All plans have the same period: check which columns plan.period names."
    if overview.one_title:
        yield "All plans have the same title: check which column plan.title names."
    if overview.named_by_id > _MOSTLY * overview.plans:
        yield f"{overview.named_by_id} plans have their own id as title: name a column that says what and where."
    if overview.bounds is not None and max(_size(overview.bounds)) == 0:
        yield "All plans lie on the same point: check source.geometry."
    if overview.cut:
        yield f"{overview.cut} titles were cut at 100 characters; name a shorter column, or a template."


def _odd_times(overview: Overview) -> Iterator[str]:
    if overview.ended == overview.plans:
        yield "All plans have ended: is this an old export? Then run it with --as-of."
    if overview.moments > _MOSTLY * overview.plans:
        yield f"{overview.moments} plans end in the moment in which they start: check plan.period.latest_end."
    if overview.long:
        yield f"{overview.long} plans last longer than ten years: check the form of the dates."


def _remember(known: set[Any], value: Any) -> None:
    """Keep two different ones: more are not needed to know that not all are the same."""
    if len(known) < 2:
        known.add(value)


def _size(bounds: Bounds) -> tuple[float, float]:
    return bounds[2] - bounds[0], bounds[3] - bounds[1]


def _in_degrees(latitude: float, longitude: float) -> str:
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.3f}°{north} {abs(longitude):.3f}°{east}"
