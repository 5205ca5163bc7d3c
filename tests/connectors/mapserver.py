"""A real WFS 2.0 server on a free port: MapServer's CGI program under Python's own HTTP server."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely

COUNT = 250
MAP = """
MAP
  NAME "plans"
  STATUS ON
  EXTENT 0 300000 300000 650000
  PROJECTION "init=epsg:28992" END
  WEB METADATA
    "ows_title" "plans"
    "ows_onlineresource" "{url}"
    "ows_srs" "EPSG:28992 EPSG:4258 EPSG:4326"
    "ows_enable_request" "*"
    "wfs_getfeature_formatlist" "{formats}"
  END END
  OUTPUTFORMAT
    NAME "geojson"
    DRIVER "OGR/GEOJSON"
    MIMETYPE "application/json; subtype=geojson"
    FORMATOPTION "STORAGE=memory"
    FORMATOPTION "FORM=SIMPLE"
  END
  LAYER
    NAME "plans"
    TYPE POLYGON
    STATUS ON
    CONNECTIONTYPE OGR
    CONNECTION "{file}"
    DATA "plans"
    PROJECTION "init=epsg:28992" END
    METADATA
      "wfs_title" "plans"
      "wfs_srs" "EPSG:28992 EPSG:4258 EPSG:4326"
      "gml_include_items" "all"
      "gml_featureid" "nr"
      "gml_types" "auto"
    END
  END
END
"""


def available() -> bool:
    return shutil.which("mapserv") is not None


def square(number: int) -> shapely.Polygon:
    """The place of the plan of a number, in RD New."""
    return shapely.box(111_500.25 + number * 10, 516_500.5, 111_505.25 + number * 10, 516_507.5)


@contextmanager
def mapserver(folder: Path, *, formats: str = "") -> Iterator[str]:
    """Serve the feature type `plans`: 250 polygons in RD New, numbered with leading zeros.

    Args:
        folder: for the data and the map.
        formats: of output beside GML, such as `geojson`.
    """
    pyogrio.raw.write(
        folder / "plans.gpkg",
        shapely.to_wkb([square(number) for number in range(COUNT)]),
        [
            np.array([f"{number:05d}" for number in range(COUNT)], object),
            np.array([f"Café & <riool> {number}" for number in range(COUNT)], object),
            np.arange(COUNT),
        ],
        ["nr", "title", "length"],
        layer="plans", driver="GPKG", geometry_type="Polygon", crs="EPSG:28992",
    )  # fmt: skip
    (folder / "mapserver.conf").write_text('CONFIG ENV "MS_MAP_PATTERN" "." END END')
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Gateway)
    url = f"http://127.0.0.1:{server.server_port}/wfs?"
    (folder / "plans.map").write_text(MAP.format(url=url, file=folder / "plans.gpkg", formats=formats))
    server.folder = folder  # type: ignore[attr-defined]  # for the handler, which is made per request
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield url.rstrip("?")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Gateway(BaseHTTPRequestHandler):
    """The common gateway interface (RFC 3875), as far as MapServer needs it."""

    def do_GET(self) -> None:
        folder: Path = self.server.folder  # type: ignore[attr-defined]  # see above
        environment = os.environ | {
            "REQUEST_METHOD": "GET",
            "QUERY_STRING": self.path.partition("?")[2],
            "MS_MAPFILE": str(folder / "plans.map"),
            "MAPSERVER_CONFIG_FILE": str(folder / "mapserver.conf"),
            "SERVER_NAME": "127.0.0.1",
        }
        ended = subprocess.run(["mapserv"], env=environment, capture_output=True, check=False, timeout=30)
        head, _, body = ended.stdout.partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode().splitlines() if ": " in line]
        status = next((value for name, value in lines if name == "Status"), "200 OK")
        self.send_response(int(status.split()[0]))
        for name, value in lines:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing on the terminal."""
