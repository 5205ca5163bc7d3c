"""What a layer of an ArcGIS feature service is told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from meekoppel_connectors.settings import Section
from meekoppel_connectors.sources.http.settings import HttpAddress, HttpSettings, without_query
from meekoppel_connectors.sources.settings import SourceSettings


class EditTime(Section):
    """The field by which a connector finds what changed since it last looked.

    Attributes:
        time: the field with the time of the last edit, as editor tracking fills it (`last_edited_date`, `EditDate`).
        overlap_seconds: how far it looks back again.
    """

    time: str
    overlap_seconds: float = Field(default=60.0, ge=0)


class ArcGisSettings(HttpSettings, SourceSettings):
    """A layer or table of an ArcGIS feature or map service.

    Attributes:
        url: of the layer, with its number: `https://…/FeatureServer/0`.
        where: which features, as a condition of ArcGIS; all by default.
        out_fields: which fields; all by default. Those that the plan is made of must be among them.
        out_sr: the EPSG number in which the server is to give coordinates; the layer's own by default.
        domains: whether coded values are given as `codes`, as they are stored, or as the `names` that people see.
        page_size: how many features are asked for at once; fewer where the server gives fewer.
        cursor: the field by which changes are found; without it everything is read at every run.
    """

    format: Literal["arcgis"]
    url: HttpAddress
    where: str = Field(default="1=1", min_length=1)
    out_fields: tuple[str, ...] = ()
    out_sr: int | None = None
    domains: Literal["codes", "names"] = "codes"
    page_size: int = Field(default=1000, ge=1, le=10_000)
    cursor: EditTime | None = None

    @property
    def layer(self) -> str:
        """The address of the layer, without what may stand behind it."""
        return without_query(self.url).rstrip("/").removesuffix("/query")

    @property
    def place(self) -> str:
        """The address of the layer."""
        return self.layer

    def in_folder(self, folder: Path) -> Self:
        """Give the same settings with paths of certificates that count from this folder."""
        return self.http_in_folder(folder)
