"""Finding the class that reads a format: our own, an installed package's, or one in a Python file of the organisation.

A package offers a source by an entry point of the group `meekoppel.sources`; a file beside the configuration is named
as `my_source.py:MySource`. Our own are loaded only when they are asked for, with the libraries that they need.
"""

from __future__ import annotations

import importlib
import importlib.util
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.sources.places.files import LocatedFiles
from meekoppel_connectors.sources.settings import FileSettings, SourceSettings
from meekoppel_connectors.sources.source import Source

ENTRY_POINTS = "meekoppel.sources"
OUR_OWN = {
    "geojson": "vector.files:GeoJsonFile",
    "gpkg": "vector.files:GeoPackageFile",
    "shapefile": "vector.files:ShapefileFile",
    "csv": "tables.delimited:DelimitedFile",
    "xlsx": "tables.workbook:Workbook",
    "xml": "records.xml:RecordFile",
    "json": "records.json:JsonRecordFile",
    "wzdx": "records.wzdx:WzdxFeed",
    "datex2": "datex.situations:SituationPublication",
    "sql": "sql.query:SqlSource",
    "arcgis": "arcgis.feature_service:ArcGisLayer",
    "push": "pushed.push:PushedPlans",
    "street-manager": "pushed.street_manager:StreetManagerFile",
    "ldes": "ldes.stream:EventStream",
    "ogc-features": "services.ogc_features:OgcFeatures",
    "wfs": "services.wfs:WebFeatureService",
}
EXTRAS = {"ldes": "ldes", "sql": "sql"}
"""Format → the extra of this package that brings the libraries it needs."""


def known_formats() -> tuple[str, ...]:
    """List the formats that a configuration may name, our own first."""
    return (*OUR_OWN, *sorted(point.name for point in entry_points(group=ENTRY_POINTS)))


def source_class(format: str, folder: Path | None = None) -> type[Source[Any]]:
    """Find the class that reads a format.

    Args:
        format: a name of `known_formats`, or `file.py:Class`.
        folder: from which the file counts; the current one by default.

    Raises:
        SourceError: when there is no such format, or its class cannot be loaded.
    """
    if format in OUR_OWN:
        module, _, name = OUR_OWN[format].partition(":")
        return _class_of(_own_module(module, format), name, format)
    if ".py:" in format:
        file, _, name = format.rpartition(":")
        return _class_of(_module_of((folder or Path()) / file), name, format)
    for point in entry_points(group=ENTRY_POINTS, name=format):
        return _checked(point.load(), format)
    raise SourceError(format, f"is no format; it is one of {', '.join(known_formats())}, or my_source.py:MySource")


def open_source(settings: SourceSettings, folder: Path | None = None) -> Source[Any]:
    """Give the source that a configuration describes; nothing is opened before it is asked for something.

    Raises:
        SourceError: as `source_class`.
    """
    kind = source_class(settings.format, folder)
    if isinstance(settings, FileSettings) and not kind.gives_changes():
        return LocatedFiles(settings, kind)
    return kind(settings)


def _own_module(module: str, format: str) -> Any:
    try:
        return importlib.import_module(f"meekoppel_connectors.sources.{module}")
    except ModuleNotFoundError as error:
        if format not in EXTRAS:
            raise
        wanted = f"pip install 'meekoppel-connectors[{EXTRAS[format]}]'"
        raise SourceError(format, f"needs {error.name}, which is not installed; {wanted}") from error


def _module_of(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"meekoppel_source_{file.stem}", file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise SourceError(file, "there is no such Python file; check source.format")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError, NameError) as error:
        raise SourceError(file, f"cannot be loaded: {error}") from error
    return module


def _class_of(module: Any, name: str, format: str) -> type[Source[Any]]:
    found = getattr(module, name, None)
    if found is None:
        raise SourceError(format, f"there is no class {name} in {module.__name__}")
    return _checked(found, format)


def _checked(found: Any, format: str) -> type[Source[Any]]:
    if not (isinstance(found, type) and issubclass(found, Source)):
        raise SourceError(format, "is no class derived from meekoppel_connectors.Source")
    if not hasattr(found, "settings_type"):
        raise SourceError(format, f"{found.__name__} has no settings_type, the class of its settings")
    if not (found.gives_snapshots() or found.gives_changes()):
        raise SourceError(format, f"{found.__name__} has neither snapshot() nor changes()")
    return found
