"""Size does not matter: a large source is read within a bound, measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

ROWS = 120_000
MOST_MB = 300
MEASURE = r"""
import json, pathlib, re, sys
from meekoppel_connectors.sources.opening import open_source, source_class
kind, path = sys.argv[1:]
source = open_source(source_class(kind).settings_type.model_validate({"format": kind, "path": path}))
source.describe()
rows = sum(1 for _ in source.snapshot())
most = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path("/proc/self/status").read_text())  # ru_maxrss is the parent's too
print(json.dumps([rows, int(most[1]) // 1024]))
"""


@pytest.mark.parametrize("kind", ["gpkg", "geojson"])
def test_a_large_file_is_read_in_bounded_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"large.{kind}"
    lines = shapely.linestrings(np.arange(ROWS * 20 * 2, dtype=float).reshape(ROWS, 20, 2) % 1000)
    texts = np.array([f"{number:07d} " + "riolering en wegdek " * 10 for number in range(ROWS)], object)
    pyogrio.raw.write(
        path, shapely.to_wkb(lines), [texts, texts], ["a", "b"], geometry_type="LineString", crs="EPSG:28992"
    )
    assert path.stat().st_size > 100 * 1024 * 1024
    measured = subprocess.run([sys.executable, "-c", MEASURE, kind, str(path)], capture_output=True, check=True)
    rows, megabytes = json.loads(measured.stdout)
    assert rows == ROWS
    assert megabytes < MOST_MB
