"""The eight made-up organisations of the town: who they are, what they plan, and how often they export."""

from __future__ import annotations

from dataclasses import dataclass

from meekoppel_contracts.codes import OrganisationKind
from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.demo.works import (
    CABLES,
    CORPORATION,
    DRINKING_WATER,
    HEAT,
    MUNICIPAL,
    PROVINCIAL,
    TELECOM,
    WATER_BOARD,
    Work,
)


@dataclass(frozen=True, slots=True)
class DemoOrganisation:
    """One organisation of the demonstration.

    Attributes:
        code: its code; also the name of its topics and of its connector's configuration.
        name: what it is called.
        kind: what kind it is.
        plans: how many plans it begins with.
        works: what it plans.
        file_name: the file that its own system exports.
        area: to which area it subscribes, beside its own plans: `centre`, `canal` or none.
    """

    code: OrgCode
    name: str
    kind: OrganisationKind
    plans: int
    works: tuple[Work, ...]
    file_name: str
    area: str | None = None


ORGANISATIONS: tuple[DemoOrganisation, ...] = (
    DemoOrganisation(
        OrgCode("gemeente-rijnvoorde"),
        "Gemeente Rijnvoorde",
        OrganisationKind.MUNICIPALITY,
        380,
        MUNICIPAL,
        "werken.gpkg",
        area="centre",
    ),
    DemoOrganisation(
        OrgCode("stedennet"),
        "Stedennet Netbeheer",
        OrganisationKind.ELECTRICITY_GAS_OPERATOR,
        350,
        CABLES,
        "projecten.csv",
    ),
    DemoOrganisation(
        OrgCode("waterschap-krommerlek"),
        "Waterschap Krommerlek",
        OrganisationKind.WATER_BOARD,
        110,
        WATER_BOARD,
        "onderhoud.geojson",
    ),
    DemoOrganisation(
        OrgCode("merwestroom"),
        "Drinkwaterbedrijf Merwestroom",
        OrganisationKind.WATER_COMPANY,
        250,
        DRINKING_WATER,
        "leidingwerk.shp",
    ),
    DemoOrganisation(
        OrgCode("rijnvoorde-warmte"),
        "Rijnvoorde Warmte",
        OrganisationKind.HEAT_COMPANY,
        120,
        HEAT,
        "warmtenet.xlsx",
    ),
    DemoOrganisation(
        OrgCode("glaslokaal"),
        "GlasLokaal",
        OrganisationKind.TELECOM,
        310,
        TELECOM,
        "aanleg.csv",
    ),
    DemoOrganisation(
        OrgCode("de-sluis"),
        "Woonstichting De Sluis",
        OrganisationKind.HOUSING_CORPORATION,
        110,
        CORPORATION,
        "projecten.xml",
    ),
    DemoOrganisation(
        OrgCode("provincie-lekland"),
        "Provincie Lekland",
        OrganisationKind.PROVINCE,
        110,
        PROVINCIAL,
        "wegwerken.gpkg",
        area="canal",
    ),
)


def organisation(code: OrgCode) -> DemoOrganisation:
    """Give the organisation with this code."""
    return next(one for one in ORGANISATIONS if one.code == code)
