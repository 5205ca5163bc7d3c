"""Writing records as a vector file, by GDAL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from pyogrio import raw

from meekoppel_connectors.testing import Record

COLUMNS = ("id", "title", "start", "end")


def write_vector(path: Path, records: Sequence[Record], driver: str) -> None:
    """Write points in RD New; all columns are text."""
    path.unlink(missing_ok=True)
    values = [record.values() for record in records]
    points = [shapely.Point(record.position) for record in records]
    raw.write(
        path,
        shapely.to_wkb(np.array(points, dtype=object)),
        [np.array([each[name] for each in values], dtype=object) for name in COLUMNS],
        np.array(COLUMNS, dtype=object),
        driver=driver,
        geometry_type="Point",
        crs="EPSG:28992",
    )
