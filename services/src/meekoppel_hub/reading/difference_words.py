"""The words in which differences are told, in Dutch and in English: templates and the names of fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from meekoppel_contracts import codes
from meekoppel_contracts.codelists import code_list

_Measures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence part in two languages."""

    nl: str
    en: str


# Fields of the contract as planners call them; a field that is not here is told by its name.
_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("titel", "title"),
    "description": ("omschrijving", "description"),
    "source_refs": ("verwijzingen", "references"),
    "related_plans": ("verwante plannen", "related plans"),
    "mandated": ("gemandateerden", "mandated organisations"),
    "disciplines": ("disciplines", "disciplines"),
    "work_types": ("soorten werk", "kinds of work"),
    "phase": ("fase", "phase"),
    "status": ("status", "status"),
    "certainty": ("zekerheid", "certainty"),
    "actual_start": ("werkelijke start", "actual start"),
    "actual_end": ("werkelijk einde", "actual end"),
    "nuisance": ("hinder", "nuisance"),
    "visibility": ("zichtbaarheid", "visibility"),
    "public_from": ("openbaar vanaf", "public from"),
    "confirmed_at": ("bevestigd op", "confirmed at"),
    "license": ("licentie", "licence"),
    "attachments": ("bijlagen", "attachments"),
    "initiator.organisation": ("initiatiefnemer", "initiator"),
    "initiator.name": ("naam van de initiatiefnemer", "name of the initiator"),
    "period.earliest_start": ("vroegste start", "earliest start"),
    "period.latest_start": ("laatste start", "latest start"),
    "period.earliest_end": ("vroegste einde", "earliest end"),
    "period.latest_end": ("laatste einde", "latest end"),
    "period.duration_days": ("duur in dagen", "duration in days"),
    "period.precision": ("precisie van de periode", "precision of the period"),
    "period.start_confirmed": ("start bevestigd", "start confirmed"),
    "period.end_confirmed": ("einde bevestigd", "end confirmed"),
    "period.can_shift_earlier_days": ("kan zoveel dagen eerder", "can shift earlier by days"),
    "period.can_shift_later_days": ("kan zoveel dagen later", "can shift later by days"),
    "excavation.digs": ("graaft", "digs"),
    "excavation.area_m2": ("te ontgraven oppervlakte in m²", "area to excavate in m²"),
    "excavation.trench_length_m": ("sleuflengte in m", "trench length in m"),
    "excavation.depth_m": ("diepte in m", "depth in m"),
    "excavation.trenchless": ("sleufloos", "trenchless"),
    "cooperation.open": ("open voor samenwerking", "open to cooperation"),
    "cooperation.kinds": ("samenwerking in", "cooperation in"),
    "cooperation.answer_by": ("antwoord vóór", "answer by"),
    "shared_with.organisations": ("gedeeld met", "shared with"),
}
_CODES: Final[Mapping[str, type[StrEnum]]] = {
    "disciplines": codes.Discipline,
    "work_types": codes.WorkType,
    "phase": codes.Phase,
    "status": codes.Status,
    "certainty": codes.Certainty,
    "visibility": codes.Visibility,
    "period.precision": codes.Precision,
    "cooperation.kinds": codes.CooperationKind,
    "initiator.kind": codes.OrganisationKind,
}
_ROUNDS_TO_NOTHING_M = 0.1


def words_of_moment(field: str, old: datetime, new: datetime, days: float) -> Words:
    """Tell how far a moment moved; by the hour when both lie on one day."""
    nl, en = _names(field)
    same_day = old.date() == new.date()
    was, now = ((one.strftime("%Y-%m-%d %H:%M") if same_day else one.date().isoformat()) for one in (old, new))
    amount = abs(days)
    if same_day or amount < 1:
        by_nl, by_en = _number(amount * 24, "uur", "uur"), _number(amount * 24, "hour", "hours")
    else:
        by_nl, by_en = _number(amount, "dag", "dagen"), _number(amount, "day", "days")
    later = days > 0
    return Words(
        f"{nl} {by_nl} {'later' if later else 'eerder'}: van {was} naar {now}",
        f"{en} {by_en} {'later' if later else 'earlier'}: from {was} to {now}",
    )


