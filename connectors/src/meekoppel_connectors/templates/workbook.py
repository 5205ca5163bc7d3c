"""The empty workbook that goes with the template `spreadsheet`: a sheet to fill in, and one that explains it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

SHEET = "Projecten"
_ROWS_TO_FILL = 2000
_HEADING = PatternFill("solid", fgColor="DDE8F0")


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    width: int
    says: str
    example: str
    format: str = "General"
    choices: tuple[str, ...] = ()


STATUS = ("Idee", "Voorlopig", "Vast", "In uitvoering", "Gereed", "Vervallen")
_COLUMNS = (
    _Column("Projectnummer", 16, "Verplicht. Blijft altijd hetzelfde; nullen vooraan blijven staan.", "00123", "@"),
    _Column("Titel", 40, "Verplicht. Kort: wat en waar, hooguit 100 tekens. Geen namen van personen.", "Riool Laat"),
    _Column("Omschrijving", 50, "Wat er gebeurt, hooguit 1500 tekens. Geen namen of 06-nummers.", "Vervangen riool"),
    _Column("Soort werk", 24, "Een of meer, met een komma: riool, drinkwater, gas, weg, groen …", "riool,weg"),
    _Column("Status", 16, "Verplicht: kies uit de lijst.", "Vast", choices=STATUS),
    _Column("Start", 14, "Verplicht. Vroegste begin.", "1-4-2027", "DD-MM-YYYY"),
    _Column("Einde", 14, "Verplicht. Laatste dag van het werk.", "30-6-2027", "DD-MM-YYYY"),
    _Column("X (RD)", 12, "Verplicht. Rijksdriehoekscoördinaat in meters, tussen 7000 en 300000.", "111500"),
    _Column("Y (RD)", 12, "Verplicht. Rijksdriehoekscoördinaat in meters, tussen 289000 en 629000.", "516500"),
    _Column("Mailbox", 30, "Van een afdeling, nooit van een persoon.", "planning@gemeente.example"),
)
COLUMNS = tuple(column.name for column in _COLUMNS)


def projects_workbook() -> bytes:
    """Give the workbook as a file."""
    book = Workbook()
    sheet = book.create_sheet(SHEET, 0)
    del book["Sheet"]
    sheet.freeze_panes = "A2"
    for number, column in enumerate(_COLUMNS, start=1):
        _prepare(sheet, number, column)
    _explain(book.create_sheet("Uitleg"))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _prepare(sheet: Any, number: int, column: _Column) -> None:
    letter = get_column_letter(number)
    heading = sheet.cell(1, number, column.name)
    heading.font, heading.fill = Font(bold=True), _HEADING
    sheet.column_dimensions[letter].width = column.width
    if column.format != "General":
        for row in range(2, _ROWS_TO_FILL + 1):
            sheet.cell(row, number).number_format = column.format
    if column.choices:
        validation = DataValidation(type="list", formula1=f'"{",".join(column.choices)}"', allow_blank=True)
        validation.error = "Kies een waarde uit de lijst."
        sheet.add_data_validation(validation)
        validation.add(f"{letter}2:{letter}{_ROWS_TO_FILL}")


def _explain(sheet: Any) -> None:
    for number, (name, width) in enumerate((("Kolom", 18), ("Wat erin hoort", 80), ("Voorbeeld", 28)), start=1):
        heading = sheet.cell(1, number, name)
        heading.font, heading.fill = Font(bold=True), _HEADING
        sheet.column_dimensions[get_column_letter(number)].width = width
    for row, column in enumerate(_COLUMNS, start=2):
        for number, text in enumerate((column.name, column.says, column.example), start=1):
            sheet.cell(row, number, text).alignment = Alignment(wrap_text=True, vertical="top")
