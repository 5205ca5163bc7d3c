"""What every source is told, whatever its format; each format adds its own settings beside its reader."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, model_validator
from pyproj import CRS
from pyproj.exceptions import CRSError

from meekoppel_connectors.settings import Section


def _known_crs(value: int | str) -> int | str:
    try:
        CRS.from_user_input(value)
    except CRSError:
        raise ValueError(f"{value!r} is not a coordinate reference system; give an EPSG number such as 28992") from None
    return value


class GeometryColumns(Section):
    """In which columns the geometry stands; none of them when the source has geometry of its own (`native`).

    Attributes:
        x: the column of eastings or longitudes of points, in the source's CRS.
        y: the column of northings or latitudes.
        wkt: the column with well-known text, with or without `SRID=…;` or a CRS address before it.
    """

    x: str | None = None
    y: str | None = None
    wkt: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _native_has_no_columns(cls, value: object) -> object:
        if value == "native":
            return {}
        if not isinstance(value, dict):
            raise ValueError("give native, {x: column, y: column} or {wkt: column}")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> GeometryColumns:
        if (self.x is None) != (self.y is None) or (self.x is not None and self.wkt is not None):
            raise ValueError("give native, {x: column, y: column} or {wkt: column}")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names; empty for native geometry."""
        return tuple(name for name in (self.x, self.y, self.wkt) if name is not None)


class SourceSettings(Section):
    """Where the rows come from, and how their geometry is written. A format's own settings extend this.

    Attributes:
        format: names the kind of source, and with it the reader.
        crs: of the coordinates; what the source says by default.
        geometry: `native`, or the column or columns that hold it.
        axis_order: `yx` when the source gives latitude or northing first.
        decimal: the decimal sign of coordinates in text; found out by default.
        repair: whether invalid polygons are repaired; else their rows are rejected.
    """

    has_geometry: ClassVar[bool] = True
    """Whether the source gives geometry by itself, so that `geometry` may be left out."""

    format: str
    crs: Annotated[int | str, AfterValidator(_known_crs)] | None = None
    geometry: GeometryColumns = GeometryColumns()
    axis_order: Literal["xy", "yx"] = "xy"
    decimal: Literal[".", ","] | None = None
    repair: bool = True

    @model_validator(mode="after")
    def _geometry_stands_somewhere(self) -> Self:
        if not self.has_geometry and not self.geometry.columns:
            raise ValueError(f"format {self.format} has no geometry; give geometry: {{x: …, y: …}} or {{wkt: …}}")
        return self

    @property
    def place(self) -> str:
        """Where the rows come from, for messages: a path or an address, never with a secret in it."""
        return self.format

    def in_folder(self, folder: Path) -> Self:
        """Give the same settings with paths that count from this folder, that of the configuration."""
        return self


class FileSettings(SourceSettings):
    """A source that is one file.

    Attributes:
        path: the file.
    """

    path: Path

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self.path)

    def in_folder(self, folder: Path) -> Self:
        """Give the same settings with a path that counts from this folder."""
        return self.model_copy(update={"path": folder / self.path})
