"""CloudEvents 1.0 headers in binary mode, after the NL GOV profile: who says what about what, and in what order."""

from __future__ import annotations

from meekoppel_contracts.headers.areas import agreement_event_headers, area_event_headers, moratorium_event_headers
from meekoppel_contracts.headers.attributes import CONTENT_TYPE, SPEC_VERSION, EventHeaders
from meekoppel_contracts.headers.coordination import (
    assessment_event_headers,
    cooperation_event_headers,
    overlap_event_headers,
    overlap_event_type,
)
from meekoppel_contracts.headers.exchange import (
    CONNECTOR_HEARD,
    heartbeat_headers,
    notification_headers,
    quality_event_headers,
)
from meekoppel_contracts.headers.plans import (
    INBOX_ID_HEADER,
    PLAN_REJECTED,
    VISIBILITY_HEADER,
    plan_event_headers,
    plan_event_type,
    rejection_headers,
)
from meekoppel_contracts.headers.requests import request_headers
from meekoppel_contracts.headers.source import HUB_SOURCE, organisation_source

__all__ = [
    "CONNECTOR_HEARD",
    "CONTENT_TYPE",
    "HUB_SOURCE",
    "INBOX_ID_HEADER",
    "PLAN_REJECTED",
    "SPEC_VERSION",
    "VISIBILITY_HEADER",
    "EventHeaders",
    "agreement_event_headers",
    "area_event_headers",
    "assessment_event_headers",
    "cooperation_event_headers",
    "heartbeat_headers",
    "moratorium_event_headers",
    "notification_headers",
    "organisation_source",
    "overlap_event_headers",
    "overlap_event_type",
    "plan_event_headers",
    "plan_event_type",
    "quality_event_headers",
    "rejection_headers",
    "request_headers",
]
