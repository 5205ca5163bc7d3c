"""The reasons for which a row, or a part of it, is rejected: codes for programs, sentences for people."""

from __future__ import annotations

from enum import StrEnum

from meekoppel_connectors.errors import RejectedRow


class Reason(StrEnum):
    """Why a value or a row cannot be taken over."""

    ROW_UNREADABLE = "row_unreadable"
    MISSING = "missing"
    UNKNOWN_CODE = "unknown_code"
    DATE_UNREADABLE = "date_unreadable"
    NUMBER_UNREADABLE = "number_unreadable"
    VALUE_UNREADABLE = "value_unreadable"
    TOO_LONG = "too_long"
    NOT_SHAREABLE = "not_shareable"
    TOO_LARGE = "too_large"
    ID_INVALID = "id_invalid"
    DUPLICATE_ID = "duplicate_id"
    SLUG_COLLISION = "slug_collision"
    PERSONAL_DATA = "personal_data"
    INVALID = "invalid"
    GEOMETRY_MISSING = "geometry_missing"
    GEOMETRY_EMPTY = "geometry_empty"
    GEOMETRY_UNREADABLE = "geometry_unreadable"
    GEOMETRY_INVALID = "geometry_invalid"
    COORDINATES_ZERO = "coordinates_zero"
    OUTSIDE_AREA = "outside_area"
    CRS_UNKNOWN = "crs_unknown"
    AXIS_ORDER_UNCLEAR = "axis_order_unclear"


class Unreadable(RejectedRow):
    """A value that cannot be taken over; becomes a `Rejection` of its row."""

    reason: Reason

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(reason, message)
