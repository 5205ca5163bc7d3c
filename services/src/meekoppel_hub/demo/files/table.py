"""A table with geometry, as an organisation's own system exports it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shapely import Point
from shapely.geometry.base import BaseGeometry

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One row: its values by column, and its place in the CRS of the file; None where the owner left it out."""

    values: dict[str, Value]
    shape: BaseGeometry | None


def columns_of(rows: Sequence[ExportRow]) -> list[str]:
    """Give the names of the columns, in order; all rows have the same."""
    return list(rows[0].values)


def point_of(row: ExportRow) -> Point | None:
    """Give the point by which a table with x and y columns places the row."""
    if row.shape is None or row.shape.is_empty:
        return None
    return row.shape if isinstance(row.shape, Point) else row.shape.representative_point()
