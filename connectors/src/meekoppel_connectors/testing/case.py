"""What an author gives the conformance kit: how his source is configured, and how given records get into it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pyproj import Transformer

FIELDS = ("id", "title", "start", "end", "x", "y")
NO_DATE = "no date"


@dataclass(frozen=True)
class Record:
    """One record that the kit wants to stand in the source.

    Attributes:
        id: the record's own id, with leading zeros; the plan id of the mapping must end with `.` and this id.
        title: what is planned; the kit changes it and expects a changed plan.
        start: the first day.
        end: the last day.
        lon: longitude of the place (EPSG:4326, degrees).
        lat: latitude of the place.
        crs: EPSG number of the hub's CRS.
        broken: to be written so that it cannot become a plan, but can still be told by its id: such as with an end
            that is no date.
    """

    id: str
    title: str
    start: date
    end: date
    lon: float
    lat: float
    crs: int
    broken: bool = False

    @cached_property
    def position(self) -> tuple[float, float]:
        """Easting and northing of the place in the hub's CRS, in metres, rounded to centimetres."""
        x, y = _into(self.crs).transform(self.lon, self.lat)
        return round(x, 2), round(y, 2)

    def values(self) -> dict[str, str]:
        """Give the record as text: id, title, start and end (ISO dates), x and y (hub's CRS).

        Of a broken one the end is no date.
        """
        x, y = self.position
        end = NO_DATE if self.broken else self.end.isoformat()
        return dict(zip(FIELDS, (self.id, self.title, self.start.isoformat(), end, str(x), str(y)), strict=True))


def _into(crs: int) -> Transformer:
    if crs not in _TRANSFORMERS:
        _TRANSFORMERS[crs] = Transformer.from_crs(4326, crs, always_xy=True)
    return _TRANSFORMERS[crs]


_TRANSFORMERS: dict[int, Transformer] = {}


class ConformanceCase(ABC):
    """A source for the kit. An author writes `source` and `write`, and what of the rest differs for him.

    Every test makes a case of its own in an empty folder.

    Attributes:
        plan: the mapping, as in a configuration; the default fits the field names of `Record.values()`.
        settings: more of the configuration, such as `time_zone`.
        environment: environment variables that the source needs, secrets among them; the kit looks for their values
            wherever they must not be.
        hub_crs: EPSG number of the hub's CRS.
        place: longitude and latitude round which the records lie, inside the area of the hub's CRS.
        within_m: how far a plan may lie from the place of its record.
        tells_removals: whether the source lets one know that a record is gone; a snapshot always does.
        many: how many rows the test of memory puts into the source.
        folder: of the configuration; relative paths of `source` count from it.
    """

    plan: ClassVar[Mapping[str, Any]] = {
        "id": {"field": "id"},
        "title": {"field": "title"},
        "initiator": {"organisation": "conformance", "name": "Conformance", "kind": "municipality"},
        "status": "planned",
        "certainty": "firm",
        "period": {"earliest_start": {"field": "start"}, "latest_end": {"field": "end"}},
    }
    settings: ClassVar[Mapping[str, Any]] = {}
    environment: ClassVar[Mapping[str, str]] = {}
    hub_crs: ClassVar[int] = 28992
    place: ClassVar[tuple[float, float]] = (4.7485, 52.6324)
    within_m: ClassVar[float] = 5.0
    tells_removals: ClassVar[bool] = True
    many: ClassVar[int] = 20_000

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def source(self) -> dict[str, Any]:
        """Give the `source:` part of the configuration."""

    @abstractmethod
    def write(self, records: Sequence[Record]) -> None:
        """Make the source hold exactly these records, in this order."""

    def tell(self, changed: Sequence[Record], removed: Sequence[Record]) -> None:
        """Tell the source what changed since the last time: for sources to which one tells changes.

        When a case has this method, the kit calls it instead of `write`, also with the first records.
        """
        raise NotImplementedError

    @contextmanager
    def away(self) -> Iterator[None]:
        """Make the source unreachable inside the block, and reachable as it was afterwards.

        A source with a `path` is moved away; another says here how it goes away, such as by closing its server.
        """
        path = self.source().get("path")
        if path is None:
            pytest.fail(f"{type(self).__name__}: write away(), a context manager in which the source cannot be reached")
        file = self.folder / path
        hidden = file.with_name(f"{file.name}.away")
        file.rename(hidden)
        try:
            yield
        finally:
            hidden.rename(file)

    def open(self) -> None:  # noqa: B027 - most sources need nothing
        """Start what the source needs, such as a server; before anything else."""

    def close(self) -> None:  # noqa: B027 - as open
        """End what `open` started."""

    @classmethod
    def tells_changes(cls) -> bool:
        """Tell whether the author wrote `tell`."""
        return cls.tell is not ConformanceCase.tell
