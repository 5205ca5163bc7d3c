"""The parameter `bbox`: a box in the hub's CRS."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from shapely.geometry.base import BaseGeometry

from meekoppel_hub.api.errors import BadRequest
from meekoppel_hub.reading.plans import box_area

BoxText = Annotated[
    str | None,
    Query(description="min x, min y, max x, max y in the hub's CRS.", examples=["142500,457000,143500,458000"]),
]


def read_box(text: str | None) -> BaseGeometry | None:
    """Read `min x,min y,max x,max y`.

    Raises:
        BadRequest: when it is not four numbers, or a minimum lies above its maximum.
    """
    if text is None:
        return None
    try:
        min_x, min_y, max_x, max_y = (float(part) for part in text.split(","))
    except ValueError:
        raise BadRequest(f"bbox {text!r} is not min x,min y,max x,max y in the hub's CRS") from None
    if not (min_x <= max_x and min_y <= max_y):  # also false for not-a-number
        raise BadRequest(f"bbox {text!r} is empty: a minimum lies above its maximum")
    return box_area((min_x, min_y, max_x, max_y))
