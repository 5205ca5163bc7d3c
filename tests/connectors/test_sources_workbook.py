"""Workbooks as people keep them; each is a real one, written by openpyxl."""

from __future__ import annotations

import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Font
from pydantic import ValidationError

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.opening import open_source, source_class

Sheet = Any
TITLE = ["Werken 2026, stand 1 mei"]
HEADER = ["Nr", "Titel", "Van", "Tot"]
WORK = ["0041", "Riool Laat", "1-4-2026", "30-4-2026"]


def workbook(folder: Path, *fill: Callable[[Sheet], None], names: tuple[str, ...] = ("Werken",)) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, each in zip(names, fill, strict=True):
        each(book.create_sheet(name))
    path = folder / "werken.xlsx"
    book.save(path)
    return path


def plain(*lines: list[Any]) -> Callable[[Sheet], None]:
    def fill(sheet: Sheet) -> None:
        for line in lines:
            sheet.append(line)

    return fill


def source(path: Path, kind: str = "xlsx", **options: Any) -> Any:
    written = {"format": kind, "path": path, "geometry": {"wkt": "geom"}, **options}
    return open_source(source_class(kind).settings_type.model_validate(written))


def rows(path: Path, **options: Any) -> list[SourceRow]:
    return list(source(path, **options).snapshot())


def fields(path: Path, **options: Any) -> tuple[str, ...]:
    return tuple(source(path, **options).describe().fields)


# Header


@pytest.mark.parametrize("above", [[], [TITLE], [TITLE, [], ["Opsteller", "afdeling Stad"], []]])
def test_the_header_is_found_wherever_it_stands(tmp_path: Path, above: list[list[Any]]) -> None:
    path = workbook(tmp_path, plain(*above, HEADER, WORK, WORK))
    assert fields(path, header_row="auto") == tuple(HEADER)
    assert [row.number for row in rows(path, header_row="auto")] == [len(above) + 2, len(above) + 3]


def test_a_sheet_in_which_no_header_is_found_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = workbook(tmp_path, plain(["Uitleg"], ["Vul elk werk in"]))
    with pytest.raises(SourceError, match=r"sheet 'Werken' has no row of column names .* set source\.header_row"):
        rows(path, header_row="auto")


def two_lines(sheet: Sheet) -> None:
    plain(TITLE, ["Nr", "Titel", "Periode", None, "Plaats"], [None, None, "van", "tot", None], [*WORK, "Laat"])(sheet)
    for merged in ("A1:E1", "A2:A3", "B2:B3", "C2:D2", "E2:E3"):
        sheet.merge_cells(merged)


@pytest.mark.parametrize("header_row", ["auto", 2])
def test_a_header_of_two_lines_with_groups_gives_each_column_its_whole_name(tmp_path: Path, header_row: Any) -> None:
    path = workbook(tmp_path, two_lines)
    assert fields(path, header_row=header_row) == ("Nr", "Titel", "Periode van", "Periode tot", "Plaats")
    (row,) = rows(path, header_row=header_row)
    assert (row.number, row.values["Periode van"]) == (4, "1-4-2026")


@pytest.mark.parametrize("header_row", ["auto", 1])
def test_two_groups_with_the_same_names_below_them_are_told_apart(tmp_path: Path, header_row: Any) -> None:
    def fill(sheet: Sheet) -> None:
        plain(["Nr", "Gepland", None, "Werkelijk", None], [None, "van", "tot", "van", "tot"], ["P1", *"abcd"])(sheet)
        for merged in ("A1:A2", "B1:C1", "D1:E1"):
            sheet.merge_cells(merged)

    path = workbook(tmp_path, fill)
    assert fields(path, header_row=header_row) == ("Nr", "Gepland van", "Gepland tot", "Werkelijk van", "Werkelijk tot")
    assert [row.values["Nr"] for row in rows(path, header_row=header_row)] == ["P1"]


def test_a_name_merged_over_two_columns_with_values_below_it_is_no_group(tmp_path: Path) -> None:
    def fill(sheet: Sheet) -> None:
        plain(["Nr", "Titel", "Plaats", None], ["1", "Laat", 111500, 516500])(sheet)
        sheet.merge_cells("C1:D1")

    path = workbook(tmp_path, fill)
    assert fields(path) == ("Nr", "Titel", "Plaats", "Plaats (2)")
    assert [row.values["Plaats (2)"] for row in rows(path)] == [516500]


def test_the_lines_of_a_header_can_be_said(tmp_path: Path) -> None:
    path = workbook(tmp_path, plain(["Nr", "Start", "Start"], [None, "gepland", "werkelijk"], ["1", "a", "b"]))
    assert fields(path, header_lines=2) == ("Nr", "Start gepland", "Start werkelijk")
    assert [row.values["Start werkelijk"] for row in rows(path, header_lines=2)] == ["b"]


def test_a_merged_title_just_above_the_header_is_no_group(tmp_path: Path) -> None:
    def fill(sheet: Sheet) -> None:
        plain(TITLE, HEADER, WORK)(sheet)
        sheet.merge_cells("A1:C1")

    assert fields(workbook(tmp_path, fill), header_row="auto") == tuple(HEADER)


