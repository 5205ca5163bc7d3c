"""Agreements that were applied, by their ids: for who compares, simulates or applies a new version."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from meekoppel_contracts.areas import AgreementEvent
from meekoppel_contracts.codec import AGREEMENT_EVENTS
from meekoppel_contracts.codes import AgreementEventType
from meekoppel_contracts.ids import AgreementId, OrgCode
from meekoppel_hub.platform.agreements.in_force import load_in_force
from meekoppel_hub.platform.agreements.reading import AgreementFile, national_agreement, rules_from_json, rules_to_json
from meekoppel_hub.platform.agreements.rules import Agreement
from meekoppel_hub.platform.database.tables.places import agreements


def default_rules(connection: Connection, now: datetime) -> Agreement:
    """Give the default of the hub: what was applied without areas, else what is built in."""
    default = load_in_force(connection, now).default
    return national_agreement() if default is None else rules_from_json(default.agreement.rules)


def applied_agreement(connection: Connection, agreement_id: str, revision: int | None = None) -> AgreementEvent | None:
    """Give an agreement at its newest revision, or at another one; None when there is none."""
    columns = agreements.c
    query = select(columns.event).where(columns.agreement_id == agreement_id)
    if revision is not None:
        query = query.where(columns.revision == revision)
    row = connection.execute(query.order_by(columns.revision.desc()).limit(1)).first()
    return None if row is None else AGREEMENT_EVENTS.decode(bytes(row.event))


def to_event(file: AgreementFile, agreement_id: AgreementId, authority: OrgCode, now: datetime) -> AgreementEvent:
    """Write a file as the event that asks to apply it; not numbered yet."""
    return AgreementEvent(
        type=AgreementEventType.APPLIED,
        agreement_id=agreement_id,
        revision=0,
        authority=authority,
        areas=file.areas,
        title=file.title,
        ruleset=file.rules.ruleset,
        version=file.rules.version,
        rules=rules_to_json(file.rules),
        own_settings=file.own_settings,
        based_on=file.based_on if file.areas else None,
        document=file.document,
        valid_from=file.valid_from,
        valid_until=file.valid_until,
        reason=file.reason,
        recorded_at=now,
    )