def words_of_value(field: str, old: Any, new: Any) -> Words:
    """Tell that a value changed, came or went."""
    nl, en = _names(field)
    if old is None:
        return Words(f"{nl} ingevuld: {_value(field, new, 0)}", f"{en} filled in: {_value(field, new, 1)}")
    if new is None:
        return Words(f"{nl} leeggemaakt, was {_value(field, old, 0)}", f"{en} left out, was {_value(field, old, 1)}")
    return Words(
        f"{nl} van {_value(field, old, 0)} naar {_value(field, new, 0)}",
        f"{en} from {_value(field, old, 1)} to {_value(field, new, 1)}",
    )


def words_of_list(field: str, gone: Sequence[Any], come: Sequence[Any]) -> Words:
    """Tell what came into a list and what went out of it."""
    nl, en = _names(field)
    parts: tuple[list[str], list[str]] = ([], [])
    for verbs, values in ((("erbij", "added"), come), (("eraf", "removed"), gone)):
        if values:
            for language, verb in enumerate(verbs):
                parts[language].append(f"{verb} {', '.join(_value(field, one, language) for one in values)}")
    said_nl, said_en = ("; ".join(said) for said in parts)
    return Words(f"{nl}: {said_nl or 'andere volgorde of aantallen'}", f"{en}: {said_en or 'another order or number'}")


def words_of_zone(zone_id: str, old: _Measures | None, new: _Measures | None, moved: float | None) -> Words:
    """Tell what became of a zone: new, gone, or moved by so many metres and grown by so many square metres."""
    if old is None or new is None:
        size = _size(new if new is not None else old or {})
        verbs = ("nieuw", "new") if old is None else ("vervallen", "gone")
        return Words(f"zone {zone_id} {verbs[0]}{size}", f"zone {zone_id} {verbs[1]}{size}")
    nl, en = [], []
    if moved is not None and moved >= _ROUNDS_TO_NOTHING_M:
        nl.append(f"{_plain(moved)} m verplaatst")
        en.append(f"moved {_plain(moved)} m")
    for measure, unit in (("area_m2", "m²"), ("length_m", "m")):
        by = (new[measure] or 0) - (old[measure] or 0)
        if old[measure] is not None and new[measure] is not None and abs(by) >= _ROUNDS_TO_NOTHING_M:
            nl.append(f"{_plain(abs(by))} {unit} {'groter' if by > 0 else 'kleiner'}")
            en.append(f"{_plain(abs(by))} {unit} {'larger' if by > 0 else 'smaller'}")
    for name in old:
        if name not in ("area_m2", "length_m") and old[name] != new[name]:
            nl.append(f"{name} van {old[name]} naar {new[name]}")
            en.append(f"{name} from {old[name]} to {new[name]}")
    return Words(
        f"zone {zone_id}: {', '.join(nl) or 'anders van vorm'}", f"zone {zone_id}: {', '.join(en) or 'another shape'}"
    )


def _names(field: str) -> tuple[str, str]:
    plain = field.replace("_", " ").replace(".", " ")
    return _FIELDS.get(field, (plain, plain))


def _value(field: str, value: Any, language: int) -> str:
    """Write a value for people: codes by their labels, texts between quotes."""
    if isinstance(value, bool):
        return (("ja", "nee"), ("yes", "no"))[language][0 if value else 1]
    if field in _CODES:
        labels = {one.code: (one.label.nl, one.label.en) for one in code_list(_CODES[field]).codes}
        return labels.get(str(value), (str(value), str(value)))[language].lower()
    return f"“{value}”" if isinstance(value, str) else _plain(value)


def _size(measures: _Measures) -> str:
    if measures.get("area_m2") is not None:
        return f" ({_plain(measures['area_m2'])} m²)"
    return f" ({_plain(measures['length_m'])} m)" if measures.get("length_m") is not None else ""


def _number(amount: float, one: str, more: str) -> str:
    shown = _plain(round(amount, 1))
    return f"{shown} {one if shown == '1' else more}"


def _plain(number: Any) -> str:
    return f"{number:g}" if isinstance(number, int | float) and abs(number) < 1e6 else str(number)
