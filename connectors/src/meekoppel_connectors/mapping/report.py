"""What a mapping did to the data on its way that its owner should know: counted, for preview and run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from meekoppel_connectors.mapping.reprojection import Reprojection


@dataclass(frozen=True, slots=True, order=True)
class Conversion:
    """How coordinates came into the hub's CRS.

    Attributes:
        source: the name of the source's CRS.
        operation: as the EPSG registry names it.
        accuracy_m: how far a point may be off, in metres.
        missing_grid: the grid that would make it more accurate; None when none would.
    """

    source: str
    operation: str
    accuracy_m: float
    missing_grid: str | None


@dataclass(slots=True)
class MappingReport:
    """Counts of one reading of a source; `read_plans` fills it row by row, so it is whole when the reading is.

    Attributes:
        repaired: geometries that were invalid in the source and have been repaired.
        simplified: plans whose geometry was simplified so that their event is small enough.
        simplified_most_m: the largest tolerance of those, in metres.
        axes_swapped: geometries whose CRS was named by an address and that lie in the hub's area with latitude first.
        conversions: how many geometries were converted, and how.
        masked: plan field → in how many plans something personal was masked in it.
        person_columns: source field that by its name holds persons → the text of the plan that it feeds.
    """

    repaired: int = 0
    simplified: int = 0
    simplified_most_m: float = 0.0
    axes_swapped: int = 0
    conversions: Counter[Conversion] = field(default_factory=Counter)
    masked: Counter[str] = field(default_factory=Counter)
    person_columns: dict[str, str] = field(default_factory=dict)

    def note_conversion(self, source: str, way: Reprojection, count: int) -> None:
        """Count geometries that went a way from one CRS to another."""
        if count:
            self.conversions[Conversion(source, way.name, way.accuracy_m, way.missing_grid)] += count

    def note_simplified(self, tolerance_m: float) -> None:
        """Count a plan whose geometry was simplified."""
        self.simplified += 1
        self.simplified_most_m = max(self.simplified_most_m, tolerance_m)

    def sentences(self) -> Iterator[str]:
        """Say it in sentences, one per thing that happened; none when nothing did."""
        for conversion, count in sorted(self.conversions.items()):
            yield _in_words(conversion, count)
        if self.axes_swapped:
            yield f"{self.axes_swapped} geometries were read with latitude first: only so they lie in the hub's area."
        if self.repaired:
            yield f"{self.repaired} geometries were invalid and have been repaired; the plans say so."
        if self.simplified:
            most = f"by at most {self.simplified_most_m:g} m"
            yield f"{self.simplified} plans were too large, and their geometry was simplified {most}; the plans say so."
        for name, count in sorted(self.masked.items()):
            yield f"{count} plans had something personal masked in {name}."
        yield from map(person_column_in_words, self.person_columns, self.person_columns.values())

    def as_json(self) -> dict[str, Any]:
        """Give it as values that JSON knows."""
        return {
            "repaired": self.repaired,
            "simplified": self.simplified,
            "simplified_most_m": self.simplified_most_m,
            "axes_swapped": self.axes_swapped,
            "person_columns": self.person_columns,
            "masked": dict(sorted(self.masked.items())),
            "conversions": [
                {
                    "source": conversion.source,
                    "operation": conversion.operation,
                    "accuracy_m": conversion.accuracy_m,
                    "missing_grid": conversion.missing_grid,
                    "geometries": count,
                }
                for conversion, count in sorted(self.conversions.items())
            ],
        }


def person_column_in_words(column: str, field: str) -> str:
    """Say that a column of names is mapped to a text that all may read."""
    return f"{column} is called as a column of names is, and feeds {field}: names are masked; better map another."


def _in_words(conversion: Conversion, count: int) -> str:
    accuracy = f"to {conversion.accuracy_m:g} m" if conversion.accuracy_m else "exactly"
    said = f"{count} geometries were converted from {conversion.source}, {accuracy} ({conversion.operation})."
    if conversion.missing_grid is None:
        return said
    return f"{said} It would be more accurate with the grid {conversion.missing_grid}: see docs/connectors.md."
