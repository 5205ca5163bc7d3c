"""The rules an event must keep: who may say it, and whether it means something. Geometry has its own module.

Pure: values in, a rejection or None out. The order of the rules is the order in which a sender can act on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from meekoppel_contracts.codes import RejectionReason, Status
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import OrgCode, split_plan_id
from meekoppel_contracts.plan import Period, Plan
from meekoppel_hub.intake.outcome import Rejection, Submission
from meekoppel_hub.platform.organisations import Organisation

# The longest works known (dikes, tunnels) take decades; what lies outside is a mistyped century.
EARLIEST_START = datetime(1900, 1, 1, tzinfo=UTC)
LONGEST_PERIOD = timedelta(days=36_525)

_NOT_SHAREABLE = frozenset({Status.CONCEPT, Status.UNKNOWN})

# Nuisance reaches some hundreds of metres; a buffer of a country would meet every plan in it.
MAX_BUFFER_M = 1_000


def check_identity(
    submission: Submission, namespace: str, organisations: Mapping[OrgCode, Organisation]
) -> Rejection | None:
    """Check key, plan id, publisher and initiator against the inbox and the registrations."""
    plan = submission.event.plan
    return (
        _check_key(submission.record.key, plan)
        or _check_namespace(plan, namespace)
        or _check_publisher(submission, organisations.get(submission.organisation))
        or _check_initiator(plan, organisations[submission.organisation])
    )


def check_text(event: PlanEvent) -> Rejection | None:
    """Check the texts that are shown: none may hold the character NUL, which PostgreSQL cannot keep."""
    shown = {
        "plan.title": event.plan.title,
        "plan.initiator.name": event.plan.initiator.name,
        "reason": event.reason or "",
    }
    for field, text in shown.items():
        if "\x00" in text:
            message = f"{field} holds the character NUL (U+0000), which is no text; leave it out"
            return Rejection(RejectionReason.UNDECODABLE, message, field)
    return None


def check_meaning(plan: Plan, crs: int) -> Rejection | None:
    """Check status, period, the CRS (EPSG number) that the zones name, and how far they reach."""
    return (
        _check_status(plan)
        or _check_period(plan.period)
        or _check_actual(plan)
        or _check_crs(plan, crs)
        or _check_reach(plan)
    )


def _check_reach(plan: Plan) -> Rejection | None:
    for number, zone in enumerate(plan.zones):
        if zone.buffer_m > MAX_BUFFER_M:
            return Rejection(
                RejectionReason.INVALID_GEOMETRY,
                f"zone {zone.zone_id!r} reaches {zone.buffer_m:g} m around its geometry; {MAX_BUFFER_M} m is the most",
                f"plan.zones.{number}.buffer_m",
            )
    return None


def _check_key(key: bytes | None, plan: Plan) -> Rejection | None:
    if key == plan.plan_id.encode():
        return None
    shown = "missing" if key is None else repr(key[:200].decode(errors="replace"))
    return Rejection(
        RejectionReason.WRONG_KEY,
        f"the record key is {shown}; it must be the plan id {plan.plan_id!r}, so that a plan's events keep their order",
    )


def _check_namespace(plan: Plan, namespace: str) -> Rejection | None:
    given, _, _ = split_plan_id(plan.plan_id)
    if given == namespace:
        return None
    return Rejection(
        RejectionReason.WRONG_NAMESPACE,
        f"plan id {plan.plan_id!r} begins with {given!r}; in this hub plan ids begin with {namespace!r}",
        "plan.plan_id",
    )


def _check_publisher(submission: Submission, registered: Organisation | None) -> Rejection | None:
    inbox, event = submission.organisation, submission.event
    if registered is None or not registered.active:
        state = "not registered" if registered is None else "not active"
        return Rejection(
            RejectionReason.PUBLISHER_NOT_ALLOWED,
            f"organisation {inbox!r} is {state} in this hub; ask its operator",
            "publisher",
        )
    if event.publisher != inbox:
        return Rejection(
            RejectionReason.PUBLISHER_NOT_ALLOWED,
            f"publisher {event.publisher!r} may not use the inbox of {inbox!r}",
            "publisher",
        )
    _, owner, _ = split_plan_id(event.plan.plan_id)
    if owner != inbox:
        return Rejection(
            RejectionReason.PUBLISHER_NOT_ALLOWED,
            f"plan id {event.plan.plan_id!r} belongs to {owner!r}; the plans of {inbox!r} carry its own code",
            "plan.plan_id",
        )
    return None


def _check_initiator(plan: Plan, publisher: Organisation) -> Rejection | None:
    initiator = plan.initiator.organisation
    if publisher.may_publish(initiator):
        return None
    return Rejection(
        RejectionReason.INITIATOR_NOT_ALLOWED,
        f"{publisher.code!r} may not publish plans of {initiator!r}; its registration must name that organisation",
        "plan.initiator.organisation",
    )


def _check_status(plan: Plan) -> Rejection | None:
    if plan.status not in _NOT_SHAREABLE:
        return None
    return Rejection(
        RejectionReason.NOT_SHAREABLE,
        f"a plan with status {plan.status.value!r} is not shared; send it from status tentative on",
        "plan.status",
    )


def _check_period(period: Period) -> Rejection | None:
    window = f"from {period.earliest_start.isoformat()} until {period.latest_end.isoformat()}"
    if period.earliest_start < EARLIEST_START:
        return _invalid_period(f"the period {window} begins before {EARLIEST_START.year}", "earliest_start")
    if period.latest_end - period.earliest_start > LONGEST_PERIOD:
        return _invalid_period(f"the period {window} is longer than 100 years", "latest_end")
    for name in ("latest_start", "earliest_end"):
        moment: datetime | None = getattr(period, name)
        if moment is not None and not period.earliest_start <= moment <= period.latest_end:
            return _invalid_period(f"{name} {moment.isoformat()} lies outside the period {window}", name)
    return None


def _invalid_period(message: str, field: str) -> Rejection:
    return Rejection(RejectionReason.INVALID_PERIOD, message, f"plan.period.{field}")


def _check_actual(plan: Plan) -> Rejection | None:
    if plan.actual_start is None or plan.actual_end is None or plan.actual_end >= plan.actual_start:
        return None
    return Rejection(
        RejectionReason.INVALID_PERIOD,
        f"actual_end {plan.actual_end.isoformat()} lies before actual_start {plan.actual_start.isoformat()}",
        "plan.actual_end",
    )


def _check_crs(plan: Plan, crs: int) -> Rejection | None:
    for number, zone in enumerate(plan.zones):
        if zone.srid != crs:
            return Rejection(
                RejectionReason.WRONG_CRS,
                f"zone {zone.zone_id!r} is in EPSG:{zone.srid}; this hub takes EPSG:{crs}",
                f"plan.zones[{number}].srid",
            )
    return None
