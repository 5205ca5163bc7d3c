"""Drawing plans as one HTML file that needs nothing from outside: data, style and program stand in it.

Coordinates are those of the hub's CRS, in decimetres from the south-west corner, so that the file stays small and a
browser needs no projection.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import shapely
from shapely.geometry.base import BaseGeometry

from meekoppel_connectors.errors import Fatal
from meekoppel_contracts.plan import Plan

MOST = 20_000
"""Plans in one drawing; more would make the file too large for a browser."""
_PLACE = "{{ drawing }}"
_STEP_M = 0.1


@dataclass(slots=True)
class Drawing:
    """Plans to be drawn.

    Attributes:
        title: stands above the map.
        crs: EPSG number of the hub.
        zone: in which times are shown.
        left_out: how many plans did not fit any more.
    """

    title: str
    crs: int
    zone: ZoneInfo
    left_out: int = 0
    _plans: list[tuple[int, Plan, list[BaseGeometry]]] = field(default_factory=list)

    def add(self, row_number: int, plan: Plan) -> None:
        """Draw one more plan; beyond `MOST` it is only counted."""
        if len(self._plans) >= MOST:
            self.left_out += 1
            return
        self._plans.append((row_number, plan, [shapely.from_wkb(zone.geometry) for zone in plan.zones]))

    def html(self) -> str:
        """Give the file."""
        page = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
        # `<` never stands in the data, so that no text of a plan can end the element or begin another
        data = json.dumps(self._data(), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        return page.replace(_PLACE, data)

    def write(self, path: Path) -> None:
        """Write the file.

        Raises:
            Fatal: when it cannot be written.
        """
        try:
            path.write_text(self.html(), encoding="utf-8")
        except OSError as error:
            raise Fatal(f"The map {path} cannot be written ({error.strerror}); give --map another name.") from error

    def _data(self) -> dict[str, Any]:
        shapes = [shape for _, _, zones in self._plans for shape in zones]
        west, south, east, north = shapely.total_bounds(shapes).tolist() if shapes else (0.0, 0.0, 1.0, 1.0)
        return {
            "title": self.title,
            "crs": self.crs,
            "left_out": self.left_out,
            "origin": [west, south],
            "size": [east - west, north - south],
            "plans": [self._entry(number, plan, zones, (west, south)) for number, plan, zones in self._plans],
        }

    def _entry(self, number: int, plan: Plan, zones: list[BaseGeometry], origin: tuple[float, float]) -> dict[str, Any]:
        times = (plan.period.earliest_start, plan.period.latest_end)
        return {
            "id": plan.plan_id,
            "title": plan.title,
            "row": number,
            "initiator": plan.initiator.name,
            "status": plan.status.value,
            "certainty": plan.certainty.value,
            "disciplines": [discipline.value for discipline in plan.disciplines],
            "period": [f"{time.astimezone(self.zone):%Y-%m-%d %H:%M}" for time in times],
            "zones": [[zone.role.value, *_parts(shape, origin)] for zone, shape in zip(plan.zones, zones, strict=True)],
        }


def _parts(shape: BaseGeometry, origin: tuple[float, float]) -> list[list[Any]]:
    """Give the parts of a shape: 0 for a point, 1 for a line, 2 for an area, then its rings as flat coordinates."""
    parts = []
    for part in shapely.get_parts(shape):
        dimensions = int(shapely.get_dimensions(part))
        rings = [part.exterior, *part.interiors] if dimensions == 2 else [part]
        parts.append([dimensions, *(_flat(ring, origin) for ring in rings)])
    return parts


def _flat(ring: BaseGeometry, origin: tuple[float, float]) -> list[int]:
    steps = (shapely.get_coordinates(ring) - origin) / _STEP_M
    return [round(value) for value in steps.ravel().tolist()]
