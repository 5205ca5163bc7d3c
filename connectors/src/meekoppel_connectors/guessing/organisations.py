"""Guessing whose plans they are: the organisation that publishes them, or one that a column names."""

from __future__ import annotations

from dataclasses import dataclass

from meekoppel_connectors.guessing.guess import Confidence, Guess
from meekoppel_connectors.guessing.sample import Sample
from meekoppel_connectors.guessing.words import Role, fits, plain_name

# Beginnings of words, as in `codes`; the codes are those of Dutch authorities.
_KINDS = {
    "municipality": "gemeente gm0 gm1 gm2 municipality commune mairie ville stad stadt city council borough",
    "province": "provincie province pv2 pv3 county departement",
    "water_board": "waterschap hoogheemraadschap wetterskip ws0",
    "state": "rijkswaterstaat rws ministerie",
    "water_company": "drinkwater vitens waternet brabant_water dunea evides pwn oasen water_company",
    "electricity_gas_operator": "liander enexis stedin netbeheer fluvius enedis netze",
    "heat_company": "warmte heat vattenfall ennatuurlijk",
    "telecom": "kpn ziggo telecom proximus openreach glasvezel delta_fiber",
    "rail": "prorail infrabel network_rail",
    "road_authority": "highways road_authority wegbeheer agentschap_wegen",
    "housing_corporation": "woonstichting wooncorporatie woningcorporatie housing",
}


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose plans they are.

    Attributes:
        column: the column that names the initiator; None when it is the publisher throughout.
        kind: of the initiator.
    """

    column: str | None
    kind: str


def guess_owner(sample: Sample, organisation: str, taken: set[str]) -> Guess[Owner]:
    """Guess whose plans they are."""
    columns = [
        column
        for name, column in sample.columns.items()
        if name not in taken and _named(name) >= 0.7 and column.filled > 0.5 and _are_names(column.texts)
    ]
    if not columns:
        kind = kind_of(organisation)
        why = "nothing tells what kind of organisation it is" if kind == "other" else "by its code"
        return Guess(Owner(None, kind), Confidence.UNSURE if kind == "other" else Confidence.LIKELY, why)
    best = max(columns, key=lambda column: (_named(column.name), column.filled))
    names = best.distinct
    kinds = {kind_of(name) for name in names}
    kind = kinds.pop() if len(kinds) == 1 else kind_of(names[0])
    why = f"the column names {len(names)} organisations; the hub must know that you may publish for them"
    others = tuple(column.name for column in columns if column is not best)
    return Guess(Owner(best.name, kind), Confidence.UNSURE, why, others)


def kind_of(name: str) -> str:
    """Tell the kind of organisation by its name or code; `other` when nothing in it tells."""
    spaced = f"_{plain_name(name)}"
    for kind, words in _KINDS.items():
        if any(f"_{word}" in spaced for word in words.split()):
            return kind
    return "other"


def _named(name: str) -> float:
    return fits(name, Role.ORGANISATION) - fits(name, Role.BESIDE_THE_POINT)


def _are_names(texts: list[str]) -> bool:
    return all(any(letter.isalpha() for letter in text) for text in texts)
