"""The headers of places with rules of their own: moratoria, areas and agreements."""

from __future__ import annotations

from meekoppel_contracts.areas import AgreementEvent, AreaEvent, MoratoriumEvent
from meekoppel_contracts.headers.attributes import EventHeaders
from meekoppel_contracts.headers.source import HUB_SOURCE
from meekoppel_contracts.registry import AGREEMENT_EVENT, AREA_EVENT, MORATORIUM_EVENT, packaged_registry


def moratorium_event_headers(event: MoratoriumEvent, *, source: str = HUB_SOURCE) -> EventHeaders:
    """Describe a moratorium event: its id is `<moratorium id>/<revision>`, its partition key the moratorium id.

    Raises:
        HeaderError: when a value cannot stand in a header.
    """
    return EventHeaders(
        id=f"{event.moratorium_id}/{event.revision}",
        source=source,
        type=f"nl.meekoppel.moratorium.{event.type.value}.v1",
        subject=event.moratorium_id,
        time=event.recorded_at,
        dataschema=packaged_registry().newest(MORATORIUM_EVENT).uri,
        partition_key=event.moratorium_id,
        sequence=event.revision,
    )


def area_event_headers(event: AreaEvent, *, source: str = HUB_SOURCE) -> EventHeaders:
    """Describe an area event: its id is `<area id>/<revision>`, its partition key the area id.

    Raises:
        HeaderError: when a value cannot stand in a header.
    """
    return EventHeaders(
        id=f"{event.area_id}/{event.revision}",
        source=source,
        type=f"nl.meekoppel.area.{event.type.value}.v1",
        subject=event.area_id,
        time=event.recorded_at,
        dataschema=packaged_registry().newest(AREA_EVENT).uri,
        partition_key=event.area_id,
        sequence=event.revision,
    )


def agreement_event_headers(event: AgreementEvent, *, source: str = HUB_SOURCE) -> EventHeaders:
    """Describe an agreement event: its id is `<agreement id>/<revision>`, its partition key the agreement id.

    Raises:
        HeaderError: when a value cannot stand in a header.
    """
    return EventHeaders(
        id=f"{event.agreement_id}/{event.revision}",
        source=source,
        type=f"nl.meekoppel.agreement.{event.type.value}.v1",
        subject=event.agreement_id,
        time=event.recorded_at,
        dataschema=packaged_registry().newest(AGREEMENT_EVENT).uri,
        partition_key=event.agreement_id,
        sequence=event.revision,
    )
