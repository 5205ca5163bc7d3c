"""Geometry for examples, packed by hand: it needs no geometry library."""

from __future__ import annotations

import struct

RD_NEW = 28992

_WKB_POINT = 1
_WKB_POLYGON = 3


def point_wkb(x: float, y: float) -> bytes:
    """Pack a point as little-endian WKB; x and y in the CRS of the caller."""
    return struct.pack("<BIdd", 1, _WKB_POINT, x, y)


def rectangle_wkb(x: float, y: float, width: float, height: float) -> bytes:
    """Pack a rectangle as a little-endian WKB polygon, from its lower left corner; metres in the CRS of the caller."""
    ring = ((x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y))
    flat = [ordinate for corner in ring for ordinate in corner]
    return struct.pack(f"<BIII{len(flat)}d", 1, _WKB_POLYGON, 1, len(ring), *flat)
