"""The records behind vectors and pages: each contract in full, with as little as it allows, and in odd cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel

from meekoppel_contracts.codes import AreaKind, AssessmentAnswer, AssessmentCause, Discipline, PlanEventType
from meekoppel_contracts.events import RejectedHeader
from meekoppel_contracts.headers import (
    EventHeaders,
    agreement_event_headers,
    area_event_headers,
    assessment_event_headers,
    cooperation_event_headers,
    heartbeat_headers,
    moratorium_event_headers,
    notification_headers,
    overlap_event_headers,
    plan_event_headers,
    quality_event_headers,
    rejection_headers,
)
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.notification import NotificationText
from meekoppel_contracts.plan import Contract
from meekoppel_contracts.registry import (
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
)
from meekoppel_contracts.testing import (
    example_agreement,
    example_area,
    example_assessment,
    example_breach,
    example_cooperation,
    example_event,
    example_heartbeat,
    example_moratorium,
    example_notification,
    example_opportunity,
    example_overlap,
    example_plan,
    example_quality,
    example_rejection,
    example_zone,
)

_ACCEPTED: Final = datetime(2026, 3, 2, 8, 15, 3, 250_000, tzinfo=UTC)
_HEADERS: Final[Mapping[str, Callable[[Any], EventHeaders]]] = {
    PLAN_EVENT: lambda event: plan_event_headers(event, time=event.recorded_at or _ACCEPTED),
    PLAN_REJECTION: rejection_headers,
    OVERLAP_EVENT: overlap_event_headers,
    ASSESSMENT_EVENT: assessment_event_headers,
    COOPERATION_EVENT: cooperation_event_headers,
    MORATORIUM_EVENT: moratorium_event_headers,
    AREA_EVENT: area_event_headers,
    AGREEMENT_EVENT: agreement_event_headers,
    CONNECTOR_HEARTBEAT: heartbeat_headers,
    NOTIFICATION: notification_headers,
    QUALITY_EVENT: quality_event_headers,
}
IN_FULL: Final = "in full"
_IN_FULL: Final[Mapping[str, Callable[[], Contract]]] = {
    PLAN_EVENT: example_event,
    PLAN_REJECTION: example_rejection,
    OVERLAP_EVENT: example_overlap,
    ASSESSMENT_EVENT: example_assessment,
    COOPERATION_EVENT: example_cooperation,
    MORATORIUM_EVENT: example_moratorium,
    AREA_EVENT: example_area,
    AGREEMENT_EVENT: example_agreement,
    CONNECTOR_HEARTBEAT: example_heartbeat,
    NOTIFICATION: example_notification,
    QUALITY_EVENT: example_quality,
}


@dataclass(frozen=True, slots=True)
class Example:
    """One record that a reader of any language must be able to read.

    Attributes:
        subject: the contract.
        name: short, unique per contract.
        meaning: what it shows.
        record: the record.
    """

    subject: str
    name: str
    meaning: str
    record: Contract

    @property
    def headers(self) -> EventHeaders:
        """The headers with which it travels."""
        return _HEADERS[self.subject](self.record)


def in_full(subject: str) -> Example:
    """Give the example of a contract, as a page shows it."""
    return Example(subject, IN_FULL, "A credible record.", _IN_FULL[subject]())


def examples(subject: str) -> tuple[Example, ...]:
    """Give every example of a contract."""
    full = in_full(subject)
    least = Example(
        subject, "least", "Only what must be there: everything else is null, empty or its default.", _least(full.record)
    )
    return (full, least, *(one for one in _odd_cases() if one.subject == subject))


def _odd_cases() -> tuple[Example, ...]:
    return (*_odd_plan_events(), *_odd_coordination(), *_odd_answers())


def _odd_plan_events() -> tuple[Example, ...]:
    to_the_microsecond = datetime(2026, 3, 2, 8, 15, 3, 1, tzinfo=UTC)
    before_1970 = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    return (
        Example(
            PLAN_EVENT,
            "unicode",
            "Text in several scripts, a combining accent, a character outside the basic plane, a right-to-left word.",
            example_event(
                plan=example_plan(
                    title="Wijkaanpak ’s-Gravenzande — Štěpánská, Ελλάδα, 東京 🚧", description="e\u0301e\u0301n שלום"
                )
            ),
        ),
        Example(
            PLAN_EVENT,
            "microseconds",
            "Times of which the last microsecond counts, one of them before 1970: the number is negative.",
            example_event(recorded_at=to_the_microsecond, occurred_at=before_1970),
        ),
        Example(
            PLAN_EVENT,
            "in an inbox",
            "As a connector sends it: not numbered and not recorded yet.",
            example_event(version=0, recorded_at=None, occurred_at=None, type=PlanEventType.CHANGED),
        ),
        Example(
            PLAN_EVENT,
            "new symbol",
            "A discipline that version 1 does not know: its readers take it as other.",
            example_event(plan=example_plan(disciplines=(Discipline.ROAD, Discipline.HYDROGEN))),
        ),
        Example(
            PLAN_EVENT,
            "repaired geometry",
            "Fields that version 1 does not have: its readers do without.",
            example_event(
                plan=example_plan(zones=(example_zone(repaired=True, position_error_m=0.25, simplified_m=0.1),))
            ),
        ),
    )


def _odd_coordination() -> tuple[Example, ...]:
    return (
        Example(
            AREA_EVENT,
            "collaboration",
            "Organisations that share restricted plans with each other, and the code by which they do.",
            example_area(
                kind=AreaKind.COLLABORATION,
                code="eemland",
                members=(OrgCode("gm0307"), OrgCode("vitens")),
            ),
        ),
        Example(
            OVERLAP_EVENT,
            "opportunity",
            "A chance to combine works on a border: two agreements were applied, and the score is shown by its parts.",
            example_opportunity(),
        ),
        Example(
            OVERLAP_EVENT,
            "breach",
            "A plan that digs where the ground rests: the second side is the moratorium.",
            example_breach(),
        ),
        Example(
            ASSESSMENT_EVENT,
            "opened up",
            "A party of a blind match lets the other see its plan; it has said nothing of the overlap yet.",
            example_assessment(
                answer=AssessmentAnswer.UNDECIDED, cause=AssessmentCause.OPENED_UP, opens_up=True, answered_at=None
            ),
        ),
        Example(
            ASSESSMENT_EVENT,
            "set back",
            "One of the plans changed after the party answered: it has to look again.",
            example_assessment(
                answer=AssessmentAnswer.UNDECIDED,
                previous_answer=AssessmentAnswer.YES,
                cause=AssessmentCause.PLAN_CHANGED,
                to_reassess=True,
                answered_at=None,
            ),
        ),
    )


def _odd_answers() -> tuple[Example, ...]:
    return (
        Example(
            PLAN_REJECTION,
            "tombstone",
            "A record without key and value was rejected; two of its headers have the same name, one has no value.",
            example_rejection(
                key=None,
                value=None,
                headers=(RejectedHeader(name="h", value=b"\x00\xff"), RejectedHeader(name="h", value=None)),
            ),
        ),
        Example(
            NOTIFICATION,
            "unicode",
            "Text in several scripts.",
            example_notification(text=NotificationText(nl="’s-Gravenhage: één œuvre 🚧", en="The Hague: 東京")),
        ),
    )


def _least(record: Contract) -> Contract:
    return type(record).model_validate(_needed(record))


def _needed(value: Any) -> Any:
    """Keep of a record what has no default, all the way down; of a list its first item."""
    if isinstance(value, BaseModel):
        needed = [name for name, field in type(value).model_fields.items() if field.is_required()]
        return {name: _needed(getattr(value, name)) for name in needed}
    if isinstance(value, tuple):
        return tuple(_needed(item) for item in value[:1])
    return value
