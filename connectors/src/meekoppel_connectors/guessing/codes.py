"""Guessing what coded columns mean: status, certainty and disciplines, by the words that stand in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from meekoppel_connectors.guessing.guess import Confidence, Guess
from meekoppel_connectors.guessing.sample import Sample
from meekoppel_connectors.guessing.words import Role, fits, plain_name

# Beginnings of words as they stand after `plain_name`; with `_` at its end a whole word, such as the abbreviations of
# design phases (voorlopig ontwerp, definitief ontwerp, uitvoeringsontwerp). The first that fits counts.
STATUS_WORDS = {
    "not_executed": "niet_uitgevoerd",
    "cancelled": "geannuleerd vervallen ingetrokken cancel annul abgesagt storniert",
    "suspended": "stilgelegd opgeschort suspend suspendu unterbrochen",
    "in_progress": "in_uitvoering uitvoering lopend gestart bezig in_progress running works_in_progress en_cours"
    " im_bau in_arbeit laufend active started uitv_",
    "completed": "gereed afgerond voltooid klaar opgeleverd completed closed finished termin acheve abgeschlossen"
    " fertig nazorg naz_",
    "concept": "concept draft entwurf brouillon",
    "tentative": "voorlopig niet_concreet provisional tentative optie onder_voorbehoud provisoire vorlaufig idee"
    " initiatief verkenning haalbaarheid proposed pending so_ vo_",
    "planned": "vast definitief gepland concreet planned firm confirmed gepland prevu geplant planifie voorbereiding"
    " ontwerp a_venir scheduled approved do_ uo_ bestek aanbesteding gunning",
}
CERTAINTY_WORDS = {
    "idea": "idee idea initiatief concept draft",
    "possible": "mogelijk possible verkenning haalbaarheid niet_concreet onzeker moglich so_",
    "probable": "waarschijnlijk voorlopig probable provisional tentative ontwerp prevu provisoire vorlaufig likely"
    " vo_ do_",
    "firm": "vast zeker definitief concreet firm confirmed sicher certain in_uitvoering uitvoering gereed gepland"
    " in_progress running en_cours completed voorbereiding uo_ uitv_ bestek gunning nazorg naz_",
}
DISCIPLINE_WORDS = {
    "pressure_sewer": "persriool persleiding drukriool",
    "gravity_sewer": "riool riolering rio_ vrijverval sewer kanal assainissement egout",
    "drinking_water": "drinkwater waterleiding water_main trinkwasser eau_potable",
    "surface_water": "watergang oppervlaktewater duiker",
    "gas_high": "gas_hd gas_hogedruk",
    "gas_low": "gas gaz",
    "electricity_low": "elektra laagspanning electricit ls_ strom",
    "electricity_medium": "middenspanning ms_",
    "electricity_high": "hoogspanning hs_",
    "heat": "warmte heat stadsverwarming fernwarme chaleur",
    "telecom": "telecom glasvezel kabel fiber fibre data",
    "lighting": "verlichting lighting eclairage ovl",
    "greenery": "groen gro_ boom bomen green espaces_verts",
    "structure": "brug kunstwerk kade bridge bruecke pont",
    "public_space": "openbare_ruimte herinrichting plein",
    "building": "bouw nieuwbouw building batiment",
    "rail": "spoor tram rail gleis",
    "road": "weg wegen verharding asfalt bestrating elementen rijbaan fietspad road street strasse fahrbahn voirie"
    " chaussee",
}
_JOINT = re.compile(r"[+,;/&]|\b(?:en|and|und|et)\b")


@dataclass(frozen=True, slots=True)
class CodedColumn:
    """A column whose values stand for something of the plan.

    Attributes:
        name: the column.
        codes: source value → plan value, or several for a value that joins words; the most frequent first.
        unknown: the values among them that no word explains, which got the default.
    """

    name: str
    codes: Mapping[str, str | tuple[str, ...]]
    unknown: tuple[str, ...]


def guess_coded(
    sample: Sample, role: Role, words: Mapping[str, str], default: str, taken: set[str]
) -> Guess[CodedColumn] | None:
    """Guess the coded column of a role and what its values mean.

    Args:
        sample: of the source.
        role: status, certainty or discipline.
        words: plan value → the words that mean it.
        default: the plan value for words that are not known.
        taken: columns that serve for something else.

    Returns:
        None when no column is named so, holds few different values, and has a value that a word explains.
    """
    candidates = []
    for name, column in sample.columns.items():
        named = fits(name, role) - fits(name, Role.BESIDE_THE_POINT)
        if name in taken or named < 0.4 or not column.is_coded:
            continue
        coded = _coded(name, column.distinct, words, default, several=role is Role.DISCIPLINE)
        known = len(coded.codes) - len(coded.unknown)
        if known:
            candidates.append((named + known / len(coded.codes), coded))
    if not candidates:
        return None
    best = max(candidates, key=lambda candidate: candidate[0])[1]
    if best.unknown:
        why = f"{len(best.unknown)} of {len(best.codes)} values are not known words and got {default}"
        return Guess(best, Confidence.UNSURE, why)
    return Guess(best, Confidence.LIKELY, "by the meaning of its words")


def meaning(text: str, words: Mapping[str, str]) -> str | None:
    """Tell what a word means; None when it is not known."""
    plain = plain_name(text)
    spaced = f"_{plain}_"
    for value, known in words.items():
        if any(f"_{word}" in spaced for word in known.split() if not re.search(rf"(niet|not|non)_{word}", plain)):
            return value
    return None


def _meanings(text: str, words: Mapping[str, str]) -> tuple[str, ...] | None:
    """Tell what a text means that joins words, as `riolering + wegen`; None unless it means several things."""
    found = dict.fromkeys(value for part in _JOINT.split(text) if (value := meaning(part, words)) is not None)
    return tuple(found) if len(found) > 1 else None


def _coded(name: str, distinct: list[str], words: Mapping[str, str], default: str, *, several: bool) -> CodedColumn:
    found = {text: (_meanings(text, words) if several else None) or meaning(text, words) for text in distinct}
    unknown = tuple(text for text, value in found.items() if value is None)
    return CodedColumn(name, {text: value or default for text, value in found.items()}, unknown)
