"""What hypothesis builds records from: everything that the models allow, not only what is likely."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

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
    Accuracy,
    Affected,
    AgreedWindow,
    AgreementEvent,
    AgreementEventType,
    AreaEvent,
    AreaKind,
    AssessedPlan,
    AssessmentAnswer,
    AssessmentCause,
    AssessmentEvent,
    Attachment,
    Certainty,
    ConnectorHeartbeat,
    ConnectorOutcome,
    Contact,
    Contract,
    CooperatingParty,
    CooperatingPlan,
    Cooperation,
    CooperationAnswer,
    CooperationEvent,
    CooperationEventType,
    CooperationKind,
    CooperationState,
    Discipline,
    Excavation,
    Initiator,
    Mandate,
    MandateRole,
    MoratoriumEvent,
    MoratoriumEventType,
    MoratoriumException,
    MoratoriumKind,
    MoratoriumOrigin,
    Notification,
    NotificationCategory,
    NotificationState,
    NotificationText,
    Nuisance,
    NuisanceEffect,
    OpportunityPart,
    OrganisationKind,
    OverlapEvent,
    OverlapEventType,
    OverlapKind,
    OverlapSide,
    Period,
    Phase,
    Plan,
    PlanEvent,
    PlanEventType,
    PlanRejection,
    PlanRelation,
    Precision,
    QualityEvent,
    QualityEventType,
    QualityPart,
    QualityPoints,
    RejectedHeader,
    RejectionReason,
    RelatedPlan,
    ScorePart,
    Severity,
    SharedWith,
    SourceRef,
    Status,
    Visibility,
    WorkType,
    Zone,
    ZoneRole,
    check_plan_id,
    org_code,
)

text = st.text(max_size=20)
some_text = st.text(min_size=1, max_size=20)
organisations = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True).map(org_code)
plan_ids = st.from_regex(r"[A-Z]{2}\.[a-z0-9]{1,6}\.[A-Za-z0-9_,.:/\-]{1,12}", fullmatch=True).map(check_plan_id)
offsets = st.integers(min_value=-840, max_value=840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(1900, 1, 1), datetime(2300, 1, 1), timezones=st.just(UTC) | offsets)  # noqa: DTZ001
longs = st.integers(min_value=0, max_value=2**63 - 1)
metres = st.floats(min_value=0, allow_nan=False, allow_infinity=False)


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def several(values: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, min_size=least, max_size=3).map(tuple)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    starts, ends = sorted((draw(times), draw(times)))
    return Period(
        earliest_start=starts,
        latest_start=draw(optional(times)),
        earliest_end=draw(optional(times)),
        latest_end=ends,
        duration_days=draw(optional(longs)),
        precision=draw(st.sampled_from(Precision)),
        start_confirmed=draw(st.booleans()),
        end_confirmed=draw(st.booleans()),
        can_shift_earlier_days=draw(optional(longs)),
        can_shift_later_days=draw(optional(longs)),
    )


zones = st.builds(
    Zone,
    zone_id=some_text,
    role=st.sampled_from(ZoneRole),
    geometry=st.binary(min_size=1, max_size=60),
    srid=st.integers(min_value=1, max_value=2**63 - 1),
    accuracy=st.sampled_from(Accuracy),
    buffer_m=metres,
    repaired=st.booleans(),
    position_error_m=optional(metres),
    simplified_m=optional(metres),
)

plans = st.builds(
    Plan,
    plan_id=plan_ids,
    title=some_text,
    description=optional(text),
    source_refs=several(st.builds(SourceRef, system=some_text, id=some_text)),
    related_plans=several(st.builds(RelatedPlan, relation=st.sampled_from(PlanRelation), plan_id=plan_ids)),
    initiator=st.builds(
        Initiator,
        organisation=organisations,
        name=some_text,
        kind=st.sampled_from(OrganisationKind),
        oin=optional(st.from_regex(r"[0-9]{20}", fullmatch=True)),
        kvk=optional(st.from_regex(r"[0-9]{8}", fullmatch=True)),
    ),
    mandated=several(st.builds(Mandate, organisation=organisations, role=st.sampled_from(MandateRole))),
    contact=optional(st.builds(Contact, mailbox=optional(text), phone=optional(text), url=optional(text))),
    disciplines=several(st.sampled_from(Discipline)),
    work_types=several(st.sampled_from(WorkType)),
    excavation=optional(
        st.builds(
            Excavation,
            digs=st.booleans(),
            area_m2=optional(metres),
            trench_length_m=optional(metres),
            depth_m=optional(metres),
            trenchless=optional(st.booleans()),
        )
    ),
    phase=st.sampled_from(Phase),
    status=st.sampled_from(Status),
    certainty=st.sampled_from(Certainty),
    period=periods(),
    actual_start=optional(times),
    actual_end=optional(times),
    zones=several(zones, least=1),
    nuisance=several(
        st.builds(
            Nuisance,
            who=st.sampled_from(Affected),
            effect=st.sampled_from(NuisanceEffect),
            severe=st.booleans(),
            zone_id=optional(text),
            starts=optional(times),
            ends=optional(times),
            note=optional(text),
        )
    ),
    cooperation=optional(
        st.builds(
            Cooperation,
            open=st.booleans(),
            kinds=several(st.sampled_from(CooperationKind)),
            answer_by=optional(times),
        )
    ),
    visibility=st.sampled_from(Visibility),
    shared_with=optional(st.builds(SharedWith, organisations=several(organisations), collaborations=several(text))),
    public_from=optional(times),
    confirmed_at=optional(times),
    license=optional(text),
    attachments=several(st.builds(Attachment, uri=some_text, media_type=some_text, name=some_text)),
)

plan_events = st.builds(
    PlanEvent,
    type=st.sampled_from(PlanEventType),
    version=longs,
    publisher=organisations,
    occurred_at=optional(times),
    recorded_at=optional(times),
    reason=optional(text),
    changed_fields=several(text),
    plan=plans,
)

sides = st.builds(
    OverlapSide,
    plan_id=plan_ids,
    version=st.integers(min_value=1, max_value=2**63 - 1),
    organisation=organisations,
    title=text,
)

overlap_events = st.builds(
    OverlapEvent,
    type=st.sampled_from(OverlapEventType),
    overlap_id=text,
    revision=st.integers(min_value=1, max_value=2**63 - 1),
    kind=st.sampled_from(OverlapKind),
    severity=st.sampled_from(Severity),
    first=sides,
    second=sides,
    ruleset=text,
    area_m2=metres,
    distance_m=metres,
    overlap_days=longs,
    gap_days=longs,
    score=optional(st.integers(min_value=0, max_value=100)),
    explanation=text,
    location=st.binary(max_size=30),
    srid=st.integers(min_value=1, max_value=2**63 - 1),
    recorded_at=times,
    moratorium_id=optional(plan_ids),
    explanation_nl=optional(text),
    score_parts=several(
        st.builds(
            ScorePart,
            part=st.sampled_from(OpportunityPart),
            points=st.integers(min_value=0, max_value=100),
            weight=metres,
        )
    ),
    rulesets=several(text),
    assess_by=optional(times),
)

rejections = st.builds(
    PlanRejection,
    organisation=organisations,
    reason=st.sampled_from(RejectionReason),
    message=text,
    field=optional(text),
    plan_id=optional(text),
    topic=text,
    partition=longs,
    offset=longs,
    key=optional(st.binary(max_size=20)),
    value=optional(st.binary(max_size=60)),
    headers=several(st.builds(RejectedHeader, name=text, value=optional(st.binary(max_size=20)))),
    rejected_at=times,
)

assessed_plans = st.builds(
    AssessedPlan, plan_id=plan_ids, version=st.integers(min_value=1, max_value=2**63 - 1), organisation=organisations
)

assessments = st.builds(
    AssessmentEvent,
    overlap_id=text,
    revision=st.integers(min_value=1, max_value=2**63 - 1),
    organisation=organisations,
    answer=st.sampled_from(AssessmentAnswer),
    cause=st.sampled_from(AssessmentCause),
    to_reassess=st.booleans(),
    previous_answer=optional(st.sampled_from(AssessmentAnswer)),
    note=optional(text),
    decision=optional(text),
    opens_up=st.booleans(),
    overlap_revision=st.integers(min_value=1, max_value=2**63 - 1),
    first=assessed_plans,
    second=assessed_plans,
    cooperation_id=optional(text),
    answered_at=optional(times),
    recorded_at=times,
)


@st.composite
def windows(draw: st.DrawFn) -> AgreedWindow:
    starts, ends = sorted((draw(times), draw(times)))
    return AgreedWindow(starts=starts, ends=ends)


cooperations = st.builds(
    CooperationEvent,
    type=st.sampled_from(CooperationEventType),
    cooperation_id=some_text,
    revision=st.integers(min_value=1, max_value=2**63 - 1),
    title=some_text,
    description=optional(text),
    state=st.sampled_from(CooperationState),
    kinds=several(st.sampled_from(CooperationKind)),
    proposed_by=organisations,
    lead=optional(organisations),
    actor=optional(organisations),
    plans=several(
        st.builds(
            CooperatingPlan,
            plan_id=plan_ids,
            version=st.integers(min_value=1, max_value=2**63 - 1),
            organisation=organisations,
            title=text,
            added_by=optional(organisations),
            added_at=optional(times),
        )
    ),
    parties=several(
        st.builds(
            CooperatingParty,
            organisation=organisations,
            answer=st.sampled_from(CooperationAnswer),
            note=optional(text),
            answered_at=optional(times),
            reminded_at=optional(times),
        )
    ),
    answer_by=optional(times),
    add_works_by=optional(times),
    window=optional(windows()),
    overlap_ids=several(text),
    reason=optional(text),
    occurred_at=optional(times),
    recorded_at=times,
)


@st.composite
def moratoria(draw: st.DrawFn) -> MoratoriumEvent:
    starts, ends = sorted((draw(times), draw(times)))
    return MoratoriumEvent(
        type=draw(st.sampled_from(MoratoriumEventType)),
        moratorium_id=draw(plan_ids),
        revision=draw(st.integers(min_value=1, max_value=2**63 - 1)),
        authority=draw(organisations),
        title=draw(some_text),
        kind=draw(st.sampled_from(MoratoriumKind)),
        origin=draw(st.sampled_from(MoratoriumOrigin)),
        derived_from=draw(optional(plan_ids)),
        geometry=draw(st.binary(min_size=1, max_size=60)),
        srid=draw(st.integers(min_value=1, max_value=2**63 - 1)),
        starts=starts,
        ends=draw(optional(st.just(ends))),
        reason=draw(some_text),
        legal_ground=draw(optional(text)),
        legal_ground_uri=draw(optional(text)),
        disciplines=draw(several(st.sampled_from(Discipline))),
        exceptions=draw(several(st.sampled_from(MoratoriumException))),
        exceptions_note=draw(optional(text)),
        exempt_plans=draw(several(plan_ids)),
        lifted_at=draw(optional(times)),
        lifted_reason=draw(optional(text)),
        recorded_at=draw(times),
    )


area_events = st.builds(
    AreaEvent,
    area_id=plan_ids,
    revision=st.integers(min_value=1, max_value=2**63 - 1),
    authority=organisations,
    kind=st.sampled_from(AreaKind),
    name=some_text,
    code=optional(text),
    geometry=st.binary(min_size=1, max_size=60),
    srid=st.integers(min_value=1, max_value=2**63 - 1),
    margin_m=metres,
    active=st.booleans(),
    valid_from=optional(times),
    valid_until=optional(times),
    members=several(organisations),
    director=optional(organisations),
    agreement=optional(text),
    source=optional(text),
    recorded_at=times,
)


@st.composite
def agreements(draw: st.DrawFn) -> AgreementEvent:
    starts, ends = sorted((draw(times), draw(times)))
    return AgreementEvent(
        type=draw(st.sampled_from(AgreementEventType)),
        agreement_id=draw(plan_ids),
        revision=draw(longs),
        authority=draw(organisations),
        areas=draw(several(plan_ids)),
        title=draw(some_text),
        ruleset=draw(some_text),
        version=draw(some_text),
        rules=draw(st.text(min_size=2, max_size=20)),
        own_settings=draw(several(text)),
        based_on=draw(optional(text)),
        document=draw(optional(text)),
        valid_from=draw(optional(st.just(starts))),
        valid_until=draw(st.just(ends) if starts < ends else st.none()),
        reason=draw(optional(text)),
        ended_at=draw(optional(times)),
        recorded_at=draw(times),
    )


heartbeats = st.builds(
    ConnectorHeartbeat,
    organisation=organisations,
    connector=some_text,
    connector_version=some_text,
    contracts_version=optional(text),
    source_format=some_text,
    epoch=optional(text),
    last_sequence=longs,
    run_started_at=optional(times),
    run_finished_at=optional(times),
    source_as_of=optional(times),
    outcome=st.sampled_from(ConnectorOutcome),
    rows_read=longs,
    rows_rejected=longs,
    plans_unchanged=longs,
    events_published=longs,
    outbox_waiting=longs,
    live_plans=optional(longs),
    next_run_due_at=optional(times),
    message=optional(text),
    sent_at=times,
)

notifications = st.builds(
    Notification,
    notification_id=some_text,
    revision=st.integers(min_value=1, max_value=2**63 - 1),
    category=st.sampled_from(NotificationCategory),
    type=st.sampled_from(["overlap.detected", "plan.left_area"]),
    organisation=organisations,
    subscription_id=optional(text),
    subject=some_text,
    plan_id=optional(plan_ids),
    text=st.builds(NotificationText, nl=some_text, en=some_text),
    url=optional(text),
    state=st.sampled_from(NotificationState),
    expires_at=times,
    deadline=optional(times),
    reminded_at=optional(times),
    handled_at=optional(times),
    event_ids=several(text),
    created_at=times,
    recorded_at=times,
)

quality_points = st.builds(
    QualityPoints,
    part=st.sampled_from(QualityPart),
    points=optional(st.floats(min_value=0, max_value=100)),
    weight=st.floats(min_value=0, max_value=1000),
)
quality_events = st.builds(
    QualityEvent,
    type=st.sampled_from(QualityEventType),
    publisher=organisations,
    period=st.sampled_from(["2026-01", "1999-12"]),
    starts=st.just(datetime(1, 1, 1, tzinfo=UTC)),
    ends=times.map(lambda time: max(time, datetime(1, 1, 2, tzinfo=UTC))),
    revision=st.integers(min_value=1, max_value=2**63 - 1),
    formula=some_text,
    score=optional(st.integers(0, 100)),
    parts=several(quality_points),
    **{
        name: longs
        for name, field in QualityEvent.model_fields.items()
        if field.annotation is int and name != "revision"
    },
    rejections=optional(longs),
    recorded_at=times,
)

RECORDS: dict[str, st.SearchStrategy[Contract]] = {
    PLAN_EVENT: plan_events,
    OVERLAP_EVENT: overlap_events,
    PLAN_REJECTION: rejections,
    ASSESSMENT_EVENT: assessments,
    COOPERATION_EVENT: cooperations,
    MORATORIUM_EVENT: moratoria(),
    AREA_EVENT: area_events,
    AGREEMENT_EVENT: agreements(),
    CONNECTOR_HEARTBEAT: heartbeats,
    NOTIFICATION: notifications,
    QUALITY_EVENT: quality_events,
}
"""Any record of each contract."""
