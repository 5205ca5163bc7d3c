"""The headers of what an organisation puts into its coordination inbox: requests that the hub has yet to number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from meekoppel_contracts.areas import AgreementEvent, AreaEvent, MoratoriumEvent
from meekoppel_contracts.coordination import AssessmentEvent, CooperationEvent
from meekoppel_contracts.headers.areas import agreement_event_headers, area_event_headers, moratorium_event_headers
from meekoppel_contracts.headers.attributes import EventHeaders
from meekoppel_contracts.headers.coordination import assessment_event_headers, cooperation_event_headers
from meekoppel_contracts.headers.source import organisation_source
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.plan import Contract

# How the hub describes each of these once it is numbered: a request says the same, but for who says it and its number.
_DESCRIBED_BY: Final[Mapping[type[Contract], Callable[[Any], EventHeaders]]] = {
    AssessmentEvent: assessment_event_headers,
    CooperationEvent: cooperation_event_headers,
    MoratoriumEvent: moratorium_event_headers,
    AreaEvent: area_event_headers,
    AgreementEvent: agreement_event_headers,
}


def request_headers(
    event: Contract, *, id: str, organisation: OrgCode, time: datetime, oin: str | None = None
) -> EventHeaders:
    """Describe a request for `coordination-inbox.<organisation>`.

    Args:
        event: what is asked for: an assessment, a cooperation, a moratorium, an area or an agreement.
        id: unique per organisation; the same when the same request is sent again, which then changes nothing.
        organisation: who asks.
        time: when, aware.
        oin: the organisation's OIN where it has one.

    Raises:
        HeaderError: when a value cannot stand in a header.
        KeyError: when such an event cannot be asked for.
    """
    described = _DESCRIBED_BY[type(event)](event)
    return replace(described, id=id, source=organisation_source(organisation, oin), time=time, sequence=0)
