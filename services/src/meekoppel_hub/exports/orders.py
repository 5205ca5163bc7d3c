"""What an export is asked to be, and the ways in which one is given: in pieces, or as a file that is made first."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from meekoppel_hub.exports.columns import Column, Presentation
from meekoppel_hub.exports.crs import Places
from meekoppel_hub.exports.filters import Words
from meekoppel_hub.platform.database import Database
from meekoppel_hub.reading.access import Viewer

Item = TypeVar("Item")
_PIECE: Final = 1 << 20


class Format(StrEnum):
    """The formats of tables and maps."""

    GEOJSON = "geojson"
    GPKG = "gpkg"
    CSV = "csv"
    XLSX = "xlsx"


MEDIA_TYPES: Final = {
    Format.GEOJSON: "application/geo+json",
    Format.GPKG: "application/geopackage+sqlite3",
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for, apart from the filter.

    Attributes:
        database: of the view.
        viewer: for whom it is; nothing that this viewer may not see is in it.
        now: the time.
        form: the format.
        presentation: language, zone, CRS, codes, links.
        dutch_csv: whether CSV is written for a Dutch Excel.
        told: called with the number of lines after each batch.
    """

    database: Database
    viewer: Viewer
    now: datetime
    form: Format
    presentation: Presentation
    dutch_csv: bool = False
    told: Callable[[int], None] = lambda _: None

    @property
    def places(self) -> Places:
        """From which CRS to which coordinates go."""
        return Places(self.presentation.hub_crs, self.presentation.crs)

    def counted(self, batches: Iterable[Sequence[Item]]) -> Iterator[Sequence[Item]]:
        """Give batches on, and tell how many lines have passed."""
        count = 0
        for batch in batches:
            yield batch
            count += len(batch)
            self.told(count)

    def about(self, title: str, wanted: Words, columns: Sequence[Column[Any]]) -> Words:
        """Say what an export is: for the sheet that tells it."""
        shown, word = self.presentation, self.presentation.word
        if self.viewer.operator:
            whom = word("de beheerder van de hub: ook plannen die besloten zijn", "the operator: restricted plans too")
        else:
            whom = self.viewer.organisation or word("iedereen: alleen wat openbaar is", "anybody: only what is public")
        made = f"{self.now.astimezone(shown.zone):%Y-%m-%d %H:%M} {shown.zone.key}"
        return [
            (word("Inhoud", "Content"), title),
            (word("Gemaakt op", "Made at"), made),
            (word("Voor", "For"), whom),
            *(wanted or [(word("Filter", "Filter"), word("geen: alles", "none: everything"))]),
            (word("Coördinaten", "Coordinates"), f"EPSG:{shown.crs}"),
            (word("Datums", "Dates"), word("in ", "in ") + shown.zone.key),
            ("", ""),
            (word("Kolom", "Column"), word("Naam voor programma's", "Name for programs")),
            *((column.head(shown), column.name) for column in columns),
        ]


def made_first(suffix: str, make: Callable[[Path], None]) -> Iterator[bytes]:
    """Make a file where nobody else sees it, give it in pieces, and remove it.

    Args:
        suffix: of its name, such as `.xlsx`.
        make: writes the file at a path where none is.
    """
    with tempfile.TemporaryDirectory(prefix="meekoppel-export-") as folder:
        path = Path(folder) / f"export{suffix}"
        make(path)
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
