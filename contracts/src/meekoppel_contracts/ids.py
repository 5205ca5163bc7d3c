"""Identifiers: of organisations, plans, overlaps, cooperations, moratoria, areas, agreements and schemas.

Source: NEN 3610 identification as IMKL uses it, `<namespace>.<organisation>.<local id>`.
"""

from __future__ import annotations

import hashlib
import re
from typing import NewType

from meekoppel_contracts.errors import InvalidIdentifier

OrgCode = NewType("OrgCode", str)
PlanId = NewType("PlanId", str)
OverlapId = NewType("OverlapId", str)
CooperationId = NewType("CooperationId", str)
MoratoriumId = NewType("MoratoriumId", str)
AreaId = NewType("AreaId", str)
AgreementId = NewType("AgreementId", str)
SchemaId = NewType("SchemaId", int)

ORG_CODE_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"
PLAN_ID_PATTERN = r"^[A-Z][A-Z0-9]{0,9}\.[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\.[A-Za-z0-9_,.:/\-]{1,150}$"

DERIVED_MORATORIUM = "rest-"
"""How the local id of a moratorium begins that the hub derived from a completed plan; others may not begin so."""

_ORG_CODE = re.compile(ORG_CODE_PATTERN)
_PLAN_ID = re.compile(PLAN_ID_PATTERN)


def org_code(value: str) -> OrgCode:
    """Check an organisation code: lower case letters, digits and hyphens, at most 64 characters.

    Raises:
        InvalidIdentifier: when the rule is broken.
    """
    if not _ORG_CODE.fullmatch(value):
        raise InvalidIdentifier(value, "an organisation code has 1 to 64 of a-z, 0-9 and inner hyphens")
    return OrgCode(value)


def plan_id(namespace: str, organisation: str, local_id: str) -> PlanId:
    """Join the three parts of a plan id and check the whole.

    Raises:
        InvalidIdentifier: when the rule is broken.
    """
    return check_plan_id(f"{namespace}.{organisation}.{local_id}")


def check_plan_id(value: str) -> PlanId:
    """Check `<namespace>.<organisation code>.<local id>`.

    Raises:
        InvalidIdentifier: when the rule is broken.
    """
    return PlanId(_check_identification(value, "a plan id"))


def check_moratorium_id(value: str) -> MoratoriumId:
    """Check `<namespace>.<organisation code>.<local id>`, the form of a plan id.

    Raises:
        InvalidIdentifier: when the rule is broken.
    """
    return MoratoriumId(_check_identification(value, "a moratorium id"))


def check_area_id(value: str) -> AreaId:
    """Check `<namespace>.<organisation code>.<local id>`, the form of a plan id.

    Raises:
        InvalidIdentifier: when the rule is broken.
    """
    return AreaId(_check_identification(value, "an area id"))


def check_agreement_id(value: str) -> AgreementId:
    """Check `<namespace>.<organisation code>.<local id>`, the form of a plan id.

    Raises:
        InvalidIdentifier: when the rule is broken.
    """
    return AgreementId(_check_identification(value, "an agreement id"))


def split_plan_id(value: PlanId) -> tuple[str, OrgCode, str]:
    """Take a plan id apart into namespace, organisation code and local id."""
    namespace, organisation, local_id = value.split(".", 2)
    return namespace, OrgCode(organisation), local_id


def overlap_id(first: PlanId, second: PlanId) -> OverlapId:
    """Derive the id of a pair from its two plan ids, the same whichever comes first."""
    low, high = sorted((first, second))
    return OverlapId(hashlib.sha256(f"{low}\n{high}".encode()).hexdigest()[:32])


def event_id(plan: PlanId, version: int) -> str:
    """Derive the id of an event in the log from its plan and version (rule 2 of the log)."""
    return f"{plan}/{version}"


def derived_moratorium_id(plan: PlanId, authority: OrgCode, agreement: str) -> MoratoriumId:
    """Derive the id of the moratorium that follows from a completed plan by an agreement."""
    digest = hashlib.sha256(f"{plan}\n{agreement}".encode()).hexdigest()[:24]
    return check_moratorium_id(f"{split_plan_id(plan)[0]}.{authority}.{DERIVED_MORATORIUM}{digest}")


def _check_identification(value: str, what: str) -> str:
    if not _PLAN_ID.fullmatch(value):
        raise InvalidIdentifier(
            value, f"{what} is <NAMESPACE>.<organisation code>.<local id>, such as NL.gm0361.2026-0041"
        )
    return value
