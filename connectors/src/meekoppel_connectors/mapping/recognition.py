"""Recognising a row that is the same as when its plan was last taken over, so that it need not be mapped again.

Mapping is the costly step, and of a large source nearly all rows are the same as last time. A row is told from another
by a hash of all its values and its geometry, together with everything else that decides what it becomes: the mapping,
the settings, the versions of the libraries that move and repair geometry. When any of these changes, no row is
recognised and all are mapped again. A mapping that looks beyond the row (`as_of`, `slug`) is never skipped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import orjson
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.mapping.rdnaptrans import grid_version
from meekoppel_connectors.mapping.row import SourceRow

_DIGEST_BYTES = 16
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def mapping_fingerprint(config: ConnectorConfig) -> str:
    """Tell one mapping from another: 32 hexadecimal digits over all that decides what a row becomes."""
    elsewhere = {"path", "name", "state", "kafka", "guard", "schedule", "plan"}
    decisive = {
        "plan": config.plan,
        "settings": config.model_dump(mode="json", exclude=elsewhere),
        "versions": [
            version("meekoppel-connectors"),
            version("meekoppel-contracts"),
            shapely.geos_version_string,
            pyproj.proj_version_str,
            pyproj.datadir.get_data_dir(),
            grid_version(),
        ],
    }
    written = orjson.dumps(decisive, option=orjson.OPT_SORT_KEYS | _OPTIONS, default=str)
    return hashlib.blake2b(written, digest_size=_DIGEST_BYTES).hexdigest()


class RowRecognition:
    """Hashes the rows of one connector."""

    def __init__(self, config: ConnectorConfig) -> None:
        self._key = bytes.fromhex(mapping_fingerprint(config))
        self._possible = config.plan_rules().depends_on_row_alone

    def hash_of(self, row: SourceRow) -> bytes | None:
        """Give 16 bytes that tell a row from all others; None when the row must be mapped whatever it holds."""
        if not self._possible or row.fault is not None or row.removed:
            return None
        digest = hashlib.blake2b(
            orjson.dumps(row.values, default=_as_text, option=_OPTIONS), digest_size=_DIGEST_BYTES, key=self._key
        )
        if row.geometry is not None:
            digest.update(_bytes_of(row.geometry))
        return digest.digest()


def _bytes_of(geometry: BaseGeometry | bytes | Mapping[str, Any]) -> bytes:
    if isinstance(geometry, bytes):
        return geometry
    return shapely.to_wkb(geometry) if isinstance(geometry, BaseGeometry) else orjson.dumps(geometry)


def _as_text(value: Any) -> str:
    return f"{type(value).__name__}:{value}"
