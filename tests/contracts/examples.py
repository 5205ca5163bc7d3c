"""One credible record of each contract, from the package's own examples."""

from __future__ import annotations

from meekoppel_contracts import (
    AGREEMENT_EVENT,
    AREA_EVENT,
    ASSESSMENT_EVENT,
    CONNECTOR_HEARTBEAT,
    COOPERATION_EVENT,
    MORATORIUM_EVENT,
    NOTIFICATION,
    OVERLAP_EVENT,
    PLAN_EVENT,
    PLAN_REJECTION,
    QUALITY_EVENT,
    Contract,
)
from meekoppel_contracts.testing import (
    example_agreement,
    example_area,
    example_assessment,
    example_cooperation,
    example_event,
    example_heartbeat,
    example_moratorium,
    example_notification,
    example_overlap,
    example_quality,
    example_rejection,
)

EXAMPLES: dict[str, Contract] = {
    PLAN_EVENT: example_event(),
    OVERLAP_EVENT: example_overlap(),
    PLAN_REJECTION: example_rejection(),
    ASSESSMENT_EVENT: example_assessment(),
    COOPERATION_EVENT: example_cooperation(),
    MORATORIUM_EVENT: example_moratorium(),
    AREA_EVENT: example_area(),
    AGREEMENT_EVENT: example_agreement(),
    CONNECTOR_HEARTBEAT: example_heartbeat(),
    NOTIFICATION: example_notification(),
    QUALITY_EVENT: example_quality(),
}
