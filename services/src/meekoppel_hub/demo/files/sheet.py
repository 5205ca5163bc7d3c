"""CSV and XLSX, with the place in columns of its own."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import openpyxl

from meekoppel_hub.demo.files.table import ExportRow, Value, columns_of, point_of


def write_csv_with_wkt(path: Path, rows: Sequence[ExportRow], *, wkt: str, delimiter: str) -> None:
    """Write CSV (UTF-8) with the shape as well-known text."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow([*columns_of(rows), wkt])
        writer.writerows([*row.values.values(), row.shape.wkt if row.shape is not None else ""] for row in rows)


def write_csv_with_xy(path: Path, rows: Sequence[ExportRow], *, xy: tuple[str, str], encoding: str) -> None:
    """Write CSV with commas and a point in two columns."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*columns_of(rows), *xy])
        writer.writerows(_with_point(rows, decimals=2))


def write_workbook(path: Path, rows: Sequence[ExportRow], *, xy: tuple[str, str], sheet: str, heading: str) -> None:
    """Write XLSX: a heading on line 1, the names of the columns on line 3, and a point in two columns."""
    workbook = openpyxl.Workbook()
    worksheet = workbook.create_sheet(sheet, 0)
    worksheet.append([heading])
    worksheet.append([])
    worksheet.append([*columns_of(rows), *xy])
    for cells in _with_point(rows, decimals=7):
        worksheet.append(cells)
    workbook.save(path)


def _with_point(rows: Sequence[ExportRow], decimals: int) -> Iterator[list[Value]]:
    for row in rows:
        point = point_of(row)
        place: list[Value] = [None, None] if point is None else [round(point.x, decimals), round(point.y, decimals)]
        yield [*row.values.values(), *place]
