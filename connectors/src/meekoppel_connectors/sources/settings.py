"""What every source is told, whatever its format; each format adds its own settings beside its reader."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pyproj import CRS
from pyproj.exceptions import CRSError

from meekoppel_connectors.settings import Section
from meekoppel_connectors.sources.http.settings import HttpSettings
from meekoppel_connectors.sources.places.location import SftpSettings, checked_location, is_remote, shown_location


def _known_crs(value: int | str) -> int | str:
    try:
        CRS.from_user_input(value)
    except CRSError:
        raise ValueError(f"{value!r} is not a coordinate reference system; give an EPSG number such as 28992") from None
    return value


def _as_text(path: object) -> object:
    return str(path) if isinstance(path, Path) else path


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

    def beside(self, state: Path) -> Self:
        """Give the same settings; what a source keeps between runs lies beside this file, the connector's state."""
        return self


class FileSettings(HttpSettings, SourceSettings):
    """A source that is a file, or several that together are one snapshot.

    Attributes:
        path: the file; or a folder, or a pattern such as `exports/*.csv`; or an address: `https://…` or
            `sftp://user@host/folder/*.xml`.
        pick: of a folder or a pattern: `all` files together are the snapshot, or the `newest` is, by its time of
            modification.
        settle_seconds: a file that was modified less long ago is waited for, since it may still be being written. For
            a folder, a pattern and SFTP 5 seconds when not given; for one file it is not waited.
        sftp: how the connector proves who it is to an SFTP server, and the server to it.
        kept: the folder in which a file fetched by HTTP is kept, so that it is fetched again only when it changed.
    """

    suffixes: ClassVar[tuple[str, ...]] = ()
    """How names of such files end; in a folder the others are passed over."""
    is_archive: ClassVar[bool] = False
    """Whether such a file is a zip archive itself, as a workbook is; of others the archive around them is unpacked."""

    path: Annotated[str, BeforeValidator(_as_text), AfterValidator(checked_location)]
    pick: Literal["all", "newest"] | None = None
    settle_seconds: float | None = Field(default=None, ge=0, le=600)
    sftp: SftpSettings | None = None
    kept: Path | None = None

    @property
    def place(self) -> str:
        """The path or address of the file."""
        return shown_location(self.path)

    @property
    def file(self) -> Path:
        """The one local file that a reader is given, wherever it came from."""
        return Path(self.path)

    def in_folder(self, folder: Path) -> Self:
        """Give the same settings with paths that count from this folder."""
        update: dict[str, Any] = {"kept": folder / self.kept if self.kept else None}
        if not is_remote(self.path):
            update["path"] = str(folder / self.path)
        if self.sftp:
            update["sftp"] = self.sftp.in_folder(folder)
        return self.http_in_folder(folder).model_copy(update=update)

    def beside(self, state: Path) -> Self:
        """Keep what is fetched beside the state, unless the configuration says where."""
        return self if self.kept else self.model_copy(update={"kept": state.with_name(f"{state.name}.fetched")})
