"""Agreements: the rules by which plans meet in the areas of an authority, or everywhere else."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from meekoppel_contracts.areas import AgreementEvent, AreaEvent
from meekoppel_contracts.codec import CODECS
from meekoppel_contracts.codes import AgreementEventType, RejectionReason
from meekoppel_contracts.registry import AGREEMENT_EVENT, AREA_EVENT
from meekoppel_contracts.topics import AREAS
from meekoppel_hub.consultation.handler import Desk, Handler
from meekoppel_hub.consultation.heads import load_history
from meekoppel_hub.consultation.outcome import NotYet, Refused
from meekoppel_hub.consultation.places import acts_for_the_hub, check_own_id, says_the_same
from meekoppel_hub.platform.agreements import AgreementError, national_agreement, rules_from_json, rules_to_json
from meekoppel_hub.platform.database.tables.consultation import heads


def handle_agreement(request: AgreementEvent, desk: Desk) -> None:
    """Take over an agreement, a new version of it, or its end.

    Raises:
        NotYet: when it names an area that the hub does not know.
        Refused: when it is not for this organisation to apply, or its rules cannot be used.
    """
    check_own_id(request.agreement_id, "agreement", desk)
    before = desk.head(AGREEMENT_EVENT, request.agreement_id)
    if request.type is AgreementEventType.ENDED:
        _end(request, before, desk)
        return
    checked = request.model_copy(update={"rules": _checked_rules(request), "ended_at": None})
    if before is not None and says_the_same(checked, before):
        return
    for area_id in request.areas:
        _check_area(area_id, desk)
    _check_others(request, desk)
    _check_version(checked, desk)
    number = {"revision": desk.next_revision(before), "recorded_at": desk.now}
    desk.tell(checked.model_copy(update=number), AREAS)


def _end(request: AgreementEvent, before: Any, desk: Desk) -> None:
    if before is None:
        raise NotYet(f"the hub knows no agreement {request.agreement_id}; there is nothing to end", "agreement_id")
    if before.ended_at is None:
        ended = {
            "type": AgreementEventType.ENDED,
            "ended_at": desk.now,
            "reason": request.reason,
            "revision": desk.next_revision(before),
            "recorded_at": desk.now,
        }
        desk.tell(before.model_copy(update=ended), AREAS)


def _checked_rules(request: AgreementEvent) -> str:
    try:
        rules = rules_from_json(request.rules)
    except AgreementError as error:
        raise Refused(RejectionReason.OTHER, str(error), "rules") from error
    if (rules.ruleset, rules.version) != (request.ruleset, request.version):
        raise Refused(
            RejectionReason.OTHER,
            f"the event says {request.ruleset}/{request.version} and its rules {rules.identity}; give both the same",
            "rules",
        )
    return rules_to_json(rules)


def _check_area(area_id: str, desk: Desk) -> None:
    area: AreaEvent | None = desk.head(AREA_EVENT, area_id)
    if area is None:
        raise NotYet(f"the hub knows no area {area_id}; declare it first with `meekoppel areas apply`", "areas")
    if area.authority != desk.organisation.code:
        raise Refused(
            RejectionReason.NOT_A_PARTY,
            f"area {area_id} is of {area.authority!r}; an agreement holds in areas of its own authority",
            "areas",
        )
    if not area.active:
        raise Refused(RejectionReason.NOT_NOW, f"area {area_id} has ended; leave it out", "areas")


def _check_others(request: AgreementEvent, desk: Desk) -> None:
    """See that no other agreement has the same name, holds in the same area, or is the default."""
    if not request.areas and not acts_for_the_hub(desk):
        raise Refused(
            RejectionReason.PUBLISHER_NOT_ALLOWED,
            "an agreement without areas is the default of the whole hub, for an organisation that may publish for "
            "everyone; name the areas in which yours holds",
            "areas",
        )
    if request.ruleset == national_agreement().ruleset:
        message = f"{request.ruleset!r} is the name of the built-in default; give yours a name of its own"
        raise Refused(RejectionReason.OTHER, message, "ruleset")
    for other in _in_use(desk.connection):
        if other.agreement_id == request.agreement_id:
            continue
        if other.ruleset == request.ruleset:
            message = f"{other.agreement_id} has a rule set of the name {other.ruleset!r}; give yours another one"
            raise Refused(RejectionReason.OTHER, message, "ruleset")
        if not request.areas and not other.areas:
            message = f"{other.agreement_id} is the default of this hub; end it first"
            raise Refused(RejectionReason.NOT_NOW, message, "areas")
        if shared := sorted(set(request.areas) & set(other.areas)):
            message = (
                f"in {', '.join(shared)} {other.agreement_id} holds already; end it first, or apply a version of it"
            )
            raise Refused(RejectionReason.NOT_NOW, message, "areas")


def _check_version(checked: AgreementEvent, desk: Desk) -> None:
    """See that a name and version, once used, always mean the same rules: they stand on every overlap."""
    for earlier in load_history(desk.connection, AGREEMENT_EVENT, checked.agreement_id):
        same_name = (earlier.ruleset, earlier.version) == (checked.ruleset, checked.version)
        if same_name and earlier.rules != checked.rules:
            raise Refused(
                RejectionReason.STALE_REVISION,
                f"{checked.ruleset}/{checked.version} was applied before with other rules; give these a new `version`",
                "version",
            )


def _in_use(connection: Connection) -> list[AgreementEvent]:
    values = connection.execute(select(heads.c.value).where(heads.c.contract == AGREEMENT_EVENT)).scalars()
    return [event for value in values if (event := CODECS[AGREEMENT_EVENT].decode(value)).ended_at is None]


AGREEMENT_HANDLER = Handler(
    contract=AGREEMENT_EVENT,
    subject=lambda request: str(request.agreement_id),
    actor=lambda request: ("authority", request.authority),
    handle=handle_agreement,
)
