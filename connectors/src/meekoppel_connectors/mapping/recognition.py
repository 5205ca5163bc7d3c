"""Recognising a row that is the same as when its plan was last taken over, so that it need not be mapped again.

Mapping is the costly step, and of a large source nearly all rows are the same as last time. A row is told from another
by a hash of all its values and its geometry, together with everything else that decides what it becomes: the mapping,
the settings, the CRS that the source names, the code, the libraries and grids that move and repair geometry. When any
of these changes, no row is recognised and all are mapped again. A mapping that looks beyond the row (`as_of`, `slug`)
is never skipped.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
import pyproj
import shapely
from pyproj import CRS, datadir
from pyproj.datadir import get_user_data_dir  # type: ignore[attr-defined]  # documented there
from pyproj.network import is_network_enabled  # type: ignore[attr-defined]  # documented there
from shapely.geometry.base import BaseGeometry

import meekoppel_contracts
from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.mapping.rdnaptrans import grid_version
from meekoppel_connectors.mapping.row import SourceRow

_DIGEST_BYTES = 16
_CODE = frozenset({".py", ".txt", ".toml", ".avsc", ".json"})
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def mapping_fingerprint(config: ConnectorConfig, crs: CRS | None) -> str:
    """Tell one mapping from another: 32 hexadecimal digits over all that decides what a row becomes.

    Args:
        config: the connector.
        crs: what the source says of itself.
    """
    elsewhere = {"path", "name", "state", "kafka", "guard", "schedule", "plan"}
    decisive = {
        "plan": config.plan,
        "settings": config.model_dump(mode="json", exclude=elsewhere),
        "crs": None if crs is None else crs.to_wkt(),
        "code": mapping_code(),
        "versions": [
            version("meekoppel-connectors"),
            version("meekoppel-contracts"),
            shapely.geos_version_string,
            pyproj.proj_version_str,
            grid_version(),
        ],
        "grids": _grids(),
    }
    written = orjson.dumps(decisive, option=orjson.OPT_SORT_KEYS | _OPTIONS, default=str)
    return hashlib.blake2b(written, digest_size=_DIGEST_BYTES).hexdigest()


@cache
def mapping_code() -> str:
    """Tell one code of the mapping and the contracts from another, also where it changed without a new version."""
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for folder in (Path(__file__).parent, Path(meekoppel_contracts.__file__).parent):
        for file in sorted(each for each in folder.rglob("*") if each.suffix in _CODE):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _grids() -> list[Any]:
    """List what PROJ finds at hand: a grid that comes later moves every plan by some centimetres."""
    folders = [*datadir.get_data_dir().split(os.pathsep), get_user_data_dir()]
    files = [(folder, file.name, file.stat().st_size) for folder in folders for file in Path(folder).glob("*.*")]
    return [is_network_enabled(), *sorted(files)]


class RowRecognition:
    """Hashes the rows of one connector."""

    def __init__(self, config: ConnectorConfig, crs: CRS | None) -> None:
        """Prepare; the arguments are those of `mapping_fingerprint`."""
        self._key = bytes.fromhex(mapping_fingerprint(config, crs))
        self._possible = config.plan_rules().depends_on_row_alone

    def hash_of(self, row: SourceRow) -> bytes | None:
        """Give 16 bytes that tell a row from all others; None when the row must be mapped whatever it holds."""
        if not self._possible or row.fault is not None or row.removed:
            return None
        digest = hashlib.blake2b(digest_size=_DIGEST_BYTES, key=self._key)
        try:
            digest.update(_written(row.values))
            if row.geometry is not None:
                digest.update(_bytes_of(row.geometry))
        except orjson.JSONEncodeError:  # a number beyond 64 bits, half a character, nested without end
            return None
        return digest.digest()


def _written(value: Any) -> bytes:
    return orjson.dumps(value, default=_as_text, option=_OPTIONS)


def _bytes_of(geometry: BaseGeometry | bytes | Mapping[str, Any]) -> bytes:
    if isinstance(geometry, bytes):
        return geometry
    return shapely.to_wkb(geometry) if isinstance(geometry, BaseGeometry) else _written(geometry)


def _as_text(value: Any) -> str:
    return f"{type(value).__name__}:{value}"