def test_line_ends_and_unseen_spaces_in_names_do_not_count(tmp_path: Path) -> None:
    path = workbook(tmp_path, plain([" Nr\u00a0", "Start\ndatum", "Plaats\u200b"], ["1", "2", "3"]))
    assert fields(path) == ("Nr", "Start datum", "Plaats")


@pytest.mark.parametrize("row", [0, 61, "first"])
def test_a_header_row_out_of_reach_is_refused(row: Any) -> None:
    with pytest.raises(ValidationError, match="auto"):
        source(Path("werken.xlsx"), header_row=row)


# Cells


def test_a_merged_cell_holds_for_all_rows_of_it(tmp_path: Path) -> None:
    def fill(sheet: Sheet) -> None:
        plain(HEADER, ["1", "Laat", "a", "b"], ["2", None, "c", "d"], ["3", "Dijk", "e", "f"])(sheet)
        sheet.merge_cells("B2:B3")

    assert [row.values["Titel"] for row in rows(workbook(tmp_path, fill))] == ["Laat", "Laat", "Dijk"]


def test_a_heading_over_the_whole_table_is_a_rejected_row_and_no_plan(tmp_path: Path) -> None:
    def fill(sheet: Sheet) -> None:
        plain(HEADER, ["Wijk Centrum"], WORK)(sheet)
        sheet.merge_cells("A2:D2")

    heading, work = rows(workbook(tmp_path, fill))
    assert heading.fault == "is one merged cell over the whole table: a heading or a remark, and no plan"
    assert work.fault is None


def test_totals_and_remarks_below_the_table_stay_rows_so_that_nothing_is_left_out_unseen(tmp_path: Path) -> None:
    path = workbook(tmp_path, plain(HEADER, WORK, [], [None, "Totaal", None, 1], ["Let op: onder voorbehoud"]))
    assert [(row.number, row.values["Nr"]) for row in rows(path)] == [
        (2, "0041"),
        (4, None),
        (5, "Let op: onder voorbehoud"),
    ]


def test_texts_lose_what_is_not_seen_and_keep_their_zeros(tmp_path: Path) -> None:
    path = workbook(tmp_path, plain(HEADER, [" 0041 ", "In\u00a0uitvoering\u00a0", "12,5", 7]))
    assert list(rows(path)[0].values.values()) == ["0041", "In uitvoering", "12,5", 7]


def test_a_formula_whose_result_is_not_saved_rejects_its_row_with_the_cell(tmp_path: Path) -> None:
    path = workbook(tmp_path, plain([*HEADER, None], ["1", "=B3", "a", "b"], ["2", "Dijk", "c", "d", "=1+1"]))
    first, second = rows(path)
    assert first.fault == "has a formula in cell B2 whose result is not saved; open the workbook in Excel and save it"
    assert second.fault is None  # nobody reads the column without a name


def test_a_formula_with_its_result_is_read(tmp_path: Path) -> None:
    path = workbook(tmp_path, plain(HEADER, ["1", "=B3", "a", "b"]))
    change_in_sheet(path, "<v />", "<v>12</v>")
    change_in_sheet(path, "<v></v>", "<v>12</v>")
    assert [(row.values["Titel"], row.fault) for row in rows(path)] == [(12, None)]


def change_in_sheet(path: Path, old: str, new: str) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].decode().replace(old, new).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_numbers_of_days_are_dates_in_the_columns_that_are_named(tmp_path: Path) -> None:
    path = workbook(tmp_path, plain(HEADER, ["1", 46113, 46113, 46113.5], ["2", "x", "1-4-2026", None]))
    first, second = rows(path, serial_dates=["Van", "Tot"])
    assert (first.values["Titel"], first.values["Van"], first.values["Tot"]) == (
        46113,
        date(2026, 4, 1),
        datetime(2026, 4, 1, 12),  # noqa: DTZ001 - cells have no zone
    )
    assert (second.values["Van"], second.values["Tot"]) == ("1-4-2026", None)


def test_a_row_that_is_struck_through_is_rejected_until_somebody_says_what_it_means(tmp_path: Path) -> None:
    def fill(sheet: Sheet) -> None:
        plain(HEADER, WORK, ["2", "Dijk", "a", "b"])(sheet)
        for cell in sheet[2]:
            cell.font = Font(strike=True)
        sheet["B3"].font = Font(strike=True)  # one cell only: a correction

    path = workbook(tmp_path, fill)
    assert ["is struck through" in str(row.fault) for row in rows(path)] == [True, False]
    assert [(row.fault, row.values["@struck"]) for row in rows(path, struck="read")] == [(None, True), (None, False)]
    assert "@struck" in fields(path, struck="read")


