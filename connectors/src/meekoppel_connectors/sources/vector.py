"""GeoJSON, GeoPackage and Shapefile, read through GDAL in batches.

Types are those of the file: text that looks like a date stays text, and so do leading zeros. Times keep the offset that
they have. Fields within fields of GeoJSON become `a.b`, as in XML. A feature number (`fid`) can be used as a field for
GeoPackage and GeoJSON; a Shapefile has none that lasts.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from pyogrio import list_layers, raw, read_info
from pyogrio.errors import DataLayerError, DataSourceError, FieldError
from pyproj import CRS
from pyproj.exceptions import CRSError

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.settings import FileSettings
from meekoppel_connectors.sources.source import Description, Source
from meekoppel_connectors.sources.tables import existing

DRIVERS = {"geojson": "GeoJSON", "gpkg": "GPKG", "shapefile": "ESRI Shapefile"}
AS_WRITTEN = {"DATE_AS_STRING": "YES", "FLATTEN_NESTED_ATTRIBUTES": "YES", "NESTED_ATTRIBUTE_SEPARATOR": "."}
BATCH = 20_000
FEATURE_NUMBER = "fid"
_EXACT_IN_FLOAT = 2**53


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

    def describe(self, *, whole: bool = False) -> Description:
        """Give the fields, the CRS and the number of features."""
        info = self._info()
        fields = tuple(str(name) for name in info["fields"])
        number = self._feature_number(info)
        if number and number not in fields:
            fields = (*fields, number)
        return Description(fields, self._kind != "geojson", self._crs(info["crs"]), int(info["features"]))

    def snapshot(self) -> Iterator[SourceRow]:
        """Read the features; numbered from 1 in the order of the file."""
        info = self._info()
        # GDAL parses a GeoJSON file anew for every batch, and holds it in memory as a whole anyway.
        batch = max(int(info["features"]), 1) if self._kind == "geojson" else BATCH
        for start in range(0, int(info["features"]), batch):
            try:
                meta, numbers, geometries, columns = raw.read(
                    self._path,
                    layer=info["layer_name"],
                    skip_features=start,
                    max_features=batch,
                    return_fids=True,
                    datetime_as_string=True,
                    encoding=self._encoding,
                    **self._as_written,
                )
            except (DataSourceError, DataLayerError, FieldError, UnicodeDecodeError, ValueError) as error:
                raise SourceError(self._path, f"is damaged at or after feature {start + 1}: {error}") from error
            yield from self._batch(start, info, meta, numbers, geometries, columns)

    def _batch(
        self,
        start: int,
        info: dict[str, Any],
        meta: dict[str, Any],
        numbers: NDArray[Any],
        geometries: NDArray[Any] | None,
        columns: list[NDArray[Any]],
    ) -> Iterator[SourceRow]:
        names = [str(name) for name in meta["fields"]]
        kinds = [str(kind) for kind in meta["dtypes"]]
        for name, kind, column in zip(names, kinds, columns, strict=True):
            self._refuse_rounded(name, kind, column)
        columns = [_truths(column) if kind == "bool" else column for kind, column in zip(kinds, columns, strict=True)]
        feature_number = self._feature_number(info)
        shapes = [None] * len(numbers) if geometries is None else shapely.from_wkb(geometries, on_invalid="ignore")
        for index, number in enumerate(numbers.tolist()):
            values = {name: _plain(column[index]) for name, column in zip(names, columns, strict=True)}
            if feature_number:
                values.setdefault(feature_number, number)
            unreadable = shapes[index] is None and geometries is not None and geometries[index] is not None
            fault = "has a geometry of a kind that cannot be read" if unreadable else None
            yield SourceRow(values, shapes[index], number=start + index + 1, fault=fault)

    def _refuse_rounded(self, name: str, kind: str, column: NDArray[Any]) -> None:
        """Whole numbers beside empty ones arrive as floats; long ones, which are ids, would no longer be exact."""
        if (
            kind.startswith("int")
            and column.dtype.kind == "f"
            and np.nanmax(np.abs(column), initial=0) >= _EXACT_IN_FLOAT
        ):
            raise SourceError(self._path, f"field {name} has whole numbers too long to read exactly; export it as text")

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


def _truths(column: NDArray[Any]) -> NDArray[Any]:
    """Give true and false back: beside empty ones they arrive as 1.0 and 0.0."""
    if column.dtype.kind != "f":
        return column
    return np.array([None if np.isnan(value) else bool(value) for value in column], dtype=object)


def _plain(value: Any) -> Any:
    """Give Python's own type; numpy's would not compare, print or encode alike."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.item() if isinstance(value, np.generic) else value
