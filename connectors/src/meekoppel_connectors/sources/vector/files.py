"""GeoJSON, GeoPackage and Shapefile, read through GDAL.

Text that looks like a date stays text, and so do leading zeros. Fields within fields of GeoJSON become `a.b`, as in
XML. A feature number (`fid`) can be used as a field for GeoPackage and GeoJSON; a Shapefile has none that lasts.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, ClassVar, Literal, TypeVar

from pyogrio import list_layers, read_info
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.settings import FileSettings
from meekoppel_connectors.sources.source import Description, Source
from meekoppel_connectors.sources.tables.cells import existing
from meekoppel_connectors.sources.vector.features import Layer, read_features
from meekoppel_connectors.sources.vector.geojson_check import compared

DRIVERS = {"geojson": "GeoJSON", "gpkg": "GPKG", "shapefile": "ESRI Shapefile"}
AS_WRITTEN = {"DATE_AS_STRING": "YES", "FLATTEN_NESTED_ATTRIBUTES": "YES", "NESTED_ATTRIBUTE_SEPARATOR": "."}
FEATURE_NUMBER = "fid"


class GeoJsonSettings(FileSettings):
    """A GeoJSON file."""

    suffixes: ClassVar[tuple[str, ...]] = (".geojson", ".json")

    format: Literal["geojson"]


class GeoPackageSettings(FileSettings):
    """A GeoPackage.

    Attributes:
        layer: which layer, when there are several.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".gpkg",)

    format: Literal["gpkg"]
    layer: str | None = None


class ShapefileSettings(FileSettings):
    """A Shapefile.

    Attributes:
        encoding: of its texts; what the file says by default.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".shp",)

    format: Literal["shapefile"]
    encoding: str | None = None


VectorSettings = TypeVar("VectorSettings", bound=FileSettings)


class VectorFile(Source[VectorSettings]):
    """A file that GDAL reads, or one layer of it."""

    def __init__(self, settings: VectorSettings, layer: str | None = None, encoding: str | None = None) -> None:
        super().__init__(settings)
        self._path = settings.file
        self._kind = settings.format
        self._layer = layer
        self._encoding = encoding
        self._as_written = AS_WRITTEN if self._kind == "geojson" else {}
        self._described: dict[str, Any] | None = None

    def describe(self, *, whole: bool = False) -> Description:
        """Give the fields, the CRS and the number of features."""
        info = self._described = self._info()
        fields = tuple(str(name) for name in info["fields"])
        number = self._feature_number(info)
        if number and number not in fields:
            fields = (*fields, number)
        return Description(fields, self._kind != "geojson", self._crs(info["crs"]), int(info["features"]))

    def snapshot(self) -> Iterator[SourceRow]:
        """Read the features; numbered from 1 in the order of the file."""
        info = self._described or self._info()  # GeoJSON is read as a whole to describe it
        self._described = None
        layer = Layer(
            self._path,
            info["layer_name"],
            self._encoding,
            number_field=self._feature_number(info),
            exact_numbers=self._kind == "geojson",
            options=self._as_written,
        )
        read = 0
        for read, row in enumerate(read_features(layer), start=1):  # noqa: B007 - counted
            yield row
        if read != int(info["features"]):
            raise SourceError(self._path, f"is damaged: it gives {read:,} of its {int(info['features']):,} features")

    def _info(self) -> dict[str, Any]:
        try:
            with warnings.catch_warnings():
                # of a file that is no GeoJSON; what it is instead is said below
                warnings.filterwarnings("ignore", message="driver .* does not support open option")
                info: dict[str, Any] = read_info(
                    existing(self._path), layer=self._chosen_layer(), encoding=self._encoding, **self._as_written
                )
        except (DataSourceError, DataLayerError, ValueError) as error:
            raise SourceError(self._path, f"cannot be read as {self._kind}: {error}") from error
        if info["driver"] != DRIVERS[self._kind]:
            raise SourceError(self._path, f"is not {self._kind} but {info['driver']}; check source.format")
        return info

    def _chosen_layer(self) -> str | None:
        if self._kind != "gpkg":
            return None
        layers = [str(name) for name, _ in list_layers(self._path)]
        if self._layer is None and len(layers) > 1:
            raise SourceError(self._path, f"has several layers; set source.layer to one of {', '.join(layers)}")
        if self._layer is not None and self._layer not in layers:
            raise SourceError(self._path, f"has no layer {self._layer!r}; it has {', '.join(layers)}")
        return self._layer

    def _feature_number(self, info: dict[str, Any]) -> str | None:
        return None if self._kind == "shapefile" else str(info["fid_column"] or FEATURE_NUMBER)

    def _crs(self, named: str | None) -> CRS | None:
        try:
            return CRS.from_user_input(named) if named else None
        except CRSError as error:
            raise SourceError(self._path, f"names a CRS that is not known ({named}); set source.crs") from error


class GeoJsonFile(VectorFile[GeoJsonSettings]):
    """A GeoJSON file."""

    settings_type = GeoJsonSettings

    def snapshot(self) -> Iterator[SourceRow]:
        """Read the features, and say of what GDAL leaves out that it is rejected."""
        return compared(super().snapshot(), self._path)


class GeoPackageFile(VectorFile[GeoPackageSettings]):
    """One layer of a GeoPackage."""

    settings_type = GeoPackageSettings

    def __init__(self, settings: GeoPackageSettings) -> None:
        super().__init__(settings, layer=settings.layer)


class ShapefileFile(VectorFile[ShapefileSettings]):
    """A Shapefile."""

    settings_type = ShapefileSettings

    def __init__(self, settings: ShapefileSettings) -> None:
        super().__init__(settings, encoding=settings.encoding)