def test_hidden_rows_are_read_unless_the_configuration_says_otherwise(tmp_path: Path) -> None:
    def fill(sheet: Sheet) -> None:
        plain(HEADER, WORK, ["2", "Dijk", "a", "b"])(sheet)
        sheet.row_dimensions[2].hidden = True

    path = workbook(tmp_path, fill)
    assert [row.values["Nr"] for row in rows(path)] == ["0041", "2"]
    assert [row.values["Nr"] for row in rows(path, hidden_rows="skip")] == ["2"]


def test_hidden_columns_are_read(tmp_path: Path) -> None:
    def fill(sheet: Sheet) -> None:
        plain(HEADER, WORK)(sheet)
        sheet.column_dimensions["A"].hidden = True

    assert rows(workbook(tmp_path, fill))[0].values["Nr"] == "0041"


# Sheets


def two_sheets(folder: Path) -> Path:
    hidden = plain(["Code", "Betekenis"], ["1", "riool"])

    def lists(sheet: Sheet) -> None:
        hidden(sheet)
        sheet.sheet_state = "hidden"

    second = plain(TITLE, [*HEADER, "Opmerking"], ["7", "Dijk", "a", "b", "c"])
    return workbook(folder, plain(HEADER, WORK), second, lists, names=("Noord", "Zuid", "Lijsten"))


def test_all_sheets_that_are_not_hidden_are_read_each_with_its_own_header(tmp_path: Path) -> None:
    path = two_sheets(tmp_path)
    found = [
        (row.values["@sheet"], row.number, row.values["Nr"]) for row in rows(path, sheets="all", header_row="auto")
    ]
    assert found == [("Noord", 2, "0041"), ("Zuid", 3, "7")]
    assert fields(path, sheets="all", header_row="auto") == (*HEADER, "Opmerking", "@sheet")


def test_sheets_are_read_by_name(tmp_path: Path) -> None:
    path = two_sheets(tmp_path)
    assert [row.values["@sheet"] for row in rows(path, sheets=["Lijsten"])] == ["Lijsten"]
    with pytest.raises(SourceError, match="has no sheet 'West'; it has Noord, Zuid, Lijsten"):
        rows(path, sheets=["Noord", "West"])


def test_a_sheet_without_a_table_among_all_is_not_passed_over(tmp_path: Path) -> None:
    path = workbook(tmp_path, plain(HEADER, WORK), plain(["Uitleg"]), names=("Werken", "Uitleg"))
    with pytest.raises(SourceError, match=r"sheet 'Uitleg' .* name the sheets with plans in source\.sheets"):
        rows(path, sheets="all", header_row="auto")


def test_one_sheet_and_several_exclude_one_another() -> None:
    with pytest.raises(ValidationError, match="give either sheet or sheets"):
        source(Path("werken.xlsx"), sheet="a", sheets="all")


# Other files


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is an old workbook"),
        (b"Nr;Titel\n", "is not an XLSX workbook, whatever it is called"),
    ],
)
def test_what_is_no_workbook_of_today_is_refused_with_what_to_do(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "werken.xlsx"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=f"{said}.*save it as .xlsx"):
        rows(path)


def test_an_opendocument_spreadsheet_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "werken.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    with pytest.raises(SourceError, match=r"is an OpenDocument spreadsheet \(\.ods\); open it and save it as \.xlsx"):
        rows(path)


def test_a_workbook_of_many_rows_does_not_grow_in_memory(tmp_path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Werken")
    sheet.append(HEADER)
    for number in range(6000):
        sheet.append([number, f"Riool {number}", "1-4-2026", "30-4-2026"])
    book.save(tmp_path / "werken.xlsx")
    opened = source(tmp_path / "werken.xlsx")
    tracemalloc.start()
    count = sum(1 for _ in opened.snapshot())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (count, peak < 6_000_000) == (6000, True)


# CSV


def test_the_header_of_csv_is_found_below_a_title_with_its_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "werken.csv"
    path.write_text(
        "Werken, stand: mei\n\nNr;Titel\u00a0;Van;Tot\n0041;In\u00a0voorbereiding ;a;b\n0042;Dijk, noord;c;d\n"
    )
    found = rows(path, kind="csv", header_row="auto")
    assert fields(path, kind="csv", header_row="auto") == tuple(HEADER)
    assert [(row.number, row.values["Titel"]) for row in found] == [(4, "In voorbereiding"), (5, "Dijk, noord")]


def test_a_header_of_csv_over_two_lines_is_joined(tmp_path: Path) -> None:
    path = tmp_path / "werken.csv"
    path.write_text("Nr;Start;Start\n;gepland;werkelijk\n1;a;b\n")
    assert fields(path, kind="csv", header_lines=2) == ("Nr", "Start gepland", "Start werkelijk")


# Written by no spreadsheet program


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('<row r="2"', '<row r="99999999999"', "has a row 99,999,999,999, beyond the last"),
        ("</sheetData>", '</sheetData><mergeCells><mergeCell ref="A:A"/></mergeCells>', "is damaged"),
    ],
)
def test_rows_and_ranges_that_no_sheet_has_are_said_in_a_sentence(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    path = workbook(tmp_path, plain(HEADER, WORK))
    change_in_sheet(path, before, after)
    with pytest.raises(SourceError, match=said):
        rows(path)
