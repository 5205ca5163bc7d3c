"""What topic `areas` says of places with rules of their own, folded into tables: areas, agreements, moratoria."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_contracts.areas import AgreementEvent, AreaEvent, MoratoriumEvent
from meekoppel_contracts.codec import CODECS, contract_of_record
from meekoppel_contracts.errors import ContractError
from meekoppel_contracts.registry import AGREEMENT_EVENT, AREA_EVENT, MORATORIUM_EVENT
from meekoppel_hub.coordination.zones import read_shapes
from meekoppel_hub.platform.agreements import AgreementError, rules_from_json, rules_to_json
from meekoppel_hub.platform.clock import to_micros
from meekoppel_hub.platform.database.tables.places import agreements, areas, moratoria, moratorium_versions
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId

PlaceEvent = AreaEvent | AgreementEvent | MoratoriumEvent

_CONTRACTS = (AREA_EVENT, AGREEMENT_EVENT, MORATORIUM_EVENT)


@dataclass(frozen=True, slots=True)
class PlaceChange:
    """One record of topic `areas`.

    Attributes:
        event: the event in it.
        framed: its bytes as they stand in the log.
        source: its partition.
        offset: its place in it.
    """

    event: PlaceEvent
    framed: bytes
    source: PartitionId
    offset: int

    @property
    def subject(self) -> str:
        """The id of what it is about."""
        return subject_of(self.event)

    @property
    def place(self) -> str:
        """Name the record in one string."""
        return f"{self.source.lane}/{self.offset}"


def decode_place(record: LogRecord, crs: int) -> PlaceChange:
    """Decode one record of topic `areas`.

    Args:
        record: the record.
        crs: EPSG number of the hub's CRS.

    Raises:
        PoisonRecord: `tombstone`, `undecodable`, `wrong_key`, `missing_revision`, `wrong_crs`, `invalid_geometry` or
            `invalid_rules`. Consultation lets none of these in.
    """
    if record.value is None:
        raise PoisonRecord("tombstone", "the record has no value; areas, agreements and moratoria end by an event")
    try:
        contract = contract_of_record(record.value)
        if contract not in _CONTRACTS:
            raise PoisonRecord("undecodable", f"topic {record.source.topic} holds no {contract}")
        event: PlaceEvent = CODECS[contract].decode(record.value)
    except ContractError as error:
        raise PoisonRecord("undecodable", str(error)) from error
    subject = subject_of(event)
    if record.key != subject.encode():
        raise PoisonRecord("wrong_key", f"the key is {record.key!r} and the event is of {subject}")
    if event.revision < 1:
        raise PoisonRecord("missing_revision", f"{subject} has revision {event.revision}; consultation numbers from 1")
    _check(event, crs)
    return PlaceChange(event, record.value, record.source, record.offset)


def subject_of(event: PlaceEvent) -> str:
    """Give the id of what the event is about."""
    if isinstance(event, AreaEvent):
        return event.area_id
    return event.agreement_id if isinstance(event, AgreementEvent) else event.moratorium_id


def save_places(connection: Connection, changes: Sequence[PlaceChange]) -> None:
    """Store what changed; the same again, or what is older than what is stored, changes nothing."""
    rows: dict[str, list[dict[str, Any]]] = {"areas": [], "agreements": [], "versions": [], "moratoria": []}
    for change in changes:
        event, framed = change.event, change.framed
        if isinstance(event, AreaEvent):
            rows["areas"].append(_area_row(event, framed))
        elif isinstance(event, AgreementEvent):
            rows["agreements"].append(_agreement_row(event, framed))
        else:
            rows["versions"].append(_version_row(event, framed))
            rows["moratoria"].append(_moratorium_row(event))
    _keep(connection, areas, rows["areas"])
    _keep(connection, agreements, rows["agreements"])
    _keep(connection, moratorium_versions, rows["versions"])
    _save_moratoria(connection, rows["moratoria"])


def _check(event: PlaceEvent, crs: int) -> None:
    if isinstance(event, AgreementEvent):
        try:
            rules_from_json(event.rules)
        except AgreementError as error:
            raise PoisonRecord("invalid_rules", f"{event.agreement_id} revision {event.revision}: {error}") from error
        return
    name = f"{subject_of(event)} revision {event.revision}"
    if event.srid != crs:
        raise PoisonRecord("wrong_crs", f"{name} is in EPSG:{event.srid}, and the hub in EPSG:{crs}")
    if shapely.is_missing(read_shapes([event.geometry]).geometry)[0]:
        raise PoisonRecord("invalid_geometry", f"the geometry of {name} cannot be read or is empty")


def _area_row(event: AreaEvent, framed: bytes) -> dict[str, Any]:
    return {
        "area_id": event.area_id,
        "revision": event.revision,
        "authority": event.authority,
        "kind": event.kind.value,
        "name": event.name,
        "code": event.code,
        "active": event.active,
        "valid_from": event.valid_from,
        "valid_until": event.valid_until,
        "director": event.director,
        "members": ",".join(event.members),
        "margin_m": event.margin_m,
        **_placed(event.geometry),
        "recorded_at": event.recorded_at,
        "event": framed,
    }


def _agreement_row(event: AgreementEvent, framed: bytes) -> dict[str, Any]:
    return {
        "agreement_id": event.agreement_id,
        "revision": event.revision,
        "authority": event.authority,
        "area_ids": " ".join(event.areas),
        "title": event.title,
        "ruleset": event.ruleset,
        "version": event.version,
        "rules": rules_to_json(rules_from_json(event.rules)),
        "valid_from": event.valid_from,
        "valid_until": event.valid_until,
        "ended": event.ended_at is not None,
        "recorded_at": event.recorded_at,
        "event": framed,
    }


def _moratorium_row(event: MoratoriumEvent) -> dict[str, Any]:
    return {
        "moratorium_id": event.moratorium_id,
        "revision": event.revision,
        "authority": event.authority,
        "title": event.title,
        "kind": event.kind.value,
        "origin": event.origin.value,
        "derived_from": event.derived_from,
        "lifted": event.lifted_at is not None,
        "starts_us": to_micros(event.starts),
        "ends_us": None if event.ends is None else to_micros(event.ends),
        "disciplines": ",".join(sorted({one.value for one in event.disciplines})),
        "exceptions": ",".join(sorted({one.value for one in event.exceptions})),
        "exempt_plans": " ".join(sorted(set(event.exempt_plans))),
        **_placed(event.geometry),
        "recorded_at": event.recorded_at,
    }


def _version_row(event: MoratoriumEvent, framed: bytes) -> dict[str, Any]:
    return {
        "moratorium_id": event.moratorium_id,
        "revision": event.revision,
        "recorded_at": event.recorded_at,
        "event": framed,
    }


def _placed(wkb: bytes) -> dict[str, Any]:
    box = np.asarray(shapely.bounds(read_shapes([wkb]).geometry))[0]
    return {"wkb": wkb, **dict(zip(("min_x", "min_y", "max_x", "max_y"), map(float, box), strict=True))}


def _keep(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(_insert(connection)(table).on_conflict_do_nothing(), rows)


def _save_moratoria(connection: Connection, rows: list[dict[str, Any]]) -> None:
    newest = {row["moratorium_id"]: row for row in sorted(rows, key=lambda row: int(row["revision"]))}
    if not newest:
        return
    adding = _insert(connection)(moratoria)
    given = adding.excluded
    replacing = {column.name: given[column.name] for column in moratoria.columns if not column.primary_key}
    statement = adding.on_conflict_do_update(
        index_elements=["moratorium_id"], set_=replacing, where=moratoria.c.revision < given.revision
    )
    connection.execute(statement, [newest[key] for key in sorted(newest)])


def _insert(connection: Connection) -> Any:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
