"""A real pygeoapi on a free port, in a process of its own, with plans in several collections."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

PYTHON = Path(__file__).parents[2] / ".cache" / "pygeoapi" / "bin" / "python"
COUNT = 250
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
RD = "http://www.opengis.net/def/crs/EPSG/0/28992"
ETRS89 = "http://www.opengis.net/def/crs/EPSG/0/4258"
LONGITUDE, LATITUDE = 4.75, 52.63
_READY_SECONDS = 60


def place_of(number: int) -> tuple[float, float]:
    """Longitude and latitude of the plan of a number."""
    return LONGITUDE + number / 10_000, LATITUDE + number / 20_000


@contextmanager
def pygeoapi(folder: Path) -> Iterator[str]:
    """Serve the collections `plans` (stored in degrees), `rd` (in RD New) and `etrs89` (in ETRS89: latitude first)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    _features(folder / "plans.geojson", [place_of(number) for number in range(COUNT)])
    _features(folder / "rd.geojson", [(111_500.5 + number, 516_500.25) for number in range(COUNT)])
    _features(folder / "etrs89.geojson", [place_of(number)[::-1] for number in range(COUNT)])
    (folder / "config.yaml").write_text(yaml.safe_dump(_configuration(url, folder)))
    (folder / "openapi.yaml").write_text("openapi: 3.0.2\ninfo: {title: plans, version: '1'}\npaths: {}\n")
    environment = os.environ | {
        "PYGEOAPI_CONFIG": str(folder / "config.yaml"),
        "PYGEOAPI_OPENAPI": str(folder / "openapi.yaml"),
    }
    command = [str(PYTHON), "-m", "uvicorn", "pygeoapi.starlette_app:APP", "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _wait(url, process, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def _features(path: Path, places: list[tuple[float, float]]) -> None:
    features = [
        {
            "type": "Feature",
            "id": number,
            "properties": {"nr": f"{number:05d}", "title": f"Riolering {number}", "period": {"from": "2026-04-01"}},
            "geometry": {"type": "Point", "coordinates": place},
        }
        for number, place in enumerate(places)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def _configuration(url: str, folder: Path) -> dict[str, Any]:
    def collection(file: str, stored: str | None, *offered: str) -> dict[str, Any]:
        provider = {"type": "feature", "name": "GeoJSON", "data": str(folder / file), "id_field": "id"}
        provider |= {"crs": list(offered)} | ({"storage_crs": stored} if stored else {})
        box = {"bbox": [3, 50, 8, 54], "crs": CRS84}
        return {
            "type": "collection", "title": file, "description": file, "keywords": ["plans"], "links": [],
            "extents": {"spatial": box}, "providers": [provider],
        }  # fmt: skip

    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": int(url.rpartition(":")[2])}, "url": url,
            "mimetype": "application/json", "encoding": "utf-8", "languages": ["en-US"],
            "limits": {"default_items": 20, "max_items": 100},
            "map": {"url": "https://tile.invalid/{z}/{x}/{y}.png", "attribution": "none"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": "plans", "description": "plans", "keywords": ["plans"], "keywords_type": "theme",
                "terms_of_service": "none", "url": url,
            },
            "license": {"name": "none", "url": url}, "provider": {"name": "plans", "url": url},
            "contact": {"name": "plans", "email": "plans@example.org"},
        },
        "resources": {
            "plans": collection("plans.geojson", None, CRS84, RD, ETRS89),
            "rd": collection("rd.geojson", RD, CRS84, RD),
            "etrs89": collection("etrs89.geojson", ETRS89, CRS84, ETRS89),
        },
    }  # fmt: skip


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/collections?f=json").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"pygeoapi did not start: {log.read_text()[-3000:]}")
