"""What is posted, as rows: one object or a list, GeoJSON features among them, nested as they like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from meekoppel_connectors.errors import RejectedRow
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.mapping.values import is_missing, truth_of
from meekoppel_connectors.sources.records.nested import flattened, top_of
from meekoppel_connectors.sources.vector.shapes import shape_of

REMOVED = "removed"


class UnreadableBodyError(ValueError):
    """The request holds nothing that can be taken for plans; its text says why."""


def plans_of(body: bytes, changed_at: str | None = None) -> list[SourceRow]:
    """Read a body.

    Args:
        body: JSON: an object, a list of them, a GeoJSON Feature or FeatureCollection.
        changed_at: the field with the time of the change.

    Raises:
        UnreadableBodyError: when it is none of these.
    """
    content = json_of(body)
    if isinstance(content, dict) and content.get("type") == "FeatureCollection":
        content = content.get("features")
    records = content if isinstance(content, list) else [content]
    if not records:
        raise UnreadableBodyError("holds no plan")
    return [_row(number, record, changed_at) for number, record in enumerate(records, start=1)]


def json_of(body: bytes) -> Any:
    """Read JSON.

    Raises:
        UnreadableBodyError: when it is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableBodyError(f"is no JSON: {error}") from error


def _row(number: int, record: Any, changed_at: str | None) -> SourceRow:
    if not isinstance(record, dict):
        return SourceRow({"value": record}, number=number, fault="is no object with fields")
    shape, fault = None, None
    fields = dict(record)
    try:
        shape = shape_of(fields.pop("geometry")) if isinstance(fields.get("geometry"), dict) else None
    except ValueError as error:
        fault = str(error)
    if fields.get("type") == "Feature" and isinstance(fields.get("properties"), dict):
        own_id = {"id": fields["id"]} if "id" in fields else {}
        fields = {**own_id, **fields["properties"]}
    try:
        values = flattened(fields)
    except ValueError as error:
        values, fault = top_of(fields), str(error)
    moment, problem = _moment(values, changed_at)
    try:
        removed = not is_missing(values.get(REMOVED)) and truth_of(values[REMOVED])
    except RejectedRow as error:
        removed, problem = False, f"{REMOVED}: {error.message}"
    return SourceRow(values, shape, number=number, fault=fault or problem, occurred_at=moment, removed=removed)


def _moment(values: Mapping[str, Any], changed_at: str | None) -> tuple[datetime | None, str | None]:
    said = values.get(changed_at) if changed_at else None
    if said is None:
        return None, None
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        return None, f"has {said!r} in {changed_at}, which is no time in the form 2026-03-01T12:00:00Z"
    return (moment, None) if moment.tzinfo else (None, f"has a time without zone in {changed_at}; write it with Z")
