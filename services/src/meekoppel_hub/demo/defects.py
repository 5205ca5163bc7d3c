"""The mistakes that stand in real files: every export has some rows that cannot be taken over."""

from __future__ import annotations

from dataclasses import dataclass

from shapely import Point
from shapely.geometry.base import BaseGeometry

from meekoppel_hub.demo.files.table import ExportRow, Value


@dataclass(frozen=True, slots=True)
class KeyColumns:
    """The names of the columns in which a mistake can be made, and a status that stands in no code list."""

    id: str
    start: str
    end: str
    status: str
    unknown_status: Value = "zie opmerking"


def broken_rows(example: ExportRow, keys: KeyColumns) -> list[ExportRow]:
    """Make rows that look like the example, each with one mistake and an id of its own."""
    start, end = example.values[keys.start], example.values[keys.end]
    return [
        _row(example, keys, 90001, {keys.start: "n.n.b."}, example.shape),
        _row(example, keys, 90002, {keys.start: end, keys.end: start}, example.shape),
        _row(example, keys, 90003, {keys.status: keys.unknown_status}, example.shape),
        _row(example, keys, 90004, {}, _nowhere(example.shape)),
    ]


def _row(
    example: ExportRow, keys: KeyColumns, number: int, mistake: dict[str, Value], shape: BaseGeometry | None
) -> ExportRow:
    own_id = number if isinstance(example.values[keys.id], int) else str(number)
    return ExportRow({**example.values, keys.id: own_id, **mistake}, shape)


def _nowhere(shape: BaseGeometry | None) -> BaseGeometry:
    """Give the place 0,0 that systems write when nobody filled it in, as a shape of the same kind."""
    return Point(0, 0).buffer(1) if shape is not None and shape.geom_type == "Polygon" else Point(0, 0)
