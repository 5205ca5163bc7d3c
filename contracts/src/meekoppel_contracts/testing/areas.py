"""Where the example plan lies: its municipality's area and agreement, and the rest that the street gets afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from meekoppel_contracts.areas import AgreementEvent, AreaEvent, MoratoriumEvent
from meekoppel_contracts.codes import (
    AreaKind,
    MoratoriumEventType,
    MoratoriumException,
    MoratoriumKind,
    MoratoriumOrigin,
)
from meekoppel_contracts.ids import AgreementId, AreaId, MoratoriumId, OrgCode
from meekoppel_contracts.testing.geometry import RD_NEW, rectangle_wkb
from meekoppel_contracts.testing.plans import EXAMPLE_PLAN_ID

EXAMPLE_MORATORIUM_ID = MoratoriumId("NL.gm0307.rust-2026-0041")


def example_moratorium(**changes: Any) -> MoratoriumEvent:
    """Make the five years of rest after the works of the example plan; `changes` replace top-level fields."""
    moratorium: dict[str, Any] = {
        "type": MoratoriumEventType.DECLARED,
        "moratorium_id": EXAMPLE_MORATORIUM_ID,
        "revision": 1,
        "authority": OrgCode("gm0307"),
        "title": "Graafrust Hogeweg",
        "kind": MoratoriumKind.AFTER_SURFACE_WORKS,
        "origin": MoratoriumOrigin.DERIVED,
        "derived_from": EXAMPLE_PLAN_ID,
        "geometry": rectangle_wkb(155_000.0, 463_000.0, 120.0, 8.0),
        "srid": RD_NEW,
        "starts": datetime(2026, 12, 18, 23, 0, tzinfo=UTC),
        "ends": datetime(2031, 12, 18, 23, 0, tzinfo=UTC),
        "reason": "De straat is vernieuwd en blijft vijf jaar dicht.",
        "legal_ground": "Algemene verordening ondergrondse infrastructuur, artikel 12",
        "legal_ground_uri": "https://example.org/avoi#12",
        "exceptions": (MoratoriumException.LEAK_REPAIR, MoratoriumException.HOUSE_CONNECTION),
        "exceptions_note": "Binnen een werkdag melden.",
        "recorded_at": datetime(2026, 12, 18, 16, 30, tzinfo=UTC),
    }
    return MoratoriumEvent(**{**moratorium, **changes})


def example_area(**changes: Any) -> AreaEvent:
    """Make the area of the municipality of the example plan, as a rectangle; `changes` replace top-level fields."""
    area: dict[str, Any] = {
        "area_id": AreaId("NL.gm0307.gemeente"),
        "revision": 1,
        "authority": OrgCode("gm0307"),
        "kind": AreaKind.MUNICIPALITY,
        "name": "Gemeente Amersfoort",
        "code": "GM0307",
        "geometry": rectangle_wkb(149_000.0, 458_000.0, 12_000.0, 10_000.0),
        "srid": RD_NEW,
        "margin_m": 500.0,
        "valid_from": datetime(2025, 12, 31, 23, 0, tzinfo=UTC),
        "agreement": "amersfoort-2",
        "source": "Bestuurlijke Gebieden 2026",
        "recorded_at": datetime(2026, 1, 5, 9, 0, tzinfo=UTC),
    }
    return AreaEvent(**{**area, **changes})


def example_agreement(**changes: Any) -> AgreementEvent:
    """Make the agreement of that area, with a few of its rules; `changes` replace top-level fields."""
    agreement: dict[str, Any] = {
        "agreement_id": AgreementId("NL.gm0307.afspraken"),
        "revision": 2,
        "authority": OrgCode("gm0307"),
        "areas": (AreaId("NL.gm0307.gemeente"),),
        "title": "Procesafspraken Amersfoort",
        "ruleset": "amersfoort",
        "version": "2",
        "rules": '{"light_conflict_distance_m":0,"opportunity":{"distance_m":50,"time_tolerance_days":90}}',
        "own_settings": ("opportunity.distance_m", "opportunity.time_tolerance_days"),
        "based_on": "national/1",
        "document": "ruleset: amersfoort\nversion: '2'\nopportunity: {distance_m: 50, time_tolerance_days: 90}\n",
        "valid_from": datetime(2025, 12, 31, 23, 0, tzinfo=UTC),
        "reason": "Vastgesteld in het coördinatieoverleg van december.",
        "recorded_at": datetime(2026, 1, 5, 9, 0, tzinfo=UTC),
    }
    return AgreementEvent(**{**agreement, **changes})
