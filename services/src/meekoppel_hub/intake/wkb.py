"""Walk through WKB before GEOS reads it: GEOS follows nested collections until the stack ends and the process dies.

Source of the layout: OGC 06-103r4 (Simple Features, part 1), chapter 8; the flags are those of PostGIS (EWKB).
"""

from __future__ import annotations

import struct

_POINT, _LINE, _POLYGON = 1, 2, 3
_PART_OF = {4: _POINT, 5: _LINE, 6: _POLYGON}
_COLLECTION = 7
_EWKB_Z, _EWKB_M, _EWKB_SRID = 0x80000000, 0x40000000, 0x20000000
_XY_BYTES = 16


class WkbError(ValueError):
    """The bytes are not one flat geometry of two dimensions; the message says why."""


def check_flat(wkb: bytes) -> None:
    """Check that the bytes are one whole point, line, polygon or their multiple, in two dimensions.

    Raises:
        WkbError: when they are anything else: cut off, with bytes left over, nested, three-dimensional, curved.
    """
    try:
        end = _geometry_end(wkb)
    except struct.error:
        raise WkbError("the WKB is cut off") from None
    if end > len(wkb):
        raise WkbError("the WKB is cut off")
    if end < len(wkb):
        raise WkbError(f"{len(wkb) - end} bytes are left over after the geometry")


def _geometry_end(wkb: bytes) -> int:
    kind, order, at = _read_type(wkb, 0)
    if kind not in _PART_OF:
        return _shape_end(wkb, kind, order, at)
    (parts,) = struct.unpack_from(order + "I", wkb, at)
    at += 4
    for _ in range(parts):
        part, part_order, at = _read_type(wkb, at)
        if part != _PART_OF[kind]:
            raise WkbError("a multiple geometry holds parts of another type")
        at = _shape_end(wkb, part, part_order, at)
    return at


def _read_type(wkb: bytes, at: int) -> tuple[int, str, int]:
    """Read byte order, type and (EWKB) SRID; give the type, the order for struct and where the body begins."""
    if wkb[at : at + 1] not in (b"\0", b"\1"):
        raise WkbError("the WKB has no byte order mark" if at < len(wkb) else "the WKB is cut off")
    order = "<" if wkb[at] else ">"
    (code,) = struct.unpack_from(order + "I", wkb, at + 1)
    kind = code & 0x0FFFFFFF
    if code & (_EWKB_Z | _EWKB_M) or 1000 < kind < 4000:
        raise WkbError("the geometry has more than two dimensions; leave out heights and measures")
    if kind == _COLLECTION:
        raise WkbError("the geometry is a collection; give each part as a zone of its own")
    if kind not in (_POINT, _LINE, _POLYGON) and kind not in _PART_OF:
        raise WkbError(f"type {kind} is no point, line, polygon or multiple of these")
    return kind, order, at + (9 if code & _EWKB_SRID else 5)


def _shape_end(wkb: bytes, kind: int, order: str, at: int) -> int:
    if kind == _POINT:
        return at + _XY_BYTES
    if kind == _LINE:
        (points,) = struct.unpack_from(order + "I", wkb, at)
        return int(at + 4 + points * _XY_BYTES)
    (rings,) = struct.unpack_from(order + "I", wkb, at)
    at += 4
    for _ in range(rings):
        (points,) = struct.unpack_from(order + "I", wkb, at)
        at += 4 + points * _XY_BYTES
    return at
