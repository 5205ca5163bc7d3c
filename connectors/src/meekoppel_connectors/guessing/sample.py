"""A sample of a source: its first rows, column by column, and the geometries that came with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from meekoppel_connectors.mapping.values import is_missing, text_of
from meekoppel_connectors.sources.source import Reached, Source

SAMPLE_ROWS = 5000
_CODES_MAY_BE = 25
_LONGEST_CODE = 60


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a source, over the sampled rows.

    Attributes:
        name: as the source has it.
        values: what is filled, in the order of the rows; lists are taken apart.
        rows: how many rows were sampled, filled or not.
    """

    name: str
    values: tuple[Any, ...]
    rows: int

    @property
    def texts(self) -> list[str]:
        """The values as a person would write them."""
        return [text_of(value) for value in self.values]

    @property
    def filled(self) -> float:
        """Which share of the rows has a value, from 0 to 1."""
        return min(1.0, len(self.values) / self.rows) if self.rows else 0.0

    @property
    def distinct(self) -> list[str]:
        """The different values, the most frequent first; equally frequent ones in their order."""
        counts: dict[str, int] = {}
        for text in self.texts:
            counts[text] = counts.get(text, 0) + 1
        return sorted(counts, key=lambda text: -counts[text])

    @property
    def is_coded(self) -> bool:
        """Whether it looks like codes: few different values, short, and repeated when there are rows enough."""
        distinct = self.distinct
        few = 0 < len(distinct) <= _CODES_MAY_BE
        repeated = len(distinct) <= max(3, len(self.values) // 2)
        return few and repeated and max(map(len, distinct)) <= _LONGEST_CODE


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen of a source.

    Attributes:
        columns: by name, in the order of the source.
        rows: how many rows were sampled.
        geometries: the source's own geometries, where it has some.
        crs: the CRS that the source names.
        complete: whether these are all rows.
    """

    columns: Mapping[str, Column]
    rows: int
    geometries: tuple[BaseGeometry, ...] = ()
    crs: CRS | None = None
    complete: bool = True


def sample_of(rows: list[dict[str, Any]], **more: Any) -> Sample:
    """Make a sample of rows of values."""
    names = dict.fromkeys(name for row in rows for name in row if name)
    return Sample({name: Column(name, _filled(rows, name), len(rows)) for name in names}, len(rows), **more)


def take_sample(source: Source[Any]) -> Sample:
    """Read the first rows of a source.

    Raises:
        ConnectorError: when it cannot be read.
    """
    described = source.describe()
    rows = [row for row in islice(source.sample(), SAMPLE_ROWS + 1) if not isinstance(row, Reached) and not row.removed]
    geometries = (_shape(row.geometry) for row in rows[:SAMPLE_ROWS])
    return sample_of(
        [row.values for row in rows[:SAMPLE_ROWS]],
        geometries=tuple(shape for shape in geometries if shape is not None and not shape.is_empty),
        crs=described.crs,
        complete=len(rows) <= SAMPLE_ROWS,
    )


def _filled(rows: list[dict[str, Any]], name: str) -> tuple[Any, ...]:
    found: list[Any] = []
    for row in rows:
        value = row.get(name)
        found.extend(value if isinstance(value, list) else [value])
    return tuple(value for value in found if not is_missing(value) and not isinstance(value, dict))


def _shape(geometry: BaseGeometry | bytes | Mapping[str, Any] | None) -> BaseGeometry | None:
    if isinstance(geometry, bytes):
        return shapely.from_wkb(geometry, on_invalid="ignore")
    if isinstance(geometry, Mapping):
        return shapely.from_geojson(json.dumps(geometry), on_invalid="ignore")
    return geometry
